import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.clock import Clock, Step, iso_ms


class Machine:
    """Both clocks of one, and ours on them."""

    def __init__(self) -> None:
        self.wall_ms = 9_000_000
        self.passed_ms = 0
        self.clock = Clock(lambda: self.wall_ms, lambda: self.passed_ms / 1000)

    def passes(self, ms: int) -> None:
        self.wall_ms += ms
        self.passed_ms += ms


def test_clock_shows_the_system_s_time_and_what_was_added_to_it() -> None:
    clock = Clock(lambda: 5_000, lambda: 1.5)
    assert (clock.now_ms(), clock.monotonic_s(), clock.ahead_ms) == (5_000, 1.5, 0)
    clock.advance(3_600_000)
    clock.advance(1)
    clock.advance(0)
    assert (clock.now_ms(), clock.ahead_ms) == (3_605_001, 3_600_001)
    assert clock.monotonic_s() == 1.5


def test_clock_only_moves_forward() -> None:
    clock = Clock(lambda: 5_000)
    with pytest.raises(ValueError, match="the clock only moves forward, not by -1 ms"):
        clock.advance(-1)
    assert clock.now_ms() == 5_000


def test_clock_that_is_told_how_far_ahead_it_is_to_be_does_not_go_back() -> None:
    clock = Clock(lambda: 5_000)
    for ahead_ms in (2_000, 1_000, 2_000):
        clock.show_ahead(ahead_ms)
        assert clock.now_ms() == 7_000


def test_dates_stand_still_while_the_system_s_clock_is_behind_them() -> None:
    shown = iter([10, 20, 15, 5, 19, 20, 21])
    clock = Clock(lambda: next(shown))
    assert [clock.date_ms() for _ in range(7)] == [10, 20, 20, 20, 20, 20, 21]


def test_what_judges_goes_back_with_the_system_s_clock() -> None:
    shown = iter([10, 20, 15])
    clock = Clock(lambda: next(shown))
    assert [clock.now_ms() for _ in range(3)] == [10, 20, 15]


def test_dates_go_on_from_where_an_earlier_process_was() -> None:
    clock = Clock(lambda: 5_000, lambda: 0.0)
    clock.date_from(9_000)
    assert (clock.now_ms(), clock.date_ms(), clock.lag_ms) == (5_000, 9_000, 4_000)
    assert clock.notice() == (
        "what is stored now is dated 1970-01-01T00:00:09.000Z, until the clock has caught up in 4 s, "
        "since dates keep the order of commits"
    )


@pytest.mark.parametrize(("by_ms", "way"), [(7_200_000, "ahead"), (-7_200_000, "back")])
def test_clock_that_is_set_is_noticed_once_and_told_for_an_hour(by_ms: int, way: str) -> None:
    machine = Machine()
    clock = machine.clock
    for _ in range(5):
        machine.passes(1000)
        assert clock.look() is None
    assert clock.notice() is None
    machine.wall_ms += by_ms
    assert clock.look() == Step(by_ms, 5.0)
    machine.passes(1000)
    assert clock.look() is None
    assert clock.notice() == f"the machine's clock was set 7200 s {way}, 1 s ago"
    machine.passes(3_600_000)
    assert clock.notice() is None


def test_clock_that_is_slewed_or_moved_for_development_was_not_set() -> None:
    machine = Machine()
    for _ in range(100):
        machine.passes(1000)
        machine.wall_ms -= 400
        assert machine.clock.look() is None
    machine.clock.advance(7_200_000)
    assert machine.clock.look() is None


def test_clock_that_follows_another_shows_that_however_the_machine_s_is_set() -> None:
    machine = Machine()
    clock = machine.clock
    clock.advance(3_600_000)
    clock.follow(9_005_000, 0.0)
    assert (clock.now_ms(), clock.date_ms()) == (12_605_000, 12_605_000)
    machine.passes(1500)
    machine.wall_ms -= 7_200_000
    assert clock.now_ms() == 12_606_500
    assert clock.look() is None


def test_clock_that_follows_another_says_how_far_the_machine_s_is_from_it() -> None:
    machine = Machine()
    machine.clock.follow(9_000_999, 0.0)
    assert machine.clock.notice() is None
    machine.clock.follow(9_005_000, 0.0)
    assert machine.clock.notice() == "the machine's clock is 5 s behind the database's, which counts"
    machine.wall_ms += 8_000
    assert machine.clock.notice() == "the machine's clock is 3 s ahead of the database's, which counts"


def test_other_clock_that_is_set_is_noticed() -> None:
    machine = Machine()
    machine.clock.follow(9_000_000, 0.0)
    machine.clock.look()
    machine.passes(1000)
    machine.clock.follow(9_000_000, 1.0)
    assert machine.clock.look() == Step(-1000, 1.0)
    assert machine.clock.date_ms() == machine.clock.now_ms() == 9_000_000
    assert machine.clock.notice() == (
        "the database's clock was set 1 s back, 0 s ago; "
        "the machine's clock is 1 s ahead of the database's, which counts"
    )


def test_slow_answer_makes_what_is_known_of_another_clock_no_worse() -> None:
    machine = Machine()
    clock = machine.clock
    machine.passes(20)
    clock.follow(50_000, 0.0)  # it was that at some moment of these 20 ms
    assert clock.now_ms() == 50_010
    asked_s = clock.monotonic_s()
    machine.passes(2000)
    clock.follow(50_011, asked_s)
    assert clock.now_ms() == 52_010
    clock.follow(52_013, clock.monotonic_s())
    assert clock.now_ms() == 52_013


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 60_000)), min_size=1))
def test_followed_clock_is_wrong_by_no_more_than_the_latest_answer_took(
    answers: list[tuple[int, int, int]],
) -> None:
    machine = Machine()
    for before_ms, behind_ms, pause_ms in answers:
        machine.passes(pause_ms)
        asked_s = machine.clock.monotonic_s()
        machine.passes(before_ms)
        shown_ms = machine.wall_ms + 5_000
        machine.passes(behind_ms)
        machine.clock.follow(shown_ms, asked_s)
        assert abs(machine.clock.now_ms() - machine.wall_ms - 5_000) <= before_ms + behind_ms + 1


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 50)), min_size=1))
def test_dates_never_run_backwards(steps: list[tuple[int, int]]) -> None:
    wall = 0
    clock = Clock(lambda: wall)
    latest = 0
    for wall, ahead in steps:
        clock.advance(ahead)
        date = clock.date_ms()
        assert date >= max(latest, wall)
        latest = date


def test_real_clock_counts_milliseconds_since_1970_and_monotonic_seconds() -> None:
    clock = Clock()
    assert clock.now_ms() > 1_700_000_000_000
    first = clock.monotonic_s()
    assert clock.monotonic_s() >= first


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_935_489_600_000, "2031-05-02T12:00:00.000Z"),
        (1_935_489_600_007, "2031-05-02T12:00:00.007Z"),
        (1_935_489_599_999, "2031-05-02T11:59:59.999Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_date_has_milliseconds_and_is_in_utc(at_ms: int, text: str) -> None:
    assert iso_ms(at_ms) == text
