"""Brings a database to the schema this version knows: numbered steps, forward only."""

import sqlite3

from tsock.errors import ConfigError
from tsock.storage.steps import read_steps, statements


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the missing steps, each in a transaction of its own.

    Raises:
        ConfigError: a newer version of tsock wrote this database.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    have = row[0] or 0
    steps = read_steps()
    newest = max(steps)
    if have > newest:
        raise ConfigError(
            f"the data directory has schema version {have}, this tsock knows versions up to {newest}: "
            "run the version that wrote it, or a newer one"
        )
    for version in sorted(steps):
        if version > have:
            connection.execute("BEGIN IMMEDIATE")
            for statement in statements(steps[version]):
                connection.execute(statement)
            connection.execute("INSERT INTO schema_version (version) VALUES (?)", (version,))
            connection.execute("COMMIT")
