"""The client's side of a socket: frames as clients write them, and a transport that keeps what it gets."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from websockets.frames import Opcode
from websockets.utils import apply_mask

from tsock.gateway.websocket import Outgoing
from tsock.wire import frame as packet_frame

AT_ONCE = Outgoing(lambda flush: flush())
"""Ends every turn as soon as there is something to send."""

MASK = b"\x01\x80\xfe\x37"


def frame(payload: bytes, opcode: int = Opcode.BINARY, *, fin: bool = True, mask: bytes = MASK) -> bytes:
    """One frame; unmasked, as only servers may write it, with an empty `mask`."""
    masked = 0x80 if mask else 0
    size = len(payload)
    if size < 126:
        head = bytes((fin << 7 | opcode, masked | size))
    elif size < 65_536:
        head = bytes((fin << 7 | opcode, masked | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((fin << 7 | opcode, masked | 127)) + size.to_bytes(8, "big")
    return head + mask + (apply_mask(payload, mask) if mask else payload)


class Frame(NamedTuple):
    """What a server sent: complete and unmasked, or the reader fails."""

    opcode: int
    payload: bytes

    @property
    def whole(self) -> bytes:
        return frame(self.payload, self.opcode, mask=b"")


def frames(data: bytes) -> list[Frame]:
    """The frames in what a server sent."""
    found: list[Frame] = []
    while data:
        first, size, start = data[0], data[1], 2
        assert first & 0x80
        assert not size & 0x80
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10], "big"), 10
        found.append(Frame(first & 0x0F, data[start : start + size]))
        assert len(found[-1].payload) == size
        data = data[start + size :]
    return found


class Packet(NamedTuple):
    """A Twilsock packet from the server; the payload decoded where it is JSON."""

    header: dict[str, Any]
    payload: Any
    frame: bytes
    """The whole frame it came in."""


def packets(data: bytes) -> list[Packet]:
    """The Twilsock packets in the binary frames a server sent."""
    return [_packet(found) for found in frames(data) if found.opcode == Opcode.BINARY]


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
