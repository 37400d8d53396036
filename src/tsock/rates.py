"""Rates: how often something may happen, with a burst, per key; what the key of an address is.

What an account is allowed nodes divide among them: one of three counts each thing that it sees as three.

The generic cell rate algorithm: a key's whole state is the moment at which its allowance will be full again.
"""

import ipaddress
from collections.abc import Callable, Hashable
from functools import lru_cache

_KEYS_BEFORE_PRUNING = 1024


@lru_cache(maxsize=4096)
def source(address: str) -> str:
    """What an address counts as where something is limited by address.

    An IPv6 one counts as its /64, which is handed out as a whole, so that another in it costs nothing. An
    IPv4 one in IPv6, as a socket for both shows it, counts as what it is; text that is none, as itself.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found), 64), strict=False))


def divided(nodes: int) -> str:
    """What is to be said behind a limit that so many nodes divide."""
    return "" if nodes == 1 else f", divided among {nodes} nodes"


class Rate:
    """`per_s` times a second on average, `burst` at once; off when `per_s` is 0."""

    __slots__ = ("_interval_s", "_keys_max", "_monotonic_s", "_tolerance_s", "_until")

    def __init__(self, per_s: float, burst: float, monotonic_s: Callable[[], float]) -> None:
        self._interval_s = 1 / per_s if per_s else 0.0
        self._tolerance_s = self._interval_s * max(burst, 1)
        self._monotonic_s = monotonic_s
        self._until: dict[Hashable, float] = {}
        self._keys_max = _KEYS_BEFORE_PRUNING

    def take(self, key: Hashable, weight: float = 1.0) -> bool:
        """Count one for `key`, or as many as it weighs; False, and nothing counted, when that is too often.

        What weighs more is let through when one would be, and the next has to wait for all of it.
        """
        if not self._interval_s:
            return True
        now = self._monotonic_s()
        until = max(self._until.get(key, now), now)
        if until + self._interval_s - now > self._tolerance_s + 1e-9:
            return False
        self._until[key] = until + self._interval_s * weight
        if len(self._until) > self._keys_max:
            self._prune(now)
        return True

    def forget(self, key: Hashable) -> None:
        """Drop the state of a key that is gone for good."""
        self._until.pop(key, None)

    def _prune(self, now: float) -> None:
        """Forget keys whose allowance is full again; they are as good as new."""
        self._until = {key: until for key, until in self._until.items() if until > now}
        self._keys_max = max(_KEYS_BEFORE_PRUNING, 2 * len(self._until))
