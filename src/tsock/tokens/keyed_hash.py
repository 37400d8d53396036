"""HMAC whose key is prepared once (RFC 2104, 4).

The standard library prepares it for each message, and looks for the hash each time: for what is as short as a
token that takes as long as the hash.
"""

import hashlib

_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class KeyedHash:
    """HMACs of any number of messages with one key."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes, name: str) -> None:
        """`name` is that of a hash, as `hashlib` calls it."""
        block_bytes = hashlib.new(name).block_size
        if len(key) > block_bytes:
            key = hashlib.new(name, key).digest()
        block = key.ljust(block_bytes, b"\0")
        self._inner = hashlib.new(name, block.translate(_INNER))
        self._outer = hashlib.new(name, block.translate(_OUTER))

    def digest(self, message: bytes) -> bytes:
        """The HMAC of a message."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()
