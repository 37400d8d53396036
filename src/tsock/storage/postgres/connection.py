"""One connection to PostgreSQL, in pipeline mode: what leaves together is answered in one round trip."""

import asyncio
import os
import select
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import adapt, pq
from psycopg.abc import AdaptContext
from psycopg.errors import error_from_result
from psycopg.pq.abc import PGresult

from tsock.storage.postgres.statements import Statement, Values

Answered = Callable[[Sequence[PGresult], str | None], object]
"""Hears the result of each statement of a batch, or why the connection is gone."""

_FAILED = frozenset((pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED))
_NUMERIC_OID = 1700

SILENT = "the database did not answer in time"
"""Why a connection is given up that stands and says nothing."""


class Lost(Exception):
    """The connection is gone; whether what it had not answered was done is unknown."""


class Connection:
    """Statements leave in batches, and each batch is answered as a whole."""

    def __init__(self, opened: psycopg.Connection) -> None:
        """Take a connection that stands, and is in no transaction."""
        self._opened = opened
        pgconn = opened.pgconn
        pgconn.nonblocking = 1
        pgconn.enter_pipeline_mode()
        self._pgconn = pgconn
        # libpq closes its own descriptor when the connection is lost, and whoever watches it would not know.
        self._descriptor = os.dup(pgconn.socket)
        self._end = select.poll()
        self._end.register(self._descriptor, 0)
        self._transformer = adapt.Transformer(_READING)
        self._prepared: set[bytes] = set()
        self._sent: deque[bytes | None] = deque()
        """What is to be answered, in order: the name of what is prepared, or None for what is carried out."""
        self._results: list[PGresult] = []
        self._awaited: deque[Answered] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gone: Callable[[Connection], object] = lambda connection: None
        self._is_flushing = False
        self.asked_s = 0.0
        """When the batch left that is to be answered next, by the monotonic clock."""
        self.lost: str | None = None
        """Why it is gone; None while it stands."""

    def attach(self, loop: asyncio.AbstractEventLoop, gone: "Callable[[Connection], object]") -> None:
        """Let an event loop read answers from now on; `gone` hears of it when the connection is lost."""
        self._loop, self._gone = loop, gone
        loop.add_reader(self._descriptor, self._read)

    @property
    def is_waiting(self) -> bool:
        """Whether a batch is to be answered."""
        return bool(self._awaited)

    def send(self, statement: Statement, values: Values) -> None:
        """Put a statement into the batch that leaves next.

        Raises:
            Lost: there is no connection.
        """
        if self.lost is not None:
            raise Lost(self.lost)
        name = statement.name
        try:
            if name is None:
                self._pgconn.send_query_params(statement.text, values)
            else:
                if name not in self._prepared:
                    self._pgconn.send_prepare(name, statement.text)
                    self._prepared.add(name)
                    self._sent.append(name)
                self._pgconn.send_query_prepared(name, values)
            self._sent.append(None)
        except psycopg.Error as error:
            raise self._lost(error) from error

    def exchange(self, answered: Answered) -> None:
        """Have the batch carried out; `answered` hears of it, later and on the loop.

        Raises:
            Lost: there is no connection.
        """
        if self.lost is not None:
            raise Lost(self.lost)
        try:
            self._pgconn.pipeline_sync()
            self._flush()
        except psycopg.Error as error:
            raise self._lost(error) from error
        if not self._awaited:
            self.asked_s = time.monotonic()
        self._awaited.append(answered)

    def exchange_blocking(self, wait_s: float) -> Sequence[PGresult]:
        """Have the batch carried out, and wait up to so long; where no loop reads the answers.

        Raises:
            Lost: the connection is gone.
        """
        told: list[Sequence[PGresult]] = []
        self.exchange(lambda results, lost: told.append(results))
        until_s = time.monotonic() + wait_s
        poll = select.poll()
        while not told:
            poll.register(self._descriptor, select.POLLIN | (select.POLLOUT if self._is_flushing else 0))
            if poll.poll(max(0, until_s - time.monotonic()) * 1000):
                self._read()
            else:
                self.fail(SILENT)
            if self.lost is not None:
                raise Lost(self.lost)
        return told[0]

    def rows(self, result: PGresult) -> list[Any]:
        """The rows of a result, each a tuple."""
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)

    def fail(self, reason: str) -> None:
        """Give the connection up; whoever waits for an answer hears why."""
        if self.lost is None:
            self.lost = reason
            self.close()
            if self._loop is not None:
                self._loop.call_soon(self._tell_lost, reason)

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor >= 0:
            if self._loop is not None:
                self._loop.remove_reader(self._descriptor)
                self._loop.remove_writer(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
            self._opened.close()

    def _lost(self, error: psycopg.Error) -> Lost:
        self.fail(" ".join(str(error).split()))
        return Lost(self.lost)

    def _tell_lost(self, reason: str) -> None:
        while self._awaited:
            self._awaited.popleft()((), reason)
        self._gone(self)

    def _flush(self) -> None:
        blocked = self._pgconn.flush() != 0
        if blocked != self._is_flushing and self._loop is not None:
            if blocked:
                self._loop.add_writer(self._descriptor, self._write)
            else:
                self._loop.remove_writer(self._descriptor)
        self._is_flushing = blocked

    def _write(self) -> None:
        try:
            self._flush()
        except psycopg.Error as error:
            self._lost(error)

    def _read(self) -> None:
        try:
            self._take_in()
            # Of a socket whose server has gone before it had read all, uvloop tells once, whatever is left to
            # be read; and what tells the end comes last.
            while self._awaited and self.lost is None and self._end.poll(0):
                self._take_in()
        except psycopg.Error as error:
            self._lost(error)

    def _take_in(self) -> None:
        self._pgconn.consume_input()
        if self._is_flushing:  # the server may wait for us to read before it reads on
            self._flush()
        self._collect()

    def _collect(self) -> None:
        """Take in what has been answered, and tell of each batch that is complete."""
        pgconn, results = self._pgconn, self._results
        while self._awaited and not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:  # stands between two statements
                if pgconn.status == pq.ConnStatus.BAD:
                    self.fail(pgconn.get_error_message())
                    return
                continue
            status = result.status
            if status == pq.ExecStatus.PIPELINE_SYNC:
                self._results = []
                answered = self._awaited.popleft()
                self.asked_s = time.monotonic()
                answered(results, None)
                if self.lost is not None:
                    return
                results = self._results
                continue
            prepared = self._sent.popleft()
            if prepared is None:
                results.append(result)
            elif status in _FAILED:
                self._prepared.discard(prepared)
                results.append(result)


def error_in(results: Sequence[PGresult]) -> psycopg.Error | None:
    """The first error of a batch, behind which nothing of it was carried out."""
    for result in results:
        if result.status == pq.ExecStatus.FATAL_ERROR:
            return error_from_result(result)
    return None


class _WholeNumber(adapt.Loader):
    """Sums of BIGINT come as NUMERIC."""

    def load(self, data: adapt.Buffer) -> int:
        return int(bytes(data))


class _Reading(AdaptContext):
    """How values are read."""

    def __init__(self) -> None:
        self._adapters = adapt.AdaptersMap(psycopg.adapters)
        self._adapters.register_loader(_NUMERIC_OID, _WholeNumber)

    @property
    def adapters(self) -> adapt.AdaptersMap:
        return self._adapters

    @property
    def connection(self) -> None:
        return None


_READING = _Reading()
