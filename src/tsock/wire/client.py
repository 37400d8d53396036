"""The client's end of a connection, in the form the official JavaScript client writes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from tsock.wire import frame
from tsock.wire.connection import ConnectionState, ProtocolViolation, not_acceptable
from tsock.wire.frame import MalformedPacket
from tsock.wire.headers import CAPABILITIES, Close, FromServer, HttpRequest, Registration, Reply
from tsock.wire.packets import JSON_TYPE, packet_ids
from tsock.wire.reader import read_from_server

_json = msgspec.json.Encoder().encode


class SentPacket(Struct, frozen=True, gc=False):
    """A packet that a `Reply` of the same id will answer."""

    id: str
    packet: bytes

    def __repr__(self) -> str:
        return f"SentPacket(id={self.id!r})"  # the packet may hold a token


class ClientConnection:
    """One server, as the protocol sees it; does no I/O and keeps no time.

    `receive` never raises, whatever arrives. The owner acknowledges what the server sends on its own
    (`ack`), and closes the socket once the state is CLOSING.
    """

    __slots__ = ("_ids", "_unanswered", "state")

    def __init__(self, ids: Iterator[str] | None = None) -> None:
        self.state = ConnectionState.NEW
        self._ids = packet_ids() if ids is None else ids
        self._unanswered: dict[str, str] = {}

    def init(
        self,
        token: str,
        *,
        continuation_token: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        registrations: Sequence[Registration] | None = None,
        capabilities: Sequence[str] = CAPABILITIES,
    ) -> SentPacket:
        """The first packet; a reply 200 to it makes the connection READY."""
        return self._send(
            "init",
            {
                "token": token,
                "continuation_token": continuation_token,
                "metadata": metadata or {},
                "registrations": registrations,
                "tweaks": None,
                "capabilities": capabilities,
            },
        )

    def update(self, token: str) -> SentPacket:
        """A new token."""
        return self._send("update", {"token": token})

    def message(
        self,
        active_grant: str,
        request: HttpRequest,
        payload: bytes = b"",
        payload_type: str = JSON_TYPE,
    ) -> SentPacket:
        """A request, made under a grant of the token."""
        members = {"active_grant": active_grant, "payload_type": payload_type, "http_request": request}
        return self._send("message", members, payload)

    def close(self) -> bytes:
        """Says goodbye; the socket is to be closed next."""
        self.state = max(self.state, ConnectionState.CLOSING)
        return _packet(next(self._ids), "close", {}, b"")

    def receive(self, packet: bytes) -> tuple[FromServer | ProtocolViolation | None, bytes]:
        """What a binary message means, and its payload; None when it is to be ignored."""
        if self.state >= ConnectionState.CLOSING:
            return None, b""
        try:
            header_bytes, rest = frame.decode(packet)
            header = read_from_server(header_bytes)
            payload = frame.payload(rest, header.payload_size)
        except MalformedPacket as error:
            self.state = ConnectionState.CLOSING
            return ProtocolViolation(not_acceptable(str(error))), b""
        if isinstance(header, Reply):
            return (header if self._answered(header) else None), payload
        if isinstance(header, Close):
            self.state = ConnectionState.CLOSING
        return header, payload

    def _send(self, method: str, members: Mapping[str, Any], payload: bytes = b"") -> SentPacket:
        packet_id = next(self._ids)
        self._unanswered[packet_id] = method
        return SentPacket(packet_id, _packet(packet_id, method, members, payload))

    def _answered(self, reply: Reply) -> bool:
        """Notes what a reply says of the connection; False when it answers nothing."""
        method = self._unanswered.pop(reply.id, None)
        if method is None:
            return False
        code = reply.status.code if reply.status else 0
        if method == "init":
            self.state = ConnectionState.READY if code == 200 else ConnectionState.CLOSING
        elif code == 401:
            self.state = ConnectionState.CLOSING
        return True


def ack(packet_id: str) -> bytes:
    """Acknowledges a `notification`, `client_update`, `close` or `ping`."""
    header = (
        b'{"id":%b,"method":"reply","payload_type":"application/json",'
        b'"status":{"code":200,"status":"OK"},"payload_size":0}'
    )
    return frame.encode(header % _json(packet_id))


def _packet(packet_id: str, method: str, members: Mapping[str, Any], payload: bytes) -> bytes:
    header = {"id": packet_id, "method": method, **members, "payload_size": len(payload)}
    return frame.encode(_json(header), payload)
