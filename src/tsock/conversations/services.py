"""What is Conversations' own of a service: roles of newcomers, reachability, webhooks.

The service itself is an account's (`accounts/services.py`); these options are a text to it.
"""

import functools
from typing import Literal

import msgspec

from tsock.accounts.records import Service
from tsock.conversations.notifications import Notice, Notifications
from tsock.webhooks.outbox import Method
from tsock.webhooks.targets import StoredUrl


class Hooks(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The webhooks of an account or a service."""

    pre_url: StoredUrl | None = None
    """Is asked before an action."""
    post_url: StoredUrl | None = None
    """Is told of it afterwards."""
    filters: tuple[str, ...] = ()
    """The events that they want; no others are asked about or told of."""
    method: Method = "POST"
    target: Literal["webhook", "flex"] = "webhook"
    """Of an account; stored and shown."""


class ChannelOptions(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What only Programmable Chat's API sets of a service; None is what the server's settings say."""

    typing_timeout_s: int | None = None
    members_max: int | None = None
    """Of a conversation."""
    channels_per_user_max: int | None = None
    report_interval_s: int = 5
    """How often clients tell at most how far their users have read."""
    read_status_enabled: bool = True
    """Stored and shown, as all that follows."""
    pre_webhook_retries: int = 0
    post_webhook_retries: int = 0
    compatibility_message: str = "Media messages are not supported by your client"
    invited: Notice = Notice("${PARTICIPANT} invited you to ${CONVERSATION}")


class ChatOptions(msgspec.Struct, frozen=True, gc=False):
    """The options of a service; those of a new one are the defaults."""

    service_role_sid: str | None = None
    """Of new users; None for the built-in one, as for the others."""
    creator_role_sid: str | None = None
    """Of creators who join their conversation."""
    conversation_role_sid: str | None = None
    """Of other participants."""
    reachability_enabled: bool = False
    notifications: Notifications = Notifications()
    """Of what its users are notified on their devices."""
    webhooks: Hooks = Hooks()
    channels: ChannelOptions = ChannelOptions()


def options_of(service: Service) -> ChatOptions:
    """The options of a service."""
    return _read(service.options)


@functools.lru_cache(maxsize=4096)
def _read(options: str) -> ChatOptions:
    return msgspec.json.decode(options, type=ChatOptions)
