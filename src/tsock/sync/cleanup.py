"""Work without a bound, in chunks: rows nobody can see any more, and all content of a service.

Each rule does a bounded piece and says whether more remains, so that other writes fit in between.
"""

from tsock.storage.store import Tx
from tsock.sync import permissions, roots, tables
from tsock.sync.item_tables import ITEM_TABLES, items_of
from tsock.sync.kinds import KIND_OF_PREFIX, LIST, MAP


def empty_chunk(tx: Tx, limit: int) -> bool:
    """Delete up to `limit` rows that removed objects left; whether there may be more."""
    sid = tables.leftover(tx)
    if sid is None:
        return False
    kind = KIND_OF_PREFIX[sid[:2]]
    deleted = items_of(kind).empty(tx, sid, limit) if kind in (LIST, MAP) else 0
    if deleted < limit:
        deleted += permissions.empty(tx, sid, limit - deleted)
    if deleted < limit:
        tables.delete_leftover(tx, sid)
    return True


def trim_tombstones(tx: Tx, older_than_ms: int, limit: int) -> bool:
    """Forget up to `limit` lists' and then maps' items removed before that time; whether more are left.

    A client that was away for longer is not told of these removals.
    """
    return any(table.trim(tx, older_than_ms, limit) == limit for table in ITEM_TABLES)


def remove_content(tx: Tx, service_sid: str, limit: int) -> bool:
    """Remove up to `limit` objects of a service that is deleted; whether more are left."""
    found = tables.of_service(tx, service_sid, limit)
    for root in tables.claimed(tx, found).values():
        roots.retire(tx, root, origin=None)
    return len(found) == limit
