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

_CALLED_MAX = 32
"""How many lanes that wait for what they are all about are looked at when it has landed: no more fly at once,
and thousands may wait."""


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
        self._aloft: set[Lane] = set()
        """Lanes that fly."""
        self._flying: dict[str, deque[Lane]] = {}
        """What flies, by what it is about, each with the lanes that wait for its landing."""
        self._behind: dict[str, deque[Lane]] = {}
        """Of what has landed, the lanes that wait for others about the same, which go first."""
        self._called: dict[Lane, str] = {}
        """Those others, each with what it was about."""

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
        """The next flight, of up to so many items; empty where nothing may go.

        A lane that could fly elsewhere counts as one of `lanes_max`.
        """
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
            elif self._board(lane, queue, flight, abouts, 1 if is_alone else items_max):
                lanes_max = 0 if is_alone else lanes_max - 1
            about = self._called.pop(lane, None)
            if about in self._behind:  # it went elsewhere, or nowhere
                self._call(self._behind.pop(about), about, 1)
        self.waiting -= len(flight)
        return flight

    def landed(self, flight: Iterable[T], again: Sequence[T]) -> None:
        """Let others follow a flight; those of it that are to go `again` come first in their lanes."""
        self.waiting += len(again)
        for item in reversed(again):
            self._queues[item.lane].appendleft(item)
        for lane in dict.fromkeys(item.lane for item in flight):
            self._aloft.remove(lane)
            self._go_on(lane)
        for about in {item.about for item in flight} & self._flying.keys():
            self._call(self._flying.pop(about), about, _CALLED_MAX)

    def overdue(self, before_s: float) -> list[T]:
        """Take out what was asked for before then and still waits, but for what a flight goes before."""
        late: list[T] = []
        for lane, queue in self._queues.items():
            while queue and queue[0].asked_s < before_s and lane not in self._aloft:
                late.append(queue.popleft())
        self.waiting -= len(late)
        return late

    def _board(self, lane: Lane, queue: deque[T], flight: list[T], abouts: set[str], items_max: int) -> bool:
        """Let the first of a lane go along, as far as what they are about does not fly.

        Whether any could have flown elsewhere.
        """
        boarded = len(flight)
        is_free = False
        while queue and len(flight) < items_max:
            item = queue[0]
            if item.is_alone and flight:
                break
            about = item.about
            if about in self._flying and about not in abouts:
                if len(flight) == boarded:
                    self._flying[about].append(lane)
                break
            flight.append(queue.popleft())
            if about not in abouts:
                is_free = True
                if about:
                    abouts.add(about)
                    self._flying[about] = self._behind.pop(about, deque())
        if len(flight) > boarded:
            self._aloft.add(lane)
        return is_free

    def _call(self, lanes: deque[Lane], about: str, number: int) -> None:
        """Have so many lanes go whose first was about this; the others wait until one of those has landed."""
        while lanes and number > 0:
            lane = lanes.popleft()
            if self._go_on(lane):
                self._called[lane] = about
                number -= 1
        if lanes:
            self._behind[about] = lanes

    def _go_on(self, lane: Lane) -> bool:
        """Have a lane go if anything waits in it; whether it does."""
        if self._queues[lane]:
            self._ready.append(lane)
            return True
        del self._queues[lane]
        return False
