"""Databases for tests, on a server that is started when the first one is asked for.

`TEST_POSTGRES` names another server that is running, as libpq writes it (`host=… user=…`); its user may
create databases.
"""

import atexit
import functools
import os
import re
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any, LiteralString
from urllib.parse import urlencode

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.support.postgres_server import PostgresServer
from tsock.storage.postgres.database import Database as Migrated

_ARGUMENT = re.compile(r"'[^']*'|(?<!:):([a-z_][a-z0-9_]*)")
_numbers = count()


class Database:
    """A database with the newest schema, used like a connection of `sqlite3`.

    All that is done with it is one transaction, which is undone in the end, when others may have it.
    """

    def __init__(self) -> None:
        self._cursor = psycopg.RawCursor(psycopg.connect(create(), autocommit=True))
        self._cursor.execute("BEGIN")

    @classmethod
    def lent(cls, to: object) -> "Database":
        """One that goes back when `to` is gone."""
        database = _idle.pop() if _idle else cls()
        weakref.finalize(to, database._give_back)
        return database

    def _give_back(self) -> None:
        self._cursor.execute("ROLLBACK")
        self._cursor.execute("BEGIN")
        _idle.append(self)

    def execute(self, statement: str, values: Mapping[str, Any] | None = None) -> Any:
        if statement in _NESTED:
            return self._cursor.execute(_NESTED[statement])
        return execute(self._cursor, statement, values or {})

    def iterdump(self) -> Iterator[str]:
        """Every row of every table."""
        tables = self.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1"
        ).fetchall()
        for (table,) in tables:
            for row in sorted(map(repr, self.execute(f"SELECT * FROM {table}").fetchall())):
                yield f"{table} {row}"


def connections(number: int) -> list[psycopg.Connection]:
    """So many to a database of their own, with the newest schema."""
    name = f"tsock_{os.getpid()}_{next(_numbers)}"
    _create(name, _template())
    return [_connection(name) for _ in range(number)]


_idle: list[Database] = []
_NESTED: dict[str, LiteralString] = {
    "BEGIN": "SAVEPOINT around",
    "COMMIT": "RELEASE around",
    "ROLLBACK": "ROLLBACK TO around",
}
"""What stands for the transactions of rules inside that."""


def execute(cursor: psycopg.RawCursor, statement: str, values: Mapping[str, Any]) -> psycopg.RawCursor:
    """Execute a statement as rules write it."""
    text, names = _numbered(statement)
    return cursor.execute(text.encode(), [values[name] for name in names])


@functools.cache
def _numbered(statement: str) -> tuple[str, list[str]]:
    """A statement with numbered arguments in place of named ones, and their names in order."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return found[0]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _ARGUMENT.sub(number, statement), names


def create() -> str:
    """A database with the newest schema, by its URL."""
    name = f"tsock_{os.getpid()}_{next(_numbers)}"
    _create(name, _template())
    return _url(name)


def create_bare(encoding: str = "UTF8") -> str:
    """A database without anything in it."""
    name = f"tsock_{os.getpid()}_{next(_numbers)}"
    _create(name, "template0", encoding)
    return _url(name)


@contextmanager
def unreachable(url: str) -> Iterator[None]:
    """Put everybody out of a database, and keep them out."""
    take_away(url)
    yield
    give_back(url)


def take_away(url: str) -> None:
    """End the connections to a database, and let nobody in."""
    name = _let_in(url, anybody=False)
    with _connection("postgres") as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def give_back(url: str) -> None:
    """Let everybody in again."""
    _let_in(url, anybody=True)


def _let_in(url: str, *, anybody: bool) -> str:
    name = str(conninfo_to_dict(url)["dbname"])
    with _connection("postgres") as admin:
        admin.execute(
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
                sql.Identifier(name), sql.Literal(anybody)
            )
        )
    return name


def administer(url: str, statements: LiteralString) -> None:
    """Do something to a database behind the back of its users."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statements)


@contextmanager
def holding(url: str, statement: LiteralString) -> Iterator[None]:
    """Keep a transaction open in which this was said."""
    with psycopg.connect(url) as connection:
        connection.execute(statement)
        yield
        connection.rollback()


def fill_disk(url: str, table: LiteralString) -> None:
    """Have the commit fail of whoever writes to a table, and of the store when it tries again."""
    administer(
        url,
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$",
    )
    for each in (table, "progress"):
        administer(
            url,
            f"CREATE CONSTRAINT TRIGGER full_disk AFTER INSERT OR UPDATE ON {each} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION full_disk()",
        )


def free_disk(url: str) -> None:
    """Let commits succeed again."""
    administer(url, "DROP FUNCTION full_disk CASCADE")


@functools.cache
def _template() -> str:
    """A database with the newest schema, which others are copied from."""
    name = f"tsock_{os.getpid()}_template"
    _create(name, "template0")
    Migrated(_url(name)).migrate()
    return name


def _create(name: str, template: str, encoding: str = "UTF8") -> None:
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING {}")
    with _connection("postgres") as admin:
        admin.execute(create.format(sql.Identifier(name), sql.Identifier(template), sql.Literal(encoding)))
    atexit.register(_drop, name)


def _drop(name: str) -> None:
    with _connection("postgres") as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _connection(name: str) -> psycopg.Connection:
    return psycopg.connect(_url(name), autocommit=True)


def _url(name: str) -> str:
    return f"postgresql:///{name}?{urlencode(conninfo_to_dict(_server()))}"


@functools.cache
def _server() -> str:
    """How to connect to the server, which is started when it is first asked for."""
    return os.environ.get("TEST_POSTGRES") or PostgresServer().conninfo
