"""All live connections of this process: opened, served by the same parts, ended when they must go."""

import asyncio
import itertools
import random
from collections.abc import Callable, Iterator, Sequence

import structlog

from tsock.accounts.directory import Directory
from tsock.accounts.records import Account, ApiKey, Revocation
from tsock.events import Change, Event, Notice
from tsock.gateway.admission import Admission, Admitted, NotAdmitted
from tsock.gateway.context import Context
from tsock.gateway.hub import Hub
from tsock.gateway.presence import Presence
from tsock.gateway.session import End, Session
from tsock.gateway.sessions import Sessions
from tsock.gateway.tunnel import Tunnel
from tsock.gateway.websocket import WebSocket
from tsock.wire import packets
from tsock.wire.connection import UnreadInit
from tsock.wire.frame import PacketLimits
from tsock.wire.headers import BackoffPolicy, Init, Message, Status, Update
from tsock.wire.websocket import binary_frame

log = structlog.get_logger(__name__)

SENT_AWAY_PER_TURN = 50
"""Clients that a stopping server tells so in one turn of the loop: about 5 ms."""
MOVE = Status(308, "TEMPORARY_REDIRECT", "The server is stopping: reconnect")


Look = Callable[[Callable[[], None]], None]
"""Takes in what other nodes changed of accounts, keys and services, then goes on."""


