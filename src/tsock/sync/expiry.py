"""The end of what was given a time to live: removals like any other, caused by nobody."""

from tsock.storage.store import Tx
from tsock.sync import items, roots, tables
from tsock.sync.item_tables import ITEM_TABLES, ItemTable
from tsock.sync.models import is_live


def expire_due(tx: Tx, limit: int) -> bool:
    """Remove up to `limit` of the objects or items whose time has come; whether more may be due.

    Objects go first, so that the items of one that expires are not announced one by one. All that is claimed
    is claimed at once, in the order of SIDs.
    """
    due = tables.due(tx, limit)
    claimed = tables.claimed(tx, due)
    for root in (claimed[sid] for sid in due if sid in claimed):
        if not is_live(root, tx.now_ms):  # it may have got another time to live before it was claimed
            roots.retire(tx, root, origin=None)
    if due:
        return True
    return any(_expire_items(tx, table, limit) for table in ITEM_TABLES)


def next_expiry_ms(tx: Tx) -> int | None:
    """When something expires next; in the past when something is due; None when nothing ever will."""
    moments = (tables.next_expiry_ms(tx), *(table.next_expiry_ms(tx) for table in ITEM_TABLES))
    return min((moment for moment in moments if moment is not None), default=None)


def _expire_items(tx: Tx, table: ItemTable, limit: int) -> bool:
    due = table.due(tx, limit)
    parents = tables.claimed(tx, [item.object_sid for item in due])
    for found in due:
        root = parents.get(found.object_sid)
        if root is None:  # left over from a removed collection, which was announced as a whole
            table.delete(tx, found)
            continue
        item = table.get(tx, root.sid, found.key)  # as it is since its collection was claimed
        if item is not None and not item.removed and not is_live(item, tx.now_ms):
            items.bury(tx, root, item, origin=None)
    for root in parents.values():
        tables.save_counters(tx, root)
    return bool(due)
