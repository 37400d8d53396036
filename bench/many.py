"""What does a bus of many nodes cost each of them, and the server that carries it?

    .venv/bin/python -m bench.many                     # up to 100 nodes, and NATS with up to 100 subscribers
    .venv/bin/python -m bench.many nodes --nodes 100

`nodes` simulates: real `Bus` objects in one process, whose transport hands messages over in memory. What the
others say is made first, then one node hears it: messages of one event that nobody there follows. So it shows
writing, reading, the books about the others, the way to the hub, and what follows from losses. It shows no
network, no transport and no waking up; `bench.bus` has those.

`server` asks NATS itself, between connections that do nothing else: one says messages of the size that an
event has, so many hear each.
"""

import argparse
import asyncio
import logging
import random
import time
import tracemalloc
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import structlog
import uvloop

from bench.table import print_row
from tests.support.nats import NatsServer
from tsock.announcements import Announcements
from tsock.bench.process import Process
from tsock.bus.bus import HEARTBEAT_S, Bus, Presence, Why
from tsock.bus.transport import Hear
from tsock.clock import Clock
from tsock.deadlines import Deadlines
from tsock.events import Event, Fact
from tsock.gateway.hub import Hub
from tsock.telemetry.metrics import Metrics

NODES = (2, 10, 100)
MESSAGES = 50_000
LOST = 1e-3
"""Share of the messages that are lost, in the end."""
BODY_BYTES = 400
HEARTBEATS = 50

SUBSCRIBERS = (0, 1, 2, 10, 50, 100)
MESSAGE = b"x" * 730
EVERY_S = 0.001
BATCHES = 2_000
DELIVERIES_MAX = 400_000
"""Of one case, so that those with many subscribers end, too."""
PATIENCE_S = 60


def main() -> None:
    """Answer the questions named on the command line, or both."""
    parser = argparse.ArgumentParser(prog="python -m bench.many", description=__doc__)
    parser.add_argument("question", nargs="*", choices=[[], *QUESTIONS], help="default: both")
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES, help="that are simulated")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for name in options.question or QUESTIONS:
            runner.run(QUESTIONS[name](options))


# The nodes


async def _nodes(options: argparse.Namespace) -> None:
    print_row(
        "nodes", "publish us", "hear us", "heartbeat us", "bytes kept of a node", "lost", "gaps", "checks"
    )
    print_row(*["---"] * 8)
    for number in options.nodes:
        print_row(number, *await _simulated(number))


async def _simulated(number: int) -> Sequence[Any]:
    """CPU of an event published, one heard and a heartbeat heard; memory for a node; losses, their gaps."""
    moved = _Moved()
    said = list[bytes]()
    others = [_Node(f"{each:032x}", said, moved) for each in range(1, number)]
    measured = _Node("measured", [], moved)
    await _settled()

    said.clear()
    await moved.by(HEARTBEAT_S)
    tracemalloc.start()
    _heard(measured, said)
    kept_bytes = tracemalloc.get_traced_memory()[0] / len(others)
    tracemalloc.stop()

    heartbeats_s = 0.0
    for _ in range(HEARTBEATS):
        said.clear()
        await moved.by(HEARTBEAT_S)
        heartbeats_s += _heard(measured, said)

    said.clear()
    publish_s = await _published(others)
    hear_s = _heard(measured, said)
    assert measured.figures.facts_heard == len(said), measured.figures
    assert measured.checks.count("gap") == 0, measured.checks

    chance = random.Random(0)
    left = [payload for payload in said[: -len(others)] if chance.random() >= LOST] + said[-len(others) :]
    again = _Node("again", [], moved)  # hears the same, as a node that has just come
    await _settled()
    _heard(again, left)
    heard, lost = len(said), len(said) - len(left)
    for node in (measured, again, *others):
        await node.bus.close()
    return (
        publish_s / heard * 1e6,
        hear_s / heard * 1e6,
        heartbeats_s / HEARTBEATS / len(others) * 1e6,
        kept_bytes,
        lost,
        again.figures.gaps,
        again.checks.count("gap"),
    )


async def _published(nodes: Sequence["_Node"]) -> float:
    """CPU time in seconds of one event of each node after the other, a message each, until all are out."""
    body = b'{"date":"' + b"x" * BODY_BYTES + b'"}'
    events = [Event(f"MP{each:032x}", "IS" + "0" * 32, 1, "item", "type", body) for each in range(MESSAGES)]
    began_s = time.process_time()
    for start in range(0, MESSAGES, len(nodes)):
        for node, event in zip(nodes, events[start : start + len(nodes)], strict=False):
            node.bus.publish([event])
        await asyncio.sleep(0)
    await _settled()
    return time.process_time() - began_s


