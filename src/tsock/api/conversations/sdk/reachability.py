"""Tells in the info of users whether they are connected, where their service wants that.

What is noted is who is to be looked at; what is told of them is what is so when it is written. So neither a
store that is busy, nor a change of the service's mind, nor a server that was killed leaves anybody told
wrongly.

A break counts as an absence only once it has lasted for the whole grace. That is real time, not the movable
clock's: it is there to outlast a reconnect, which takes the time it takes, and an hour forward drops no
connection either.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from functools import partial

import structlog

from tsock.accounts.caller import CHAT, Caller
from tsock.accounts.directory import Directory
from tsock.accounts.records import Service
from tsock.api.absent_nodes import AbsentNodes
from tsock.api.live import Accepted, AcceptedAs
from tsock.conversations import reachability
from tsock.conversations.actor import ChatActor, ChatLimits
from tsock.conversations.reachability import Place, Sighting
from tsock.conversations.services import options_of
from tsock.deadlines import Deadline, Deadlines
from tsock.errors import StoreBusy, StoreDown
from tsock.events import Change
from tsock.storage.store import Seen, Store, Tx

log = structlog.get_logger(__name__)

USERS_PER_WRITE = 100
"""Written in one transaction, one such after another: a crowd that leaves must not fill the store's queue."""
RETRY_S = 1.0

_START: Place = ("", "")


