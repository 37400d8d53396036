"""Brings a database to the schema this version knows: one process at a time, beneath no node in the way."""

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
import structlog

from tsock.errors import ConfigError
from tsock.storage.steps import BEGINNING, STANDING, Standing, Step, missing, read_steps

log = structlog.get_logger(__name__)

_LOCK = "hashtextextended('tsock schema', 0)"
"""Held, until its connection ends, by whoever looks at the schema and changes it."""
_TRY = f"SELECT pg_try_advisory_lock({_LOCK})"
_WAIT = f"SELECT pg_advisory_lock({_LOCK})"
_TABLES = (
    "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
    "AND relkind IN ('r', 'p', 'f') ORDER BY relname"
)
_CONTENTS = "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM sync_objects)"
_NODES_SINCE = 24
"""The step that made the table of nodes."""
_RUNNING = "SELECT name, version FROM nodes, store_clock WHERE until_ms > now_ms ORDER BY name LIMIT 10"


def migrate(connection: psycopg.Connection) -> None:
    """Apply the missing steps, each in a transaction of its own, when whoever else does so has ended.

    Raises:
        ConfigError: this tsock cannot work on what a newer one has made of the database; or nodes run that
            could not work on what the steps leave.
    """
    if not _row(connection, _TRY)[0]:
        log.warning("schema.waiting", reason="another tsock makes the database ready, or copies data to it")
        connection.execute(_WAIT)
    _migrate(connection)


def migrate_empty(connection: psycopg.Connection) -> None:
    """Apply all steps to a database without tables.

    Raises:
        ConfigError: it has some, or another process is about to make them.
    """
    if not _row(connection, _TRY)[0]:
        raise ConfigError(
            f"another tsock is making the database {connection.info.dbname} ready: see whether a node starts "
            "on it, or another copy is under way"
        )
    _refuse_filled(connection)
    _migrate(connection)


def _refuse_filled(connection: psycopg.Connection) -> None:
    tables = [name for (name,) in connection.execute(_TABLES)]
    if not tables:
        return
    found = f"{len(tables)} tables: {', '.join(tables[:3])}{', …' if tables[3:] else ''}"
    if {"schema_version", "accounts", "sync_objects"} <= set(tables):
        accounts, objects = _row(connection, _CONTENTS)
        found = f"data of tsock (accounts: {accounts}, objects of Sync: {objects})"
    raise ConfigError(
        f"the database {connection.info.dbname} is not empty, it holds {found}; expected one without tables, "
        "which `createdb` makes"
    )


def _migrate(connection: psycopg.Connection) -> None:
    for statement in BEGINNING:
        connection.execute(statement)
    have = Standing(*_row(connection, STANDING))
    steps = missing(have, read_steps())
    if have.version >= _NODES_SINCE:
        _refuse_beneath_others(connection, steps)
    for step in steps:
        with connection.transaction():
            for statement in step.statements("postgres"):
                connection.execute(statement.encode())


def _refuse_beneath_others(connection: psycopg.Connection, steps: Sequence[Step]) -> None:
    """See that no node runs that could not work on what the steps leave."""
    step = next((step for step in steps if not step.is_compatible), None)
    others = connection.execute(_RUNNING).fetchall() if step else []
    if step and others:
        named = ", ".join(f"{name} ({version})" for name, version in others)
        raise ConfigError(
            f"the database is to get schema version {step.version}, on which an older tsock cannot work, and "
            f"nodes run: {named}. Stop them first; one that was killed counts for some seconds"
        )


def _row(connection: psycopg.Connection, query: LiteralString) -> tuple[Any, ...]:
    (row,) = connection.execute(query)
    return row
