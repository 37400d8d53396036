"""Whose address a connection comes from, when proxies of our own stand in between."""

import ipaddress
from collections.abc import Iterable, Sequence

from tsock.errors import ConfigError

FORWARDED_FOR = b"x-forwarded-for"
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
"""What proxies call a client's scheme: some tell that of the WebSocket."""


def forwarded_for(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """All that a head's lines of `X-Forwarded-For` say, in their order; names in lower case.

    A proxy may add a line of its own behind one that the client wrote, so no line alone says everything.
    """
    return ",".join([value.decode("latin-1") for name, value in headers if name == FORWARDED_FOR])


class Proxies:
    """The proxies whose `X-Forwarded-…` is believed (`trusted_proxies`); anybody else could invent one."""

    def __init__(self, trusted: Sequence[str]) -> None:
        try:
            self._networks = [ipaddress.ip_network(text, strict=False) for text in trusted]
        except ValueError as error:
            raise ConfigError(
                f"trusted_proxies: expected addresses or networks such as 10.0.0.0/8; {error}"
            ) from None

    def client(self, peer: str, forwarded: str) -> str:
        """The client's address: the last one in `forwarded` that no proxy of ours has written of itself.

        Args:
            peer: the address at the other end of the socket.
            forwarded: the `X-Forwarded-For` header; empty without one.
        """
        if not self._networks:
            return peer[:64]
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        address = peer
        while hops and self.trust(address):
            address = hops.pop()
        return address[:64]

    def scheme(self, peer: str, forwarded: str, own: str) -> str:
        """`http` or `https`, as the client used it.

        Args:
            peer: the address at the other end of the socket.
            forwarded: the `X-Forwarded-Proto` header; empty without one.
            own: the scheme of the connection itself.
        """
        if not self._networks:
            return own
        first = _SCHEMES.get(forwarded.partition(",")[0].strip().lower())
        return first if first is not None and self.trust(peer) else own

    def trust(self, address: str) -> bool:
        """Whether this is the address of a proxy of ours."""
        if not self._networks:
            return False
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        found = getattr(found, "ipv4_mapped", None) or found  # a dual-stack socket shows IPv4 in IPv6
        return any(found in network for network in self._networks)
