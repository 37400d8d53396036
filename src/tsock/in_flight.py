"""How much of one kind is under way at the same time, per key."""

from collections import Counter
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager

from tsock.errors import ApiError


class InFlight:
    """`most` at once for each key."""

    def __init__(
        self, most: int, refusal: Callable[[], ApiError], weight: Callable[[], int] = lambda: 1
    ) -> None:
        """Take the bound.

        Args:
            most: how many.
            refusal: makes the error of whoever is one too many.
            weight: for how many each counts: where nodes divide them, for as many as there are nodes.
        """
        self._most = most
        self._refusal = refusal
        self._weight = weight
        self._under_way: Counter[Hashable] = Counter()

    @contextmanager
    def one(self, key: Hashable) -> Generator[None]:
        """Count one more for as long as the block lasts.

        Raises:
            ApiError: as many are under way already.
        """
        if self._under_way[key] * self._weight() >= self._most:
            raise self._refusal()
        self._under_way[key] += 1
        try:
            yield
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]
