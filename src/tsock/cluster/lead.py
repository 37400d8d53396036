"""Whether a node leads, as it judges by itself: from the moment before it asked, and with a margin.

Its lease in the database begins later than that moment and ends later than this. So a node that stood still,
or has lost the database, stops before another one can begin, however the clocks of both are set.
"""

from collections.abc import Callable

from tsock.cluster.nodes import LEASE_S

MARGIN_S = 1.0
"""A leader stops so much earlier than its lease is over: for clocks that run apart, and a step under way."""

Leads = Callable[[], bool]
"""Whether this node leads at this moment: asked before each step that only a leader makes."""


class Lead:
    """What one node knows."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        """`now_s` is the monotonic clock."""
        self._now_s = now_s
        self._until_s = 0.0
        self._term: int | None = None

    @property
    def term(self) -> int | None:
        """In which it leads; None when it does not."""
        return self._term if self.is_held() else None

    def is_held(self) -> bool:
        """Whether it leads at this moment."""
        return self._term is not None and self._now_s() < self._until_s

    def hold(self, term: int, asked_s: float) -> None:
        """It leads, by what was asked for at that moment."""
        self._term = term
        self._until_s = max(self._until_s, asked_s + LEASE_S - MARGIN_S)

    def let_go(self) -> None:
        """It does not lead."""
        self._term, self._until_s = None, 0.0


def always() -> bool:
    """What a node that is alone knows of itself: it leads."""
    return True
