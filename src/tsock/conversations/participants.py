"""Who takes part in a conversation: with an identity, or by an address."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from tsock.clock import iso_ms
from tsock.conversations import (
    access,
    addresses,
    conversations,
    invite_tables,
    objects,
    push,
    read_marks,
    refusals,
    roles,
    states,
    tables,
    users,
    values,
    webhooks,
)
from tsock.conversations.actor import ChatActor
from tsock.conversations.addresses import Binding
from tsock.conversations.authorization import require
from tsock.conversations.conversations import Opened
from tsock.conversations.models import MembershipData, ParticipantData
from tsock.conversations.tables import Conversation, Place, User
from tsock.ids import is_sid
from tsock.storage.keyset import Cursor, Slice
from tsock.storage.store import Tx
from tsock.sync.models import Item, Root

CHAT = "chat"


class NewParticipant(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to be added: an identity, or a binding."""

    identity: str | None = None
    binding: Binding | None = None
    attributes: str = "{}"
    role_sid: str | None = None
    """Over REST only, as what follows."""
    created_ms: int | None = None
    updated_ms: int | None = None

    @property
    def outside(self) -> Binding | None:
        """The binding of somebody who has no identity."""
        is_identity = self.binding is None or (self.identity and self.binding.is_mask)
        return None if is_identity else self.binding


class ParticipantChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be set of a participant; what is unset keeps its value."""

    attributes: str | UnsetType = UNSET
    role_sid: str | UnsetType = UNSET
    last_read_message_index: int | UnsetType | None = UNSET
    last_read_ms: int | UnsetType | None = UNSET
    created_ms: int | UnsetType = UNSET
    updated_ms: int | UnsetType = UNSET


NO_CHANGE = ParticipantChange()


class Participant(msgspec.Struct):
    """A participant as the roster has it."""

    row: Conversation
    place: Place
    data: ParticipantData


def add(tx: Tx, actor: ChatActor, name: str, new: NewParticipant) -> Participant:
    """Add somebody, or join; who was invited has the role of its invitation.

    Raises:
        ApiError: 50350; 50430; 50107; 50377; 50433, 50416 it is in; 50417, 50418, 50214 too many; 50109 no
            such role; 50203 to 50207, 50211, 50407 to 50414, 50303, 50304 bad values.
    """
    row = conversations.find(tx, actor, name)
    outside = new.outside
    if outside is not None:
        return _add_outside(tx, actor, row, new, outside)
    identity = values.identity(new.identity, actor.limits)
    if new.binding is not None:
        addresses.check_mask(new.binding)
    opened = conversations.seen(tx, actor, row)
    joins = identity == actor.identity
    permission = "joinConversation" if joins else "addParticipant"
    if tables.place_of(tx, row.sid, identity) is not None:
        raise refusals.participant_exists(identity)
    require(tx, actor, permission, opened.role_sid)
    user = users.ensure(tx, actor, identity)
    roster, own = conversations.claim_roster(tx, row, user.conversations_sid)
    # Asked above so that nothing is made in vain, and here for good: nobody else comes or goes any more.
    user, opened = users.ensure(tx, actor, identity), conversations.seen(tx, actor, row)
    _require_room(tx, actor, opened, roster)
    if tables.place_of(tx, row.sid, identity) is not None:
        raise refusals.participant_exists(identity)
    most = actor.limits.conversations_per_user_max
    if tables.open_conversations(tx, actor.service_sid, identity, most) >= most:
        raise refusals.too_many_conversations(identity, most)
    invite = invite_tables.of_identity(tx, row.sid, identity)
    if invite is not None:
        new = replace(new, role_sid=new.role_sid or invite.role_sid)
        invite_tables.delete(tx, invite)
    place = Place(row.sid, tx.sid("MB"), row.service_sid, identity)
    is_creator = identity == opened.data.created_by
    data = _data(tx, actor, new, type=CHAT, identity=identity, is_creator=is_creator)
    data.user_info = user.info_sid
    if new.binding is not None:
        data.bindings = {"sms": addresses.shown(new.binding, "sms")}
    tables.insert_place(tx, place)
    by = actor.of_sync()
    objects.put(tx, by, roster, place.sid, data)
    channel = objects.name(row.sid, objects.CHANNEL)
    objects.put(tx, by, own, row.sid, MembershipData(channel))
    access.grant(tx, row, identity)
    push.of_addition(tx, actor, opened, identity)
    webhooks.of_participant(tx, actor, "onParticipantAdded", row, place, data)
    return Participant(row, place, data)


def add_all(tx: Tx, actor: ChatActor, name: str, many: Sequence[NewParticipant]) -> None:
    """Add several at once.

    Raises:
        ApiError: as `add`, of the first that cannot be added.
    """
    row = conversations.find(tx, actor, name)
    identities = {values.identity(new.identity, actor.limits) for new in many if new.outside is None}
    # In one order, or two that make the same users could wait for each other.
    maps = [users.ensure(tx, actor, identity).conversations_sid for identity in sorted(identities)]
    conversations.claim_roster(tx, row, *maps)
    for new in many:
        add(tx, actor, name, new)


def find(tx: Tx, actor: ChatActor, row: Conversation, name: str) -> Participant:
    """A participant of a conversation that was found, by SID or identity.

    Raises:
        ApiError: 50432.
    """
    place = _place(tx, row, name)
    item = objects.item(tx, row.roster_sid, place.sid)
    assert item is not None
    return Participant(row, place, objects.decoded(item, ParticipantData))


def fetch(tx: Tx, actor: ChatActor, name: str, who: str) -> Participant:
    """A participant of a conversation that the caller may see.

    Raises:
        ApiError: 50350; 50430; 50432.
    """
    return find(tx, actor, conversations.fetch(tx, actor, name).row, who)


def page(
    tx: Tx, actor: ChatActor, name: str, cursor: Cursor, size: int, *, identities: Sequence[str] = ()
) -> tuple[list[Participant], Slice]:
    """A page of a conversation's participants, the oldest first; of all or of some. Over REST only.

    Raises:
        ApiError: 50350.
    """
    return page_of_opened(tx, conversations.find(tx, actor, name), cursor, size, identities=identities)


def page_of_opened(
    tx: Tx, row: Conversation, cursor: Cursor, size: int, *, identities: Sequence[str] = ()
) -> tuple[list[Participant], Slice]:
    """The same of a conversation that was found."""
    found, rows = tables.page_of_roster(tx, row, identities, cursor, size)
    read = [Participant(row, place, msgspec.json.decode(data, type=ParticipantData)) for place, data in found]
    return read, rows


def page_of_users(
    tx: Tx, actor: ChatActor, name: str, after: str, size: int
) -> tuple[list[User], str | None]:
    """Up to `size` users who take part, in the order of participant SIDs; the last SID if more follow.

    Raises:
        ApiError: 50350; 50430.
    """
    row = conversations.fetch(tx, actor, name).row
    places = tables.places_behind(tx, row.sid, after, size + 1)
    found = [tables.user(tx, row.service_sid, place.identity) for place in places[:size] if place.identity]
    last = places[size - 1].sid if len(places) > size else None
    return [user for user in found if user is not None], last


def page_of_person(
    tx: Tx, actor: ChatActor, cursor: Cursor, size: int, *, identity: str | None, address: str | None
) -> tuple[list[Participant], Slice]:
    """A page of where an identity or an address takes part, in the order of conversation SIDs.

    Over REST only.
    """
    column, value = ("identity", identity) if identity else ("address", address)
    asked = {"service_sid": actor.service_sid, "value": value}
    places, rows = tables.page_of_places(
        tx, f"service_sid = :service_sid AND {column} = :value", asked, cursor, size
    )
    return [_participant(tx, place) for place in places], rows


def update(tx: Tx, actor: ChatActor, name: str, who: str, change: ParticipantChange) -> Participant:
    """Set what the change says.

    Raises:
        ApiError: 50350; 50430; 50432; 50107; 20161 nothing to change; 50109 no role; 50303, 50304, 50421.
    """
    row = conversations.find(tx, actor, name)
    place = _place(tx, row, who)
    user = tables.user(tx, row.service_sid, place.identity) if place.identity else None
    roster, *own = conversations.claim_roster(tx, row, *([user.conversations_sid] if user else []))
    opened = conversations.seen(tx, actor, row)
    if change == NO_CHANGE:
        raise refusals.nothing_to_change()
    if change.attributes is not UNSET:
        mine = place.identity == actor.identity
        everybody = "editAnyParticipantAttributes"
        permission = "editOwnParticipantAttributes" if mine else everybody
        require(tx, actor, permission, opened.role_sid, instead=everybody)
    states.require_changeable(actor, opened.data)
    item = _item(tx, roster, place)
    data = objects.decoded(item, ParticipantData)
    if change.attributes is not UNSET:
        data.attributes = values.attributes(change.attributes, actor.limits.attributes_bytes_max)
    if change.role_sid is not UNSET:
        data.role_sid = roles.find(tx, actor.service_sid, change.role_sid, "conversation", 50109).sid
    if change.created_ms is not UNSET:
        data.date_created = iso_ms(change.created_ms)
    data.date_updated = iso_ms(tx.date_ms if change.updated_ms is UNSET else change.updated_ms)
    if change.last_read_message_index is not UNSET:
        index = read_marks.index(tx, row, change.last_read_message_index)
        at_ms = tx.date_ms if not change.last_read_ms else change.last_read_ms
        read_marks.note(data, index, at_ms)
        for conversations_map in own:
            read_marks.save(tx, actor.of_sync(), conversations_map, row, index)
    elif change.last_read_ms is not UNSET:
        data.last_consumption_timestamp = None if change.last_read_ms is None else iso_ms(change.last_read_ms)
    objects.change(tx, actor.of_sync(), roster, item, data)
    webhooks.of_participant(tx, actor, "onParticipantUpdated", row, place, data)
    return Participant(row, place, data)


def remove(tx: Tx, actor: ChatActor, name: str, who: str) -> Participant:
    """Take somebody out, or leave: access ends at once.

    Raises:
        ApiError: 50350; 50430; 50432; 50107.
    """
    row = conversations.find(tx, actor, name)
    opened = conversations.seen(tx, actor, row)
    place = _place(tx, row, who)
    leaves = place.identity == actor.identity
    require(
        tx,
        actor,
        "leaveConversation" if leaves else "removeParticipant",
        opened.role_sid,
        instead="removeParticipant",
    )
    push.of_removal(tx, actor, opened, place.identity)
    return take_out(tx, actor, row, place)


def take_out(tx: Tx, actor: ChatActor, row: Conversation, place: Place) -> Participant:
    """Take a participant out, whoever has it done.

    Raises:
        ApiError: 50350, 50432, somebody else was faster.
    """
    if place.identity is None:
        (roster,) = conversations.claim_roster(tx, row)
        own = None
    else:
        user = tables.user(tx, row.service_sid, place.identity)
        assert user is not None
        roster, own = conversations.claim_roster(tx, row, user.conversations_sid)
    item = _item(tx, roster, place)
    data = objects.decoded(item, ParticipantData)
    objects.bury(tx, roster, item)
    if own is not None and place.identity is not None:
        conversations.forget(tx, row, own)
    tables.delete_place(tx, place)
    if place.identity is not None:
        access.withdraw(tx, row, place.identity)
    webhooks.of_participant(tx, actor, "onParticipantRemoved", row, place, data)
    return Participant(row, place, data)


def _participant(tx: Tx, place: Place) -> Participant:
    row = tables.by_sid(tx, place.conversation_sid)
    assert row is not None
    item = objects.item(tx, row.roster_sid, place.sid)
    assert item is not None
    return Participant(row, place, objects.decoded(item, ParticipantData))


def _place(tx: Tx, row: Conversation, name: str) -> Place:
    place = tables.place_of(tx, row.sid, name)
    if place is None and is_sid(name):
        place = tables.place(tx, row.sid, name)
    if place is None:
        raise refusals.participant_not_found(name)
    return place


def _item(tx: Tx, roster: Root, place: Place) -> Item:
    """What the claimed roster says of a participant, who may have gone before it was claimed."""
    item = objects.item(tx, roster.sid, place.sid)
    if item is None:
        raise refusals.participant_not_found(place.sid)
    return item


def _require_room(tx: Tx, actor: ChatActor, opened: Opened, roster: Root) -> None:
    states.require_changeable(actor, opened.data)
    most = actor.limits.participants_max
    if roster.item_count >= most:
        raise refusals.too_many_participants(most)


def _data(
    tx: Tx,
    actor: ChatActor,
    new: NewParticipant,
    *,
    type: str,  # noqa: A002 - the member's name
    identity: str | None = None,
    is_creator: bool = False,
) -> ParticipantData:
    if new.role_sid is not None:
        role_sid = roles.find(tx, actor.service_sid, new.role_sid, "conversation", 50109).sid
    else:
        role_sid = roles.of_newcomer(tx, actor.service_sid, actor.options, is_creator=is_creator)
    return ParticipantData(
        type=type,
        role_sid=role_sid,
        date_created=iso_ms(new.created_ms or tx.date_ms),
        date_updated=iso_ms(new.updated_ms or tx.date_ms),
        identity=identity,
        attributes=values.attributes(new.attributes, actor.limits.attributes_bytes_max),
    )


def _add_outside(
    tx: Tx, actor: ChatActor, row: Conversation, new: NewParticipant, binding: Binding
) -> Participant:
    if new.identity:
        raise refusals.identity_and_address()
    kind = addresses.check(binding)
    (roster,) = conversations.claim_roster(tx, row)
    opened = conversations.seen(tx, actor, row)
    require(tx, actor, "addNonChatParticipant", opened.role_sid)
    _require_room(tx, actor, opened, roster)
    most = actor.limits.outside_participants_max
    if tables.outside(tx, row.sid, most) >= most:
        raise refusals.too_many_outside(most)
    proxy = binding.proxy_address or ""
    tx.lock(f"chat_participants {row.service_sid} {binding.address} {proxy}")  # in whichever conversation
    if tables.pair_in_use(tx, row.service_sid, binding.address, proxy):
        raise refusals.pair_in_use()
    place = Place(row.sid, tx.sid("MB"), row.service_sid, None, binding.address, proxy)
    data = _data(tx, actor, new, type=kind)
    data.bindings = {kind: addresses.shown(binding, kind)}
    tables.insert_place(tx, place)
    objects.put(tx, actor.of_sync(), roster, place.sid, data)
    webhooks.of_participant(tx, actor, "onParticipantAdded", row, place, data)
    return Participant(row, place, data)
