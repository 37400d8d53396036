"""What waits for a transaction, in the order of its lanes, and which of it goes together."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from tsock.storage.store import Lane


class Waiting(Protocol):
    """What waits: a write or a query."""

    lane: Lane
    about: str
    """What it is about, where those about the same may not fly apart; empty otherwise."""
    asked_s: float
    """When it was asked for, by the monotonic clock."""
    is_alone: bool
    """Whether it needs a transaction of its own."""


T = TypeVar("T", bound=Waiting)


class Lanes(Generic[T]):
    """Those that wait for a flight, as a transaction of several is called.

    A lane is in one flight at a time, and so is what some are about: two would wait for each other.
    """

    def __init__(self) -> None:
        self.waiting = 0
        """How many wait."""
        self._queues: dict[Lane, deque[T]] = {}
        """Of each lane that waits or flies."""
        self._ready: deque[Lane] = deque()
        self._flying: dict[str, list[Lane]] = {}
        """What flies, by what it is about, each with the lanes that wait for its landing."""

    @property
    def ready(self) -> int:
        """How many lanes have something that may go."""
        return len(self._ready)

    def add(self, item: T) -> None:
        """Put an item at the end of its lane."""
        self.waiting += 1
        queue = self._queues.get(item.lane)
        if queue is None:
            queue = self._queues[item.lane] = deque()
            self._ready.append(item.lane)
        queue.append(item)

    def take(self, lanes_max: int, items_max: int) -> list[T]:
        """The next flight, of up to so many lanes and items; empty where nothing may go."""
        flight: list[T] = []
        abouts: set[str] = set()
        while self._ready and lanes_max > 0 and len(flight) < items_max:
            lane = self._ready[0]
            queue = self._queues[lane]
            is_alone = bool(queue) and queue[0].is_alone
            if is_alone and flight:
                break
            self._ready.popleft()
            if not queue:  # all of it was overdue
                del self._queues[lane]
            elif self._board(queue, flight, abouts, 1 if is_alone else items_max):
                lanes_max = 0 if is_alone else lanes_max - 1
        self.waiting -= len(flight)
        return flight

    def landed(self, flight: Iterable[T], again: Sequence[T]) -> None:
        """Let others follow a flight; those of it that are to go `again` come first in their lanes."""
        self.waiting += len(again)
        for item in reversed(again):
            self._queues[item.lane].appendleft(item)
        for lane in dict.fromkeys(item.lane for item in flight):
            self._go_on(lane)
        for about in {item.about for item in flight}:
            for lane in self._flying.pop(about, ()):
                self._go_on(lane)

    def overdue(self, before_s: float) -> list[T]:
        """Take out what was asked for before then and still waits."""
        late: list[T] = []
        for queue in self._queues.values():
            while queue and queue[0].asked_s < before_s:
                late.append(queue.popleft())
        self.waiting -= len(late)
        return late

    def _board(self, queue: deque[T], flight: list[T], abouts: set[str], items_max: int) -> bool:
        """Let the first of a lane go along, as far as what they are about does not fly; whether any does."""
        boarded = len(flight)
        while queue and len(flight) < items_max:
            item = queue[0]
            if item.is_alone and flight:
                break
            if item.about in self._flying and item.about not in abouts:
                if len(flight) == boarded:
                    self._flying[item.about].append(item.lane)
                break
            flight.append(queue.popleft())
            if item.about:
                abouts.add(item.about)
                self._flying.setdefault(item.about, [])
        return len(flight) > boarded

    def _go_on(self, lane: Lane) -> None:
        if self._queues[lane]:
            self._ready.append(lane)
        else:
            del self._queues[lane]
