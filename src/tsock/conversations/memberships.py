"""A user's own conversations: which they are, how far it has read, whether it is notified."""

import msgspec

from tsock.clock import iso_ms
from tsock.conversations import conversations, objects, read_marks, refusals, tables, users
from tsock.conversations.actor import ChatActor
from tsock.conversations.authorization import require
from tsock.conversations.models import ConversationData, MembershipData, ParticipantData
from tsock.conversations.tables import Conversation, Place, User
from tsock.storage.store import Tx


class Membership(msgspec.Struct):
    """One of them."""

    row: Conversation
    place: Place
    own: MembershipData


def page(tx: Tx, actor: ChatActor, user: User, after: str, size: int) -> tuple[list[Membership], str | None]:
    """Up to `size` of a user's conversations behind a SID, in that order; the last SID if more follow."""
    places = tables.places_of_identity(tx, actor.service_sid, user.identity, after, size + 1)
    more = len(places) > size
    found = [_membership(tx, user, place) for place in places[:size]]
    return found, found[-1].row.sid if more else None


def find(tx: Tx, actor: ChatActor, identity: str, row: Conversation) -> Membership:
    """The caller's, or over REST another user's.

    Raises:
        ApiError: 50430, it takes no part.
    """
    place = tables.place_of(tx, row.sid, identity)
    if place is None:
        raise refusals.not_a_participant()
    return _membership(tx, users.find(tx, actor, identity), place)


def set_read_mark(tx: Tx, actor: ChatActor, identity: str, name: str, given: int | None) -> Membership:
    """Set or clear how far a user has read.

    Raises:
        ApiError: 50350; 50430; 50421.
    """
    row = conversations.find(tx, actor, name)
    user = users.ensure(tx, actor, identity)
    roster, own = objects.claim(tx, row.roster_sid, user.conversations_sid)
    membership = find(tx, actor, identity, row)
    mark = read_marks.index(tx, row, given)
    by = actor.of_sync()
    read_marks.save(tx, by, own, row, mark)
    item = objects.item(tx, roster.sid, membership.place.sid)
    assert item is not None
    data = objects.decoded(item, ParticipantData)
    read_marks.note(data, mark, tx.now_ms)
    data.date_updated = iso_ms(tx.now_ms)
    objects.change(tx, by, roster, item, data)
    membership.own.last_consumed_message_index = mark
    return membership


def set_notification_level(tx: Tx, actor: ChatActor, identity: str, name: str, level: str) -> Membership:
    """Set whether a user is notified of new messages.

    Raises:
        ApiError: 50350; 50430; 50107; 50210.
    """
    row = conversations.find(tx, actor, name)
    user = users.ensure(tx, actor, identity)
    (own,) = objects.claim(tx, user.conversations_sid)
    membership = find(tx, actor, identity, row)
    if level not in ("default", "muted"):
        raise refusals.bad_level()
    require(tx, actor, "editNotificationLevel", conversations.seen(tx, actor, row).role_sid)
    item = objects.item(tx, own.sid, row.sid)
    assert item is not None
    membership.own.notification_level = level
    objects.change(tx, actor.of_sync(), own, item, membership.own)
    return membership


def data_of(tx: Tx, row: Conversation) -> ConversationData:
    """What the document of a conversation says."""
    return objects.decoded(objects.read(tx, row.document_sid), ConversationData)


def _membership(tx: Tx, user: User, place: Place) -> Membership:
    row = tables.by_sid(tx, place.conversation_sid)
    item = objects.item(tx, user.conversations_sid, place.conversation_sid)
    assert row is not None
    assert item is not None
    return Membership(row, place, objects.decoded(item, MembershipData))
