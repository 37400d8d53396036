"""Lines of log that strangers cause: a few for each address, then only their number."""

from collections.abc import Callable

from tsock.rates import Rate, source

_ADDRESSES_MAX = 10_000


class Throttle:
    """Lets a line through or counts it as left out."""

    def __init__(self, per_min: float, monotonic_s: Callable[[], float]) -> None:
        """`per_min` lines of each address, a minute's worth at once; 0 for any number."""
        self._rate = Rate(per_min / 60, per_min, monotonic_s)
        self._left_out: dict[str, int] = {}

    def admit(self, address: str) -> int | None:
        """How many lines were left out since the last one of this address; None for leaving out this one."""
        key = source(address)
        if self._rate.take(key):
            return self._left_out.pop(key, 0)
        if len(self._left_out) >= _ADDRESSES_MAX:
            self._left_out.clear()
        self._left_out[key] = self._left_out.get(key, 0) + 1
        return None
