"""Writes a database anew, so that nothing that was changed or deleted can be found in its files."""

import sqlite3
from pathlib import Path


def rewrite(path: Path) -> None:
    """Do so, by a connection of its own, while nobody else writes; takes as long as to copy it, and the room.

    Raises:
        sqlite3.Error: the disk refuses, or somebody else reads it.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("VACUUM")
        is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if is_busy:
            raise sqlite3.OperationalError("the database is being read")
    finally:
        connection.close()
