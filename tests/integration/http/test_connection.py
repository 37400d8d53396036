"""Plain HTTP connections on real sockets: each wait for the client ends, heads and connections are limited.

A test sets the one time-out it is about to a moment, and all others so high that only that one can end it.
"""

import asyncio
import contextlib
import gc
import json
import socket
import struct
import weakref
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from tests.support.transport import AT_ONCE
from tsock.debugger.incident import Rejection
from tsock.gateway.entrance import entrance_class
from tsock.http.chunks import CHUNKS_PER_PIECE
from tsock.http.connection import HEAD_BYTES_MAX
from tsock.settings import Settings

MOMENT_S, PATIENCE_S, NEVER_S = 0.05, 30.0, 1000
GET = b"GET /a HTTP/1.1\r\n\r\n"
LAST_GET = b"GET /b HTTP/1.1\r\nConnection: close\r\n\r\n"
LARGE = b"x" * 4_000_000
"""Larger than what the kernel keeps for a reader."""


class Client(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def pause_reading(self) -> None:
        transport: Any = self.writer.transport
        transport.pause_reading()

    def reset(self) -> None:
        """End it so that the server's next write fails."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def response(self) -> tuple[bytes, bytes]:
        """Status line and body of the next response."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            return head.split(b"\r\n")[0], await self.reader.readexactly(size)

    async def ended(self) -> bytes:
        """Wait until the server has ended the connection; what it sent before."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


class Connections(set[Any]):
    """The HTTP connections of a server, which tells when there are any and when none."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[weakref.ref[Any]] = []
        self.used, self.emptied = asyncio.Event(), asyncio.Event()
        self.emptied.set()

    def add(self, connection: Any) -> None:
        super().add(connection)
        self.seen.append(weakref.ref(connection))
        self.used.set()
        self.emptied.clear()

    def discard(self, connection: Any) -> None:
        super().discard(connection)
        if not self:
            self.emptied.set()


class Server:
    """Answers every complete request with its path and the length of its body, `/large` with much more.

    `/early` is answered before its body has come, and `/held` once the test says so.
    """

    def __init__(self, folder: Path, keep_alive_s: int, **settings: Any) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.rejected: list[Rejection] = []
        self.release = asyncio.Event()
        config = Config(
            self._answer,
            interface="asgi3",
            ws="none",
            lifespan="off",
            log_config=None,
            timeout_keep_alive=keep_alive_s,
        )
        state = ServerState()
        patient = {"handshake_timeout_s": NEVER_S, "http_transfer_timeout_s": NEVER_S}
        limits = Settings(**{**patient, **settings})
        make = entrance_class(AT_ONCE, self._refuse, limits, "http://test", self.rejected.append)
        self.connections = state.connections = Connections()
        self._make: Callable[[], asyncio.Protocol] = lambda: make(config, state, {})
        self._servers: list[asyncio.Server] = []
        self._clients: list[Client] = []

    @staticmethod
    def _refuse(*_: object) -> None:
        raise AssertionError("nothing here asks for a WebSocket")

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])
        if scope["path"] == "/held":
            await self.release.wait()
        size, more = 0, scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message["body"])
            more = message["more_body"]
        text = LARGE if scope["path"] == "/large" else f"{scope['path']} {size}".encode()
        head = [(b"content-length", b"%d" % len(text))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": text})

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(self._make, "127.0.0.1", 0))
        self._servers.append(await loop.create_unix_server(self._make, self.folder / "control.sock"))

    async def connect(self) -> Client:
        # A small window, so that a response that nobody reads soon has to wait.
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, self._servers[0].sockets[0].getsockname())
        self._clients.append(Client(*await asyncio.open_connection(sock=raw, limit=HEAD_BYTES_MAX)))
        return self._clients[-1]

    async def connect_operator(self) -> Client:
        self._clients.append(Client(*await asyncio.open_unix_connection(self.folder / "control.sock")))
        return self._clients[-1]

    async def stop(self) -> None:
        for client in self._clients:
            client.writer.transport.abort()
        for server in self._servers:
            server.close()
        async with asyncio.timeout(PATIENCE_S):
            await self.connections.emptied.wait()


