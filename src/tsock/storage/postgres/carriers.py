"""What brings the statements of rules to the database, and waits: a greenlet of the loop, or a thread."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from greenlet import getcurrent, greenlet
from psycopg.pq.abc import PGresult

from tsock.storage.postgres.connection import Connection, Lost
from tsock.storage.postgres.flight import Landing, Write
from tsock.storage.postgres.transaction import Batch


class Flight:
    """Rules on their way, in a greenlet that the answers of their connection wake."""

    __slots__ = ("_fly", "_greenlet", "_landed", "began_s", "connection", "writes")

    def __init__(
        self,
        connection: Connection,
        writes: Sequence[Write],
        fly: "Callable[[Flight, Sequence[Write]], Landing]",
        landed: "Callable[[Flight, Landing], None]",
    ) -> None:
        self.connection = connection
        self.writes = writes
        self.began_s = perf_counter()
        self._landed = landed
        self._fly = fly
        self._greenlet: greenlet = greenlet(self._run)

    def take_off(self) -> None:
        """Run until the first question, or to the end."""
        self._go_on(None)

    def exchange(self, batch: Batch) -> Sequence[PGresult]:
        connection = self.connection
        for statement, values in batch:
            connection.send(statement, values)
        connection.exchange(self._answered)
        outside = getcurrent().parent
        assert outside is not None
        results, lost = outside.switch()
        if lost is not None:
            raise Lost(lost)
        return results

    def rows(self, result: PGresult) -> list[Any]:
        return self.connection.rows(result)

    def _run(self, _: None) -> Landing:
        return self._fly(self, self.writes)

    def _answered(self, results: Sequence[PGresult], lost: str | None) -> None:
        self._go_on((results, lost))

    def _go_on(self, told: tuple[Sequence[PGresult], str | None] | None) -> None:
        landing = self._greenlet.switch(told)
        if self._greenlet.dead:
            self._landed(self, landing)


class Blocking:
    """A thread that waits for each answer, up to so long."""

    def __init__(self, connection: Connection, wait_s: float) -> None:
        self._connection = connection
        self._wait_s = wait_s
        self.rows = connection.rows

    def exchange(self, batch: Batch) -> Sequence[PGresult]:
        for statement, values in batch:
            self._connection.send(statement, values)
        return self._connection.exchange_blocking(self._wait_s)
