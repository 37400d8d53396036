"""Records and their rows: a column for each field of the struct."""

from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from tsock.accounts import audit
from tsock.accounts.principal import Author
from tsock.accounts.records import Account, ApiKey, Record, Revocation, Service
from tsock.storage.keyset import START, Cursor, Listing, Slice, slice_at
from tsock.storage.store import Tx

R = TypeVar("R", bound=Record)
D = TypeVar("D", Account, ApiKey, Service)
"""A record with a date of creation."""

_TABLES: dict[type[Record], str] = {
    Account: "accounts",
    ApiKey: "api_keys",
    Service: "services",
    Revocation: "revocations",
}
_PAGE_ROWS = 1000
_NEXT_VERSION = "UPDATE directory_version SET version = version + 1"
_VERSION = "SELECT version FROM directory_version"


def _upsert(kind: type[Record]) -> str:
    fields = kind.__struct_fields__
    return (
        f"INSERT INTO {_TABLES[kind]} ({', '.join(fields)}, version) "
        f"VALUES ({', '.join(f':{field}' for field in fields)}, ({_VERSION})) "
        "ON CONFLICT (sid) DO UPDATE SET "
        f"{', '.join(f'{field} = excluded.{field}' for field in (*fields, 'version'))}"
    )


_SAVE = {kind: _upsert(kind) for kind in _TABLES}
_SELECT = {
    kind: f"SELECT {', '.join(kind.__struct_fields__)} FROM {table}" for kind, table in _TABLES.items()
}


_ORDER = ("created_ms", "sid")
_LISTINGS: dict[type[Record], Listing] = {
    kind: Listing(
        f"SELECT {', '.join((*_ORDER, *kind.__struct_fields__))} FROM {_TABLES[kind]}",
        _ORDER,
        descending=True,
    )
    for kind in (Account, ApiKey, Service)
}


def begin_change(tx: Tx) -> None:
    """Have nobody else change any record until this transaction has ended.

    A rule that changes one says so before it reads what it decides by.
    """
    tx.run(_NEXT_VERSION, {})


def save(tx: Tx, record: R, by: Author, *, before: R | None = None) -> R:
    """Write the record, whether new or changed, announce it, and keep on record who did that.

    The rule has begun its change (`begin_change`). What the record was is read, unless `before` says it.
    """
    audit.record(tx, before or find(tx, type(record), record.sid), record, by)
    tx.run(_SAVE[type(record)], msgspec.structs.asdict(record))
    tx.emit(record)
    return record


def find(tx: Tx, kind: type[R], sid: str) -> R | None:
    """The record with this SID, also one that is revoked or deleted."""
    row = tx.one(f"{_SELECT[kind]} WHERE sid = :sid", {"sid": sid})
    return None if row is None else _record(kind, row)


def version(tx: Tx) -> int:
    """How often records were changed."""
    row = tx.one(_VERSION, {})
    assert row is not None
    return row[0]


def changed_since(tx: Tx, version: int) -> list[Record]:
    """The records that were changed since the directory had this version."""
    return [
        record
        for kind in _TABLES
        for record in _records(
            kind, tx.all(f"{_SELECT[kind]} WHERE version > :version", {"version": version})
        )
    ]


def page(tx: Tx, kind: type[R], where: str, limit: int, **params: object) -> list[R]:
    """At most `limit` records that fulfil `where`, in the order of their SIDs."""
    statement = f"{_SELECT[kind]} WHERE {where} ORDER BY sid LIMIT :limit"
    return _records(kind, tx.all(statement, {**params, "limit": limit}))


def newest(
    tx: Tx, kind: type[D], where: str, place: Cursor, size: int, **params: object
) -> tuple[list[D], Slice]:
    """A page of the records that fulfil `where`, and what lies beside it.

    The newest come first, since what was made last is what is most often looked for.
    """
    rows = slice_at(tx, _LISTINGS[kind], where, params, place, size)
    return [_record(kind, row[len(_ORDER) :]) for row in rows.rows], rows


def behind(tx: Tx, kind: type[D], sid: str) -> Cursor:
    """Where a list of `newest` goes on behind this record; the start, if there is none."""
    record = find(tx, kind, sid)
    return START if record is None else Cursor((record.created_ms, record.sid))


def every(tx: Tx, kind: type[R]) -> Iterator[R]:
    """Every record of a kind, read a page at a time."""
    after = ""
    while rows := page(tx, kind, "sid > :after", _PAGE_ROWS, after=after):
        yield from rows
        after = rows[-1].sid


def _records(kind: type[R], rows: list[Any]) -> list[R]:
    return [_record(kind, row) for row in rows]


def _record(kind: type[R], row: Any) -> R:
    # SQLite answers 0 and 1 for a boolean; `strict=False` turns them into what the field is.
    return msgspec.convert(dict(zip(kind.__struct_fields__, row, strict=True)), kind, strict=False)
