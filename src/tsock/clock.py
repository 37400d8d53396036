"""Time, injected: a wall clock that can be moved forward, and a monotonic one that cannot.

The wall clock judges tokens, TTL and whatever is due; the monotonic one keep-alive, time-outs and rates. So
an hour forward expires tokens and drops no connection for silence. What is dated follows the wall clock too,
but never goes back with it: the order of dates is the order of commits.

Where several nodes share a database, the wall clock of each is that of the database, told by the monotonic
one: so what one node writes another may judge, however their machines' clocks are set.
"""

import functools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec

HOUR_S = 3_600.0
"""So long it is shown that the clock was set."""
STEP_MS = 1_000
"""By so much at least the wall clock and the monotonic one come apart between two looks when it is set."""


class Step(msgspec.Struct, frozen=True):
    """The wall clock was set: the machine's, or the one that is followed."""

    by_ms: int
    """Below zero: back."""
    at_s: float
    """When that was seen, by the monotonic clock."""


class Clock:
    """Wall time in milliseconds since the epoch, and monotonic time in seconds."""

    def __init__(
        self,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machine_ms = wall_ms
        self._wall_ms = wall_ms
        self.monotonic_s = monotonic_s
        self._followed_ms: float | None = None
        """What the clock that is followed shows beyond the monotonic one."""
        self.ahead_ms = 0
        self.latest_step: Step | None = None
        self._dated_ms = 0
        self._apart_ms: float | None = None

    def now_ms(self) -> int:
        """Wall time, moved ahead by whatever `advance` added; it goes back with the machine's clock."""
        return self._wall_ms() + self.ahead_ms

    def date_ms(self) -> int:
        """What is stored now is dated so: `now_ms`, or the date before as long as that is later."""
        now = self.now_ms()
        self._dated_ms = max(self._dated_ms, now)
        return self._dated_ms

    def date_from(self, ms: int) -> None:
        """Date nothing before `ms`: so far an earlier process had come."""
        self._dated_ms = max(self._dated_ms, ms)

    @property
    def lag_ms(self) -> int:
        """How long dates stand still until the wall clock has caught up; 0 while they follow it."""
        return max(0, self._dated_ms - self.now_ms())

    def follow(self, shown_ms: int, asked_s: float) -> None:
        """Show from now on what another clock shows, as far as an answer tells.

        Args:
            shown_ms: what it showed, at some moment since `asked_s`.
            asked_s: when it was asked for, by the monotonic clock.
        """
        least_ms, most_ms = shown_ms - self.monotonic_s() * 1000, shown_ms - asked_s * 1000
        known_ms = (least_ms + most_ms) / 2 if self._followed_ms is None else self._followed_ms
        # What was known stands as long as it can be right, so that a slow answer makes nothing worse.
        self._followed_ms = min(max(known_ms, least_ms), most_ms)
        self._wall_ms = self._followed

    def _followed(self) -> int:
        assert self._followed_ms is not None
        return round(self._followed_ms + self.monotonic_s() * 1000)

    def advance(self, ms: int) -> None:
        """Move the wall clock forward by `ms` (at least 0); the monotonic clock stays."""
        if ms < 0:
            raise ValueError(f"the clock only moves forward, not by {ms} ms")
        self.ahead_ms += ms

    def show_ahead(self, ms: int) -> None:
        """Be moved forward by `ms` in all, unless it is by more."""
        self.ahead_ms = max(self.ahead_ms, ms)

    def look(self) -> Step | None:
        """What the wall clock was set by since the last look, if it was."""
        at_s = self.monotonic_s()
        apart_ms, before_ms = self._wall_ms() - at_s * 1000, self._apart_ms
        self._apart_ms = apart_ms
        if before_ms is None or abs(apart_ms - before_ms) < STEP_MS:
            return None
        self.latest_step = Step(round(apart_ms - before_ms), at_s)
        return self.latest_step

    def notice(self) -> str | None:
        """What an operator should know: that it was set lately, that dates stand still; None if nothing."""
        told: list[str] = []
        step, lag_ms = self.latest_step, self.lag_ms
        apart_ms = self._machine_ms() - self._wall_ms()
        if step is not None and (ago_s := self.monotonic_s() - step.at_s) < HOUR_S:
            way = "back" if step.by_ms < 0 else "ahead"
            by_s = abs(step.by_ms) / 1000
            whose = "machine's" if self._followed_ms is None else "database's"
            told.append(f"the {whose} clock was set {by_s:.0f} s {way}, {ago_s:.0f} s ago")
        if abs(apart_ms) >= STEP_MS:
            way = "behind" if apart_ms < 0 else "ahead of"
            told.append(
                f"the machine's clock is {abs(apart_ms) / 1000:.0f} s {way} the database's, which counts"
            )
        if lag_ms >= STEP_MS:
            told.append(
                f"what is stored now is dated {iso_ms(self._dated_ms)}, until the clock has caught up in "
                f"{lag_ms / 1000:.0f} s, since dates keep the order of commits"
            )
        return "; ".join(told) or None


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
