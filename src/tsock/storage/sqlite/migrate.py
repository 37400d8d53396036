"""Brings a database to the schema this version knows: numbered steps, forward only."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Literal

from tsock.storage.steps import check_version, read_steps, statements


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the missing steps, each in a transaction of its own.

    Raises:
        ConfigError: a newer version of tsock wrote this database.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    have = row[0] or 0
    steps = read_steps()
    check_version(have, steps)
    for version in sorted(steps):
        if version > have:
            connection.execute("BEGIN IMMEDIATE")
            for statement in statements(steps[version], "sqlite"):
                connection.execute(statement)
            connection.execute("INSERT INTO schema_version (version) VALUES (?)", (version,))
            connection.execute("COMMIT")


def whose_schema(path: Path) -> Literal["ours", "none", "foreign"]:
    """Whose tables a database holds; nobody else may have it open.

    One that cannot be read is taken for ours: whoever opens it for use says what is wrong with it.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            tables = {name for (name,) in rows}
            begun = {"schema_version"} & tables
            has_version = begun and connection.execute("SELECT 1 FROM schema_version LIMIT 1").fetchone()
    except sqlite3.Error:
        return "ours"
    if not has_version:  # the first step of a first start may have been cut off
        return "none" if tables == begun else "foreign"
    return "ours" if "accounts" in tables else "foreign"
