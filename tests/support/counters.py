"""Counters in PostgreSQL, the rules that count, and a store for them."""

from collections.abc import Callable
from typing import Any

from tests.support import postgres
from tsock.clock import Clock
from tsock.ids import Ids
from tsock.storage.postgres.database import Database
from tsock.storage.postgres.store import Limits, PostgresStore
from tsock.storage.store import Tx
from tsock.telemetry.metrics import Metrics

SCHEMA = """
CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL, version BIGINT NOT NULL DEFAULT 0);
CREATE TABLE names (name TEXT PRIMARY KEY);
CREATE TABLE rows (sid TEXT, account_sid TEXT, number BIGINT, at_ms BIGINT);
INSERT INTO counters SELECT 'c' || n, 0 FROM generate_series(1, 8) n;
"""
ENDS_S = 10
"""By when whatever is awaited has ended."""


def database() -> str:
    """One with the counters `c1` to `c8` at 0, by its URL."""
    url = postgres.create()
    postgres.administer(url, SCHEMA)
    return url


def open_store(url: str, **limits: Any) -> PostgresStore:
    return PostgresStore(
        Database(url).connect, clock=Clock(), ids=Ids(), metrics=Metrics(), limits=Limits(**limits)
    )


def claimed(tx: Tx, name: str) -> int:
    row = tx.claim("SELECT value FROM counters WHERE name = :name", {"name": name})
    assert row is not None
    return row[0]


def counted(*names: str) -> Callable[[Tx], list[int]]:
    """Add one to each, by what was read."""

    def rule(tx: Tx) -> list[int]:
        values = [claimed(tx, name) for name in names]
        for name, value in zip(names, values, strict=True):
            tx.run(
                "UPDATE counters SET value = :value WHERE name = :name", {"name": name, "value": value + 1}
            )
        return values

    return rule


def value_of(name: str) -> Callable[[Tx], int]:
    def query(tx: Tx) -> int:
        row = tx.one("SELECT value FROM counters WHERE name = :name", {"name": name})
        assert row is not None
        return row[0]

    return query


def cut(url: str) -> None:
    """End every connection of a database but one's own."""
    postgres.administer(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()",
    )
