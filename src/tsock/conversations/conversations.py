"""Conversations: made, found, changed, removed (`protocol/conversations.md`, Conversations)."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tsock.clock import iso_ms
from tsock.conversations import (
    access,
    defaults,
    invite_tables,
    media,
    objects,
    refusals,
    scoped_tables,
    states,
    tables,
    values,
    webhooks,
)
from tsock.conversations.actor import ChatActor
from tsock.conversations.authorization import require
from tsock.conversations.models import ChannelType, ConversationData, ParticipantData, State, StateName
from tsock.conversations.tables import Conversation, Part, Place
from tsock.ids import is_sid
from tsock.storage.keyset import Cursor, Slice
from tsock.storage.store import Tx
from tsock.sync.models import Root
from tsock.sync.tables import claimed


class ConversationChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be set of a conversation; what is unset keeps its value, or has that of a new one."""

    friendly_name: str | UnsetType | None = UNSET
    unique_name: str | UnsetType | None = UNSET
    attributes: str | UnsetType = UNSET
    type: ChannelType | UnsetType = UNSET
    state: StateName | UnsetType = UNSET
    """Over REST only, as all that follows."""
    inactive_after: str | UnsetType = UNSET
    closed_after: str | UnsetType = UNSET
    messaging_service_sid: str | UnsetType | None = UNSET
    created_ms: int | UnsetType = UNSET
    updated_ms: int | UnsetType = UNSET
    created_by: str | UnsetType = UNSET
    email: dict[str, str] | UnsetType = UNSET
    """Name and address that e-mail leaves from."""


NO_CHANGE = ConversationChange()


class Opened(msgspec.Struct):
    """A conversation with what its document says, and how its caller takes part."""

    row: Conversation
    document: Root
    data: ConversationData
    own: Place | None = None
    """Where the caller takes part."""
    part: ParticipantData | None = None
    """What the roster says of that."""

    @property
    def role_sid(self) -> str | None:
        """The caller's role in it."""
        return None if self.part is None else self.part.role_sid


def create(tx: Tx, actor: ChatActor, change: ConversationChange = NO_CHANGE) -> Opened:
    """Make a conversation; its creator is not yet a participant.

    Raises:
        ApiError: 50107 no permission; 50003, 50004, 50303, 50304, 50390 bad values; 50353 the name is taken;
            50384 it cannot start closed; 50375, 50376, 50379, 50380 bad timers.
    """
    require(tx, actor, "createConversation")
    if change.state == "closed":
        raise states.cannot_start_closed()
    sid, now, by = tx.sid("CH"), iso_ms(tx.date_ms), actor.of_sync()
    messages = objects.create(tx, by, sid, objects.MESSAGES)
    roster = objects.create(tx, by, sid, objects.ROSTER)
    data = ConversationData(
        messages=messages.unique_name or "",
        roster=roster.unique_name or "",
        created_by=actor.identity,
        date_created=now,
        date_updated=now,
        state=State("active", now),
    )
    row = Conversation(
        sid=sid,
        service_sid=actor.service_sid,
        document_sid="",
        messages_sid=messages.sid,
        roster_sid=roster.sid,
        created_ms=tx.date_ms,
        unique_name=None,
        state="active",
    )
    _begin(tx, actor, row)
    _apply(tx, actor, row, data, change)
    document = objects.create(tx, by, sid, objects.CHANNEL, data)
    row.document_sid = document.sid
    tables.insert_conversation(tx, row)
    webhooks.of_conversation(tx, actor, "onConversationAdded", row, data)
    return Opened(row, document, data)


class Range(msgspec.Struct, frozen=True):
    """Which conversations a list shows: all, or those in a state, or made in a span of time."""

    state: StateName | None = None
    from_ms: int | None = None
    until_ms: int | None = None
    """The last millisecond of the span."""


def page(
    tx: Tx, actor: ChatActor, span: Range, place: Cursor, size: int
) -> tuple[list[tuple[Conversation, ConversationData]], Slice]:
    """A page of a service's conversations with what their documents say, the oldest first; over REST only."""
    where, asked = "service_sid = :service_sid", dict[str, Any](service_sid=actor.service_sid)
    for condition, name, value in (
        ("state = :state", "state", span.state),
        ("created_ms >= :from_ms", "from_ms", span.from_ms),
        ("created_ms <= :until_ms", "until_ms", span.until_ms),
    ):
        if value is not None:
            where, asked[name] = f"{where} AND {condition}", value
    found, rows = tables.page_of_conversations(tx, where, asked, place, size)
    return [(row, data_of(tx, row)) for row in found], rows


