"""The body of a request: read whole, or piece by piece, and never more of it than its limit."""

from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from typing import Any

from tsock.api.request import ClientGone, Request
from tsock.errors import ApiError

AsgiReceive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Body:
    """What follows a head."""

    __slots__ = ("_bytes_max", "_limit", "_receive", "_size")

    def __init__(self, request: Request, receive: AsgiReceive, limit: str, bytes_max: int) -> None:
        """Judge it by the size that its head declares.

        Args:
            request: its head.
            receive: ASGI's.
            limit: the setting that bounds it, for the refusal.
            bytes_max: what that is set to.

        Raises:
            ApiError: 413/20413, it is too large.
        """
        self._receive = receive
        self._limit = limit
        self._bytes_max = bytes_max
        self._size = 0
        declared = request.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit():
            self._check(int(declared))

    async def whole(self) -> bytes:
        """All of it.

        Raises:
            ApiError: 413/20413, it is too large.
            ClientGone: half of it has come.
        """
        piece, more = await self._piece()
        if not more:
            return piece
        parts = [piece]
        while more:
            piece, more = await self._piece()
            parts.append(piece)
        return b"".join(parts)

    async def pieces(self) -> AsyncGenerator[bytes]:
        """All of it as it comes; raises the same. What is not asked for is not read."""
        more = True
        while more:
            piece, more = await self._piece()
            yield piece

    async def _piece(self) -> tuple[bytes, bool]:
        """The next piece, and whether another one follows."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece: bytes = message.get("body", b"")
        self._size += len(piece)
        self._check(self._size)
        return piece, message.get("more_body", False)

    def _check(self, size: int) -> None:
        if size > self._bytes_max:
            raise ApiError(
                413,
                20413,
                f"The request body must be at most {self._bytes_max} bytes ({self._limit}), "
                f"not {size} or more",
            )
