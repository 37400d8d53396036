"""What a subscriber has missed, read from the rows themselves (`protocol/sync.md`, Replay).

There is no event table. A document is sent as it is now; of a list or map each item changed since then is
sent once, at its latest change, and removed ones as removals, in the order of those changes.
"""

from collections.abc import Sequence

from tsock.events import Event, Replay
from tsock.storage.store import Tx
from tsock.sync import announce, epochs, tables
from tsock.sync.actor import Actor
from tsock.sync.item_tables import items_of
from tsock.sync.kinds import DOCUMENT, LIST, STREAM
from tsock.sync.models import Item, Root, is_live

LATE_MS = 15_000
"""So much earlier than its commit a change may be dated by another node: its rule has a date when it begins,
and may wait for others, and then for the disk. What nodes' clocks differ by is covered by far."""


def standing(tx: Tx, actor: Actor, sids: Sequence[str]) -> dict[str, Root]:
    """Those of 1 to 1000 objects that exist for the actor, by SID, read with one statement.

    Which of them it may read is `permissions.readable`.
    """
    return {
        root.sid: root
        for root in tables.by_sids(tx, sids)
        if root.service_sid == actor.service_sid and is_live(root, tx.now_ms)
    }


def since(tx: Tx, root: Root, after: int, limit: int, known: int | None = None) -> Replay:
    """Up to `limit` (at least 1) events above `after` of an object as `standing` found it.

    A client with a number of an earlier epoch is sent every item, and first the end of those it may have seen
    in a list and that are lost.

    Where this goes on with an interrupted replay, `known` is the number that one began behind: an item made
    since then and changed again has not been told yet, and goes out as added.
    """
    known = after if known is None else known
    kind = root.kind
    after = max(after, -1)  # no event has a number below 0, whatever a client says
    if kind is STREAM or after >= root.last_event_id:
        return Replay([], root.last_event_id, completed=True)
    if kind is DOCUMENT:
        events = [announce.document_updated(_with_data(tx, root), None)]
        return Replay(events, root.last_event_id, completed=True)
    if epochs.is_earlier(known, root):
        known = epochs.known(tx, root, known)
    events = [_latest(root, item, known) for item in items_of(kind).changed(tx, root.sid, after, limit + 1)]
    if kind is LIST and root.context_event_id > after:
        events.append(announce.context_updated(_with_data(tx, root), None))
        events.sort(key=_number)
    lost = epochs.lost_items(tx, root, after) if kind is LIST and epochs.is_earlier(after, root) else []
    if len(events) <= limit:
        return Replay(lost + events, root.last_event_id, completed=True)
    return Replay(lost + events[:limit], _number(events[limit - 1]), completed=False)


def of_object(tx: Tx, sid: str, after: int, limit: int, known: int) -> Replay | None:
    """The same of the object with this SID; None if it is gone."""
    root = tables.by_sid(tx.one, sid)
    return None if root is None else since(tx, root, after, limit, known)


def counter_at(tx: Tx, root: Root, at_ms: int) -> int:
    """What the counter of a list or map was at that time, or less.

    It is `after` for a client that knows no number but read everything then.
    """
    if root.date_updated_ms < at_ms:
        return root.last_event_id
    # What was committed since then has that date or a later one: wherever the halving ends, nothing committed
    # since lies below.
    table = items_of(root.kind)
    low, high = root.kind.first_event_id, root.last_event_id
    while low < high:
        middle = (low + high + 1) // 2
        number, date_ms = table.change_from(tx, root.sid, middle) or (middle, at_ms)
        if date_ms < at_ms:
            low = number
        else:
            high = middle - 1
    return low


def _latest(root: Root, item: Item, known: int) -> Event:
    if item.removed:
        return announce.item_removed(root, item, None)
    if item.created_event_id > known:
        return announce.item_added(root, item, None)
    return announce.item_updated(root, item, None)


def _with_data(tx: Tx, root: Root) -> Root:
    found = tables.by_sid(tx.one, root.sid, with_data=True)
    assert found is not None
    return found


def _number(event: Event) -> int:
    assert event.seq is not None
    return event.seq
