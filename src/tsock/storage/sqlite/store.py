"""The store on SQLite: WAL, `synchronous=FULL`, many rules per commit.

Rules and queries run on the event loop; only what waits for the disk, `COMMIT`, runs on one helper thread.
Rules that arrive meanwhile form the next group. A rule that fails after it has written takes the transaction
of its group along: all of them run once more, now each in a savepoint.

Two connections are open: the writer's, whose transaction holds the running group, and the reader's, which
sees committed state only. A query asked for while a commit is under way runs after the facts of that commit
were announced: so a query never sees what is not announced yet, which is more than the contract asks for.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import structlog

from tsock.clock import Clock
from tsock.errors import StoreBusy, StoreDown
from tsock.events import Fact
from tsock.ids import Ids
from tsock.storage.progress import STEP_MS, touch
from tsock.storage.sqlite.migrate import migrate
from tsock.storage.store import CLOSED, Done, Fetched, Lane, Listener, Row, Tx
from tsock.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

_PROBE_S = 1.0
"""How often a store that cannot commit is tried again."""

_GUARDED_S = 1.0
"""How long rules have savepoints after one failed that had written: long enough that running groups twice
costs little even if somebody makes rules fail on purpose, short enough that the others soon go without."""

_CHECKPOINT_PAGES = 8_000
"""Of 4 KiB: at how many the log is copied into the file. A busy server changes the same pages over and over
and a copy takes only the last change of each, but two groups of messages fill the default of 1,000."""

_DISK_FAILURES = frozenset(
    (
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_NOMEM,
    )
)
"""Primary result codes that condemn the whole group, not the statement that met them."""

_DAMAGE = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
"""Those that no later success takes back."""

_Pending = tuple[Callable[[Tx], Any], Done]
_Asked = tuple[Callable[[Tx], Any], Fetched]
_Settled = tuple[_Pending, Any, Exception | None, list[Fact]]


class _Spoilt(Exception):
    """A rule without a savepoint failed after it had written."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class SqliteTx:
    """The transaction of one connection, lent to one rule at a time."""

    __slots__ = (
        "_connection",
        "_execute",
        "date_ms",
        "facts",
        "guards",
        "has_written",
        "now_ms",
        "secret",
        "seen",
        "sid",
        "wrote",
    )

    def __init__(self, connection: sqlite3.Connection, ids: Ids) -> None:
        self._connection = connection
        self._execute = connection.execute
        self.guards = False
        """Whether each rule has a savepoint of its own."""
        self.has_written = False
        """Whether this rule has tried to write."""
        self.sid = ids.sid
        self.secret = ids.secret
        self.now_ms = self.date_ms = 0
        self.facts: list[Fact] = []
        self.seen: dict[str, int] = {}
        self.wrote = False
        """Whether any rule since this was last reset has tried to write."""

    def one(self, sql: str, params: Mapping[str, Any]) -> Row | None:
        return self._execute(sql, params).fetchone()

    claim = one
    """Rules run one after another, so nobody else changes anything meanwhile."""

    def all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        return self._execute(sql, params).fetchall()

    def lock(self, name: str) -> None:
        """Nothing to do, for the same reason."""

    def claim_all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        return self.all(sql, params)

    def run(self, sql: str, params: Mapping[str, Any]) -> None:
        if not self.has_written:
            self._begin_writing()
        self._execute(sql, params)

    def count(self, sql: str, params: Mapping[str, Any]) -> int:
        if not self.has_written:
            self._begin_writing()
        return self._execute(sql, params).rowcount

    def saw(self, root_sid: str, counter: int) -> None:
        self.seen[root_sid] = counter

    def emit(self, fact: Fact) -> None:
        self.facts.append(fact)

    def _begin_writing(self) -> None:
        if self.guards:
            self._execute("SAVEPOINT rule")
        self.has_written = self.wrote = True

    def begin_rule(self, now_ms: int, date_ms: int) -> None:
        self.now_ms = now_ms
        self.date_ms = date_ms
        self.facts = []
        self.seen = {}
        self.has_written = False

    def keep_rule(self) -> None:
        if self.has_written and self.guards:
            self._execute("RELEASE rule")

    def undo_rule(self) -> bool:
        """Undo what the rule wrote; False where only the whole transaction can be undone."""
        if self.has_written and self._connection.in_transaction:
            if not self.guards:
                return False
            self._execute("ROLLBACK TO rule")
            self._execute("RELEASE rule")
        return True


