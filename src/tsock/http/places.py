"""How many connections may stand at once: in all, and of one address."""

from tsock.http.proxies import Proxies


class Places:
    """Counts connections by their address, from the accepted socket on."""

    __slots__ = ("_all_max", "_name", "_of", "_per_address_max", "_proxies", "_taken", "_what")

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
        return "" if self._proxies.trust(client) else client

    def enter(self, address: str) -> str:
        """Take a place for this address, as `address` tells it: empty if there was one, else why not."""
        if 0 < self._all_max <= self._taken:
            return f"This server holds at most {self._all_max} {self._what} ({self._name}_max); try again"
        if address:
            own = self._of.get(address, 0)
            if 0 < self._per_address_max <= own:
                return (
                    f"This server holds at most {self._per_address_max} {self._what} of one address "
                    f"({self._name}_per_address_max); try again"
                )
            self._of[address] = own + 1
        self._taken += 1
        return ""

    def leave(self, address: str) -> None:
        """Give back a place that was taken for this address."""
        self._taken -= 1
        if address:
            left = self._of.pop(address) - 1
            if left:
                self._of[address] = left
