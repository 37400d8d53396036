"""Takes in what another database held, table by table, within the transaction that made the tables."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from graphlib import TopologicalSorter
from typing import Any

import msgspec
import psycopg

from tsock.errors import ConfigError
from tsock.storage.postgres.failures import reason
from tsock.storage.texts import NUL

ROWS_PER_BATCH = 1000
"""So many are fetched at a time."""

_COLUMNS = (
    "SELECT table_name, column_name, data_type, is_nullable = 'YES', is_identity = 'YES' "
    "FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) "
    "WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' "
    "ORDER BY table_name, ordinal_position"
)
_REFERENCES = (
    "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint "
    "WHERE contype = 'f' AND conrelid <> confrelid AND connamespace = current_schema()::regnamespace"
)


class Column(msgspec.Struct, frozen=True):
    """A column of a table."""

    name: str
    type: str
    """`text`, `bigint`, `integer` or `boolean`."""
    may_be_null: bool
    numbers_itself: bool
    """Whether a row that is put without it gets the next number."""

    def misfit(self, value: object) -> str | None:
        """Why it cannot hold a value of SQLite, which has no booleans and keeps anything anywhere."""
        if value is None:
            return None if self.may_be_null else "is NULL"
        if self.type == "text":
            if not isinstance(value, str):
                return "is no text"
            return "holds U+0000" if NUL in value else None
        low, high = _RANGES[self.type]
        if not isinstance(value, int):
            return "is no whole number"
        return None if low <= value <= high else f"is not from {low} to {high}"


_RANGES = {"boolean": (0, 1), "integer": (-(2**31), 2**31 - 1), "bigint": (-(2**63), 2**63 - 1)}


class Intake:
    """Fills the tables of a database that has the newest schema."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self.columns: dict[str, list[Column]] = {}
        """Of each table; a table comes behind those that its rows refer to."""
        found: dict[str, list[Column]] = {}
        for table, *column in connection.execute(_COLUMNS):
            found.setdefault(table, []).append(Column(*column))
        order = TopologicalSorter[str](dict.fromkeys(found, ()))
        for table, referenced in connection.execute(_REFERENCES):
            order.add(table, referenced)
        for table in order.static_order():
            self.columns[table] = found[table]

    @contextmanager
    def filling(self, table: str) -> Generator[Callable[[Iterable[Sequence[Any]]], None]]:
        """What takes rows of a table, each with all columns in their order; in the end it has no others.

        Raises:
            ConfigError: the database refuses a row, or is lost.
        """
        names = ", ".join(column.name for column in self.columns[table])
        try:
            self._connection.execute(f"DELETE FROM {table}".encode())  # what the steps put
            with self._connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN".encode()) as copy:

                def put(rows: Iterable[Sequence[Any]]) -> None:
                    for row in rows:
                        copy.write_row(row)

                yield put
        except psycopg.Error as error:
            said = error.diag  # the whole text would show the row
            detail = f" ({said.message_detail})" if said.constraint_name and said.message_detail else ""
            raise ConfigError(
                f"the table {table} could not be filled: {said.message_primary or reason(error)}{detail}"
            ) from None

    def batches(self, table: str) -> Iterator[Sequence[Sequence[Any]]]:
        """All rows of a table as SQLite would have them, in no order."""
        names = (
            f"{column.name}::int" if column.type == "boolean" else column.name
            for column in self.columns[table]
        )
        with self._connection.cursor("rows") as cursor:
            cursor.execute(f"SELECT {', '.join(names)} FROM {table}".encode())
            while batch := cursor.fetchmany(ROWS_PER_BATCH):
                yield batch

    def execute(self, statement: str) -> None:
        """Change what was taken in."""
        self._connection.execute(statement.encode())

    def finish(self) -> None:
        """Have tables go on behind the highest numbers, and know what is in them."""
        for table, columns in self.columns.items():
            for name in (column.name for column in columns if column.numbers_itself):
                self.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', '{name}'), max({name})) FROM {table} "
                    f"HAVING max({name}) IS NOT NULL"
                )
        self.execute(f"ANALYZE {', '.join(self.columns)}")
