"""Answers that stream, over real sockets, and answers that ask something outside first."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import pytest
from structlog.testing import capture_logs
from uvicorn.config import Config
from uvicorn.server import ServerState

from tests.support.rig import BASE_URL, Rig
from tests.support.transport import AT_ONCE
from tests.support.web import Web
from tsock.api.request import Answer, Ask, ClientGone, Door, Read, Request, Response, Streamed, Write
from tsock.api.router import Route, Router
from tsock.errors import ApiError
from tsock.gateway.entrance import entrance_class
from tsock.http.asgi import HttpShell
from tsock.http.proxies import Proxies
from tsock.http.reach import Reach
from tsock.settings import Settings

PATIENCE_S = 30.0
LIMIT = "send_queue_bytes_max"
"""Any setting in bytes will do."""
UPLOAD_BYTES_MAX = 8 * 1024 * 1024
PIECE = b"x" * 65_536


class Client(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        async with asyncio.timeout(PATIENCE_S):
            self.writer.write(data)
            await self.writer.drain()

    async def head(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return (await self.reader.readuntil(b"\r\n\r\n")).lower()

    async def rest(self) -> bytes:
        """Everything until the server hangs up."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()


Connect = Callable[[Callable[[Request], Answer]], Awaitable[Client]]


@pytest.fixture
async def connect(rig: Rig) -> AsyncIterator[Connect]:
    """Serves a handler at `/stream` by every method, and connects to it."""
    servers: list[asyncio.Server] = []
    clients: list[Client] = []

    async def begin(handler: Callable[[Request], Answer]) -> Client:
        router = Router()
        router.add([Route(Door.HTTP, "POST", "/stream", handler, upload=LIMIT)])
        router.add([Route(Door.HTTP, "GET", "/stream", handler)])
        settings = Settings(http_body_bytes_max=65_536, send_queue_bytes_max=UPLOAD_BYTES_MAX)
        shell = HttpShell(
            router,
            rig.store,
            rig.gatekeeper(),
            rig.metrics,
            rig.ids,
            settings=settings,
            reach=Reach(Proxies(()), BASE_URL),
            reject=rig.debugger.request_rejected,
        )
        config = Config(shell, ws="none", lifespan="off", log_config=None, timeout_keep_alive=1000)
        make, state = entrance_class(AT_ONCE, refuse, settings, BASE_URL, refuse), ServerState()
        loop = asyncio.get_running_loop()
        servers.append(await loop.create_server(lambda: make(config, state, {}), "127.0.0.1", 0))
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        await loop.sock_connect(raw, servers[-1].sockets[0].getsockname())
        clients.append(Client(*await asyncio.open_connection(sock=raw, limit=65_536)))
        return clients[-1]

    yield begin
    for client in clients:
        client.writer.transport.abort()
    for server in servers:
        server.close()


def refuse(*_: object) -> None:
    raise AssertionError("nothing here asks for a WebSocket")


async def soon(condition: Callable[[], bool]) -> None:
    """Let the loop turn until it holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)


class Taker:
    """Takes an upload, in pieces and only once it may."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.taken = 0
        self.ended: BaseException | None = None
        self.thens = 0

    def __call__(self, request: Request) -> Answer:
        assert request.upload is not None
        assert request.body == b""
        upload = request.upload

        async def take() -> int:
            try:
                async for piece in upload:
                    self.taken += len(piece)
                    await self.may.wait()
            except (ApiError, ClientGone) as error:
                self.ended = error
                raise
            return self.taken

        return Ask(take, self._then)

    def _then(self, size: int) -> Answer:
        self.thens += 1
        return Response(200, b"%d" % size)


def upload(size: int) -> bytes:
    return b"POST /stream HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size


CHUNKED = b"POST /stream HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("chunked", [False, True])
async def test_upload_reaches_its_handler_while_it_arrives(connect: Connect, chunked: bool) -> None:
    taker = Taker()
    taker.may.set()
    client = await connect(taker)
    await client.send((CHUNKED + b"4\r\nabcd\r\n") if chunked else (upload(7) + b"abcd"))
    await soon(lambda: taker.taken == 4)
    await client.send(b"3\r\nefg\r\n0\r\n\r\n" if chunked else b"efg")
    assert (await client.rest()).endswith(b"\r\n\r\n7")


async def test_upload_that_nobody_takes_is_not_read_on_and_may_be_larger_than_other_bodies(
    connect: Connect,
) -> None:
    taker = Taker()
    client = await connect(taker)
    count = UPLOAD_BYTES_MAX // len(PIECE)

    async def push() -> None:
        for _ in range(count):
            await client.send(PIECE)

    await client.send(upload(count * len(PIECE)))
    pushing = asyncio.create_task(push())
    await soon(lambda: taker.taken > 0)
    for _ in range(1000):
        await asyncio.sleep(0)
    assert not pushing.done()
    taker.may.set()
    assert (await client.rest()).endswith(b"\r\n\r\n%d" % UPLOAD_BYTES_MAX)
    await pushing


