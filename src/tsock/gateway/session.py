"""One live client: what it sent, what that leads to, and how it ends.

A session decides nothing about tokens (`admission.py`) or requests (`tunnel.py`), and of what it follows it
knows only the names; it connects them to the socket and keeps the two deadlines of its life.
"""

import enum
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import structlog

from tsock.accounts.caller import PRODUCTS, Caller
from tsock.deadlines import Deadline
from tsock.debugger.incident import of_end
from tsock.events import Origin
from tsock.gateway.admission import Admitted, NotAdmitted
from tsock.gateway.context import Context
from tsock.gateway.held import HeldReplies
from tsock.gateway.websocket import Send, WebSocket
from tsock.wire import packets
from tsock.wire.connection import (
    ConnectionState,
    ProtocolViolation,
    ReceivedPacket,
    ServerConnection,
    UnreadInit,
)
from tsock.wire.frame import PacketLimits
from tsock.wire.headers import (
    Ack,
    BackoffPolicy,
    Close,
    Init,
    Message,
    Status,
    Telemetry,
    Update,
)
from tsock.wire.websocket import binary_frame

log = structlog.get_logger(__name__)

EXPIRED = Status(410, "TOKEN_EXPIRED", "Token expired", 51207)
FAILED = Status(500, "INTERNAL_SERVER_ERROR", "Internal Server Error", 20500)

_NOTHING: frozenset[str] = frozenset()


def _nowhere(frame: bytes, /) -> None:
    """Where frames for a closed socket go."""


class End(enum.StrEnum):
    """Why the server ended a connection; the label in logs and metrics."""

    INIT_TIMEOUT = "init_timeout"
    SLOW_READER = "slow_reader"
    NO_ACK = "no_ack"
    REVOKED = "revoked"
    EXPIRED = "expired"
    VIOLATION = "violation"
    REFUSED = "refused"
    DRAINED = "drained"


CODES = {End.SLOW_READER: 51005, End.NO_ACK: 51005, End.EXPIRED: 51006, End.VIOLATION: 51214}
"""Where the dictionary has a page for an end of this kind."""


class Keeper(Protocol):
    """Whom a session asks and tells: the gateway."""

    def init(self, session: "Session", packet: Init, *, is_final: bool) -> Admitted | NotAdmitted | None:
        """Judge the client, which may have been let in before; None: `look` first."""
        ...

    def unread_init(self, session: "Session", packet: UnreadInit) -> NotAdmitted:
        """Judge a client whose `init` is too large to be kept."""
        ...

    def update(self, session: "Session", packet: Update, *, is_final: bool) -> Admitted | NotAdmitted | None:
        """Judge a new token on a standing connection; None: `look` first."""
        ...

    def look(self, then: Callable[[], None]) -> None:
        """Take in what other nodes changed, then go on."""
        ...

    def request(self, session: "Session", message: Message, payload: bytes) -> None:
        """Carry out a request, and reply to it."""
        ...

    def accepted(self, session: "Session") -> None:
        """It was let in, for the first time."""
        ...

    def gone(self, session: "Session") -> None:
        """Its socket is closed."""
        ...

    def note(self, session: "Session", what: str, detail: str = "") -> None:
        """Tell the live feed of something that happened to it."""
        ...


