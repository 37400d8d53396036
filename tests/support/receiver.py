"""A customer's HTTP server on this machine, which answers as a test tells it."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import parse_qs

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HANG = b""
"""Says nothing, and keeps the connection."""
PATIENCE_S = 20.0


class Request(NamedTuple):
    """One request, as a web framework would hand it over."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]
    connection: int
    """Counted from 1."""


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode() + body


class Receiver:
    """Takes requests on 127.0.0.1; `reply` makes the answer to each."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.reply: Callable[[Request], bytes | Awaitable[bytes]] = lambda request: OK
        """What is awaited holds up the answer to this request alone."""
        self.closes = False
        """Whether a connection ends with the answer."""
        self.connections = 0
        self._arrived = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/hook"

    async def stop(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def until(self, number: int) -> list[Request]:
        """All requests, once so many have arrived."""
        async with asyncio.timeout(PATIENCE_S), self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= number)
        return self.requests

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connections += 1
        number = self.connections
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                request = await _read(reader, number)
                async with self._arrived:
                    self.requests.append(request)
                    self._arrived.notify_all()
                reply = self.reply(request)
                writer.write(reply if isinstance(reply, bytes) else await reply)
                if self.closes:
                    writer.close()
                    return


async def _read(reader: asyncio.StreamReader, connection: int) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    method, path, _ = first.split(" ")
    return Request(method, path, headers, form, connection)
