"""Programmable Chat through the helper libraries: Conversations under its older names."""

from datetime import datetime

import pytest

from tests.interop.library import Api
from tests.interop.server import Account
from tests.interop.test_library_chat import ATTRIBUTES
from tests.interop.test_library_sync import dated, refused


@pytest.fixture
def service(api: Api) -> Api:
    services = api.chat.v2.services
    return services(services.create(friendly_name="shop")["sid"])


def test_service_is_one_resource(api: Api, account: Account) -> None:
    services = api.chat.v2.services
    made = dated(services.create(friendly_name="shop"))
    assert (made["account_sid"], made["friendly_name"]) == (account.sid, "shop")
    assert (made["typing_indicator_timeout"], made["reachability_enabled"]) == (5, False)
    assert made["limits"] == {"channel_members": 1000, "user_channels": 1000}
    assert made["media"]["size_limit_mb"] == 150
    service = services(made["sid"])
    assert service.fetch() == made
    assert made["sid"] in [listed["sid"] for listed in services.list(page_size=1)]

    changed = service.update(
        friendly_name="store",
        reachability_enabled=True,
        read_status_enabled=False,
        typing_indicator_timeout=7,
        consumption_report_interval=3,
        limits_channel_members=2,
        media_compatibility_message="no media",
        post_webhook_url="https://example.com/hook",
        webhook_method="GET",
        webhook_filters=["onMessageSent", "onChannelDestroyed", "onUserUpdated"],
        post_webhook_retry_count=2,
        notifications_added_to_channel_enabled=True,
        notifications_added_to_channel_template="come",
        notifications_invited_to_channel_sound="ping",
        notifications_new_message_badge_count_enabled=True,
    )
    assert (changed["friendly_name"], changed["reachability_enabled"]) == ("store", True)
    assert (changed["read_status_enabled"], changed["typing_indicator_timeout"]) == (False, 7)
    assert changed["consumption_report_interval"] == 3
    assert changed["limits"] == {"channel_members": 2, "user_channels": 1000}
    assert changed["media"]["compatibility_message"] == "no media"
    assert (changed["post_webhook_url"], changed["webhook_method"]) == ("https://example.com/hook", "GET")
    assert changed["webhook_filters"] == ["onMessageSent", "onChannelDestroyed", "onUserUpdated"]
    assert changed["post_webhook_retry_count"] == 2
    notices = changed["notifications"]
    assert (notices["added_to_channel"]["enabled"], notices["added_to_channel"]["template"]) == (True, "come")
    assert (notices["invited_to_channel"]["sound"], notices["log_enabled"]) == ("ping", False)
    assert notices["new_message"]["badge_count_enabled"] is True
    assert service.fetch() == changed
    theirs = api.conversations.v1.services(made["sid"])
    assert theirs.fetch()["friendly_name"] == "store"
    assert theirs.configuration.webhooks().fetch()["filters"] == [
        "onMessageAdded",
        "onConversationRemoved",
        "onUserUpdated",
    ]

    channel = service.channels(service.channels.create()["sid"])
    for identity in ("alice", "bob"):
        channel.members.create(identity=identity)
    with refused(403, 50417):
        channel.members.create(identity="carol")
    assert service.delete() is True
    with refused(404, 20404):
        service.fetch()


def test_channel_is_a_conversation(api: Api, service: Api) -> None:
    made = dated(
        service.channels.create(
            friendly_name="F", unique_name="team", attributes=ATTRIBUTES, type="private", created_by="alice"
        )
    )
    assert (made["friendly_name"], made["unique_name"], made["attributes"]) == ("F", "team", ATTRIBUTES)
    assert (made["type"], made["created_by"]) == ("private", "alice")
    assert (made["members_count"], made["messages_count"]) == (0, 0)
    channel = service.channels(made["sid"])
    assert channel.fetch() == service.channels("team").fetch() == made
    public = service.channels.create(friendly_name="G")
    assert public["type"] == "public"
    assert [each["sid"] for each in service.channels.list(page_size=1)] == [made["sid"], public["sid"]]
    theirs = api.conversations.v1.services(made["service_sid"]).conversations(made["sid"])
    assert theirs.fetch()["unique_name"] == "team"

    changed = channel.update(friendly_name="H", unique_name="crew")
    assert (changed["friendly_name"], changed["unique_name"], changed["type"]) == ("H", "crew", "private")
    with refused(409, 50353):
        service.channels.create(unique_name="crew")
    with refused(400, 20422):
        service.channels.create(type="secret")
    assert channel.delete() is True
    for missing in (channel.fetch, theirs.fetch):
        with refused(404, 20404):
            missing()


