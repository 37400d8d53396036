"""What the server does without being asked: expiry, emptying, forgetting, trying where files lie."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import perf_counter
from typing import TypeVar

import structlog

from tsock.accounts import audit, revocations
from tsock.accounts.directory import Directory
from tsock.clock import Clock
from tsock.cluster.lead import Leads, always
from tsock.conversations import actor, media, mutations, states
from tsock.conversations import cleanup as chat_cleanup
from tsock.debugger import alerts, denials
from tsock.errors import StoreBusy, StoreDown
from tsock.settings import Settings
from tsock.storage import journal
from tsock.storage.blobs import Blobs
from tsock.storage.store import Store, Tx, fetched, written, written_aside
from tsock.sync import cleanup, expiry
from tsock.webhooks import outbox

T = TypeVar("T")

log = structlog.get_logger(__name__)

EXPIRIES_PER_CHUNK = 200
ROWS_PER_CHUNK = 250
"""Rows deleted in one transaction; writes of clients wait that long at most."""

OBJECTS_PER_CHUNK = 50
BLOBS_PER_CHUNK = 50
REST_PER_WORK = 3.0
"""Deleting rests this many times as long as it worked, so that clients' writes hardly notice it."""

HOUR_MS = 3_600_000
CLEANUP_INTERVAL_S = 1.0
ABSENT_INTERVAL_S = 1.0
MEDIA_INTERVAL_S = 10.0
PROBE_INTERVAL_S = 10.0
TRIM_INTERVAL_S = 600.0
DENIALS_INTERVAL_S = 10.0
"""Often, since a flood of bad tokens may write thousands of records a minute."""
DAY_MS = 86_400_000


class _LeadsNoLonger(Exception):
    """This node has stopped leading in the middle of a chore."""


