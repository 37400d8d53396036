"""Has every node show a clock that development moves ahead, before that is answered.

The database has how far it is ahead; a node reads that when it starts, and with each renewal of its lease.
The one that moves it tells the others, until each that has a lease has said that it shows the same.
"""

import asyncio
from collections.abc import Callable, Sequence

from tsock.clock import Clock
from tsock.cluster import nodes
from tsock.deadlines import Deadlines
from tsock.errors import ApiError
from tsock.events import Signal
from tsock.storage.store import Store, Tx, fetched

AGAIN_S = 0.5
"""What tells a node to move its clock, or that it has, may be lost: so often it is said again."""
PATIENCE_S = 10.0
"""So long they have: a node that died is no longer waited for when its lease is over."""


class ClockMoved(Signal, frozen=True):
    """The clock is to be shown so far ahead."""

    ahead_ms: int


class ClockShown(Signal, frozen=True):
    """A node shows it so."""

    node: str
    ahead_ms: int


class MovedClock:
    """One node's part in it."""

    def __init__(
        self,
        node: str,
        clock: Clock,
        store: Store,
        *,
        deadlines: Deadlines,
        run_due: Callable[[], None],
        tell: Callable[[Sequence[Signal]], None],
    ) -> None:
        """Move the clock of `node`.

        Args:
            node: its id.
            clock: is moved.
            store: knows which nodes there are.
            deadlines: say when to ask again.
            run_due: runs every deadline that the moved clock made due.
            tell: tells the other nodes.
        """
        self._node = node
        self._clock = clock
        self._store = store
        self._deadlines = deadlines
        self._run_due = run_due
        self._tell = tell
        self._shown: dict[str, int] = {}
        """How far ahead others have said that they show the clock."""
        self._changed = asyncio.Event()

    async def show_everywhere(self, ahead_ms: int) -> None:
        """Show the clock so far ahead here and on every other node, each of which does what is due then.

        Raises:
            ApiError: 503, one has not in time.
            StoreDown: it is not known which there are.
        """
        self._show(ahead_ms)
        since_s = self._clock.monotonic_s()
        while late := await self._late(ahead_ms):
            if self._clock.monotonic_s() - since_s >= PATIENCE_S:
                raise _still_late(late)
            self._changed.clear()
            self._tell([ClockMoved(ahead_ms)])
            again = self._deadlines.after(AGAIN_S, self._changed.set)
            await self._changed.wait()
            again.cancel()

    def take(self, signal: Signal) -> None:
        """Act on what another node says."""
        if isinstance(signal, ClockMoved):
            self._show(signal.ahead_ms)
            self._tell([ClockShown(self._node, self._clock.ahead_ms)])
        elif isinstance(signal, ClockShown):
            self._shown[signal.node] = signal.ahead_ms
            self._changed.set()

    def _show(self, ahead_ms: int) -> None:
        self._clock.show_ahead(ahead_ms)
        self._run_due()  # a renewal may have moved the clock, and left what is due

    async def _late(self, ahead_ms: int) -> list[str]:
        """The names of other nodes that have not said so yet."""

        def query(tx: Tx) -> list[str]:
            return [
                each.node.name
                for each in nodes.standings(tx)
                if each.lease_ms > 0
                and each.node.id != self._node
                and self._shown.get(each.node.id, -1) < ahead_ms
            ]

        return await fetched(self._store, query)


def _still_late(names: Sequence[str]) -> ApiError:
    return ApiError(
        503,
        20503,
        f"The clock was moved, but not on every node: {', '.join(names)} did not say so within "
        f"{PATIENCE_S:g} s; see whether it runs, and repeat the request with advance_s 0",
    )
