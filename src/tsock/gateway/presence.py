"""Which endpoints of a service's users come to this node, and go.

An endpoint may have several connections, as while an old one has not yet been missed: it comes with its first
and goes with its last. What other nodes have of it is for the watchers to know.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from tsock.accounts.caller import Caller
from tsock.gateway.endpoint import Endpoint


class Watcher(Protocol):
    """What wants to know, for one product."""

    product: str

    def wants(self, service_sid: str) -> bool:
        """Whether a service is to be told at all."""
        ...

    def came(self, service_sid: str, identity: str, endpoint_id: str) -> None:
        """Hear of an endpoint that has its first connection here."""
        ...

    def left(self, service_sid: str, identity: str, endpoint_id: str, *, said_goodbye: bool) -> None:
        """Hear of one that has lost its last connection here."""
        ...

    async def stop(self) -> None:
        """Wait until all that was heard has been taken care of, and for nothing else any longer."""
        ...


class AcceptedConnections(Protocol):
    """Which connections were let in."""

    def of_identity(self, account_sid: str, identity: str) -> Iterable[Endpoint]:
        """Those of an identity."""
        ...


class Presence:
    """Hears of every accepted connection and of its end, and tells those who watch."""

    def __init__(self, sessions: AcceptedConnections, watchers: Sequence[Watcher]) -> None:
        self._sessions = sessions
        self._watchers = watchers

    def connected(self, endpoint: Endpoint) -> None:
        """A connection was accepted and stands."""
        caller = endpoint.caller
        assert caller is not None
        for watcher, service_sid in self._concerned(endpoint, caller):
            watcher.came(service_sid, caller.identity, endpoint.endpoint_id)

    def left(self, endpoint: Endpoint) -> None:
        """A connection is gone, which may not have been accepted."""
        caller = endpoint.caller
        if caller is None:
            return
        for watcher, service_sid in self._concerned(endpoint, caller):
            watcher.left(
                service_sid, caller.identity, endpoint.endpoint_id, said_goodbye=endpoint.said_goodbye
            )

    async def stop(self) -> None:
        """See all that was told taken care of, for as long as the watchers take."""
        for watcher in self._watchers:
            await watcher.stop()

    def _concerned(self, endpoint: Endpoint, caller: Caller) -> Iterator[tuple[Watcher, str]]:
        """Who is to hear of an endpoint that has no other connection, and of which service's."""
        for watcher in self._watchers:
            service_sid = caller.products.get(watcher.product)
            if (
                service_sid is not None
                and watcher.wants(service_sid)
                and not self._has_another(endpoint, caller, watcher.product, service_sid)
            ):
                yield watcher, service_sid

    def _has_another(self, endpoint: Endpoint, caller: Caller, product: str, service_sid: str) -> bool:
        """Whether an endpoint has another connection to the service."""
        return any(
            other is not endpoint
            and other.endpoint_id == endpoint.endpoint_id
            and other.caller is not None
            and other.caller.products.get(product) == service_sid
            for other in self._sessions.of_identity(caller.account_sid, caller.identity)
        )