Start = Callable[..., Any]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts the server of a test, with these settings."""
    started: list[Server] = []

    async def begin(keep_alive_s: int = NEVER_S, **settings: Any) -> Server:
        started.append(Server(tmp_path, keep_alive_s, **settings))
        await started[-1].start()
        return started[-1]

    yield begin
    for server in started:
        await server.stop()


@pytest.mark.parametrize(
    "begun", [b"", b"G", b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"POST / HTTP/1.1\r\nHos", b"\r\n"]
)
async def test_head_that_is_never_completed_ends_the_connection(start: Start, begun: bytes) -> None:
    server = await start(handshake_timeout_s=MOMENT_S)
    client = await server.connect()
    await client.send(begun)
    assert await client.ended() == b""


@pytest.mark.parametrize("begun", [b"G", b"GET /healthz HTTP/1.1\r\nHost: x\r\n", b"\r\n"])
async def test_further_head_that_is_never_completed_ends_the_connection(start: Start, begun: bytes) -> None:
    server = await start(handshake_timeout_s=MOMENT_S)
    client = await server.connect()
    await client.send(GET)
    assert await client.response() == (b"HTTP/1.1 200 OK", b"/a 0")
    await client.send(begun)
    assert await client.ended() == b""


GET_WITH_BODY = b"GET /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"
CHUNKED = b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r"


@pytest.mark.parametrize(
    "pieces", [[GET_WITH_BODY + b"GET / HTTP/1.1\r\nA: b\r\n"], [CHUNKED, b"\nGET / HT"]]
)
async def test_head_that_begins_behind_a_body_ends_the_connection_unless_it_is_completed(
    start: Start, pieces: list[bytes]
) -> None:
    server = await start(handshake_timeout_s=MOMENT_S)
    client = await server.connect()
    for piece in pieces:
        await client.send(piece)
        await asyncio.sleep(0)
    assert (await client.ended()).count(b"HTTP/1.1 200 OK") == 1


@pytest.mark.parametrize("first", [GET_WITH_BODY, CHUNKED + b"\n"])
async def test_head_that_begins_behind_a_body_is_bounded(start: Start, first: bytes) -> None:
    server = await start()
    client = await server.connect()
    with contextlib.suppress(ConnectionError):
        await client.send(first + b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 50_000)
    statuses = [(await client.response())[0] for _ in range(2)]
    assert statuses == [b"HTTP/1.1 200 OK", b"HTTP/1.1 431 Request Header Fields Too Large"]


@pytest.mark.parametrize(
    "begun",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        GET + b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf",
    ],
)
async def test_body_that_is_never_completed_ends_the_connection(start: Start, begun: bytes) -> None:
    server = await start(http_transfer_timeout_s=MOMENT_S)
    client = await server.connect()
    await client.send(begun)
    assert b" 0\r\n" not in await client.ended()


async def test_requests_that_are_complete_in_time_are_answered_and_no_time_out_outlives_them(
    start: Start,
) -> None:
    server = await start(handshake_timeout_s=1, http_transfer_timeout_s=1)
    client = await server.connect()
    for _ in range(3):
        await client.send(b"POST /c HTTP/1.1\r\nContent-Len")
        await client.send(b"gth: 8\r\n\r\nhalf")
        await client.send(b"half")
        assert (await client.response())[1] == b"/c 8"
    # Longer than both time-outs: another connection's, begun after, runs out first.
    other = await server.connect()
    await other.send(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n")
    await other.ended()
    await client.send(GET + GET)
    assert [(await client.response())[1] for _ in range(2)] == [b"/a 0", b"/a 0"]


@pytest.mark.parametrize("asked", [b"GET /large HTTP/1.1\r\n\r\n", b"GET /large HTTP/1.0\r\n\r\n"])
async def test_response_that_is_never_read_ends_the_connection(start: Start, asked: bytes) -> None:
    server = await start(http_transfer_timeout_s=MOMENT_S)
    client = await server.connect()
    client.pause_reading()
    await client.send(asked + GET)
    async with asyncio.timeout(PATIENCE_S):
        await server.connections.used.wait()
        await server.connections.emptied.wait()


@pytest.mark.parametrize("size", [HEAD_BYTES_MAX - 1, HEAD_BYTES_MAX, HEAD_BYTES_MAX + 1, 300_000])
@pytest.mark.parametrize("piece", [500, 1_000_000])
async def test_head_beyond_16_kib_is_431_however_the_bytes_are_cut(
    start: Start, size: int, piece: int
) -> None:
    server = await start()
    client = await server.connect()
    head = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\nCookie: %b\r\n\r\n"
    request = head % (b"x" * (size - len(head) + 2)) + b"abc"
    try:
        for at in range(0, len(request), piece):
            await client.send(request[at : at + piece])
    except ConnectionError:
        pass  # refused meanwhile
    status, body = await client.response()
    if size <= HEAD_BYTES_MAX:
        assert (status, body) == (b"HTTP/1.1 200 OK", b"/a 3")
    else:
        assert status == b"HTTP/1.1 431 Request Header Fields Too Large"
        assert json.loads(body) == {
            "code": 20413,
            "message": "The head of a request may have 16384 bytes",
            "more_info": "http://test/errors/20413",
            "status": 431,
        }


@pytest.mark.parametrize(
    ("junk", "told"),
    [
        (b"hello\r\n\r\n", "What came is no HTTP/1.1: look what "),
        (b"FOO\x01BAR\r\n\r\n", "What came is no HTTP/1.1: look what "),
        (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "What came is no HTTP/1.1: look what "),
        (CHUNKED + b"\x16\x03\r\n", "What came is no HTTP/1.1: look what "),
        (b"\x16\x03\x01\x02\x00\x01", "TLS was spoken to the plain port: use ws:// "),
        (b"PRI * HT|TP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2 was spoken to a port for HTTP/1.1: have "),
    ],
)
async def test_what_is_no_http_is_400_in_json_and_told(
    start: Start, junk: bytes, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = await start()
    client = await server.connect()
    for piece in junk.split(b"|"):
        await client.send(piece)
        await asyncio.sleep(0)
    status, body = await client.response()
    error = json.loads(body)
    assert (status, error["code"]) == (b"HTTP/1.1 400 Bad Request", 20422)
    assert error["message"].startswith(told)
    assert await client.ended() == b""
    assert [rejection.error.message for rejection in server.rejected] == [error["message"]]
    assert "127.0.0.1" in error["message"]
    assert caplog.records == []


async def test_what_the_operator_sends_is_told_to_nobody_else(start: Start) -> None:
    server = await start()
    operator = await server.connect_operator()
    await operator.send(b"hello\r\n\r\n")
    assert (await operator.response())[0] == b"HTTP/1.1 400 Bad Request"
    assert server.rejected == []


async def test_long_bodies_and_many_requests_at_once_are_no_long_head(start: Start) -> None:
    server = await start()
    client = await server.connect()
    size = 3 * HEAD_BYTES_MAX
    request = b"POST /a HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    await client.send(request * 3 + GET * 2000)
    answers = [(await client.response())[1] for _ in range(2003)]
    assert answers == [b"/a %d" % size] * 3 + [b"/a 0"] * 2000


async def test_connection_beyond_the_limit_is_503_and_the_operator_still_gets_in(start: Start) -> None:
    server = await start(http_connections_max=2)
    first, second, third = [await server.connect() for _ in range(3)]
    for client in (first, second):  # an idle one would make room
        await client.send(GET + b"POST /a HTTP/1.1\r\nContent-Length: 1\r\nConnection: close\r\n\r\n")
        assert (await client.response())[0] == b"HTTP/1.1 200 OK"
    await third.send(GET)
    status, body = await third.response()
    assert status == b"HTTP/1.1 503 Service Unavailable"
    assert json.loads(body)["message"] == (
        "This server holds at most 2 HTTP connections (http_connections_max); try again"
    )
    assert await third.ended() == b""
    operator = await server.connect_operator()
    await operator.send(LAST_GET)
    assert (await operator.response())[0] == b"HTTP/1.1 200 OK"
    await operator.ended()
    await second.send(b"x")
    await second.response()
    await second.ended()
    fourth = await server.connect()
    await fourth.send(GET)
    assert (await fourth.response())[0] == b"HTTP/1.1 200 OK"


CHUNKED = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_trailers_are_not_kept_and_endless_ones_end_the_connection(start: Start) -> None:
    server = await start(http_body_bytes_max=1024)
    client = await server.connect()
    await client.send(CHUNKED + b"0\r\nX-Late: 1\r\n\r\n")
    assert await client.response() == (b"HTTP/1.1 200 OK", b"/a 0")
    await client.send(CHUNKED + b"0\r\n" + b"X-Late: 1\r\n" * 5000)
    assert await client.ended() == b""


async def test_body_in_chunks_of_a_byte_is_taken(start: Start) -> None:
    client = await (await start(http_body_bytes_max=1024)).connect()
    await client.send(CHUNKED + b"1\r\nx\r\n" * 1024 + b"0\r\n\r\n")
    assert await client.response() == (b"HTTP/1.1 200 OK", b"/a 1024")


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until it holds."""
    while not condition():  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0)


