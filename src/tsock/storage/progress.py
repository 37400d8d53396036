"""What a process takes up from the one before: how far the database has come, and the clock it showed."""

import msgspec

from tsock.storage.store import Tx

STEP_MS = 100
"""At most so often a commit says how far the database has come."""


class Progress(msgspec.Struct, frozen=True):
    """The one row."""

    date_ms: int
    """The date of the latest commit, or up to `STEP_MS` less; 0 for a database without any."""
    ahead_ms: int
    """How far its clock was moved ahead."""


def read(tx: Tx) -> Progress:
    """The row as it is."""
    row = tx.one("SELECT date_ms, ahead_ms FROM progress", {})
    assert row is not None
    return Progress(*row)


def keep_ahead(tx: Tx, ahead_ms: int) -> None:
    """Have later processes show the clock so far ahead."""
    tx.run("UPDATE progress SET ahead_ms = :ahead", {"ahead": ahead_ms})


def touch(tx: Tx) -> None:
    """The smallest write: proves that the store commits again."""
    tx.run("UPDATE progress SET date_ms = :date", {"date": tx.date_ms})
