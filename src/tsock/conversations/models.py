"""What the Sync objects of conversations hold, member for member (`protocol/conversations.md`, Sync data).

Dates in them are ISO 8601 with milliseconds, and attributes are JSON in a text.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

StateName = Literal["initializing", "active", "inactive", "closed"]
NotificationLevel = Literal["default", "muted"]
Status = Literal["joined", "invited", "notParticipating"]
ChannelType = Literal["public", "private"]
Category = Literal["media", "body", "history"]
Amount = Literal["none", "some", "all"]

NO_ATTRIBUTES = "{}"


class LastMessage(msgspec.Struct, frozen=True):
    """The newest message of a conversation."""

    index: int
    timestamp: str


class State(msgspec.Struct, frozen=True, rename="camel"):
    """What a conversation is in, and since when."""

    current: StateName
    date_updated: str


class ConversationData(msgspec.Struct, rename="camel"):
    """The document of a conversation, which all its participants read."""

    messages: str
    roster: str
    created_by: str
    date_created: str
    date_updated: str
    state: State
    friendly_name: str | None = None
    unique_name: str | None = None
    attributes: str = NO_ATTRIBUTES
    last_message: LastMessage | None = None
    type: ChannelType = "private"
    """Read by clients of the first generation alone."""
    bindings: dict[str, dict[str, str]] | UnsetType = UNSET


class Media(msgspec.Struct, frozen=True, rename="camel"):
    """A file of a message, as its record has it."""

    sid: str
    category: Category
    filename: str | None
    content_type: str
    size: int


class Delivery(msgspec.Struct, frozen=True):
    """How far a message has come with those outside, of whom there are `total`."""

    total: int
    sent: Amount = "none"
    delivered: Amount = "none"
    read: Amount = "none"
    undelivered: Amount = "none"
    failed: Amount = "none"


class MessageData(msgspec.Struct, rename="camel"):
    """An item of the list of messages."""

    sid: str
    author: str | None
    member_sid: str | None
    text: str | None
    timestamp: str
    date_updated: str
    subject: str | None = None
    attributes: str = NO_ATTRIBUTES
    type: Literal["text", "media"] = "text"
    last_updated_by: str | None = None
    content_sid: str | None = None
    medias: list[Media] | UnsetType = UNSET
    media: Media | UnsetType = UNSET
    """The first of them, for clients that know of one only."""
    delivery: Delivery | UnsetType = UNSET
    """Of a message that goes to somebody outside."""


class RemovedMessage(msgspec.Struct):
    """What is kept of a message that was removed."""

    sid: str


class ParticipantData(msgspec.Struct, rename="camel"):
    """An item of the roster."""

    type: str
    """`chat`, or what carries messages to the address, such as `sms`."""
    role_sid: str
    date_created: str
    date_updated: str
    identity: str | None = None
    attributes: str = NO_ATTRIBUTES
    user_info: str | UnsetType = UNSET
    last_consumed_message_index: int | None = None
    last_consumption_timestamp: str | None = None
    bindings: dict[str, dict[str, str]] | UnsetType = UNSET
    """The address of a participant who is not of type `chat`, by type."""


class MembershipData(msgspec.Struct, rename="camel"):
    """An item of a user's map of conversations."""

    channel: str
    """Names the conversation's document."""
    status: Status = "joined"
    last_consumed_message_index: int | None = None
    notification_level: NotificationLevel = "default"


class UserValue(msgspec.Struct):
    """The item `friendlyName` or `attributes` of a user's info."""

    value: str | None


class Reachability(msgspec.Struct):
    """The item `reachability` of a user's info."""

    online: bool = False
    notifiable: bool = False
