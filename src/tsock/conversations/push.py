"""Push notifications: of messages, and of being added or removed (`protocol/conversations.md`, Push).

The rule that causes one writes one row, however many it is for, with the words of that moment. What reads the
rows afterwards puts a delivery for each device into the outbox, some participants at a time: so a message to
a thousand participants costs its sender no more than one to two.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from tsock.accounts import webhook_urls
from tsock.accounts.secrets import Vault
from tsock.conversations import bindings, notifications, tables, users
from tsock.conversations.actor import ChatActor
from tsock.conversations.bindings import COLUMNS, Binding, BindingType
from tsock.conversations.conversations import Opened
from tsock.conversations.models import MembershipData, MessageData
from tsock.conversations.notifications import Notice
from tsock.events import Work
from tsock.storage.store import Tx
from tsock.sync.tables import numbered, placeholders
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Post
from tsock.webhooks.targets import StoredUrl

MessageType = Literal[
    "twilio.conversations.new_message",
    "twilio.conversations.added_to_conversation",
    "twilio.conversations.removed_from_conversation",
]
NEW_MESSAGE: MessageType = "twilio.conversations.new_message"
ADDED: MessageType = "twilio.conversations.added_to_conversation"
REMOVED: MessageType = "twilio.conversations.removed_from_conversation"

_CHANNEL_TYPES: dict[str, str] = {
    NEW_MESSAGE: "twilio.channel.new_message",
    ADDED: "twilio.channel.added_to_channel",
    REMOVED: "twilio.channel.removed_from_channel",
}
"""What clients of the first generation register for; theirs are channels."""

BADGE_CONVERSATIONS_MAX = 1000
"""Of one user so many are looked through for unread messages."""


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """What everybody is told."""

    message_type: str
    text: str
    data: dict[str, str]
    """Members that clients read beside the text."""
    sound: str = ""
    has_badge: bool = False


class Push(msgspec.Struct, frozen=True, gc=False):
    """A row of `chat_pushes`; fields in the order of its columns."""

    number: int
    account_sid: str
    service_sid: str
    conversation_sid: str
    author: str
    """Who caused it, and is not notified."""
    identity: str | None
    """Who is; None for all participants."""
    after_sid: str
    """The participant up to whom that was done."""
    content: str


class PushWaits(Work, frozen=True):
    """One more push notification is to be put into the outbox."""


_INSERT = (
    "INSERT INTO chat_pushes "
    "(account_sid, service_sid, conversation_sid, author, identity, after_sid, content) VALUES "
    "(:account_sid, :service_sid, :conversation_sid, :author, :identity, '', :content)"
)
_FIRST = f"SELECT {', '.join(Push.__struct_fields__)} FROM chat_pushes ORDER BY number LIMIT 1"
_GO_ON = "UPDATE chat_pushes SET after_sid = :after_sid WHERE number = :number"
_DELETE = "DELETE FROM chat_pushes WHERE number = :number"
_FORGET = "DELETE FROM chat_pushes WHERE number IN (SELECT number FROM chat_pushes LIMIT :limit)"
_DEVICES = (
    f"SELECT u.conversations_sid, m.data, {', '.join(f'b.{name}' for name in COLUMNS.split(', '))} "
    "FROM chat_bindings b "
    "JOIN chat_users u ON u.service_sid = b.service_sid AND u.identity = b.identity "
    "LEFT JOIN sync_map_items m ON m.object_sid = u.conversations_sid "
    "AND m.item_key = :conversation_sid AND m.removed = 0 "
    "WHERE b.service_sid = :service_sid AND b.identity IN ({identities}) ORDER BY b.identity, b.sid"
)
_MARKS = (
    "SELECT m.data, (SELECT max(l.item_index) FROM sync_list_items l "
    "WHERE l.object_sid = c.messages_sid AND l.removed = 0) FROM sync_map_items m "
    "JOIN chat_conversations c ON c.sid = m.item_key "
    "WHERE m.object_sid = :sid AND m.removed = 0 LIMIT :limit"
)


# What rules tell.


def of_message(tx: Tx, actor: ChatActor, opened: Opened, index: int, data: MessageData) -> None:
    """Notify the participants of a message, its author excepted."""
    notice = actor.options.notifications.new_message
    files = [] if data.medias is UNSET else data.medias
    told = notice.with_media if files else notice
    if not (actor.limits.is_push_configured and told.enabled):
        return
    author = data.author or ""
    variables = {
        **_variables(tx, actor, opened, author),
        "MESSAGE": data.text or "",
        "MESSAGE_SID": data.sid,
        "MEDIA": ", ".join(file.filename or file.content_type for file in files),
        "MEDIA_COUNT": str(len(files)),
    }
    own = {"message_sid": data.sid, "message_index": str(index)}
    if files:
        own |= {"media_count": str(len(files)), "media": msgspec.json.encode(files[0]).decode()}
    content = Content(
        NEW_MESSAGE,
        notifications.rendered(told.template, variables),
        _shown(opened) | own,
        notice.sound,
        notice.badge_count_enabled,
    )
    _put(tx, actor, opened, content, author=author)


def of_addition(tx: Tx, actor: ChatActor, opened: Opened, identity: str) -> None:
    """Notify somebody who was added, and did not join."""
    _of_participant(tx, actor, opened, ADDED, actor.options.notifications.added_to_conversation, identity)


def of_removal(tx: Tx, actor: ChatActor, opened: Opened, identity: str | None) -> None:
    """Notify somebody who was taken out, and did not leave."""
    if identity is not None:
        notice = actor.options.notifications.removed_from_conversation
        _of_participant(tx, actor, opened, REMOVED, notice, identity)


def _of_participant(
    tx: Tx, actor: ChatActor, opened: Opened, message_type: MessageType, notice: Notice, identity: str
) -> None:
    if not (actor.limits.is_push_configured and notice.enabled) or identity == actor.identity:
        return
    text = notifications.rendered(notice.template, _variables(tx, actor, opened, actor.identity))
    content = Content(message_type, text, _shown(opened), notice.sound)
    _put(tx, actor, opened, content, author=actor.identity, identity=identity)


def _put(
    tx: Tx, actor: ChatActor, opened: Opened, content: Content, *, author: str, identity: str | None = None
) -> None:
    tx.run(
        _INSERT,
        {
            "account_sid": actor.account_sid,
            "service_sid": actor.service_sid,
            "conversation_sid": opened.row.sid,
            "author": author,
            "identity": identity,
            "content": msgspec.json.encode(content).decode(),
        },
    )
    tx.emit(PushWaits())


def _variables(tx: Tx, actor: ChatActor, opened: Opened, acting: str) -> dict[str, str]:
    data = opened.data
    user = tables.user(tx, actor.service_sid, acting)
    name = None if user is None else users.profile(tx, user).friendly_name
    return {
        "CONVERSATION": data.friendly_name or data.unique_name or opened.row.sid,
        "CONVERSATION_SID": opened.row.sid,
        "CONVERSATION_FRIENDLY_NAME": data.friendly_name or "",
        "CONVERSATION_UNIQUE_NAME": data.unique_name or "",
        "PARTICIPANT": name or acting,
        "PARTICIPANT_FRIENDLY_NAME": name or "",
        "PARTICIPANT_IDENTITY": acting,
    }


def _shown(opened: Opened) -> dict[str, str]:
    title = opened.data.friendly_name or opened.data.unique_name
    named = {"conversation_sid": opened.row.sid}
    return named | {"conversation_title": title} if title else named


# What puts them into the outbox.


def spread(tx: Tx, vault: Vault, url: str, limit: int) -> bool:
    """Put deliveries to up to `limit` participants into the outbox, of the first push that waits.

    Args:
        tx: the transaction.
        vault: seals the password of the URL.
        url: in the form of `configured`.
        limit: more participants are for the next call.

    Returns:
        Whether there was one.
    """
    row = tx.claim(_FIRST, {})
    if row is None:
        return False
    push = Push(*row)
    to = webhook_urls.sealed(vault, push.account_sid, url)
    if push.identity is not None:
        _deliver(tx, to, push, [push.identity])
        tx.run(_DELETE, {"number": push.number})
        return True
    places = tables.places_behind(tx, push.conversation_sid, push.after_sid, limit)
    others = [place.identity for place in places if place.identity and place.identity != push.author]
    _deliver(tx, to, push, others)
    if len(places) < limit:
        tx.run(_DELETE, {"number": push.number})
    else:
        tx.run(_GO_ON, {"number": push.number, "after_sid": places[-1].sid})
    return True


def forget(tx: Tx, limit: int) -> bool:
    """Forget up to `limit` that wait, where nobody sends them on any more; whether more are left."""
    return tx.count(_FORGET, {"limit": limit}) == limit


def payload(kind: BindingType, content: Content, badge: int | None = None) -> dict[str, Any]:
    """What a device is sent, as clients on it read it: for FCM and GCM, or for APNs."""
    members = {"twi_message_type": content.message_type, **content.data}
    if kind != "apn":
        shown = {"twi_body": content.text, "twi_sound": content.sound, "twi_action": content.message_type}
        return {"data": members | {name: value for name, value in shown.items() if value}}
    aps: dict[str, Any] = {"alert": content.text, "category": content.message_type}
    if content.sound:
        aps["sound"] = content.sound
    if badge is not None:
        aps["badge"] = badge
    return {"aps": aps, **members}


def _deliver(tx: Tx, url: StoredUrl, push: Push, identities: Sequence[str]) -> None:
    """Put a delivery to each of their devices that wants it."""
    if not identities:
        return
    content = msgspec.json.decode(push.content, type=Content)
    names = numbered(identities)
    asked = {**names, "service_sid": push.service_sid, "conversation_sid": push.conversation_sid}
    badges: dict[str, int] = {}
    for conversations_sid, own, *columns in tx.all(_DEVICES.format(identities=placeholders(names)), asked):
        binding = bindings.of_row(columns)
        shown = _in_words_of(binding, content)
        if shown is None or not _is_wanted(content, own):
            continue
        badge = None
        if content.has_badge and binding.type == "apn":
            badge = badges.get(conversations_sid)
            if badge is None:
                badge = badges[conversations_sid] = _unread_conversations(tx, conversations_sid)
        told = payload(binding.type, shown, badge)
        outbox.put(tx, _post(url, push, binding, content.message_type, told))


def _in_words_of(binding: Binding, content: Content) -> Content | None:
    """What a device is told, as its client calls it; None if it has not registered for it."""
    if content.message_type in binding.names:
        return content
    channel_type = _CHANNEL_TYPES[content.message_type]
    if channel_type not in binding.names:
        return None
    data = {name.replace("conversation_", "channel_"): value for name, value in content.data.items()}
    return replace(content, message_type=channel_type, data=data)


def _is_wanted(content: Content, own: str | None) -> bool:
    """Whether a user wants it, whose item of the conversation is `own`; None when it takes no part."""
    if content.message_type != NEW_MESSAGE:
        return True
    return own is not None and _membership(own).notification_level != "muted"


def _unread_conversations(tx: Tx, conversations_sid: str) -> int:
    """In how many conversations there is something behind a user's mark; those without one do not count."""
    rows = tx.all(_MARKS, {"sid": conversations_sid, "limit": BADGE_CONVERSATIONS_MAX})
    marks = [(_membership(own).last_consumed_message_index, newest) for own, newest in rows]
    return sum(mark is not None and newest is not None and newest > mark for mark, newest in marks)


def _post(url: StoredUrl, push: Push, binding: Binding, event_type: str, told: dict[str, Any]) -> Post:
    parameters = {
        "AccountSid": push.account_sid,
        "ChatServiceSid": push.service_sid,
        "EventType": event_type,
        "ConversationSid": push.conversation_sid,
        "Identity": binding.identity,
        "BindingSid": binding.sid,
        "BindingType": binding.type,
        "Endpoint": binding.endpoint,
        "Payload": msgspec.json.encode(told).decode(),
    }
    if binding.credential_sid is not None:
        parameters["CredentialSid"] = binding.credential_sid
    return Post(
        account_sid=push.account_sid,
        service_sid=push.service_sid,
        kind="push",
        event_type=event_type,
        topic=f"push/{binding.sid}",
        url=url,
        parameters=parameters,
    )


def _membership(own: str) -> MembershipData:
    return msgspec.json.decode(own, type=MembershipData)
