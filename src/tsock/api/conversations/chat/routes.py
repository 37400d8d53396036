"""All that back ends ask of Chat over REST (`protocol/rest.md`, Chat)."""

from tsock.accounts.secrets import Vault
from tsock.api.conversations.chat.invites import InviteHandlers
from tsock.api.conversations.chat.resources import (
    BINDING,
    CHANNEL,
    CREDENTIAL,
    MEMBER,
    MESSAGE,
    ROLE,
    USER,
    USER_CHANNEL,
    WEBHOOK,
)
from tsock.api.conversations.chat.route import IN_SERVICE, Handler, route
from tsock.api.conversations.chat.services import ServiceHandlers
from tsock.api.conversations.chat.translation import Resource, translated
from tsock.api.conversations.chat.user_bindings import UserBindingHandlers
from tsock.api.conversations.contents import Contents
from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.rest.bindings import BindingHandlers
from tsock.api.conversations.rest.conversations import ConversationHandlers
from tsock.api.conversations.rest.credentials import CredentialHandlers
from tsock.api.conversations.rest.fields import CHANNEL_TYPE
from tsock.api.conversations.rest.messages import MessageHandlers
from tsock.api.conversations.rest.participants import ParticipantHandlers
from tsock.api.conversations.rest.roles import RoleHandlers
from tsock.api.conversations.rest.scope import RestScope
from tsock.api.conversations.rest.user_conversations import UserConversationHandlers
from tsock.api.conversations.rest.users import UserHandlers
from tsock.api.conversations.rest.webhooks import WebhookHandlers
from tsock.api.router import Route
from tsock.settings import Settings


def routes(
    scope: RestScope, pre_hooks: PreHooks, vault: Vault, contents: Contents, settings: Settings
) -> list[Route]:
    """The part of the route table that is served here."""
    channels = ConversationHandlers(scope, pre_hooks)
    members = ParticipantHandlers(scope, pre_hooks)
    messages = MessageHandlers(scope, pre_hooks, contents)
    users = UserHandlers(scope, pre_hooks)
    own = UserConversationHandlers(scope, pre_hooks)
    roles, bindings = RoleHandlers(scope), BindingHandlers(scope)
    webhooks, credentials = WebhookHandlers(scope, vault), CredentialHandlers(vault)
    channel, user = f"{IN_SERVICE}/Channels/{{channel}}", f"{IN_SERVICE}/Users/{{user}}"
    member, message = f"{channel}/Members/{{member}}", f"{channel}/Messages/{{message}}"
    own_channel, webhook = f"{user}/Channels/{{channel}}", f"{channel}/Webhooks/{{webhook}}"
    role, binding, credential = (
        f"{IN_SERVICE}/Roles/{{role}}",
        f"{IN_SERVICE}/Bindings/{{binding}}",
        "/Credentials/{credential}",
    )
    create = translated(channels.create, CHANNEL, {CHANNEL_TYPE: "public"})
    return [
        *ServiceHandlers(scope, vault, settings).routes(),
        route("POST", _many(channel), create, "channels/create"),
        *_of(
            CHANNEL, channel, "channels", (channels.every, channels.fetch, channels.change, channels.remove)
        ),
        _made(MEMBER, member, "members", members.add),
        *_of(MEMBER, member, "members", (members.every, members.fetch, members.change, members.remove)),
        _made(MESSAGE, message, "messages", messages.send),
        *_of(
            MESSAGE, message, "messages", (messages.every, messages.fetch, messages.change, messages.remove)
        ),
        *InviteHandlers(scope).routes(),
        _made(USER, user, "users", users.create),
        *_of(USER, user, "users", (users.every, users.fetch, users.change, users.delete)),
        *_of(USER_CHANNEL, own_channel, "user-channels", (own.every, own.fetch, own.change, own.leave)),
        *UserBindingHandlers(scope).routes(),
        _made(ROLE, role, "roles", roles.create),
        *_of(ROLE, role, "roles", (roles.every, roles.fetch, roles.change, roles.delete)),
        _made(WEBHOOK, webhook, "webhooks", webhooks.create),
        *_of(
            WEBHOOK,
            webhook,
            "webhooks",
            (webhooks.every, webhooks.fetch, webhooks.change, webhooks.remove),
        ),
        route("GET", _many(binding), translated(bindings.every, BINDING), "bindings/list"),
        route("GET", binding, translated(bindings.fetch, BINDING), "bindings/read"),
        route("DELETE", binding, bindings.delete, "bindings/delete"),
        _made(CREDENTIAL, credential, "credentials", credentials.create),
        *_of(
            CREDENTIAL,
            credential,
            "credentials",
            (credentials.every, credentials.fetch, credentials.change, credentials.delete),
        ),
    ]


def _made(resource: Resource, one: str, name: str, make: Handler) -> Route:
    return route("POST", _many(one), translated(make, resource), f"{name}/create")


def _of(
    resource: Resource,
    one: str,
    name: str,
    handlers: tuple[Handler, Handler, Handler, Handler],
) -> list[Route]:
    """What is done with those that are there: list, fetch, change and remove; `one` is the path of one."""
    every, fetch, change, remove = (translated(handler, resource) for handler in handlers)
    return [
        route("GET", _many(one), every, f"{name}/list"),
        route("GET", one, fetch, f"{name}/read"),
        route("POST", one, change, f"{name}/update"),
        route("DELETE", one, remove, f"{name}/delete"),
    ]


def _many(one: str) -> str:
    return one.rpartition("/")[0]