def data_of(tx: Tx, row: Conversation) -> ConversationData:
    """What the document of a conversation says."""
    return objects.decoded(objects.read(tx, row.document_sid), ConversationData)


def find(tx: Tx, actor: ChatActor, name: str) -> Conversation:
    """The conversation with this SID or unique name.

    Raises:
        ApiError: 50350.
    """
    get = tables.conversation if is_sid(name, "CH") else tables.conversation_named
    row = get(tx, actor.service_sid, name)
    if row is None:
        raise refusals.conversation_not_found(name)
    return row


def claim(tx: Tx, actor: ChatActor, name: str, part: Part) -> tuple[Opened, Root]:
    """Claim a conversation that the caller may see: its row, its document and its messages or its roster.

    Raises:
        ApiError: 50350; 50430, it is for others.
    """
    found = tables.claimed(tx, actor.service_sid, name, part, by_sid=is_sid(name, "CH"))
    if found is None:
        raise refusals.conversation_not_found(name)
    row, document, other = found
    return entered(tx, actor, row, document), other


def claim_roster(tx: Tx, row: Conversation, *maps: str) -> list[Root]:
    """Claim the roster of a conversation that was found, and maps of users.

    Until this transaction has ended nobody else comes or goes, and the conversation does not end, close or
    change its name.

    Raises:
        ApiError: 50350, it was removed meanwhile.
    """
    sids = (row.roster_sid, *maps)
    found = claimed(tx, sids)
    if not found.keys() >= set(sids):
        raise refusals.conversation_not_found(row.sid)
    return [found[sid] for sid in sids]


def fetch(tx: Tx, actor: ChatActor, name: str) -> Opened:
    """Read a conversation that the caller may see.

    Raises:
        ApiError: 50350; 50430, it is for others.
    """
    return seen(tx, actor, find(tx, actor, name))


def seen(tx: Tx, actor: ChatActor, row: Conversation) -> Opened:
    """The same of a conversation that was found.

    Raises:
        ApiError: 50350, it was removed meanwhile; 50430, it is for others.
    """
    document = objects.find(tx, row.document_sid)
    if document is None:
        raise refusals.conversation_not_found(row.sid)
    return entered(tx, actor, row, document)


def entered(tx: Tx, actor: ChatActor, row: Conversation, document: Root) -> Opened:
    """A conversation as the caller may see it, with its document as a rule claimed it.

    Raises:
        ApiError: 50430, it is for others.
    """
    opened = Opened(row, document, objects.decoded(document, ConversationData))
    if not actor.is_bound:
        return opened
    seat = tables.seat(tx, row, actor.identity)
    if seat is not None:
        opened.own, opened.part = seat[0], msgspec.json.decode(seat[1], type=ParticipantData)
    elif not (
        access.created(document, actor.identity)
        or invite_tables.of_identity(tx, row.sid, actor.identity)
        or access.administers(tx, actor.service_sid, actor.identity)
    ):
        raise refusals.not_a_participant()
    return opened


def update(tx: Tx, actor: ChatActor, name: str, change: ConversationChange) -> Opened:
    """Set what the change says.

    Raises:
        ApiError: 50350; 50430; 50107; 50377 closed; 20161 nothing to change; for bad values as `create`.
    """
    # With the roster: whoever has claimed that relies on the state.
    opened, _ = claim(tx, actor, name, "roster_sid")
    row, document = opened.row, opened.document
    if change == NO_CHANGE:
        raise refusals.nothing_to_change()
    if change.friendly_name is not UNSET or change.unique_name is not UNSET:
        require(tx, actor, "editConversationName", opened.role_sid)
    if change.attributes is not UNSET:
        require(tx, actor, "editConversationAttributes", opened.role_sid)
    states.require_changeable(actor, opened.data)
    before = opened.data.state.current
    _apply(tx, actor, row, opened.data, change)
    if change.updated_ms is UNSET:
        opened.data.date_updated = iso_ms(tx.date_ms)
    tables.save_conversation(tx, row)
    objects.save_document(tx, document, opened.data)
    webhooks.of_conversation(tx, actor, "onConversationUpdated", row, opened.data)
    webhooks.of_state(tx, actor, row, before, opened.data.state.current, "API")
    return opened