class Session:
    """A connection from its handshake to its end; known to the hub once it subscribes."""

    __slots__ = (
        "_context",
        "_held",
        "_keeper",
        "_life",
        "_pinged",
        "_pulse",
        "_socket",
        "_unsent_bytes",
        "_warned",
        "address",
        "caller",
        "connection",
        "endpoint_id",
        "first_init_ms",
        "in_flight",
        "interrupted",
        "limits",
        "number",
        "pending",
        "reached",
        "registered",
        "said_goodbye",
        "sdk",
        "send",
        "send_queue_bytes_max",
        "subscriptions",
        "wanted",
        "withheld",
    )

    def __init__(
        self,
        keeper: Keeper,
        context: Context,
        limits: PacketLimits,
        number: int,
        socket: WebSocket,
        *,
        address: str,
        reached: str,
    ) -> None:
        """Begin to wait for an `init`.

        Args:
            keeper: what it asks and tells.
            context: what every part of the gateway works with.
            limits: how large a packet may be.
            number: identifies it within this process.
            socket: its WebSocket.
            address: of the client.
            reached: scheme, host and port by which it reached this server.
        """
        self.number = number
        self.address = address
        self.reached = reached
        self.send: Send = socket.send
        self.connection = ServerConnection(limits)
        self.caller: Caller | None = None
        self.endpoint_id = ""
        """The client that opened it, as its first grant says, else as the continuation token does."""
        self.first_init_ms = 0
        """When the endpoint first came; it may have had other connections since."""
        self.registered: tuple[str, ...] = ()
        """Products that `init` registered for."""
        self.wanted = _NOTHING
        """Types of the notifications that `init` registered for."""
        self.sdk = ""
        self.said_goodbye = False
        """Whether the client told that it leaves."""
        self.subscriptions: dict[str, Any] = {}
        self.withheld: dict[str, int] = {}
        self.pending: list[Any] = []
        self.in_flight = 0
        self.limits = limits
        self.send_queue_bytes_max = context.settings.send_queue_bytes_max
        self.interrupted: dict[str, tuple[int, int]] | None = None
        """Objects whose replay goes on: where it stopped, and what the client knew at its beginning."""
        self._context = context
        self._held: HeldReplies | None = None
        """Replies that wait for the client; None until there was one."""
        self._keeper = keeper
        self._socket = socket
        self._pinged = False
        self._unsent_bytes = 0
        self._warned = False
        self._life: Deadline | None = None
        self._pulse = context.deadlines.after(context.settings.init_timeout_s, self._no_init)

    # What the socket tells.

    def packet(self, packet: bytes) -> None:
        """A complete binary message."""
        self._take(*self.connection.receive(packet))

    def premature_acks(self) -> None:
        """Plain acknowledgements of a client that was not let in."""
        self._violated(self.connection.receive_acks())

    def text(self) -> None:
        """A text message; packets come in binary ones."""
        self._violated(self.connection.receive_text())

    def cut(self, beginning: bytes, size: int) -> None:
        """The beginning of a packet of more than `init_bytes_max` before an `init` was accepted."""
        self._take(self.connection.receive_cut(beginning, size), b"")

    def oversized(self) -> None:
        """A message larger than `packet_bytes_max`."""
        self._violated(self.connection.receive_oversized())

    def flood(self) -> None:
        """A message of more than `packet_frames_max` frames, or more than `init_frames_max` before `init`."""
        self._violated(self.connection.receive_flood())

    def slow(self) -> None:
        """More than `send_queue_bytes_max` waits for the peer: drop it, it will be replayed."""
        self._context.metrics.slow_readers += 1
        self.drop(End.SLOW_READER, "more than send_queue_bytes_max waits for a slow reader")

    def gone(self) -> None:
        """The socket is closed."""
        self.connection.gone()
        self.send = _nowhere  # replies to what is still under way
        self._reply_with_held()
        self._pulse.cancel()
        if self._life is not None:
            self._life.cancel()
        self._keeper.gone(self)

    @property
    def origin(self) -> Origin:
        """Identifies it among the connections of all nodes."""
        return self._context.node, self.number

    @property
    def is_gone(self) -> bool:
        """Whether the socket is closed, or about to be."""
        return self.connection.state is ConnectionState.GONE

    # What the client asks.

    def asked(self, weight: int) -> None:
        """A request has begun; beyond `requests_in_flight_max`, further ones wait unread."""
        self.in_flight += weight
        if self.in_flight >= self._context.settings.requests_in_flight_max:
            self._socket.hold()

    def wait(self) -> None:
        """Nothing more is to be begun before something has been answered."""
        self._socket.hold()

    def answered(self, weight: int) -> None:
        """A request has its reply."""
        self.in_flight -= weight
        if self.in_flight <= self._context.settings.requests_in_flight_max // 2:
            self._socket.release()

    def _take(self, packet: ReceivedPacket | UnreadInit | None, payload: bytes) -> None:
        match packet:
            case Message():
                self._keeper.request(self, packet, payload)
            case Init() | Update() | UnreadInit():
                self._judge(packet)
            case ProtocolViolation():
                self._violated(packet)
            case Close():
                self.said_goodbye = True
                self._close()
            case Ack():
                if self._held is not None:
                    self._held.acknowledged(packet.id)
            case Telemetry() | None:
                pass
            case _:
                # A ping, or a method we do not know: both are content with 200. So is a notification
                # context: a connection gets all that it subscribed to, so there is nothing to keep of it.
                self.reply(packets.done(packet.id))

    def _judge(self, packet: Init | Update | UnreadInit, *, is_final: bool = False) -> None:
        """Have a token judged; whatever fails meanwhile, the client gets an answer."""
        try:
            if isinstance(packet, UnreadInit):
                self._turn_away(packet.id, self._keeper.unread_init(self, packet))
                return
            if isinstance(packet, Init):
                self._introduced(packet)
                decision = self._keeper.init(self, packet, is_final=is_final)
            else:
                decision = self._keeper.update(self, packet, is_final=is_final)
            if decision is None:
                self._socket.hold()  # what comes behind it waits unread
                self._keeper.look(partial(self._judge_again, packet))
            elif isinstance(decision, Admitted):
                self._let_in(packet.id, decision)
            else:
                self._turn_away(packet.id, decision)
        except Exception:
            log.exception("admission.failed", number=self.number)
            self._turn_away(packet.id, NotAdmitted(FAILED))

    def _judge_again(self, packet: Init | Update) -> None:
        if not self.is_gone:
            self._judge(packet, is_final=True)
            self._socket.release()

    def _introduced(self, packet: Init) -> None:
        """Note what the client says about itself, whether or not it is let in."""
        self.sdk = _described(packet.metadata)
        self.registered, self.wanted = (), _NOTHING
        if packet.registrations:
            registered = {registration.product for registration in packet.registrations}
            self.registered = tuple(sorted(registered & PRODUCTS))
            self.wanted = _NOTHING.union(*[one.message_types for one in packet.registrations])

    def wants(self, message_type: str) -> bool:
        """Whether it registered for notifications of this type."""
        return message_type in self.wanted

    def _let_in(self, packet_id: str, admitted: Admitted) -> None:
        """The token was granted: from now on its life is the connection's."""
        welcome = admitted.welcome
        if welcome is None:
            self.reply(packets.done(packet_id))
        else:
            self.first_init_ms = welcome.first_init_ms
            self.endpoint_id = welcome.endpoint_id
            self.reply(self.connection.accept(packet_id, welcome.reply))
        first = self.caller is None
        self.caller = admitted.caller
        self._warned = False
        if first:
            self._socket.trust()
            self._pulse.cancel()
            self._pulse = self._context.deadlines.after(self._context.settings.ping_interval_s, self._beat)
            self._keeper.accepted(self)
        self._await_expiry()

    def _turn_away(self, packet_id: str, refused: NotAdmitted) -> None:
        """The token was refused: leave time for the client's own close, then end."""
        self.reply(self.connection.refuse(packet_id, refused.status, refused.backoff))
        if self.connection.state is ConnectionState.CLOSING:
            self._end_later(End.REFUSED)

    # What the server says.

    def reply(self, packet: bytes) -> None:
        """Send one packet."""
        self.send(binary_frame(packet))

    def reply_behind_events(self, packet: bytes) -> None:
        """Send one packet when the client has worked through the events that were sent before."""
        if self.connection.state is not ConnectionState.READY:
            self.reply(packet)
            return
        if self._held is None:
            self._held = HeldReplies(self._context, self.reply)
        self._held.hold(packet)

    def _reply_with_held(self) -> None:
        """Let no reply wait any longer."""
        if self._held is not None:
            self._held.let_all_go()
            self._held = None

    def leave(self, status: Status, reason: End, backoff: BackoffPolicy | None = None) -> None:
        """Tell the client to leave, and end the connection soon.

        One that has not been let in is told nothing: it must not take that for the answer to its `init`.
        """
        if self.connection.state is ConnectionState.READY:
            self._reply_with_held()
            self.reply(self.connection.closing(self._context.packet_id(), status, backoff))
            self._end_later(reason)
        elif self.connection.state is ConnectionState.NEW:
            self.end(reason, "before its init")

    def end(self, reason: End, text: str) -> None:
        """Close the socket without a `close` packet: the client reconnects and is told why."""
        self._ended(reason, text)
        self.connection.gone()
        self._close()

    def drop(self, reason: End, text: str) -> None:
        """End the socket at once; what was not sent yet is lost."""
        self._ended(reason, text)
        self.connection.gone()
        self._socket.drop()

    def _ended(self, reason: End, text: str = "") -> None:
        code = CODES.get(reason)
        # Who was not let in is told of by the refusal, which strangers cannot repeat without end.
        tell = log.debug if self.caller is None else log.info
        tell(
            "connection.ended",
            reason=reason.value,
            code=code,
            detail=text,
            number=self.number,
            address=self.address,
        )
        self._keeper.note(self, reason.value, text)
        if code is not None:
            self._context.debugger.report(of_end(code, text, self.caller, self.address, self.sdk))

    def _violated(self, violation: ProtocolViolation | None) -> None:
        if violation is None:  # it is leaving already
            return
        self._ended(End.VIOLATION, str(violation.status.description))
        self.reply(packets.close(self._context.packet_id(), violation.status))
        self._close()

    def _end_later(self, reason: End) -> None:
        self._ended(reason)
        if self._life is not None:
            self._life.cancel()
        self._soon(self._close)

    def _close(self) -> None:
        """Close the socket; a peer that does not read what is left delays that only so long."""
        self._socket.close()
        self._soon(self._socket.drop)

    def _soon(self, step: Callable[[], None]) -> None:
        self._pulse.cancel()
        self._pulse = self._context.deadlines.after(self._context.settings.close_timeout_s, step)

    # Deadlines.

    def _no_init(self) -> None:
        self.drop(End.INIT_TIMEOUT, "no init packet within init_timeout_s")

    def _beat(self) -> None:
        """Ping, then look whether anything came back; an inbound packet of any kind is a sign of life."""
        settings = self._context.settings
        if not self._pinged:
            self._socket.heard = False
            self._pinged = True
            self._unsent_bytes = self._socket.unsent_bytes
            self.reply(packets.ping(self._context.packet_id()))
            wait_s = settings.ack_timeout_s
        elif self._socket.heard or self._socket.behind or self._socket.unsent_bytes < self._unsent_bytes:
            # Nothing is read from a peer that has much to read itself; then its reading is the sign.
            self._pinged = False
            wait_s = max(settings.ping_interval_s - settings.ack_timeout_s, 0.0)
        else:
            self.drop(End.NO_ACK, "no packet within ack_timeout_s of a ping")
            return
        self._pulse = self._context.deadlines.after(wait_s, self._beat)

    def _await_expiry(self) -> None:
        """Warn before `exp`, end at `exp`; both by the movable clock."""
        assert self.caller is not None
        if self._life is not None:
            self._life.cancel()
        settings = self._context.settings
        if self.connection.takes_updates and not self._warned:
            now_ms = self._context.clock.now_ms()
            left_s = (self.caller.expires_ms - now_ms) / 1000
            delay_s = max(left_s - settings.token_about_to_expire_s, min(left_s / 2, 10))
            self._life = self._context.deadlines.at(now_ms + int(delay_s * 1000), self._warn)
        else:
            expires_ms = self.caller.expires_ms + settings.token_exp_skew_s * 1000
            self._life = self._context.deadlines.at(expires_ms, self._expire)

    def _warn(self) -> None:
        self._warned = True
        assert self.caller is not None
        left_s = max(self.caller.expires_ms - self._context.clock.now_ms(), 0) // 1000
        text = f"Token expires in {left_s} s"
        self.reply(packets.client_update(self._context.packet_id(), "token_about_to_expire", text))
        self._await_expiry()

    def _expire(self) -> None:
        if self._context.settings.token_expiry == "drop":  # noqa: S105 - not a password
            self.end(End.EXPIRED, "the token's exp has passed")
        else:
            self.leave(EXPIRED, End.EXPIRED)


def _described(said: dict[str, Any]) -> str:
    """A line for logs and records, of what the client says about itself."""
    words = [said.get(name) for name in ("sdk", "type", "sdkv", "env", "os")]
    return sys.intern(" ".join([str(word)[:32] for word in words if word]))  # there are few
