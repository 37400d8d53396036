"""One timer of the loop for all deadlines."""

from typing import Any

import pytest

from tests.support.timers import Loop
from tsock.clock import Clock
from tsock.deadlines import WALL_CHECK_S, Deadlines
from tsock.jobs.ticker import Ticker


class Bench:
    """A ticker whose loop and clocks are moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.done: list[Any] = []
        self.loop: Any = Loop()
        self.clock = Clock(lambda: int(self.now_s * 1000), lambda: self.now_s)
        self.ticker = Ticker(self.loop)
        self.deadlines = Deadlines(self.clock, self.done.append, self.ticker.sooner)

    def armed_s(self) -> float | None:
        """The delay of the one timer that waits."""
        waiting = self.loop.timers
        assert len(waiting) <= 1
        return waiting[0].delay_s if waiting else None

    def turn(self) -> None:
        """Let the timer that waits go off at its moment."""
        (timer,) = self.loop.timers
        self.now_s += timer.delay_s
        timer.cancel()
        timer.callback()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_timer_is_armed_for_the_earliest_deadline_and_then_for_the_next(bench: Bench) -> None:
    bench.deadlines.after(5, lambda: bench.done.append("later"))
    bench.deadlines.after(2, lambda: bench.done.append("sooner"))
    bench.ticker.start(bench.deadlines)
    assert bench.armed_s() == 2
    bench.turn()
    assert (bench.done, bench.armed_s()) == (["sooner"], 3)
    bench.turn()
    assert (bench.done, bench.armed_s()) == (["sooner", "later"], None)


def test_deadline_that_is_added_in_front_moves_the_timer(bench: Bench) -> None:
    bench.deadlines.after(5, lambda: None)
    bench.ticker.start(bench.deadlines)
    bench.deadlines.after(1, lambda: bench.done.append("first"))
    assert bench.armed_s() == 0
    bench.turn()
    assert bench.armed_s() == 1
    bench.deadlines.after(3, lambda: None)
    assert bench.armed_s() == 1


def test_deadline_that_a_callback_adds_is_waited_for(bench: Bench) -> None:
    bench.deadlines.after(1, lambda: bench.deadlines.after(4, lambda: bench.done.append("second")))
    bench.ticker.start(bench.deadlines)
    bench.turn()
    assert bench.armed_s() == 4
    bench.turn()
    assert bench.done == ["second"]


def test_wall_clock_is_looked_at_every_10_s(bench: Bench) -> None:
    bench.deadlines.at(3_600_000, lambda: bench.done.append("hour"))
    bench.ticker.start(bench.deadlines)
    assert bench.armed_s() == WALL_CHECK_S


def test_moved_clock_runs_all_that_became_due_and_what_that_made_due(bench: Bench) -> None:
    def again() -> None:
        bench.done.append("warned")
        bench.deadlines.at(7_000_000, lambda: bench.done.append("expired"))

    bench.deadlines.at(3_600_000, again)
    bench.deadlines.after(9, lambda: bench.done.append("real"))
    bench.ticker.start(bench.deadlines)
    bench.clock.advance(7_200_000)
    bench.ticker.run_all()
    assert bench.done == ["warned", "expired"]
    assert bench.armed_s() == 9


def test_stopped_ticker_runs_nothing_any_more(bench: Bench) -> None:
    bench.deadlines.after(1, lambda: bench.done.append("never"))
    bench.ticker.start(bench.deadlines)
    bench.ticker.stop()
    assert bench.armed_s() is None
    bench.deadlines.after(0, lambda: bench.done.append("never"))
    bench.now_s = 10
    bench.turn()
    assert bench.done == []
    assert bench.armed_s() is None
