"""The transports of the bus, as the contract suite opens, cuts and mends them."""

import functools
from collections.abc import Callable
from typing import Protocol

from tests.support import postgres
from tests.support.bus import Server
from tests.support.nats import NatsServer
from tsock.bus.nats import Nats
from tsock.bus.notify import Notify
from tsock.bus.transport import Transport


class Buses(Protocol):
    """One server, at first there."""

    def transport(self, installation: str) -> Transport:
        """One node's way to it."""
        ...

    def cut(self) -> None:
        """Let the server go, and every connection with it."""
        ...

    def mend(self) -> None:
        """Let it come back."""
        ...

    def close(self) -> None: ...


class MemoryBuses(Server):
    def close(self) -> None:
        self.cut()


class NotifyBuses:
    def __init__(self) -> None:
        self._url = _url()

    def transport(self, installation: str) -> Transport:
        return Notify(self._url, installation)

    def cut(self) -> None:
        postgres.take_away(self._url)

    def mend(self) -> None:
        postgres.give_back(self._url)

    def close(self) -> None:
        self.mend()


class NatsBuses:
    def __init__(self) -> None:
        self._server = NatsServer()

    def transport(self, installation: str) -> Transport:
        return Nats(self._server.url, installation)

    def cut(self) -> None:
        self._server.stop()

    def mend(self) -> None:
        self._server.start()

    def close(self) -> None:
        self._server.stop()


_url = functools.cache(postgres.create_bare)

TRANSPORTS: dict[str, Callable[[], Buses]] = {
    "memory": MemoryBuses,
    "notify": NotifyBuses,
    "nats": NatsBuses,
}
