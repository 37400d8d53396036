"""How far a participant has read, and what it has not (`protocol/conversations.md`, Read horizon).

The mark stands in the participant's item of the roster, for everybody, and in its own map of conversations.
"""

from tsock.clock import iso_ms
from tsock.conversations import objects, refusals
from tsock.conversations.models import MembershipData, ParticipantData
from tsock.conversations.tables import Conversation
from tsock.storage.store import Tx
from tsock.sync.actor import Actor
from tsock.sync.models import Root

_UNREAD = (
    "SELECT count(*) FROM (SELECT 1 FROM sync_list_items "
    "WHERE object_sid = :sid AND removed = 0 AND item_index > :mark LIMIT :limit) AS unread"
)


def index(tx: Tx, row: Conversation, given: int | None) -> int | None:
    """The mark that a given one comes to: at most the last message, and none where there is no message.

    Raises:
        ApiError: 50421, it is negative.
    """
    if given is None:
        return None
    if given < 0:
        raise refusals.bad_index()
    newest = objects.newest(tx, row.messages_sid)
    if newest is None:
        return None
    assert isinstance(newest.key, int)
    return min(given, newest.key)


def note(data: ParticipantData, mark: int | None, at_ms: int) -> None:
    """Set the mark in what the roster says of a participant."""
    data.last_consumed_message_index = mark
    data.last_consumption_timestamp = None if mark is None else iso_ms(at_ms)


def save(tx: Tx, by: Actor, own: Root, row: Conversation, mark: int | None) -> None:
    """Set the mark in the user's own map, which is claimed."""
    item = objects.item(tx, own.sid, row.sid)
    assert item is not None
    membership = objects.decoded(item, MembershipData)
    membership.last_consumed_message_index = mark
    objects.change(tx, by, own, item, membership)


def unread(tx: Tx, row: Conversation, mark: int | None, most: int) -> int | None:
    """How many messages lie behind the mark, `most` at most; None without one."""
    if mark is None:
        return None
    (found,) = tx.all(_UNREAD, {"sid": row.messages_sid, "mark": mark, "limit": most})
    return found[0]
