"""The one kind of WebSocket frame that carries packets to a client (RFC 6455, 5.2)."""

_FINAL_BINARY = 0x82


def binary_frame(packet: bytes) -> bytes:
    """`packet` as one complete, unmasked binary frame, fit to be shared by any number of connections."""
    size = len(packet)
    if size < 126:
        return bytes((_FINAL_BINARY, size)) + packet
    if size < 65_536:
        return b"\x82\x7e%b%b" % (size.to_bytes(2, "big"), packet)
    return b"\x82\x7f%b%b" % (size.to_bytes(8, "big"), packet)
