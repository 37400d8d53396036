from hypothesis import given
from hypothesis import strategies as st

from tsock.bus.order import MISSING_MAX, Order


def test_numbers_in_order_are_next() -> None:
    order = Order(7)
    assert [order.take(number) for number in (7, 8, 9)] == ["next"] * 3


def test_one_that_is_ahead_tells_a_gap_and_the_missing_ones_come_late_once() -> None:
    order = Order(1)
    taken = [order.take(number) for number in (1, 4, 3, 3, 2, 5, 4)]
    assert taken == ["next", "gap", "late", "repeat", "late", "next", "repeat"]


def test_what_came_before_the_first_is_a_repeat() -> None:
    order = Order(7)
    order.take(7)
    assert order.take(3) == "repeat"


def test_a_large_gap_keeps_its_latest_numbers_only() -> None:
    order = Order(1)
    order.take(10**15)
    order.take(10**15 + 10)
    assert order.take(1) == "repeat"
    assert order.take(10**15 - MISSING_MAX) == "repeat"
    assert order.take(10**15 - 1) == "late"
    assert order.take(10**15 + 9) == "late"


@given(st.lists(st.integers(1, 30)))
def test_every_number_counts_once_and_what_is_missing_was_told(numbers: list[int]) -> None:
    order = Order(1)
    taken = [order.take(number) for number in numbers]

    counted = [number for number, how in zip(numbers, taken, strict=True) if how != "repeat"]
    assert sorted(counted) == sorted(set(numbers))
    in_order = [number for number, how in zip(numbers, taken, strict=True) if how in ("next", "gap")]
    assert in_order == sorted(in_order)
    if set(range(1, max(numbers, default=0))) - set(numbers):
        assert "gap" in taken
