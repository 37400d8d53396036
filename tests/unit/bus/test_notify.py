import asyncio
import socket

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.nodes import Node, event
from tests.support.postgres import administer, create_bare
from tsock.bus import notify
from tsock.bus.notify import TEXT_MAX, Notify
from tsock.bus.transport import NotConnected

PASSWORD = "hunter2/secret"


async def refused(transport: Notify) -> str:
    with pytest.raises(NotConnected) as refusal:
        async with transport.connect(lambda payload: None):
            pass
    return str(refusal.value)


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@[h/d", f"postgresql://u:{PASSWORD}@h/d/%zz"])
def test_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="expected postgresql://") as refusal:
        Notify(url, "x")
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__suppress_context__


async def test_reason_names_the_trouble_without_the_password() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        why = await refused(Notify(f"postgresql://u:hunter2@127.0.0.1:{port}/d", "x"))
    assert "refused" in why
    assert "hunter2" not in why
    assert "\n" not in why


@pytest.mark.timeout(30)
async def test_host_that_does_not_answer_leaves_time_for_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notify, "CONNECT_S", 2)  # libpq knows no shorter one
    there = conninfo_to_dict(create_bare())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there["host"] = f"127.0.0.1,{there['host']}"
        there["port"] = f"{silent.getsockname()[1]},{there.get('port', 5432)}"
        async with Notify(make_conninfo("", **there), "x").connect(lambda payload: None) as connection:
            await connection.probe()


async def test_largest_payload_just_fits() -> None:
    url = create_bare()
    heard = asyncio.Queue[bytes]()
    transport = Notify(url, "x")
    payload = b"\xff" * transport.payload_max
    async with transport.connect(heard.put_nowait) as connection:
        await connection.send([payload])
        assert await heard.get() == payload
    assert (transport.payload_max + 3) // 3 * 4 > TEXT_MAX


@pytest.mark.timeout(20)
async def test_what_comes_right_behind_the_answer_to_a_statement_is_heard_at_once() -> None:
    url = create_bare()
    heard = asyncio.Queue[bytes]()
    async with Notify(url, "x").connect(heard.put_nowait) as connection:
        for _ in range(10):
            sending = asyncio.ensure_future(connection.send([b"own"]))
            await asyncio.sleep(0)
            administer(url, "NOTIFY tsock_x, 'b3RoZXI='")  # while the loop is held up
            assert {await heard.get(), await heard.get()} == {b"own", b"other"}
            await sending


async def test_statement_that_fails_loses_the_connection() -> None:
    transport = Notify(create_bare(), "x")
    async with transport.connect(lambda payload: None) as connection:
        sending = asyncio.ensure_future(connection.send([b"x" * 8_000]))
        assert "payload string too long" in await connection.lost
        sending.cancel()


async def test_notifications_of_others_on_the_channel_are_no_messages() -> None:
    url = create_bare()
    node = Node("a", Notify(url, "x"))
    await node.told("connected")
    administer(url, "NOTIFY tsock_x, 'Grüße, keine Nachricht'")
    await node.told("unreadable")
    other = Node("b", Notify(url, "x"))
    await other.told("connected")
    other.bus.publish([event(1)])
    await node.until(lambda: node.facts)
    await node.close()
    await other.close()
