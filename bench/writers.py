"""Clients that update a document of their own, each with one update in flight."""

import asyncio
import time
from array import array

import msgspec

from bench.client import Client
from bench.crowd import connect_all, disconnect, make_documents
from bench.server import Target

DATA_BYTES = 300


class Writers:
    """A fixed number of them; they write from `start` to `stop`."""

    def __init__(self, clients: list[Client], sids: list[str], pause_s: float) -> None:
        self.latencies_s = array("d")
        self._pause_s = pause_s
        self._running = False
        self._busy = 0
        self._idle = asyncio.Event()
        self._clients = clients
        self._paths = [f"/v3/Documents/{sid}" for sid in sids]
        self._body = msgspec.json.encode({"data": {"text": "x" * DATA_BYTES}})

    def start(self) -> None:
        """Begin to write, and to count."""
        self.latencies_s = array("d")
        self._running = True
        self._idle.clear()
        for client, path in zip(self._clients, self._paths, strict=True):
            self._busy += 1
            self._write(client, path)

    async def stop(self) -> None:
        """Write no more, and wait for what is under way."""
        self._running = False
        await self._idle.wait()

    async def run(self, seconds: float) -> None:
        """Write that long."""
        self.start()
        await asyncio.sleep(seconds)
        await self.stop()

    async def leave(self) -> None:
        """Disconnect."""
        await disconnect(self._clients)

    def _write(self, client: Client, path: str) -> None:
        sent = time.perf_counter()

        def answered(_: bytes) -> None:
            self.latencies_s.append(time.perf_counter() - sent)
            if not self._running:
                self._busy -= 1
                if not self._busy:
                    self._idle.set()
            elif self._pause_s:
                asyncio.get_running_loop().call_later(self._pause_s, self._write, client, path)
            else:
                self._write(client, path)

        client.request("POST", path, self._body, answered)


async def open_writers(target: Target, number: int, pause_s: float = 0.0) -> Writers:
    """Writers with a document each; `pause_s` is what each rests between a reply and its next update."""
    clients, _ = await connect_all(target, target.tokens(number))
    documents = await make_documents(clients[0], number, f"write-{time.time_ns()}-")
    return Writers(clients, [sid for sid, _ in documents], pause_s)
