"""WebSocket frames as bytes, of either role: how they are written, where their parts are (RFC 6455, 5)."""

from collections.abc import Callable

try:
    from websockets.speedups import apply_mask as _apply_mask
except ImportError:  # a platform without the compiled wheel
    from websockets.utils import apply_mask as _apply_mask

apply_mask: Callable[[bytes, bytes], bytes] = _apply_mask
"""The bytes with a mask of four put on, or taken off."""

CONTINUATION, TEXT, BINARY = 0x0, 0x1, 0x2
CLOSE, PING, PONG = 0x8, 0x9, 0xA

FINAL = 0x80
"""In the first byte of a frame: its message ends with it."""
MASKED = 0x80
"""In the second byte: a client wrote it."""
MASK_BYTES = 4

FINAL_BINARY = FINAL | BINARY
"""The first byte of a binary message in one frame."""


def binary_frame(packet: bytes) -> bytes:
    """`packet` as one complete, unmasked binary frame, fit to be shared by any number of connections."""
    size = len(packet)
    if size < 126:
        return bytes((FINAL_BINARY, size)) + packet
    if size < 65_536:
        return b"\x82\x7e%b%b" % (size.to_bytes(2, "big"), packet)
    return b"\x82\x7f%b%b" % (size.to_bytes(8, "big"), packet)


def frame(payload: bytes, opcode: int = BINARY, *, final: bool = True, mask: bytes = b"") -> bytes:
    """Any frame; a client gives four bytes of `mask`, a server none."""
    first, masked, size = opcode | (FINAL if final else 0), MASKED if mask else 0, len(payload)
    if size < 126:
        head = bytes((first, masked | size))
    elif size < 65_536:
        head = bytes((first, masked | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, masked | 127)) + size.to_bytes(8, "big")
    return head + mask + (apply_mask(payload, mask) if mask else payload)


def payload_span(data: bytes, position: int) -> tuple[int, int] | None:
    """Start and stop of the payload of the frame that begins at `position`; None until its head is complete.

    The stop may lie beyond what has arrived. A mask stands right before the start.
    """
    end = len(data)
    if end - position < 2:
        return None
    size = data[position + 1]
    length, start = size & 0x7F, position + 2
    if length >= 126:
        wide = start
        start += 2 if length == 126 else 8
        length = int.from_bytes(data[wide:start], "big")
    if size & MASKED:
        start += MASK_BYTES
    return (start, start + length) if start <= end else None
