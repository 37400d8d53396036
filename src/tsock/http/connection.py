"""A plain HTTP connection: uvicorn's protocol, with an end to whatever does not arrive or is not taken.

uvicorn itself bounds the silence between two requests (`timeout_keep_alive`) and nothing else, so half a
request, or a response that is never read, would hold its connection for ever.
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tsock.api import problem
from tsock.errors import ApiError, invalid
from tsock.settings import Settings

HEAD_BYTES_MAX = 16_384
"""A longer request head is refused."""

_CHUNKING_MAX = 8
"""A body may take this many times its largest size on the wire; one cut into chunks of a byte takes six."""


class HttpConnection(HttpToolsProtocol):
    """Aborts after `handshake_timeout_s` for a head, `http_transfer_timeout_s` for a body or for a reader."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
        *,
        settings: Settings,
        base_url: str,
        head_timeout: asyncio.TimerHandle,
    ) -> None:
        """Take over a connection that was accepted.

        Args:
            config: uvicorn's, as are the next three.
            server_state: what uvicorn knows of all connections.
            app_state: unused.
            loop: the event loop.
            settings: the limits.
            base_url: where our pages are.
            head_timeout: aborts the connection; it runs since the connection was accepted.
        """
        super().__init__(config, server_state, app_state, loop)
        self._settings = settings
        self._base_url = base_url
        self._timeout: asyncio.TimerHandle | None = head_timeout
        """Aborts unless the head or the body that is awaited arrives."""
        self._unread_timeout: asyncio.TimerHandle | None = None
        """Aborts unless the client takes all that was written."""
        self._in_head = True
        self._head_bytes = 0
        self._body_bytes = 0
        """What has arrived behind the head, framing and trailers included."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # The first byte that has to wait for the reader counts, also on a connection that is being closed.
        transport.set_write_buffer_limits(0)
        highest = self._settings.http_connections_max
        # The operator's socket file, which has no port, stays open to find out what is wrong.
        is_public = self.server is None or self.server[1] is not None
        if is_public and len(self.connections) > highest:
            self._refuse(
                "503 Service Unavailable",
                ApiError(
                    503,
                    20503,
                    f"This server holds at most {highest} HTTP connections (http_connections_max); try again",
                ),
            )

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._stop_waiting_for_reader()
        super().connection_lost(exc)

    # What arrives

    def data_received(self, data: bytes) -> None:
        # In pieces that end where a head would be too long: so a head is judged by its length alone, not by
        # how it was cut on its way.
        while data and not self.transport.is_closing():
            size = HEAD_BYTES_MAX - self._head_bytes
            self._feed(data[:size])
            data = data[size:]

    def _feed(self, piece: bytes) -> None:
        if self._timeout is None:
            self._arm(self._settings.handshake_timeout_s)
        if self._in_head:
            self._head_bytes += len(piece)
        else:
            self._body_bytes += len(piece)
            if self._body_bytes > _CHUNKING_MAX * self._settings.http_body_bytes_max:
                self._give_up()
                return
        super().data_received(piece)
        if self._head_bytes >= HEAD_BYTES_MAX:
            self._refuse(
                "431 Request Header Fields Too Large",
                ApiError(431, 20413, f"The head of a request may have {HEAD_BYTES_MAX} bytes"),
            )

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = self._body_bytes = 0
        self._arm(self._settings.http_transfer_timeout_s)
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # trailers mean nothing here, and uvicorn would keep them all
            super().on_header(name, value)

    def on_message_complete(self) -> None:
        self._in_head = True
        self._disarm()
        super().on_message_complete()

    # What leaves

    def pause_writing(self) -> None:
        self._unread_timeout = self.loop.call_later(self._settings.http_transfer_timeout_s, self._give_up)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stop_waiting_for_reader()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self._refuse("400 Bad Request", invalid("expected HTTP/1.1"))

    def _refuse(self, status: str, error: ApiError) -> None:
        """Say in JSON, as clients of REST expect, what is wrong with a request that none can be made of."""
        response = problem.response_to(error, self._base_url)
        self.transport.write(whole(status, response.body, response.content_type))
        self.transport.close()
        self._disarm()

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


def whole(status: str, body: bytes, content_type: str, header: bytes = b"") -> bytes:
    """A whole response, after which the connection is closed; `header` are further lines."""
    return b"HTTP/1.1 %b\r\nContent-Type: %b\r\nConnection: close\r\nContent-Length: %d\r\n%b\r\n%b" % (
        status.encode(),
        content_type.encode(),
        len(body),
        header,
        body,
    )
