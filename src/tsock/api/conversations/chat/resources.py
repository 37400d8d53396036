"""What the resources of Chat are in Conversations: the table of names (`protocol/rest.md`, Chat)."""

from urllib.parse import quote

from tsock.api.conversations.chat.translation import Body, Resource, same
from tsock.api.conversations.chat.words import EVENTS, PERMISSIONS, ROLE_TYPES, in_chat
from tsock.api.conversations.rest.fields import CHANNEL_CREATED_BY, CHANNEL_TYPE
from tsock.conversations import conversations, objects, tables
from tsock.conversations.models import MessageData
from tsock.storage.store import Tx

_DATES = same("DateCreated", "DateUpdated")
_OWNED = same("sid", "account_sid") | {"service_sid": "chat_service_sid"}
_DATED = same("date_created", "date_updated", "url")
_IN_CHANNEL = {**_OWNED, "channel_sid": "conversation_sid"}
_DEVICE = {
    **_OWNED,
    **same("credential_sid", "endpoint", "identity", "binding_type", "message_types"),
    **_DATED,
}
_READ = {
    "LastConsumedMessageIndex": "LastReadMessageIndex",
    "LastConsumptionTimestamp": "LastReadTimestamp",
}


def _channel(tx: Tx, body: Body) -> Body:
    row = tables.by_sid(tx, body["sid"])
    if row is None:  # gone since it was changed
        return {"type": "private", "created_by": None, "members_count": 0, "messages_count": 0, "links": {}}
    data = conversations.data_of(tx, row)
    return {
        "type": data.type,
        "created_by": data.created_by,
        "members_count": objects.read(tx, row.roster_sid).item_count,
        "messages_count": objects.read(tx, row.messages_sid).item_count,
        "links": {
            name.lower(): f"{body['url']}/{name}" for name in ("Members", "Messages", "Invites", "Webhooks")
        },
    }


def _message(tx: Tx, body: Body) -> Body:
    media: list[Body] = body["media"] or []
    row = tables.by_sid(tx, body["conversation_sid"])
    item = None if row is None else objects.item(tx, row.messages_sid, body["index"])
    editor = None if item is None else objects.decoded(item, MessageData).last_updated_by
    return {
        "last_updated_by": editor,
        "was_edited": editor is not None,
        "type": "media" if media else "text",
        "media": media[0] if media else None,
    }


def _user(tx: Tx, body: Body) -> Body:
    return {
        "joined_channels_count": tables.conversations_of(tx, body["chat_service_sid"], body["identity"]),
        "links": {"user_channels": f"{body['url']}/Channels", "user_bindings": f"{body['url']}/Bindings"},
    }


def _role(tx: Tx, body: Body) -> Body:
    return {
        "type": in_chat(ROLE_TYPES, body["type"]),
        "permissions": [in_chat(PERMISSIONS, name) for name in body["permissions"]],
    }


def _webhook(tx: Tx, body: Body) -> Body:
    told: Body = body["configuration"]
    if "filters" in told:
        told = {**told, "filters": [in_chat(EVENTS, name) for name in told["filters"]]}
    return {"configuration": told}


def _binding(tx: Tx, body: Body) -> Body:
    user = f"{body['url'].rpartition('/Bindings/')[0]}/Users/{quote(body['identity'], safe='')}"
    return {"links": {"user": user}}


def _user_channel(tx: Tx, body: Body) -> Body:
    service = body["url"].partition("/Users/")[0]
    channel = f"{service}/Channels/{body['conversation_sid']}"
    member = f"{channel}/Members/{body['participant_sid']}"
    return {"status": "joined", "links": {"channel": channel, "member": member}}


CHANNEL = Resource(
    many="channels",
    parameters={
        **same("FriendlyName", "UniqueName", "Attributes"),
        **_DATES,
        "Type": CHANNEL_TYPE,
        "CreatedBy": CHANNEL_CREATED_BY,
    },
    members={**_OWNED, **same("friendly_name", "unique_name", "attributes"), **_DATED},
    more=_channel,
)
MEMBER = Resource(
    many="members",
    parameters={**same("Identity", "RoleSid", "Attributes"), **_DATES, **_READ},
    members={
        **_IN_CHANNEL,
        **same("identity", "attributes", "role_sid"),
        "last_consumed_message_index": "last_read_message_index",
        "last_consumption_timestamp": "last_read_timestamp",
        **_DATED,
    },
)
MESSAGE = Resource(
    many="messages",
    parameters={**same("Body", "Attributes", "MediaSid"), **_DATES, "From": "Author"},
    members={
        **_IN_CHANNEL,
        "to": "conversation_sid",
        "from": "author",
        **same("index", "body", "attributes"),
        **_DATED,
    },
    more=_message,
)
USER = Resource(
    many="users",
    parameters=same("Identity", "FriendlyName", "Attributes", "RoleSid"),
    members={
        **_OWNED,
        **same("role_sid", "identity", "friendly_name", "attributes", "is_online", "is_notifiable"),
        **_DATED,
    },
    more=_user,
)
USER_CHANNEL = Resource(
    many="channels",
    parameters={**same("NotificationLevel"), **_READ},
    members={
        "account_sid": "account_sid",
        "service_sid": "chat_service_sid",
        "channel_sid": "conversation_sid",
        "user_sid": "user_sid",
        "member_sid": "participant_sid",
        "last_consumed_message_index": "last_read_message_index",
        **same("unread_messages_count", "notification_level", "url"),
    },
    more=_user_channel,
)
ROLE = Resource(
    many="roles",
    parameters=same("FriendlyName", "Type", "Permission"),
    members={**_OWNED, "friendly_name": "friendly_name", **_DATED},
    values={"Type": ROLE_TYPES, "Permission": PERMISSIONS},
    more=_role,
)
WEBHOOK = Resource(
    many="webhooks",
    parameters={
        "Type": "Target",
        **same(
            "Configuration.Url",
            "Configuration.Method",
            "Configuration.Filters",
            "Configuration.Triggers",
            "Configuration.FlowSid",
        ),
    },
    members={**_IN_CHANNEL, "type": "target", **_DATED},
    values={"Configuration.Filters": EVENTS},
    more=_webhook,
)
BINDING = Resource(many="bindings", parameters={}, members=_DEVICE, more=_binding)
USER_BINDING = Resource(many="bindings", parameters={}, members={**_DEVICE, "user_sid": "user_sid"})
CREDENTIAL = Resource(
    many="credentials",
    parameters=same("Type", "FriendlyName", "Certificate", "PrivateKey", "Sandbox", "ApiKey", "Secret"),
    members={**same("sid", "account_sid", "friendly_name", "type", "sandbox"), **_DATED},
)