class Gateway:
    """Where sessions come from and what they share."""

    def __init__(
        self,
        context: Context,
        *,
        directory: Directory,
        sessions: Sessions[Session],
        hub: Hub,
        tunnel: Tunnel,
        admission: Admission,
        presence: Presence,
        look: Look | None = None,
    ) -> None:
        """Take the parts; `look` is there where other nodes are."""
        self._context = context
        self._look = look
        self._tunnel = tunnel
        self._admission = admission
        settings = context.settings
        self._limits = PacketLimits(
            settings.header_bytes_max,
            settings.packet_bytes_max,
            settings.packet_frames_max,
            settings.init_bytes_max,
            settings.init_frames_max,
        )
        self._directory = directory
        self._sessions = sessions
        self._hub = hub
        self._presence = presence
        self._opened = 0
        self._unadmitted: dict[Session, Callable[[], None]] = {}
        """What to call once a connection is let in or gone."""
        self._draining = False
        self.emptied = asyncio.Event()
        """Set once every connection of a draining gateway is gone."""

    def open(self, socket: WebSocket, address: str, reached: str, admitted: Callable[[], None]) -> None:
        """Take in a WebSocket whose handshake is done; as `OpenSession`."""
        self._opened += 1
        session = Session(
            self, self._context, self._limits, self._opened, socket, address=address, reached=reached
        )
        socket.listen(session)
        self._sessions.add(session)
        self._unadmitted[session] = admitted
        self._context.metrics.connections_opened += 1
        if self._draining:
            session.end(End.DRAINED, "the server is stopping")

    # What sessions ask and tell.

    def init(self, session: Session, packet: Init, *, is_final: bool) -> Admitted | NotAdmitted | None:
        """Judge a client; None: `look` first."""
        return self._admission.init(session, packet, is_final=is_final or self._look is None)

    def unread_init(self, session: Session, packet: UnreadInit) -> NotAdmitted:
        """Judge a client whose `init` is too large to be kept."""
        return self._admission.unread_init(session, packet)

    def update(self, session: Session, packet: Update, *, is_final: bool) -> Admitted | NotAdmitted | None:
        """Judge a new token on a standing connection; None: `look` first."""
        return self._admission.update(session, packet, is_final=is_final or self._look is None)

    def look(self, then: Callable[[], None]) -> None:
        """Take in what other nodes changed, then go on."""
        assert self._look is not None
        self._look(then)

    def request(self, session: Session, message: Message, payload: bytes) -> None:
        """Carry out a request, and reply to it."""
        self._tunnel.request(session, message, payload)

    def accepted(self, session: Session) -> None:
        """Count a connection that was let in."""
        self._sessions.accept(session)
        self._unadmitted.pop(session)()
        self._presence.connected(session)
        self.note(session, "accepted")

    def gone(self, session: Session) -> None:
        """Forget a connection whose socket is closed."""
        self._sessions.remove(session)
        if session in self._unadmitted:
            self._unadmitted.pop(session)()
        self._presence.left(session)
        self._hub.leave_all(session)
        self._tunnel.forget(session)
        self._admission.forget(session)
        self._context.metrics.connections_closed += 1
        self.note(session, "closed")
        self._note_emptied()

    def note(self, session: Session, what: str, detail: str = "") -> None:
        """Tell the live feed of something that happened to a connection."""
        tail = self._context.tail
        if tail.watched:
            caller = session.caller
            account, identity = (caller.account_sid, caller.identity) if caller else ("", "")
            tail.add("connection", what, account, identity, detail=detail or session.sdk)

    # What commits announce.

    def changed(self, record: Change) -> None:
        """End the connections that a change of the directory no longer permits."""
        if isinstance(record, Account | ApiKey | Revocation):
            self._end_unpermitted(record)

    def publish(self, events: Sequence[Event], *, is_heard: bool = False) -> None:
        """Deliver the events of one commit; `is_heard` are those of another node."""
        self._hub.publish(events)
        if self._context.tail.watched:
            for event in events:
                self._note_event(event, is_heard=is_heard)

    def tell(self, notice: Notice) -> None:
        """Tell the connections of some identities what is not kept."""
        frame = binary_frame(
            packets.notification(self._context.packet_id(), notice.message_type, notice.payload)
        )
        for identity in notice.identities:
            for session in self._sessions.of_identity(notice.account_sid, identity):
                caller = session.caller
                assert caller is not None
                if session.wants(notice.message_type) and notice.service_sid in caller.products.values():
                    session.send(frame)

    def _note_event(self, event: Event, *, is_heard: bool) -> None:
        """Tell the live feed of a change, and of whose it is; who made it, an event does not say."""
        service = self._directory.service(event.service_sid)
        account = service.account_sid if service else ""
        detail = "" if event.seq is None else f"number {event.seq}"
        self._context.tail.add(
            "event", event.kind, account, topic=event.topic, detail=detail, is_heard=is_heard
        )

    def _end_unpermitted(self, record: Account | ApiKey | Revocation) -> None:
        """End the connections that an account, key or revocation no longer permits, at once.

        They get no `close` packet: they reconnect, and the refusal tells them why.
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

    # Stopping.

    def drain(self) -> None:
        """Open nothing any more, and tell every client to come back at a moment of its own.

        Some are told in each turn of the loop: this node still has to answer, and to keep its lease.
        """
        self._draining = True
        self._send_away(iter(self._sessions), self._context.clock.monotonic_s())
        self._note_emptied()

    def _send_away(self, left: Iterator[Session], since_s: float) -> None:
        """Send the next of those away who are left; all are back in time, the last to be told included."""
        settings, late_s = self._context.settings, self._context.clock.monotonic_s() - since_s
        low = settings.drain_reconnect_ms_min
        high = max(low + 1, settings.drain_reconnect_ms_max - round(late_s * 1000))
        told = 0
        for session in itertools.islice(left, SENT_AWAY_PER_TURN):
            # Spread over the whole range: JS heeds the lower bound alone, Kotlin draws between the two.
            wait_ms = random.randint(low, high - 1)  # noqa: S311 - nothing secret depends on it
            session.leave(MOVE, End.DRAINED, BackoffPolicy(wait_ms, high))
            told += 1
        if told == SENT_AWAY_PER_TURN:
            asyncio.get_running_loop().call_soon(self._send_away, left, since_s)

    def _note_emptied(self) -> None:
        if self._draining and not len(self._sessions):
            self.emptied.set()

    async def finish(self) -> None:
        """Wait until a draining gateway has no connection left, and until what tells of them is stored."""
        await self.emptied.wait()
        await self._presence.stop()

    @property
    def standing(self) -> int:
        """How many connections are open."""
        return len(self._sessions)

    def drop_all(self) -> None:
        """End whatever is still connected."""
        for session in self._sessions:
            session.drop(End.DRAINED, "drain_s is over")
