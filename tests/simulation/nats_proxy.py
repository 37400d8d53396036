"""A proxy before a NATS server that loses, repeats and delays what the server hands to one node."""

import asyncio
import contextlib
from random import Random

from tests.simulation.proxy import Proxy, Trouble
from tests.support.bus import Faults, Way

NONE = Faults()


class NatsProxy(Proxy):
    """Without faults, until it is given some."""

    def __init__(self, port: int, chance: Random) -> None:
        super().__init__(port, Trouble)
        self.faults = NONE
        self.delay_s = 0.0
        """Each message comes so much later."""
        self._chance = chance

    @property
    def url(self) -> str:
        """Where nodes reach it."""
        return f"nats://127.0.0.1:{self.listens_at}"

    async def move_down(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trouble: Trouble
    ) -> bool:
        way = Way(self.faults, self._chance)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                said = await reader.readuntil(b"\r\n")
                await self.moving()
                if said.startswith(b"MSG "):
                    message = said + await reader.readexactly(int(said.split()[-1]) + 2)
                    await asyncio.sleep(self.delay_s)
                    way.faults = self.faults
                    writer.writelines(way.arrive(message))
                else:
                    writer.write(said)
                await writer.drain()
        return False
