"""Who asks a rule of Conversations for something, and the limits that apply."""

from typing import Literal

import msgspec
from msgspec.structs import replace

from tsock.accounts.directory import Directory
from tsock.conversations.hooks import Levels, PreEvent, levels
from tsock.conversations.services import ChatOptions, options_of
from tsock.sync.actor import SYSTEM, Actor, SyncLimits

Source = Literal["SDK", "API"]
"""Who caused a change, as webhooks tell it."""

_SYNC_LIMITS = SyncLimits(items_max=2**31)
"""Lists and maps of conversations are bounded by the rules of Conversations, not by those of Sync."""


class ChatLimits(msgspec.Struct, frozen=True, gc=False):
    """How large things may become; the defaults are the documented ones."""

    name_chars_max: int = 256
    unique_name_chars_max: int = 256
    conversation_attributes_bytes_max: int = 16 * 1024
    attributes_bytes_max: int = 4 * 1024
    """Of a message, a participant or a user."""
    body_bytes_max: int = 32 * 1024
    identity_chars_max: int = 256
    participants_max: int = 1000
    outside_participants_max: int = 50
    """Those who take part by an address, of all of them."""
    conversations_per_user_max: int = 1000
    unread_max: int = 1000
    bindings_per_user_max: int = 20
    registration_id_chars_max: int = 4096
    binding_message_types_max: int = 20
    message_type_chars_max: int = 100
    is_push_configured: bool = False
    """Whether there is somebody who sends push notifications on (`push_url`)."""
    page_rows_max: int = 100
    media_per_message_max: int = 10
    media_per_message_bytes_max: int = 150 * 1024 * 1024


class ChatActor(msgspec.Struct, frozen=True, gc=False):
    """One caller, in one service. Nothing outside `service_sid` exists for it."""

    account_sid: str
    service_sid: str
    identity: str = SYSTEM
    options: ChatOptions = ChatOptions()
    """Of the service."""
    limits: ChatLimits = ChatLimits()
    source: Source = "API"
    webhooks: Levels | None = None
    """Who hears of what it does; None for nobody, the webhooks of conversations included."""
    rehearses: PreEvent | None = None
    """An action ends where it would tell of this (`webhooks.Rehearsed`)."""

    @property
    def is_bound(self) -> bool:
        """Whether roles bind this caller; never over REST."""
        return self.source == "SDK"

    def of_sync(self) -> Actor:
        """The same caller for the rules of Sync; it gets an echo of what it causes."""
        return Actor(self.account_sid, self.service_sid, self.identity, limits=_SYNC_LIMITS)


def limited(limits: ChatLimits, options: ChatOptions) -> ChatLimits:
    """The limits of the server, or those that a service has set below them."""
    own = options.channels
    if own.members_max is None and own.channels_per_user_max is None:
        return limits
    return replace(
        limits,
        participants_max=min(limits.participants_max, own.members_max or limits.participants_max),
        conversations_per_user_max=min(
            limits.conversations_per_user_max, own.channels_per_user_max or limits.conversations_per_user_max
        ),
    )


def timekeeper(directory: Directory, service_sid: str) -> ChatActor | None:
    """Who acts in a service when the time for something has come; None where the service is gone."""
    service = directory.service(service_sid)
    if service is None or service.deleted_ms is not None:
        return None
    return ChatActor(
        service.account_sid, service.sid, options=options_of(service), webhooks=levels(directory, service)
    )
