"""A plain HTTP connection: uvicorn's protocol, with an end to whatever does not arrive or is not taken.

uvicorn itself bounds the silence between two requests (`timeout_keep_alive`) and nothing else, so half a
request, or a response that is never read, would hold its connection for ever.
"""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from httptools import HttpParserError, HttpParserUpgrade
from msgspec import Struct
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tsock.api import problem
from tsock.api.request import Response
from tsock.debugger.incident import Rejection
from tsock.errors import ApiError
from tsock.http.chunks import Chunks
from tsock.http.places import HttpPlaces
from tsock.http.proxies import forwarded_for
from tsock.http.unreadable import BEGINNING_BYTES, unreadable
from tsock.settings import Settings

HEAD_BYTES_MAX = 16_384
"""A longer request head is refused."""

HEALTH = (b"/healthz", b"/readyz")
"""Paths that are answered although all connections are taken."""

_parts = re.compile(rb"[/?#]").split
"""The first one of what follows a URL's scheme is its host and port."""

_empty_lines = re.compile(rb"[\r\n]++").match
"""What may stand before a head."""

_CHUNKING_MAX = 8
"""A body may take this many times its largest size on the wire; one cut into chunks of a byte takes six."""


class Shared(Struct, frozen=True):
    """What all plain HTTP connections of a server have in common."""

    settings: Settings
    base_url: str
    """Where our pages are."""
    places: HttpPlaces
    """Where each takes one."""
    reject: Callable[[Rejection], None]
    """Hears of what is no HTTP."""


