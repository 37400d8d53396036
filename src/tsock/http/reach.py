"""How clients reach this server: by which scheme, host and port."""

from collections.abc import Mapping

from tsock.api.addressing import origin
from tsock.api.known_hosts import KnownHosts
from tsock.http.proxies import Proxies

READ = {name.encode(): name for name in ("host", "origin", "x-forwarded-proto")}
"""Names of the headers that tell, as they come and as they are asked for."""


class Reach:
    """Finds it out of a request's head, where the head tells."""

    def __init__(self, proxies: Proxies, base_url: str, known_hosts: KnownHosts | None = None) -> None:
        """Take what is known beforehand.

        Args:
            proxies: whose word counts about the scheme.
            base_url: where this server is reached, for what cannot tell it from a request.
            known_hosts: by which names alone it answers, and pages of which it lets in; None for any.
        """
        self.proxies = proxies
        self.base_url = base_url
        self.has_known_hosts = known_hosts is not None
        self._known_hosts = known_hosts

    def of(self, headers: Mapping[str, str], peer: str, address: str, own_scheme: str) -> str:
        """Scheme, host and port by which the client reaches the server.

        Args:
            headers: of its request, names in lower case.
            peer: the address at the other end of the socket.
            address: the client's own.
            own_scheme: of the connection itself.

        Raises:
            ApiError: 400/20422, the host is none; 403/20403, this server does not answer to its name, or to
                pages of the one that asks.
        """
        scheme = self.proxies.scheme(peer, headers.get("x-forwarded-proto", ""), own_scheme)
        reached = origin(scheme, headers.get("host"), self.base_url)
        if self._known_hosts is not None:
            self._known_hosts.check(reached, headers.get("origin"), address)
        return reached
