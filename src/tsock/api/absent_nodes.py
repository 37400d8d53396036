"""Finds nodes that serve no longer and have left something in a table: each once, until that is settled."""

from collections.abc import Callable

from tsock.cluster import nodes
from tsock.storage.store import Seen, Store


class AbsentNodes:
    """What has been found and is not settled yet."""

    def __init__(self, store: Store, *, table: str, own: str, found: Callable[[str], object]) -> None:
        """Look in `table`, as the node `own`, and have `found` called for each node."""
        self._store = store
        self._table = table
        self._own = own
        self._found = found
        self._unsettled: set[str] = set()

    def look(self) -> None:
        """Look for more; while the store is away nothing is found, and the next look makes up for it."""

        def done(absent: list[str] | None, error: Exception | None, seen: Seen) -> None:
            for node in absent or ():
                if node not in self._unsettled:
                    self._unsettled.add(node)
                    self._found(node)

        self._store.read(lambda tx: nodes.absent(tx, self._table, self._own), done)

    def settled(self, node: str) -> None:
        """Nothing is left of a node, or it serves again."""
        self._unsettled.discard(node)
