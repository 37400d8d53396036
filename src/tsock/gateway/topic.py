"""Who is subscribed to one object, and up to which number each has been served: the delivery algorithm.

Every subscriber is served twice over: by a replay of its own, from its last event id to a snapshot of the
object, and from then on live, together with all the others. Live subscribers share one number, the topic's.
An event with the next number goes out; one with a number that was had already is a repeat and is dropped;
one beyond the next is kept for what is missing before it, which may be on its way or is read from the store.
So correctness never depends on what carried the event here: it may lose, repeat and reorder.
"""

from collections.abc import Callable, Collection
from math import inf
from typing import Generic, NamedTuple, TypeVar

from tsock.deadlines import Deadline
from tsock.events import Event

Subscriber = TypeVar("Subscriber")

UNHEARD = -2
"""Below the number of every object: nothing was heard of it."""

KEPT_MAX = 1000
"""So many events are kept for what is missing before them; what comes beyond that is read from the store."""


class Awaited(NamedTuple, Generic[Subscriber]):
    """What goes on once a subscriber, or whoever is live, has been sent the events up to a number."""

    subscriber: Subscriber | None
    seq: int
    go_on: Callable[[], None]


class Topic(Generic[Subscriber]):
    """The subscribers of one object, and those who have asked to be."""

    __slots__ = (
        "_ahead",
        "asked",
        "awaited",
        "behind",
        "catching_up",
        "ended",
        "heard",
        "kept",
        "mending",
        "retries",
        "seq",
        "sid",
        "subscribers",
        "told_s",
        "window",
    )

    def __init__(self, sid: str) -> None:
        self.sid = sid
        self.seq = UNHEARD
        """The number up to which every live subscriber has been served; without any, the highest heard of."""
        self.heard = UNHEARD
        """The highest number known of; above `seq` while something is missing."""
        self.subscribers: dict[Subscriber, int] = {}
        """Each subscriber with the number its own replay ended at."""
        self.behind: dict[Subscriber, int] = {}
        """Those to be brought to where the others are, each with the number it has; nothing live goes to
        them."""
        self.asked = 0
        """How many have asked to subscribe and are not answered yet."""
        self.kept: dict[int, Event] | None = None
        """By number, events that something is missing before."""
        self.catching_up = False
        """Whether one of those behind is being brought to where the others are."""
        self.mending = False
        """Whether what is missing is being read; its snapshot may be older than what arrives meanwhile."""
        self.window: Deadline | None = None
        """Until when what is missing may still arrive before it is read."""
        self.retries = False
        """Whether a read that failed is to be tried again."""
        self.awaited: list[Awaited[Subscriber]] | None = None
        """What waits for events that are being read."""
        self.ended = False
        """Whether the object is gone."""
        self.told_s = -inf
        """When anybody was last sent an event of it, by the monotonic clock."""
        self._ahead = UNHEARD
        """The highest of the subscribers' own numbers; above `seq` when a snapshot was newer than the last
        live event."""

    @property
    def is_idle(self) -> bool:
        """Whether nobody is interested in the object."""
        return not (self.subscribers or self.behind or self.asked)

    def join(self, subscriber: Subscriber, seq: int) -> None:
        """Add a subscriber whose replay ended at `seq`; joining again replaces the former subscription.

        What it was sent by that one, a replay of an older snapshot does not take back. Who ended below the
        number of the others is behind them, until it was told what lies between. So is who comes while
        something is read for the others, which is told as they have to hear it.
        """
        if subscriber in self.subscribers or subscriber in self.behind:
            seq = max(seq, self.had(subscriber))
            self.leave(subscriber)
        if seq < self.seq or self.mending:
            self.behind[subscriber] = seq
            return
        if self.subscribers:
            self.heard = max(self.heard, seq)
            self._ahead = max(self._ahead, seq)
        else:
            self.seq = self._ahead = seq
        self.subscribers[subscriber] = seq

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a subscriber, if it is one."""
        self.behind.pop(subscriber, None)
        if self.subscribers.pop(subscriber, None) is not None and not self.subscribers:
            # Nobody misses what is missing: who joins below what was heard of is behind.
            self.seq = max(self.seq, self.heard)
            self.kept = None

    def part(self) -> None:
        """Set behind those who are ahead of the others, since these are about to be told what is missing."""
        if self._ahead > self.seq:
            for subscriber, had in list(self.subscribers.items()):
                if had > self.seq:
                    self.behind[subscriber] = had
                    del self.subscribers[subscriber]
            self._ahead = self.seq

    def had(self, subscriber: Subscriber) -> int:
        """The number up to which one of them has been served."""
        if subscriber in self.behind:
            return self.behind[subscriber]
        return max(self.seq, self.subscribers[subscriber])

    def owes(self, subscriber: Subscriber | None, seq: int) -> bool:
        """Whether a subscriber, or whoever is live, has still to be sent events up to `seq`."""
        if subscriber in self.behind:
            return self.behind[subscriber] < seq
        return self.seq < seq and (subscriber is None or self.subscribers.get(subscriber, seq) < seq)

    def take(self, event: Event) -> bool:
        """Whether an event is to be delivered now; it then gives the topic its number."""
        seq = event.seq
        if seq is None:
            return True
        if seq <= self.seq:
            return False
        if event.final:  # what is missing before the end of an object is gone with it
            self.kept = None
        elif self.mending or (seq > self.seq + 1 and self.subscribers):
            self._keep(seq, event)
            return False
        self.seq = seq
        return True

    def _keep(self, seq: int, event: Event) -> None:
        self.heard = max(self.heard, seq)
        if self.kept is None:
            self.kept = {}
        if len(self.kept) < KEPT_MAX:
            self.kept[seq] = event

    def unkept(self) -> list[Event]:
        """The kept events that are to be delivered now, in order; they give the topic their numbers."""
        due: list[Event] = []
        kept = self.kept
        while kept and (event := kept.pop(self.seq + 1, None)) is not None:
            self.seq += 1
            due.append(event)
        return due

    def reach(self, seq: int) -> None:
        """Whoever is live has been sent what the store has, up to `seq`."""
        self.seq = max(self.seq, seq)
        if self.kept:
            self.kept = {number: event for number, event in self.kept.items() if number > self.seq}

    def give_up(self) -> None:
        """What the store does not have either is not missing."""
        self.heard = self.seq
        self.kept = None

    def all_behind(self, seq: int) -> bool:
        """Whether no subscriber has had the event numbered `seq` from its own replay."""
        return self._ahead < seq

    def audience(self, seq: int) -> Collection[Subscriber]:
        """Those who have not had the event numbered `seq`."""
        if self.all_behind(seq):
            return self.subscribers
        return [subscriber for subscriber, had in self.subscribers.items() if had < seq]
