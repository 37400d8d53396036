"""How REST shows conversations and what belongs to them: no member missing, dates without fractions."""

from typing import Any

from msgspec import UNSET

from tsock.accounts.records import Service
from tsock.api.conversations.rest.scope import Links
from tsock.clock import iso_s
from tsock.conversations.actor import ChatActor
from tsock.conversations.bindings import Binding
from tsock.conversations.credentials import Credential
from tsock.conversations.defaults import Defaults
from tsock.conversations.memberships import Membership
from tsock.conversations.messages import Message
from tsock.conversations.models import ConversationData, ParticipantData
from tsock.conversations.participants import Participant
from tsock.conversations.receipts import Receipt
from tsock.conversations.roles import Role
from tsock.conversations.tables import Conversation, Place, User
from tsock.conversations.users import Profile

Body = dict[str, Any]


def service(row: Service, base: str) -> Body:
    """A service; `base` is what URLs begin with."""
    url = f"{base}/v1/Services/{row.sid}"
    return {
        "sid": row.sid,
        "account_sid": row.account_sid,
        "friendly_name": row.friendly_name,
        "date_created": iso_s(row.created_ms),
        "date_updated": iso_s(row.updated_ms),
        "url": url,
        "links": {
            "conversations": f"{url}/Conversations",
            "users": f"{url}/Users",
            "roles": f"{url}/Roles",
            "bindings": f"{url}/Bindings",
            "configuration": f"{url}/Configuration",
            "participant_conversations": f"{url}/ParticipantConversations",
            "conversation_with_participants": f"{url}/ConversationWithParticipants",
        },
    }


def configuration(default: Service, given: Defaults, base: str) -> Body:
    """What an account has for all its conversations."""
    url = f"{base}/v1/Configuration"
    return {
        "account_sid": given.account_sid,
        "default_chat_service_sid": default.sid,
        "default_messaging_service_sid": given.messaging_service_sid,
        "default_inactive_timer": given.inactive_after,
        "default_closed_timer": given.closed_after,
        "url": url,
        "links": {"service": f"{base}/v1/Services/{default.sid}", "webhooks": f"{url}/Webhooks"},
    }


def conversation(links: Links, row: Conversation, data: ConversationData) -> Body:
    """A conversation."""
    url = f"{links.url}/Conversations/{row.sid}"
    return {
        "sid": row.sid,
        "account_sid": links.account_sid,
        "chat_service_sid": row.service_sid,
        "messaging_service_sid": row.messaging_service_sid,
        "friendly_name": data.friendly_name,
        "unique_name": data.unique_name,
        "attributes": data.attributes,
        "state": data.state.current,
        "date_created": seconds(data.date_created),
        "date_updated": seconds(data.date_updated),
        "timers": timers(row),
        "bindings": {} if data.bindings is UNSET else data.bindings,
        "url": url,
        "links": {
            "participants": f"{url}/Participants",
            "messages": f"{url}/Messages",
            "webhooks": f"{url}/Webhooks",
        },
    }


def participant(links: Links, found: Participant) -> Body:
    """A participant."""
    place, data = found.place, found.data
    return {
        **links.owned(),
        "sid": place.sid,
        "conversation_sid": found.row.sid,
        "identity": place.identity,
        "attributes": data.attributes,
        "messaging_binding": binding(place, data),
        "role_sid": data.role_sid,
        "date_created": seconds(data.date_created),
        "date_updated": seconds(data.date_updated),
        "last_read_message_index": data.last_consumed_message_index,
        "last_read_timestamp": (
            None if data.last_consumption_timestamp is None else seconds(data.last_consumption_timestamp)
        ),
        "url": f"{links.url}/Conversations/{found.row.sid}/Participants/{place.sid}",
    }


def message(links: Links, found: Message) -> Body:
    """A message."""
    data = found.data
    url = f"{links.url}/Conversations/{found.row.sid}/Messages/{data.sid}"
    media = None
    if data.medias is not UNSET:
        media = [
            {"sid": file.sid, "size": file.size, "content_type": file.content_type, "filename": file.filename}
            for file in data.medias
        ]
    return {
        **links.owned(),
        "sid": data.sid,
        "conversation_sid": found.row.sid,
        "index": found.index,
        "author": data.author,
        "participant_sid": data.member_sid,
        "body": data.text,
        "media": media,
        "attributes": data.attributes,
        "delivery": None if data.delivery is UNSET else data.delivery,
        "content_sid": data.content_sid,
        "date_created": seconds(data.timestamp),
        "date_updated": seconds(data.date_updated),
        "url": url,
        "links": {"delivery_receipts": f"{url}/Receipts", "channel_metadata": f"{url}/ChannelMetadata"},
    }


def receipt(links: Links, found: Receipt) -> Body:
    """How far a message has come with somebody."""
    url = f"{links.url}/Conversations/{found.conversation_sid}/Messages/{found.message_sid}"
    return {
        **links.owned(),
        "sid": found.sid,
        "conversation_sid": found.conversation_sid,
        "message_sid": found.message_sid,
        "channel_message_sid": None,
        "participant_sid": found.participant_sid,
        "status": found.status,
        "error_code": found.error_code or 0,
        "date_created": iso_s(found.created_ms),
        "date_updated": iso_s(found.updated_ms),
        "url": f"{url}/Receipts/{found.sid}",
    }


