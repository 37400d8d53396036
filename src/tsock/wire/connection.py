"""The server's end of a connection: which packet may come when (`protocol/twilsock.md`, Bad input)."""

import enum
import re

from msgspec import Struct

from tsock.wire import frame, packets
from tsock.wire.frame import MalformedPacket, PacketLimits
from tsock.wire.headers import (
    OK,
    Ack,
    BackoffPolicy,
    Close,
    DeleteContext,
    FromClient,
    Header,
    Init,
    InitReply,
    Message,
    Ping,
    PutContext,
    Status,
    Telemetry,
    Unknown,
    Update,
)
from tsock.wire.reader import read_from_client


class ConnectionState(enum.IntEnum):
    """How far a connection has come; it never goes back. Also the column of `TABLE`."""

    NEW = 0
    """Waits for `init`, or for the reply to it."""
    READY = 1
    """Served."""
    CLOSING = 2
    """Told to leave; only its acknowledgements still count."""
    GONE = 3
    """Over."""


class Action(enum.Enum):
    """What becomes of a packet."""

    TAKE = enum.auto()
    """It is handed on."""
    LAST = enum.auto()
    """It is handed on, and the connection is gone."""
    DROP = enum.auto()
    """It is ignored."""
    VIOLATION = enum.auto()
    """It ends the connection."""


_TAKE, _LAST, _DROP, _VIOLATION = Action

TABLE: dict[type[Header], tuple[Action, Action, Action, Action]] = {
    #               NEW         READY  CLOSING GONE
    Init:          (_TAKE,      _TAKE, _DROP, _DROP),
    Update:        (_VIOLATION, _TAKE, _DROP, _DROP),
    Message:       (_VIOLATION, _TAKE, _DROP, _DROP),
    PutContext:    (_VIOLATION, _TAKE, _DROP, _DROP),
    DeleteContext: (_VIOLATION, _TAKE, _DROP, _DROP),
    Telemetry:     (_VIOLATION, _TAKE, _DROP, _DROP),
    Ping:          (_VIOLATION, _TAKE, _DROP, _DROP),
    Unknown:       (_VIOLATION, _TAKE, _DROP, _DROP),
    Ack:           (_VIOLATION, _TAKE, _TAKE, _DROP),
    Close:         (_LAST,      _LAST, _DROP, _DROP),
}  # fmt: skip
"""What becomes of a packet, by its kind and the state of the connection."""


class ProtocolViolation(Struct, frozen=True, gc=False):
    """The peer broke the protocol: send `close` with `status`, then drop the connection.

    The status makes official clients give up for good, so it is kept for garbage.
    """

    status: Status


class UnreadInit(Struct, frozen=True, gc=False):
    """An `init` that is too large to be kept: it can be answered, and that is all."""

    id: str
    size_bytes: int


ReceivedPacket = FromClient | ProtocolViolation
"""What a client's packet can mean."""

_ACK = re.compile(
    rb"TWILSOCK V3\.0 (\d{1,6})\r\n\{"
    rb'(?:"id":"([ !#-\[\]-~]++)","method":"reply","payload_type":"application/json",'
    rb'"status":\{"code":200,"status":"OK"\},"payload_size":0'
    rb'|"method":"reply","id":"([ !#-\[\]-~]++)","status":\{"status":"ok","code":200\})'
    rb"\}\r\n"
).fullmatch
"""The acknowledgements that the official clients write. They are most of what arrives, so they are known by
sight; any other form is read like every packet."""

_LIKE_ACK = re.compile(rb'TWILSOCK[^{]{1,64}\{\s*(?:"id"\s*:\s*"[^"]*"\s*,\s*)?"method"\s*:\s*"reply"').match
"""How an acknowledgement starts, whether or not the rest of it can be read."""


_INIT_BEGINS = re.compile(
    rb'\{(?:"id":"([ !#-\[\]-~]++)","method":"init"|"method":"init","id":"([ !#-\[\]-~]++)")[,}]'
).match
"""How the official clients begin an `init`; nothing else can be made of one that is not there as a whole."""


_DEFAULT_LIMITS = PacketLimits()


