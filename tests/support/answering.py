"""A server for one connection of a load, which does not do its part."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tsock.bench.server import Endpoint, GivenToken, Server, Signer


@asynccontextmanager
async def answering(
    answer: Callable[[asyncio.StreamWriter], None], credentials: GivenToken | Signer, field: bytes = b""
) -> AsyncIterator[Server]:
    """It reads one request head, in which `field` must stand, answers like that, and nothing else."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert field in await reader.readuntil(b"\r\n\r\n")
        answer(writer)
        await reader.read()
        writer.close()
        ended.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield Server(Endpoint("127.0.0.1", server.sockets[0].getsockname()[1]), credentials)
        await ended.wait()
