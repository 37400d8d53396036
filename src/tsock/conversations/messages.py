"""Messages: sent, changed, removed (`protocol/conversations.md`, Messages).

A message is an item of the conversation's list, and its index there is its own. Its SID ends in that index,
so that it is found without a table of its own.
"""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from tsock.clock import iso_ms
from tsock.conversations import (
    conversations,
    media,
    objects,
    push,
    refusals,
    states,
    tables,
    values,
    webhooks,
)
from tsock.conversations.actor import ChatActor
from tsock.conversations.authorization import require
from tsock.conversations.conversations import Opened
from tsock.conversations.models import Delivery, LastMessage, MessageData, RemovedMessage
from tsock.conversations.tables import Conversation
from tsock.conversations.templates import Content
from tsock.errors import ApiError
from tsock.ids import is_sid
from tsock.storage.keyset import Cursor, Listing, Slice, slice_at
from tsock.storage.store import Tx
from tsock.storage.texts import refuse_nul
from tsock.sync.models import Item, Root

_INDEX_DIGITS = 8
AUTHOR_CHARS_MAX = 256

_OLDEST_FIRST = Listing("SELECT item_index, data FROM sync_list_items", ("item_index",))
_NEWEST_FIRST = replace(_OLDEST_FIRST, descending=True)


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent."""

    body: str | None = None
    subject: str | None = None
    attributes: str = "{}"
    media_sids: Sequence[str] = ()
    """Uploads that become the message's."""
    author: str | None = None
    """Over REST, or by a pre-action hook; else who sends it."""
    content: Content | None = None
    """Of a template, whose text is the body already."""
    created_ms: int | None = None
    """Over REST only, as is `updated_ms`."""
    updated_ms: int | None = None


class MessageChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be set of a message; what is unset keeps its value."""

    body: str | UnsetType | None = UNSET
    subject: str | UnsetType | None = UNSET
    attributes: str | UnsetType = UNSET
    author: str | UnsetType = UNSET
    created_ms: int | UnsetType = UNSET
    updated_ms: int | UnsetType = UNSET


NO_CHANGE = MessageChange()


class Message(msgspec.Struct):
    """A message in its conversation."""

    row: Conversation
    index: int
    data: MessageData


def send(tx: Tx, actor: ChatActor, name: str, new: NewMessage) -> Message:
    """Append a message.

    Raises:
        ApiError: 50350; 50430; 50107; 50377, 50386 it takes none; 50504, 50303, 50304, 50310 bad values; for
            media as `media.take`.
        StoreDown: the file of its template was stored too long ago.
    """
    opened, messages = _claim(tx, actor, name)
    row = opened.row
    require(tx, actor, "sendMediaMessage" if new.media_sids else "sendMessage", opened.role_sid)
    states.require_open(actor, opened.data)
    index, now = messages.next_index, iso_ms(new.created_ms or tx.date_ms)
    data = MessageData(
        sid=_sid(tx, index),
        author=actor.identity,
        member_sid=opened.own.sid if opened.own is not None else None,
        text=values.body(new.body, actor.limits),
        timestamp=now,
        date_updated=iso_ms(new.updated_ms) if new.updated_ms else now,
        subject=values.subject(new.subject),
        attributes=values.attributes(new.attributes, actor.limits.attributes_bytes_max),
    )
    if new.author is not None:
        _set_author(tx, row, data, new.author)
    outside = tables.outside(tx, row.sid, actor.limits.outside_participants_max)
    if outside:
        data.delivery = Delivery(outside)
    if new.media_sids:
        data.type = "media"
        data.medias = media.take(tx, actor, new.media_sids, conversation_sid=row.sid, message_sid=data.sid)
        data.media = data.medias[0]
    if new.content is not None:
        _fill_in(tx, actor, row, data, new.content)
    by = actor.of_sync()
    objects.push(tx, by, messages, data)
    opened.data.last_message = LastMessage(index, data.timestamp)
    before = opened.data.state.current
    moved = before == "inactive"
    if moved:
        states.move(tx, row, opened.data, "active")
    if states.rewind(tx, row) or moved:
        tables.save_conversation(tx, row)
    objects.save_document(tx, opened.document, opened.data)
    push.of_message(tx, actor, opened, index, data)
    webhooks.of_message(tx, actor, "onMessageAdded", row, index, data)
    webhooks.of_state(tx, actor, row, before, opened.data.state.current, "EVENT")
    return Message(row, index, data)


def fetch(tx: Tx, actor: ChatActor, name: str, sid: str) -> Message:
    """A message that the caller may see.

    Raises:
        ApiError: 50350; 50430; 50500.
    """
    opened = conversations.fetch(tx, actor, name)
    _require_own(actor, opened)
    return _message(tx, opened.row, sid)[0]


def page(
    tx: Tx, actor: ChatActor, name: str, place: Cursor, size: int, *, descending: bool
) -> tuple[list[Message], Slice]:
    """A page of a conversation's messages in the order of their indexes, or against it; over REST only.

    Raises:
        ApiError: 50350.
    """
    row = conversations.find(tx, actor, name)
    order = _NEWEST_FIRST if descending else _OLDEST_FIRST
    rows = slice_at(tx, order, "object_sid = :sid AND removed = 0", {"sid": row.messages_sid}, place, size)
    found = [Message(row, index, msgspec.json.decode(data, type=MessageData)) for index, data in rows.rows]
    return found, rows


def update(tx: Tx, actor: ChatActor, name: str, sid: str, change: MessageChange) -> Message:
    """Set what the change says, of the message as it is by then.

    Raises:
        ApiError: 50350; 50430; 50500; 50107; 50377; 20161 nothing to change; 50504, 50303, 50304, 50310.
    """
    opened, messages = _claim(tx, actor, name)
    row = opened.row
    message, item = _message(tx, row, sid)
    if change == NO_CHANGE:
        raise refusals.nothing_to_change()
    own = message.data.author == actor.identity
    if change.body is not UNSET or change.subject is not UNSET:
        permission = "editOwnMessage" if own else "editAnyMessage"
        require(tx, actor, permission, opened.role_sid, instead="editAnyMessage")
    if change.attributes is not UNSET:
        everybody = "editAnyMessageAttributes"
        permission = "editOwnMessageAttributes" if own else everybody
        require(tx, actor, permission, opened.role_sid, instead=everybody)
    states.require_open(actor, opened.data)
    data = message.data
    if change.body is not UNSET:
        data.text = values.body(change.body, actor.limits)
    if change.subject is not UNSET:
        data.subject = values.subject(change.subject)
    if change.attributes is not UNSET:
        data.attributes = values.attributes(change.attributes, actor.limits.attributes_bytes_max)
    if change.author is not UNSET:
        _set_author(tx, row, data, change.author)
    if change.created_ms is not UNSET:
        data.timestamp = iso_ms(change.created_ms)
        last = opened.data.last_message
        if last is not None and last.index == message.index:
            opened.data.last_message = LastMessage(message.index, data.timestamp)
            objects.save_document(tx, opened.document, opened.data)
    data.date_updated = iso_ms(tx.date_ms if change.updated_ms is UNSET else change.updated_ms)
    data.last_updated_by = actor.identity
    objects.change(tx, actor.of_sync(), messages, item, data)
    webhooks.of_message(tx, actor, "onMessageUpdated", row, message.index, data)
    return message


def remove(tx: Tx, actor: ChatActor, name: str, sid: str) -> Message:
    """Remove a message; what remains tells nothing of what it said.

    Raises:
        ApiError: 50350; 50430; 50500; 50107.
    """
    opened, messages = _claim(tx, actor, name)
    row = opened.row
    message, item = _message(tx, row, sid)
    own = message.data.author == actor.identity
    permission = "deleteOwnMessage" if own else "deleteAnyMessage"
    require(tx, actor, permission, opened.role_sid, instead="deleteAnyMessage")
    objects.bury(tx, messages, item, kept=RemovedMessage(message.data.sid))
    if message.data.medias is not UNSET:
        media.release_of_message(tx, row.sid, message.data.sid)
    last = opened.data.last_message
    if last is not None and last.index == message.index:
        opened.data.last_message = _last(tx, row)
        objects.save_document(tx, opened.document, opened.data)
    webhooks.of_message(tx, actor, "onMessageRemoved", row, message.index, message.data)
    return message


def index_of(sid: str) -> int:
    """The index that the SID of a message carries."""
    return int(sid[-_INDEX_DIGITS:], 16)


def _claim(tx: Tx, actor: ChatActor, name: str) -> tuple[Opened, Root]:
    opened, messages = conversations.claim(tx, actor, name, "messages_sid")
    _require_own(actor, opened)
    return opened, messages


def _require_own(actor: ChatActor, opened: Opened) -> None:
    """Messages are for participants alone."""
    if actor.is_bound and opened.own is None:
        raise refusals.not_a_participant()


def _fill_in(tx: Tx, actor: ChatActor, row: Conversation, data: MessageData, content: Content) -> None:
    """Give a message the file of its template, which clients find among its media by category and type."""
    sids = [media.record(tx, actor, content.upload).sid]
    taken = media.take(tx, actor, sids, conversation_sid=row.sid, message_sid=data.sid)
    data.content_sid = content.template_sid
    data.medias = taken if data.medias is UNSET else data.medias + taken


def _sid(tx: Tx, index: int) -> str:
    return f"{tx.sid('IM')[:-_INDEX_DIGITS]}{index:0{_INDEX_DIGITS}x}"


def _message(tx: Tx, row: Conversation, sid: str) -> tuple[Message, Item]:
    if is_sid(sid, "IM"):
        item = objects.item(tx, row.messages_sid, index_of(sid))
        if item is not None:
            data = objects.decoded(item, MessageData)
            if data.sid == sid:
                assert isinstance(item.key, int)
                return Message(row, item.key, data), item
    raise refusals.message_not_found(sid)


def _set_author(tx: Tx, row: Conversation, data: MessageData, author: str) -> None:
    """Set who wrote it, and which participant that is, if any."""
    if len(author) > AUTHOR_CHARS_MAX:
        raise ApiError(
            400, 50310, f"Author too long: {len(author)} characters, at most {AUTHOR_CHARS_MAX} are allowed"
        )
    refuse_nul(author, "an author")
    place = tables.place_of(tx, row.sid, author)
    data.author, data.member_sid = author, None if place is None else place.sid


def _last(tx: Tx, row: Conversation) -> LastMessage | None:
    newest = objects.newest(tx, row.messages_sid)
    if newest is None:
        return None
    assert isinstance(newest.key, int)
    return LastMessage(newest.key, objects.decoded(newest, MessageData).timestamp)
