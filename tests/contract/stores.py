"""The implementations of `Store`, as the contract suite opens, breaks and mends them."""

from pathlib import Path
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from tests.support import postgres
from tsock.clock import Clock
from tsock.ids import Ids
from tsock.storage.postgres.database import Database
from tsock.storage.postgres.store import Limits, PostgresStore
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


class PostgresStores:
    """Each folder stands for a database."""

    name = "postgres"

    def __init__(self) -> None:
        self._urls: dict[Path, str] = {}
        self._opened = WeakKeyDictionary[Store, str]()

    def open(self, folder: Path, clock: Clock | None = None, **limits: Any) -> Store:
        if folder not in self._urls:
            self._urls[folder] = postgres.create()
        database = Database(self._urls[folder])
        database.migrate()
        progressed = limits.pop("progressed", lambda date_ms: None)
        store = PostgresStore(
            database.connect,
            clock=clock or Clock(),
            ids=Ids(),
            metrics=Metrics(),
            limits=Limits(**limits),
            progressed=progressed,
        )
        self._opened[store] = self._urls[folder]
        return store

    def break_commits(self, store: Store) -> None:
        postgres.fill_disk(self._opened[store], "notes")

    def mend(self, store: Store) -> None:
        postgres.free_disk(self._opened[store])


IMPLEMENTATIONS: list[Stores] = [SqliteStores(), PostgresStores()]
