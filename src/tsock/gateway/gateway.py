"""All live connections of this process: opened, served by the same parts, ended when they must go."""

import asyncio
import random
from collections.abc import Sequence

import structlog

from tsock.accounts.directory import Directory
from tsock.accounts.records import Account, ApiKey, Revocation, Service
from tsock.events import Event
from tsock.gateway.admission import Admission
from tsock.gateway.context import Context
from tsock.gateway.hub import Hub
from tsock.gateway.reachability import Reachability
from tsock.gateway.session import End, Session
from tsock.gateway.sessions import Sessions
from tsock.gateway.subscriptions import Subscriptions
from tsock.gateway.tunnel import Tunnel
from tsock.gateway.websocket import WebSocket
from tsock.http.proxies import Proxies
from tsock.sync.permissions import ReadRevoked
from tsock.wire.frame import Limits
from tsock.wire.headers import BackoffPolicy, Status

log = structlog.get_logger(__name__)

MOVE = Status(308, "TEMPORARY_REDIRECT", "The server is stopping: reconnect")


class Gateway:
    """Where sessions come from and what they share."""

    def __init__(
        self,
        context: Context,
        *,
        directory: Directory,
        sessions: Sessions,
        hub: Hub,
        subscriptions: Subscriptions,
        tunnel: Tunnel,
        admission: Admission,
        reachability: Reachability,
    ) -> None:
        self.context = context
        self.tunnel = tunnel
        self.admission = admission
        settings = context.settings
        self.packet_limits = Limits(
            settings.header_bytes_max,
            settings.packet_bytes_max,
            settings.packet_frames_max,
            settings.init_bytes_max,
            settings.init_frames_max,
        )
        self._directory = directory
        self._sessions = sessions
        self._hub = hub
        self._subscriptions = subscriptions
        self._reachability = reachability
        self._proxies = Proxies(context.settings.trusted_proxies)
        self._opened = 0
        self._draining = False
        self.emptied = asyncio.Event()
        """Set once every connection of a draining gateway is gone."""

    def open(self, socket: WebSocket, forwarded: str = "") -> None:
        """Take in a WebSocket whose handshake is done; `forwarded` is its `X-Forwarded-For`."""
        self._opened += 1
        peer = socket.transport.get_extra_info("peername")
        address = self._proxies.client(peer[0] if peer else "", forwarded)
        session = Session(self, self._opened, socket, address)
        socket.listen(session)
        self._sessions.add(session)
        self.context.metrics.connections_opened += 1
        if self._draining:
            session.end(End.DRAINED, "the server is stopping")

    def accepted(self, session: Session) -> None:
        """Count a connection that was let in."""
        self._sessions.accept(session)
        self._reachability.connected(session)
        self.note(session, "accepted")

    def gone(self, session: Session) -> None:
        """Forget a connection whose socket is closed."""
        self._sessions.remove(session)
        self._reachability.left(session)
        self._hub.leave_all(session)
        self.tunnel.forget(session)
        self.admission.forget(session)
        self.context.metrics.connections_closed += 1
        self.note(session, "closed")
        self._note_emptied()

    def note(self, session: Session, what: str, detail: str = "") -> None:
        """Tell the live feed of something that happened to a connection."""
        tail = self.context.tail
        if tail.watched:
            caller = session.caller
            account, identity = (caller.account_sid, caller.identity) if caller else ("", "")
            tail.add("connection", what, account, identity, detail=detail or session.sdk)

    # What commits announce.

    def hear(self, facts: Sequence[object]) -> None:
        """Pass the facts of one commit on to the connections that they concern."""
        events = [fact for fact in facts if isinstance(fact, Event)]
        if len(events) < len(facts):
            for fact in facts:  # whoever loses access gets no event of the same commit
                self._heed(fact)
        self._hub.publish(events)
        if self.context.tail.watched:
            for event in events:
                self._note_event(event)

    def _note_event(self, event: Event) -> None:
        """Tell the live feed of a change, and of whose it is; who made it, an event does not say."""
        service = self._directory.service(event.service_sid)
        account = service.account_sid if service else ""
        detail = "" if event.seq is None else f"number {event.seq}"
        self.context.tail.add("event", event.kind, account, topic=event.topic, detail=detail)

    def _heed(self, fact: object) -> None:
        if isinstance(fact, Account | ApiKey | Revocation):
            self._end_unpermitted(fact)
        elif isinstance(fact, ReadRevoked):
            self._stop_delivery(fact)
        elif isinstance(fact, Service) and fact.acl_enabled:
            for session in self._sessions.of_account(fact.account_sid):
                self._subscriptions.withdraw_unreadable(session, fact)

    def _end_unpermitted(self, record: Account | ApiKey | Revocation) -> None:
        """End the connections that an account, key or revocation no longer permits, at once.

        They get no `close` packet: they reconnect, and the refusal tells them why (`twilsock.md` 11.4).
        """
        if isinstance(record, Account):
            accounts = [record.sid, *(sub.sid for sub in self._directory.subaccounts(record.sid))]
        else:
            accounts = [record.account_sid]
        for account_sid in accounts:
            for session in self._sessions.of_account(account_sid):
                assert session.caller is not None
                if not self._directory.permits(session.caller):
                    session.end(End.REVOKED, "account, key or token no longer stands")

    def _stop_delivery(self, fact: ReadRevoked) -> None:
        """Send nothing more of an object to an identity that may not read it any longer (`sync.md` 5)."""
        service = self._directory.service(fact.service_sid)
        if service is not None and service.acl_enabled:
            for session in self._sessions.of_identity(service.account_sid, fact.identity):
                self._hub.leave(session, fact.topic)

    # Stopping.

    def drain(self) -> None:
        """Open nothing any more, and tell every client to come back at a moment of its own."""
        self._draining = True
        settings = self.context.settings
        low, high = settings.drain_reconnect_ms_min, settings.drain_reconnect_ms_max
        for session in self._sessions:
            # Spread over the whole range: JS heeds the lower bound alone, Kotlin draws between the two.
            wait_ms = random.randint(low, high - 1)  # noqa: S311 - nothing secret depends on it
            session.leave(MOVE, End.DRAINED, BackoffPolicy(wait_ms, high))

        self._note_emptied()

    def _note_emptied(self) -> None:
        if self._draining and not len(self._sessions):
            self.emptied.set()

    async def finish(self) -> None:
        """Wait until a draining gateway has no connection left, and until what tells of them is stored."""
        await self.emptied.wait()
        await self._reachability.stop()

    @property
    def standing(self) -> int:
        """How many connections are open."""
        return len(self._sessions)

    def drop_all(self) -> None:
        """End whatever is still connected."""
        for session in self._sessions:
            session.drop(End.DRAINED, "drain_s is over")