class Reachability:
    """Hears who comes to this node and goes, and which services want to have users told."""

    product = CHAT

    def __init__(
        self,
        directory: Directory,
        store: Store,
        deadlines: Deadlines,
        *,
        node: str,
        grace_s: float,
        limits: ChatLimits,
        of_account: Accepted,
        of_identity: AcceptedAs,
    ) -> None:
        """`grace_s` is how long an absence lasts before it counts."""
        self._directory = directory
        self._store = store
        self._deadlines = deadlines
        self._node = node
        self._grace_s = grace_s
        self._limits = limits
        self._of_account = of_account
        self._of_identity = of_identity
        self._wanting = {each.sid for each in directory.services() if self.wants(each.sid)}
        self._absences: dict[Place, Deadline] = {}
        """Who is away from here, and when that begins to count."""
        self._absent = AbsentNodes(store, table=reachability.TABLE, own=node, found=self._await_users)
        self._noted: dict[tuple[str, Place], None] = {}
        """Who is to be looked at, each at a node, in that order."""
        self._singly = 0
        """How many of them are to be written each by itself."""
        self._walks: deque[_Walk] = deque()
        """Of whom else, once all those are written."""
        self._all_written = asyncio.Event()
        self._all_written.set()

    # What the presence tells.

    def wants(self, service_sid: str) -> bool:
        """Whether a service is to be told who comes and goes."""
        service = self._standing(service_sid)
        return service is not None and service.enabled and options_of(service).reachability_enabled

    def came(self, service_sid: str, identity: str, endpoint_id: str) -> None:
        """Look at a user of whom an endpoint came; of one who is back in time nothing is told."""
        place = service_sid, identity
        self._end_absence(place)
        self._note(place)

    def left(self, service_sid: str, identity: str, endpoint_id: str, *, said_goodbye: bool) -> None:
        """Give a user a while to return whose last endpoint left without a word."""
        place = service_sid, identity
        if self._callers(place):
            return
        self._end_absence(place)
        if said_goodbye or not self._grace_s:
            self._note(place)
        else:
            self._absences[place] = self._deadlines.after(self._grace_s, partial(self._give_up, place))

    def _end_absence(self, place: Place) -> None:
        absence = self._absences.pop(place, None)
        if absence is not None:
            absence.cancel()

    def _give_up(self, place: Place) -> None:
        del self._absences[place]
        self._note(place)

    async def stop(self) -> None:
        """Wait until everything is written, for as long as the store takes.

        Who is away has not left for others: it may be back at another node, or after a restart, before the
        grace is over that begins there.
        """
        for absence in self._absences.values():
            absence.cancel()
        await self._all_written.wait()

    # What a node that leads does each second.

    def look(self) -> None:
        """Give those a while whose node serves no longer, and then look at them."""
        self._absent.look()

    def _await_users(self, node: str) -> None:
        self._deadlines.after(self._grace_s, partial(self._walk, _Walk(node)))

    def restate(self) -> None:
        """Note all who are connected here anew: others may have taken this node for absent."""
        for sid in self._wanting:
            self._note_connected(sid)
        self._walk(_Walk(self._node))

    # What commits announce.

    def changed(self, record: Change) -> None:
        """When a service begins to want it, tell of all who are connected; when it ceases to, of nobody."""
        if not isinstance(record, Service) or record.product != CHAT:
            return
        wants = self.wants(record.sid)
        if wants == (record.sid in self._wanting):
            return
        (self._wanting.add if wants else self._wanting.discard)(record.sid)
        if wants:
            self._note_connected(record.sid)
        self._walk(_Walk(self._node, record.sid))

    def _note_connected(self, service_sid: str) -> None:
        service = self._directory.service(service_sid)
        assert service is not None, "services are never forgotten"
        for session in self._of_account(service.account_sid):
            if session.caller is not None and _is_in(session.caller, service_sid):
                self._note((service_sid, session.caller.identity))

    def _standing(self, service_sid: str) -> Service | None:
        service = self._directory.service(service_sid)
        return service if service is not None and service.deleted_ms is None else None

    # Writing.

    def _note(self, place: Place) -> None:
        self._noted[self._node, place] = None
        self._begin()

    def _walk(self, walk: "_Walk") -> None:
        self._walks.append(walk)
        self._begin()

    def _begin(self) -> None:
        if self._all_written.is_set():
            self._all_written.clear()
            self._go_on()

    def _go_on(self) -> None:
        """Write what is noted, then look for more, until there is nothing."""
        if self._noted:
            self._write(list(self._noted)[: 1 if self._singly else USERS_PER_WRITE])
            self._singly = max(self._singly - 1, 0)
        elif self._walks:
            self._step(self._walks[0])
        else:
            self._all_written.set()

    def _write(self, noted: list[tuple[str, Place]]) -> None:
        for each in noted:
            del self._noted[each]
        sightings: list[Sighting] = []
        gone: list[tuple[str, Place]] = []
        """Of services that are no more."""
        for node, place in noted:
            seen = self._sighting(node, place)
            if seen is None:
                gone.append((node, place))
            else:
                sightings.append(seen)

        def rule(tx: Tx) -> None:
            reachability.forget(tx, gone)
            reachability.settle(tx, sightings, self._node)

        def written(_: object, error: Exception | None) -> None:
            if isinstance(error, StoreBusy | StoreDown):
                self._postpone(noted, error)
                return
            if error is not None and len(noted) > 1:  # one of them is to blame
                self._singly = len(noted)
                self._noted = {**dict.fromkeys(noted), **self._noted}
            elif error is not None:
                log.error("reachability.lost", service=noted[0][1][0], reason=str(error))
            self._go_on()

        try:
            self._store.write(rule, written, lane=self)
        except StoreBusy as busy:
            self._postpone(noted, busy)

    def _sighting(self, node: str, place: Place) -> Sighting | None:
        """What is so now of a user at a node; None where the service is no more."""
        service = self._standing(place[0])
        if service is None:
            return None
        actor = ChatActor(
            service.account_sid, service.sid, place[1], options_of(service), self._limits, source="SDK"
        )
        callers = self._callers(place) if node == self._node else []
        is_there = bool(callers) or (node == self._node and place in self._absences)
        return Sighting(actor, node, is_there and service.enabled, callers[0].role_sid if callers else None)

    def _callers(self, place: Place) -> list[Caller]:
        """As whom a service's user is connected here."""
        service_sid, identity = place
        service = self._directory.service(service_sid)
        found = self._of_identity(service.account_sid, identity) if service is not None else ()
        callers = [session.caller for session in found]
        return [caller for caller in callers if caller is not None and _is_in(caller, service_sid)]

    def _step(self, walk: "_Walk") -> None:
        """Note the next users of a walk."""

        def found(places: list[Place] | None, error: Exception | None, seen: Seen) -> None:
            if places is None:
                self._postpone([], error)
                return
            if places:
                walk.after = places[-1]
                self._noted.update(((walk.node, place), None) for place in places)
            else:
                self._walks.popleft()
                self._absent.settled(walk.node)
            self._go_on()

        self._store.read(walk.next_places, found)

    def _postpone(self, noted: Iterable[tuple[str, Place]], error: Exception | None) -> None:
        self._noted.update(dict.fromkeys(noted))
        log.error("reachability.postponed", waiting=len(self._noted), reason=str(error))
        self._deadlines.after(RETRY_S, self._go_on)


class _Walk:
    """Through all users that a node has noted, or through those of one service of whom there is something."""

    def __init__(self, node: str, service_sid: str | None = None) -> None:
        """`node` is the one at which they are looked for."""
        self.node = node
        self._service_sid = service_sid
        self.after: Place = _START if service_sid is None else (service_sid, "")

    def next_places(self, tx: Tx) -> list[Place]:
        """Those that come behind."""
        if self._service_sid is None:
            return reachability.of_node(tx, self.node, self.after, USERS_PER_WRITE)
        return reachability.known(tx, self.after, USERS_PER_WRITE)


def _is_in(caller: Caller, service_sid: str) -> bool:
    return caller.products.get(CHAT) == service_sid
