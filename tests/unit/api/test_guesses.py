"""What an address is answered that has shown wrong credentials."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from tsock.api.guesses import Guesses
from tsock.errors import ApiError
from tsock.settings import Settings

WRONG = ApiError(401, 20003, "Authenticate: wrong")
STRANGER, OTHER = "192.0.2.7", "192.0.2.8"


class Guesser:
    """Fails at moments of its own."""

    def __init__(self, **settings: Any) -> None:
        self.now_s = 1000.0
        self._guesses = Guesses(Settings(**settings), lambda: self.now_s)

    def __call__(self, address: str = STRANGER) -> ApiError:
        return self._guesses.failed(address, WRONG)

    def wait_s(self) -> int:
        """What a failure is told that comes too often."""
        told = self()
        assert (told.status, told.code) == (429, 20429)
        assert told.message.endswith(WRONG.message)
        return int(told.headers["retry-after"])


@pytest.fixture
def guesser() -> Guesser:
    return Guesser(credential_failures_per_address_burst=2, credential_failures_per_address_per_s=0.001)


def test_burst_is_answered_as_it_is_and_the_next_429_of_this_address_alone(guesser: Guesser) -> None:
    assert [guesser(), guesser()] == [WRONG, WRONG]
    assert guesser.wait_s() == 1
    assert guesser(OTHER) is WRONG


def test_addresses_of_one_ipv6_network_guess_and_are_logged_as_one(guesser: Guesser) -> None:
    with capture_logs() as lines:
        said = [guesser(f"2001:db8:0:7::{number:x}") for number in range(100)]
    assert [error.status for error in said] == [401] * 2 + [429] * 98
    assert [line["address"] for line in lines] == [f"2001:db8:0:7::{number:x}" for number in range(10)]
    assert guesser("2001:db8:0:8::1") is WRONG


def test_wait_doubles_up_to_its_bound_and_not_within_itself(guesser: Guesser) -> None:
    assert [guesser(), guesser()] == [WRONG, WRONG]
    waits: list[int] = []
    for _ in range(9):
        waits.append(guesser.wait_s())
        guesser.now_s += waits[-1] / 2
        assert guesser.wait_s() <= waits[-1]
        guesser.now_s += waits[-1] / 2
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_address_that_kept_quiet_begins_anew(guesser: Guesser) -> None:
    assert [guesser(), guesser()] == [WRONG, WRONG]
    while (wait_s := guesser.wait_s()) < 8:
        guesser.now_s += wait_s
    guesser.now_s += 2 * wait_s
    assert guesser.wait_s() == 1


def test_rate_may_be_off() -> None:
    guesser = Guesser(credential_failures_per_address_per_s=0)
    assert all(guesser() is WRONG for _ in range(10_000))


def test_many_guesses_make_few_lines_and_their_number(guesser: Guesser) -> None:
    with capture_logs() as lines:
        for _ in range(1000):
            guesser()
        guesser.now_s += 60
        guesser()
    assert [line["event"] for line in lines] == ["credentials.refused"] * 11
    assert {line["address"] for line in lines} == {STRANGER}
    assert [line["left_out"] for line in lines] == [0] * 10 + [990]
