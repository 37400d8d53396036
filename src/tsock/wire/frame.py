"""Packets: `TWILSOCK V3.0 <size>` CRLF header CRLF payload (`protocol/twilsock.md`, Packets).

One complete binary WebSocket message is one packet. This module knows bytes and sizes only; what a header
means is the business of `headers.py`.
"""

import re

from msgspec import Struct

CRLF = b"\r\n"
MAGIC_BYTES_MAX = 64
"""Longest first line, without its CRLF."""

_FIRST_LINE = re.compile(rb"TWILSOCK +V3\.0 +(\d+) *\r\n").match
"""Older clients put a blank behind the size."""


class PacketLimits(Struct, frozen=True, gc=False):
    """How large a packet a server reads; the settings of these names."""

    header_bytes_max: int = 256 * 1024
    packet_bytes_max: int = 1024 * 1024
    packet_frames_max: int = 1_000
    init_bytes_max: int = 20 * 1024
    init_frames_max: int = 1_000


class MalformedPacket(Exception):
    """A packet that cannot be read; the text says what was expected and repeats nothing of the packet.

    It never leaves `wire`: a connection turns it into a `ProtocolViolation`.
    """


def encode(header: bytes, payload: bytes = b"") -> bytes:
    """One packet. Neither part may hold a raw CR or LF, since some clients split on them.

    The real service ends a payload with a CRLF that no size counts, and so do we.
    """
    if payload:
        return b"TWILSOCK V3.0 %d\r\n%b\r\n%b\r\n" % (len(header), header, payload)
    return b"TWILSOCK V3.0 %d\r\n%b\r\n" % (len(header), header)


def decode(packet: bytes, limits: PacketLimits | None = None) -> tuple[bytes, bytes]:
    """The header, and everything behind its CRLF; `payload` cuts the payload out of that.

    Without `limits` any size will do: a client takes what its server sends.

    Raises:
        MalformedPacket: the framing is wrong or a size exceeds its limit.
    """
    if limits is not None and len(packet) > limits.packet_bytes_max:
        raise MalformedPacket(f"a packet has at most {limits.packet_bytes_max} bytes")
    size, start = first_line(packet, limits)
    end = start + size
    if packet[end : end + len(CRLF)] != CRLF:
        raise MalformedPacket("expected CRLF right after as many header bytes as the first line announces")
    return packet[start:end], packet[end + len(CRLF) :]


def first_line(packet: bytes, limits: PacketLimits | None = None) -> tuple[int, int]:
    """Size of the header, and where it starts.

    Raises:
        MalformedPacket: the line is wrong or the size exceeds its limit.
    """
    first = _FIRST_LINE(packet, 0, MAGIC_BYTES_MAX + len(CRLF))
    if not first:
        raise MalformedPacket(
            f'expected "TWILSOCK V3.0 <header size in bytes>" and CRLF within {MAGIC_BYTES_MAX} bytes'
        )
    size = int(first[1])
    if limits is not None and size > limits.header_bytes_max:
        raise MalformedPacket(f"a header has at most {limits.header_bytes_max} bytes")
    return size, first.end()


def payload(rest: bytes, size: int) -> bytes:
    """The first `size` bytes of what follows the header; more is ignored, such as a final CRLF.

    Raises:
        MalformedPacket: fewer bytes arrived.
    """
    if size > len(rest):
        raise MalformedPacket("payload_size is larger than what follows the header")
    return rest[:size]