async def turns_until(condition: Callable[[], bool]) -> int:
    """How often the loop turns until it holds."""
    turns = 0
    while not condition():
        await asyncio.sleep(0)
        turns += 1
    return turns


class CountingParser:
    """A parser that counts in how many pieces it is fed."""

    def __init__(self, parser: Any) -> None:
        self._parser = parser
        self.pieces = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)

    def feed_data(self, data: bytes) -> None:
        self.pieces += 1
        self._parser.feed_data(data)


async def received(server: Server, data: bytes) -> tuple[Client, Any]:
    """Have a new connection hear "P", then this in one piece."""
    client = await server.connect()
    await client.send(b"P")
    async with asyncio.timeout(PATIENCE_S):
        await server.connections.used.wait()
    (connection,) = server.connections
    connection.parser = CountingParser(connection.parser)
    connection.data_received(data)
    return client, connection


CRLFS = b"\r\n" * 100_000


async def test_line_ends_in_a_chunk_cut_nothing(start: Start) -> None:
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(CRLFS), CRLFS)
    client, connection = await received(await start(), CHUNKED[1:] + chunk + GET)
    assert connection.parser.pieces == 2  # head and body; the request behind them waits
    assert await client.response() == (b"HTTP/1.1 200 OK", b"/a 200000")
    assert await client.response() == (b"HTTP/1.1 200 OK", b"/a 0")


