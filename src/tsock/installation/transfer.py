"""Copies what a data directory holds to an empty database of PostgreSQL, whole or not at all.

Rows are copied as they are: counters, revisions, numbers of journals, epochs and the name of the data set
included, so clients go on with what they know. Secrets stay sealed, by the same master key.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from tsock.errors import ConfigError
from tsock.storage.postgres.database import Database
from tsock.storage.postgres.intake import Column, Intake
from tsock.storage.sqlite.rows import Rows
from tsock.storage.tally import Tally

LEFT_OUT: Mapping[str, str] = {
    "schema_version": "the steps that made the tables there have said it themselves",
    "schema_compatibility": "likewise",
    "nodes": "names processes that run on a database, and none does on the new one",
    "leadership": "says which of them leads; a node of the new database takes the lead, in its first term",
    "webhook_urls": "says what old files may still hold in plain; the new database gets sealed URLs only",
}
"""Tables whose rows stay behind, and why. All others are copied: `chat_presence` and `sync_presence`, too,
whose connections have ended, since the first node has to tell of those who do not come back."""
_ALL_SEALED = "UPDATE webhook_urls SET state = 'sealed'"

MISFITS_NAMED = 10
"""So many values that PostgreSQL cannot hold are named."""

Progressed = Callable[[str, str, int], object]
"""Hears what is done (`read`, `copied` or `compared`), with which table, and how many rows of it so far."""


class TransferredTable(msgspec.Struct, frozen=True):
    """What both databases hold in a table."""

    name: str
    rows: int
    digest: str
    """Of all rows, in hexadecimal."""


async def transfer(source: Path, target: Database, progressed: Progressed) -> list[TransferredTable]:
    """Copy all rows of the database at `source`, which nobody changes meanwhile.

    Raises:
        ConfigError: `target` is not empty, or cannot be used; `source` cannot be read, or holds what the
            other cannot; or they differ in the end.
    """
    try:
        with target.filled() as connection, closing(Rows(source)) as rows:
            return await _transfer(rows, Intake(connection), progressed)
    except sqlite3.Error as error:
        raise ConfigError(
            f"the database {source} cannot be read ({error}); `tsock check` finds out whether it is damaged"
        ) from None


async def _transfer(source: Rows, target: Intake, progressed: Progressed) -> list[TransferredTable]:
    tables = {table: columns for table, columns in target.columns.items() if table not in LEFT_OUT}
    _check_schema(source, tables)
    read = await _read(source, tables, progressed)
    for table, columns in tables.items():
        names = [column.name for column in columns]
        with target.filling(table) as put:
            async for batch in _each("copied", table, source.batches(table, names), progressed):
                put(batch)
    target.execute(_ALL_SEALED)
    for table in read:
        tally = Tally()
        async for batch in _each("compared", table.name, target.batches(table.name), progressed):
            tally.add(batch)
        copied = TransferredTable(table.name, tally.rows, tally.digest)
        if copied != table:
            raise ConfigError(
                f"the copy of the table {table.name} differs: {table.rows} rows with the digest "
                f"{table.digest} became {copied.rows} with {copied.digest}; nothing of the copy was kept. "
                "This is a fault of tsock: please report it"
            )
    target.finish()
    return read


def _check_schema(source: Rows, tables: Mapping[str, Sequence[Column]]) -> None:
    there = {table: columns for table, columns in source.columns().items() if table not in LEFT_OUT}
    expected = {table: {column.name for column in columns} for table, columns in tables.items()}
    if there != expected:
        odd = sorted(table for table in there | expected if there.get(table) != expected.get(table))
        raise ConfigError(
            f"the databases do not have the same tables, but differ in {', '.join(odd)}: what this version "
            "of tsock does not know it cannot copy; remove what is not of tsock, or take a newer version"
        )


async def _read(
    source: Rows, tables: Mapping[str, Sequence[Column]], progressed: Progressed
) -> list[TransferredTable]:
    """What is to be copied, all of which the other database can hold."""
    read: list[TransferredTable] = []
    misfits: list[str] = []
    for table, columns in tables.items():
        tally = Tally()
        names = ["rowid", *(column.name for column in columns)]
        async for batch in _each("read", table, source.batches(table, names), progressed):
            tally.add(row[1:] for row in batch)
            left = MISFITS_NAMED + 1 - len(misfits)
            misfits += islice(_misfits(table, columns, batch), left)
        read.append(TransferredTable(table, tally.rows, tally.digest))
    if misfits:
        more = ", and more" if misfits[MISFITS_NAMED:] else ""
        raise ConfigError(
            f"PostgreSQL cannot hold what stands here: {'; '.join(misfits[:MISFITS_NAMED])}{more}. Remove or "
            "rename, by its SID, what it belongs to, with a server on the directory; or change it with "
            f'`sqlite3 {source.path} "UPDATE TABLE SET COLUMN = … WHERE rowid = ROW"`. Then copy again'
        )
    return read


def _misfits(table: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    for rowid, *row in rows:
        for column, value in zip(columns, row, strict=True):
            wrong = column.misfit(value)
            if wrong is not None:
                yield f"{table}.{column.name} of {_named(columns, row)} (row {rowid}) {wrong}"


def _named(columns: Sequence[Column], row: Sequence[Any]) -> str:
    """The SID of a row, else that of what it belongs to, which comes first."""
    names = [column.name for column in columns]
    return str(row[names.index("sid") if "sid" in names else 0])


async def _each(
    what: str, table: str, batches: Iterator[Sequence[Sequence[Any]]], progressed: Progressed
) -> AsyncIterator[Sequence[Sequence[Any]]]:
    rows = 0
    for batch in batches:
        yield batch
        rows += len(batch)
        progressed(what, table, rows)
        await asyncio.sleep(0)  # Ctrl-C is heard here
