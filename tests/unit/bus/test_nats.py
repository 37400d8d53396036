from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.nats import NatsServer
from tests.support.nodes import Node, event
from tsock.bus.nats import Nats
from tsock.bus.transport import NotConnected


@pytest.fixture(scope="module")
def guarded() -> Iterator[NatsServer]:
    server = NatsServer("--user", "tsock", "--pass", "hunter2")
    yield server
    server.stop()


async def refused(url: str) -> str:
    with pytest.raises(NotConnected) as refusal:
        async with Nats(url, "x").connect(lambda payload: None):
            pass
    return str(refusal.value)


@pytest.mark.parametrize(
    "url", ["", "http://h", "nats://", "nats://u:hunter2@h:port", "nats://h,redis://u:hunter2@h"]
)
def test_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="expected nats://HOST:PORT") as refusal:
        Nats(url, "x")
    assert "hunter2" not in str(refusal.value)


async def test_credentials_are_those_of_the_url(guarded: NatsServer) -> None:
    node = Node("a", Nats(f"nats://tsock:hunter2@127.0.0.1:{guarded.port}", "x"))
    await node.told("connected")
    await node.close()


async def test_wrong_credentials_are_named_without_being_shown(guarded: NatsServer) -> None:
    why = await refused(f"nats://tsock:hunter3@127.0.0.1:{guarded.port}")
    assert "Authorization Violation" in why
    assert "hunter3" not in why


async def test_server_that_is_not_there_is_named(guarded: NatsServer) -> None:
    why = await refused("nats://tsock:hunter2@127.0.0.1:1")
    assert "Connect call failed" in why
    assert "hunter2" not in why


async def test_one_of_several_servers_will_do(guarded: NatsServer) -> None:
    urls = f"nats://tsock:hunter2@127.0.0.1:1,nats://tsock:hunter2@127.0.0.1:{guarded.port}"
    async with Nats(urls, "x").connect(lambda payload: None) as connection:
        await connection.probe()


async def test_password_is_not_sent_in_the_clear_where_tls_was_asked_for(guarded: NatsServer) -> None:
    why = await refused(f"tls://tsock:hunter2@127.0.0.1:{guarded.port}")
    assert why == "the NATS server offers no TLS, which tls:// asks for"


async def test_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    pem = str(authority.server_file("127.0.0.1"))
    server = NatsServer("--tls", "--tlscert", pem, "--tlskey", pem)
    url = f"tls://127.0.0.1:{server.port}"
    assert "certificate verify failed" in (await refused(url)).lower()

    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file()))
    a, b = Node("a", Nats(url, "x")), Node("b", Nats(url, "x"))
    await a.told("connected")
    await b.told("connected")
    a.bus.publish([event(1)])
    await b.until(lambda: b.facts)
    await a.close()
    await b.close()
    server.stop()


async def test_user_who_may_not_use_the_subject_is_told_so(tmp_path: Path) -> None:
    config = tmp_path / "nats.conf"
    permissions = "permissions: {publish: other, subscribe: other}"
    config.write_text(f"authorization: {{users: [{{user: tsock, password: hunter2, {permissions}}}]}}\n")
    server = NatsServer("-c", str(config))
    nats = Nats(f"nats://tsock:hunter2@127.0.0.1:{server.port}", "x")
    async with nats.connect(lambda payload: None) as connection:
        assert "permissions violation" in (await connection.lost).lower()
    server.stop()


async def test_server_that_takes_too_little_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "nats.conf"
    config.write_text("max_payload: 4096\n")
    server = NatsServer("-c", str(config))
    why = await refused(server.url)
    assert why.startswith("the NATS server takes 4096 bytes in a message")
    server.stop()
