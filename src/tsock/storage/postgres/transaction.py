"""What rules and queries see of a transaction on PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from psycopg.pq.abc import PGresult

from tsock.events import Fact
from tsock.ids import Ids
from tsock.storage.postgres import statements
from tsock.storage.postgres.connection import Lost, error_in
from tsock.storage.postgres.foresight import Claim
from tsock.storage.postgres.statements import Statement, Values
from tsock.storage.store import Row

Batch = Sequence[tuple[Statement, Values]]

_BEGIN: tuple[Statement, Values] = (statements.plain("BEGIN"), [])
_COMMIT: tuple[Statement, Values] = (statements.plain("COMMIT"), [])
ROLLBACK = statements.plain("ROLLBACK")
_PROGRESS = statements.plain("UPDATE progress SET date_ms = :date WHERE date_ms < :date")
_LOCK = statements.plain("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_LOCK_FREE = statements.plain("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


class Taken(Exception):
    """Another transaction holds what this one does not wait for, since it holds something itself."""


class Foreseen(NamedTuple):
    """A row that was claimed before the rule runs that does so first of all."""

    claim: Claim
    row: Row


class Carrier(Protocol):
    """Brings statements to the database, and their results back."""

    def exchange(self, batch: Batch) -> Sequence[PGresult]:
        """Have statements carried out in one round trip; their results, in order.

        Raises:
            Lost: the connection is gone.
        """
        ...

    def rows(self, result: PGresult) -> list[Any]:
        """The rows of one of them."""
        ...


def _values(claim: Claim | None) -> Values | None:
    """The arguments of what can be claimed ahead; None of anything else."""
    if claim is None:
        return None
    statement = statements.plain(claim.sql)
    if not statement.names_its_row:
        return None
    try:
        return statement.values(claim.params)
    except (KeyError, ValueError):  # its rule is told when it runs
        return None


class QueryTx:
    """`Tx` for a query, which only asks."""

    def __init__(self, carrier: Carrier, ids: Ids, now_ms: int, date_ms: int) -> None:
        self._carrier = carrier
        self.sid = ids.sid
        self.secret = ids.secret
        self.now_ms, self.date_ms = now_ms, date_ms
        self.facts: list[Fact] = []
        self.seen: dict[str, int] = {}

    def one(self, sql: str, params: Mapping[str, Any]) -> Row | None:
        rows = self.all(sql, params)
        return rows[0] if rows else None

    def all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        statement = statements.plain(sql)
        results = self._carrier.exchange([(statement, statement.values(params))])
        error = error_in(results)
        if error is not None:
            raise error
        return self._carrier.rows(results[-1])

    claim = one

    def claim_all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        return self.all(sql, params)

    def lock(self, name: str) -> None:
        """Nothing to do: what only asks decides nothing."""

    def run(self, sql: str, params: Mapping[str, Any]) -> None:
        raise TypeError(f"a query does not write: {sql}")

    def count(self, sql: str, params: Mapping[str, Any]) -> int:
        raise TypeError(f"a query does not write: {sql}")

    def saw(self, root_sid: str, counter: int) -> None:
        self.seen[root_sid] = counter

    def emit(self, fact: Fact) -> None:
        self.facts.append(fact)


class RuleTx:
    """`Tx` for rules, one after another: what answers nothing leaves with the next question, or to commit.

    What a rule wrote and did not send yet is undone by forgetting it; anything else takes all rules of the
    transaction along. A rule that fails once has failed, whatever it makes of it.
    """

    def __init__(self, carrier: Carrier, ids: Ids) -> None:
        self._carrier = carrier
        self.ids = ids
        self.sid = ids.sid
        self.secret = ids.secret
        self.now_ms = self.date_ms = 0
        self.facts: list[Fact] = []
        self.seen: dict[str, int] = {}
        self.has_written = False
        """Whether any rule has written."""
        self._deferred: list[tuple[Statement, Values]] = []
        self._mark = 0
        """Where among these the rule's own begin."""
        self._has_deferred = self._has_sent = False
        """Whether the rule has written what waits to leave, and what has left."""
        self._waits = self._holds = False
        self._trials: list[int] = []
        """Which of the deferred try to lock a name."""
        self._foreseen: Foreseen | None = None
        """What the rule has been given of what it claims first."""
        self._has_foreseen = False
        """Whether any rule has been given something."""
        self._claimed: set[str] = set()
        """The SIDs of rows that rules have claimed, from then on."""
        self.failure: Exception | None = None
        """What the rule cannot go on behind."""

    def begin(self, *, alone: bool) -> None:
        """Start anew; `alone` is a rule that has nobody beside it and may wait for whatever it claims."""
        self._deferred, self._trials = [_BEGIN], []
        self._waits = alone
        self._holds = self.has_written = self._has_foreseen = False
        self._claimed.clear()

    def foresee(self, claims: Sequence[Claim | None]) -> Sequence[Foreseen | None]:
        """Have first claims of rules leave together, before the first of them runs.

        Returns:
            what each rule claims first and found; None where that is to be asked for when it runs.
        """
        asked = [_values(claim) for claim in claims]
        # A rule that begins otherwise may have to wait, and may not once something is held.
        if asked[0] is None or sum(values is not None for values in asked) == 1:
            return [None] * len(claims)
        first = len(self._deferred)
        for claim, values in zip(claims, asked, strict=True):
            if claim is not None and values is not None:
                make = statements.claiming if len(self._deferred) == first else statements.claiming_free
                self._deferred.append((make(claim.sql), values))
        results = iter(self._send()[first:])
        self._has_foreseen = True
        found = [[] if values is None else self._carrier.rows(next(results)) for values in asked]
        return [
            Foreseen(claim, rows[0]) if claim is not None and rows else None
            for claim, rows in zip(claims, found, strict=True)
        ]

    def begin_rule(self, now_ms: int, date_ms: int, foreseen: Foreseen | None = None) -> None:
        """Lend the transaction to the next rule, for which something may be foreseen."""
        self._foreseen = foreseen
        self.now_ms, self.date_ms = now_ms, date_ms
        self.facts, self.seen = [], {}
        self._mark = len(self._deferred)
        self._has_deferred = self._has_sent = False
        self.failure = None

    def end_rule(self) -> None:
        """See that the rule has not failed without saying so.

        Raises:
            Exception: what it kept to itself.
        """
        if self.failure is not None:
            raise self.failure

    def undo_rule(self) -> bool:
        """Forget what the rule wrote; False where only the whole transaction can be undone."""
        if self._has_sent:
            return False
        del self._deferred[self._mark :]
        self._trials = [trial for trial in self._trials if trial < self._mark]
        return True

    def commit(self, progress_ms: int | None) -> None:
        """Have everything carried out and stored; `progress_ms` says how far the database has come then.

        Raises:
            psycopg.Error: a statement failed, or the commit.
            Taken: a name that is to be locked is somebody else's.
            Lost: the connection is gone.
        """
        if progress_ms is not None:
            self._deferred.append((_PROGRESS, _PROGRESS.values({"date": progress_ms})))
        if self._trials:  # what rests on a lock is not stored without it
            self._send()
        self._deferred.append(_COMMIT)
        self._send()

    @property
    def is_untouched(self) -> bool:
        """Whether the database has not heard of this transaction, and need not."""
        return self._deferred == [_BEGIN]

    def one(self, sql: str, params: Mapping[str, Any]) -> Row | None:
        rows = self.all(sql, params)
        return rows[0] if rows else None

    def all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        statement = statements.plain(sql)
        if not statement.is_read:
            self.has_written = self._has_deferred = True
            self._foreseen = None
        return self._carrier.rows(self._ask(statement, params))

    def claim(self, sql: str, params: Mapping[str, Any]) -> Row | None:
        foreseen, self._foreseen = self._foreseen, None
        # A rule before it may have claimed the same row, under another name, and changed it since.
        if foreseen is not None and foreseen.claim == (sql, params) and foreseen.row[0] not in self._claimed:
            self._claimed.add(foreseen.row[0])
            return foreseen.row
        if self._may_wait() or statements.plain(sql).has_limit:
            rows = self.claim_all(sql, params)
        else:
            rows = self._carrier.rows(self._ask(statements.claiming_free(sql), params))
            if not rows and self.one(sql, params) is not None:
                raise self._failed(Taken())
        self._note_claimed(rows)
        return rows[0] if rows else None

    def claim_all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        if self._may_wait():
            rows = self._carrier.rows(self._ask(statements.claiming(sql), params))
        else:
            there = statements.plain(sql)
            self._deferred.append((there, there.values(params)))
            *_, found, free = self._send(statements.claiming_free(sql), params)
            rows = self._carrier.rows(free)
            if rows != self._carrier.rows(found):
                raise self._failed(Taken())
        self._note_claimed(rows)
        return rows

    def lock(self, name: str) -> None:
        statement = _LOCK if self._may_wait() else _LOCK_FREE
        if statement is _LOCK_FREE:
            self._trials.append(len(self._deferred))
        self._deferred.append((statement, statement.values({"name": name})))

    def run(self, sql: str, params: Mapping[str, Any]) -> None:
        statement = statements.plain(sql)
        self._deferred.append((statement, statement.values(params)))
        self.has_written = self._has_deferred = True
        self._foreseen = None  # it may be what this changes

    def count(self, sql: str, params: Mapping[str, Any]) -> int:
        self.run(sql, params)
        return self._send()[-1].command_tuples or 0

    def saw(self, root_sid: str, counter: int) -> None:
        self.seen[root_sid] = counter

    def emit(self, fact: Fact) -> None:
        self.facts.append(fact)

    def _note_claimed(self, rows: Sequence[Row]) -> None:
        self._holds = self._holds or bool(rows)
        if self._has_foreseen:  # whoever changes a row has its SID among what it claims
            self._claimed.update(value for row in rows for value in row if isinstance(value, str))

    def _may_wait(self) -> bool:
        """Whether nobody can wait for this transaction while it waits for others."""
        return self._waits or not (self._holds or (self._deferred and self._deferred[-1] is not _BEGIN))

    def _ask(self, statement: Statement, params: Mapping[str, Any]) -> PGresult:
        return self._send(statement, params)[-1]

    def _send(
        self, statement: Statement | None = None, params: Mapping[str, Any] | None = None
    ) -> Sequence[PGresult]:
        """Send what was deferred, and a question behind it; the results of all."""
        if self.failure is not None:
            raise self.failure
        batch, trials = self._deferred, self._trials
        self._has_sent = self._has_sent or self._has_deferred
        self._has_deferred = False
        self._holds = self._holds or bool(batch and batch[-1] is not _BEGIN)
        if statement is not None:
            batch.append((statement, statement.values(params or {})))
        self._deferred, self._trials, self._mark = [], [], 0
        try:
            results = self._carrier.exchange(batch)
        except Lost as lost:
            raise self._failed(lost) from lost
        error = error_in(results)
        if error is None and not all(self._carrier.rows(results[trial])[0][0] for trial in trials):
            error = Taken()
        if error is not None:
            # Nothing more is carried out in this transaction, or a rule before has not got its lock.
            self._has_sent = True
            raise self._failed(error)
        return results

    def _failed(self, error: Exception) -> Exception:
        self.failure = error
        return error
