"""Clients that make a request each, and the next one once the reply is there."""

import asyncio
import time
from array import array
from collections.abc import Sequence
from typing import Protocol

import msgspec

from tsock.bench.client import Answered, Client
from tsock.bench.crowd import connect_all, disconnect, make_documents
from tsock.bench.server import Connection, Server

DATA_BYTES = 300
_UPDATE = msgspec.json.encode({"data": {"text": "x" * DATA_BYTES}})


class Asker(Connection, Protocol):
    """One of the clients, whatever it speaks."""

    def request(self, method: str, path: str, body: bytes, answered: Answered) -> None:
        """Send a request."""
        ...


class Askers:
    """A fixed number of clients with one request in flight each, from `start` to `stop`."""

    def __init__(
        self, clients: Sequence[Asker], method: str, paths: Sequence[str], body: bytes, pause_s: float = 0.0
    ) -> None:
        """Client by client the same request of its own path; `pause_s` is the rest after each reply."""
        self.latencies_s = array("d")
        self._clients = clients
        self._method = method
        self._paths = paths
        self._body = body
        self._pause_s = pause_s
        self._running = False
        self._busy = 0
        self._idle = asyncio.Event()

    def __len__(self) -> int:
        return len(self._clients)

    def start(self) -> None:
        """Begin to ask, and to count."""
        self.latencies_s = array("d")
        self._running = True
        self._busy = len(self._clients)
        self._idle.clear()
        for client, path in zip(self._clients, self._paths, strict=True):
            self._ask(client, path)

    async def stop(self) -> None:
        """Ask no more, and wait for what is under way."""
        self._running = False
        await self._idle.wait()

    async def run(self, seconds: float) -> None:
        """Ask that long."""
        self.start()
        await asyncio.sleep(seconds)
        await self.stop()

    async def leave(self) -> None:
        """Disconnect."""
        await disconnect(self._clients)

    def _ask(self, client: Asker, path: str) -> None:
        if not self._running:
            self._rest()
            return
        sent = time.perf_counter()

        def answered(_: bytes) -> None:
            self.latencies_s.append(time.perf_counter() - sent)
            if self._pause_s:
                asyncio.get_running_loop().call_later(self._pause_s, self._ask, client, path)
            else:
                self._ask(client, path)

        client.request(self._method, path, self._body, answered)

    def _rest(self) -> None:
        self._busy -= 1
        if not self._busy:
            self._idle.set()


async def open_writers(server: Server, number: int, pause_s: float = 0.0) -> Askers:
    """Clients that update a document each."""
    clients, paths = await _with_documents(server, number)
    return Askers(clients, "POST", paths, _UPDATE, pause_s)


async def open_readers(server: Server, number: int) -> Askers:
    """Clients that fetch a document each, of the size that writers make."""
    clients, paths = await _with_documents(server, number)
    await Askers(clients, "POST", paths, _UPDATE).run(0)
    return Askers(clients, "GET", paths, b"")


async def _with_documents(server: Server, number: int) -> tuple[list[Client], list[str]]:
    clients, _ = await connect_all(server, server.tokens(number))
    documents = await make_documents(server, clients[0], number)
    return clients, [f"/v3/Documents/{sid}" for sid, _ in documents]
