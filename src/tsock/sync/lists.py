"""Lists: items by an index that is never used twice, and a context beside them."""

from tsock.storage.store import Tx
from tsock.sync import announce, items, permissions, roots, tables
from tsock.sync.actor import Actor
from tsock.sync.data import Json
from tsock.sync.kinds import LIST
from tsock.sync.models import Item, Root, next_date_ms


def push(
    tx: Tx,
    actor: Actor,
    sid_or_name: str,
    data: Json,
    *,
    ttl: int | None = None,
) -> Item:
    """Append an item.

    Raises:
        ApiError: absent list; 54007 not writable; 54006 full.
    """
    root = items.open_to_write(tx, actor, LIST, sid_or_name)
    index = root.next_index
    root.next_index += 1
    item = items.add(tx, actor, root, index, data=data, ttl=ttl, former=None)
    tables.save_counters(tx, root)
    return item


def context(tx: Tx, actor: Actor, sid_or_name: str) -> Root:
    """Read a list with its context as `data`.

    Raises:
        ApiError: absent; 54007 not readable.
    """
    root = roots.find(tx, actor, LIST, sid_or_name, with_data=True)
    permissions.require_read(tx, actor, root)
    return root


def set_context(tx: Tx, actor: Actor, sid_or_name: str, data: Json) -> Root:
    """Replace the context.

    Raises:
        ApiError: absent; 54007 not writable.
    """
    root = items.open_to_write(tx, actor, LIST, sid_or_name)
    root.last_event_id += 1
    root.context_event_id = root.last_event_id
    root.date_updated_ms = next_date_ms(root, tx.date_ms)
    root.data = data
    tables.save_context(tx, root)
    tx.emit(announce.context_updated(root, actor.connection))
    return root
