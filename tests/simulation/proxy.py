"""A TCP proxy that does to connections what networks do: it delays, stalls and cuts them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple, TypeVar

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
        self.listens_at = 0
        """The port where clients reach the server through this proxy."""
        self.drops = 0
        """Connections that it has cut."""
        self._port = port
        self._plan = plan
        self._moving = asyncio.Event()
        self._moving.set()
        self._cut = asyncio.Event()
        self._is_closed = False

    @property
    def uri(self) -> str:
        """Where clients of tsock reach it."""
        return f"ws://127.0.0.1:{self.listens_at}/v3/wsconnect"

    def close(self) -> None:
        """Cut every connection, and let nobody in."""
        self._is_closed = True
        self._cut.set()
        self._cut = asyncio.Event()

    def open(self) -> None:
        """Let them in again."""
        self._is_closed = False

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
            if self._is_closed:
                return
            try:
                server, to_server = await asyncio.open_connection("127.0.0.1", self._port, limit=LIMIT_BYTES)
            except OSError:
                return
            stack.callback(to_server.transport.abort)
            up = asyncio.create_task(self._move(client, to_server, Trouble(delay_s=trouble.delay_s)))
            down = asyncio.create_task(self.move_down(server, to_client, trouble))
            cut = asyncio.create_task(self._cut.wait())
            ended, _ = await asyncio.wait(
                (up, down, cut), timeout=trouble.cut_after_s, return_when=asyncio.FIRST_COMPLETED
            )
            self.drops += not ended or cut in ended or (down in ended and down.result())
            for each in (up, down, cut):
                each.cancel()
            await asyncio.gather(up, down, cut, return_exceptions=True)

    async def moving(self) -> None:
        """Wait while nothing is to move."""
        await self._moving.wait()

    async def move_down(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trouble: Trouble
    ) -> bool:
        """Carry what the server says; whether that ended with a cut."""
        return await self._move(reader, writer, trouble)

    async def _move(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trouble: Trouble
    ) -> bool:
        """Carry bytes one way; whether that ended with a cut."""
        moved = 0
        stalls = trouble.stall_s > 0
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self.moving()
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


AnyProxy = TypeVar("AnyProxy", bound=Proxy)


@contextlib.asynccontextmanager
async def proxied(port: int, plan: Callable[[], Trouble] = Trouble) -> AsyncIterator[Proxy]:
    """A proxy before that port; connections that still stand at the end are cut."""
    async with listening(Proxy(port, plan)) as proxy:
        yield proxy


@contextlib.asynccontextmanager
async def listening(proxy: AnyProxy) -> AsyncIterator[AnyProxy]:
    """Let clients in for as long as this lasts."""
    async with asyncio.TaskGroup() as links:

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            links.create_task(proxy.link(reader, writer))

        listener = await asyncio.start_server(accept, "127.0.0.1", limit=LIMIT_BYTES)
        proxy.listens_at = listener.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            listener.close()
            proxy.close()
            proxy.release()
    await listener.wait_closed()
