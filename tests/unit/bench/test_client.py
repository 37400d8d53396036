"""The load fails, and says why, when a server does not do its part."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tsock.bench import client, questions
from tsock.bench.client import LoadError
from tsock.bench.crowd import connect
from tsock.bench.figures import Figure, Scale
from tsock.bench.target import Address, OneToken, Target

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


@asynccontextmanager
async def serving(answer: Callable[[asyncio.StreamWriter], None]) -> AsyncIterator[Target]:
    """A server that answers each request for an upgrade like that, and nothing else."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        answer(writer)
        await reader.read()
        writer.close()
        ended.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield Target(Address("127.0.0.1", server.sockets[0].getsockname()[1]), OneToken("token"))
        await ended.wait()


@pytest.fixture(autouse=True)
def _ask_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    async def measure(target: Target, scale: Scale) -> list[Figure]:
        await connect(target, "token")
        return []

    monkeypatch.setitem(questions.QUESTIONS, "connect", measure)


async def test_reply_that_never_comes_ends_the_run_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE_S", 0.05)
    async with serving(lambda writer: writer.write(UPGRADED)) as target:
        with pytest.raises(LoadError, match=r"^init: no reply within 0\.05 s$"):
            await questions.answer("connect", target, Scale())
        assert not target.clients


async def test_connection_that_the_server_ends_ends_the_run() -> None:
    async with serving(lambda writer: writer.transport.abort()) as target:
        with pytest.raises(LoadError, match="the server ended a connection"):
            await questions.answer("connect", target, Scale())


async def test_server_that_speaks_something_else_is_told() -> None:
    async with serving(lambda writer: writer.write(b"HTTP/1.1 404 Not Found\r\n\r\n")) as target:
        with pytest.raises(LoadError, match=r"expected an upgrade to WebSocket, got .*404"):
            await questions.answer("connect", target, Scale())


async def test_port_where_nobody_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(LoadError, match=f"no connection to ws://127.0.0.1:{port}/v3/wsconnect: "):
        await questions.answer("connect", Target(Address("127.0.0.1", port), OneToken("token")), Scale())
