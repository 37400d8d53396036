"""Connections of one kind: those that are free, and those that come back when the database does."""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import psycopg
import structlog

from tsock.storage.postgres.connection import SILENT, Connection
from tsock.storage.postgres.failures import reason

log = structlog.get_logger(__name__)

_RETRY_S = 0.5
"""How long after a failure the database is tried again: half to one and a half of that, so that the nodes of
a cluster do not come all at once."""


class Pool:
    """A fixed number of connections, each with one user at a time."""

    def __init__(self, connect: Callable[[], Connection], size: int, freed: Callable[[], None]) -> None:
        """Open all of them, at the same time, which blocks.

        Args:
            connect: opens one.
            size: how many there are.
            freed: hears on the loop that one can be taken.

        Raises:
            psycopg.Error: one could not be opened.
            OSError: this process has no room for one.
        """
        self._connect = connect
        self._freed = freed
        self._loop = asyncio.get_running_loop()
        # One for each: whichever host is silent takes its time from all of them at once, and not in turn.
        self._threads = ThreadPoolExecutor(max_workers=size, thread_name_prefix="connect")
        self._closed = False
        self._free: list[Connection] = []
        self._open: set[Connection] = set()
        opening = [self._threads.submit(connect) for _ in range(size)]
        wait(opening)
        for each in opening:
            if each.exception() is None:
                self._take_in(each.result())
        if len(self._open) < size:
            self.close()
            for each in opening:
                each.result()  # raises what the first met that could not be opened
        self.problem: str | None = None
        """Why none is open; None while any is."""

    @property
    def free(self) -> int:
        """How many can be taken."""
        return len(self._free)

    def take(self) -> Connection:
        """One that is free."""
        return self._free.pop()

    def give(self, connection: Connection) -> None:
        """Take one back."""
        if connection.lost is None:
            self._free.append(connection)

    def fail_silent(self, before_s: float) -> None:
        """Give up those that have not been answered since then, by the monotonic clock."""
        for connection in list(self._open):
            if connection.is_waiting and connection.asked_s < before_s:
                connection.fail(SILENT)

    def close(self) -> None:
        """Let go of all of them; nothing waits for an answer any more."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for connection in self._open:
            connection.close()

    def _gone(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._free:
            self._free.remove(connection)
        log.warning("store.connection_lost", reason=connection.lost, left=len(self._open))
        if not self._open:
            self.problem = connection.lost
        if not self._closed:
            self._reopen()

    def _reopen(self) -> None:
        if not self._closed:
            self._threads.submit(self._connect).add_done_callback(self._opened)

    def _opened(self, opened: "Future[Connection]") -> None:
        """On the thread, or where it is shut down."""
        if not self._closed:
            self._loop.call_soon_threadsafe(self._reopened, opened)
        elif not opened.cancelled() and opened.exception() is None:
            opened.result().close()

    def _reopened(self, opened: "Future[Connection]") -> None:
        try:
            connection = opened.result()
        except (psycopg.Error, OSError) as error:
            if not self._open:
                self.problem = reason(error)
            self._loop.call_later(_RETRY_S * random.uniform(0.5, 1.5), self._reopen)  # noqa: S311 - no secret
            return
        if self._closed:
            connection.close()
            return
        self._take_in(connection)
        self.problem = None
        self._freed()

    def _take_in(self, connection: Connection) -> None:
        connection.attach(self._loop, self._gone)
        self._open.add(connection)
        self._free.append(connection)