def remove(tx: Tx, actor: ChatActor, name: str) -> Conversation:
    """End a conversation; each participant is told before anything of it is gone.

    Raises:
        ApiError: 50350; 50430; 50107.
    """
    opened, messages = claim(tx, actor, name, "messages_sid")
    row = opened.row
    require(tx, actor, "deleteConversation", opened.role_sid)
    expected = _maps(tx, row)
    roster, *_ = claim_roster(tx, row, *expected)
    # Who came before the roster was claimed is claimed behind it: rarely enough for a deadlock now and then.
    maps = _maps(tx, row)
    for conversations in objects.claim(tx, *maps):
        forget(tx, row, conversations)
    # No right to read is revoked: subscriptions end with the objects, by events that some clients wait for.
    for part in (opened.document, messages, roster):
        objects.retire(tx, part)
    webhooks.of_conversation(tx, actor, "onConversationRemoved", row, opened.data)
    scoped_tables.delete_all(tx, row.sid)
    invite_tables.delete_all(tx, row.sid)
    media.release_of_conversation(tx, row.sid)
    tables.delete_conversation(tx, row.sid)
    return row


def forget(tx: Tx, row: Conversation, conversations: Root) -> None:
    """Take a conversation out of the claimed map of one of its participants."""
    item = objects.item(tx, conversations.sid, row.sid)
    if item is not None:
        objects.bury(tx, conversations, item)


def _maps(tx: Tx, row: Conversation) -> list[str]:
    """The maps of those who take part or are invited."""
    identities = [place.identity for place in tables.places(tx, row.sid) if place.identity]
    identities += [invite.identity for invite in invite_tables.of_conversation(tx, row.sid)]
    return [_user(tx, row, identity).conversations_sid for identity in identities]


def _user(tx: Tx, row: Conversation, identity: str) -> tables.User:
    user = tables.user(tx, row.service_sid, identity)
    assert user is not None, f"{identity} takes part and is no user"
    return user


def _begin(tx: Tx, actor: ChatActor, row: Conversation) -> None:
    """Give a new conversation what its account has for those."""
    given = defaults.of_account(tx, actor.account_sid)
    row.messaging_service_sid = given.messaging_service_sid
    row.inactive_after, row.closed_after = given.inactive_after, given.closed_after
    states.rewind(tx, row)


def _apply(
    tx: Tx, actor: ChatActor, row: Conversation, data: ConversationData, change: ConversationChange
) -> None:
    limits = actor.limits
    if change.friendly_name is not UNSET:
        data.friendly_name = values.friendly_name(change.friendly_name, limits)
    if change.unique_name is not UNSET:
        name = values.unique_name(change.unique_name, limits)
        holder = None if name is None else tables.conversation_named(tx, actor.service_sid, name)
        if name is not None and holder is not None and holder.sid != row.sid:
            raise refusals.name_taken(name)
        row.unique_name = data.unique_name = name
    if change.attributes is not UNSET:
        data.attributes = values.attributes(change.attributes, limits.conversation_attributes_bytes_max)
    if change.type is not UNSET:
        data.type = change.type
    if change.created_by is not UNSET:
        data.created_by = values.identity(change.created_by, limits)
    if change.messaging_service_sid is not UNSET:
        row.messaging_service_sid = change.messaging_service_sid or None
    if change.email is not UNSET:
        bindings: dict[str, Any] = {} if data.bindings is UNSET else data.bindings
        data.bindings = {**bindings, "email": change.email}
    if change.created_ms is not UNSET:
        row.created_ms, data.date_created = change.created_ms, iso_ms(change.created_ms)
    if change.updated_ms is not UNSET:
        data.date_updated = iso_ms(change.updated_ms)
    states.set_timers(tx, row, inactive_after=change.inactive_after, closed_after=change.closed_after)
    if change.state is not UNSET and change.state != data.state.current:
        states.move(tx, row, data, change.state)
