"""The end of what was given a time to live: removals like any other, caused by nobody."""

from tsock.storage.store import Tx
from tsock.sync import items, roots, tables
from tsock.sync.item_tables import ITEM_TABLES, ItemTable


def expire_due(tx: Tx, limit: int) -> bool:
    """Remove up to `limit` of the objects and items whose time has come; whether more are due.

    Objects go first, so that the items of one that expires are not announced one by one.
    """
    due = tables.due(tx, limit)
    for root in due:
        roots.retire(tx, root, origin=None)
    if len(due) == limit:
        return True
    return any(_expire_items(tx, table, limit) for table in ITEM_TABLES)


def next_expiry_ms(tx: Tx) -> int | None:
    """When something expires next; in the past when something is due; None when nothing ever will."""
    moments = (tables.next_expiry_ms(tx), *(table.next_expiry_ms(tx) for table in ITEM_TABLES))
    return min((moment for moment in moments if moment is not None), default=None)


def _expire_items(tx: Tx, table: ItemTable, limit: int) -> bool:
    due = table.due(tx, limit)
    if not due:
        return False
    parents = {root.sid: root for root in tables.by_sids(tx, sorted({item.object_sid for item in due}))}
    for item in due:
        root = parents.get(item.object_sid)
        if root is None:  # left over from a removed collection, which was announced as a whole
            table.delete(tx, item)
        else:
            items.bury(tx, root, item, origin=None)
    for root in parents.values():
        tables.save_counters(tx, root)
    return len(due) == limit
