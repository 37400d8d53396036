"""How SDKs are shown conversations, participants, messages and users (`protocol/conversations.md`, Commands).

One shape serves all replies about a conversation. What a client reads is written over what it knows, so
nothing is left out, and dates are those of the Sync objects, to the millisecond.
"""

from typing import Any

from msgspec import UNSET

from tsock.clock import iso_ms
from tsock.conversations import objects
from tsock.conversations.actor import ChatActor
from tsock.conversations.invite_tables import Invite
from tsock.conversations.memberships import Membership
from tsock.conversations.messages import Message
from tsock.conversations.models import ConversationData, MembershipData
from tsock.conversations.participants import Participant
from tsock.conversations.tables import Conversation, User
from tsock.conversations.users import Profile


def conversation(
    actor: ChatActor,
    service_url: str,
    row: Conversation,
    data: ConversationData,
    own: MembershipData | None,
    *,
    unread: int | None = None,
    participants: int = 0,
    messages: int = 0,
) -> dict[str, Any]:
    """A conversation as its caller sees it; `own` is None for one who takes no part."""
    url = f"{service_url}/Conversations/{row.sid}"
    mark = None if own is None else own.last_consumed_message_index
    return {
        "account_sid": actor.account_sid,
        "chat_service_sid": row.service_sid,
        "sid": row.sid,
        "conversation_sid": row.sid,
        "friendly_name": data.friendly_name,
        "unique_name": data.unique_name,
        "attributes": data.attributes,
        "type": data.type,
        "created_by": data.created_by,
        "date_created": data.date_created,
        "date_updated": data.date_updated,
        "state": data.state.current,
        "status": "notParticipating" if own is None else own.status,
        "last_read_message_index": mark,
        "last_consumed_message_index": mark,
        "unread_messages_count": unread,
        "notification_level": "default" if own is None else own.notification_level,
        "participants_count": participants,
        "messages_count": messages,
        "url": url,
        "links": {
            "messages": f"{url}/Messages",
            "participants": f"{url}/Participants",
            "invites": f"{url}/Invites",
        },
        "sync_objects": sync_objects(row),
    }


def sync_objects(row: Conversation) -> dict[str, str]:
    """The names of the Sync objects of a conversation."""
    return {
        "conversation": objects.name(row.sid, objects.CHANNEL),
        "messages": objects.name(row.sid, objects.MESSAGES),
        "participants": objects.name(row.sid, objects.ROSTER),
    }


def listed(membership: Membership) -> dict[str, Any]:
    """A row of a client's list of its conversations."""
    row, own = membership.row, membership.own
    mark = own.last_consumed_message_index
    return {
        "conversation_sid": row.sid,
        "channel_sid": row.sid,
        "status": own.status,
        "sync_objects": sync_objects(row),
        "last_read_message_index": mark,
        "last_consumed_message_index": mark,
        "notification_level": own.notification_level,
    }


def participant(actor: ChatActor, service_url: str, found: Participant) -> dict[str, Any]:
    """A participant."""
    place, data = found.place, found.data
    conversation_url = f"{service_url}/Conversations/{found.row.sid}"
    binding = None
    if place.identity is None:
        binding = {"type": data.type, "address": place.address, "proxy_address": place.proxy_address or None}
    return {
        "account_sid": actor.account_sid,
        "chat_service_sid": found.row.service_sid,
        "conversation_sid": found.row.sid,
        "sid": place.sid,
        "identity": place.identity,
        "role_sid": data.role_sid,
        "attributes": data.attributes,
        "date_created": data.date_created,
        "date_updated": data.date_updated,
        "messaging_binding": binding,
        "url": f"{conversation_url}/Participants/{place.sid}",
        "links": {"conversation": conversation_url},
    }


def invite(actor: ChatActor, service_url: str, found: Invite) -> dict[str, Any]:
    """An invitation."""
    conversation_url = f"{service_url}/Conversations/{found.conversation_sid}"
    return {
        "account_sid": actor.account_sid,
        "chat_service_sid": found.service_sid,
        "conversation_sid": found.conversation_sid,
        "sid": found.sid,
        "identity": found.identity,
        "role_sid": found.role_sid,
        "created_by": found.created_by,
        "date_created": iso_ms(found.created_ms),
        "date_updated": iso_ms(found.created_ms),
        "url": f"{conversation_url}/Invites/{found.sid}",
    }


def message(actor: ChatActor, service_url: str, found: Message) -> dict[str, Any]:
    """A message."""
    data = found.data
    conversation_url = f"{service_url}/Conversations/{found.row.sid}"
    url = f"{conversation_url}/Messages/{data.sid}"
    media = None
    if data.medias is not UNSET:
        media = [
            {
                "sid": file.sid,
                "size": file.size,
                "content_type": file.content_type,
                "filename": file.filename,
                "category": file.category,
            }
            for file in data.medias
        ]
    return {
        "account_sid": actor.account_sid,
        "chat_service_sid": found.row.service_sid,
        "conversation_sid": found.row.sid,
        "sid": data.sid,
        "index": found.index,
        "author": data.author,
        "participant_sid": data.member_sid,
        "body": data.text,
        "subject": data.subject,
        "attributes": data.attributes,
        "media": media,
        "content_sid": data.content_sid,
        "date_created": data.timestamp,
        "date_updated": data.date_updated,
        "url": url,
        "links": {"conversation": conversation_url, "messages_receipts": f"{url}/Receipts"},
    }


def user(actor: ChatActor, service_url: str, found: User, told: Profile) -> dict[str, Any]:
    """A user."""
    reachability = told.reachability if actor.options.reachability_enabled else None
    return {
        "account_sid": actor.account_sid,
        "chat_service_sid": found.service_sid,
        "sid": found.sid,
        "identity": found.identity,
        "friendly_name": told.friendly_name,
        "attributes": told.attributes,
        "role_sid": found.role_sid,
        "is_online": None if reachability is None else reachability.online,
        "is_notifiable": None if reachability is None else reachability.notifiable,
        "url": f"{service_url}/Users/{found.sid}",
        "sync_objects": {"user_info_map": found.info_sid},
    }
