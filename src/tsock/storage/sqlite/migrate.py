"""Brings a database to the schema this version knows: numbered steps, forward only."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Literal

from tsock.storage.steps import BEGINNING, STANDING, Standing, missing, read_steps


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the missing steps, each in a transaction of its own.

    Raises:
        ConfigError: a newer version of tsock wrote this database, which this one cannot work on.
    """
    for statement in BEGINNING:
        connection.execute(statement)
    have = Standing(*connection.execute(STANDING).fetchone())
    for step in missing(have, read_steps()):
        connection.execute("BEGIN IMMEDIATE")
        for statement in step.statements("sqlite"):
            connection.execute(statement)
        connection.execute("COMMIT")


def whose_schema(path: Path) -> Literal["ours", "none", "foreign"]:
    """Whose tables a database holds; nobody else may have it open.

    One that cannot be read is taken for ours: whoever opens it for use says what is wrong with it.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            tables = {name for (name,) in rows}
            begun = {"schema_version", "schema_compatibility"} & tables
            has_version = (
                "schema_version" in begun
                and connection.execute("SELECT 1 FROM schema_version LIMIT 1").fetchone()
            )
    except sqlite3.Error:
        return "ours"
    if not has_version:  # the first step of a first start may have been cut off
        return "none" if tables == begun else "foreign"
    return "ours" if "accounts" in tables else "foreign"
