"""All that back ends ask of Chat over REST (`protocol/rest.md`, Chat)."""

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

Entry = tuple[str, str, Handler, str]
"""Method, pattern, handler of Conversations, what it does to the resource."""


def routes(scope: RestScope, pre_hooks: PreHooks, contents: Contents, settings: Settings) -> list[Route]:
    """The part of the route table that is served here."""
    channels = ConversationHandlers(scope, pre_hooks)
    members = ParticipantHandlers(scope, pre_hooks)
    messages = MessageHandlers(scope, pre_hooks, contents)
    users = UserHandlers(scope, pre_hooks)
    own = UserConversationHandlers(scope, pre_hooks)
    channel, user = "/{service}/Channels", "/{service}/Users"
    member, message = f"{channel}/{{channel}}/Members", f"{channel}/{{channel}}/Messages"
    user_channel = f"{user}/{{user}}/Channels"
    create = translated(channels.create, CHANNEL, {CHANNEL_TYPE: "public"})
    return [
        *ServiceHandlers(scope, settings).routes(),
        route("POST", channel, create, "channels/create"),
        *_of(
            CHANNEL,
            "channels",
            [
                ("GET", channel, channels.every, "list"),
                ("GET", f"{channel}/{{channel}}", channels.fetch, "read"),
                ("POST", f"{channel}/{{channel}}", channels.change, "update"),
                ("DELETE", f"{channel}/{{channel}}", channels.remove, "delete"),
            ],
        ),
        *_of(
            MEMBER,
            "members",
            [
                ("POST", member, members.add, "create"),
                ("GET", member, members.every, "list"),
                ("GET", f"{member}/{{member}}", members.fetch, "read"),
                ("POST", f"{member}/{{member}}", members.change, "update"),
                ("DELETE", f"{member}/{{member}}", members.remove, "delete"),
            ],
        ),
        *_of(
            MESSAGE,
            "messages",
            [
                ("POST", message, messages.send, "create"),
                ("GET", message, messages.every, "list"),
                ("GET", f"{message}/{{message}}", messages.fetch, "read"),
                ("POST", f"{message}/{{message}}", messages.change, "update"),
                ("DELETE", f"{message}/{{message}}", messages.remove, "delete"),
            ],
        ),
        *InviteHandlers(scope).routes(),
        *_of(
            USER,
            "users",
            [
                ("POST", user, users.create, "create"),
                ("GET", user, users.every, "list"),
                ("GET", f"{user}/{{user}}", users.fetch, "read"),
                ("POST", f"{user}/{{user}}", users.change, "update"),
                ("DELETE", f"{user}/{{user}}", users.delete, "delete"),
            ],
        ),
        *_of(
            USER_CHANNEL,
            "user-channels",
            [
                ("GET", user_channel, own.every, "list"),
                ("GET", f"{user_channel}/{{channel}}", own.fetch, "read"),
                ("POST", f"{user_channel}/{{channel}}", own.change, "update"),
                ("DELETE", f"{user_channel}/{{channel}}", own.leave, "delete"),
            ],
        ),
    ]


def _of(resource: Resource, name: str, table: list[Entry]) -> list[Route]:
    return [
        route(method, pattern, translated(handler, resource), f"{name}/{verb}")
        for method, pattern, handler, verb in table
    ]
