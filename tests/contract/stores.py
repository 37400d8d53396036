"""The implementations of `Store`, as the contract suite opens, breaks and mends them."""

from pathlib import Path
from typing import Any, Protocol

from tsock.clock import Clock
from tsock.ids import Ids
from tsock.storage.sqlite.store import SqliteStore
from tsock.storage.store import Store
from tsock.telemetry.metrics import Metrics


class Stores(Protocol):
    """One implementation."""

    name: str

    def open(self, folder: Path, clock: Clock | None = None, **limits: Any) -> Store:
        """A store on the data of `folder`, which may hold some already."""
        ...

    def break_commits(self, store: Any) -> None:
        """Make every commit fail from now on; reads go on."""
        ...

    def mend(self, store: Any) -> None:
        """Let commits succeed again."""
        ...


class SqliteStores:
    name = "sqlite"

    def open(self, folder: Path, clock: Clock | None = None, **limits: Any) -> Store:
        return SqliteStore(
            folder / "tsock.db", clock=clock or Clock(), ids=Ids(), metrics=Metrics(), **limits
        )

    def break_commits(self, store: Any) -> None:
        # As good as a full disk: SQLite answers SQLITE_FULL when the file may not grow.
        store._writer.execute("PRAGMA max_page_count = 1")

    def mend(self, store: Any) -> None:
        store._writer.execute("PRAGMA max_page_count = 1000000")


IMPLEMENTATIONS: list[Stores] = [SqliteStores()]