def test_member_is_a_participant(service: Api) -> None:
    channel = service.channels(service.channels.create()["sid"])
    alice = dated(channel.members.create(identity="alice", attributes=ATTRIBUTES))
    bob = channel.members.create(identity="bob")
    assert (alice["identity"], alice["attributes"], alice["channel_sid"]) == (
        "alice",
        ATTRIBUTES,
        channel.fetch()["sid"],
    )
    assert (alice["last_consumed_message_index"], alice["last_consumption_timestamp"]) == (None, None)
    assert channel.members("alice").fetch() == channel.members(alice["sid"]).fetch() == alice
    assert [each["sid"] for each in channel.members.list(page_size=1)] == [alice["sid"], bob["sid"]]
    assert [each["sid"] for each in channel.members.list(identity=["bob", "carol"])] == [bob["sid"]]
    channel.messages.create(body="hello")
    marked = channel.members("bob").update(last_consumed_message_index=0, attributes="{}")
    assert marked["last_consumed_message_index"] == 0
    assert isinstance(marked["last_consumption_timestamp"], datetime)
    assert channel.fetch()["members_count"] == 2
    with refused(409, 50433):
        channel.members.create(identity="bob")
    assert channel.members("bob").delete() is True
    with refused(404, 20404):
        channel.members("bob").fetch()


def test_message_keeps_its_author_and_editor(api: Api, service: Api) -> None:
    channel = service.channels(service.channels.create()["sid"])
    channel.members.create(identity="alice")
    made = dated(channel.messages.create(body="hello", from_="alice", attributes=ATTRIBUTES))
    sid = channel.fetch()["sid"]
    assert (made["index"], made["body"], made["to"]) == (0, "hello", sid)
    assert (made["type"], made["media"], made["was_edited"], made["last_updated_by"]) == (
        "text",
        None,
        False,
        None,
    )
    channel.messages.create(body="more")
    # The PyPI library keeps `from` to itself.
    theirs = api.conversations.v1.services(made["service_sid"]).conversations(sid).messages
    assert [each["author"] for each in theirs.list()] == ["alice", "system"]
    message = channel.messages(made["sid"])
    assert message.fetch() == made
    assert [each["index"] for each in channel.messages.list(order="desc", page_size=1)] == [1, 0]
    changed = message.update(body="hullo")
    assert (changed["body"], changed["was_edited"], changed["last_updated_by"]) == ("hullo", True, "system")
    assert channel.fetch()["messages_count"] == 2
    with refused(400, 50503):
        channel.messages.create()
    assert message.delete() is True
    with refused(404, 20404):
        message.fetch()


def test_invitation(service: Api) -> None:
    channel = service.channels(service.channels.create()["sid"])
    made = dated(channel.invites.create(identity="alice"))
    assert (made["identity"], made["created_by"], made["channel_sid"]) == (
        "alice",
        "system",
        channel.fetch()["sid"],
    )
    other = channel.invites.create(identity="bob")
    assert channel.invites(made["sid"]).fetch() == made
    assert [each["sid"] for each in channel.invites.list(page_size=1)] == [made["sid"], other["sid"]]
    assert [each["sid"] for each in channel.invites.list(identity=["bob"])] == [other["sid"]]
    with refused(409, 50212):
        channel.invites.create(identity="alice")
    channel.members.create(identity="alice")
    with refused(404, 20404):
        channel.invites(made["sid"]).fetch()
    assert channel.invites(other["sid"]).delete() is True
    assert channel.invites.list() == []


