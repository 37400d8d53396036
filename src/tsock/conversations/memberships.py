"""A user's own conversations: which they are, how far it has read, whether it is notified."""

import msgspec

from tsock.clock import iso_ms
from tsock.conversations import conversations, objects, read_marks, refusals, tables, users, webhooks
from tsock.conversations.actor import ChatActor
from tsock.conversations.authorization import require
from tsock.conversations.models import MembershipData, ParticipantData
from tsock.conversations.tables import Conversation, Place, User
from tsock.errors import not_found
from tsock.storage.keyset import Cursor, Slice
from tsock.storage.store import Tx
from tsock.sync.models import Item, Root


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


def page_of_map(
    tx: Tx, user: User, after: str, size: int
) -> tuple[list[tuple[Conversation, MembershipData]], str | None]:
    """The same as the user's map has it, where it is invited as well."""
    items = objects.entries(tx, user.conversations_sid, after, size + 1)
    more = len(items) > size
    found: list[tuple[Conversation, MembershipData]] = []
    for item in items[:size]:
        row = tables.by_sid(tx, str(item.key))
        assert row is not None
        found.append((row, objects.decoded(item, MembershipData)))
    return found, found[-1][0].sid if more else None


def page_of_all(
    tx: Tx, actor: ChatActor, user: User, cursor: Cursor, size: int
) -> tuple[list[Membership], Slice]:
    """A page of a user's conversations in the order of their SIDs, and what lies beside it."""
    where = "service_sid = :service_sid AND identity = :identity"
    asked = {"service_sid": actor.service_sid, "identity": user.identity}
    places, rows = tables.page_of_places(tx, where, asked, cursor, size)
    return [_membership(tx, user, place) for place in places], rows


def find(tx: Tx, actor: ChatActor, identity: str, row: Conversation) -> Membership:
    """The caller's, or over REST another user's.

    Raises:
        ApiError: 50430, it takes no part.
    """
    place = tables.place_of(tx, row.sid, identity)
    found = None if place is None else _look(tx, users.find(tx, actor, identity), place)
    if found is None:
        raise refusals.not_a_participant()
    return found


def named(tx: Tx, actor: ChatActor, user: User, name: str) -> Membership:
    """One of a user's by SID or unique name of the conversation; over REST only.

    Raises:
        ApiError: 404/20404, it takes no part in such a one.
    """
    row = conversations.find(tx, actor, name)
    place = tables.place_of(tx, row.sid, user.identity)
    found = None if place is None else _look(tx, user, place)
    if found is None:
        raise not_found(f"{user.identity[:64]} takes no part in {name[:64]}")
    return found


def set_read_mark(
    tx: Tx, actor: ChatActor, identity: str, name: str, given: int | None, *, at_ms: int | None = None
) -> Membership:
    """Set or clear how far a user has read, now or at a moment.

    Raises:
        ApiError: 50350; 50430; 50421.
    """
    row = conversations.find(tx, actor, name)
    user = users.ensure(tx, actor, identity)
    roster, own = conversations.claim_roster(tx, row, user.conversations_sid)
    membership = find(tx, actor, identity, row)
    mark = read_marks.index(tx, row, given)
    read_marks.save(tx, actor.of_sync(), own, row, mark)
    item, data = _in_roster(tx, roster, membership.place)
    read_marks.note(data, mark, tx.date_ms if at_ms is None else at_ms)
    _save(tx, actor, membership, roster, item, data)
    membership.own.last_consumed_message_index = mark
    return membership


def set_read_date(tx: Tx, actor: ChatActor, identity: str, name: str, at_ms: int) -> Membership:
    """Set only when a user has read; over REST only.

    Raises:
        ApiError: 50350; 50430.
    """
    row = conversations.find(tx, actor, name)
    user = users.ensure(tx, actor, identity)
    roster, _ = conversations.claim_roster(tx, row, user.conversations_sid)
    membership = find(tx, actor, identity, row)
    item, data = _in_roster(tx, roster, membership.place)
    data.last_consumption_timestamp = iso_ms(at_ms)
    _save(tx, actor, membership, roster, item, data)
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


def _in_roster(tx: Tx, roster: Root, place: Place) -> tuple[Item, ParticipantData]:
    item = objects.item(tx, roster.sid, place.sid)
    assert item is not None
    return item, objects.decoded(item, ParticipantData)


def _save(
    tx: Tx, actor: ChatActor, membership: Membership, roster: Root, item: Item, data: ParticipantData
) -> None:
    data.date_updated = iso_ms(tx.date_ms)
    objects.change(tx, actor.of_sync(), roster, item, data)
    webhooks.of_participant(tx, actor, "onParticipantUpdated", membership.row, membership.place, data)


def _membership(tx: Tx, user: User, place: Place) -> Membership:
    """For a query, which sees one state."""
    found = _look(tx, user, place)
    assert found is not None
    return found


def _look(tx: Tx, user: User, place: Place) -> Membership | None:
    """None for a rule that has claimed nothing yet, where the user went a moment ago."""
    row = tables.by_sid(tx, place.conversation_sid)
    item = objects.item(tx, user.conversations_sid, place.conversation_sid)
    if row is None or item is None:
        return None
    return Membership(row, place, objects.decoded(item, MembershipData))
