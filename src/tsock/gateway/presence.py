"""Which endpoints of a service's users come and go.

An endpoint may have several connections, as while an old one has not yet been missed: it comes with the first
and goes with the last. With a window a watcher is told of an absence only once the identity, with all its
endpoints, has been away for the whole window. The window is real time, not the movable clock's: it is there
to outlast a reconnect, which takes the time it takes, and an hour forward drops no connection either.

Which connections stand is asked of `Sessions`, and what a watcher wants at the moment of telling it, so a
change of its wishes holds from then on.
"""

from collections.abc import Iterable
from typing import Protocol

from tsock.api.live import PresenceChange
from tsock.deadlines import Deadline, Deadlines
from tsock.gateway.endpoint import Endpoint


class Watcher(Protocol):
    """What wants to know, for one product."""

    product: str
    ends_at_goodbye: bool
    """Whether an endpoint that says goodbye is absent at once, whatever the window."""
    is_told_at_stop: bool
    """Whether it is told of those who are away when the server stops."""

    def window_ms(self, service_sid: str) -> int | None:
        """For how long an absence is to last before it is told; 0 for none, None for nothing at all."""
        ...

    def tell(self, change: PresenceChange, service_sid: str, identity: str, endpoint_id: str) -> None:
        """Hear of an endpoint, if that is still wanted."""
        ...

    async def told(self) -> None:
        """Wait until all that was told has been taken care of."""
        ...


class AcceptedConnections(Protocol):
    """Which connections were let in."""

    def of_identity(self, account_sid: str, identity: str) -> Iterable[Endpoint]:
        """Those of an identity."""
        ...


class Presence:
    """Hears of every accepted connection and of its end, for one watcher."""

    def __init__(self, sessions: AcceptedConnections, deadlines: Deadlines, watcher: Watcher) -> None:
        self._sessions = sessions
        self._deadlines = deadlines
        self._watcher = watcher
        self._absences: dict[tuple[str, str], tuple[str, Deadline]] = {}
        """The endpoint that left last and the end of the window, by service SID and identity."""

    def connected(self, endpoint: Endpoint) -> None:
        """A connection was accepted and stands."""
        caller = endpoint.caller
        assert caller is not None
        service_sid = caller.products.get(self._watcher.product, "")
        absence = self._absences.pop((service_sid, caller.identity), None)
        if absence is not None:
            absence[1].cancel()  # nobody was told of its absence, so nobody is told of its return
        elif self._watcher.window_ms(service_sid) is not None and not self._shared(endpoint, service_sid):
            self._watcher.tell("connected", service_sid, caller.identity, endpoint.endpoint_id)

    def left(self, endpoint: Endpoint) -> None:
        """A connection is gone, which may not have been accepted."""
        caller = endpoint.caller
        if caller is None:
            return
        service_sid = caller.products.get(self._watcher.product, "")
        window_ms = self._watcher.window_ms(service_sid)
        if window_ms is None:
            return
        if not window_ms or (endpoint.said_goodbye and self._watcher.ends_at_goodbye):
            if not self._shared(endpoint, service_sid):
                self._watcher.tell("disconnected", service_sid, caller.identity, endpoint.endpoint_id)
        elif not self._others(endpoint, service_sid):
            place = service_sid, caller.identity
            over = self._deadlines.after(window_ms / 1000, lambda: self._give_up(place))
            self._absences[place] = endpoint.endpoint_id, over

    def awaits(self, service_sid: str, identity: str) -> bool:
        """Whether an identity is away, and its window is not over."""
        return (service_sid, identity) in self._absences

    async def stop(self) -> None:
        """Let nobody wait for those who are away any longer, and see all that was told taken care of.

        Call it when no connection is left; it waits for as long as the watcher takes.
        """
        for place, (_, over) in list(self._absences.items()):
            over.cancel()
            if self._watcher.is_told_at_stop:
                self._give_up(place)
        await self._watcher.told()

    def _give_up(self, place: tuple[str, str]) -> None:
        """The window is over, and nobody came."""
        endpoint_id, _ = self._absences.pop(place)
        self._watcher.tell("disconnected", *place, endpoint_id)

    def _others(self, endpoint: Endpoint, service_sid: str) -> list[Endpoint]:
        """The other connections that its identity has to the service."""
        caller, product = endpoint.caller, self._watcher.product
        assert caller is not None
        return [
            other
            for other in self._sessions.of_identity(caller.account_sid, caller.identity)
            if other is not endpoint and other.caller and other.caller.products.get(product) == service_sid
        ]

    def _shared(self, endpoint: Endpoint, service_sid: str) -> bool:
        """Whether its endpoint has another connection."""
        return any(other.endpoint_id == endpoint.endpoint_id for other in self._others(endpoint, service_sid))
