"""Every row of a database, for whoever copies it elsewhere, while nobody writes."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tsock.errors import ConfigError

ROWS_PER_BATCH = 1000
"""Of up to some 16 KiB each, so that memory does not grow with what is copied."""


class Rows:
    """Reads one snapshot of a database.

    Raises:
        sqlite3.Error: it cannot be read; from every method.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None
        )
        self._connection.execute("BEGIN")

    def columns(self) -> dict[str, set[str]]:
        """The names of the columns of each table."""
        rows = self._connection.execute(
            "SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name) "
            "AS columns WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        )
        found: dict[str, set[str]] = {}
        for table, column in rows:
            found.setdefault(table, set()).add(column)
        return found

    def batches(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[Sequence[Any]]]:
        """All rows of a table, in no order; `rowid` is a column, too.

        Raises:
            ConfigError: a text is none.
        """
        try:
            rows = self._connection.execute(f"SELECT {', '.join(columns)} FROM {table}")
            while batch := rows.fetchmany(ROWS_PER_BATCH):
                yield batch
        except sqlite3.OperationalError as error:
            if "UTF-8" not in str(error):
                raise
            raise ConfigError(  # without the text, which the error shows
                f"a text in the table {table} is not UTF-8, so it was not written by tsock: change or remove "
                "it with `sqlite3`"
            ) from None

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()
