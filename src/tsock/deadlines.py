"""Everything that is to happen later, in one place, without an event loop.

Two kinds of time are kept apart (`clock.py`): `after` counts real seconds, for keep-alive, acknowledgements
and time-outs; `at` waits for a moment of the movable wall clock, for token expiry and TTL. Whoever owns the
loop keeps one timer: it calls `run_due`, sleeps for the delay that returns, and begins anew when
`on_sooner` says that something earlier was added.
"""

import heapq
from collections.abc import Callable

from tsock.clock import Clock

WALL_CHECK_S = 10.0
"""A wall deadline is looked at again after this long at the latest, since the wall clock can be set."""

FORGET_MIN = 64
"""So many cancelled entries are kept without thought; they go when their time comes."""

Callback = Callable[[], object]


class Deadline:
    """One thing that is to happen, once; for another moment cancel it and ask for another."""

    __slots__ = ("_callback", "_queue")

    def __init__(self, callback: Callback, queue: "_Queue") -> None:
        self._callback: Callback | None = callback
        self._queue = queue

    def cancel(self) -> None:
        """Let it not happen, and let go of the callback; no effect once it has happened."""
        if self._callback is not None:
            self._callback = None
            self._queue.forget_one()

    @property
    def is_waiting(self) -> bool:
        """Whether it has neither happened nor been cancelled."""
        return self._callback is not None

    def take(self) -> Callback | None:
        """The callback, for its one run; None if one that ran just before cancelled this."""
        callback, self._callback = self._callback, None
        return callback


class Deadlines:
    """Both kinds of deadlines of one process.

    Those of one kind happen in the order in which they fall due. A callback that raises is reported through
    `on_error` and stops no other.
    """

    def __init__(
        self,
        clock: Clock,
        on_error: Callable[[Exception], object],
        on_sooner: Callable[[], object] = lambda: None,
    ) -> None:
        self._clock = clock
        self._on_error = on_error
        self._on_sooner = on_sooner
        self._real = _Queue()
        self._wall = _Queue()

    def after(self, seconds: float, callback: Callback) -> Deadline:
        """Call `callback` when `seconds` of real time have passed."""
        return self._add(self._real, self._clock.monotonic_s() + seconds, callback)

    def at(self, wall_ms: int, callback: Callback) -> Deadline:
        """Call `callback` when the wall clock shows `wall_ms`, or at once if it already does."""
        return self._add(self._wall, wall_ms, callback)

    def run_due(self) -> float | None:
        """Run what is due and return the seconds until the next look; None if nothing waits.

        What a callback adds runs at the next look at the earliest, so that this ends.
        """
        wall, real = self._wall.take_due(self._clock.now_ms()), self._real.take_due(self._clock.monotonic_s())
        self._run(wall)
        self._run(real)
        return self._delay_s()

    def __len__(self) -> int:
        """Entries held in memory, cancelled ones that are not yet forgotten included."""
        return len(self._real.heap) + len(self._wall.heap)

    def _add(self, queue: "_Queue", due: float, callback: Callback) -> Deadline:
        deadline = Deadline(callback, queue)
        if queue.push(due, deadline):
            self._on_sooner()
        return deadline

    def _run(self, due: list[Deadline]) -> None:
        for deadline in due:
            callback = deadline.take()
            if callback is None:
                continue
            try:
                callback()
            except Exception as error:  # noqa: BLE001 - whatever it was, the others are still owed their turn
                self._on_error(error)

    def _delay_s(self) -> float | None:
        delays: list[float] = []
        real, wall = self._real.first_due(), self._wall.first_due()
        if real is not None:
            delays.append(real - self._clock.monotonic_s())
        if wall is not None:
            delays.append(min((wall - self._clock.now_ms()) / 1000, WALL_CHECK_S))
        return max(0.0, min(delays)) if delays else None


class _Queue:
    """Deadlines of one kind, by the moment at which each falls due."""

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, Deadline]] = []
        self._pushed = 0
        self._cancelled = 0

    def push(self, due: float, deadline: Deadline) -> bool:
        """Whether nothing falls due sooner."""
        self._pushed += 1  # equal moments keep their order, and deadlines are never compared
        entry = (due, self._pushed, deadline)
        heapq.heappush(self.heap, entry)
        return self.heap[0] is entry

    def take_due(self, now: float) -> list[Deadline]:
        due: list[Deadline] = []
        while self.heap and self.heap[0][0] <= now:
            deadline = heapq.heappop(self.heap)[2]
            if deadline.is_waiting:
                due.append(deadline)
        return due

    def first_due(self) -> float | None:
        while self.heap and not self.heap[0][2].is_waiting:
            heapq.heappop(self.heap)
        return self.heap[0][0] if self.heap else None

    def forget_one(self) -> None:
        """Note a cancellation; once they may be half of the entries, clear the queue of them.

        Clearing costs as many steps as there are entries, so each cancellation pays for two.
        """
        self._cancelled += 1
        if self._cancelled > FORGET_MIN and 2 * self._cancelled > len(self.heap):
            self.heap = [entry for entry in self.heap if entry[2].is_waiting]
            heapq.heapify(self.heap)
            self._cancelled = 0
