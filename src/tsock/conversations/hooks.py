"""Who is told of what: the webhooks of an account and of a service, in memory with their records."""

import functools
from collections.abc import Mapping
from typing import Literal

import msgspec

from tsock.accounts.directory import Directory
from tsock.accounts.records import Account, Service
from tsock.conversations.services import Hooks, options_of

PreEvent = Literal[
    "onConversationAdd",
    "onConversationUpdate",
    "onConversationRemove",
    "onMessageAdd",
    "onMessageUpdate",
    "onMessageRemove",
    "onParticipantAdd",
    "onParticipantUpdate",
    "onParticipantRemove",
    "onUserUpdate",
]
"""Asked about before the action."""
CHANGEABLE: Mapping[PreEvent, Mapping[str, str]] = {
    "onConversationAdd": {"friendly_name": "FriendlyName"},
    "onConversationUpdate": {"friendly_name": "FriendlyName"},
    "onMessageAdd": {"body": "Body", "author": "Author", "attributes": "Attributes"},
    "onMessageUpdate": {"body": "Body", "author": "Author", "attributes": "Attributes"},
}
"""What a hook may set, each with the parameter that tells it; nothing of other events."""
PostEvent = Literal[
    "onConversationAdded",
    "onConversationUpdated",
    "onConversationRemoved",
    "onConversationStateUpdated",
    "onMessageAdded",
    "onMessageUpdated",
    "onMessageRemoved",
    "onParticipantAdded",
    "onParticipantUpdated",
    "onParticipantRemoved",
    "onUserAdded",
    "onUserUpdated",
    "onDeliveryUpdated",
]
"""Told after it."""


class Levels(msgspec.Struct, frozen=True, gc=False):
    """Those of an account and of one of its services."""

    account: Hooks = Hooks()
    service: Hooks = Hooks()

    def before(self, event: PreEvent) -> list[Hooks]:
        """Whom to ask about an action, in this order."""
        return [each for each in (self.account, self.service) if each.pre_url and event in each.filters]

    def after(self, event: PostEvent) -> list[tuple[str, Hooks]]:
        """Whom to tell of it, each with the name of its level."""
        levels = (("account", self.account), ("service", self.service))
        return [(name, each) for name, each in levels if each.post_url and event in each.filters]


class AccountOptions(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What Conversations has among the options of an account."""

    chat_webhooks: Hooks = Hooks()


def of_account(account: Account) -> Hooks:
    """Those of an account."""
    return _read(account.options).chat_webhooks


def levels(directory: Directory, service: Service) -> Levels:
    """Those that hear of a service."""
    account = directory.account(service.account_sid)
    return Levels(Hooks() if account is None else of_account(account), options_of(service).webhooks)


@functools.lru_cache(maxsize=4096)
def _read(options: str) -> AccountOptions:
    return msgspec.json.decode(options, type=AccountOptions)