class SqliteStore:
    """`Store` on one SQLite file; lives on the running event loop."""

    spreads_queries = False

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        waiting_max: int = 20_000,
        group_max: int = 2_000,
        turn_s: float = 0.001,
        progressed: Callable[[int], object] = lambda date_ms: None,
    ) -> None:
        """`progressed` hears how far the database has come, by the date of a commit that says so itself."""
        self._clock = clock
        self._metrics = metrics
        self._waiting_max = waiting_max
        self._group_max = group_max
        self._turn_s = turn_s
        self._progressed = progressed
        self._progress_ms = self._progress_due_ms = 0
        self._writer = _connect(path)
        migrate(self._writer)
        self._reader = _connect(path)
        self._reader.execute("PRAGMA query_only = ON")
        self._tx = SqliteTx(self._writer, ids)
        self._read_tx = SqliteTx(self._reader, ids)
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="commit")
        self._listener: Listener = lambda facts: None
        self._waiting: deque[_Pending] = deque()
        self._aside: deque[_Pending] = deque()
        self._reads: deque[_Asked] = deque()
        self._group: list[_Settled] = []
        self._guarded_until_s = 0.0
        self._turn_due = False
        self._was_aside = False
        self._committing = False
        self._closed = False
        self._idle: asyncio.Future[None] | None = None
        self._down: str | None = None
        self._unreadable: str | None = None
        self._is_damaged = False
        self._probing: asyncio.TimerHandle | None = None

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    @property
    def down(self) -> str | None:
        return self._down

    @property
    def unreadable(self) -> str | None:
        return self._unreadable

    @property
    def waiting(self) -> int:
        return len(self._waiting) + len(self._aside)

    def write(
        self, rule: Callable[[Tx], Any], done: Done, *, lane: Lane | None = None, about: str = ""
    ) -> None:
        if self._closed:
            self._loop.call_soon(self._answer, done, None, StoreDown(CLOSED))
            return
        # There is one line for all: every lane keeps its order in it.
        if len(self._waiting) >= self._waiting_max:
            raise StoreBusy(f"{len(self._waiting)} writes wait for the store (store_waiting_max); try again")
        self._waiting.append((rule, done))
        self._schedule()

    def write_aside(self, rule: Callable[[Tx], Any], done: Done) -> None:
        if self._closed:
            self._loop.call_soon(self._answer, done, None, StoreDown(CLOSED))
            return
        self._aside.append((rule, done))
        self._schedule()

    def read(self, query: Callable[[Tx], Any], done: Fetched, *, lane: Lane | None = None) -> None:
        if self._closed:
            self._loop.call_soon(done, None, StoreDown(CLOSED), dict[str, int]())
            return
        # Behind a lane's earlier queries, also while what waited for a commit is being answered.
        if self._committing or (self._reads and lane is not None):
            self._reads.append((query, done))
        else:
            self._run_query(query, done)

    async def close(self) -> None:
        await self.settled()
        self._closed = True
        if self._probing is not None:
            self._probing.cancel()
        self._thread.shutdown()
        self._reader.close()
        self._writer.close()

    async def settled(self) -> None:
        while self.waiting or self._group or self._committing:
            if self._idle is None or self._idle.done():
                self._idle = self._loop.create_future()
            await asyncio.shield(self._idle)

    # One group: rules on the loop, then a commit on the thread, then replies and facts.

    def _schedule(self) -> None:
        if not (self._turn_due or self._committing):
            self._turn_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Run waiting rules for at most one slice, so that sockets are served in between."""
        self._turn_due = False
        if self._aside and not self._writer.in_transaction and not (self._was_aside and self._waiting):
            self._committing = self._was_aside = True
            self._thread.submit(self._run_aside, self._aside.popleft())
            return
        self._was_aside = False  # the two kinds take turns
        try:
            if not self._writer.in_transaction:
                self._begin()
            self._run_rules()
        except sqlite3.Error as error:
            self._group += [(pending, None, None, []) for pending in self._waiting]
            self._waiting.clear()
            self._finish_group(error)
            return
        if self._waiting and len(self._group) < self._group_max:
            self._turn_due = True
            self._loop.call_soon(self._turn)
        elif not self._tx.wrote:  # there is nothing to wait for
            self._finish_group(self._end("ROLLBACK"))
        else:
            self._committing = True
            self._thread.submit(self._commit)

    def _begin(self) -> None:
        self._writer.execute("BEGIN IMMEDIATE")
        self._tx.guards = self._loop.time() < self._guarded_until_s
        self._tx.wrote = False

    def _run_rules(self) -> None:
        waiting, group, tx = self._waiting, self._group, self._tx
        now_ms, date_ms = self._clock.now_ms(), self._clock.date_ms()
        stop = perf_counter() + self._turn_s
        while waiting and len(group) < self._group_max:
            pending = waiting.popleft()
            try:
                group.append((pending, *_attempt(tx, pending[0], now_ms, date_ms)))
            except sqlite3.Error:
                group.append((pending, None, None, []))  # it fails with its group
                raise
            except _Spoilt:
                self._start_over(pending)
                break
            if perf_counter() > stop:
                break

    def _start_over(self, failed: _Pending) -> None:
        """Have the whole group run again, since one of its rules cannot be undone without the others."""
        self._waiting.appendleft(failed)
        self._waiting.extendleft(pending for pending, *_ in reversed(self._group))
        self._group.clear()
        self._guarded_until_s = self._loop.time() + _GUARDED_S
        self._writer.execute("ROLLBACK")
        self._begin()

    def _commit(self) -> None:
        """On the helper thread: wait for the disk."""
        started = perf_counter()
        error = self._commit_now()
        self._loop.call_soon_threadsafe(self._committed, perf_counter() - started, error)

    def _run_aside(self, pending: _Pending) -> None:
        """On the helper thread: one rule and its commit."""
        started = perf_counter()
        error: sqlite3.Error | None = None
        try:
            self._begin()
            now_ms, date_ms = self._clock.now_ms(), self._clock.date_ms()
            self._group.append((pending, *_attempt(self._tx, pending[0], now_ms, date_ms)))
            error = self._commit_now()
        except sqlite3.Error as failure:
            self._group.append((pending, None, None, []))
            error = failure
        except _Spoilt as spoilt:
            self._tx.wrote = False
            self._group.append((pending, None, spoilt.error, []))
            error = self._end("ROLLBACK")
        self._loop.call_soon_threadsafe(self._committed, perf_counter() - started, error)

    def _commit_now(self) -> sqlite3.Error | None:
        """Have the group say how far the database has come, unless one did a moment ago, and commit it."""
        date_ms = self._tx.date_ms
        if self._tx.wrote and date_ms - self._progress_ms >= STEP_MS:
            try:
                self._writer.execute("UPDATE progress SET date_ms = ?", (date_ms,))
            except sqlite3.Error as error:
                return error
            self._progress_due_ms = date_ms
        return self._end("COMMIT")

    def _end(self, statement: str) -> sqlite3.Error | None:
        try:
            self._writer.execute(statement)
        except sqlite3.Error as error:
            return error
        return None

    def _committed(self, took_s: float, error: sqlite3.Error | None) -> None:
        self._committing = False
        self._metrics.committed(len(self._group), took_s)
        self._finish_group(error)

    def _finish_group(self, error: sqlite3.Error | None) -> None:
        """Announce and answer, in commit order; then let in what waited."""
        group, self._group = self._group, []
        if error is None:
            if self._tx.wrote:  # what wrote nothing proves nothing
                self._recovered()
            if self._progress_due_ms > self._progress_ms:
                self._progress_ms = self._progress_due_ms
                self._progressed(self._progress_ms)
            announced: list[Fact] = []
            for _, _, _, facts in group:
                announced += facts
            if announced:
                self._announce(announced)
            for (_, done), result, failure, _ in group:
                self._answer(done, result, failure)
        else:
            self._progress_due_ms = self._progress_ms
            down = self._failed(error)
            for (_, done), *_ in group:
                self._answer(done, None, down)
        while self._reads:
            self._run_query(*self._reads.popleft())
        if self._waiting or self._aside:
            self._schedule()
        elif self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def _announce(self, facts: list[Fact]) -> None:
        try:
            self._listener(facts)
        except Exception:  # whatever follows this commit must go on
            log.exception("store.listener_failed")

    def _run_query(self, query: Callable[[Tx], Any], done: Fetched) -> None:
        tx = self._read_tx
        tx.begin_rule(self._clock.now_ms(), self._clock.date_ms())
        result: Any = None
        failure: Exception | None = None
        try:
            result = query(tx)
            if self._unreadable is not None and not self._is_damaged:
                log.warning("store.readable", was=self._unreadable)
                self._unreadable = None
        except sqlite3.Error as error:
            if _code(error) in _DISK_FAILURES:
                self._note_unreadable(error)
            failure = StoreDown(f"the store cannot be read: {error}")
        except Exception as error:  # noqa: BLE001 - whatever it was, it is the caller's answer
            failure = error
        seen, facts = tx.seen, tx.facts
        if facts and failure is None:
            self._announce(facts)
        try:
            done(result, failure, seen)
        except Exception:
            log.exception("store.reply_failed")

    def _answer(self, done: Done, result: Any, error: Exception | None) -> None:
        try:
            done(result, error)
        except Exception:
            log.exception("store.reply_failed")

    def _note_unreadable(self, error: sqlite3.Error) -> None:
        self._is_damaged |= _code(error) in _DAMAGE
        if self._unreadable is None:
            log.error("store.unreadable", reason=_reason(error))
        self._unreadable = _reason(error)

    # A store that cannot commit keeps reading, refuses each write, and is tried until it works again.

    def _failed(self, error: sqlite3.Error) -> StoreDown:
        if self._writer.in_transaction:
            self._end("ROLLBACK")
        if _code(error) in _DAMAGE:
            self._note_unreadable(error)
        reason = _reason(error)
        if self._down is None:
            log.error("store.down", reason=reason)
        self._down = reason
        if self._probing is None:
            self._probing = self._loop.call_later(_PROBE_S, self._probe)
        return StoreDown(f"the store could not commit ({reason}); whether anything was stored is unknown")

    def _recovered(self) -> None:
        if self._down is not None:
            log.warning("store.up", was=self._down)
            self._down = None

    def _probe(self) -> None:
        self._probing = None
        if self._down is not None:
            self._waiting.append((touch, lambda result, error: None))  # a failure brings the next probe
            self._schedule()


def _attempt(
    tx: SqliteTx, rule: Callable[[Tx], Any], now_ms: int, date_ms: int
) -> tuple[Any, Exception | None, list[Fact]]:
    """Run one rule; a failure of the disk is raised, any other belongs to the rule.

    Raises:
        _Spoilt: it failed, and what it wrote cannot be undone alone.
    """
    tx.begin_rule(now_ms, date_ms)
    try:
        result = rule(tx)
        tx.keep_rule()
    except Exception as error:
        if _code(error) in _DISK_FAILURES:
            raise
        if not tx.undo_rule():
            raise _Spoilt(error) from error
        return None, error, []
    return result, None, tx.facts


def _code(error: Exception) -> int:
    """The primary result code; misuse that the module itself finds, such as a missing parameter, has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _reason(error: sqlite3.Error) -> str:
    return f"{type(error).__name__}: {error}"


def _connect(path: Path) -> sqlite3.Connection:
    # Nobody else may write here, so there is nothing to wait for: whoever does so by hand makes writes fail
    # for that long, and the event loop goes on.
    connection = sqlite3.connect(
        path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -32768")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection
