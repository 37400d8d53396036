"""Who is subscribed to one object, and up to which number each has been served: the delivery algorithm.

Every subscriber is served twice over: by a replay of its own, from its last event id to a snapshot of the
object, and from then on live, together with all the others. Live subscribers share one number, the topic's.
An event with the next number goes out; one with a number that was had already is a repeat and is dropped;
one beyond the next shows a gap, which a replay repairs. So correctness never depends on what carried the
event here: it may lose, repeat and reorder.
"""

import enum
from collections.abc import Collection
from math import inf
from typing import Generic, TypeVar

Subscriber = TypeVar("Subscriber")


class Verdict(enum.Enum):
    """What to do with an event."""

    DELIVER = enum.auto()
    REPEAT = enum.auto()
    GAP = enum.auto()


class Topic(Generic[Subscriber]):
    """The subscribers of one object."""

    __slots__ = ("_ahead", "behind", "catching_up", "mending", "seq", "subscribers", "told_s")

    def __init__(self, seq: int) -> None:
        self.seq = seq
        """The number up to which every live subscriber has been served."""
        self.subscribers: dict[Subscriber, int] = {}
        """Each subscriber with the number its own replay ended at."""
        self.behind: dict[Subscriber, int] = {}
        """Those whose replay ended below `seq`, each with the number it has; nothing live goes to them."""
        self.catching_up = False
        """Whether one of them is being brought to where the others are."""
        self.mending = False
        """Whether a replay is under way to close a gap; it will bring what arrives meanwhile."""
        self.told_s = -inf
        """When anybody was last sent an event of it, by the monotonic clock."""
        self._ahead = seq
        """The highest of those numbers; above `seq` when a snapshot was newer than the last live event."""

    def join(self, subscriber: Subscriber, seq: int) -> None:
        """Add a subscriber whose replay ended at `seq`; joining again replaces the former subscription.

        One that ended below the number of the others is behind them, until it was told what lies between.
        """
        self.leave(subscriber)
        if seq < self.seq:
            self.behind[subscriber] = seq
        else:
            self.subscribers[subscriber] = seq
            self._ahead = max(self._ahead, seq)

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a subscriber, if it is one."""
        self.subscribers.pop(subscriber, None)
        self.behind.pop(subscriber, None)

    def had(self, subscriber: Subscriber) -> int:
        """The number up to which one of them has been served."""
        if subscriber in self.behind:
            return self.behind[subscriber]
        return max(self.seq, self.subscribers[subscriber])

    def take(self, seq: int) -> Verdict:
        """What the event numbered `seq` is to this topic; to be delivered, it gives the topic its number."""
        if seq <= self.seq or self.mending:
            return Verdict.REPEAT
        if seq > self.seq + 1:
            return Verdict.GAP
        self.seq = seq
        return Verdict.DELIVER

    def all_behind(self, seq: int) -> bool:
        """Whether no subscriber has had the event numbered `seq` from its own replay."""
        return self._ahead < seq

    def audience(self, seq: int) -> Collection[Subscriber]:
        """Those who have not had the event numbered `seq`."""
        if self.all_behind(seq):
            return self.subscribers
        return [subscriber for subscriber, had in self.subscribers.items() if had < seq]
