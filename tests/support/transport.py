"""The client's side of a socket: frames as clients write them, and a transport that keeps what it gets."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from tsock.gateway.websocket import Outgoing
from tsock.settings import Settings
from tsock.wire import frame as packet_frame
from tsock.wire import websocket
from tsock.wire.frame_reader import FrameReader
from tsock.wire.websocket import BINARY

AT_ONCE = Outgoing(lambda run: run(), Settings())
"""Ends every turn as soon as there is something to send."""

MASK = b"\x01\x80\xfe\x37"
SIZE_MAX = 2**40


def frame(payload: bytes, opcode: int = BINARY, *, fin: bool = True, mask: bytes = MASK) -> bytes:
    """One frame; unmasked, as only servers may write it, with an empty `mask`."""
    return websocket.frame(payload, opcode, final=fin, mask=mask)


class Frame(NamedTuple):
    """What a server sent: complete and unmasked, or the reader fails."""

    opcode: int
    payload: bytes

    @property
    def whole(self) -> bytes:
        return frame(self.payload, self.opcode, mask=b"")


def frames(data: bytes) -> list[Frame]:
    """The messages and control frames in what a server sent."""
    reader = FrameReader(from_client=False, message_bytes_max=SIZE_MAX, message_frames_max=1)
    reader.feed(data)
    found: list[Frame] = []
    while not reader.hungry:
        if one := reader.read():
            assert one[0] <= websocket.PONG, one
            found.append(Frame(*one))
    assert not reader.held_bytes, "an incomplete frame"
    return found


class Packet(NamedTuple):
    """A Twilsock packet from the server; the payload decoded where it is JSON."""

    header: dict[str, Any]
    payload: Any
    frame: bytes
    """The whole frame it came in."""


def packets(data: bytes) -> list[Packet]:
    """The Twilsock packets in the binary frames a server sent."""
    return [_packet(found) for found in frames(data) if found.opcode == BINARY]


def _packet(found: Frame) -> Packet:
    header_bytes, rest = packet_frame.decode(found.payload)
    header = msgspec.json.decode(header_bytes)
    payload = packet_frame.payload(rest, header["payload_size"])
    if header.get("payload_type") == "application/json":
        payload = msgspec.json.decode(payload)
    return Packet(header, payload, found.whole)


class Transport(asyncio.Transport):
    """Keeps what is written. What waits for a peer that is `stuck` keeps a closed socket from going."""

    def __init__(self, address: str = "192.0.2.7") -> None:
        super().__init__({"peername": (address, 4321)})
        self.sent = bytearray()
        self.protocol: asyncio.BaseProtocol | None = None
        self.stuck = False
        self.closing = False
        self.aborted = False
        self.reading = True
        self.waiting_bytes = 0
        self.on_end: Callable[[], object] = lambda: None

    def write(self, data: Any) -> None:
        if not self.closing or self.stuck:
            self.sent += data

    def write_eof(self) -> None:
        self.close()  # the peer ends it, too

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            if not self.stuck:
                self.on_end()

    def abort(self) -> None:
        was_waiting = self.stuck or not self.closing
        self.closing = self.aborted = True
        if was_waiting:
            self.stuck = False
            self.on_end()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self.protocol is not None
        return self.protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return self.waiting_bytes

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def take(self) -> bytes:
        """What was written since the last look."""
        sent = bytes(self.sent)
        self.sent.clear()
        return sent
