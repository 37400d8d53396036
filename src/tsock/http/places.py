"""How many connections may stand at once: in all, and of one address."""

from typing import Protocol

from msgspec import Struct

from tsock.http.proxies import Proxies
from tsock.rates import source
from tsock.settings import Settings


class Idler(Protocol):
    """A connection that has a place and does nothing with it."""

    def make_room(self) -> None:
        """End, and give back the place at once."""
        ...


class Places:
    """Counts connections by their address, from the accepted socket on."""

    __slots__ = (
        "_all_max",
        "_idle",
        "_idle_of",
        "_name",
        "_of",
        "_per_address_max",
        "_proxies",
        "_taken",
        "_what",
    )

    def __init__(self, proxies: Proxies, what: str, name: str, all_max: int, per_address_max: int) -> None:
        """Begin with every place free.

        Args:
            proxies: whose connections are those of the clients that their requests name.
            what: what is counted, for the refusal.
            name: what the names of both settings begin with.
            all_max: places in all; 0 for any number.
            per_address_max: places of one address; 0 for any number.
        """
        self._proxies = proxies
        self._what = what
        self._name = name
        self._all_max = all_max
        self._per_address_max = per_address_max
        self._taken = 0
        self._of: dict[str, int] = {}
        self._idle: dict[Idler, str] = {}
        """Those that may make room, the longest idle first, and under which address each is counted."""
        self._idle_of: dict[str, dict[Idler, None]] = {}
        """The same by address: to look for one takes no time, however many others there are."""

    def client(self, peer: str, forwarded: str) -> str:
        """The client's address, or that of a proxy which names none; arguments as of `address`."""
        return self._proxies.client(peer, forwarded)

    def address(self, peer: str, forwarded: str = "") -> str:
        """Under which address a connection is counted; empty for one of a proxy that names no client yet.

        Args:
            peer: the address at the other end of the socket.
            forwarded: the `X-Forwarded-For` header; empty without one.
        """
        client = self._proxies.client(peer, forwarded)
        return "" if self._proxies.trust(client) else source(client)

    def enter(self, address: str) -> str:
        """Take a place for this address, as `address` tells it: empty if there was one, else why not.

        Where all are taken, the longest idle one makes room: of the same address, if that has too many.
        """
        own = self._of.get(address, 0)
        if address and 0 < self._per_address_max <= own:
            if not self._make_room(address):
                return (
                    f"This server holds at most {self._per_address_max} {self._what} of one address "
                    f"({self._name}_per_address_max); try again"
                )
        elif 0 < self._all_max <= self._taken and not self._make_room():
            return f"This server holds at most {self._all_max} {self._what} ({self._name}_max); try again"
        if address:
            self._of[address] = self._of.get(address, 0) + 1
        self._taken += 1
        return ""

    def rest(self, idler: Idler, address: str) -> None:
        """Note that a connection has a place under this address and does nothing."""
        self._idle[idler] = address
        self._idle_of.setdefault(address, {})[idler] = None

    def rise(self, idler: Idler) -> None:
        """Note that it does something again, or is gone."""
        address = self._idle.pop(idler, None)
        if address is not None:
            own = self._idle_of[address]
            del own[idler]
            if not own:
                del self._idle_of[address]

    def _make_room(self, address: str | None = None) -> bool:
        """Have the longest idle one leave, of this address or of any; whether there was one."""
        idle = self._idle if address is None else self._idle_of.get(address, {})
        oldest = next(iter(idle), None)
        if oldest is None:
            return False
        oldest.make_room()
        return True

    def leave(self, address: str) -> None:
        """Give back a place that was taken for this address."""
        self._taken -= 1
        if address:
            left = self._of.pop(address) - 1
            if left:
                self._of[address] = left


class HttpPlaces(Struct, frozen=True):
    """Those of plain HTTP connections."""

    usual: Places
    checkups: Places
    """For those that are told of the server's health although there is no usual one."""


def http_places(proxies: Proxies, settings: Settings) -> HttpPlaces:
    """All of them free."""
    return HttpPlaces(
        usual=Places(
            proxies,
            "HTTP connections",
            "http_connections",
            settings.http_connections_max,
            settings.http_connections_per_address_max,
        ),
        checkups=Places(
            proxies, "checks of health", "health_connections", settings.health_connections_max, 0
        ),
    )
