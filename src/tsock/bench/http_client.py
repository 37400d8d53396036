"""A light HTTP/1.1 client: one connection that is kept, one request in flight, callbacks and no task."""

import asyncio
from typing import cast

from tsock.bench.client import PATIENCE_S, Answered, LoadError

FORM = "application/x-www-form-urlencoded"


class HttpClient(asyncio.Protocol):
    """Asks one thing after the other; whatever goes wrong is raised in a callback of the loop."""

    def __init__(self, host: str, authorization: str) -> None:
        """`authorization` is the value of that header."""
        self._common = f"Host: {host}\r\nAuthorization: {authorization}\r\nContent-Type: {FORM}\r\n"
        self._what = ""
        self._answered: Answered | None = None
        self._since_s = 0.0
        self._rest: bytes = b""
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._loop = asyncio.get_running_loop()
        self._look()

    def request(self, method: str, path: str, body: bytes, answered: Answered) -> None:
        """Send a request; the one before must have been answered."""
        self._what, self._answered, self._since_s = f"{method} {path}", answered, self._loop.time()
        head = f"{method} {path} HTTP/1.1\r\n{self._common}Content-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        head, complete, body = data.partition(b"\r\n\r\n")
        size = _content_length(head)
        if not complete or len(body) < size:
            self._rest = data
            return
        self._rest = body[size:]
        if not head.startswith(b"HTTP/1.1 2"):
            raise LoadError(f"{self._what}: expected 2xx, got {head[:40]!r} {body[:300]!r}")
        answered, self._answered = self._answered, None
        if answered is None:
            raise LoadError(f"{self._what}: an answer that nobody asked for")
        answered(body[:size])

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed:
            raise LoadError("the server ended a connection") from exc

    def close(self) -> None:
        """Drop the connection."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._transport.abort()

    def _look(self) -> None:
        """Fail if the request in flight waits too long. One timer, which no request moves."""
        left_s = PATIENCE_S
        if self._answered is not None:
            left_s += self._since_s - self._loop.time()
            if left_s <= 0:
                raise LoadError(f"{self._what}: no answer within {PATIENCE_S:g} s")
        self._timer = self._loop.call_later(left_s, self._look)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