def user(links: Links, actor: ChatActor, found: User, told: Profile) -> Body:
    """A user."""
    url = f"{links.url}/Users/{found.sid}"
    reachability = told.reachability if actor.options.reachability_enabled else None
    return {
        "sid": found.sid,
        "account_sid": links.account_sid,
        "chat_service_sid": found.service_sid,
        "role_sid": found.role_sid,
        "identity": found.identity,
        "friendly_name": told.friendly_name,
        "attributes": told.attributes,
        "is_online": None if reachability is None else reachability.online,
        "is_notifiable": None if reachability is None else reachability.notifiable,
        "date_created": iso_s(found.created_ms),
        "date_updated": iso_s(found.updated_ms),
        "url": url,
        "links": {"user_conversations": f"{url}/Conversations"},
    }


def user_conversation(
    links: Links, user: User, found: Membership, data: ConversationData, unread: int | None
) -> Body:
    """A conversation as one of a user's own."""
    row = found.row
    url = f"{links.url}/Users/{user.sid}/Conversations/{row.sid}"
    conversation_url = f"{links.url}/Conversations/{row.sid}"
    return {
        "account_sid": links.account_sid,
        "chat_service_sid": row.service_sid,
        "conversation_sid": row.sid,
        "user_sid": user.sid,
        "participant_sid": found.place.sid,
        "friendly_name": data.friendly_name,
        "unique_name": data.unique_name,
        "attributes": data.attributes,
        "conversation_state": data.state.current,
        "timers": timers(row),
        "notification_level": found.own.notification_level,
        "unread_messages_count": unread,
        "last_read_message_index": found.own.last_consumed_message_index,
        "created_by": data.created_by,
        "date_created": seconds(data.date_created),
        "date_updated": seconds(data.date_updated),
        "url": url,
        "links": {
            "participant": f"{conversation_url}/Participants/{found.place.sid}",
            "conversation": conversation_url,
        },
    }


def participant_conversation(
    links: Links, found: Participant, data: ConversationData, user: User | None
) -> Body:
    """A conversation that somebody takes part in."""
    row, place = found.row, found.place
    url = f"{links.url}/Conversations/{row.sid}"
    return {
        "account_sid": links.account_sid,
        "chat_service_sid": row.service_sid,
        "participant_sid": place.sid,
        "participant_user_sid": None if user is None else user.sid,
        "participant_identity": place.identity,
        "participant_messaging_binding": binding(place, found.data),
        "conversation_sid": row.sid,
        "conversation_unique_name": data.unique_name,
        "conversation_friendly_name": data.friendly_name,
        "conversation_attributes": data.attributes,
        "conversation_date_created": seconds(data.date_created),
        "conversation_date_updated": seconds(data.date_updated),
        "conversation_created_by": data.created_by,
        "conversation_state": data.state.current,
        "conversation_timers": timers(row),
        "links": {"participant": f"{url}/Participants/{place.sid}", "conversation": url},
    }


def role(links: Links, found: Role) -> Body:
    """A role."""
    return {
        "sid": found.sid,
        "account_sid": links.account_sid,
        "chat_service_sid": found.service_sid,
        "friendly_name": found.friendly_name,
        "type": found.type,
        "permissions": found.names,
        "date_created": iso_s(found.created_ms),
        "date_updated": iso_s(found.updated_ms),
        "url": f"{links.url}/Roles/{found.sid}",
    }


def device(links: Links, found: Binding) -> Body:
    """A device that is notified."""
    return {
        "sid": found.sid,
        "account_sid": links.account_sid,
        "chat_service_sid": found.service_sid,
        "credential_sid": found.credential_sid,
        "endpoint": found.endpoint,
        "identity": found.identity,
        "binding_type": found.type,
        "message_types": found.names,
        "date_created": iso_s(found.created_ms),
        "date_updated": iso_s(found.updated_ms),
        "url": f"{links.url}/Bindings/{found.sid}",
    }


def credential(base: str, found: Credential) -> Body:
    """A push credential without what is secret of it; `base` is what URLs begin with."""
    return {
        "sid": found.sid,
        "account_sid": found.account_sid,
        "friendly_name": found.friendly_name,
        "type": found.type,
        "sandbox": "true" if found.sandbox else "false",
        "date_created": iso_s(found.created_ms),
        "date_updated": iso_s(found.updated_ms),
        "url": f"{base}/v1/Credentials/{found.sid}",
    }


def timers(row: Conversation) -> dict[str, str]:
    """When the state of a conversation changes by itself."""
    ends = {"date_inactive": row.inactive_ms, "date_closed": row.closed_ms}
    return {name: iso_s(at_ms) for name, at_ms in ends.items() if at_ms is not None}


def binding(place: Place, data: ParticipantData) -> Body | None:
    """How somebody without an identity takes part, or as which number an identity is seen in a group MMS."""
    if data.bindings is UNSET:
        return None
    ((kind, told),) = data.bindings.items()
    shown: Body = {"type": kind, "address": place.address, "proxy_address": place.proxy_address or None}
    if "projected_address" in told:
        shown["projected_address"] = told["projected_address"]
    return shown


def seconds(date: str) -> str:
    """A date of a Sync object, which has milliseconds, as REST has it."""
    return f"{date[:19]}Z"