@pytest.mark.parametrize("declared", [True, False])
async def test_upload_beyond_its_limit_is_413(connect: Connect, declared: bool) -> None:
    taker = Taker()
    taker.may.set()
    client = await connect(taker)
    if declared:
        await client.send(upload(UPLOAD_BYTES_MAX + 1))
    else:
        await client.send(CHUNKED)
        with contextlib.suppress(ConnectionError):
            for _ in range(UPLOAD_BYTES_MAX // len(PIECE) + 1):
                await client.send(b"%x\r\n%b\r\n" % (len(PIECE), PIECE))
    said = await client.rest()
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"8388608 bytes (send_queue_bytes_max)" in said
    assert taker.thens == 0
    assert (taker.ended is None) == declared


async def test_upload_whose_client_goes_leads_to_nothing(connect: Connect) -> None:
    taker = Taker()
    taker.may.set()
    client = await connect(taker)
    await client.send(upload(9) + b"half")
    await soon(lambda: taker.taken == 4)
    client.writer.transport.abort()
    await soon(lambda: taker.ended is not None)
    assert isinstance(taker.ended, ClientGone)
    assert taker.thens == 0


class Giver:
    """Gives a download, piece by piece."""

    def __init__(self, count: int, size: int | None = None, fails_at: int = -1) -> None:
        self.given = 0
        self.closed = False
        self._count = count
        self._size = size
        self._fails_at = fails_at

    def __call__(self, request: Request) -> Answer:
        return Streamed(200, self._pieces(), "text/plain", self._size, {"x-more": "1"})

    async def _pieces(self) -> AsyncGenerator[bytes]:
        try:
            while self.given < self._count:
                if self.given == self._fails_at:
                    raise OSError("the disk is gone")
                self.given += 1
                yield PIECE
        finally:
            self.closed = True


GET = b"GET /stream HTTP/1.1\r\nConnection: close\r\n\r\n"


async def test_download_of_unknown_size_is_chunked(connect: Connect) -> None:
    client = await connect(giver := Giver(3))
    await client.send(GET)
    head = await client.head()
    assert b"transfer-encoding: chunked\r\n" in head
    assert b"content-type: text/plain\r\n" in head
    assert b"x-more: 1\r\n" in head
    assert b"twilio-request-id: rq" in head
    chunk = b"10000\r\n" + PIECE + b"\r\n"
    assert await client.rest() == chunk * 3 + b"0\r\n\r\n"
    assert giver.closed


async def test_download_of_known_size_says_so(connect: Connect) -> None:
    size = 3 * len(PIECE)
    client = await connect(giver := Giver(3, size))
    await client.send(GET)
    assert b"content-length: %d\r\n" % size in await client.head()
    assert await client.rest() == PIECE * 3
    assert giver.closed


async def test_head_of_a_download_makes_only_its_first_piece(connect: Connect) -> None:
    client = await connect(giver := Giver(3, 3 * len(PIECE)))
    await client.send(GET.replace(b"GET", b"HEAD"))
    assert b"content-length: 196608\r\n" in await client.head()
    assert await client.rest() == b""
    assert giver.given == 1


async def test_download_is_made_no_faster_than_it_is_read(connect: Connect) -> None:
    count = 1000
    client = await connect(giver := Giver(count))
    transport: Any = client.writer.transport
    transport.pause_reading()
    await client.send(GET)
    await soon(lambda: giver.given > 0)
    for _ in range(1000):
        await asyncio.sleep(0)
    assert giver.given * len(PIECE) < 8 * 1024 * 1024  # what the kernel holds, and one piece
    transport.resume_reading()
    await client.head()
    assert len(await client.rest()) > count * len(PIECE)
    assert giver.given == count


async def test_download_ends_with_its_reader(connect: Connect) -> None:
    client = await connect(giver := Giver(10**9))
    await client.send(GET)
    await client.head()
    client.writer.transport.abort()
    await soon(lambda: giver.closed)


@pytest.mark.parametrize("size", [None, 3 * 65_536])
async def test_download_that_fails_is_cut_off(connect: Connect, size: int | None) -> None:
    client = await connect(giver := Giver(3, size, fails_at=2))
    await client.send(GET)
    await client.head()
    said = await client.rest()
    assert PIECE in said
    assert not said.endswith(b"0\r\n\r\n")
    assert len(said) < 3 * len(PIECE)
    assert giver.closed


# Asking first


class Outside:
    """A route whose handler asks something outside, which answers when it is told to."""

    def __init__(self, then: Callable[[str], Answer]) -> None:
        self._then = then
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.router = Router()
        self.router.add([Route(Door.HTTP, "GET", "/ask", lambda request: Ask(self._ask, self._then))])

    async def _ask(self) -> str:
        return await self.answer


def response(text: str) -> Answer:
    return Response(200, text.encode())


def write(text: str) -> Answer:
    return Write(
        lambda tx: Response(201, f"{text} {tx.count('UPDATE progress SET ahead_ms = 7', {})}".encode())
    )


def read(text: str) -> Answer:
    return Read(lambda tx: Response(200, f"{text} {tx.one('SELECT 7', {})}".encode()))


def again(text: str) -> Answer:
    async def more() -> str:
        return text * 2

    return Ask(more, response)


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        (response, (200, b"yes")),
        (write, (201, b"yes 1")),
        (read, (200, b"yes (7,)")),
        (again, (200, b"yesyes")),
    ],
)
async def test_whatever_follows_what_was_asked_outside_is_answered(
    rig: Rig, then: Callable[[str], Answer], expected: tuple[int, bytes]
) -> None:
    outside = Outside(then)
    asking = asyncio.create_task(Web(rig, outside.router)("GET", "/ask"))
    await rig.settled()
    assert not asking.done()
    outside.answer.set_result("yes")
    assert (await asking)[:2] == expected


async def test_question_that_fails_is_told_by_its_documented_code(rig: Rig) -> None:
    for error, expected in ((ApiError(403, 20403, "No"), (403, 20403)), (OSError("secret"), (500, 20500))):
        outside = Outside(response)
        outside.answer.set_exception(error)
        with capture_logs():
            page = await Web(rig, outside.router)("GET", "/ask")
        assert page.error == expected
