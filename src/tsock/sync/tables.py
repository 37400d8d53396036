"""SQL of the roots, and rows to structs. Items have their own module, `item_tables`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tsock.storage.keyset import Cursor, Listing, Slice, slice_at
from tsock.storage.store import Row, Tx
from tsock.sync.kinds import Kind
from tsock.sync.models import Root

_HEAD = (
    "sid, service_sid, unique_name, last_event_id, next_index, item_count, context_event_id, created_by, "
    "date_created_ms, date_updated_ms, date_expires_ms"
)
_BY_SID = "FROM sync_objects WHERE sid = :sid"
_BY_NAME = "FROM sync_objects WHERE service_sid = :service_sid AND kind = :kind AND unique_name = :name"

_GET_BY_SID = f"SELECT {_HEAD} {_BY_SID}"
_GET_BY_NAME = f"SELECT {_HEAD} {_BY_NAME}"
_WITH_DATA = f"SELECT {_HEAD}, data FROM sync_objects"
_GET_BY_SID_WITH_DATA = f"SELECT {_HEAD}, data {_BY_SID}"
_GET_BY_NAME_WITH_DATA = f"SELECT {_HEAD}, data {_BY_NAME}"

_INSERT = (
    "INSERT INTO sync_objects (sid, service_sid, kind, unique_name, last_event_id, next_index, item_count, "
    "context_event_id, created_by, date_created_ms, date_updated_ms, date_expires_ms, data) "
    "VALUES (:sid, :service_sid, :kind, :unique_name, :last_event_id, :next_index, :item_count, "
    ":context_event_id, :created_by, :date_created_ms, :date_updated_ms, :date_expires_ms, :data)"
)
_SAVE_DOCUMENT = (
    "UPDATE sync_objects SET last_event_id = :last_event_id, date_updated_ms = :date_updated_ms, "
    "date_expires_ms = :date_expires_ms, data = :data WHERE sid = :sid"
)
_SAVE_COUNTERS = (
    "UPDATE sync_objects SET last_event_id = :last_event_id, next_index = :next_index, "
    "item_count = :item_count, date_updated_ms = :date_updated_ms WHERE sid = :sid"
)
_SAVE_CONTEXT = (
    "UPDATE sync_objects SET last_event_id = :last_event_id, context_event_id = :context_event_id, "
    "date_updated_ms = :date_updated_ms, data = :data WHERE sid = :sid"
)
_SAVE_EXPIRY = "UPDATE sync_objects SET date_expires_ms = :date_expires_ms WHERE sid = :sid"
_DUE = "SELECT sid FROM sync_objects WHERE date_expires_ms <= :now_ms ORDER BY date_expires_ms LIMIT :limit"
_NEXT_EXPIRY = (
    "SELECT date_expires_ms FROM sync_objects WHERE date_expires_ms IS NOT NULL "
    "ORDER BY date_expires_ms LIMIT 1"
)
_OLDEST_FIRST = Listing(
    f"SELECT date_created_ms, {_HEAD}, data FROM sync_objects", ("date_created_ms", "sid")
)
_LIVE = (
    "service_sid = :service_sid AND kind = :kind AND (date_expires_ms IS NULL OR date_expires_ms > :now_ms)"
)
_OF_SERVICE = "SELECT sid FROM sync_objects WHERE service_sid = :service_sid LIMIT :limit"
_DELETE = "DELETE FROM sync_objects WHERE sid = :sid"
_INSERT_LEFTOVER = "INSERT INTO sync_leftovers (object_sid) VALUES (:sid)"
_ANY_LEFTOVER = "SELECT object_sid FROM sync_leftovers LIMIT 1"
_DELETE_LEFTOVER = "DELETE FROM sync_leftovers WHERE object_sid = :sid"


Get = Callable[[str, Mapping[str, Any]], Row | None]
"""`tx.one` for what is only read, `tx.claim` for what is to be changed or decided by."""


def by_sid(get: Get, sid: str, *, with_data: bool = False) -> Root | None:
    """The root of whatever service and kind, expired or not."""
    row = get(_GET_BY_SID_WITH_DATA if with_data else _GET_BY_SID, {"sid": sid})
    return None if row is None else Root(*row)


def by_name(get: Get, service_sid: str, kind: Kind, name: str, *, with_data: bool = False) -> Root | None:
    """The root that holds a unique name, expired or not."""
    sql = _GET_BY_NAME_WITH_DATA if with_data else _GET_BY_NAME
    row = get(sql, {"service_sid": service_sid, "kind": kind.name, "name": name})
    return None if row is None else Root(*row)


def claimed(tx: Tx, sids: Sequence[str]) -> dict[str, Root]:
    """Those of up to 1000 roots that exist, with their data, expired or not; claimed in the order of SIDs."""
    if not sids:
        return {}
    names = numbered(sids)
    rows = tx.claim_all(f"{_WITH_DATA} WHERE sid IN ({placeholders(names)}) ORDER BY sid", names)
    return {root.sid: root for root in _roots(rows)}


def by_sids(tx: Tx, sids: Sequence[str]) -> list[Root]:
    """Those of 1 to 1000 roots that exist, of whatever service, with one statement."""
    names = numbered(sids)
    return _roots(tx.all(f"SELECT {_HEAD} FROM sync_objects WHERE sid IN ({placeholders(names)})", names))


def numbered(sids: Sequence[str]) -> dict[str, str]:
    """Parameters for a set of SIDs, under names that `placeholders` puts into the statement."""
    return {f"sid{number}": sid for number, sid in enumerate(sids)}


def placeholders(names: Iterable[str]) -> str:
    """The inside of an `IN` list; a value in it is always a parameter."""
    return ", ".join(f":{name}" for name in names)


def due(tx: Tx, limit: int) -> list[str]:
    """SIDs of roots that have expired, the earliest first."""
    return [row[0] for row in tx.all(_DUE, {"now_ms": tx.now_ms, "limit": limit})]


def next_expiry_ms(tx: Tx) -> int | None:
    """When the next root expires, or the earliest that is due did."""
    row = tx.one(_NEXT_EXPIRY, {})
    return None if row is None else row[0]


def of_service(tx: Tx, service_sid: str, limit: int) -> list[str]:
    """SIDs of some of the roots of a service."""
    return [row[0] for row in tx.all(_OF_SERVICE, {"service_sid": service_sid, "limit": limit})]


def page(tx: Tx, service_sid: str, kind: Kind, place: Cursor, size: int) -> tuple[list[Root], Slice]:
    """Roots that have not expired, with their data, the oldest first, and what lies beside them."""
    params = {"service_sid": service_sid, "kind": kind.name, "now_ms": tx.now_ms}
    rows = slice_at(tx, _OLDEST_FIRST, _LIVE, params, place, size)
    return _roots(row[1:] for row in rows.rows), rows


def insert(tx: Tx, root: Root) -> None:
    """Store a fresh root."""
    tx.run(
        _INSERT,
        {
            "sid": root.sid,
            "service_sid": root.service_sid,
            "kind": root.kind.name,
            "unique_name": root.unique_name,
            "last_event_id": root.last_event_id,
            "next_index": root.next_index,
            "item_count": root.item_count,
            "context_event_id": root.context_event_id,
            "created_by": root.created_by,
            "date_created_ms": root.date_created_ms,
            "date_updated_ms": root.date_updated_ms,
            "date_expires_ms": root.date_expires_ms,
            "data": root.data,
        },
    )


def save_document(tx: Tx, root: Root) -> None:
    """Store what a document update changes."""
    tx.run(
        _SAVE_DOCUMENT,
        {
            "sid": root.sid,
            "last_event_id": root.last_event_id,
            "date_updated_ms": root.date_updated_ms,
            "date_expires_ms": root.date_expires_ms,
            "data": root.data,
        },
    )


def save_counters(tx: Tx, root: Root) -> None:
    """Store what a change of its items changes in a list or map."""
    tx.run(
        _SAVE_COUNTERS,
        {
            "sid": root.sid,
            "last_event_id": root.last_event_id,
            "next_index": root.next_index,
            "item_count": root.item_count,
            "date_updated_ms": root.date_updated_ms,
        },
    )


def save_context(tx: Tx, root: Root) -> None:
    """Store what a change of its context changes in a list."""
    tx.run(
        _SAVE_CONTEXT,
        {
            "sid": root.sid,
            "last_event_id": root.last_event_id,
            "context_event_id": root.context_event_id,
            "date_updated_ms": root.date_updated_ms,
            "data": root.data,
        },
    )


def save_expiry(tx: Tx, root: Root) -> None:
    """Store when a root ends."""
    tx.run(_SAVE_EXPIRY, {"sid": root.sid, "date_expires_ms": root.date_expires_ms})


def delete(tx: Tx, root: Root, *, leaves: bool) -> None:
    """Forget a root; `leaves` says that it may have items or permissions, to be deleted later."""
    tx.run(_DELETE, {"sid": root.sid})
    if leaves:
        tx.run(_INSERT_LEFTOVER, {"sid": root.sid})


def leftover(tx: Tx) -> str | None:
    """SID of a removed root that still has rows to be deleted, if there is any; nobody else deletes them."""
    row = tx.claim(_ANY_LEFTOVER, {})
    return None if row is None else row[0]


def delete_leftover(tx: Tx, sid: str) -> None:
    """Record that nothing of a removed root is left."""
    tx.run(_DELETE_LEFTOVER, {"sid": sid})


def _roots(rows: Iterable[Row]) -> list[Root]:
    return [Root(*row) for row in rows]
