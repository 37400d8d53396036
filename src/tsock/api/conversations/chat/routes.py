"""All that back ends ask of Chat over REST (`protocol/rest.md`, Chat)."""

from tsock.accounts.secrets import Vault
from tsock.api.conversations.chat.invites import InviteHandlers
from tsock.api.conversations.chat.resources import CHANNEL, MEMBER, MESSAGE, USER, USER_CHANNEL
from tsock.api.conversations.chat.route import Handler, route
from tsock.api.conversations.chat.services import ServiceHandlers
from tsock.api.conversations.chat.translation import Resource, translated
from tsock.api.conversations.contents import Contents
from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.rest.conversations import ConversationHandlers
from tsock.api.conversations.rest.fields import CHANNEL_TYPE
from tsock.api.conversations.rest.messages import MessageHandlers
from tsock.api.conversations.rest.participants import ParticipantHandlers
from tsock.api.conversations.rest.scope import RestScope
from tsock.api.conversations.rest.user_conversations import UserConversationHandlers
from tsock.api.conversations.rest.users import UserHandlers
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
    channel, user = "/{service}/Channels/{channel}", "/{service}/Users/{user}"
    member, message = f"{channel}/Members/{{member}}", f"{channel}/Messages/{{message}}"
    own_channel = f"{user}/Channels/{{channel}}"
    create = translated(channels.create, CHANNEL, {CHANNEL_TYPE: "public"})
    return [
        *ServiceHandlers(scope, vault, settings).routes(),
        route("POST", "/{service}/Channels", create, "channels/create"),
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
    ]


def _made(resource: Resource, one: str, name: str, make: Handler) -> Route:
    return route("POST", _many(one), translated(make, resource), f"{name}/create")


def _of(
    resource: Resource, one: str, name: str, handlers: tuple[Handler, Handler, Handler, Handler]
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
