"""A connection that comes back: what waits meanwhile, when it is tried again, why there is none."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable

import msgspec
import structlog

from tsock.bus.transport import Connection, Hear, NotConnected, Transport
from tsock.clock import Clock
from tsock.deadlines import Deadlines

log = structlog.get_logger(__name__)

WAITING_BYTES_MAX = 8 * 1024 * 1024
"""Beyond it what has waited longest is dropped: the store has it, but for what is never stored."""
PAYLOADS_AT_ONCE = 64
RETRY_S_MIN = 0.1
RETRY_S_MAX = 5.0
"""The wait between two attempts doubles from one to the other; chance picks its second half."""
STEADY_S = 5.0
"""A connection that stood so long was none that fails at once: the next attempt comes soon."""
ANSWER_S_MAX = 5.0
"""A server that does not answer for so long is as good as gone."""
CLOSE_S = 1.0
"""What waits to be sent in the end has so long."""


class Standing(msgspec.Struct, frozen=True):
    """Whether a node is connected to the bus."""

    since_ms: int
    """From when on, by the wall clock."""
    down: str | None
    """Why it is not connected; None while it is."""


class Link:
    """Keeps one connection to the server."""

    def __init__(
        self,
        transport: Transport,
        hear: Hear,
        turned: Callable[[], object],
        *,
        clock: Clock,
        deadlines: Deadlines,
        chance: Callable[[], float],
    ) -> None:
        """Connects over `transport` once it is started.

        Args:
            transport: how.
            hear: takes each payload that arrives.
            turned: called when a connection stands, and when it is lost.
            clock: dates what is told of the state.
            deadlines: for all waits.
            chance: draws from 0 up to 1.
        """
        self._transport = transport
        self._hear = hear
        self._turned = turned
        self._clock = clock
        self._deadlines = deadlines
        self._chance = chance
        self._waiting = deque[bytes]()
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._go_on = asyncio.Event()
        self._asked_s: float | None = None
        self._connection: Connection | None = None
        self._running: asyncio.Task[None] | None = None
        self._is_closing = False
        self.standing = Standing(clock.now_ms(), "not connected yet")
        self.lag_s: float | None = None
        """How long the server took to answer the latest probe."""
        self.waiting_bytes = 0
        self.dropped = 0
        """Payloads given up since too many waited."""

    def send(self, payloads: Iterable[bytes]) -> None:
        """Send these as soon as there is a connection, in their order."""
        for payload in payloads:
            self._waiting.append(payload)
            self.waiting_bytes += len(payload)
        while self.waiting_bytes > WAITING_BYTES_MAX:
            self.waiting_bytes -= len(self._waiting.popleft())
            self.dropped += 1
        self._empty.clear()
        self._wake.set()

    def probe(self) -> None:
        """Ask the server for an answer; where one has been awaited for too long, give it up."""
        if self._connection is None:
            return
        now_s = self._clock.monotonic_s()
        if self._asked_s is None:
            self._asked_s = now_s
            self._wake.set()
        elif now_s - self._asked_s >= ANSWER_S_MAX:
            _lose(self._connection, f"no answer for {now_s - self._asked_s:.0f} s")

    def start(self) -> None:
        """Connect, and again whenever the connection is lost."""
        self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Send what waits if that is soon done, and let go of the server."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self.emptied()
        self._is_closing = True
        self._go_on.set()
        if self._connection is not None:
            _lose(self._connection, "closed")
        if self._running is not None:
            # Client libraries leave sockets open where they are cancelled, so that comes last.
            await asyncio.wait([self._running], timeout=CLOSE_S)
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        wait_s = RETRY_S_MIN
        while not self._is_closing:
            began_s = self._clock.monotonic_s()
            why = await self._connect()
            if self._is_closing:  # one attempt may outlast being cancelled
                return
            self._stand(why)
            if self._clock.monotonic_s() - began_s >= STEADY_S:
                wait_s = RETRY_S_MIN
            await self._pause(wait_s * (1 + self._chance()) / 2)
            wait_s = min(2 * wait_s, RETRY_S_MAX)

    async def emptied(self) -> None:
        """Wait until nothing waits to be sent; at once where there is nobody to send it to."""
        if self._connection is not None:
            await self._empty.wait()

    async def _connect(self) -> str:
        """Why the connection was lost or did not come about."""
        try:
            async with self._transport.connect(self._hear) as connection:
                return await self._serve(connection)
        except NotConnected as error:
            return str(error)
        except Exception as error:
            log.exception("the bus failed")
            return type(error).__name__

    async def _serve(self, connection: Connection) -> str:
        if self._is_closing:
            return "closed"
        self._connection, self._asked_s = connection, None
        self._stand(None)
        self._wake.set()
        sending = asyncio.ensure_future(self._send_all(connection))
        try:
            await asyncio.wait([sending, connection.lost], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._connection = self.lag_s = None
            self._empty.set()
            sending.cancel()
        if not connection.lost.done():
            await sending  # which failed
        return connection.lost.result()

    async def _send_all(self, connection: Connection) -> None:
        while not connection.lost.done():
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                payloads = [self._waiting.popleft() for _ in range(min(len(self._waiting), PAYLOADS_AT_ONCE))]
                self.waiting_bytes -= sum(map(len, payloads))
                await connection.send(payloads)
            if self._asked_s is not None:
                await connection.probe()
                self.lag_s, self._asked_s = self._clock.monotonic_s() - self._asked_s, None
            if not self._waiting:
                self._empty.set()

    async def _pause(self, seconds: float) -> None:
        deadline = self._deadlines.after(seconds, self._go_on.set)
        await self._go_on.wait()
        deadline.cancel()
        self._go_on.clear()

    def _stand(self, why: str | None) -> None:
        before = self.standing.down
        if why == before:
            return
        if why is None:
            log.info("bus.connected")
        else:
            log.warning("bus.lost", reason=why)
        if why is not None and before is not None:
            self.standing = Standing(self.standing.since_ms, why)
            return
        self.standing = Standing(self._clock.now_ms(), why)
        self._turned()


def _lose(connection: Connection, why: str) -> None:
    if not connection.lost.done():
        connection.lost.set_result(why)
