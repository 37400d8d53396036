"""Tells Sync's services by webhook which endpoints of their users come and go."""

import asyncio

import structlog

from tsock.accounts.caller import SYNC
from tsock.accounts.directory import Directory
from tsock.accounts.records import Service
from tsock.api.live import PresenceChange
from tsock.deadlines import Deadlines
from tsock.errors import StoreBusy
from tsock.storage.store import Store, Tx
from tsock.sync import webhooks
from tsock.sync.actor import Actor
from tsock.sync.services import options_of

log = structlog.get_logger(__name__)

EVENTS_PER_WRITE = 100
"""Written in one transaction, one such after another: a crowd that leaves must not fill the store's queue."""
UNWRITTEN_MAX = 100_000
"""So many wait for a store that takes none; beyond that the oldest are lost."""
RETRY_S = 1.0


class Reachability:
    """Writes what the gateway's presence tells into the outbox."""

    product = SYNC
    ends_at_goodbye = False
    is_told_at_stop = True

    def __init__(self, directory: Directory, store: Store, deadlines: Deadlines) -> None:
        self._directory = directory
        self._store = store
        self._deadlines = deadlines
        self._unwritten: list[tuple[PresenceChange, Actor]] = []
        self._all_written = asyncio.Event()
        self._all_written.set()

    def window_ms(self, service_sid: str) -> int | None:
        """How long an absence lasts before the service is told; None if it is to be told nothing."""
        service = self._wanting(service_sid)
        if service is None:
            return None
        options = options_of(service)
        return options.reachability_debouncing_window_ms if options.reachability_debouncing_enabled else 0

    def tell(self, change: PresenceChange, service_sid: str, identity: str, endpoint_id: str) -> None:
        """Have a service told, if it still wants that."""
        service = self._wanting(service_sid)
        if service is None:
            return
        actor = Actor(
            service.account_sid,
            service_sid,
            identity,
            webhook_url=options_of(service).webhook_url,
            endpoint_id=endpoint_id,
        )
        self._unwritten.append((change, actor))
        if self._all_written.is_set():
            self._all_written.clear()
            self._write()

    async def told(self) -> None:
        """Wait until everything is written, for as long as the store takes."""
        await self._all_written.wait()

    def _wanting(self, service_sid: str) -> Service | None:
        """The service, if it is to be told who comes and goes."""
        service = self._directory.service(service_sid)
        if service is None or service.deleted_ms is not None or not service.enabled:
            return None
        options = options_of(service)
        return service if options.reachability_webhooks_enabled and options.webhook_url else None

    def _write(self) -> None:
        """Write what waits, the oldest first, until nothing does."""
        batch = self._unwritten[:EVENTS_PER_WRITE]
        if not batch:
            self._all_written.set()
            return

        def rule(tx: Tx) -> None:
            for change, actor in batch:
                webhooks.of_endpoint(tx, actor, change)

        def written(_: object, error: Exception | None) -> None:
            if error is None:
                del self._unwritten[: len(batch)]
                self._write()
            else:
                self._postpone(error)

        try:
            self._store.write(rule, written, lane=self)
        except StoreBusy as busy:
            self._postpone(busy)

    def _postpone(self, error: Exception) -> None:
        lost = max(len(self._unwritten) - UNWRITTEN_MAX, 0)
        del self._unwritten[:lost]
        log.error("reachability.postponed", waiting=len(self._unwritten), lost=lost, reason=str(error))
        self._deadlines.after(RETRY_S, self._write)
