"""A light client on the sans-I/O core: one connection, its requests, and what it is told.

It is stricter than the official ones: a packet that one of them could not read ends the connection and fails
whoever uses it (`protocol/twilsock.md`, Writing).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import msgspec
from websockets.asyncio.client import ClientConnection as WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidMessage

from tsock.accounts.caller import SYNC
from tsock.wire.client import ClientConnection, ack
from tsock.wire.connection import ProtocolViolation
from tsock.wire.headers import Close, FromServer, HttpRequest, Notification, Status
from tsock.wire.headers import Reply as ReplyHeader

HOST = "cds.us1.twilio.com"
PATIENCE_S = 60.0
"""How long anything is waited for; only a fault takes that long."""

Tap = Callable[[FromServer, bytes], None]
"""Sees the header and payload of every packet, in the order in which they arrive."""


class Lost(Exception):
    """The connection is gone; whether the server carried out what it did not answer is unknown."""


class Reply(NamedTuple):
    """What answered a request."""

    status: int
    body: bytes

    def ok(self, status: int = 200) -> Any:
        """The decoded body of a reply that must have this status."""
        assert self.status == status, self
        return msgspec.json.decode(self.body)

    @property
    def error(self) -> tuple[int, int]:
        """Status and code of a refusal."""
        assert self.status >= 400, self
        return self.status, msgspec.json.decode(self.body)["code"]


class Told(NamedTuple):
    """A notification."""

    message_type: str
    payload: bytes


class Connection:
    """An accepted connection: send requests, and iterate over the notifications until it is gone."""

    def __init__(self, socket: WebSocket, tap: Tap | None = None, product: str = SYNC) -> None:
        self.closing: tuple[Status | None, bytes] | None = None
        """Status and payload of the server's `close`, once it came."""
        self._socket = socket
        self._tap = tap
        self._product = product
        self._protocol = ClientConnection()
        self._replies: dict[str, asyncio.Future[tuple[ReplyHeader, bytes]]] = {}
        self._told: asyncio.Queue[Told | None] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read())

    async def init(self, token: str) -> None:
        """Send the first packet, and wait until the server accepts it.

        Raises:
            Lost: the connection ended first.
        """
        async with asyncio.timeout(PATIENCE_S):
            header, _ = await (await self._send(self._protocol.init(token)))
        assert _accepted(header), header

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        if_match: str | None = None,
        mutation_id: str | None = None,
        **params: str,
    ) -> "asyncio.Future[tuple[ReplyHeader, bytes]]":
        """Send a request; requests arrive in the order of their calls. `outcome` waits for its reply.

        A body in bytes is sent as it is, any other value as JSON. Parameters are written with underscores
        in place of capitals: `page_size` is `PageSize`.

        Raises:
            Lost: the connection is gone.
        """
        given = {"If-Match": if_match, "X-Twilio-Mutation-Id": mutation_id}
        headers: dict[str, str | list[str]] = {
            name: value for name, value in given.items() if value is not None
        }
        named: dict[str, str | list[str]] = {
            name.title().replace("_", ""): value for name, value in params.items()
        }
        request = HttpRequest(HOST, path.removeprefix(f"https://{HOST}"), method, named, headers)
        if not isinstance(body, bytes):
            body = b"" if body is None else msgspec.json.encode(body)
        return await self._send(self._protocol.message(self._product, request, body))

    async def request(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """Send a request and wait for its reply.

        Raises:
            Lost: the connection ended first.
        """
        return await outcome(await self.send(method, path, body, **options))

    async def get(self, path: str, **params: str) -> Reply:
        return await self.request("GET", path, **params)

    async def post(self, path: str, body: Any, **options: Any) -> Reply:
        return await self.request("POST", path, body, **options)

    async def put(self, path: str, body: Any, **options: Any) -> Reply:
        return await self.request("PUT", path, body, **options)

    async def delete(self, path: str) -> Reply:
        return await self.request("DELETE", path)

    def __aiter__(self) -> AsyncIterator[Told]:
        return self

    async def __anext__(self) -> Told:
        told = await self._told.get()
        if told is None:
            self._told.put_nowait(None)  # for whoever asks again
            raise StopAsyncIteration
        return told

    async def gone(self) -> None:
        """Wait until the connection is over; raises what went wrong, if anything did."""
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.shield(self._reading)

    def abort(self) -> None:
        """Be gone without a word."""
        self._socket.transport.abort()

    async def close(self) -> None:
        """Say goodbye, unless the connection is over, and wait until it is."""
        if not self._reading.done():
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(self._protocol.close())
            await self._socket.close()
        await self.gone()

    async def _send(self, sent: Any) -> "asyncio.Future[tuple[ReplyHeader, bytes]]":
        if self._reading.done():  # nobody would read the reply, though the socket may still take requests
            raise Lost
        reply = asyncio.get_running_loop().create_future()
        self._replies[sent.id] = reply
        try:
            await self._socket.send(sent.packet)
        except ConnectionClosed:
            self._replies.pop(sent.id, None)
            raise Lost from None
        return reply

    async def _read(self) -> None:
        try:
            async for packet in self._socket:
                assert isinstance(packet, bytes), "a text message"
                answer = self._receive(packet)
                if self.closing is not None:  # the server has half closed the socket: nothing more to say
                    return
                if answer:
                    await self._socket.send(answer)
        except ConnectionClosed:
            pass
        finally:
            if not self._socket.transport.is_closing():
                self.abort()
            for reply in self._replies.values():
                if not reply.done():
                    reply.set_exception(Lost())
                    reply.exception()  # nobody has to ask for it
            self._told.put_nowait(None)

    def _receive(self, packet: bytes) -> bytes:
        """Take one packet; the acknowledgement it asks for, or nothing."""
        require_readable(packet)
        header, payload = self._protocol.receive(packet)
        assert not isinstance(header, ProtocolViolation), header
        if header is None:
            return b""
        if self._tap is not None:
            self._tap(header, payload)
        if isinstance(header, ReplyHeader):
            reply = self._replies.pop(header.id)
            if not reply.done():  # its caller was cancelled
                reply.set_result((header, payload))
            return b""
        if isinstance(header, Notification):
            self._told.put_nowait(Told(header.message_type, payload))
        elif isinstance(header, Close):
            self.closing = header.status, payload
        return ack(header.id)


async def outcome(reply: "asyncio.Future[tuple[ReplyHeader, bytes]]") -> Reply:
    """Wait for the reply to a request.

    Raises:
        Lost: the connection ended first.
    """
    async with asyncio.timeout(PATIENCE_S):
        header, payload = await reply
    # Without the first status Kotlin leaves, without the second JS takes a refusal for success.
    assert _accepted(header), header
    assert header.http_status is not None, header
    return Reply(header.http_status.code, payload)


@contextlib.asynccontextmanager
async def connected(
    uri: str, token: str, tap: Tap | None = None, *, product: str = SYNC
) -> AsyncIterator[Connection]:
    """A connection from an accepted `init` to its end, which waits for the server.

    Raises:
        Lost: nobody listens, or the connection ended before it was accepted.
    """
    try:
        socket = await connect(
            uri,
            compression=None,
            ping_interval=None,
            close_timeout=1,
            max_size=None,
            max_queue=None,
            proxy=None,
        )
    except (OSError, EOFError, InvalidMessage):
        raise Lost from None
    connection = Connection(socket, tap, product)
    try:
        await connection.init(token)
        yield connection
    finally:
        await connection.close()


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that tells nobody when it happens: a file, a page, a figure of another process."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - it announces nothing
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"still waiting: {what}") from None


def require_readable(packet: bytes) -> None:
    """Fail on a packet that some official client could not read: those split it at every line break."""
    magic, header, *payload = packet.split(b"\r\n")
    assert magic == b"TWILSOCK V3.0 %d" % len(header), packet
    assert payload[-1:] == [b""], packet
    assert len(payload) <= 2, packet
    assert not any(b"\r" in part or b"\n" in part for part in (header, *payload)), packet


def _accepted(header: ReplyHeader) -> bool:
    return header.status is not None and header.status.code == 200
