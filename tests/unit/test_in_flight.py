from contextlib import ExitStack

import pytest

from tsock.errors import ApiError
from tsock.in_flight import InFlight


def refused() -> ApiError:
    return ApiError(429, 20429, "Too Many Requests")


def under_way(most: int, weight: int = 1) -> int:
    """How many there are at once when one is refused."""
    in_flight = InFlight(most, refused, lambda: weight)
    with ExitStack() as stack:
        for number in range(100):
            try:
                stack.enter_context(in_flight.one("a"))
            except ApiError:
                with in_flight.one("b"):  # another one's are counted apart
                    return number
    raise AssertionError("none was refused")


def test_no_more_than_the_bound_are_under_way_of_one() -> None:
    assert under_way(3) == 3


@pytest.mark.parametrize(("most", "nodes", "at_once"), [(100, 2, 50), (100, 3, 34), (1, 5, 1)])
def test_each_of_several_nodes_lets_its_part_go_rounded_up(most: int, nodes: int, at_once: int) -> None:
    assert under_way(most, nodes) == at_once


def test_place_is_free_when_one_has_ended_however_it_did() -> None:
    in_flight = InFlight(1, refused)
    with pytest.raises(ValueError, match="failed"), in_flight.one("a"):
        raise ValueError("failed")
    with in_flight.one("a"), pytest.raises(ApiError), in_flight.one("a"):
        pass
