"""Tells in the info of users whether they are connected, where their service wants that.

What is noted is who is to be looked at; what is told of them is what is so when it is written. So neither a
store that is busy, nor a change of the service's mind, nor a server that was killed leaves anybody told
wrongly.

A break counts as an absence only once it has lasted for the whole grace. That is real time, not the movable
clock's: it is there to outlast a reconnect, which takes the time it takes, and an hour forward drops no
connection either.
"""

from collections.abc import Callable, Sequence
from functools import partial

from tsock.accounts.caller import CHAT, Caller
from tsock.accounts.directory import Directory
from tsock.accounts.records import Service
from tsock.api.absent_nodes import AbsentNodes
from tsock.api.backlog import Backlog, Walk
from tsock.api.live import Accepted, AcceptedAs
from tsock.conversations import reachability
from tsock.conversations.actor import ChatActor, ChatLimits
from tsock.conversations.reachability import Place, Sighting
from tsock.conversations.services import options_of
from tsock.deadlines import Deadline, Deadlines
from tsock.events import Change
from tsock.storage.store import Store, Tx

USERS_PER_WRITE = 100
"""Written in one transaction."""

_Noted = tuple[str, Place]
"""A node, and a user there."""


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
        self._noted: set[_Noted] = set()
        """Who is to be looked at and was not yet, each at a node."""
        self._backlog = Backlog[_Noted, Place](
            store,
            deadlines,
            per_write=USERS_PER_WRITE,
            rule_of=self._rule_of,
            found=self._note_all,
            walked=self._absent.settled,
            look_anew=self.restate,
        )

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
        await self._backlog.written()

    # What a node that leads does each second.

    def look(self) -> None:
        """Give those a while whose node serves no longer, and then look at them."""
        self._absent.look()

    def _await_users(self, node: str) -> None:
        self._deadlines.after(self._grace_s, partial(self._walk, node))

    def restate(self) -> None:
        """Note all who are connected here anew: others may have taken this node for absent."""
        for sid in self._wanting:
            self._note_connected(sid)
        self._walk(self._node)

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
        self._walk_service(record.sid)

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
        self._add(self._node, place)

    def _add(self, node: str, place: Place) -> None:
        if (node, place) not in self._noted:
            self._noted.add((node, place))
            self._backlog.add((node, place))

    def _rule_of(self, noted: Sequence[_Noted]) -> Callable[[Tx], None]:
        """Writes of users what is so now; whoever comes or goes later is noted anew."""
        self._noted.difference_update(noted)
        sightings: list[Sighting] = []
        gone: list[_Noted] = []
        """Of services that are no more."""
        for node, place in dict.fromkeys(noted):
            seen = self._sighting(node, place)
            if seen is None:
                gone.append((node, place))
            else:
                sightings.append(seen)

        def rule(tx: Tx) -> None:
            reachability.forget(tx, gone)
            reachability.settle(tx, sightings, self._node)

        return rule

    def _walk(self, node: str) -> None:
        """Note all users whom a node has noted."""

        def page(tx: Tx, after: Place) -> list[Place]:
            return reachability.of_node(tx, node, after, USERS_PER_WRITE)

        self._backlog.walk(Walk(node, ("", ""), page))

    def _walk_service(self, service_sid: str) -> None:
        """Note all users of a service of whom there is something to tell."""

        def page(tx: Tx, after: Place) -> list[Place]:
            return reachability.known(tx, after, USERS_PER_WRITE)

        self._backlog.walk(Walk(self._node, (service_sid, ""), page))

    def _note_all(self, walk: Walk[Place], places: Sequence[Place]) -> None:
        for place in places:
            self._add(walk.node, place)

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


def _is_in(caller: Caller, service_sid: str) -> bool:
    return caller.products.get(CHAT) == service_sid
