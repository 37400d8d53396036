"""What does one delivery cost: an update of one document reaches all who follow it."""

import asyncio
import time
from array import array
from functools import lru_cache

from tsock.bench.client import PATIENCE_S, Client, LoadError
from tsock.bench.crowd import connect_all, disconnect, in_turns, make_documents, subscribe
from tsock.bench.figures import Figure, Meter, Scale
from tsock.bench.server import Server

WARM_UP_S = 0.5
TEXT = "x" * 180
LAG_MAX = 500
"""Updates that may be under way at a fixed rate; the server has limits, too."""
BURST = 16
"""Updates in flight at once; the server may join what is queued for one client."""


class Fanout:
    """One document, those who follow it, and one who updates it."""

    def __init__(self, publisher: Client, sid: str, subscribers: list[Client], text: str = TEXT) -> None:
        self._text = text
        self.latencies_s = array("d")
        self.delivered = 0
        self.payload_bytes = 0
        """Of each delivery."""
        self.size = len(subscribers)
        self._publisher = publisher
        self._path = f"/v3/Documents/{sid}"
        self._subscribers = subscribers
        self._published = 0
        self._in_flight_max = 0
        for subscriber in subscribers:
            subscriber.notified = self._notified

    async def at_rate(self, per_s: float, seconds: float) -> None:
        """Publish so many updates a second; fewer when the server lags far behind."""
        self._begin()
        started = time.perf_counter()
        for number in range(max(1, round(per_s * seconds))):
            if self._published - self.delivered // self.size < LAG_MAX:
                self._publish()
            await asyncio.sleep(started + (number + 1) / per_s - time.perf_counter())
        await self._all_delivered()

    async def in_bursts(self, seconds: float) -> None:
        """Publish whenever fewer than `BURST` updates are still on their way to somebody."""
        self._begin()
        self._in_flight_max = BURST
        self._fill()
        await asyncio.sleep(seconds)
        self._in_flight_max = 0
        await self._all_delivered()

    async def leave(self) -> None:
        """Disconnect."""
        await disconnect([self._publisher, *self._subscribers])

    def _begin(self) -> None:
        self.latencies_s = array("d")
        self.delivered = self._published = 0

    def _publish(self) -> None:
        self._published += 1
        body = f'{{"data":{{"at":"{time.perf_counter_ns():020}","text":"{self._text}"}}}}'
        self._publisher.request("POST", self._path, body.encode(), lambda _: None)

    def _fill(self) -> None:
        while self._published - self.delivered // self.size < self._in_flight_max:
            self._publish()

    def _notified(self, payloads: list[bytes]) -> None:
        now_ns = time.perf_counter_ns()
        self.delivered += len(payloads)
        self.payload_bytes = len(payloads[-1])
        for payload in payloads:
            self.latencies_s.append((now_ns - _published_ns(payload)) / 1e9)
        if self._in_flight_max:
            self._fill()

    async def _all_delivered(self) -> None:
        deadline = time.perf_counter() + PATIENCE_S
        while (missing := self._published * self.size - self.delivered) > 0:
            if time.perf_counter() > deadline:
                raise LoadError(f"{missing} deliveries did not arrive")
            await asyncio.sleep(0.001)
        if missing:
            raise LoadError(f"{-missing} deliveries too many")


async def open_fanout(server: Server, size: int, text: str = TEXT) -> Fanout:
    """A fresh document with `size` subscribers, which each update fills with `text`."""
    (publisher, *subscribers), _ = await connect_all(server, server.tokens(size + 1))
    documents = await make_documents(server, publisher, 1)
    await in_turns(lambda subscriber: subscribe(subscriber, documents), subscribers)
    return Fanout(publisher, documents[0][0], subscribers, text)


async def measure(server: Server, scale: Scale) -> list[Figure]:
    """The same number of deliveries a second to few and to many, and as many as go."""
    figures: list[Figure] = []
    for size, per_s in ((scale.of(1000), 20), (scale.of(5000), 4)):
        fanout = await open_fanout(server, size)
        await fanout.at_rate(per_s, WARM_UP_S)
        meter = Meter(server.process)
        await fanout.at_rate(per_s, scale.seconds)
        case = f"{size} subscribers, {size * per_s}/s"
        figures.append(meter.figure("fanout", case, fanout.delivered, fanout.latencies_s))
        meter = Meter(server.process)
        await fanout.in_bursts(scale.seconds)
        case = f"{size} subscribers, bursts of {BURST}"
        figures.append(meter.figure("fanout", case, fanout.delivered, fanout.latencies_s))
        await fanout.leave()
    return figures


@lru_cache(maxsize=256)
def _published_ns(payload: bytes) -> int:
    start = payload.index(b'"at":"') + 6
    return int(payload[start : start + 20])
