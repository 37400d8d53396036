import itertools
import weakref

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tsock.clock import Clock
from tsock.deadlines import WALL_CHECK_S, Deadline, Deadlines


class Time:
    """A wall clock and a monotonic one, both moved by hand."""

    def __init__(self) -> None:
        self.wall_ms = 1_000_000
        self.real_s = 50.0
        self.clock = Clock(lambda: self.wall_ms, lambda: self.real_s)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def failures():
    return []


@pytest.fixture
def deadlines(time, failures):
    return Deadlines(time.clock, failures.append)


def test_timeout_passes_in_real_time_and_a_moment_on_the_wall_clock(time, deadlines):
    seen = []
    deadlines.after(10, lambda: seen.append("timeout"))
    deadlines.at(time.wall_ms + 3_600_000, lambda: seen.append("expiry"))

    time.clock.advance(3_600_000)  # an hour forward expires tokens and drops no connection for silence
    assert deadlines.run_due() == 10
    assert seen == ["expiry"]

    time.real_s += 10
    assert deadlines.run_due() is None
    assert seen == ["expiry", "timeout"]


def test_delay_is_the_time_to_the_earliest_of_both_kinds(time, deadlines):
    deadlines.after(8, lambda: None)
    assert deadlines.run_due() == 8
    deadlines.at(time.wall_ms + 2_500, lambda: None)
    assert deadlines.run_due() == 2.5


def test_far_moment_is_looked_at_again_soon_since_the_wall_clock_may_be_set(time, deadlines):
    seen = []
    deadlines.at(time.wall_ms + 86_400_000, lambda: seen.append("expiry"))
    assert deadlines.run_due() == WALL_CHECK_S
    time.wall_ms += 86_400_000
    deadlines.run_due()
    assert seen == ["expiry"]


def test_cancelled_deadline_never_happens_and_lets_go_of_its_callback(time, deadlines):
    class Session:
        def expire(self) -> None:
            pytest.fail("it was cancelled")

    session = Session()
    gone = weakref.ref(session)
    deadline = deadlines.at(time.wall_ms + 1, session.expire)
    deadline.cancel()
    deadline.cancel()
    del session
    assert gone() is None
    assert deadlines.run_due() is None


def test_callback_may_cancel_one_that_is_due_at_the_same_moment(time, deadlines):
    seen = []
    others: list[Deadline] = []
    deadlines.after(1, lambda: [other.cancel() for other in others])
    others.append(deadlines.after(1, lambda: seen.append("cancelled")))
    deadlines.after(1, lambda: seen.append("last"))
    time.real_s += 1
    assert deadlines.run_due() is None
    assert seen == ["last"]


def test_callback_that_fails_is_reported_and_stops_no_other(time, deadlines, failures):
    seen = []
    deadlines.at(time.wall_ms, lambda: 1 // 0)
    deadlines.at(time.wall_ms, lambda: seen.append("second"))
    deadlines.after(0, lambda: seen.append("third"))
    assert deadlines.run_due() is None
    assert seen == ["second", "third"]
    assert [type(error) for error in failures] == [ZeroDivisionError]


def test_callback_that_asks_for_more_at_once_waits_for_the_next_look(time, deadlines):
    seen = []

    def again() -> None:
        seen.append("ran")
        deadlines.after(0, again)

    deadlines.after(0, again)
    assert deadlines.run_due() == 0
    assert seen == ["ran"]
    deadlines.run_due()
    assert seen == ["ran", "ran"]


def test_owner_of_the_loop_hears_of_an_earlier_deadline_and_of_no_later_one(time, failures):
    calls = []
    deadlines = Deadlines(time.clock, failures.append, lambda: calls.append("sooner"))
    deadlines.after(10, lambda: None)
    deadlines.after(20, lambda: None)
    assert calls == ["sooner"]
    deadlines.after(5, lambda: None)
    assert calls == ["sooner", "sooner"]


def test_cancelled_deadlines_do_not_pile_up(time, deadlines):
    """A day of reconnects must not keep the expiry of each token that was ever seen."""
    kept = [deadlines.at(time.wall_ms + 86_400_000, lambda: None) for _ in range(100)]
    for _ in range(10_000):
        deadlines.at(time.wall_ms + 86_400_000, lambda: None).cancel()
    assert len(kept) <= len(deadlines) < 1_000


class AgainstModel(RuleBasedStateMachine):
    """Any sequence of operations, compared with a list that is searched at every step."""

    @initialize()
    def begin(self) -> None:
        self.time = Time()
        self.fired: list[int] = []
        self.deadlines = Deadlines(self.time.clock, self.fail)
        self.numbers = itertools.count()
        self.waiting: dict[int, Deadline] = {}
        self.kinds: dict[int, str] = {}
        self.moments: dict[int, float] = {}

    def fail(self, error: Exception) -> None:
        raise AssertionError from error

    @rule(seconds=st.integers(0, 30))
    def add_timeout(self, seconds: int) -> None:
        number = next(self.numbers)
        self.waiting[number] = self.deadlines.after(seconds, lambda: self.fired.append(number))
        self.kinds[number], self.moments[number] = "real", self.time.real_s + seconds

    @rule(ms=st.integers(-5_000, 30_000))
    def add_moment(self, ms: int) -> None:
        number = next(self.numbers)
        moment = self.time.clock.now_ms() + ms
        self.waiting[number] = self.deadlines.at(moment, lambda: self.fired.append(number))
        self.kinds[number], self.moments[number] = "wall", moment

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.waiting.pop(data.draw(st.sampled_from(sorted(self.waiting)))).cancel()

    @rule(seconds=st.integers(0, 40))
    def real_time_passes(self, seconds: int) -> None:
        self.time.real_s += seconds
        self.time.wall_ms += seconds * 1000

    @rule(ms=st.integers(0, 40_000))
    def wall_clock_is_advanced(self, ms: int) -> None:
        self.time.clock.advance(ms)

    @rule()
    def look(self) -> None:
        now = {"wall": self.time.clock.now_ms(), "real": self.time.real_s}
        delay = self.deadlines.run_due()
        for kind, moment in now.items():
            fired = [number for number in self.fired if self.kinds[number] == kind]
            due = [n for n in self.waiting if self.kinds[n] == kind and self.moments[n] <= moment]
            assert sorted(fired) == due
            moments = [self.moments[number] for number in fired]
            assert moments == sorted(moments)
        for number in self.fired:
            del self.waiting[number]
        self.fired.clear()
        self.check_delay(delay, now)

    def check_delay(self, delay: float | None, now: dict[str, float]) -> None:
        left = [
            min((self.moments[n] - now["wall"]) / 1000, WALL_CHECK_S)
            if self.kinds[n] == "wall"
            else self.moments[n] - now["real"]
            for n in self.waiting
        ]
        if not left:
            assert delay is None
        else:
            assert delay is not None
            assert 0 <= delay <= min(left)

    @invariant()
    def nothing_fires_by_itself(self) -> None:
        assert self.fired == []


TestAgainstModel = AgainstModel.TestCase
