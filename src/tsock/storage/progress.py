"""What a process begins with: how far the database has come, and the clock that it is to show."""

import msgspec

from tsock.storage.store import Tx

STEP_MS = 100
"""At most so often a commit says how far the database has come."""


class Progress(msgspec.Struct, frozen=True):
    """As the database has it."""

    date_ms: int
    """The date of the latest commit, or up to `STEP_MS` less; 0 for a database without any."""
    ahead_ms: int
    """How far its clock was moved ahead."""
    now_ms: int
    """What the clock of the database itself shows, in whole seconds on SQLite."""


def read(tx: Tx) -> Progress:
    """All of it."""
    row = tx.one("SELECT date_ms, ahead_ms, now_ms FROM progress, store_clock", {})
    assert row is not None
    return Progress(*row)


def keep_ahead(tx: Tx, ahead_ms: int) -> None:
    """Have later processes show the clock so far ahead."""
    tx.run("UPDATE progress SET ahead_ms = :ahead", {"ahead": ahead_ms})


def move_ahead(tx: Tx, by_ms: int, *, least_ms: int) -> int:
    """Have later processes show the clock further ahead by so much; how far that is.

    Args:
        tx: a transaction.
        by_ms: at least 0.
        least_ms: how far ahead it is shown now.
    """
    row = tx.claim("SELECT ahead_ms FROM progress", {})
    assert row is not None
    ahead_ms = max(row[0], least_ms) + by_ms
    keep_ahead(tx, ahead_ms)
    return ahead_ms


def touch(tx: Tx) -> None:
    """The smallest write: proves that the store commits again."""
    tx.run("UPDATE progress SET date_ms = :date", {"date": tx.date_ms})
