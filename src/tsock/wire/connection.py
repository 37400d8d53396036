"""The server's end of a connection: which packet may come when (`protocol/twilsock.md`, Bad input)."""

import enum
import re

from msgspec import Struct

from tsock.wire import frame, packets
from tsock.wire.frame import Limits, Malformed
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


class State(enum.IntEnum):
    """How far a connection has come; it never goes back. Also the column of `TABLE`."""

    NEW = 0
    """Waits for `init`, or for the reply to it."""
    READY = 1
    """Served."""
    CLOSING = 2
    """Told to leave; only its acknowledgements still count."""
    GONE = 3
    """Over."""


class Verdict(enum.Enum):
    """What becomes of a packet."""

    TAKE = enum.auto()
    """It is handed on."""
    LAST = enum.auto()
    """It is handed on, and the connection is gone."""
    DROP = enum.auto()
    """It is ignored."""
    VIOLATION = enum.auto()
    """It ends the connection."""


_TAKE, _LAST, _DROP, _VIOLATION = Verdict

TABLE: dict[type[Header], tuple[Verdict, Verdict, Verdict, Verdict]] = {
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


Event = FromClient | ProtocolViolation
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


_DEFAULT_LIMITS = Limits()


class ServerConnection:
    """One client, as the protocol sees it. Takes packets, gives events; does no I/O and keeps no time.

    `receive` never raises, whatever arrives. The owner answers each event with a packet from the methods
    here, which also change the state, or straight from `packets.py`.
    """

    __slots__ = ("_limits", "state", "takes_updates")

    def __init__(self, limits: Limits = _DEFAULT_LIMITS) -> None:
        self._limits = limits
        self.state = State.NEW
        self.takes_updates = False
        """Whether the client may be sent a `client_update`."""

    def receive(self, packet: bytes) -> tuple[Event | None, bytes]:
        """What a binary message means, and its payload; None when it is to be ignored."""
        try:
            header, payload = _read(packet, self._limits)
        except Malformed as error:
            if self.state is State.READY and _LIKE_ACK(packet):
                return self._violated(Status(417, "EXPECTATION_FAILED", str(error))), b""
            return self._violated(not_acceptable(str(error))), b""
        verdict = TABLE[type(header)][self.state]
        if verdict is _TAKE:
            return header, payload
        if verdict is _LAST:
            self._advance(State.GONE)
            return header, payload
        if verdict is _DROP:
            return None, b""
        return self._violated(not_acceptable("expected init as the first packet")), b""

    def receive_acks(self) -> ProtocolViolation | None:
        """What plain acknowledgements mean (`acks.py`): nothing, but to a client that has not been let in."""
        if self.state is not State.NEW:
            return None
        return self._violated(not_acceptable("expected init as the first packet"))

    def receive_text(self) -> ProtocolViolation | None:
        """What a text message means; packets come in binary ones."""
        return self._violated(not_acceptable("expected a binary message, not a text message"))

    def receive_oversized(self) -> ProtocolViolation | None:
        """What a message means that was given up on because it exceeds `packet_bytes_max`."""
        return self._violated(not_acceptable(f"a packet has at most {self._limits.packet_bytes_max} bytes"))

    def receive_flood(self) -> ProtocolViolation | None:
        """What a message means that was given up on because it exceeds `packet_frames_max`."""
        return self._violated(not_acceptable(f"a packet has at most {self._limits.packet_frames_max} frames"))

    def accept(self, packet_id: str, reply: InitReply) -> bytes:
        """The reply that grants an `init`."""
        self.takes_updates = "client_update" in reply.capabilities
        self._advance(State.READY)
        return packets.init_reply(packet_id, reply)

    def refuse(self, packet_id: str, status: Status, backoff: BackoffPolicy | None = None) -> bytes:
        """The reply that denies an `init` or `update`.

        Without an `init` granted before, and after any 401, the client is to leave. No `close` packet may
        follow: JS clients would miss the reason.
        """
        if self.state is State.NEW or status.code == 401:
            self._advance(State.CLOSING)
        return packets.refusal(packet_id, status, backoff)

    def closing(self, packet_id: str, status: Status, backoff: BackoffPolicy | None = None) -> bytes:
        """The packet that tells the client to leave."""
        self._advance(State.CLOSING)
        return packets.close(packet_id, status, backoff)

    def gone(self) -> None:
        """The socket is closed; whatever is still received is ignored."""
        self._advance(State.GONE)

    def _advance(self, state: State) -> None:
        # A verdict on a token may come after the socket has gone: no step leads back.
        self.state = max(self.state, state)

    def _violated(self, status: Status) -> ProtocolViolation | None:
        if self.state >= State.CLOSING:
            return None
        self.state = State.CLOSING
        return ProtocolViolation(status)


def not_acceptable(description: str) -> Status:
    """406/51214, for what is no Twilsock packet or comes out of turn."""
    return Status(406, "NOT_ACCEPTABLE_MESSAGE", description, 51214)


def _read(packet: bytes, limits: Limits) -> tuple[FromClient, bytes]:
    ack = _ACK(packet)
    if ack and len(packet) <= limits.header_bytes_max:
        size, js_id, kotlin_id = ack.groups()
        if int(size) == len(packet) - ack.end(1) - 2 * len(frame.CRLF):
            return Ack(id=(js_id or kotlin_id).decode(), status=OK), b""
    header_bytes, rest = frame.decode(packet, limits)
    header = read_from_client(header_bytes)
    return header, frame.payload(rest, header.payload_size)
