"""Queries that wait together: one snapshot for all, and what they ask next leaves together."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any

import msgspec
from greenlet import getcurrent, greenlet
from psycopg.pq.abc import PGresult

from tsock.events import Fact
from tsock.storage.postgres import statements
from tsock.storage.postgres.connection import Connection, Lost, error_in
from tsock.storage.postgres.transaction import Batch, QueryTx
from tsock.storage.store import Fetched, Lane, Seen, Tx

_BEGIN = statements.plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
_COMMIT = statements.plain("COMMIT")


class Query:
    """One query that was asked for."""

    __slots__ = ("about", "asked_s", "done", "is_alone", "lane", "outcome", "query")

    def __init__(self, query: Callable[[Tx], Any], done: Fetched, lane: Lane | None, asked_s: float) -> None:
        self.query = query
        self.done = done
        self.lane: Lane = self if lane is None else lane
        self.about = ""
        self.asked_s = asked_s
        self.is_alone = False
        self.outcome: Outcome | None = None
        """How it ended."""


class Outcome(msgspec.Struct, frozen=True):
    """How a query ended."""

    result: Any
    error: Exception | None = None
    seen: Seen = {}
    facts: list[Fact] = []


class Snapshot:
    """One transaction in which queries read beside each other, each in a greenlet."""

    def __init__(
        self,
        connection: Connection,
        queries: Sequence[Query],
        *,
        open_tx: "Callable[[Asking], QueryTx]",
        turn_s: float,
        answer: Callable[[Query], None],
        ended: "Callable[[Snapshot], None]",
    ) -> None:
        """Take what it is made of.

        Args:
            connection: carries it.
            queries: what is asked.
            open_tx: makes what a query sees.
            turn_s: how long queries run in one turn of the loop.
            answer: answers a query that has its outcome; in the order of its lane.
            ended: hears when no query runs any more.
        """
        self.connection = connection
        self.queries = queries
        self.again: list[Query] = []
        """Those that are to be asked anew."""
        self._turn_s = turn_s
        self._answer = answer
        self._ended = ended
        self._due = deque((Asking(query, connection, open_tx), _NO_RESULTS) for query in queries)
        """Those that go on, with what they wait for."""
        self._waiting: list[Asking] = []
        self._lines: dict[Lane, deque[Query]] = {}
        """Of each lane, what is not answered yet."""
        for query in queries:
            self._lines.setdefault(query.lane, deque()).append(query)
        self._has_begun = False

    def run(self) -> None:
        """Let those that are due go on, for one turn; then send what they ask."""
        until_s = perf_counter() + self._turn_s
        while self._due:
            asking, results = self._due.popleft()
            if asking.go_on(results):
                self._answer_in_line(asking.query.lane)
            else:
                self._waiting.append(asking)
            if perf_counter() > until_s and self._due:
                asyncio.get_running_loop().call_soon(self.run)
                return
        if self._waiting:
            self._depart()
        else:
            self._end()

    def _depart(self) -> None:
        connection = self.connection
        try:
            if not self._has_begun:
                connection.send(_BEGIN, [])
            for asking in self._waiting:
                for statement, values in asking.batch:
                    connection.send(statement, values)
            connection.exchange(self._arrived)
        except Lost:
            self._abandon()

    def _arrived(self, results: Sequence[PGresult], lost: str | None) -> None:
        waiting = self._waiting
        if lost is not None:
            self._abandon()
            return
        if len(waiting) == 1:  # an error is its own
            self._due.append((waiting[0], results))
        elif error_in(results) is not None:  # nobody can tell whose
            for asking in waiting:
                asking.query.is_alone = True
            self._abandon()
            return
        else:
            start = 0 if self._has_begun else 1
            for asking in waiting:
                end = start + len(asking.batch)
                self._due.append((asking, results[start:end]))
                start = end
        self._waiting = []
        self._has_begun = True
        self.run()

    def _answer_in_line(self, lane: Lane) -> None:
        line = self._lines[lane]
        while line and line[0].outcome is not None:
            self._answer(line.popleft())

    def _abandon(self) -> None:
        for asking in self._waiting:
            asking.abandon()
        for line in self._lines.values():
            for query in line:  # also what waits behind those to be answered
                query.outcome = None
                self.again.append(query)
        self._end()

    def _end(self) -> None:
        if self._has_begun or self.again:
            with suppress(Lost):
                self.connection.send(_COMMIT, [])
                self.connection.exchange(_ignore)
        self._ended(self)


class Asking:
    """A query under way."""

    __slots__ = ("_connection", "_greenlet", "_open_tx", "batch", "query")

    def __init__(self, query: Query, connection: Connection, open_tx: "Callable[[Asking], QueryTx]") -> None:
        self.query = query
        self.batch: Batch = ()
        """What it asks next."""
        self._connection = connection
        self._open_tx = open_tx
        self._greenlet: greenlet = greenlet(self._run)

    def go_on(self, results: Sequence[PGresult]) -> bool:
        """Let it run until it asks the next; whether it has ended instead."""
        self._greenlet.switch(results)
        return self._greenlet.dead

    def abandon(self) -> None:
        """End it without an outcome."""
        self._greenlet.throw()

    def exchange(self, batch: Batch) -> Sequence[PGresult]:
        self.batch = batch
        outside = getcurrent().parent
        assert outside is not None
        return outside.switch()

    def rows(self, result: PGresult) -> list[Any]:
        return self._connection.rows(result)

    def _run(self, results: Sequence[PGresult]) -> None:
        tx = self._open_tx(self)
        try:
            result = self.query.query(tx)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is the caller's answer
            self.query.outcome = Outcome(None, error, tx.seen)
        else:
            self.query.outcome = Outcome(result, None, tx.seen, tx.facts)


def _ignore(results: Sequence[PGresult], lost: str | None) -> None:
    """Nobody waits for it."""


_NO_RESULTS: Sequence[PGresult] = ()
