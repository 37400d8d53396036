"""The numbers of one publisher, as they arrive: which is next, which late, which was there before."""

from typing import Literal

MISSING_MAX = 1024
"""So many of the latest missing numbers are kept; an older one that still comes counts as a repeat."""

Arrival = Literal["next", "gap", "late", "repeat"]
"""In order; ahead of others that may be lost; one of those after all; a number that was there before."""


class Order:
    """What has come of one publisher."""

    def __init__(self, first: int) -> None:
        self._next = first
        self._missing = set[int]()

    def take(self, number: int) -> Arrival:
        """Where `number` stands among those that came."""
        if number == self._next:
            self._next += 1
            return "next"
        if number > self._next:
            self._missing.update(range(max(self._next, number - MISSING_MAX), number))
            self._next = number + 1
            if len(self._missing) > MISSING_MAX:
                self._missing = set(sorted(self._missing)[-MISSING_MAX:])
            return "gap"
        if number in self._missing:
            self._missing.remove(number)
            return "late"
        return "repeat"
