"""Nodes on a bus: what each hears, with a clock that can be moved ahead."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from tsock.bus.bus import Bus, Presence, Why
from tsock.bus.message import Writer
from tsock.bus.transport import Transport
from tsock.clock import Clock
from tsock.deadlines import Deadlines
from tsock.events import Event, Fact
from tsock.jobs.ticker import Ticker


class Node:
    """A bus that has begun, and all that its receiver was told."""

    def __init__(self, name: str, transport: Transport) -> None:
        self.heard = list[tuple[str, list[Fact]]]()
        """Each batch, and whose it was."""
        self.checks = list[Why]()
        self.presences = list[tuple[str, Presence]]()
        self.ahead_s = 0.0
        self._news = asyncio.Event()
        self._ticker = Ticker(asyncio.get_running_loop())
        clock = Clock(monotonic_s=lambda: time.monotonic() + self.ahead_s)
        deadlines = Deadlines(clock, self._fail, self._ticker.sooner)
        self.bus = Bus(name, transport, self, clock=clock, deadlines=deadlines)
        self._ticker.start(deadlines)
        self.bus.start()

    @property
    def facts(self) -> list[Fact]:
        return [fact for _, facts in self.heard for fact in facts]

    async def until(self, met: Callable[[], Any]) -> None:
        """Wait for something that is told, or comes with it."""
        while not met():
            self._news.clear()
            await self._news.wait()

    async def told(self, why: Why) -> None:
        """Wait until the counters are to be checked for this reason, and forget all reasons."""
        await self.until(lambda: why in self.checks)
        self.checks.clear()

    def move(self, seconds: float) -> None:
        self.ahead_s += seconds
        self._ticker.run_all()

    async def close(self) -> None:
        await self.bus.close()
        self._ticker.stop()

    def hear(self, node: str, facts: Sequence[Fact]) -> None:
        self.heard.append((node, list(facts)))
        self._news.set()

    def check(self, why: Why) -> None:
        self.checks.append(why)
        self._news.set()

    def noticed(self, node: str, presence: Presence) -> None:
        self.presences.append((node, presence))
        self._news.set()

    def _fail(self, error: Exception) -> None:
        raise error


class Speaker:
    """Says messages of a node with the numbers that a test wants."""

    def __init__(self, name: str, payload_max: int = 4096) -> None:
        self._name = name
        self._payload_max = payload_max

    def say(self, number: int, *facts: Fact) -> bytes:
        writer = Writer(self._name, self._payload_max)
        writer._number = number - 1
        (payload,) = writer.batch(facts) if facts else [writer.heartbeat()]
        return payload


def event(seq: int | None, body: bytes = b"{}") -> Event:
    return Event("MP" + "0" * 32, "IS" + "0" * 32, seq, "map_item_added", "com.twilio.rtd.cds.map", body)
