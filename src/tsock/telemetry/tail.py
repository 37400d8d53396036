"""The live feed behind `tsock tail` and `tsock dev`: what happens, kept only while somebody watches.

Who watches all nodes asks one of them. That one asks the others to tell it what happens there, as long as it
is asked itself; what they tell goes over the bus and is stored nowhere.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from tsock.clock import Clock
from tsock.events import Signal
from tsock.rates import Rate

ENTRIES_MAX = 10_000
"""What a watcher did not fetch in time is overwritten by later entries."""

WATCH_S = 15.0
"""Somebody is watching for this long after their last look."""

ASK_S = 5.0
"""How often other nodes are told that somebody watches them, who may not have heard it before."""

TOLD_PER_S, TOLD_BURST = 200, 1_000
"""So many happenings of a node the others are told; of more than that, only how many there were."""

Category = Literal["connection", "denial", "alert", "rejection", "webhook", "event"]
"""A `rejection` is a request whose error makes no alert, a `webhook` one that was delivered."""


class Trouble(msgspec.Struct, frozen=True, omit_defaults=True):
    """What goes with something that went wrong."""

    code: int
    request: str = ""
    """Method and URL, where a request was answered with an error."""
    fix: str | None = None
    """What helps, where more is known than the dictionary says; empty where the detail says it."""


class Happening(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the feed. It holds names and numbers, never data, tokens or secrets."""

    number: int
    at_ms: int
    kind: Category
    what: str
    account: str = ""
    identity: str = ""
    topic: str = ""
    """SID of the object, denial, alert or webhook."""
    detail: str = ""
    trouble: Trouble | None = None
    node: str = ""
    """Where it happened, for who watches all nodes."""
    left_out: int = 0
    """How many happened there before it that were too many to tell."""


class Watched(Signal, frozen=True):
    """Somebody watches all nodes: each tells what happens on it for `WATCH_S` from now."""


class Happened(Signal, frozen=True):
    """What happened on a node while somebody watched all of them."""

    happening: Happening


class Ring:
    """What happened lately, for those who ask again and again; empty while nobody does."""

    def __init__(self, clock: Clock, asked: Callable[[], None]) -> None:
        """`asked` is called whenever somebody looks."""
        self._clock = clock
        self._asked = asked
        self._happenings: deque[Happening] = deque(maxlen=ENTRIES_MAX)
        self._watched_until_s = float("-inf")
        self.latest = 0
        """The number of the newest happening, to begin from."""

    @property
    def is_watched(self) -> bool:
        """Whether somebody looked lately."""
        return self._clock.monotonic_s() <= self._watched_until_s

    def put(self, happening: Happening) -> None:
        """Keep one if somebody watches."""
        if self.is_watched:
            self.latest += 1
            self._happenings.append(replace(happening, number=self.latest))
        else:
            self._happenings.clear()

    def after(self, number: int) -> list[Happening]:
        """What happened behind `number`; asking keeps the feed going."""
        self._watched_until_s = self._clock.monotonic_s() + WATCH_S
        self._asked()
        return [happening for happening in self._happenings if happening.number > number]


class Tail:
    """The feed of one node, and what others tell of theirs; free of cost while nobody watches."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hear: Callable[[Happening], None] | None = None
        self._node = ""
        self._tell: Callable[[Sequence[Signal]], None] | None = None
        self._told_until_s = float("-inf")
        """Until when others want to be told."""
        self._asked_s = float("-inf")
        self._rate = Rate(TOLD_PER_S, TOLD_BURST, clock.monotonic_s)
        self._left_out = 0
        self.here = Ring(clock, self._watch)
        """What this node shows; the changes that others made among it, as far as it heard of them."""
        self.everywhere = Ring(clock, self._watch_everywhere)
        """What happened on all nodes, each thing once."""
        self.watched = False
        """Whether it is worth calling `add`."""

    def add(
        self,
        kind: Category,
        what: str,
        account: str = "",
        identity: str = "",
        topic: str = "",
        detail: str = "",
        *,
        trouble: Trouble | None = None,
        is_heard: bool = False,
    ) -> None:
        """Note one happening, if somebody watches or listens; `is_heard` is one of another node."""
        if not self.watched:
            return
        happening = Happening(0, self._clock.now_ms(), kind, what, account, identity, topic, detail, trouble)
        if self._hear is not None:
            self._hear(happening)
        self.here.put(happening)
        if not is_heard:
            happening = replace(happening, node=self._node)
            self.everywhere.put(happening)
            self._tell_others(happening)
        watchers = self._hear is not None, self.here.is_watched, self.everywhere.is_watched
        self.watched = any(watchers) or self._is_asked_to_tell

    def listen(self, hear: Callable[[Happening], None]) -> None:
        """Tell `hear` of everything from now on, as it happens."""
        self._hear = hear
        self.watched = True

    def among(self, node: str, tell: Callable[[Sequence[Signal]], None]) -> None:
        """There are other nodes, or may be: be `node` to those who watch all of them.

        Args:
            node: what people call this one.
            tell: tells the others.
        """
        self._node, self._tell = node, tell

    def take(self, signal: Signal) -> None:
        """Act on what another node says."""
        if isinstance(signal, Watched):
            self._told_until_s = self._clock.monotonic_s() + WATCH_S
            self.watched = True
        elif isinstance(signal, Happened):
            self.everywhere.put(signal.happening)

    def _watch(self) -> None:
        self.watched = True

    def _watch_everywhere(self) -> None:
        self.watched = True
        now_s = self._clock.monotonic_s()
        if self._tell is not None and now_s >= self._asked_s + ASK_S:
            self._asked_s = now_s
            self._tell([Watched()])

    @property
    def _is_asked_to_tell(self) -> bool:
        return self._tell is not None and self._clock.monotonic_s() <= self._told_until_s

    def _tell_others(self, happening: Happening) -> None:
        """Tell other nodes of one if they want to know, unless it is too many."""
        if self._tell is None or not self._is_asked_to_tell:
            return
        if self._rate.take(None):
            self._tell([Happened(replace(happening, left_out=self._left_out))])
            self._left_out = 0
        else:
            self._left_out += 1
