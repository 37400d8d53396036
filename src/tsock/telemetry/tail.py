"""The live feed behind `tsock tail` and `tsock dev`: what happens, kept only while somebody watches."""

from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec

from tsock.clock import Clock

ENTRIES_MAX = 10_000
"""What a watcher did not fetch in time is overwritten by later entries."""

WATCH_S = 15.0
"""Somebody is watching for this long after their last look."""

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


class Tail:
    """A ring of recent happenings; empty, and free of cost, while nobody watches."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._happenings: deque[Happening] = deque(maxlen=ENTRIES_MAX)
        self._next = 1
        self._watched_until_s = 0.0
        self._hear: Callable[[Happening], None] | None = None
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
    ) -> None:
        """Note one happening, if somebody watches or listens."""
        if not self.watched:
            return
        happening = Happening(
            self._next, self._clock.now_ms(), kind, what, account, identity, topic, detail, trouble
        )
        self._next += 1
        if self._hear is not None:
            self._hear(happening)
        if self._clock.monotonic_s() <= self._watched_until_s:
            self._happenings.append(happening)
            return
        self._happenings.clear()
        self.watched = self._hear is not None

    def listen(self, hear: Callable[[Happening], None]) -> None:
        """Tell `hear` of everything from now on, as it happens."""
        self._hear = hear
        self.watched = True

    def after(self, number: int) -> list[Happening]:
        """What happened behind `number`; asking keeps the feed going."""
        self.watched = True
        self._watched_until_s = self._clock.monotonic_s() + WATCH_S
        return [happening for happening in self._happenings if happening.number > number]

    @property
    def latest(self) -> int:
        """The number of the newest happening, to begin from."""
        return self._next - 1