async def test_body_in_many_chunks_takes_turns(start: Start) -> None:
    chunks, count = b"1\r\nx\r\n" * 10_000, 10_000
    client, connection = await received(await start(), CHUNKED[1:] + chunks + b"0\r\n\r\n")
    assert await turns_until(lambda: not connection.holds) >= count // CHUNKS_PER_PIECE - 1
    assert await client.response() == (b"HTTP/1.1 200 OK", b"/a 10000")
    assert connection.transport.is_reading()


@pytest.mark.parametrize("rest", [b"1\r\nx\r\n" * 10_000, b"0\r\n" + b"a:b\r\n" * 10_000])
async def test_body_that_nobody_waits_for_is_not_parsed_to_its_end(start: Start, rest: bytes) -> None:
    early = CHUNKED.replace(b"/a", b"/early")
    client, connection = await received(await start(), early[1:] + rest)
    await turns_until(lambda: not connection.holds)
    assert connection.parser.pieces == 2
    assert b"/early 0" in await client.ended()


async def test_small_body_in_chunks_ends_nothing_though_it_is_answered_by_its_head(start: Start) -> None:
    early = CHUNKED.replace(b"/a", b"/early") + b"1\r\nx\r\n" * 10 + b"0\r\n\r\n"
    client, _ = await received(await start(), early[1:] + GET)
    assert [(await client.response())[1] for _ in range(2)] == [b"/early 0", b"/a 0"]


@pytest.mark.parametrize("kind", [b"\r\n", b"\n", b"\r"])
async def test_lines_before_a_head_count_as_head(start: Start, kind: bytes) -> None:
    client = await (await start()).connect()
    with contextlib.suppress(ConnectionError):
        await client.send(kind * 100 + GET + kind * HEAD_BYTES_MAX + GET)
    statuses = [(await client.response())[0] for _ in range(2)]
    assert statuses == [b"HTTP/1.1 200 OK", b"HTTP/1.1 431 Request Header Fields Too Large"]


async def test_lines_before_a_head_are_one_piece_with_it(start: Start) -> None:
    client, connection = await received(await start(), CHUNKED[1:] + b"0\r\n\r\n")
    assert (await client.response())[1] == b"/a 0"
    before = connection.parser.pieces
    connection.data_received(b"\r\n" * 8000 + GET)
    assert (await client.response())[1] == b"/a 0"
    assert connection.parser.pieces == before + 1


