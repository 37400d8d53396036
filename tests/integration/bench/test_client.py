"""The load fails, and says why, when a server does not do its part."""

import socket

import pytest

from tests.support.answering import answering
from tsock.bench import client, questions
from tsock.bench.client import LoadError
from tsock.bench.crowd import connect
from tsock.bench.figures import Figure, Scale
from tsock.bench.server import Endpoint, GivenToken, Server

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


TOKEN = GivenToken("token")


@pytest.fixture(autouse=True)
def _ask_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    async def measure(server: Server, scale: Scale) -> list[Figure]:
        await connect(server, "token")
        return []

    monkeypatch.setitem(questions.QUESTIONS, "connect", measure)


async def test_reply_that_never_comes_ends_the_run_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE_S", 0.05)
    async with answering(lambda writer: writer.write(UPGRADED), TOKEN) as server:
        with pytest.raises(LoadError, match=r"^init: no reply within 0\.05 s$"):
            await questions.answer("connect", server, Scale())
        assert not server.clients


async def test_connection_that_the_server_ends_ends_the_run() -> None:
    async with answering(lambda writer: writer.transport.abort(), TOKEN) as server:
        with pytest.raises(LoadError, match="the server ended a connection"):
            await questions.answer("connect", server, Scale())


async def test_server_that_speaks_something_else_is_told() -> None:
    async with answering(lambda writer: writer.write(b"HTTP/1.1 404 Not Found\r\n\r\n"), TOKEN) as server:
        with pytest.raises(LoadError, match=r"expected an upgrade to WebSocket, got .*404"):
            await questions.answer("connect", server, Scale())


async def test_port_where_nobody_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(LoadError, match=f"no connection to ws://127.0.0.1:{port}/v3/wsconnect: "):
        await questions.answer("connect", Server(Endpoint("127.0.0.1", port), TOKEN), Scale())