class Chores:
    """Runs until cancelled; a chore that fails is logged and tried again at its next turn."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        directory: Directory,
        clock: Clock,
        settings: Settings,
        settle_absent: Sequence[Callable[[], None]] = (),
    ) -> None:
        """`settle_absent` look for nodes that serve no longer, and settle what those have left."""
        self._store = store
        self._blobs = blobs
        self._directory = directory
        self._clock = clock
        self._settings = settings
        self._emptied: set[str] = set()
        """Deleted services whose content is gone."""
        self._settle_absent = settle_absent
        self._leads: Leads = always

    async def run(self, leads: Leads = always) -> None:
        """Do every chore at its own interval; what concerns the store only as long as this node leads."""
        self._leads = leads
        async with asyncio.TaskGroup() as group:
            group.create_task(self._every(PROBE_INTERVAL_S, self._blobs.probe))
            group.create_task(self._every(TRIM_INTERVAL_S, self.forget))
            group.create_task(self._every(self._settings.sync_sweep_interval_s, self.sweep, leads))
            group.create_task(self._every(CLEANUP_INTERVAL_S, self.clean_up, leads))
            group.create_task(self._every(ABSENT_INTERVAL_S, self.settle_absent, leads))
            group.create_task(self._every(MEDIA_INTERVAL_S, self.remove_media, leads))
            group.create_task(self._every(TRIM_INTERVAL_S, self.trim, leads))
            group.create_task(self._every(DENIALS_INTERVAL_S, self.trim_denials, leads))

    async def sweep(self) -> None:
        """Remove and announce what has expired; change the states of conversations whose time has come."""
        if await self._is_due(expiry.next_expiry_ms):
            while await self._written(lambda tx: expiry.expire_due(tx, EXPIRIES_PER_CHUNK)):
                pass
        if await self._is_due(states.next_due_ms):
            timekeeper = partial(actor.timekeeper, self._directory)
            while await self._written(lambda tx: states.expire_due(tx, EXPIRIES_PER_CHUNK, timekeeper)):
                pass

    async def clean_up(self) -> None:
        """Delete the rows that removed objects left behind, and the content of deleted services."""
        for service_sid in self._directory.deleted_services():
            if service_sid not in self._emptied:
                await self._remove_content(service_sid)
                self._emptied.add(service_sid)
        while await self._aside(lambda tx: cleanup.empty_chunk(tx, ROWS_PER_CHUNK)):
            pass

    async def settle_absent(self) -> None:
        """Look for nodes that serve no longer: who was connected to them is not."""
        for settle in self._settle_absent:
            settle()

    async def remove_media(self) -> None:
        """Remove uploads that no message took in time, and the bytes of media that are gone."""
        before_ms = self._clock.now_ms() - int(self._settings.media_unclaimed_h * HOUR_MS)
        while await self._aside(lambda tx: media.release_unclaimed(tx, before_ms, ROWS_PER_CHUNK)):
            pass
        while loose := await fetched(self._store, lambda tx: media.loose(tx, BLOBS_PER_CHUNK)):
            await self._blobs.remove(loose)
            await self._written(lambda tx, gone=loose: media.forget(tx, gone))

    async def forget(self) -> None:
        """Let go of what this process need not know any longer."""
        self._directory.forget(self._clock.now_ms())

    async def trim(self) -> None:
        """Forget old removals, revocations, mutations, alerts, audit events and dead letters."""
        self._emptied.clear()  # what was being made while its service was deleted goes as well
        settings, now_ms = self._settings, self._clock.now_ms()
        forgotten_ms = now_ms - int(settings.sync_tombstone_days * DAY_MS)
        while await self._aside(lambda tx: cleanup.trim_tombstones(tx, forgotten_ms, ROWS_PER_CHUNK)):
            pass
        while await self._written(revocations.forget_revocations):
            pass
        while await self._aside(lambda tx: mutations.trim(tx, ROWS_PER_CHUNK)):
            pass
        await self._trim_journal(alerts.TABLE, settings.alerts_days, settings.alerts_max)
        await self._trim_journal(audit.TABLE, settings.audit_events_days, settings.audit_events_max)
        dead_ms, kept = now_ms - int(settings.webhook_dead_days * DAY_MS), settings.webhook_dead_max
        while await self._aside(lambda tx: outbox.trim(tx, dead_ms, kept, ROWS_PER_CHUNK)):
            pass

    async def trim_denials(self) -> None:
        """Forget old denials, and all but the newest."""
        settings = self._settings
        before_ms = self._clock.now_ms() - int(settings.denials_days * DAY_MS)
        while await self._aside(lambda tx: denials.trim(tx, before_ms, settings.denials_max, ROWS_PER_CHUNK)):
            pass

    async def _is_due(self, next_ms: Callable[[Tx], int | None]) -> bool:
        due_ms = await fetched(self._store, next_ms)
        return due_ms is not None and due_ms <= self._clock.now_ms()

    async def _trim_journal(self, table: str, days: float, kept: int) -> None:
        """Forget the rows that are older, and of each account all but the newest."""
        before_ms = self._clock.now_ms() - int(days * DAY_MS)
        while await self._aside(lambda tx: journal.forget_before(tx, table, before_ms, ROWS_PER_CHUNK)):
            pass
        place: str | None = ""
        while place is not None:
            after = place
            place = await self._aside(
                lambda tx, after=after: journal.forget_beyond(tx, table, kept, ROWS_PER_CHUNK, after)
            )

    async def _remove_content(self, service_sid: str) -> None:
        """Remove a deleted service's objects, each with its event, and what else it had."""
        while await self._written(lambda tx: cleanup.remove_content(tx, service_sid, OBJECTS_PER_CHUNK)):
            pass
        while await self._aside(lambda tx: chat_cleanup.remove_content(tx, service_sid, ROWS_PER_CHUNK)):
            pass

    async def _written(self, rule: Callable[[Tx], T]) -> T:
        self._require_lead()
        return await written(self._store, rule)

    async def _aside(self, rule: Callable[[Tx], T]) -> T:
        """Run a rule off the loop, and rest if it found something to do."""
        self._require_lead()
        started = perf_counter()
        more = await written_aside(self._store, rule)
        if more:
            await asyncio.sleep(REST_PER_WORK * (perf_counter() - started))
        return more

    def _require_lead(self) -> None:
        if not self._leads():
            raise _LeadsNoLonger

    async def _every(
        self, interval_s: float, chore: Callable[[], Awaitable[None]], leads: Leads = always
    ) -> None:
        while True:
            await asyncio.sleep(interval_s)
            try:
                if leads():
                    await chore()
            except _LeadsNoLonger:
                log.info("chore.left", chore=chore.__name__)  # whoever leads goes on with it
            except (StoreBusy, StoreDown) as error:
                log.warning("chore.postponed", chore=chore.__name__, reason=str(error))
            except Exception:
                log.exception("chore.failed", chore=chore.__name__)
