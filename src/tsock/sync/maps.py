"""Maps: items by a key of the client's choice."""

from tsock.storage.store import Tx
from tsock.storage.texts import NUL
from tsock.sync import items, refusals, tables
from tsock.sync.actor import Actor
from tsock.sync.data import Json
from tsock.sync.item_tables import items_of
from tsock.sync.kinds import MAP
from tsock.sync.models import Item, present
from tsock.sync.params import ABSENT


def add(
    tx: Tx,
    actor: Actor,
    sid_or_name: str,
    key: str,
    data: Json,
    *,
    ttl: int | None = None,
) -> Item:
    """Make an item that must not exist yet.

    Raises:
        ApiError: 54209 bad key; absent map; 54007 not writable; 54208 exists; 54006 full.
    """
    _check_key(key, actor.limits.key_chars_max)
    root = items.open_to_write(tx, actor, MAP, sid_or_name)
    row = items_of(MAP).get(tx, root.sid, key)
    if present(row, tx.now_ms) is not None:
        raise refusals.item_exists(root.sid, key)
    item = items.add(tx, actor, root, key, data=data, ttl=ttl, former=row)
    tables.save_counters(tx, root)
    return item


def put(
    tx: Tx,
    actor: Actor,
    sid_or_name: str,
    key: str,
    data: Json,
    *,
    ttl: int | None = None,
    if_match: str | None = None,
) -> tuple[Item, bool]:
    """Make or replace an item; whether it is a new one comes second.

    An absent item never answers 404 here, or the JS client would take the whole map for removed: with a
    revision in `if_match` it is a mismatch.

    Raises:
        ApiError: 54209 bad key; absent map; 54007 not writable; 54205 `if_match` fails; 54006 full.
    """
    _check_key(key, actor.limits.key_chars_max)
    root = items.open_to_write(tx, actor, MAP, sid_or_name)
    row = items_of(MAP).get(tx, root.sid, key)
    item = present(row, tx.now_ms)
    if if_match is not None and if_match != (ABSENT if item is None else item.revision):
        raise refusals.mismatch(MAP, item and item.revision, if_match)
    created = item is None
    if item is None:
        item = items.add(tx, actor, root, key, data=data, ttl=ttl, former=row)
    else:
        items.change(tx, actor, root, item, data=data, ttl=ttl)
    tables.save_counters(tx, root)
    return item, created


def _check_key(key: str, chars_max: int) -> None:
    if not 1 <= len(key) <= chars_max or NUL in key:
        raise refusals.bad_key(key, chars_max)
