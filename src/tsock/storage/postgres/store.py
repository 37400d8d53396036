"""The store on PostgreSQL: many rules per transaction, many transactions at once, no thread that waits.

Rules and queries are plain functions in greenlets of the event loop: whoever asks the database something is
put aside until the answer has come. Rules of different lanes about different objects fly at the same time,
each flight in a transaction on a connection of its own, and claim what they decide by. Queries that wait
together share a snapshot, and what they ask leaves together.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic, perf_counter
from typing import Any, TypeVar

import msgspec
import psycopg
import structlog

from tsock.clock import Clock
from tsock.errors import StoreBusy, StoreDown
from tsock.events import Fact
from tsock.ids import Ids
from tsock.storage import progress
from tsock.storage.postgres.carriers import Blocking, Flight
from tsock.storage.postgres.connection import Connection, Lost
from tsock.storage.postgres.failures import is_about_the_database, is_damage, reason
from tsock.storage.postgres.flight import Landing, Write, down, fly
from tsock.storage.postgres.lanes import Lanes, Waiting
from tsock.storage.postgres.pool import Pool
from tsock.storage.postgres.queries import Asking, Outcome, Query, Snapshot
from tsock.storage.postgres.transaction import ROLLBACK, Carrier, QueryTx, RuleTx
from tsock.storage.progress import STEP_MS
from tsock.storage.store import CLOSED, Done, Fetched, Lane, Listener, Tx
from tsock.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

_SNAPSHOT_MAX = 64
"""Queries that share a snapshot."""
_LOOK_S = 1.0
"""How often it is looked whether any has waited too long, and a store that is down is tried again."""


class Limits(msgspec.Struct, frozen=True):
    """Bounds of one store."""

    waiting_max: int = 20_000
    """How many writes may wait."""
    group_max: int = 32
    """How many rules share a transaction: what they claim first is held until the last has run."""
    turn_s: float = 0.001
    """How long queries run in one turn of the loop."""
    wait_s: float = 10.0
    """How long a write or query waits for its turn, and a connection for an answer."""
    write_connections: int = 8
    """How many transactions of rules there are at a time."""
    read_connections: int = 4
    """How many of queries."""


DEFAULTS = Limits()

T = TypeVar("T", bound=Waiting)


def _share(waiting: Lanes[T], pool: Pool, items_max: int) -> list[T]:
    """What the next free connection takes of those that wait, so that each of them has its part."""
    return waiting.take(-(-waiting.ready // pool.free), items_max)


class PostgresStore:
    """`Store` on a database of PostgreSQL; lives on the running event loop."""

    spreads_queries = True

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        limits: Limits = DEFAULTS,
        progressed: Callable[[int], object] = lambda date_ms: None,
    ) -> None:
        """Open the connections, which blocks.

        Args:
            connect: opens a connection to a database with the newest schema.
            clock: shows and dates.
            ids: makes ids.
            metrics: counts commits.
            limits: bound it.
            progressed: hears how far the database has come, by the date of a commit that says so itself.

        Raises:
            psycopg.Error: the database cannot be reached.
        """
        self._connect = connect
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._limits = limits
        self._progressed = progressed
        self._progress_ms = 0
        self._loop = asyncio.get_running_loop()
        self._listener: Listener = lambda facts: None
        self._writes = Lanes[Write]()
        self._queries = Lanes[Query]()
        self._aside: deque[Write] = deque()
        self._under_way = 0
        """Flights, snapshots and work aside that have not ended."""
        self._turn_due = False
        self._idle: asyncio.Future[None] | None = None
        self._closed = False
        self._down: str | None = None
        self._is_trying = False
        """Whether it is under way to find out whether the store commits again."""
        self._is_damaged = False
        self._unreadable: str | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="aside")
        self._aside_connection: Connection | None = None
        self._is_aside = False
        self._writers = Pool(connect, limits.write_connections, self._schedule)
        try:
            self._readers = Pool(connect, limits.read_connections, self._schedule)
        except (psycopg.Error, OSError):
            self._writers.close()
            raise
        self._looking = self._loop.call_later(_LOOK_S, self._look)

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    @property
    def down(self) -> str | None:
        return self._down or self._writers.problem

    @property
    def unreadable(self) -> str | None:
        return self._unreadable or self._readers.problem

    @property
    def waiting(self) -> int:
        return self._writes.waiting + len(self._aside)

    def write(
        self, rule: Callable[[Tx], Any], done: Done, *, lane: Lane | None = None, about: str = ""
    ) -> None:
        asked = Write(rule, done, lane, about, monotonic())
        if self._closed:
            self._loop.call_soon(self._answer, asked, None, StoreDown(CLOSED))
            return
        if self._writes.waiting >= self._limits.waiting_max:
            raise StoreBusy(
                f"{self._writes.waiting} writes wait for the store (store_waiting_max); try again"
            )
        self._writes.add(asked)
        self._schedule()

    def write_aside(self, rule: Callable[[Tx], Any], done: Done) -> None:
        asked = Write(rule, done, None, "", monotonic())
        if self._closed:
            self._loop.call_soon(self._answer, asked, None, StoreDown(CLOSED))
            return
        self._aside.append(asked)
        self._schedule()

    def read(self, query: Callable[[Tx], Any], done: Fetched, *, lane: Lane | None = None) -> None:
        asked = Query(query, done, lane, monotonic())
        if self._closed:
            asked.outcome = Outcome(None, StoreDown(CLOSED))
            self._loop.call_soon(self._answer_query, asked)
            return
        self._queries.add(asked)
        self._schedule()

    async def settled(self) -> None:
        while self._is_busy:
            if self._idle is None or self._idle.done():
                self._idle = self._loop.create_future()
            await asyncio.shield(self._idle)

    async def close(self) -> None:
        await self.settled()
        self._closed = True
        self._looking.cancel()
        self._thread.shutdown()
        self._writers.close()
        self._readers.close()
        if self._aside_connection is not None:
            self._aside_connection.close()

    @property
    def _is_busy(self) -> bool:
        return bool(self._under_way or self.waiting or self._queries.waiting)

    def _schedule(self) -> None:
        if not (self._turn_due or self._closed):
            self._turn_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Let go what may go."""
        self._turn_due = False
        if self._aside and not self._is_aside:
            self._is_aside = True
            self._under_way += 1
            self._thread.submit(self._run_aside, self._aside.popleft())
        while self._writers.free and (writes := _share(self._writes, self._writers, self._limits.group_max)):
            self._under_way += 1
            Flight(self._writers.take(), writes, self._fly, self._landed).take_off()
        while self._readers.free and (queries := _share(self._queries, self._readers, _SNAPSHOT_MAX)):
            self._under_way += 1
            self._open_snapshot(self._readers.take(), queries)
        if self._idle is not None and not self._idle.done() and not self._is_busy:
            self._idle.set_result(None)

    # Writes

    def _fly(self, carrier: Carrier, writes: Sequence[Write]) -> Landing:
        return fly(RuleTx(carrier, self._ids), writes, self._clock, self._due_ms)

    def _due_ms(self, date_ms: int) -> int | None:
        """What a commit of that date says of how far the database has come, unless one did a moment ago."""
        return date_ms if date_ms - self._progress_ms >= STEP_MS else None

    def _landed(self, flight: Flight, landing: Landing) -> None:
        self._metrics.committed(len(flight.writes), perf_counter() - flight.began_s)
        if landing.undo:
            with suppress(Lost):
                flight.connection.send(ROLLBACK, [])
                flight.connection.exchange(lambda results, lost: None)
        if landing.leave is not None:
            flight.connection.fail(landing.leave)
        self._writers.give(flight.connection)
        self._settle(landing)
        again, late = self._still_in_time(landing.again)
        self._writes.landed(flight.writes, again)
        for write in late:
            self._answer(write, None, self._late())
        self._ended()

    def _settle(self, landing: Landing) -> None:
        """Announce and answer."""
        if landing.down is not None:
            if self._down is None:
                log.error("store.down", reason=landing.down)
            self._down = landing.down
        elif landing.has_stored and self._down is not None:
            log.warning("store.up", was=self._down)
            self._down = None
        if landing.progress_ms is not None and landing.progress_ms > self._progress_ms:
            self._progress_ms = landing.progress_ms
            self._progressed(landing.progress_ms)
        facts: list[Fact] = []
        for _, _, _, emitted in landing.settled:
            facts += emitted
        if facts:
            self._announce(facts)
        for write, result, error, _ in landing.settled:
            self._answer(write, result, error)

    def _ended(self) -> None:
        self._under_way -= 1
        self._schedule()

    def _announce(self, facts: list[Fact]) -> None:
        try:
            self._listener(facts)
        except Exception:  # whatever follows this commit must go on
            log.exception("store.listener_failed")

    def _answer(self, write: Write, result: Any, error: Exception | None) -> None:
        try:
            write.done(result, error)
        except Exception:
            log.exception("store.reply_failed")

    # Work aside: one thread, one connection, one rule at a time.

    def _run_aside(self, write: Write) -> None:
        """On the helper thread."""
        connection = self._aside_connection
        if connection is None or connection.lost is not None:
            try:
                connection = self._aside_connection = self._connect()
            except (psycopg.Error, OSError) as error:
                landing = down([write], reason(error))
                self._loop.call_soon_threadsafe(self._landed_aside, landing)
                return
        carrier = Blocking(connection, self._limits.wait_s)
        landing = self._fly(carrier, [write])
        if landing.leave is not None:
            connection.fail(landing.leave)
        if landing.undo:
            with suppress(Lost):
                carrier.exchange([(ROLLBACK, [])])
        self._loop.call_soon_threadsafe(self._landed_aside, landing)

    def _landed_aside(self, landing: Landing) -> None:
        self._is_aside = False
        self._settle(landing)
        again, late = self._still_in_time(landing.again)
        self._aside.extendleft(again)
        for write in late:
            self._answer(write, None, self._late())
        self._ended()

    # Queries

    def _open_snapshot(self, connection: Connection, queries: Sequence[Query]) -> None:
        Snapshot(
            connection,
            queries,
            open_tx=self._query_tx,
            turn_s=self._limits.turn_s,
            answer=self._answer_query,
            ended=self._snapshot_ended,
        ).run()

    def _query_tx(self, asking: Asking) -> QueryTx:
        return QueryTx(asking, self._ids, self._clock.now_ms(), self._clock.date_ms())

    def _snapshot_ended(self, snapshot: Snapshot) -> None:
        self._readers.give(snapshot.connection)
        again, late = self._still_in_time(snapshot.again)
        self._queries.landed(snapshot.queries, again)
        self._refuse_queries(late)
        self._ended()

    def _answer_query(self, query: Query) -> None:
        outcome = query.outcome
        assert outcome is not None
        error = outcome.error
        if error is not None and is_about_the_database(error):
            if self._unreadable is None:
                log.error("store.unreadable", reason=reason(error))
            self._unreadable = reason(error)
            self._is_damaged = self._is_damaged or is_damage(error)
            error = StoreDown(f"the store cannot be read: {reason(error)}")
        elif error is None and self._unreadable is not None and not self._is_damaged:
            log.warning("store.readable", was=self._unreadable)
            self._unreadable = None
        if outcome.facts and error is None:
            self._announce(outcome.facts)
        try:
            query.done(outcome.result, error, outcome.seen)
        except Exception:
            log.exception("store.reply_failed")

    # Nothing waits for ever, and a store that cannot commit is tried until it can.

    def _look(self) -> None:
        self._looking = self._loop.call_later(_LOOK_S, self._look)
        before_s = monotonic() - self._limits.wait_s
        self._writers.fail_silent(before_s)
        self._readers.fail_silent(before_s)
        for write in self._writes.overdue(before_s):
            self._answer(write, None, self._late())
        self._refuse_queries(self._queries.overdue(before_s))
        if self._down is not None and self._writers.problem is None and not self._is_trying:
            self._is_trying = True
            self._writes.add(Write(progress.touch, self._tried, None, "", monotonic()))
        self._schedule()

    def _tried(self, result: None, error: Exception | None) -> None:
        self._is_trying = False

    def _still_in_time(self, again: Sequence[T]) -> tuple[list[T], list[T]]:
        """Those that may go again, and those that have waited too long."""
        before_s = monotonic() - self._limits.wait_s
        return (
            [item for item in again if item.asked_s >= before_s],
            [item for item in again if item.asked_s < before_s],
        )

    def _late(self) -> StoreDown:
        return StoreDown(
            f"the database was not reached in {self._limits.wait_s:g} s (store_wait_s), and nothing was "
            "stored; try again"
        )

    def _refuse_queries(self, queries: Iterable[Query]) -> None:
        for query in queries:
            query.outcome = Outcome(None, self._late())
            self._answer_query(query)