def test_role_has_the_names_of_chat(api: Api, service: Api) -> None:
    built_in = {role["friendly_name"]: role["type"] for role in service.roles.list()}
    assert built_in == {
        "service admin": "deployment",
        "service user": "deployment",
        "channel admin": "channel",
        "channel user": "channel",
    }
    wanted = ["createChannel", "joinChannel", "editOwnUserInfo"]
    made = dated(service.roles.create(friendly_name="guest", type="deployment", permission=wanted))
    assert (made["type"], made["permissions"]) == ("deployment", wanted)
    role = service.roles(made["sid"])
    assert role.fetch() == made
    theirs = api.conversations.v1.services(made["service_sid"]).roles(made["sid"])
    assert theirs.fetch()["permissions"] == ["createConversation", "joinConversation", "editOwnUserInfo"]
    changed = role.update(permission=["inviteMember", "addMember", "removeMember"])
    assert changed["permissions"] == ["addMember", "removeMember"]
    assert role.delete() is True
    with refused(404, 20404):
        role.fetch()


def test_webhook_of_a_channel(service: Api) -> None:
    channel = service.channels(service.channels.create()["sid"])
    made = dated(
        channel.webhooks.create(
            type="webhook",
            configuration_url="https://example.com/hook",
            configuration_method="POST",
            configuration_filters=["onMessageSent", "onMemberAdded"],
            configuration_retry_count=3,
        )
    )
    assert (made["type"], made["channel_sid"]) == ("webhook", channel.fetch()["sid"])
    assert made["configuration"] == {
        "url": "https://example.com/hook",
        "method": "POST",
        "filters": ["onMessageSent", "onMemberAdded"],
    }
    webhook = channel.webhooks(made["sid"])
    assert webhook.fetch() == made
    assert [each["sid"] for each in channel.webhooks.list()] == [made["sid"]]
    changed = webhook.update(configuration_filters=["onMemberRemoved"])
    assert changed["configuration"]["filters"] == ["onMemberRemoved"]
    assert webhook.delete() is True
    with refused(404, 20404):
        webhook.fetch()


def test_push_credential_is_that_of_conversations(api: Api) -> None:
    credentials = api.chat.v2.credentials
    made = dated(credentials.create(type="fcm", friendly_name="phones", secret="hush"))
    assert (made["type"], made["friendly_name"], made["sandbox"]) == ("fcm", "phones", "false")
    assert credentials(made["sid"]).fetch() == made
    assert api.conversations.v1.credentials(made["sid"]).fetch()["friendly_name"] == "phones"
    assert made["sid"] in [each["sid"] for each in credentials.list(page_size=1)]
    assert credentials(made["sid"]).update(friendly_name="all")["friendly_name"] == "all"
    assert credentials(made["sid"]).delete() is True
    with refused(404, 20404):
        credentials(made["sid"]).fetch()


def test_user_and_its_channels(service: Api) -> None:
    made = dated(service.users.create(identity="alice", friendly_name="Alice", attributes=ATTRIBUTES))
    assert (made["identity"], made["friendly_name"], made["attributes"]) == ("alice", "Alice", ATTRIBUTES)
    assert (made["joined_channels_count"], made["is_online"], made["is_notifiable"]) == (0, None, None)
    user = service.users(made["sid"])
    assert user.fetch() == service.users("alice").fetch() == made
    assert user.update(friendly_name="Al")["friendly_name"] == "Al"
    channel = service.channels(service.channels.create()["sid"])
    member = channel.members.create(identity="alice")
    channel.messages.create(body="hello")
    (own,) = user.user_channels.list()
    assert (own["member_sid"], own["status"], own["unread_messages_count"]) == (member["sid"], "joined", None)
    one = user.user_channels(own["channel_sid"])
    assert one.fetch()["notification_level"] == "default"
    changed = one.update(notification_level="muted", last_consumed_message_index=0)
    assert (changed["notification_level"], changed["last_consumed_message_index"]) == ("muted", 0)
    assert changed["unread_messages_count"] == 0
    assert user.fetch()["joined_channels_count"] == 1
    assert one.delete() is True
    assert user.user_channels.list() == []
    with refused(409, 50201):
        service.users.create(identity="alice")
    assert user.delete() is True
    with refused(404, 20404):
        user.fetch()
