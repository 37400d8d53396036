"""Tells Sync's services by webhook which endpoints of their users come and go.

What is written, and in which order, is what happened here: a step for each endpoint that came or left, and
for each absence that lasted. `sync/reachability.py` says what other nodes' endpoints make of it.
"""

from collections.abc import Callable, Sequence
from functools import partial

from tsock.accounts.caller import SYNC
from tsock.accounts.directory import Directory
from tsock.accounts.records import Service
from tsock.api.absent_nodes import AbsentNodes
from tsock.api.backlog import Backlog, Walk
from tsock.api.live import Accepted, AcceptedAs
from tsock.clock import Clock
from tsock.cluster import nodes
from tsock.deadlines import Deadline, Deadlines
from tsock.events import Change
from tsock.storage.store import Store, Tx
from tsock.sync import reachability
from tsock.sync.actor import Actor
from tsock.sync.reachability import START, Standing
from tsock.sync.services import options_of

STEPS_PER_WRITE = 50
"""Written in one transaction."""
_Rule = Callable[[Tx, Actor, str], None]
"""Notes something of an endpoint and a node."""
_Step = tuple[_Rule, Actor, str]


class Reachability:
    """Writes what the gateway's presence tells, and through it into the outbox."""

    product = SYNC

    def __init__(
        self,
        directory: Directory,
        store: Store,
        deadlines: Deadlines,
        clock: Clock,
        *,
        node: str,
        of_account: Accepted,
        of_identity: AcceptedAs,
    ) -> None:
        self._directory = directory
        self._deadlines = deadlines
        self._clock = clock
        self._node = node
        self._of_account = of_account
        self._of_identity = of_identity
        self._wanting = {each.sid for each in directory.services() if self.wants(each.sid)}
        self._absences: dict[tuple[str, str], Deadline] = {}
        """When the latest absence of a service's user is given up, by service SID and identity."""
        self._absent = AbsentNodes(store, table=reachability.TABLE, own=node, found=self._walk)
        self._backlog = Backlog[_Step, Standing](
            store,
            deadlines,
            per_write=STEPS_PER_WRITE,
            rule_of=self._rule_of,
            found=self._settle_all,
            walked=self._absent.settled,
            look_anew=self.restate,
        )

    # What the presence tells.

    def wants(self, service_sid: str) -> bool:
        """Whether a service is to be told who comes and goes."""
        return self._wanted(service_sid) is not None

    def came(self, service_sid: str, identity: str, endpoint_id: str) -> None:
        """An endpoint has its first connection here."""
        endpoint = self._endpoint(service_sid, identity, endpoint_id)
        if endpoint is None:
            return
        absence = self._absences.pop((service_sid, identity), None)
        if absence is not None:
            absence.cancel()
        self._do(reachability.come, endpoint, self._node)

    def left(self, service_sid: str, identity: str, endpoint_id: str, *, said_goodbye: bool) -> None:
        """An endpoint has lost its last connection here."""
        endpoint = self._endpoint(service_sid, identity, endpoint_id)
        if endpoint is not None:
            self._leave(endpoint, self._node)

    async def stop(self) -> None:
        """Wait until everything is written, for as long as the store takes.

        Absences that are not given up yet are left to whoever finds that this node serves no longer.
        """
        for absence in self._absences.values():
            absence.cancel()
        await self._backlog.written()

    # What a node that leads does each second.

    def look(self) -> None:
        """Settle the endpoints of nodes that serve no longer."""
        self._absent.look()

    def restate(self) -> None:
        """Note all who are connected here anew: others may have taken this node for absent."""
        for sid in self._wanting:
            self._note_connected(sid, reachability.come)
        self._walk(self._node)

    # What commits announce.

    def changed(self, record: Change) -> None:
        """Note who is connected when a service begins to want it; let go of them when it ceases to."""
        if not isinstance(record, Service) or record.product != SYNC:
            return
        wants = self.wants(record.sid)
        if wants == (record.sid in self._wanting):
            return
        (self._wanting.add if wants else self._wanting.discard)(record.sid)
        if wants:
            self._note_connected(record.sid, reachability.stand)
        else:
            self._walk(self._node, record.sid)

    def _note_connected(self, service_sid: str, rule: _Rule) -> None:
        service = self._directory.service(service_sid)
        assert service is not None, "services are never forgotten"
        for session in self._of_account(service.account_sid):
            if session.caller is not None and session.caller.products.get(SYNC) == service_sid:
                endpoint = self._endpoint(service_sid, session.caller.identity, session.endpoint_id)
                if endpoint is not None:
                    self._do(rule, endpoint, self._node)

    def _wanted(self, service_sid: str) -> Service | None:
        """The service, if it is to be told who comes and goes."""
        service = self._directory.service(service_sid)
        if service is None or service.deleted_ms is not None or not service.enabled:
            return None
        options = options_of(service)
        return service if options.reachability_webhooks_enabled and options.webhook_url else None

    def _endpoint(self, service_sid: str, identity: str, endpoint_id: str) -> Actor | None:
        """An endpoint, as whom its service is told; None if that wants to be told nothing."""
        service = self._wanted(service_sid)
        if service is None:
            return None
        return Actor(
            service.account_sid,
            service_sid,
            identity,
            webhook_url=options_of(service).webhook_url,
            endpoint_id=endpoint_id,
        )

    # Absences.

    def _leave(self, endpoint: Actor, node: str) -> None:
        """Note that an endpoint is no longer at a node; with debouncing its absence begins."""
        service = self._directory.service(endpoint.service_sid)
        assert service is not None, "an endpoint is of one"
        options = options_of(service)
        if not options.reachability_debouncing_enabled:
            self._do(reachability.leave, endpoint, node)
            return
        at_ms = self._clock.now_ms()
        self._do(partial(reachability.begin_absence, waits=self._node, at_ms=at_ms), endpoint, node)
        place = endpoint.service_sid, endpoint.identity
        earlier = self._absences.pop(place, None)
        if earlier is not None:
            earlier.cancel()  # the identity was not away, or is no longer
        self._absences[place] = self._deadlines.after(
            options.reachability_debouncing_window_ms / 1000, partial(self._give_up, endpoint, at_ms)
        )

    def _give_up(self, endpoint: Actor, at_ms: int) -> None:
        """The window is over."""
        del self._absences[endpoint.service_sid, endpoint.identity]
        assert endpoint.endpoint_id is not None
        now = self._endpoint(endpoint.service_sid, endpoint.identity, endpoint.endpoint_id)
        if now is not None:  # and told at the URL of now
            self._do(partial(reachability.give_up, at_ms=at_ms), now, self._node)

    # Writing.

    def _do(self, rule: _Rule, endpoint: Actor, node: str) -> None:
        self._backlog.add((rule, endpoint, node))

    def _rule_of(self, steps: Sequence[_Step]) -> Callable[[Tx], None]:
        def carry_out(tx: Tx) -> None:
            spoken_for = nodes.spoken_for(tx, (node for _, _, node in steps), self._node)
            for sid in sorted({endpoint.service_sid for _, endpoint, _ in steps}):
                reachability.lock(tx, sid)
            for rule, endpoint, node in steps:
                if node in spoken_for:
                    rule(tx, endpoint, node)

        return carry_out

    def _walk(self, node: str, service_sid: str = "") -> None:
        """Look at all that a node has noted, or at what it has of one service."""

        def page(tx: Tx, after: Standing) -> list[Standing]:
            found = reachability.of_node(tx, node, after, STEPS_PER_WRITE)
            return [each for each in found if service_sid in ("", each.service_sid)]

        self._backlog.walk(Walk(node, START._replace(service_sid=service_sid), page))

    def _settle_all(self, walk: Walk[Standing], standings: Sequence[Standing]) -> None:
        for each in standings:
            self._settle(each)

    def _settle(self, standing: Standing) -> None:
        """Let go of an endpoint that is not where a node has noted it."""
        service_sid, identity, endpoint_id, node, away_ms = standing
        endpoint = self._endpoint(service_sid, identity, endpoint_id)
        if endpoint is None:
            unwanted = Actor("", service_sid, identity, endpoint_id=endpoint_id)
            self._do(reachability.leave, unwanted, node)
        elif node != self._node or not self._is_here(endpoint, is_away=away_ms is not None):
            self._leave(endpoint, node)

    def _is_here(self, endpoint: Actor, *, is_away: bool) -> bool:
        """Whether it is connected, or its absence is to be given up by this node."""
        if is_away:
            return (endpoint.service_sid, endpoint.identity) in self._absences
        return any(
            session.endpoint_id == endpoint.endpoint_id
            and session.caller is not None
            and session.caller.products.get(SYNC) == endpoint.service_sid
            for session in self._of_identity(endpoint.account_sid, endpoint.identity)
        )
