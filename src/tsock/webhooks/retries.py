"""When a delivery that failed is tried again, and when no more (`protocol/webhooks.md`, Retries)."""

from collections.abc import Callable

import msgspec

from tsock.settings import Settings
from tsock.webhooks.failure import Fault
from tsock.webhooks.outbox import Delivery
from tsock.webhooks.targets import Target

_DOUBLINGS_MAX = 60
HOUR_MS = 3_600_000


class Again(msgspec.Struct, frozen=True):
    """There is another attempt."""

    next_ms: int
    holds_topic: bool
    """Whether the others of its topic wait for it meanwhile."""


class Retries:
    """Waits longer after every failure, and by chance, so that not all come back at the same moment."""

    def __init__(self, settings: Settings, chance: Callable[[], float]) -> None:
        """Take `webhook_retry_…`, `webhook_hold_s` and `webhook_give_up_h` from the settings.

        Args:
            settings: those in force.
            chance: draws from 0 up to 1.
        """
        self._least_s = settings.webhook_retry_s_min
        self._most_s = settings.webhook_retry_s_max
        self._hold_ms = settings.webhook_hold_s * 1000
        self._give_up_ms = settings.webhook_give_up_h * HOUR_MS
        self._chance = chance

    def after(self, delivery: Delivery, fault: Fault, now_ms: int) -> Again | None:
        """What follows the attempt that just failed; None to give up.

        Args:
            delivery: as it was before the attempt.
            fault: why it failed.
            now_ms: the movable clock.
        """
        if fault.is_final or delivery.attempts >= _retries_max(delivery):
            return None
        window_s = min(self._least_s * 2.0 ** min(delivery.attempts + 1, _DOUBLINGS_MAX), self._most_s)
        wait_s = self._least_s + self._chance() * (window_s - self._least_s)
        wait_s = max(wait_s, min(fault.retry_after_s, self._most_s))
        next_ms = now_ms + round(wait_s * 1000)
        since_ms = now_ms if delivery.failing_since_ms is None else delivery.failing_since_ms
        if next_ms > since_ms + self._give_up_ms:
            return None
        return Again(next_ms, holds_topic=next_ms <= since_ms + self._hold_ms)


def _retries_max(delivery: Delivery) -> float:
    if delivery.kind == "debugger":  # an alert is told of once
        return 0
    asked = Target.read(delivery.url).retries_max
    return float("inf") if asked is None else asked
