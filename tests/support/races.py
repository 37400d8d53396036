"""Two rules at the same time on PostgreSQL, each in its own transaction: every way in which they can meet.

The first one stops before one of its statements, then the second one runs until it is done or waits for the
first. So it goes for each statement of the first.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from threading import Event, Thread
from typing import Any, TypeVar

import psycopg
from psycopg.errors import DeadlockDetected, UniqueViolation

from tests.support.postgres import connections, execute
from tsock.errors import ApiError
from tsock.events import Fact
from tsock.ids import Ids
from tsock.storage.store import Tx

T = TypeVar("T")

Rule = Callable[[Tx], Any]

TRIES = 5
PATIENCE_S = 30


class RacingTx:
    """A transaction as a store on PostgreSQL would lend it."""

    def __init__(self, connection: psycopg.Connection, ids: Ids, now_ms: int) -> None:
        self._cursor = psycopg.RawCursor(connection)
        self.sid, self.secret = ids.sid, ids.secret
        self.now_ms = self.date_ms = now_ms
        self.facts: list[Fact] = []
        self.before: Callable[[], None] = lambda: None
        """Is called before each statement."""

    def one(self, sql: str, params: Mapping[str, Any]) -> Any:
        return self._execute(sql, params).fetchone()

    def all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        return self._execute(sql, params).fetchall()

    def claim(self, sql: str, params: Mapping[str, Any]) -> Any:
        return self.one(f"{sql} FOR NO KEY UPDATE", params)

    def claim_all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        return self.all(f"{sql} FOR NO KEY UPDATE", params)

    def lock(self, name: str) -> None:
        self._execute("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))", {"name": name})

    def run(self, sql: str, params: Mapping[str, Any]) -> None:
        self._execute(sql, params)

    def count(self, sql: str, params: Mapping[str, Any]) -> int:
        return self._execute(sql, params).rowcount

    def saw(self, root_sid: str, counter: int) -> None:
        pass

    def emit(self, fact: Fact) -> None:
        self.facts.append(fact)

    def _execute(self, sql: str, params: Mapping[str, Any]) -> Any:
        self.before()
        return execute(self._cursor, sql, params)


class _Run(Thread):
    """A rule that is run as the store does: once more where another one was faster."""

    def __init__(self, connection: psycopg.Connection, tx: RacingTx, rule: Rule) -> None:
        super().__init__(daemon=True)
        self._connection = connection
        self._tx = tx
        self._rule = rule
        self.result: Any = None
        self.done = Event()

    def run(self) -> None:
        try:
            self.result = self._outcome()
        except BaseException as error:  # noqa: BLE001 - whatever it was, the test is told
            self.result = error
        finally:
            self.done.set()

    def _outcome(self) -> Any:
        for _ in range(TRIES):
            self._tx.facts = []
            try:
                with self._connection.transaction():
                    return self._rule(self._tx)
            except ApiError as error:
                return error.code
            except (UniqueViolation, DeadlockDetected):
                continue
        raise AssertionError(f"not done after {TRIES} tries")


class Races:
    """A database, a clock that stands still until it is moved, and ids that follow from a seed."""

    def __init__(self, now_ms: int) -> None:
        self._connections = connections(3)
        for connection in self._connections:
            connection.execute("SET deadlock_timeout = '20ms'")
        self._ids = Ids(0)
        self.now_ms = now_ms

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def __call__(self, rule: Callable[..., T], *args: Any, **named: Any) -> T:
        """Run a rule alone; what it answers, or the code of its error."""
        return self._ended(self._begun(2, lambda tx: rule(tx, *args, **named)))

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        return self._connections[2].execute(sql, params).fetchall()  # type: ignore[arg-type]

    def of(
        self, prepare: Callable[[], T], first: Callable[[T], Rule], second: Callable[[T], Rule]
    ) -> Iterator[tuple[T, Any, Any]]:
        """Each race of two rules about what was prepared for it: that, and how both ended."""
        for stop in count(1):
            about = prepare()
            paused, go_on, asked = Event(), Event(), count(1)

            def before(
                stop: int = stop, asked: Iterator[int] = asked, paused: Event = paused, go_on: Event = go_on
            ) -> None:
                if next(asked) == stop:
                    paused.set()
                    assert go_on.wait(PATIENCE_S)

            ahead = self._begun(0, first(about), before)
            while not (paused.wait(0.001) or ahead.done.is_set()):
                pass
            is_last = not paused.is_set()
            behind = self._begun(1, second(about))
            while not behind.done.wait(0.001) and not self._waits(1):
                pass
            go_on.set()
            yield about, self._ended(ahead), self._ended(behind)
            if is_last:
                return

    def _begun(self, place: int, rule: Rule, before: Callable[[], None] = lambda: None) -> _Run:
        connection = self._connections[place]
        tx = RacingTx(connection, self._ids, self.now_ms)
        tx.before = before
        run = _Run(connection, tx, rule)
        run.start()
        return run

    def _ended(self, run: _Run) -> Any:
        assert run.done.wait(PATIENCE_S)
        if isinstance(run.result, BaseException):
            raise run.result
        return run.result

    def _waits(self, place: int) -> bool:
        pid = self._connections[place].info.backend_pid
        ((pids,),) = self.rows("SELECT pg_blocking_pids(%s)", pid)
        return bool(pids)
