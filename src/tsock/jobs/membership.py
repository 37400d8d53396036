"""Keeps this node among those of its database: renews its lease, and leads when nobody else does.

What the clock of the database shows comes with each renewal, and this node's clock follows it.
"""

from collections.abc import Callable
from functools import partial

import structlog

from tsock.clock import Clock
from tsock.cluster import leadership
from tsock.cluster.lead import Lead
from tsock.cluster.leadership import Renewal
from tsock.cluster.nodes import LEASE_S, Node
from tsock.deadlines import Deadline, Deadlines
from tsock.errors import StoreBusy, StoreDown
from tsock.storage import steps
from tsock.storage.store import Store, written
from tsock.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

RENEW_S = 1.0
"""How often a node says that it runs. A leader then looks for what other nodes have to be done, too."""
WAIT_S = 2.0
"""How long a renewal may wait for the database: so there is time for another one on another connection."""
CONNECTIONS = 2
"""Beside those of the node's store: neither load nor long work keeps a node from saying that it runs."""


class Membership:
    """One node's place in its cluster, for as long as its deadlines are driven."""

    def __init__(
        self,
        node: Node,
        *,
        open_store: Callable[[], Store],
        clock: Clock,
        deadlines: Deadlines,
        metrics: Metrics,
        look: Callable[[], object],
        let_go: Callable[[], object],
        come_back: Callable[[], object],
    ) -> None:
        """Be `node`.

        Args:
            node: what it says of itself.
            open_store: opens a store for this alone, whose writes wait for `WAIT_S` at most.
            clock: measures what is left of the lead, and follows that of the database.
            deadlines: for the renewals.
            metrics: show who leads, and how many there are.
            look: called each second while the node leads: something may have become due.
            let_go: called once it leads no longer.
            come_back: called when its lease has begun, or begun again: others may have taken it for absent.
        """
        self.node = node
        self._open_store = open_store
        self._clock = clock
        self._deadlines = deadlines
        self._metrics = metrics
        self._look = look
        self._let_go = let_go
        self._come_back = come_back
        self._lead = Lead(clock.monotonic_s)
        self._is_leading = False
        """Whether it was said that this node leads; it may have ended since."""
        self._renewed_s = clock.monotonic_s()
        self._failure: str | None = None
        self._outgrown: str | None = None
        """Why it cannot work any more on what a newer node has made of the database."""
        self._is_taking = self._is_stopping = False
        self._timer: Deadline | None = None
        self._store: Store | None = None
        metrics.leads = self.leads

    def start(self) -> None:
        """Open the store, which blocks, and be there from now on.

        Raises:
            psycopg.Error: the database cannot be reached.
        """
        self._store = self._open_store()
        self._renewed_s = self._clock.monotonic_s()
        self._renew(self._store)

    async def stop(self) -> None:
        """Be there no longer: another node may lead at once."""
        store, self._store = self._store, None
        if store is None:
            return
        self._is_stopping = True
        if self._timer is not None:
            self._timer.cancel()
        self._stop_leading("it stops")
        await store.settled()  # no renewal comes behind the end
        try:
            await written(store, lambda tx: leadership.leave(tx, self.node))
        except (StoreBusy, StoreDown) as error:
            log.warning("node.left_behind", reason=str(error), lease_s=LEASE_S)
        await store.close()

    def leads(self) -> bool:
        """Whether this node leads at this moment."""
        return self._lead.is_held()

    @property
    def problem(self) -> str | None:
        """Why this node should get no requests: the database is beyond it, or the others do not count it."""
        if self._outgrown is not None:
            return f"{self._outgrown}: replace this node by one of a newer version"
        over_s = self._clock.monotonic_s() - self._renewed_s - LEASE_S
        if over_s < 0:
            return None
        return (
            f"this node's lease in the database has been over for {over_s:.0f} s, so others do not count "
            f"it ({self._failure or 'the database did not answer'})"
        )

    def _renew(self, store: Store) -> None:
        self._timer = self._deadlines.after(RENEW_S, partial(self._renew, store))
        if self._is_leading and not self._lead.is_held():
            self._stop_leading(self._failure or "its lease was not renewed in time")
        asked_s, term = self._clock.monotonic_s(), self._lead.term
        store.write(
            lambda tx: (leadership.renew(tx, self.node, term), steps.outgrown(tx)),
            partial(self._renewed, store, asked_s, term),
        )

    def _renewed(
        self,
        store: Store,
        asked_s: float,
        term: int | None,
        answer: tuple[Renewal, str | None] | None,
        error: Exception | None,
    ) -> None:
        if answer is None:
            self._fail(error)
            return
        found, outgrown = answer
        if outgrown is not None:
            self._outgrow(outgrown)
            return
        if self._failure is not None:
            log.warning("node.renewed", was=self._failure)
            self._failure = None
        self._renewed_s = max(self._renewed_s, asked_s)
        self._clock.follow(found.now_ms, asked_s)
        self._clock.show_ahead(found.ahead_ms)
        if found.was_absent:
            self._come_back()
        self._metrics.nodes = found.nodes
        if found.term is not None:
            self._hold(found.term, asked_s)
        elif term is not None and term == self._lead.term:
            self._stop_leading("another node leads")
        if found.is_vacant and not self._is_taking:
            self._take(store)

    def _take(self, store: Store) -> None:
        # In a transaction of its own: one that stands still may hold what this waits for, and renewals go on.
        self._is_taking = True
        store.write(
            lambda tx: leadership.take(tx, self.node), partial(self._taken, self._clock.monotonic_s())
        )

    def _taken(self, asked_s: float, term: int | None, error: Exception | None) -> None:
        self._is_taking = False
        if error is not None:
            self._fail(error)
        elif term is not None:
            self._hold(term, asked_s)

    def _hold(self, term: int, asked_s: float) -> None:
        if self._is_stopping:
            return
        self._lead.hold(term, asked_s)
        if not self._lead.is_held():
            return
        if not self._is_leading:
            self._is_leading = True
            log.info("node.leads", node=self.node.name, term=term)
        self._look()

    def _stop_leading(self, reason: str) -> None:
        self._lead.let_go()
        if self._is_leading:
            self._is_leading = False
            log.warning("node.leads_no_longer", node=self.node.name, reason=reason)
            self._let_go()

    def _outgrow(self, reason: str) -> None:
        if self._outgrown is None:
            log.error("node.outgrown", node=self.node.name, reason=reason)
        self._outgrown = reason
        self._stop_leading(reason)

    def _fail(self, error: Exception | None) -> None:
        if self._failure is None:
            log.error("node.not_renewed", node=self.node.name, reason=str(error))
        self._failure = str(error)
