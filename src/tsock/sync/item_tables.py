"""SQL of the items, the same for lists and maps but for the table and its key column.

A collection may hold a million items, so every statement is answered by an index: pages by the one that
leaves out tombstones, replay by the one in order of change.
"""

from collections.abc import Iterable

from tsock.storage.store import Row, Tx
from tsock.sync.kinds import LIST, MAP, Kind
from tsock.sync.models import Item


class ItemTable:
    """The items of all lists, or of all maps."""

    def __init__(self, table: str, key: str) -> None:
        columns = (
            f"object_sid, {key}, created_event_id, last_event_id, removed, created_by, "
            "date_created_ms, date_updated_ms, date_expires_ms, data"
        )
        one = f"WHERE object_sid = :sid AND {key} = :key"
        live = "AND (date_expires_ms IS NULL OR date_expires_ms > :now_ms) "
        self._select = f"SELECT {columns} FROM {table} "
        self._key = key
        self._get = f"{self._select}{one}"
        self._put = (
            f"INSERT INTO {table} ({columns}) VALUES (:sid, :key, :created_event_id, :last_event_id, "
            ":removed, :created_by, :date_created_ms, :date_updated_ms, :date_expires_ms, :data) "
            f"ON CONFLICT (object_sid, {key}) DO UPDATE SET created_event_id = :created_event_id, "
            "last_event_id = :last_event_id, removed = :removed, created_by = :created_by, "
            "date_created_ms = :date_created_ms, date_updated_ms = :date_updated_ms, "
            "date_expires_ms = :date_expires_ms, data = :data"
        )
        self._save = (
            f"UPDATE {table} SET last_event_id = :last_event_id, date_updated_ms = :date_updated_ms, "
            f"date_expires_ms = :date_expires_ms, data = :data {one}"
        )
        self._bury = (
            f"UPDATE {table} SET removed = 1, last_event_id = :last_event_id, "
            f"date_updated_ms = :date_updated_ms, date_expires_ms = NULL, data = :data {one}"
        )
        self._page = f"{self._select}WHERE object_sid = :sid AND removed = 0 {live}"
        self._delete = f"DELETE FROM {table} {one}"
        self._changed = (
            f"{self._select}WHERE object_sid = :sid AND last_event_id > :after {live}"
            "ORDER BY last_event_id LIMIT :limit"
        )
        self._change_from = (
            f"SELECT last_event_id, date_updated_ms FROM {table} "
            "WHERE object_sid = :sid AND last_event_id >= :number ORDER BY last_event_id LIMIT 1"
        )
        self._due = f"{self._select}WHERE date_expires_ms <= :now_ms ORDER BY date_expires_ms LIMIT :limit"
        self._next_expiry = (
            f"SELECT date_expires_ms FROM {table} WHERE date_expires_ms IS NOT NULL "
            "ORDER BY date_expires_ms LIMIT 1"
        )
        self._trim = (
            f"DELETE FROM {table} WHERE (object_sid, {key}) IN (SELECT object_sid, {key} FROM {table} "
            "WHERE removed = 1 AND date_updated_ms < :before_ms ORDER BY date_updated_ms LIMIT :limit) "
            "AND removed = 1 AND date_updated_ms < :before_ms"  # again: an item may come back meanwhile
        )
        moved = "created_event_id = created_event_id + :by, last_event_id = last_event_id + :by"
        self._move_on = f"UPDATE {table} SET {moved}"
        self._empty = (
            f"DELETE FROM {table} WHERE object_sid = :sid AND {key} IN "
            f"(SELECT {key} FROM {table} WHERE object_sid = :sid LIMIT :limit)"
        )

    def get(self, tx: Tx, sid: str, key: int | str) -> Item | None:
        """One row: live, expired or a tombstone."""
        row = tx.one(self._get, {"sid": sid, "key": key})
        return None if row is None else Item(*row)

    def put(self, tx: Tx, item: Item) -> None:
        """Store a fresh item, over the tombstone of an earlier one with its key."""
        tx.run(
            self._put,
            {
                "sid": item.object_sid,
                "key": item.key,
                "created_event_id": item.created_event_id,
                "last_event_id": item.last_event_id,
                "removed": item.removed,
                "created_by": item.created_by,
                "date_created_ms": item.date_created_ms,
                "date_updated_ms": item.date_updated_ms,
                "date_expires_ms": item.date_expires_ms,
                "data": item.data,
            },
        )

    def save(self, tx: Tx, item: Item) -> None:
        """Store what an update changes."""
        tx.run(
            self._save,
            {
                "sid": item.object_sid,
                "key": item.key,
                "last_event_id": item.last_event_id,
                "date_updated_ms": item.date_updated_ms,
                "date_expires_ms": item.date_expires_ms,
                "data": item.data,
            },
        )

    def bury(self, tx: Tx, item: Item) -> None:
        """Make an item a tombstone."""
        tx.run(
            self._bury,
            {
                "sid": item.object_sid,
                "key": item.key,
                "last_event_id": item.last_event_id,
                "date_updated_ms": item.date_updated_ms,
                "data": item.data,
            },
        )

    def delete(self, tx: Tx, item: Item) -> None:
        """Forget an item without a trace."""
        tx.run(self._delete, {"sid": item.object_sid, "key": item.key})

    def span(
        self, tx: Tx, sid: str, start: int | str | None, *, strict: bool, descending: bool, limit: int
    ) -> list[Item]:
        """Live items from `start` on in the given direction; `strict` leaves out `start` itself."""
        comparison = ("<" if descending else ">") + ("" if strict else "=")
        bound = "" if start is None else f"AND {self._key} {comparison} :start "
        rows = tx.all(
            f"{self._page}{bound}ORDER BY {self._key} {'DESC' if descending else 'ASC'} LIMIT :limit",
            {"sid": sid, "now_ms": tx.now_ms, "start": start, "limit": limit},
        )
        return _items(rows)

    def changed(self, tx: Tx, sid: str, after: int, limit: int) -> list[Item]:
        """Rows last changed by an event above `after`, in order of that event.

        Tombstones are among them; what has expired is not, since the sweep is going to announce it.
        """
        params = {"sid": sid, "after": after, "now_ms": tx.now_ms, "limit": limit}
        return _items(tx.all(self._changed, params))

    def change_from(self, tx: Tx, sid: str, number: int) -> tuple[int, int] | None:
        """Number and date of the first latest change that is numbered so or higher."""
        row = tx.one(self._change_from, {"sid": sid, "number": number})
        return None if row is None else (row[0], row[1])

    def due(self, tx: Tx, limit: int) -> list[Item]:
        """Items that have expired, the earliest first."""
        return _items(tx.all(self._due, {"now_ms": tx.now_ms, "limit": limit}))

    def next_expiry_ms(self, tx: Tx) -> int | None:
        """When the next item expires, or the earliest that is due did."""
        row = tx.one(self._next_expiry, {})
        return None if row is None else row[0]

    def trim(self, tx: Tx, before_ms: int, limit: int) -> int:
        """Forget up to `limit` tombstones older than that time; how many it were."""
        return tx.count(self._trim, {"before_ms": before_ms, "limit": limit})

    def move_on(self, tx: Tx, by: int) -> None:
        """Add so much to every number."""
        tx.run(self._move_on, {"by": by})

    def empty(self, tx: Tx, sid: str, limit: int) -> int:
        """Delete up to `limit` rows of one collection; how many it were."""
        return tx.count(self._empty, {"sid": sid, "limit": limit})


_LIST_ITEMS = ItemTable("sync_list_items", "item_index")
_MAP_ITEMS = ItemTable("sync_map_items", "item_key")

ITEM_TABLES = (_LIST_ITEMS, _MAP_ITEMS)


def items_of(kind: Kind) -> ItemTable:
    """The table of the items of LIST or MAP."""
    assert kind in (LIST, MAP)
    return _LIST_ITEMS if kind is LIST else _MAP_ITEMS


def _items(rows: Iterable[Row]) -> list[Item]:
    return [Item(*row) for row in rows]