HELD = b"GET /held HTTP/1.1\r\n\r\n"


async def test_requests_behind_one_that_is_not_answered_wait_unread(start: Start) -> None:
    server = await start()
    client = await server.connect()
    await client.send(HELD + GET * 3)
    async with asyncio.timeout(PATIENCE_S):
        await server.connections.used.wait()
        (connection,) = server.connections
        await until(lambda: connection.holds and len(server.asked) == 1)
    await client.send(GET * 3)
    assert not connection.transport.is_reading()
    assert (server.asked, len(connection.pipeline)) == (["/held"], 0)
    server.release.set()
    assert [(await client.response())[1] for _ in range(7)] == [b"/held 0"] + [b"/a 0"] * 6
    assert connection.transport.is_reading()


@pytest.mark.parametrize("cut", range(1, 60))
async def test_requests_in_a_row_are_answered_in_their_order_however_they_are_cut(
    start: Start, cut: int
) -> None:
    client = await (await start()).connect()
    row = HELD.replace(b"held", b"1") + b"POST /2 HTTP/1.1\r\nContent-Length: 8\r\n\r\n\r\n\r\n\r\n\r\n" + GET
    row += CHUNKED + b"4\r\n\r\n\r\n\r\n0\r\n\r\n" + GET
    for at in range(0, len(row), cut):
        await client.send(row[at : at + cut])
        await asyncio.sleep(0)
    assert [(await client.response())[1] for _ in range(5)] == [b"/1 0", b"/2 8", b"/a 0", b"/a 4", b"/a 0"]


async def test_what_waits_dies_with_its_connection(start: Start) -> None:
    server = await start()
    client = await server.connect()
    await client.send(HELD + GET * 100)
    async with asyncio.timeout(PATIENCE_S):
        await until(lambda: server.asked == ["/held"])
        client.reset()
        server.release.set()
        await server.connections.emptied.wait()
    assert server.asked == ["/held"]


POST = b"POST /early HTTP/1.1\r\nContent-Length: %d\r\n\r\n"


async def test_answer_that_does_not_wait_for_the_body_is_the_last_one_and_arrives(start: Start) -> None:
    client = await (await start()).connect()
    size = 3_000_000
    with contextlib.suppress(ConnectionError):
        await client.send(POST % size + GET * (size // len(GET)))
    said = await client.ended()
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close\r\n" in said
    assert said.count(b"HTTP/1.1 ") == 1


async def test_answer_that_does_not_wait_for_a_body_that_has_come_ends_nothing(start: Start) -> None:
    client = await (await start()).connect()
    for _ in range(2):
        await client.send(POST % 3 + b"abc")
        assert (await client.response())[1] == b"/early 0"


async def test_body_that_goes_on_for_ever_behind_its_answer_ends_the_connection(start: Start) -> None:
    client = await (await start(close_timeout_s=MOMENT_S)).connect()
    await client.send(POST % 3_000_000)
    assert b"/early 0" in await client.ended()


async def _use(server: Server) -> None:
    """Connections of every kind, each ended in its own way."""
    for sent in (LAST_GET, b"nonsense\r\n\r\n", CHUNKED + b"0\r\n\r\n" + LAST_GET, POST % 9):
        client = await server.connect()
        await client.send(sent)
        await client.ended()
        client.writer.transport.abort()
    for sent in (GET, HELD + GET * 9, b"POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", b"POST /a"):
        client = await server.connect()
        server.connections.used.clear()
        await client.send(sent)
        async with asyncio.timeout(PATIENCE_S):
            await server.connections.used.wait()
        if sent is GET:
            await client.response()
        client.reset()
    async with asyncio.timeout(PATIENCE_S):
        server.release.set()
        await server.connections.emptied.wait()
        await until(lambda: all(ref() is None for ref in server.connections.seen))


async def test_nothing_of_a_connection_waits_for_the_collector(start: Start) -> None:
    server = await start()
    gc.collect()
    gc.disable()
    try:
        await _use(server)
    finally:
        gc.enable()
    assert len(server.connections.seen) == 8
