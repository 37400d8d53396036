import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.clock import Clock, iso_ms


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


def test_clock_stands_still_while_the_system_s_is_behind() -> None:
    shown = iter([10, 20, 15, 5, 19, 20, 21])
    clock = Clock(lambda: next(shown))
    assert [clock.now_ms() for _ in range(7)] == [10, 20, 20, 20, 20, 20, 21]


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 50)), min_size=1))
def test_time_never_runs_backwards(steps: list[tuple[int, int]]) -> None:
    wall = 0
    clock = Clock(lambda: wall)
    latest = 0
    for wall, ahead in steps:
        clock.advance(ahead)
        now = clock.now_ms()
        assert now >= max(latest, wall)
        latest = now


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
