"""Where a body that comes in chunks may be cut (RFC 9112, 7.1).

Whole chunks are handed to the parser together, whatever is in them, so that their data cost no more than any
others; only framing costs time, and there is little of it in one piece.
"""

CHUNKS_PER_PIECE = 256
"""After so many chunks a piece ends."""
TRAILER_BYTES_PER_PIECE = 4096
_SIZE_CHARS_MAX = 32
"""What is kept of the line before a chunk; the parser refuses a longer number, but for zeros before it."""
_DIGITS = b"0123456789abcdefABCDEF"


class Chunks:
    """Follows one body, well enough to say where it ends; the parser judges it."""

    __slots__ = ("_data_bytes_left", "_is_last", "_line")

    def __init__(self) -> None:
        self._data_bytes_left = 0
        """What is still to arrive of a chunk, with the line end behind it."""
        self._line = b""
        """The beginning of a line, with a chunk's size, that has not come whole."""
        self._is_last = False
        """Whether only trailers follow."""

    def stop(self, data: bytes, at: int) -> int:
        """Where the piece that begins here ends: with the body, or sooner if it is not to grow too costly."""
        chunks = 0
        while not self._is_last and at < len(data):
            if self._data_bytes_left:
                taken = min(self._data_bytes_left, len(data) - at)
                self._data_bytes_left -= taken
                at += taken
                continue
            if chunks == CHUNKS_PER_PIECE:
                return at
            chunks += 1
            at = self._begin(data, at)
        return self._stop_of_trailers(data, at) if self._is_last else at

    def _begin(self, data: bytes, at: int) -> int:
        """Read the line before a chunk; where it ends, as far as it has come."""
        end = data.find(b"\n", at) + 1
        stop = end or len(data)
        self._line += data[at : min(stop, at + _SIZE_CHARS_MAX)]
        self._line = self._line[:_SIZE_CHARS_MAX]
        if end:
            digits = self._line[: len(self._line) - len(self._line.lstrip(_DIGITS))]
            size = int(digits, 16) if digits else 0
            self._is_last = size == 0
            self._data_bytes_left = size and size + 2
            self._line = b""
        return stop

    def _stop_of_trailers(self, data: bytes, at: int) -> int:
        # The line end before them, or before what is left of them, may belong to the empty line.
        end = data.find(b"\r\n\r\n", max(0, at - 3)) + 4
        if end < 4:
            end = len(data)
        return min(end, at + TRAILER_BYTES_PER_PIECE)
