"""A database behind the real transaction: enough to run rules one after another.

It is SQLite's, in memory, or with `TEST_STORE=postgres` one of PostgreSQL.
"""

import os
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from tsock.ids import Ids
from tsock.storage.sqlite.migrate import migrate
from tsock.storage.sqlite.store import SqliteTx

T = TypeVar("T")

ON_POSTGRES = os.environ.get("TEST_STORE") == "postgres"


class Memory:
    """A database with the newest schema, a clock that stands still, and ids that follow from a seed."""

    transaction: type[SqliteTx] = SqliteTx

    def __init__(
        self, now_ms: int, seed: int, connection: type[sqlite3.Connection] = sqlite3.Connection
    ) -> None:
        self.database = _postgres(self) if ON_POSTGRES else _sqlite(connection)
        self.tx = self.transaction(self.database, Ids(seed))
        self.now_ms = now_ms

    def __call__(self, rule: Callable[..., T], *args: Any, **named: Any) -> T:
        """Run `rule(tx, …)` as the store does; what it raises undoes what it did."""
        self.database.execute("BEGIN")
        self.tx.begin_rule(self.now_ms, self.now_ms)
        try:
            result = rule(self.tx, *args, **named)
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")
        return result

    def after(self, seconds: float) -> None:
        self.now_ms += round(seconds * 1000)


def _sqlite(connection: type[sqlite3.Connection]) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:", isolation_level=None, factory=connection)
    database.execute("PRAGMA foreign_keys = ON")
    migrate(database)
    return database


def _postgres(owner: object) -> Any:
    """Like a connection to SQLite, as far as rules and their tests go."""
    from tests.support.postgres import Database

    return Database.lent(owner)


def new_database() -> str:
    """The URL of a fresh database of PostgreSQL."""
    from tests.support import postgres

    return postgres.create()
