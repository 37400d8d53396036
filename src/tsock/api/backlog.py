"""What reachability has still to write: a batch in one transaction after another, then what walks find more.

A crowd that comes or leaves must not fill the store's queue. While the store takes nothing, all wait; what
cannot be written is dropped by itself, so that it keeps nothing else waiting.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog

from tsock.deadlines import Deadlines
from tsock.errors import StoreBusy, StoreDown
from tsock.storage.store import Seen, Store, Tx

log = structlog.get_logger(__name__)

UNWRITTEN_MAX = 100_000
"""So many wait for a store that takes none; beyond that the oldest are lost, and all is looked at anew."""
RETRY_S = 1.0

T = TypeVar("T")
P = TypeVar("P")


class Walk(Generic[P]):
    """Through what a node has noted, page by page."""

    def __init__(self, node: str, after: P, page: Callable[[Tx, P], Sequence[P]]) -> None:
        """`page` has what comes behind a place, `after` the first one."""
        self.node = node
        self.after = after
        self._page = page

    def next(self, tx: Tx) -> Sequence[P]:
        """What comes behind."""
        return self._page(tx, self.after)


class Backlog(Generic[T, P]):
    """Writes until nothing is left."""

    def __init__(
        self,
        store: Store,
        deadlines: Deadlines,
        *,
        per_write: int,
        rule_of: Callable[[Sequence[T]], Callable[[Tx], None]],
        found: Callable[[Walk[P], Sequence[P]], None],
        walked: Callable[[str], object],
        look_anew: Callable[[], None],
    ) -> None:
        """Take what it is made of.

        Args:
            store: where it is written.
            deadlines: says when to try again.
            per_write: how many share a transaction.
            rule_of: makes the rule that writes some; called at each attempt.
            found: adds what is to be written of a page of a walk.
            walked: hears when a walk has ended, and of which node.
            look_anew: called when something was lost.
        """
        self._store = store
        self._deadlines = deadlines
        self._per_write = per_write
        self._rule_of = rule_of
        self._found = found
        self._walked = walked
        self._look_anew = look_anew
        self._unwritten: list[T] = []
        self._walks: deque[Walk[P]] = deque()
        self._singly = 0
        """How many are to be written each by itself."""
        self._has_lost = False
        self._all_written = asyncio.Event()
        self._all_written.set()

    def add(self, item: T) -> None:
        """Write something, behind what was added before."""
        self._unwritten.append(item)
        self._begin()

    def walk(self, walk: Walk[P]) -> None:
        """Look for more, once all that was added is written."""
        self._walks.append(walk)
        self._begin()

    async def written(self) -> None:
        """Wait until nothing is left, for as long as the store takes."""
        await self._all_written.wait()

    def _begin(self) -> None:
        if self._all_written.is_set():
            self._all_written.clear()
            self._go_on()

    def _go_on(self) -> None:
        if self._unwritten:
            self._write(self._unwritten[: 1 if self._singly else self._per_write])
        elif self._has_lost:
            self._has_lost = False
            self._look_anew()
            self._go_on()
        elif self._walks:
            self._step(self._walks[0])
        else:
            self._all_written.set()

    def _write(self, batch: Sequence[T]) -> None:
        def done(_: object, error: Exception | None) -> None:
            if isinstance(error, StoreBusy | StoreDown):
                self._postpone(error)
                return
            if error is not None and len(batch) > 1:  # one of them is to blame
                self._singly = len(batch)
            else:
                if error is not None:
                    log.error("reachability.lost", reason=str(error))
                del self._unwritten[: len(batch)]
                self._singly = max(self._singly - 1, 0)
            self._go_on()

        try:
            self._store.write(self._rule_of(batch), done, lane=self)
        except StoreBusy as busy:
            self._postpone(busy)

    def _step(self, walk: Walk[P]) -> None:
        def done(page: Sequence[P] | None, error: Exception | None, seen: Seen) -> None:
            if page is None:
                self._postpone(error)
                return
            if page:
                walk.after = page[-1]
                self._found(walk, page)
            else:
                self._walks.popleft()
                self._walked(walk.node)
            self._go_on()

        self._store.read(walk.next, done)

    def _postpone(self, error: Exception | None) -> None:
        lost = max(len(self._unwritten) - UNWRITTEN_MAX, 0)
        del self._unwritten[:lost]
        self._has_lost = self._has_lost or lost > 0
        log.error("reachability.postponed", waiting=len(self._unwritten), lost=lost, reason=str(error))
        self._deadlines.after(RETRY_S, self._go_on)