def _heard(node: "_Node", payloads: Sequence[bytes]) -> float:
    """CPU time that it took the node, in seconds."""
    began_s = time.process_time()
    for payload in payloads:
        node.listen(payload)
    return time.process_time() - began_s


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class _Moved:
    """Time that is moved by hand, and whatever waits for it."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self.clock = Clock(monotonic_s=lambda: self._now_s)
        self.deadlines = Deadlines(self.clock, print)

    async def by(self, seconds: float) -> None:
        self._now_s += seconds
        self.deadlines.run_due()
        await _settled()


class _Node:
    """A bus whose messages go to a list, and a hub behind it that nobody follows anything at."""

    payload_max = 256 * 1024

    def __init__(self, name: str, said: list[bytes], moved: _Moved) -> None:
        self.checks = list[Why]()
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._said = said
        nothing: Any = None
        hub = Hub(
            name,
            Metrics(),
            nothing,
            store=nothing,
            missed=nothing,
            end=nothing,
            deadlines=moved.deadlines,
            now_s=moved.clock.monotonic_s,
        )
        self._announcements = Announcements(directory=nothing, events=hub.publish)
        self.bus = Bus(name, self, self, clock=moved.clock, deadlines=moved.deadlines)
        self.figures = self.bus.figures
        self.listen: Hear = nothing
        self.bus.start()

    # As the bus's transport, and its connection

    @asynccontextmanager
    async def connect(self, hear: Hear) -> AsyncGenerator["_Node"]:
        self.listen = hear
        yield self

    async def send(self, payloads: Sequence[bytes]) -> None:
        self._said += payloads

    async def probe(self) -> None:
        pass

    # As its receiver

    def hear(self, node: str, facts: Sequence[Fact]) -> None:
        self._announcements.hear(facts)

    def check(self, why: Why) -> None:
        self.checks.append(why)

    def noticed(self, node: str, presence: Presence) -> None:
        pass


# The server


async def _server(options: argparse.Namespace) -> None:
    print_row(
        "messages at once",
        "subscribers",
        "messages/s",
        "CPU us of NATS for a message",
        "more for each subscriber",
    )
    print_row(*["---"] * 5)
    for at_once in (1, 10):
        alone_us = 0.0
        for subscribers in SUBSCRIBERS:
            rate, spent_us = await _passed_on(at_once, subscribers)
            if subscribers == 0:
                alone_us = spent_us
            each = (spent_us - alone_us) / subscribers if subscribers else ""
            print_row(at_once, subscribers, rate, spent_us, each)


async def _passed_on(at_once: int, subscribers: int) -> tuple[float, float]:
    """Messages per second, and CPU of the server for each in us."""
    server = NatsServer()
    process = Process(server.pid)
    batches = min(BATCHES, DELIVERIES_MAX // max(1, subscribers * at_once))
    hearing = [await _Raw.connected(server.port, b"SUB bench 1\r\n") for _ in range(subscribers)]
    saying = await _Raw.connected(server.port)
    batch = b"PUB bench %d\r\n%b\r\n" % (len(MESSAGE), MESSAGE) * at_once
    heard_bytes = len(b"MSG bench 1 %d\r\n%b\r\n" % (len(MESSAGE), MESSAGE)) * batches * at_once
    began_s, cpu_s = time.monotonic(), process.cpu_s()
    for turn in range(batches):
        saying.transport.write(batch)
        await asyncio.sleep(max(0, began_s + (turn + 1) * EVERY_S - time.monotonic()))
    took_s = time.monotonic() - began_s
    async with asyncio.timeout(PATIENCE_S):
        await saying.ask()
        for each in hearing:
            await each.heard(heard_bytes)
    spent_us = (process.cpu_s() - cpu_s) / batches / at_once * 1e6
    for each in (saying, *hearing):
        each.transport.close()
    server.stop()
    return batches * at_once / took_s, spent_us


class _Raw(asyncio.Protocol):
    """A connection to NATS that counts bytes."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._bytes = 0
        self._came = asyncio.Event()

    @classmethod
    async def connected(cls, port: int, command: bytes = b"") -> "_Raw":
        _, raw = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        raw.transport.write(b'CONNECT {"verbose":false}\r\n' + command)
        await raw.ask()
        return raw

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._last = data[-6:]
        self._bytes += len(data)
        self._came.set()

    async def ask(self) -> None:
        """Wait for an answer to all that was said; what came until then does not count."""
        self._last = b""
        self.transport.write(b"PING\r\n")
        while self._last != b"PONG\r\n":
            await self._more()
        self._bytes = 0

    async def heard(self, number: int) -> None:
        """Wait for so many bytes."""
        while self._bytes < number:
            await self._more()

    async def _more(self) -> None:
        self._came.clear()
        await self._came.wait()


QUESTIONS: dict[str, Callable[[argparse.Namespace], Any]] = {"nodes": _nodes, "server": _server}


if __name__ == "__main__":
    main()
