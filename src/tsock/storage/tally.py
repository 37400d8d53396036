"""What rows say, in so few words that those of two databases can be compared."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

_BITS = 128
_encode = msgspec.msgpack.Encoder().encode


class Tally:
    """Adds up rows: how many there are, and the sum of their hashes, which no order changes.

    A value is a text, a number, bytes or None, and each of them is told from every other: a number from
    its text, an empty text from None.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Count rows in."""
        for row in rows:
            self.rows += 1
            self._sum += int.from_bytes(blake2b(_encode(row), digest_size=_BITS // 8).digest())

    @property
    def digest(self) -> str:
        """The sum, in hexadecimal."""
        return f"{self._sum % 2**_BITS:0{_BITS // 4}x}"
