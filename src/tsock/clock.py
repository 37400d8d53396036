"""Time, injected: a wall clock that can be moved forward, and a monotonic one that cannot.

The movable clock judges tokens, TTL and dates; the monotonic one keep-alive, time-outs and rates. So an
hour forward expires tokens and drops no connection for silence.
"""

import functools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime


class Clock:
    """Wall time in milliseconds since the epoch, and monotonic time in seconds.

    Wall time never runs backwards within a process: when the system's clock is set back, it stands still
    until that clock has caught up, since the order of dates must follow the order of commits.
    """

    def __init__(
        self,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall_ms = wall_ms
        self.monotonic_s = monotonic_s
        self.ahead_ms = 0
        self._latest_ms = 0

    def now_ms(self) -> int:
        """Wall time, moved ahead by whatever `advance` added."""
        now = self._wall_ms() + self.ahead_ms
        if now < self._latest_ms:
            return self._latest_ms
        self._latest_ms = now
        return now

    def advance(self, ms: int) -> None:
        """Move the wall clock forward by `ms` (at least 0); the monotonic clock stays."""
        if ms < 0:
            raise ValueError(f"the clock only moves forward, not by {ms} ms")
        self.ahead_ms += ms


def iso_ms(at_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds, as the client API writes dates."""
    seconds, ms = divmod(at_ms, 1000)
    return f"{_second(seconds)}.{ms:03d}Z"


def iso_s(at_ms: int) -> str:
    """ISO 8601 in UTC with whole seconds, as REST writes dates: no fraction is parsed."""
    return f"{_second(at_ms // 1000)}Z"


def rfc2822(at_ms: int) -> str:
    """RFC 2822 in UTC, as the 2010 API and IAM write dates."""
    return format_datetime(datetime.fromtimestamp(at_ms // 1000, UTC))


def minute(at_ms: int) -> str:
    """UTC to the minute for people, such as `2026-01-31 08:05 pm`."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    # What `%p` says depends on the locale.
    return f"{at:%Y-%m-%d %I:%M} {'am' if at.hour < 12 else 'pm'}"


@functools.lru_cache(maxsize=4096)
def _second(at_s: int) -> str:
    """The date without its fraction; most dates of a busy server are of the same few seconds."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
