"""Tells services by webhook which endpoints come and go (`docs/reference/webhooks.md`).

An endpoint may have several connections, as while an old one has not yet been missed: it comes with the first
and goes with the last. With debouncing a service is told of an absence only once the identity, with all its
endpoints, has been away for the whole window. The window is real time, not the movable clock's: it is there
to outlast a reconnect, which takes the time it takes, and an hour forward drops no connection either.

Which connections stand is asked of `Sessions`, and what a service wants at the moment of telling it, so a
change of its options holds from then on.
"""

import asyncio
from typing import TYPE_CHECKING, Literal

import structlog

from tsock.accounts.caller import SYNC
from tsock.accounts.directory import Directory
from tsock.accounts.records import Service
from tsock.deadlines import Deadline, Deadlines
from tsock.errors import StoreBusy
from tsock.gateway.sessions import Sessions
from tsock.storage.store import Store, Tx
from tsock.sync import webhooks
from tsock.sync.actor import Actor

if TYPE_CHECKING:
    from tsock.gateway.session import Session

log = structlog.get_logger(__name__)

EVENTS_PER_WRITE = 100
"""Written in one transaction, one such after another: a crowd that leaves must not fill the store's queue."""
UNWRITTEN_MAX = 100_000
"""So many wait for a store that takes none; beyond that the oldest are lost."""
RETRY_S = 1.0

_Change = Literal["connected", "disconnected"]


class Reachability:
    """Hears of every accepted connection and of its end."""

    def __init__(self, directory: Directory, sessions: Sessions, store: Store, deadlines: Deadlines) -> None:
        self._directory = directory
        self._sessions = sessions
        self._store = store
        self._deadlines = deadlines
        self._absences: dict[tuple[str, str], tuple[str, Deadline]] = {}
        """The endpoint that left last and the end of the window, by service SID and identity."""
        self._unwritten: list[tuple[_Change, Actor]] = []
        self._all_written = asyncio.Event()
        self._all_written.set()

    def connected(self, session: "Session") -> None:
        """A connection was accepted and stands."""
        caller = session.caller
        assert caller is not None
        service_sid = caller.products.get(SYNC, "")
        absence = self._absences.pop((service_sid, caller.identity), None)
        if absence is not None:
            absence[1].cancel()  # nobody was told of its absence, so nobody is told of its return
        elif self._wanting(service_sid) and not self._shared(session, service_sid):
            self._tell("connected", service_sid, caller.identity, session.endpoint_id)

    def left(self, session: "Session") -> None:
        """A connection is gone, which may not have been accepted."""
        caller = session.caller
        if caller is None:
            return
        service_sid = caller.products.get(SYNC, "")
        service = self._wanting(service_sid)
        if service is None:
            return
        if not service.reachability_debouncing_enabled:
            if not self._shared(session, service_sid):
                self._tell("disconnected", service_sid, caller.identity, session.endpoint_id)
        elif not self._others(session, service_sid):
            place = service_sid, caller.identity
            window_s = service.reachability_debouncing_window_ms / 1000
            over = self._deadlines.after(window_s, lambda: self._give_up(place))
            self._absences[place] = session.endpoint_id, over

    async def stop(self) -> None:
        """Tell of everybody who is away, since nobody would wait for them any longer, and see it written.

        Call it when no connection is left; it waits for as long as the store takes.
        """
        for place, (_, over) in list(self._absences.items()):
            over.cancel()
            self._give_up(place)
        await self._all_written.wait()

    # Who is there, and who wants to know.

    def _wanting(self, service_sid: str) -> Service | None:
        """The service, if it is to be told who comes and goes."""
        service = self._directory.service(service_sid)
        if service is None or service.deleted_ms is not None or not service.enabled:
            return None
        return service if service.reachability_webhooks_enabled and service.webhook_url else None

    def _others(self, session: "Session", service_sid: str) -> "list[Session]":
        """The other connections that its identity has to the service."""
        caller = session.caller
        assert caller is not None
        return [
            other
            for other in self._sessions.of_identity(caller.account_sid, caller.identity)
            if other is not session and other.caller and other.caller.products.get(SYNC) == service_sid
        ]

    def _shared(self, session: "Session", service_sid: str) -> bool:
        """Whether its endpoint has another connection."""
        return any(other.endpoint_id == session.endpoint_id for other in self._others(session, service_sid))

    # Telling.

    def _give_up(self, place: tuple[str, str]) -> None:
        """The window is over, and nobody came."""
        endpoint_id, _ = self._absences.pop(place)
        self._tell("disconnected", *place, endpoint_id)

    def _tell(self, change: _Change, service_sid: str, identity: str, endpoint_id: str) -> None:
        """Have a service told, if it still wants that."""
        service = self._wanting(service_sid)
        if service is None:
            return
        actor = Actor(
            service.account_sid,
            service_sid,
            identity,
            webhook_url=service.webhook_url,
            endpoint_id=endpoint_id,
        )
        self._unwritten.append((change, actor))
        if self._all_written.is_set():
            self._all_written.clear()
            self._write()

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
            self._store.write(rule, written)
        except StoreBusy as busy:
            self._postpone(busy)

    def _postpone(self, error: Exception) -> None:
        lost = max(len(self._unwritten) - UNWRITTEN_MAX, 0)
        del self._unwritten[:lost]
        log.error("reachability.postponed", waiting=len(self._unwritten), lost=lost, reason=str(error))
        self._deadlines.after(RETRY_S, self._write)
