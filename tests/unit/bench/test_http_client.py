"""The REST load fails, and says why, when a server does not do its part."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tsock.accounts.keys import SigningKey
from tsock.bench import http_client, questions, rest
from tsock.bench.client import LoadError
from tsock.bench.figures import Scale
from tsock.bench.target import Address, OneToken, Signer, Target

SIGNER = Signer(SigningKey("AC1", "SK1", "secret"), "IS1")


@asynccontextmanager
async def serving(answer: Callable[[asyncio.StreamWriter], None]) -> AsyncIterator[Target]:
    """A server that answers each request for REST like that, and nothing else."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Authorization: Basic U0sxOnNlY3JldA==\r\n" in head
        answer(writer)
        await reader.read()
        writer.close()
        ended.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield Target(Address("127.0.0.1", server.sockets[0].getsockname()[1]), SIGNER)
        await ended.wait()


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "CONNECTIONS", 1)


async def test_refusal_ends_the_run_and_is_repeated() -> None:
    refusal = b'HTTP/1.1 401 Unauthorized\r\nContent-Length: 14\r\n\r\n{"code":20003}'
    async with serving(lambda writer: writer.write(refusal)) as target:
        with pytest.raises(LoadError, match=r"POST /sync/.*Documents: expected 2xx, got .*401.*20003"):
            await questions.answer("rest", target, Scale())
        assert not target.clients


async def test_answer_that_never_comes_ends_the_run_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "PATIENCE_S", 0.05)
    async with serving(lambda writer: writer.write(b"HTTP/1.1 200 OK\r\n")) as target:
        with pytest.raises(LoadError, match=r"^POST /sync/.*: no answer within 0\.05 s$"):
            await questions.answer("rest", target, Scale())


async def test_connection_that_the_server_ends_ends_the_run() -> None:
    async with serving(lambda writer: writer.transport.abort()) as target:
        with pytest.raises(LoadError, match="the server ended a connection"):
            await questions.answer("rest", target, Scale())


def test_one_token_is_not_enough_for_rest() -> None:
    assert "rest" in questions.beyond(Target(Address("h", 1), OneToken("t")))
    assert "rest" not in questions.beyond(Target(Address("h", 1), SIGNER))
