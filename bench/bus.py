"""What does it cost a node to tell the others, and to hear of it?

    .venv/bin/python -m bench.bus                       # NATS and NOTIFY, events alone and by ten
    .venv/bin/python -m bench.bus nats --seconds 10
    .venv/bin/python -m bench.bus notify --url postgresql://…

One process publishes, another receives, each with a loop of its own; the server runs beside them, from its
wheel unless `--url` names another. A batch is published every millisecond: what the clock alone costs is
measured before and left out. CPU time is that of the process, kernel included, for each event.
"""

import argparse
import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import uvloop

from tests.support.nats import NatsServer
from tests.support.postgres import create_bare
from tsock.bench.figures import quantile
from tsock.bus.bus import Bus, Presence, Why
from tsock.bus.nats import Nats
from tsock.bus.notify import Notify
from tsock.bus.transport import Transport
from tsock.clock import Clock
from tsock.deadlines import Deadlines
from tsock.events import Event, Fact
from tsock.jobs.ticker import Ticker

EVERY_S = 0.001
BODY_BYTES = 400
TRANSPORTS: dict[str, Any] = {"nats": Nats, "notify": Notify}


def main() -> None:
    options = _options()
    print("| bus | events at once | events/s | publish us | receive us | p50 us | p99 us |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in options.transport or TRANSPORTS:
        url = options.url or _started(name)
        for size in (1, 10):
            print(_row(name, size, *_measure(name, url, size, options.seconds)), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.bus", description=__doc__)
    parser.add_argument("transport", nargs="*", choices=[[], *TRANSPORTS], help="default: both")
    parser.add_argument("--url", help="of a server that runs already")
    parser.add_argument("--seconds", type=float, default=5.0, help="that each case is measured")
    return parser.parse_args()


def _started(name: str) -> str:
    return NatsServer().url if name == "nats" else create_bare()


def _row(*cells: Any) -> str:
    return f"| {' | '.join(f'{cell:,.1f}' if isinstance(cell, float) else str(cell) for cell in cells)} |"


def _measure(name: str, url: str, size: int, seconds: float) -> tuple[float, ...]:
    """Events per second, CPU of publisher and receiver per event in us, quantiles of latency in us."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    batches = round(seconds / EVERY_S)
    receiver = multiprocessing.get_context("spawn").Process(
        target=_receive, args=(name, url, size * batches, there)
    )
    receiver.start()
    assert here.recv() == "ready"
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        spent_us, rate = runner.run(_publish(TRANSPORTS[name](url, "bench"), size, batches))
    received_us, p50_us, p99_us = here.recv()
    receiver.join()
    return rate, spent_us, received_us, p50_us, p99_us


async def _publish(transport: Transport, size: int, batches: int) -> tuple[float, float]:
    node = Node("publisher", transport)
    await node.connected.wait()
    idle_s, _ = await _every_ms(batches, lambda: None)
    body = b'{"date":"' + b"x" * BODY_BYTES + b'"}'

    def batch() -> None:
        at = str(time.monotonic_ns())
        node.bus.publish([Event("MP" + "0" * 32, at, 1, "item", "type", body) for _ in range(size)])

    spent_s, took_s = await _every_ms(batches, batch)
    await node.close()
    return (spent_s - idle_s) / batches / size * 1e6, batches * size / took_s


async def _every_ms(times: int, act: Any) -> tuple[float, float]:
    """CPU time and time of the clock that it took, in seconds."""
    began_s, cpu_s = time.monotonic(), time.process_time()
    for turn in range(times):
        act()
        await asyncio.sleep(max(0, began_s + (turn + 1) * EVERY_S - time.monotonic()))
    return time.process_time() - cpu_s, time.monotonic() - began_s


def _receive(name: str, url: str, events: int, answer: Connection) -> None:
    async def receive() -> None:
        node = Node("receiver", TRANSPORTS[name](url, "bench"), events)
        await node.connected.wait()
        answer.send("ready")
        await node.begun.wait()
        cpu_s = time.process_time()
        await node.ended.wait()
        spent_us = (time.process_time() - cpu_s) / events * 1e6
        answer.send((spent_us, quantile(node.delays_us, 0.5), quantile(node.delays_us, 0.99)))
        await node.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(receive())


class Node:
    """Waits for so many events; `service_sid` says when an event was published."""

    def __init__(self, name: str, transport: Transport, expected: int = 0) -> None:
        self.connected, self.begun, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._missing = expected
        self.delays_us: list[float] = []
        self._ticker = Ticker(asyncio.get_running_loop())
        clock = Clock()
        deadlines = Deadlines(clock, print, self._ticker.sooner)
        self._ticker.start(deadlines)
        self.bus = Bus(name, transport, self, clock=clock, deadlines=deadlines)
        self.bus.start()

    async def close(self) -> None:
        await self.bus.close()
        self._ticker.stop()

    def hear(self, node: str, facts: Sequence[Fact]) -> None:
        self.begun.set()
        self._missing -= len(facts)
        if self._missing <= 0:
            self.ended.set()
        first = facts[0]
        assert isinstance(first, Event)
        self.delays_us.append((time.monotonic_ns() - int(first.service_sid)) / 1000)

    def check(self, why: Why) -> None:
        if why == "connected":
            self.connected.set()
        assert why not in ("gap", "unreadable"), why

    def noticed(self, node: str, presence: Presence) -> None:
        pass


if __name__ == "__main__":
    main()
