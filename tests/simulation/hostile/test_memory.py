"""What clients that never present a token can make a server hold."""

import asyncio

import pytest

from tests.interop.server import Server
from tests.simulation.client import connected, until
from tests.simulation.hostile.attack import unread_bytes
from tsock.bench.process import Process
from tsock.wire.client import ClientConnection
from tsock.wire.headers import Registration
from tsock.wire.websocket import CONTINUATION, frame

SOCKETS = 300
SENT_BYTES = 200_000
KIB_PER_SOCKET_MAX = 20 + 12
"""`init_bytes_max`, and the connection itself."""
MASK = b"mask"
UPGRADE = (
    b"GET /v3/wsconnect HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
HALF_SENT = {
    "a frame": frame(b"x" * 1_000_000, mask=MASK)[:SENT_BYTES],
    "fragments": frame(b"x", final=False, mask=MASK)
    + frame(b"x" * (SENT_BYTES // 100), CONTINUATION, final=False, mask=MASK) * 100,
}


@pytest.fixture
def process(server: Server) -> Process:
    return Process(server._process.pid)


async def _open(server: Server, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A socket that says this, and then nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UPGRADE)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    writer.write(data)
    await writer.drain()
    return reader, writer


async def _send(server: Server, data: bytes) -> asyncio.StreamWriter:
    _, writer = await _open(server, data)
    return writer


@pytest.mark.settings(init_timeout_s=600)
@pytest.mark.parametrize("what", HALF_SENT)
async def test_half_sent_packets_hold_no_more_than_an_init_needs(
    server: Server, process: Process, what: str
) -> None:
    data = HALF_SENT[what]
    async with connected(server.uri, server.token()) as beside:
        for writer in [
            await _send(server, data) for _ in range(20)
        ]:  # what the first ones cost, once for all
            writer.transport.abort()
        (await beside.get("/v3/Configuration")).ok()
        before_kib = process.resident_kib()

        writers = [await _send(server, data) for _ in range(SOCKETS)]
        await until(lambda: unread_bytes(server) == 0, "the server to read all that was sent")
        (await beside.get("/v3/Configuration")).ok()

        assert process.resident_kib() - before_kib <= SOCKETS * KIB_PER_SOCKET_MAX
        for writer in writers:
            writer.transport.abort()


@pytest.mark.parametrize(
    "registrations",
    [
        [Registration(product="data_sync") for _ in range(200)],
        [Registration(product="data_sync", message_types=[f"{number:08}" for number in range(1_200)])],
    ],
    ids=["many", "of many types"],
)
async def test_registrations_beyond_what_anybody_needs_are_not_kept(
    server: Server, process: Process, registrations: list[Registration]
) -> None:
    packet = ClientConnection().init(server.token(), registrations=registrations).packet
    assert len(packet) < 20_000  # that of `init_bytes_max`

    async def enter() -> asyncio.StreamWriter:
        reader, writer = await _open(server, frame(packet, mask=MASK))
        await reader.readuntil(b'"init_registrations":[]')
        return writer

    writers = [await enter() for _ in range(20)]  # what the first ones cost, once for all
    before_kib = process.resident_kib()
    writers += [await enter() for _ in range(SOCKETS)]
    assert process.resident_kib() - before_kib <= SOCKETS * KIB_PER_SOCKET_MAX
    for writer in writers:
        writer.transport.abort()


async def test_client_that_floods_before_its_init_is_told_and_dropped(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UPGRADE + frame(b"T", final=False, mask=MASK))
    await reader.readuntil(b"\r\n\r\n")
    writer.write(frame(b"", CONTINUATION, final=False, mask=MASK) * 2_000)
    async with asyncio.timeout(30):
        said = await reader.read()
    assert b'"method":"close"' in said
    assert b'"errorCode":51214' in said
    writer.transport.abort()
