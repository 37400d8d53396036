"""Credentials that do not hold, counted by the address they come from.

They slow nobody down who has the right ones: those are compared first. So no stranger locks an account out,
and whoever guesses is told to stay away, for longer each time.
"""

import math
from collections.abc import Callable

import structlog
from msgspec import Struct

from tsock.errors import ApiError
from tsock.rates import Rate, source
from tsock.settings import Settings
from tsock.telemetry.throttle import Throttle

log = structlog.get_logger(__name__)

_FIRST_WAIT_S = 1.0
_WAITS_BEFORE_PRUNING = 1024


class _Wait(Struct, frozen=True, gc=False):
    """An address is to stay away."""

    until_s: float
    """Monotonic time."""
    length_s: float


class Guesses:
    """What an address is answered that has shown wrong credentials."""

    def __init__(self, settings: Settings, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._rate = Rate(
            settings.credential_failures_per_address_per_s,
            settings.credential_failures_per_address_burst,
            monotonic_s,
        )
        self._wait_s_max = settings.credential_backoff_s_max
        self._waits: dict[str, _Wait] = {}
        self._waits_max = _WAITS_BEFORE_PRUNING
        self._lines = Throttle(settings.refusal_lines_per_address_per_min, monotonic_s)

    def failed(self, address: str, error: ApiError) -> ApiError:
        """Count a failure; what it is answered with: `error`, or 429/20429 when there were too many."""
        wait_s = self._count(source(address))
        left_out = self._lines.admit(address)
        if left_out is not None:
            log.warning(
                "credentials.refused", address=address, code=error.code, wait_s=wait_s, left_out=left_out
            )
        if wait_s is None:
            return error
        return ApiError(
            429,
            20429,
            "Too Many Requests: too many credentials from this address did not hold "
            f"(credential_failures_per_address_per_s); those that hold are let through. {error.message}",
            {"retry-after": str(math.ceil(wait_s))},
        )

    def _count(self, key: str) -> float | None:
        """For how long an address is to stay away; None while it has not failed too often."""
        now_s = self._monotonic_s()
        wait = self._waits.get(key)
        if wait is not None and now_s < wait.until_s:
            return wait.until_s - now_s
        if self._rate.take(key):
            return None
        length_s = _FIRST_WAIT_S
        if wait is not None and now_s < _forgotten_s(wait):
            length_s = min(2 * wait.length_s, self._wait_s_max)
        self._waits[key] = _Wait(now_s + length_s, length_s)
        if len(self._waits) > self._waits_max:
            self._waits = {one: wait for one, wait in self._waits.items() if now_s < _forgotten_s(wait)}
            self._waits_max = max(_WAITS_BEFORE_PRUNING, 2 * len(self._waits))
        return length_s


def _forgotten_s(wait: _Wait) -> float:
    """When an address that has kept quiet begins anew."""
    return wait.until_s + wait.length_s
