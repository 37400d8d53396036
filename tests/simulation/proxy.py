"""A TCP proxy that does to connections what networks do: it delays, stalls and cuts them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

CHUNK_BYTES = 4096
LIMIT_BYTES = 16 * 1024
"""What a stream takes in ahead; little, so that the sender feels it when nothing moves."""
NEVER = 1 << 62


class Trouble(NamedTuple):
    """What befalls one connection; bytes are counted from server to client."""

    cut_after_bytes: int = NEVER
    cut_after_s: float | None = None
    stall_after_bytes: int = NEVER
    stall_s: float = 0.0
    delay_s: float = 0.0
    """Each chunk, either way, comes this much later."""


class Proxy:
    """Forwards connections to a port of this host; `plan` draws the trouble of each."""

    def __init__(self, port: int, plan: Callable[[], Trouble]) -> None:
        self.uri = ""
        """Where clients reach the server through this proxy."""
        self.drops = 0
        """Connections that it has cut."""
        self._port = port
        self._plan = plan
        self._moving = asyncio.Event()
        self._moving.set()

    def hold(self) -> None:
        """Move nothing any more, either way, on any connection."""
        self._moving.clear()

    def release(self) -> None:
        """Go on where it was held."""
        self._moving.set()

    async def link(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it, or its trouble does."""
        trouble = self._plan()
        with contextlib.ExitStack() as stack:
            stack.callback(to_client.transport.abort)
            try:
                server, to_server = await asyncio.open_connection("127.0.0.1", self._port, limit=LIMIT_BYTES)
            except OSError:
                return
            stack.callback(to_server.transport.abort)
            up = asyncio.create_task(self._move(client, to_server, Trouble(delay_s=trouble.delay_s)))
            down = asyncio.create_task(self._move(server, to_client, trouble))
            ended, _ = await asyncio.wait(
                (up, down), timeout=trouble.cut_after_s, return_when=asyncio.FIRST_COMPLETED
            )
            self.drops += not ended or (down in ended and down.result())
            up.cancel()
            down.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    async def _move(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trouble: Trouble
    ) -> bool:
        """Carry bytes one way; whether that ended with a cut."""
        moved = 0
        stalls = trouble.stall_s > 0
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self._moving.wait()
                await asyncio.sleep(trouble.delay_s)
                if stalls and moved + len(data) > trouble.stall_after_bytes:
                    stalls = False
                    await asyncio.sleep(trouble.stall_s)
                writer.write(data[: trouble.cut_after_bytes - moved])
                moved += len(data)
                if moved >= trouble.cut_after_bytes:
                    return True
                await writer.drain()
        return False


@contextlib.asynccontextmanager
async def proxied(port: int, plan: Callable[[], Trouble] = Trouble) -> AsyncIterator[Proxy]:
    """A proxy before that port; connections that still stand at the end are cut."""
    proxy = Proxy(port, plan)
    async with asyncio.TaskGroup() as links:

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            links.create_task(proxy.link(reader, writer))

        listener = await asyncio.start_server(accept, "127.0.0.1", limit=LIMIT_BYTES)
        proxy.uri = f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v3/wsconnect"
        try:
            yield proxy
        finally:
            listener.close()
            proxy.release()
    await listener.wait_closed()
