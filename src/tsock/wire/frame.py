"""Packets: `TWILSOCK V3.0 <size>` CRLF header CRLF payload (`twilsock.md` 2).

One complete binary WebSocket message is one packet. This module knows bytes and sizes only; what a header
means is the business of `headers.py`.
"""

import re

CRLF = b"\r\n"
MAGIC_BYTES_MAX = 64
"""Longest first line, without its CRLF."""
HEADER_BYTES_MAX = 256 * 1024
PACKET_BYTES_MAX = 1024 * 1024

_FIRST_LINE = re.compile(rb"TWILSOCK +V3\.0 +(\d+) *\r\n").match
"""Older clients put a blank behind the size."""


class Malformed(Exception):
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


def decode(packet: bytes) -> tuple[bytes, bytes]:
    """The header, and everything behind its CRLF; `payload` cuts the payload out of that.

    Raises:
        Malformed: the framing is wrong or a size exceeds its limit (`twilsock.md` 15).
    """
    if len(packet) > PACKET_BYTES_MAX:
        raise Malformed(f"a packet has at most {PACKET_BYTES_MAX} bytes")
    first = _FIRST_LINE(packet, 0, MAGIC_BYTES_MAX + len(CRLF))
    if not first:
        raise Malformed(
            f'expected "TWILSOCK V3.0 <header size in bytes>" and CRLF within {MAGIC_BYTES_MAX} bytes'
        )
    size = int(first[1])
    if size > HEADER_BYTES_MAX:
        raise Malformed(f"a header has at most {HEADER_BYTES_MAX} bytes")
    start = first.end()
    end = start + size
    if packet[end : end + len(CRLF)] != CRLF:
        raise Malformed("expected CRLF right after as many header bytes as the first line announces")
    return packet[start:end], packet[end + len(CRLF) :]


def payload(rest: bytes, size: int) -> bytes:
    """The first `size` bytes of what follows the header; more is ignored, such as a final CRLF.

    Raises:
        Malformed: fewer bytes arrived.
    """
    if size > len(rest):
        raise Malformed("payload_size is larger than what follows the header")
    return rest[:size]
