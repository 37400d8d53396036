"""How long until everybody is at another node, when one of two stops?

    .venv/bin/python -m bench.rolling                    # 10,000 clients
    .venv/bin/python -m bench.rolling --clients 1000

Two nodes on one database of PostgreSQL. All clients are connected to the first and follow one of 100
documents; 16 more update documents at the second, without a pause. The first is told to stop; each client
comes to the second when it was told to, as the JS SDK does, and is there when its subscription is established
again. It is dialled directly: a balancer on this machine would need two more open files for each client.
"""

import argparse
import asyncio
import os
import re
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

from bench import postgres
from bench.server import started
from tsock.bench.client import Client, LoadError
from tsock.bench.crowd import Known, in_turns, make_documents, patience, subscribe
from tsock.bench.figures import quantile
from tsock.bench.process import allow_many_files
from tsock.bench.server import Server

DOCUMENTS = 100
WRITERS = 16
STOP_S = 60.0
ONE_ADDRESS = {"TSOCK_UNADMITTED_PER_ADDRESS_MAX": "0"}
"""Everybody comes from here, where clients have addresses of their own."""
_CLOSE = b'"method":"close"'
_BACKOFF = re.compile(rb'"reconnect_min_ms":(\d+)')


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rolling", description=__doc__)
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--disk", type=Path, help="directory on the disk to commit to")
    options = parser.parse_args()
    allow_many_files()
    postgres.start()
    with (
        postgres.settings(0) as given,
        tempfile.TemporaryDirectory(dir=options.disk) as place,
        started(Path(place), {**given, **ONE_ADDRESS}) as first,
        started(Path(place), {**given, **ONE_ADDRESS}) as second,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        print(runner.run(Move(first, second).measured(options.clients)))


class Moving(Client):
    """A client that leaves when it is told to."""

    left: Callable[[float], None]
    """Hears after how many seconds it is to come back."""

    def data_received(self, data: bytes) -> None:
        if _CLOSE not in data:
            super().data_received(data)
            return
        told = _BACKOFF.search(data)
        if told is None:
            raise LoadError(f"expected a close with a pause, got {data[:300]!r}")
        self.close()
        self.left(int(told[1]) / 1000)


class Move:
    """Everybody's way from one server to the other."""

    def __init__(self, first: Server, second: Server) -> None:
        self._first = first
        self._second = second
        self._documents: list[Known] = []
        self._moves: list[asyncio.Task[None]] = []
        self._came_s: list[float] = []
        """When each was there, since the first server was told to stop."""
        self._number = 0
        self._everybody = asyncio.Event()
        self._is_over = False
        self._updates = 0

    async def measured(self, number: int) -> str:
        """The figures as a line."""
        self._number, loop = number, asyncio.get_running_loop()
        failed: asyncio.Future[None] = loop.create_future()
        loop.set_exception_handler(lambda _, context: _fail(failed, context))
        tokens = self._first.tokens(number)
        author = await self._connected(self._first, tokens[0])
        self._documents = await make_documents(self._first, author, DOCUMENTS)
        author.close()
        moving = await in_turns(self._following, list(enumerate(tokens)))
        writing = [asyncio.create_task(self._write(place)) for place in range(WRITERS)]
        process, other = self._first.process, self._second.process
        assert process is not None
        assert other is not None
        for each in (process, other):  # who has to work changes: nobody has a CPU to itself
            os.sched_setaffinity(each.pid, os.sched_getaffinity(0))
        before_s = other.cpu_s()
        self._stopped_s = time.perf_counter()
        os.kill(process.pid, signal.SIGTERM)
        ending = asyncio.create_task(_ended(process.pid))
        everybody = asyncio.create_task(self._everybody.wait())
        async with asyncio.timeout(STOP_S):
            await asyncio.wait((everybody, failed), return_when=asyncio.FIRST_COMPLETED)
        if failed.done():
            failed.result()
        cpu_us = (other.cpu_s() - before_s) * 1e6 / number
        ended_s = await ending - self._stopped_s
        self._is_over = True
        await asyncio.gather(*writing)
        del moving
        came_s = sorted(self._came_s)
        return (
            f"{number} clients: the last one there after {came_s[-1]:.2f} s, half after "
            f"{quantile(came_s, 0.5):.2f}; the first node had ended after {ended_s:.2f} s; "
            f"{cpu_us:.0f} us of the other's CPU each, {self._updates} updates meanwhile included"
        )

    async def _connected(self, server: Server, token: str) -> Moving:
        loop, to = asyncio.get_running_loop(), server.endpoint
        ready: asyncio.Future[None] = loop.create_future()
        client = Moving(token, to.host, to.path, lambda: ready.set_result(None))
        client.left = lambda pause_s: None
        async with patience(f"a connection to {to}"):
            await loop.create_connection(lambda: client, to.host, to.port)
            await ready
        return client

    async def _following(self, whose: tuple[int, str]) -> Moving:
        number, token = whose
        client = await self._connected(self._first, token)
        await subscribe(client, [self._documents[number % DOCUMENTS]])
        client.left = lambda pause_s: self._moves.append(
            asyncio.ensure_future(self._come(number, token, pause_s))
        )
        return client

    async def _come(self, number: int, token: str, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        client = await self._connected(self._second, token)
        await subscribe(client, [self._documents[number % DOCUMENTS]])
        self._came_s.append(time.perf_counter() - self._stopped_s)
        if len(self._came_s) == self._number:
            self._everybody.set()

    async def _write(self, place: int) -> None:
        """Update a document that nobody follows, one request at a time."""
        client = await self._connected(self._second, self._first.tokens(place + 1)[place])
        document = await client.ask("POST", "/v3/Documents", {"data": {}})
        while not self._is_over:
            await client.ask("POST", f"/v3/Documents/{document['sid']}", {"data": {"n": self._updates}})
            self._updates += 1
        client.close()


async def _ended(pid: int) -> float:
    """When a process had ended."""
    loop, process = asyncio.get_running_loop(), os.pidfd_open(pid)
    ended: asyncio.Future[None] = loop.create_future()
    loop.add_reader(process, lambda: ended.done() or ended.set_result(None))
    await ended
    loop.remove_reader(process)
    os.close(process)
    return time.perf_counter()


def _fail(failed: asyncio.Future[None], context: dict[str, object]) -> None:
    error = context.get("exception")
    if not failed.done():
        failed.set_exception(error if isinstance(error, Exception) else LoadError(str(context)))


if __name__ == "__main__":
    main()
