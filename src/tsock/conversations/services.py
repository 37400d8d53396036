"""What is Conversations' own of a service: roles of newcomers, reachability, webhooks.

The service itself is an account's (`accounts/services.py`); these options are a text to it.
"""

import functools

import msgspec

from tsock.accounts.records import Service
from tsock.conversations.notifications import Notifications


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


def options_of(service: Service) -> ChatOptions:
    """The options of a service."""
    return _read(service.options)


@functools.lru_cache(maxsize=4096)
def _read(options: str) -> ChatOptions:
    return msgspec.json.decode(options, type=ChatOptions)
