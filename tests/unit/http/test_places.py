"""Places for connections, in all and of one address."""

import pytest

from tsock.http.places import Places
from tsock.http.proxies import Proxies


def places(all_max: int = 0, per_address_max: int = 0) -> Places:
    return Places(Proxies(["10.0.0.0/8"]), "guests", "guests", all_max, per_address_max)


def test_places_are_taken_until_none_is_left_and_given_back() -> None:
    house = places(all_max=3, per_address_max=2)
    assert [house.enter("a"), house.enter("a")] == ["", ""]
    assert house.enter("a") == (
        "This server holds at most 2 guests of one address (guests_per_address_max); try again"
    )
    assert house.enter("b") == ""
    assert house.enter("c") == "This server holds at most 3 guests (guests_max); try again"
    house.leave("b")
    assert house.enter("") == ""
    house.leave("a")
    assert house.enter("a") == ""


class Guest:
    """Leaves when it is asked to."""

    def __init__(self, house: Places, address: str) -> None:
        self.stays = not house.enter(address)
        self._house, self._address = house, address
        house.rest(self, address)

    def make_room(self) -> None:
        self.stays = False
        self._house.rise(self)
        self._house.leave(self._address)


def test_whoever_is_idle_longest_makes_room_of_the_address_that_has_too_many() -> None:
    house = places(all_max=4, per_address_max=2)
    first, second, other = Guest(house, "a"), Guest(house, "a"), Guest(house, "b")
    house.rise(first)
    third = Guest(house, "a")
    assert [guest.stays for guest in (first, second, other, third)] == [True, False, True, True]
    assert house.enter("c") == ""
    house.rise(third)
    assert house.enter("a").startswith("This server holds at most 2 guests of one address")
    assert house.enter("d") == ""
    assert not other.stays
    assert house.enter("e").startswith("This server holds at most 4 guests (")


def test_any_number_without_limits() -> None:
    house = places()
    assert [house.enter("a") for _ in range(100)] == [""] * 100


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.2", "192.0.2.1"),
        ("10.0.0.1", "", ""),
        ("10.0.0.1", "192.0.2.2", "192.0.2.2"),
        ("10.0.0.1", "192.0.2.2, 10.0.0.2", "192.0.2.2"),
        ("10.0.0.1", "10.0.0.2", ""),
        ("2001:db8:0:7::1", "", "2001:db8:0:7::/64"),
        ("10.0.0.1", "2001:db8:0:7::1", "2001:db8:0:7::/64"),
        ("::ffff:192.0.2.1", "", "192.0.2.1"),
    ],
)
def test_connection_of_a_proxy_is_of_the_client_that_it_names(
    peer: str, forwarded: str, address: str
) -> None:
    assert places().address(peer, forwarded) == address
