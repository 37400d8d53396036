"""What webhooks say of conversations and all in them, and of users (`docs/reference/webhooks.md`).

A parameter without a value is left out. Attributes and media are JSON in a text, dates are ISO 8601.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec
from msgspec import UNSET

from tsock.clock import iso_ms
from tsock.conversations.models import ConversationData, MessageData, ParticipantData, Reachability
from tsock.conversations.tables import Conversation, Place, User

Told = Mapping[str, str | None]


def conversation(row: Conversation, data: ConversationData) -> Told:
    """A conversation."""
    return {
        "ConversationSid": row.sid,
        "ChatServiceSid": row.service_sid,
        "MessagingServiceSid": row.messaging_service_sid,
        "FriendlyName": data.friendly_name,
        "UniqueName": data.unique_name,
        "Attributes": data.attributes,
        "State": data.state.current,
        "DateCreated": data.date_created,
        "DateUpdated": data.date_updated,
    }


def message(row: Conversation, index: int, data: MessageData) -> Told:
    """A message; its body also where it has media."""
    return {
        "ConversationSid": row.sid,
        "ChatServiceSid": row.service_sid,
        "MessagingServiceSid": row.messaging_service_sid,
        "MessageSid": data.sid,
        "Index": str(index),
        "Body": data.text,
        "Author": data.author,
        "ParticipantSid": data.member_sid,
        "Attributes": data.attributes,
        "Media": _media(data),
        "DateCreated": data.timestamp,
        "DateUpdated": data.date_updated,
    }


def participant(row: Conversation, place: Place, data: ParticipantData) -> Told:
    """A participant."""
    mark = data.last_consumed_message_index
    bindings = {} if data.bindings is UNSET else next(iter(data.bindings.values()))
    return {
        "ConversationSid": row.sid,
        "ChatServiceSid": row.service_sid,
        "ParticipantSid": place.sid,
        "Identity": place.identity,
        "RoleSid": data.role_sid,
        "Attributes": data.attributes,
        "MessagingBinding.Type": data.type.upper(),
        "MessagingBinding.Address": place.address,
        "MessagingBinding.ProxyAddress": place.proxy_address or None,
        "MessagingBinding.ProjectedAddress": bindings.get("projected_address"),
        "LastReadMessageIndex": None if mark is None else str(mark),
        "DateCreated": data.date_created,
        "DateUpdated": data.date_updated,
    }


class Receipt(Protocol):
    """How far a message has come with one who takes part by an address."""

    @property
    def sid(self) -> str: ...
    @property
    def message_sid(self) -> str: ...
    @property
    def participant_sid(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def error_code(self) -> int | None: ...
    @property
    def created_ms(self) -> int: ...
    @property
    def updated_ms(self) -> int: ...


def receipt(row: Conversation, found: Receipt) -> Told:
    """A delivery receipt."""
    return {
        "ConversationSid": row.sid,
        "ChatServiceSid": row.service_sid,
        "MessageSid": found.message_sid,
        "DeliveryReceiptSid": found.sid,
        "ParticipantSid": found.participant_sid,
        "Status": found.status,
        "ErrorCode": None if found.error_code is None else str(found.error_code),
        "DateCreated": iso_ms(found.created_ms),
        "DateUpdated": iso_ms(found.updated_ms),
    }


def user(
    found: User, friendly_name: str | None, attributes: str, reachability: Reachability | None = None
) -> Told:
    """A user; whether it is online only where that is known."""
    return {
        "isOnline": None if reachability is None else _FLAGS[reachability.online],
        "isNotifiable": None if reachability is None else _FLAGS[reachability.notifiable],
        "DateCreated": iso_ms(found.created_ms),
        "DateUpdated": iso_ms(found.updated_ms),
        "ChatServiceSid": found.service_sid,
        "UserSid": found.sid,
        "Identity": found.identity,
        "RoleSid": found.role_sid,
        "FriendlyName": friendly_name,
        "Attributes": attributes,
    }


_FLAGS = {True: "true", False: "false"}

_NOT_YET = {
    "onUserAdded": ("DateUpdated", "isOnline", "isNotifiable"),
    "onUserUpdate": ("DateCreated", "isOnline", "isNotifiable"),
    "onConversationAdd": ("ConversationSid", "DateCreated", "DateUpdated"),
    "onConversationRemove": ("DateRemoved",),
    "onMessageAdd": ("MessageSid", "MessagingServiceSid", "Index", "DateCreated", "DateUpdated"),
    "onMessageAdded": ("DateUpdated",),
    "onMessageRemove": ("DateRemoved",),
    "onParticipantAdd": ("ParticipantSid", "DateCreated", "DateUpdated", "LastReadMessageIndex"),
    "onParticipantAdded": ("DateUpdated", "LastReadMessageIndex"),
    "onParticipantUpdate": ("LastReadMessageIndex",),
    "onParticipantRemove": ("LastReadMessageIndex", "DateRemoved"),
    "onParticipantRemoved": ("LastReadMessageIndex",),
}
"""What an event does not tell."""


def of_event(event: str, told: Told) -> dict[str, str]:
    """What an event tells, of all that could be told of its object."""
    left_out = _NOT_YET.get(event, ())
    return {name: value for name, value in told.items() if value is not None and name not in left_out}


def _media(data: MessageData) -> str | None:
    if data.medias is UNSET:
        return None
    told = [
        {
            "Sid": each.sid,
            "Filename": each.filename,
            "ContentType": each.content_type,
            "Size": each.size,
        }
        for each in data.medias
    ]
    return msgspec.json.encode(told).decode()
