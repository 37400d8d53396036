"""The REST load fails, and says why, when a server does not do its part."""

import pytest

from tests.support.answering import answering
from tsock.accounts.keys import SigningKey
from tsock.bench import http_client, questions, rest
from tsock.bench.client import LoadError
from tsock.bench.figures import Scale
from tsock.bench.server import Endpoint, GivenToken, Server, Signer

SIGNER = Signer(SigningKey("AC1", "SK1", "secret"), "IS1")


AUTHORIZED = b"Authorization: Basic U0sxOnNlY3JldA==\r\n"


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "CONNECTIONS", 1)


async def test_refusal_ends_the_run_and_is_repeated() -> None:
    refusal = b'HTTP/1.1 401 Unauthorized\r\nContent-Length: 14\r\n\r\n{"code":20003}'
    async with answering(lambda writer: writer.write(refusal), SIGNER, AUTHORIZED) as server:
        with pytest.raises(LoadError, match=r"POST /sync/.*Documents: expected 2xx, got .*401.*20003"):
            await questions.answer("rest", server, Scale())
        assert not server.clients


async def test_answer_that_never_comes_ends_the_run_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "PATIENCE_S", 0.05)
    async with answering(lambda writer: writer.write(b"HTTP/1.1 200 OK\r\n"), SIGNER, AUTHORIZED) as server:
        with pytest.raises(LoadError, match=r"^POST /sync/.*: no answer within 0\.05 s$"):
            await questions.answer("rest", server, Scale())


async def test_connection_that_the_server_ends_ends_the_run() -> None:
    async with answering(lambda writer: writer.transport.abort(), SIGNER, AUTHORIZED) as server:
        with pytest.raises(LoadError, match="the server ended a connection"):
            await questions.answer("rest", server, Scale())


def test_one_token_is_not_enough_for_rest() -> None:
    assert "rest" in questions.beyond(Server(Endpoint("h", 1), GivenToken("t")))
    assert "rest" not in questions.beyond(Server(Endpoint("h", 1), SIGNER))
