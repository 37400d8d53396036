"""Lines in which requests wait for their turn, one of each line at a time."""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager

from tsock.errors import ApiError


class _Line:
    __slots__ = ("here", "lock")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.here = 0
        """Those who wait, and the one whose turn it is."""


class Lines:
    """Turns go in the order in which they were asked for."""

    def __init__(self, waiting_max: int) -> None:
        self._waiting_max = waiting_max
        self._lines: dict[Hashable, _Line] = {}

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncGenerator[None]:
        """Wait for a turn in the line of this name, and have it.

        Raises:
            ApiError: 429/20429, too many wait there already.
        """
        line = self._lines.setdefault(key, _Line())
        if line.here > self._waiting_max:
            raise too_many(f"{self._waiting_max} of this sender wait here (pre_hook_waiting_max)")
        line.here += 1
        try:
            async with line.lock:
                yield
        finally:
            line.here -= 1
            if not line.here:
                del self._lines[key]


def too_many(reason: str) -> ApiError:
    """429/20429."""
    return ApiError(429, 20429, f"Too Many Requests: {reason}; repeat the request later")
