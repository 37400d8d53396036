"""Items of lists and maps: what both have in common (`protocol/sync.md`, Counters and Conditional writes).

Each change counts once in the collection, and the item carries the number of the event that last changed it.
A new time to live of the whole collection beside it (`CollectionTtl`) is `roots.set_ttl` in the same
transaction, which counts nothing.

The functions from `open_to_write` on are the parts that `lists`, `maps` and `expiry` are made of: they change
the root in memory, and whoever opened it stores its counters once at the end.
"""

from tsock.events import Origin
from tsock.storage.store import Tx
from tsock.sync import announce, permissions, refusals, roots, tables, webhooks
from tsock.sync.actor import Actor
from tsock.sync.data import Json
from tsock.sync.item_tables import items_of
from tsock.sync.kinds import Kind
from tsock.sync.models import Item, Root, expiry_ms, next_date_ms, present


def fetch(tx: Tx, actor: Actor, kind: Kind, sid_or_name: str, key: int | str) -> Item:
    """Read one item by index or key.

    Raises:
        ApiError: absent list or map, 54151 or 54201 absent item; 54007 not readable.
    """
    root = roots.find(tx, actor, kind, sid_or_name)
    permissions.require_read(tx, actor, root)
    return _existing(tx, root, key)


def update(
    tx: Tx,
    actor: Actor,
    kind: Kind,
    sid_or_name: str,
    key: int | str,
    *,
    data: Json | None = None,
    ttl: int | None = None,
    if_match: str | None = None,
) -> Item:
    """Replace an existing item's data, its time to live, or both.

    Raises:
        ApiError: 54010 neither given; absent; 54007 not writable; 54155 or 54205 another revision.
    """
    if data is None and ttl is None:
        raise refusals.nothing_to_change()
    root = open_to_write(tx, actor, kind, sid_or_name)
    item = _existing(tx, root, key)
    _require_match(kind, item, if_match)
    change(tx, actor, root, item, data=data, ttl=ttl)
    tables.save_counters(tx, root)
    return item


def remove(
    tx: Tx, actor: Actor, kind: Kind, sid_or_name: str, key: int | str, *, if_match: str | None = None
) -> Item:
    """Remove an item; the answer carries number and date of the removal.

    Raises:
        ApiError: absent; 54007 not writable; 54155 or 54205 another revision.
    """
    root = open_to_write(tx, actor, kind, sid_or_name)
    item = _existing(tx, root, key)
    _require_match(kind, item, if_match)
    bury(tx, root, item, origin=actor.connection)
    webhooks.of_item(tx, actor, "removed", root, item)
    tables.save_counters(tx, root)
    return item


def open_to_write(tx: Tx, actor: Actor, kind: Kind, sid_or_name: str) -> Root:
    """The list or map whose items are to be changed.

    Raises:
        ApiError: absent; 54007 not writable.
    """
    root = roots.claim(tx, actor, kind, sid_or_name)
    permissions.require_write(tx, actor, root)
    return root


def add(
    tx: Tx, actor: Actor, root: Root, key: int | str, *, data: Json, ttl: int | None, former: Item | None
) -> Item:
    """Make an item; `former` is the row that has this key, a tombstone or expired.

    Raises:
        ApiError: 54006, the collection is full.
    """
    date_ms = tx.date_ms
    if former is not None:
        if not former.removed:  # expired and not swept yet
            bury(tx, root, former, origin=None)
        date_ms = next_date_ms(former, tx.date_ms)
    if root.item_count >= actor.limits.items_max:
        raise refusals.too_many_items(root.kind, actor.limits.items_max)
    root.item_count += 1
    number = _count(root, date_ms)
    item = Item(
        object_sid=root.sid,
        key=key,
        created_event_id=number,
        last_event_id=number,
        removed=0,
        created_by=actor.identity,
        date_created_ms=date_ms,
        date_updated_ms=date_ms,
        date_expires_ms=expiry_ms(tx.now_ms, ttl or 0),
        data=data,
    )
    items_of(root.kind).put(tx, item)
    tx.emit(announce.item_added(root, item, actor.connection))
    webhooks.of_item(tx, actor, "added", root, item)
    return item


def change(tx: Tx, actor: Actor, root: Root, item: Item, *, data: Json | None, ttl: int | None) -> None:
    """Give a live item new data or a new time to live; None leaves either as it is."""
    item.date_updated_ms = next_date_ms(item, tx.date_ms)
    item.last_event_id = _count(root, item.date_updated_ms)
    if data is not None:
        item.data = data
    if ttl is not None:
        item.date_expires_ms = expiry_ms(tx.now_ms, ttl)
    items_of(root.kind).save(tx, item)
    tx.emit(announce.item_updated(root, item, actor.connection))
    webhooks.of_item(tx, actor, "updated", root, item)


def bury(tx: Tx, root: Root, item: Item, *, origin: Origin | None) -> None:
    """Make an item a tombstone, by request or by expiry (then `origin` is None)."""
    item.date_updated_ms = next_date_ms(item, tx.date_ms)
    item.date_expires_ms = None
    item.removed = 1
    item.last_event_id = _count(root, item.date_updated_ms)
    root.item_count -= 1
    items_of(root.kind).bury(tx, item)
    tx.emit(announce.item_removed(root, item, origin))


def _count(root: Root, date_ms: int) -> int:
    """Number a change; the collection's date follows its newest item."""
    root.last_event_id += 1
    root.date_updated_ms = max(root.date_updated_ms, date_ms)
    return root.last_event_id


def _existing(tx: Tx, root: Root, key: int | str) -> Item:
    item = present(items_of(root.kind).get(tx, root.sid, key), tx.now_ms)
    if item is None:
        raise refusals.item_not_found(root.kind, root.sid, key)
    return item


def _require_match(kind: Kind, item: Item, if_match: str | None) -> None:
    if if_match is not None and if_match != item.revision:
        raise refusals.mismatch(kind, item.revision, if_match)
