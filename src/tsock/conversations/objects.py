"""The Sync objects that conversations and users stand on: their names, and how rules change them.

A rule claims the objects that it means to change, in one call, before it reads what it decides by.
"""

from typing import TypeVar

import msgspec

from tsock.errors import not_found
from tsock.storage.store import Tx
from tsock.sync import documents, items, roots, tables
from tsock.sync.actor import Actor
from tsock.sync.data import Json
from tsock.sync.item_tables import items_of
from tsock.sync.kinds import DOCUMENT, LIST, MAP, Kind
from tsock.sync.models import Item, Root, present

CHANNEL = "channel"
MESSAGES = "messages"
ROSTER = "roster"
CHANNELS = "channels"
INFO = "info"
KIND_OF_PART = {CHANNEL: DOCUMENT, MESSAGES: LIST, ROSTER: MAP, CHANNELS: MAP, INFO: MAP}
"""What belongs to a conversation, and to a user, and of which kind it is."""

Data = TypeVar("Data")


def name(owner_sid: str, part: str) -> str:
    """The unique name of a part of a conversation or user."""
    return f"{owner_sid}.{part}"


def create(tx: Tx, by: Actor, owner_sid: str, part: str, data: object = None) -> Root:
    """Make a part; `data` is a document's."""
    return roots.create(
        tx,
        by,
        KIND_OF_PART[part],
        unique_name=name(owner_sid, part),
        data=None if data is None else text(data),
    )


def claim(tx: Tx, *sids: str) -> list[Root]:
    """The objects with these SIDs in the order named, which nobody else changes meanwhile; documents whole.

    A rule reads their SIDs and then claims them. Whoever removes one claims it as well: so one that was there
    may be gone, and one that is claimed stays.

    Raises:
        ApiError: 404/20404, one was removed meanwhile.
    """
    found = tables.claimed(tx, sids)
    for sid in sids:
        if sid not in found:
            raise not_found(f"{sid} was removed meanwhile")
    return [found[sid] for sid in sids]


def find(tx: Tx, sid: str) -> Root | None:
    """One object, for a query; a document whole."""
    root = tables.by_sid(tx.one, sid, with_data=sid.startswith(DOCUMENT.prefix))
    if root is not None:
        tx.saw(root.sid, root.last_event_id)
    return root


def read(tx: Tx, sid: str) -> Root:
    """The same of one that must be there."""
    root = find(tx, sid)
    assert root is not None, f"{sid} is missing"
    return root


def note(tx: Tx, sid: str) -> None:
    """Note how far an object is, in a query that shows items of it (`Tx.saw`)."""
    read(tx, sid)


def save_document(tx: Tx, root: Root, data: object) -> None:
    """Give a claimed document new data."""
    root.data = text(data)
    documents.save(tx, root, origin=None)


def item(tx: Tx, root_sid: str, key: int | str) -> Item | None:
    """An item that is there."""
    kind: Kind = LIST if isinstance(key, int) else MAP
    return present(items_of(kind).get(tx, root_sid, key), tx.now_ms)


def entries(tx: Tx, map_sid: str, after: str, limit: int) -> list[Item]:
    """Up to `limit` items of a map in the order of their keys, behind `after`."""
    return items_of(MAP).span(tx, map_sid, after or None, strict=True, descending=False, limit=limit)


def push(tx: Tx, by: Actor, root: Root, data: object) -> Item:
    """Append to a claimed list, at its `next_index`."""
    index = root.next_index
    root.next_index += 1
    added = items.add(tx, by, root, index, data=text(data), ttl=None, former=None)
    tables.save_counters(tx, root)
    return added


def put(tx: Tx, by: Actor, root: Root, key: str, data: object) -> Item:
    """Make or replace an item of a claimed map."""
    row = items_of(MAP).get(tx, root.sid, key)
    found = present(row, tx.now_ms)
    if found is None:
        found = items.add(tx, by, root, key, data=text(data), ttl=None, former=row)
    else:
        items.change(tx, by, root, found, data=text(data), ttl=None)
    tables.save_counters(tx, root)
    return found


def change(tx: Tx, by: Actor, root: Root, row: Item, data: object) -> None:
    """Replace the data of an item of a claimed list or map."""
    items.change(tx, by, root, row, data=text(data), ttl=None)
    tables.save_counters(tx, root)


def bury(tx: Tx, root: Root, row: Item, *, kept: object | None = None) -> None:
    """Remove an item of a claimed list or map; `kept` is told and remains in place of its data."""
    if kept is not None:
        row.data = text(kept)
    items.bury(tx, root, row, origin=None)
    tables.save_counters(tx, root)


def retire(tx: Tx, root: Root) -> None:
    """Remove a claimed object."""
    roots.retire(tx, root, origin=None)


def newest(tx: Tx, list_sid: str) -> Item | None:
    """The last item of a list that is there."""
    found = items_of(LIST).span(tx, list_sid, None, strict=False, descending=True, limit=1)
    return found[0] if found else None


def text(data: object) -> Json:
    """Data as the JSON that Sync stores."""
    return Json(msgspec.json.encode(data).decode())


def decoded(row: Root | Item, kind: type[Data]) -> Data:
    """The data of a document or item."""
    return msgspec.json.decode(row.data or "{}", type=kind)
