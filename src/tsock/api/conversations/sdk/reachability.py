"""Tells in the info of users whether they are connected, where their service wants that.

What is noted is who is to be looked at; what is told of them is what is so when it is written. So neither a
store that is busy, nor a change of the service's mind, nor a server that was killed leaves anybody told
wrongly.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

import structlog

from tsock.accounts.caller import CHAT, Caller
from tsock.accounts.directory import Directory
from tsock.accounts.records import Service
from tsock.api.live import LiveSession, PresenceChange
from tsock.conversations import reachability
from tsock.conversations.actor import ChatActor, ChatLimits
from tsock.conversations.reachability import Place, Sighting
from tsock.conversations.services import options_of
from tsock.deadlines import Deadlines
from tsock.errors import StoreBusy
from tsock.events import Change
from tsock.storage.store import Seen, Store, Tx

log = structlog.get_logger(__name__)

USERS_PER_WRITE = 100
"""Written in one transaction, one such after another: a crowd that leaves must not fill the store's queue."""
RETRY_S = 1.0

Accepted = Callable[[str], Iterable[LiveSession]]
"""Finds the connections of an account that were let in."""
AcceptedAs = Callable[[str, str], Iterable[LiveSession]]
"""The same of one identity of it."""
Awaited = Callable[[str, str], bool]
"""Whether a service's user, by identity, is away for so short a time that it does not count."""
_Walk = Callable[[Tx, Place, int], list[Place]]


class Reachability:
    """Watches the gateway's presence, and which services want to have users told."""

    product = CHAT
    ends_at_goodbye = True
    is_told_at_stop = False
    """Who is back soon after a restart was never away; who is not is told then (`start`)."""

    def __init__(
        self,
        directory: Directory,
        store: Store,
        deadlines: Deadlines,
        *,
        grace_s: float,
        limits: ChatLimits,
        of_account: Accepted,
        of_identity: AcceptedAs,
        is_awaited: Awaited,
    ) -> None:
        """`grace_s` is how long an absence lasts before it counts."""
        self._directory = directory
        self._store = store
        self._deadlines = deadlines
        self._grace_s = grace_s
        self._limits = limits
        self._of_account = of_account
        self._of_identity = of_identity
        self._is_awaited = is_awaited
        self._wanting: set[str] = set()
        """Services that are known to want it."""
        self._noted: dict[Place, None] = {}
        """Who is to be looked at, in that order."""
        self._walks: deque[tuple[_Walk, Place]] = deque()
        """Of whom else, once all those are written, and behind whom."""
        self._all_written = asyncio.Event()
        self._all_written.set()

    def start(self) -> None:
        """Give those who were online when the last server ended a while to come back."""
        self._deadlines.after(self._grace_s, lambda: self._walk(reachability.online, ("", "")))

    # What the presence asks and tells.

    def window_ms(self, service_sid: str) -> int | None:
        """How long an absence lasts before it is told; None if the service wants nothing told."""
        return round(self._grace_s * 1000) if self._wants(service_sid) else None

    def tell(self, change: PresenceChange, service_sid: str, identity: str, endpoint_id: str) -> None:
        """Look at a user of whom a connection came or went."""
        self._note([(service_sid, identity)])

    async def told(self) -> None:
        """Wait until everything is written, for as long as the store takes."""
        await self._all_written.wait()

    # What commits announce.

    def changed(self, record: Change) -> None:
        """When a service begins to want it, tell of all who are connected; when it ceases to, of nobody."""
        if not isinstance(record, Service) or record.product != CHAT:
            return
        wants = self._wants(record.sid)
        if wants == (record.sid in self._wanting):
            return
        (self._wanting.add if wants else self._wanting.discard)(record.sid)
        callers = [session.caller for session in self._of_account(record.account_sid) if session.caller]
        if wants:
            self._note((record.sid, caller.identity) for caller in callers if _is_in(caller, record.sid))
        self._walk(reachability.known, (record.sid, ""))

    def _wants(self, service_sid: str) -> bool:
        service = self._standing(service_sid)
        return service is not None and service.enabled and options_of(service).reachability_enabled

    def _standing(self, service_sid: str) -> Service | None:
        service = self._directory.service(service_sid)
        return service if service is not None and service.deleted_ms is None else None

    # Writing.

    def _note(self, places: Iterable[Place]) -> None:
        for place in places:
            self._noted[place] = None
        self._begin()

    def _walk(self, walk: _Walk, after: Place) -> None:
        self._walks.append((walk, after))
        self._begin()

    def _begin(self) -> None:
        if self._all_written.is_set() and (self._noted or self._walks):
            self._all_written.clear()
            self._go_on()

    def _go_on(self) -> None:
        """Write what is noted, then look for more, until there is nothing."""
        if self._noted:
            self._write(list(self._noted)[:USERS_PER_WRITE])
        elif self._walks:
            self._look(*self._walks[0])
        else:
            self._all_written.set()

    def _write(self, places: list[Place]) -> None:
        for place in places:
            del self._noted[place]
        sightings = [seen for place in places if (seen := self._sighting(*place)) is not None]

        def written(_: object, error: Exception | None) -> None:
            if error is None:
                self._go_on()
            else:
                self._postpone(places, error)

        try:
            self._store.write(lambda tx: reachability.settle(tx, sightings), written, lane=self)
        except StoreBusy as busy:
            self._postpone(places, busy)

    def _sighting(self, service_sid: str, identity: str) -> Sighting | None:
        """What is so now of a user; None where the service is no more."""
        service = self._standing(service_sid)
        if service is None:
            return None
        actor = ChatActor(
            service.account_sid, service.sid, identity, options_of(service), self._limits, source="SDK"
        )
        found = [session.caller for session in self._of_identity(service.account_sid, identity)]
        callers = [caller for caller in found if caller is not None and _is_in(caller, service_sid)]
        is_there = bool(callers) or self._is_awaited(service_sid, identity)
        return Sighting(actor, is_there and service.enabled, callers[0].role_sid if callers else None)

    def _look(self, walk: _Walk, after: Place) -> None:
        """Note the next users of a walk."""

        def found(places: list[Place] | None, error: Exception | None, seen: Seen) -> None:
            if places is None:
                self._postpone([], error)
                return
            if places:
                self._walks[0] = walk, places[-1]
                self._noted.update(dict.fromkeys(places))
            else:
                self._walks.popleft()
            self._go_on()

        self._store.read(lambda tx: walk(tx, after, USERS_PER_WRITE), found)

    def _postpone(self, places: Iterable[Place], error: Exception | None) -> None:
        self._noted.update(dict.fromkeys(places))
        log.error("reachability.postponed", waiting=len(self._noted), reason=str(error))
        self._deadlines.after(RETRY_S, self._go_on)


def _is_in(caller: Caller, service_sid: str) -> bool:
    return caller.products.get(CHAT) == service_sid