class HttpConnection(HttpToolsProtocol):
    """Aborts after `handshake_timeout_s` for a head, `http_transfer_timeout_s` for a body or for a reader."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
        *,
        shared: Shared,
        head_timeout: asyncio.TimerHandle,
    ) -> None:
        """Take over a connection that was accepted.

        Args:
            config: uvicorn's, as are the next three.
            server_state: what uvicorn knows of all connections.
            app_state: unused.
            loop: the event loop.
            shared: what it has in common with others.
            head_timeout: aborts the connection; it runs since the connection was accepted.
        """
        super().__init__(config, server_state, app_state, loop)
        self._settings = shared.settings
        self._base_url = shared.base_url
        self._places = shared.places.usual
        self._checkups = shared.places.checkups
        self._reject = shared.reject
        self._beginning = b""
        """What it began with, as far as that tells what is spoken."""
        self._full = ""
        """Why there was no place."""
        self._is_checkup = False
        """Whether it stands only for one request that asks for the server's health."""
        self._address: str | None = None
        """Under which it has a place; None without one."""
        self._is_of_proxy = False
        """Whether its requests name the clients that they are of."""
        self._timeout: asyncio.TimerHandle | None = head_timeout
        """Aborts unless the head or the body that is awaited arrives."""
        self._unread_timeout: asyncio.TimerHandle | None = None
        """Aborts unless the client takes all that was written."""
        self._in_head = True
        self._head_bytes = 0
        self._body_bytes = 0
        """What has arrived behind the head, framing and trailers included."""
        self._data_bytes = 0
        """What has arrived of the body itself."""
        self._timed_bytes = 0
        """How much of it has to arrive before the time-out."""
        self._has_begun = False
        """Whether a request began in the piece that is parsed."""
        self._body_bytes_left = 0
        """What is still to arrive of a body whose size its head tells."""
        self._chunks: Chunks | None = None
        """Follows a body whose size its head does not tell."""
        self._unanswered = 0
        """Requests whose head is parsed: one, or two where the first ended in the middle of a read."""
        self.holds = False
        """Whether something has arrived that waits: for an answer that comes first, or for its turn."""
        self._held = b""
        """What has arrived and is not parsed, but for its beginning."""
        self._read_to = 0
        """The length of that beginning."""
        self._kept_alive = False
        """Whether another request may follow the one whose body is awaited."""
        self._leaving = False
        """Whether what still arrives is thrown away."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _Flow(self)
        # The first byte that has to wait for the reader counts, also on a connection that is being closed.
        transport.set_write_buffer_limits(0)
        # The operator's socket file, which has no addresses, stays open to find out what is wrong.
        if self.client is not None:
            address = self._places.address(self.client[0])
            self._is_of_proxy = not address
            self._full = self._take_place(address)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave_place()
        self._disarm()
        self._stop_waiting_for_reader()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        # What waits is not carried out, and what leads back here does not wait for the garbage collector.
        self._let_go()
        self.pipeline.clear()
        self.cycle = cast(Any, None)
        self.flow = cast(Any, None)

    # What arrives

    def data_received(self, data: bytes) -> None:
        if self._full and not self._has_come_for_health(data):
            return
        if not self._is_checkup:
            self._places.rise(self)
        if len(self._beginning) < BEGINNING_BYTES:
            self._beginning += data[:BEGINNING_BYTES]
        # Nothing is read while anything is held, but some may have been on its way.
        self._held = self._held[self._read_to :] + data if self.holds else data
        self._read_to = 0
        self._read_on()

    def _read_on(self) -> None:
        """Parse what is held, up to the end of a request that is not answered yet.

        uvicorn parses whatever it is given, and a thousand short requests in one piece are a thousand tasks'
        worth of objects that wait for each other. Held as bytes they are as small as they came, and nothing
        more is read meanwhile. Of a body in many small chunks a few are parsed in a turn of the loop: others
        have theirs, and whoever is answered by the head has the rest thrown away.
        """
        data, at = self._held, self._read_to
        is_of_body = False
        while at < len(data) and not self.is_closing():
            if self._unanswered and self._in_head:
                self._hold(data, at)
                return
            if is_of_body and not self._in_head:
                self._hold(data, at)
                self.loop.call_soon(self._go_on)
                return
            is_of_body = not self._in_head
            stop = self._stop(data, at)
            self._feed(data[at:stop])
            at = stop
        self._held = b""

    def _hold(self, data: bytes, at: int) -> None:
        self._held, self._read_to, self.holds = data, at, True
        self.flow.pause_reading()

    def _go_on(self) -> None:
        """Parse the next piece of a body, if it is still wanted."""
        if self.holds and not self._in_head:
            self.holds = False
            self._read_on()
            if not (self.holds or self.is_closing() or len(self.cycle.body) > HIGH_WATER_LIMIT):
                self.flow.resume_reading()

    def _let_go(self) -> None:
        """Throw away what is held."""
        self._held, self._read_to, self.holds = b"", 0, False

    def _stop(self, data: bytes, at: int) -> int:
        """Where the piece that begins here ends, for a request to end with it, and none too long a head.

        So a head is judged by its length alone, not by how it was cut on its way. A request ends behind the
        empty line of its head, or where its `Content-Length` or its chunks say.
        """
        if not self._in_head and self._chunks is not None:
            return self._chunks.stop(data, at)
        if not self._in_head and self._body_bytes_left:
            return at + self._body_bytes_left
        before = None if self._head_bytes else _empty_lines(data, at, at + HEAD_BYTES_MAX)
        end = data.find(b"\r\n\r\n", before.end() if before else at) + 4
        if end < 4:
            end = len(data)
        return min(end, at + HEAD_BYTES_MAX - self._head_bytes)

    def _feed(self, piece: bytes) -> None:
        is_of_body = not self._in_head
        if is_of_body:
            self._body_bytes += len(piece)
            self._body_bytes_left = max(0, self._body_bytes_left - len(piece))
            if self._body_bytes > _CHUNKING_MAX * (self._settings.http_body_bytes_max + self._data_bytes):
                self._give_up()
                return
        else:
            self._head_bytes += len(piece)
        self._has_begun = False
        self._unset_keepalive_if_required()
        assert self.parser is not None, "which only a connection that is lost has not"
        try:
            self.parser.feed_data(piece)
        except HttpParserUpgrade:
            pass  # answered as if it had not asked for one; `upgrades.py` tells of WebSockets
        except HttpParserError:
            self._refuse_unreadable()
            return
        if is_of_body and self._has_begun and self._in_head:  # cut in the middle of what ends a body
            self._head_bytes = len(piece)
        if self._head_bytes and self._timeout is None and not self.is_closing():  # a head that has only begun
            self._arm(self._settings.handshake_timeout_s)
        if self._head_bytes >= HEAD_BYTES_MAX:
            self._refuse(
                "431 Request Header Fields Too Large",
                ApiError(431, 20413, f"The head of a request may have {HEAD_BYTES_MAX} bytes"),
            )

    def on_message_begin(self) -> None:
        self._has_begun = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = self._body_bytes = self._data_bytes = 0
        self._timed_bytes = self._settings.http_body_bytes_max
        self._arm(self._settings.http_transfer_timeout_s)
        if not self.url.startswith(b"/"):
            self._name_host()
        if self._is_of_proxy:
            self._name_client()
        super().on_headers_complete()
        self._unanswered += 1
        sizes = (int(value) for name, value in self.headers if name == b"content-length")
        self._body_bytes_left = next(sizes, 0)
        is_chunked = any(
            name == b"transfer-encoding" for name, _ in self.headers
        )  # the parser takes no other
        self._chunks = Chunks() if is_chunked else None
        cycle = self.cycle
        cycle.transport = cast(asyncio.Transport, self)
        # A response that does not wait for the body is the last one and says so: what is left of the body
        # must not be taken for a request.
        self._kept_alive, cycle.keep_alive = cycle.keep_alive and not self._is_checkup, False

    def _name_host(self) -> None:
        """Let the host count that the request line names, if it does, and no header (RFC 9112, 3.2.2)."""
        _, found, rest = self.url.partition(b"://")
        if found:
            host: bytes = _parts(rest, 1)[0]
            named = [(name, host if name == b"host" else value) for name, value in self.headers]
            self.headers[:] = (
                named if any(name == b"host" for name, _ in named) else [*named, (b"host", host)]
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # trailers mean nothing here, and uvicorn would keep them all
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._data_bytes += len(body)
        if self._data_bytes > self._timed_bytes:  # one that streams: it is to arrive at this rate
            self._timed_bytes = self._data_bytes + self._settings.http_body_bytes_max
            self._arm(self._settings.http_transfer_timeout_s)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._disarm()
        self.cycle.keep_alive = self._kept_alive
        super().on_message_complete()

    # What leaves

    def pause_writing(self) -> None:
        self._unread_timeout = self.loop.call_later(self._settings.http_transfer_timeout_s, self._give_up)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stop_waiting_for_reader()
        super().resume_writing()

    # What a response has for its transport

    def write(self, data: bytes) -> None:
        """Send some of a response."""
        self.transport.write(data)

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._leaving or self.transport.is_closing()

    def close(self) -> None:
        """End the connection behind a response.

        What is left of a body is read and thrown away before: unread, it would make the kernel reset the
        connection, and the client would lose the response.
        """
        if self._in_head or self.transport.is_closing():
            self.transport.close()
            return
        self._leaving = True
        self._let_go()
        self.cycle.body.clear()
        self._arm(self._settings.close_timeout_s)
        self.transport.write_eof()
        self.flow.resume_reading()

    def on_response_complete(self) -> None:
        if self._leaving:
            return
        self._unanswered -= 1
        super().on_response_complete()
        if self.holds and not self.is_closing():
            self.holds = False
            self.flow.resume_reading()
            self._read_on()
        is_idle = self._in_head and not (self._unanswered or self._head_bytes or self.is_closing())
        if is_idle and self._address is not None and not self._is_checkup:
            self._places.rest(self, self._address)

    def shutdown(self) -> None:
        self._kept_alive = False
        super().shutdown()

    def _refuse_unreadable(self) -> None:
        rejection = unreadable(self._beginning, self.client[0] if self.client else "")
        if self.client is not None:
            self._reject(rejection)
        self._refuse("400 Bad Request", rejection.error)

    def _refuse(self, status: str, error: ApiError) -> None:
        self.transport.write(refusal(status, error, self._base_url))
        self.transport.close()
        self._disarm()

    # Its place

    def _name_client(self) -> None:
        """Count it for the client that the head names; if there is no place, all that follows is refused."""
        assert self.client is not None
        address = self._places.address(self.client[0], forwarded_for(self.headers))
        if address != self._address and (full := self._take_place(address)):
            if _asks_for_health(self.url):
                self._check_up()
                return
            response = problem.response_to(ApiError(503, 20503, full), self._base_url)
            self.app = cast(Any, partial(_answer, response))

    def _take_place(self, address: str) -> str:
        """Count it for this address; if there is no place, why not."""
        self._leave_place()
        full = self._places.enter(address)
        if not full:
            self._address = address
        return full

    def _leave_place(self) -> None:
        if self._address is not None:
            self._places.rise(self)
            self._places.leave(self._address)
            self._address = None

    def make_room(self) -> None:
        self._leave_place()
        self.transport.close()

    def _has_come_for_health(self, head: bytes) -> bool:
        """Let it in if this begins a head that asks for the server's health; refuse it otherwise."""
        if begins_check_up(head):
            self._check_up()
            return True
        self._refuse("503 Service Unavailable", ApiError(503, 20503, self._full))
        return False

    def _check_up(self) -> None:
        """Take a place there; each new one ends the oldest, which has had its time to be answered."""
        self._full, self._is_checkup = "", True
        self._places = self._checkups
        self._take_place("")
        self._places.rest(self, "")

    # Time

    def _arm(self, timeout_s: float) -> None:
        self._disarm()
        self._timeout = self.loop.call_later(timeout_s, self._give_up)

    def _disarm(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None

    def _stop_waiting_for_reader(self) -> None:
        if self._unread_timeout is not None:
            self._unread_timeout.cancel()
            self._unread_timeout = None

    def _give_up(self) -> None:
        self.transport.abort()


class _Flow(FlowControl):
    """Reads nothing while what was read before is held."""

    def __init__(self, connection: HttpConnection) -> None:
        super().__init__(connection.transport)
        self._connection = connection

    def resume_reading(self) -> None:
        if not self._connection.holds:
            super().resume_reading()


def _asks_for_health(target: bytes) -> bool:
    return target.partition(b"?")[0] in HEALTH


def begins_check_up(head: bytes) -> bool:
    """Whether a head begins so that asks for the server's health."""
    method, _, rest = head[:1024].partition(b" ")
    return method in (b"GET", b"HEAD") and _asks_for_health(rest.partition(b" ")[0])


def refusal(status: str, error: ApiError, base_url: str) -> bytes:
    """Say in JSON, as clients of REST expect, what is wrong with what no request can be made of."""
    response = problem.response_to(error, base_url)
    return whole(status, response.body, response.content_type)


async def _answer(response: Response, scope: object, receive: object, send: Callable[[Any], Any]) -> None:
    """An ASGI application that answers everything with this."""
    headers = [
        (b"content-type", response.content_type.encode()),
        (b"content-length", b"%d" % len(response.body)),
        (b"retry-after", problem.RETRY_AFTER_S.encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def whole(status: str, body: bytes, content_type: str, header: bytes = b"") -> bytes:
    """A whole response, after which the connection is closed; `header` are further lines."""
    return b"HTTP/1.1 %b\r\nContent-Type: %b\r\nConnection: close\r\nContent-Length: %d\r\n%b\r\n%b" % (
        status.encode(),
        content_type.encode(),
        len(body),
        header,
        body,
    )
