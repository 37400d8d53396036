"""A bus in memory that loses, repeats, delays and reorders by a seed, and can be cut."""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec

from tsock.bus.transport import Connection, Hear, NotConnected


class Faults(msgspec.Struct, frozen=True):
    """How often each happens to one payload on its way to one node, from 0 to 1."""

    lost: float = 0.0
    repeated: float = 0.0
    delayed: float = 0.0
    """Until some others have passed it."""
    delay_payloads_max: int = 5


class Way:
    """What becomes of one payload after the other on the way to one node."""

    def __init__(self, faults: Faults, chance: random.Random) -> None:
        self.faults = faults
        self._chance = chance
        self._held = list[tuple[int, bytes]]()
        """How many others still pass it, and what it is."""

    def arrive(self, payload: bytes) -> list[bytes]:
        """What arrives now that this was sent."""
        chance, faults = self._chance, self.faults
        if chance.random() < faults.lost:
            return []
        arrived: list[bytes] = []
        for _ in range(2 if chance.random() < faults.repeated else 1):
            if chance.random() < faults.delayed:
                self._held.append((chance.randint(1, faults.delay_payloads_max), payload))
            else:
                arrived.append(payload)
        self._held = [(left - 1, held) for left, held in self._held]
        arrived += [held for left, held in self._held if left <= 0]
        self._held = [each for each in self._held if each[0] > 0]
        return arrived

    def release_all(self) -> list[bytes]:
        """What was still delayed."""
        held, self._held = self._held, []
        return [payload for _, payload in held]


class Server:
    """Hands each payload to every connection with the same installation, its sender's included."""

    def __init__(self, seed: int = 0, faults: Faults = Faults()) -> None:  # noqa: B008 - it does not change
        self.faults = faults
        self.down: str | None = None
        self.is_mute = False
        """Whether probes go unanswered."""
        self._random = random.Random(seed)
        self._connections = list[_Connection]()

    def transport(self, installation: str, payload_max: int = 4096) -> "Memory":
        return Memory(self, installation, payload_max)

    def cut(self) -> None:
        """End every connection and let nobody in."""
        self.down = "the bus was cut"
        for connection in list(self._connections):
            connection.lose(self.down)

    def mend(self) -> None:
        self.down = None

    def settle(self) -> None:
        """Let everything arrive that is still delayed."""
        for connection in self._connections:
            connection.release_all()

    def pass_on(self, installation: str, payload: bytes) -> None:
        for connection in self._connections:
            if connection.installation == installation:
                connection.receive(payload)

    @asynccontextmanager
    async def connection(self, installation: str, hear: Hear) -> AsyncGenerator["_Connection"]:
        if self.down is not None:
            raise NotConnected(self.down)
        made = _Connection(self, installation, hear, self._random)
        self._connections.append(made)
        try:
            yield made
        finally:
            self._connections.remove(made)
            made.lose("closed")


class Memory:
    """The transport of one node."""

    def __init__(self, server: Server, installation: str, payload_max: int) -> None:
        self.payload_max = payload_max
        self._server = server
        self._installation = installation

    def connect(self, hear: Hear) -> AbstractAsyncContextManager[Connection]:
        return self._server.connection(self._installation, hear)


class _Connection:
    def __init__(self, server: Server, installation: str, hear: Hear, chance: random.Random) -> None:
        self.installation = installation
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._server = server
        self._hear = hear
        self._way = Way(server.faults, chance)

    async def send(self, payloads: Sequence[bytes]) -> None:
        for payload in payloads:
            if not self.lost.done():
                self._server.pass_on(self.installation, payload)

    async def probe(self) -> None:
        if self.lost.done() or self._server.is_mute:
            await asyncio.Event().wait()

    def lose(self, why: str) -> None:
        self._way.release_all()
        if not self.lost.done():
            self.lost.set_result(why)

    def receive(self, payload: bytes) -> None:
        self._way.faults = self._server.faults
        for each in self._way.arrive(payload):
            self._arrive(each)

    def release_all(self) -> None:
        for payload in self._way.release_all():
            self._arrive(payload)

    def _arrive(self, payload: bytes) -> None:
        asyncio.get_running_loop().call_soon(self._deliver, payload)

    def _deliver(self, payload: bytes) -> None:
        if not self.lost.done():
            self._hear(payload)