class ServerConnection:
    """One client, as the protocol sees it. Tells what its packets mean; does no I/O and keeps no time.

    `receive` never raises, whatever arrives. The owner answers each packet with one from the methods
    here, which also change the state, or straight from `packets.py`.
    """

    __slots__ = ("_limits", "state", "takes_updates")

    def __init__(self, limits: PacketLimits = _DEFAULT_LIMITS) -> None:
        self._limits = limits
        self.state = ConnectionState.NEW
        self.takes_updates = False
        """Whether the client may be sent a `client_update`."""

    def receive(self, packet: bytes) -> tuple[ReceivedPacket | None, bytes]:
        """What a binary message means, and its payload; None when it is to be ignored."""
        try:
            header, payload = _read(packet, self._limits)
        except MalformedPacket as error:
            if self.state is ConnectionState.READY and _LIKE_ACK(packet):
                return self._violated(Status(417, "EXPECTATION_FAILED", str(error))), b""
            return self._violated(not_acceptable(str(error))), b""
        action = TABLE[type(header)][self.state]
        if action is _TAKE:
            return header, payload
        if action is _LAST:
            self._advance(ConnectionState.GONE)
            return header, payload
        if action is _DROP:
            return None, b""
        return self._violated(not_acceptable("expected init as the first packet")), b""

    def receive_acks(self) -> ProtocolViolation | None:
        """What plain acknowledgements mean (`acks.py`): nothing, but to a client that has not been let in."""
        if self.state is not ConnectionState.NEW:
            return None
        return self._violated(not_acceptable("expected init as the first packet"))

    def receive_cut(self, beginning: bytes, size: int) -> UnreadInit | ProtocolViolation | None:
        """What a message of `size` bytes means of which only the beginning was kept, before `init`."""
        limits = self._limits
        try:
            header_bytes, start = frame.first_line(beginning)  # however long: the client is to learn why
        except MalformedPacket as error:
            return self._violated(not_acceptable(str(error)))
        begun = _INIT_BEGINS(beginning, start)
        if begun and start + header_bytes > len(beginning):
            packet_id = (begun[1] or begun[2]).decode()
            return UnreadInit(packet_id, size) if self.state is ConnectionState.NEW else None
        return self._violated(
            not_acceptable(f"before init a packet has at most {limits.init_bytes_max} bytes")
        )

    def receive_text(self) -> ProtocolViolation | None:
        """What a text message means; packets come in binary ones."""
        return self._violated(not_acceptable("expected a binary message, not a text message"))

    def receive_oversized(self) -> ProtocolViolation | None:
        """What a message means that was given up on because it exceeds `packet_bytes_max`."""
        return self._violated(not_acceptable(f"a packet has at most {self._limits.packet_bytes_max} bytes"))

    def receive_flood(self) -> ProtocolViolation | None:
        """What frames mean that are more than `packet_frames_max`, or than `init_frames_max`."""
        limits = self._limits
        return self._violated(
            not_acceptable(
                f"a packet has at most {limits.packet_frames_max} frames,"
                f" and at most {limits.init_frames_max} come before init is accepted"
            )
        )

    def accept(self, packet_id: str, reply: InitReply) -> bytes:
        """The reply that grants an `init`."""
        self.takes_updates = "client_update" in reply.capabilities
        self._advance(ConnectionState.READY)
        return packets.init_reply(packet_id, reply)

    def refuse(self, packet_id: str, status: Status, backoff: BackoffPolicy | None = None) -> bytes:
        """The reply that denies an `init` or `update`.

        Without an `init` granted before, and after any 401, the client is to leave. No `close` packet may
        follow: JS clients would miss the reason.
        """
        if self.state is ConnectionState.NEW or status.code == 401:
            self._advance(ConnectionState.CLOSING)
        return packets.refusal(packet_id, status, backoff)

    def closing(self, packet_id: str, status: Status, backoff: BackoffPolicy | None = None) -> bytes:
        """The packet that tells the client to leave."""
        self._advance(ConnectionState.CLOSING)
        return packets.close(packet_id, status, backoff)

    def gone(self) -> None:
        """The socket is closed; whatever is still received is ignored."""
        self._advance(ConnectionState.GONE)

    def _advance(self, state: ConnectionState) -> None:
        # A verdict on a token may come after the socket has gone: no step leads back.
        self.state = max(self.state, state)

    def _violated(self, status: Status) -> ProtocolViolation | None:
        if self.state >= ConnectionState.CLOSING:
            return None
        self.state = ConnectionState.CLOSING
        return ProtocolViolation(status)


def not_acceptable(description: str) -> Status:
    """406/51214, for what is no Twilsock packet or comes out of turn."""
    return Status(406, "NOT_ACCEPTABLE_MESSAGE", description, 51214)


def _read(packet: bytes, limits: PacketLimits) -> tuple[FromClient, bytes]:
    ack = _ACK(packet)
    if ack and len(packet) <= limits.header_bytes_max:
        size, js_id, kotlin_id = ack.groups()
        if int(size) == len(packet) - ack.end(1) - 2 * len(frame.CRLF):
            return Ack(id=(js_id or kotlin_id).decode(), status=OK), b""
    header_bytes, rest = frame.decode(packet, limits)
    header = read_from_client(header_bytes)
    return header, frame.payload(rest, header.payload_size)
