"""Everything that is to happen later, in one place, without an event loop.

Two kinds of time are kept apart (`clock.py`): `after` counts real seconds, for keep-alive, acknowledgements
and time-outs; `at` waits for a moment of the movable wall clock, for token expiry and TTL. Whoever owns the
loop keeps one timer: it calls `run_due`, sleeps for the delay that returns, and begins anew when
`on_sooner` says that something earlier was added.
"""

import heapq
import operator
from collections.abc import Callable

from tsock.clock import Clock

WALL_CHECK_S = 10.0
"""A wall deadline is looked at again after this long at the latest, since the wall clock can be set."""

FORGET_MIN = 64
"""So many cancelled entries are kept without thought; they go when their time comes."""

Callback = Callable[[], object]


class Deadline:
    """One thing that is to happen, once.

    `due` is in monotonic seconds (`after`) or wall milliseconds (`at`). To postpone it, raise `due`: an
    attribute write and nothing else, cheap enough for every frame sent. It must not be lowered; for an
    earlier moment cancel this one and ask for another.
    """

    __slots__ = ("_callback", "_queue", "due")

    def __init__(self, due: float, callback: Callback, queue: "_Queue") -> None:
        self.due = due
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

    def take(self, now: float) -> Callback | None:
        """The callback, for its one run; None if one that ran just before cancelled or postponed this."""
        if self._callback is not None and self.due > now:
            self._queue.push(self)
            return None
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
        now_ms, now_s = self._clock.now_ms(), self._clock.monotonic_s()
        wall, real = self._wall.take_due(now_ms), self._real.take_due(now_s)
        self._run(wall, now_ms)
        self._run(real, now_s)
        return self._delay_s()

    def __len__(self) -> int:
        """Entries held in memory, cancelled ones that are not yet forgotten included."""
        return len(self._real.heap) + len(self._wall.heap)

    def _add(self, queue: "_Queue", due: float, callback: Callback) -> Deadline:
        deadline = Deadline(due, callback, queue)
        queue.push(deadline)
        if queue.heap[0][2] is deadline:
            self._on_sooner()
        return deadline

    def _run(self, due: list[Deadline], now: float) -> None:
        for deadline in due:
            callback = deadline.take(now)
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


_due = operator.attrgetter("due")


class _Queue:
    """Deadlines of one kind, by the moment at which each is to be looked at.

    That moment is `due` as it was when the entry was pushed. A deadline postponed since is found not yet
    due when its entry comes up, and goes back in.
    """

    def __init__(self) -> None:
        self.heap: list[tuple[float, int, Deadline]] = []
        self._pushed = 0
        self._cancelled = 0

    def push(self, deadline: Deadline) -> None:
        self._pushed += 1  # equal moments keep their order, and deadlines are never compared
        heapq.heappush(self.heap, (deadline.due, self._pushed, deadline))

    def take_due(self, now: float) -> list[Deadline]:
        due: list[Deadline] = []
        while self.heap and self.heap[0][0] <= now:
            deadline = heapq.heappop(self.heap)[2]
            if deadline.is_waiting:
                if deadline.due > now:
                    self.push(deadline)
                else:
                    due.append(deadline)
        due.sort(key=_due)  # a postponed one came up at its old place
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
