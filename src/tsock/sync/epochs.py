"""Epochs: what makes numbers handed out before a backup was restored differ from all that come behind it.

A restored database goes on counting where its copy was made, so the same numbers would stand for other
changes than those that clients have seen. A new epoch moves every counter on by `STRIDE`: nothing that was
handed out is handed out again, every revision is another one, and by its size a number tells its epoch
(`protocol/sync.md`, Epochs).
"""

from tsock.events import Event
from tsock.storage.store import Tx
from tsock.sync import announce
from tsock.sync.data import EMPTY
from tsock.sync.item_tables import ITEM_TABLES
from tsock.sync.models import Item, Root

STRIDE = 2**40
"""More than any object changes between a copy and its return, and a number that JavaScript keeps exactly."""

LOST_MAX = 1000
"""So many indexes of a list are said to be gone."""

_NOTE = (
    "INSERT INTO sync_epochs (object_sid, event_id, next_index) "
    "SELECT sid, last_event_id, next_index FROM sync_objects WHERE kind IN ('list', 'map')"
)
_MOVE = "UPDATE sync_objects SET last_event_id = last_event_id + :stride WHERE kind <> 'stream'"
_MOVE_CONTEXT = (
    "UPDATE sync_objects SET context_event_id = context_event_id + :stride WHERE context_event_id >= 0"
)
_BEGUN = "SELECT event_id, next_index FROM sync_epochs WHERE object_sid = :sid"


def begin(tx: Tx) -> None:
    """Move all numbers on, and name the set of data anew: caches and endpoints of before are worthless."""
    stride = {"stride": STRIDE}
    tx.count(_MOVE, stride)
    tx.count(_MOVE_CONTEXT, stride)
    for table in ITEM_TABLES:
        table.move_on(tx, STRIDE)
    tx.run("DELETE FROM sync_epochs", {})
    tx.count(_NOTE, {})
    tx.run("DELETE FROM data_set", {})


def is_earlier(number: int, root: Root) -> bool:
    """Whether a client's number of an object is of an earlier epoch."""
    return _of(number) < _of(root.last_event_id)


def known(tx: Tx, root: Root, number: int) -> int:
    """What a number of an earlier epoch says about the list or map as it is: items made above it are new.

    Whatever the client saw beyond the copy, it knows all that the copy held.
    """
    moved = number + (_of(root.last_event_id) - _of(number)) * STRIDE
    return min(moved, _begun(tx, root)[0])


def lost_items(tx: Tx, root: Root, number: int) -> list[Event]:
    """Removals of those items of a list that a client with this number may have seen, but not the copy.

    Each push since then took an index and a number, so there are no more of them than numbers.
    """
    event_id, next_index = _begun(tx, root)
    count = number + (_of(event_id) - _of(number)) * STRIDE - event_id
    return [
        announce.item_removed(root, _lost(root, next_index + place, number + 1 + place), None)
        for place in range(min(count, LOST_MAX))
    ]


def _of(number: int) -> int:
    return (max(number, -1) + 1) // STRIDE  # lists and maps begin at -1


def _begun(tx: Tx, root: Root) -> tuple[int, int]:
    """Counter and next index at the beginning of this epoch."""
    row = tx.one(_BEGUN, {"sid": root.sid})
    assert row is not None, "a number of an earlier epoch is of an object that is older than this one"
    return row[0], row[1]


def _lost(root: Root, index: int, number: int) -> Item:
    date_ms = root.date_updated_ms
    return Item(root.sid, index, number, number, 1, root.created_by, date_ms, date_ms, None, EMPTY)
