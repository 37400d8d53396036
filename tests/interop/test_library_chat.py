"""Conversations through the helper libraries: what a back end does with them, in both forms of address."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.interop.library import Api, Record
from tests.interop.server import Account
from tests.interop.test_library_sync import dated, refused

ATTRIBUTES = json.dumps({"text": "grüße & more", "n": 1})


@pytest.fixture(params=["default service", "any service"])
def service(request: pytest.FixtureRequest, api: Api) -> Api:
    """What everything lies below: the account's default service, unnamed, or one by its SID."""
    conversations = api.conversations.v1
    if request.param == "default service":
        return conversations
    return conversations.services(conversations.services.create(friendly_name="shop")["sid"])


def test_service_and_its_configuration(api: Api, account: Account) -> None:
    services = api.conversations.v1.services
    made = dated(services.create(friendly_name="shop"))
    assert (made["account_sid"], made["friendly_name"]) == (account.sid, "shop")
    service = services(made["sid"])
    assert service.fetch() == made
    assert made["sid"] in [listed["sid"] for listed in services.list(page_size=1)]

    role = service.roles.create(friendly_name="reader", type="conversation", permission=["leaveConversation"])
    changed = service.configuration().update(
        default_conversation_role_sid=role["sid"], reachability_enabled=True
    )
    assert (changed["default_conversation_role_sid"], changed["reachability_enabled"]) == (role["sid"], True)
    assert service.configuration().fetch() == changed
    with refused(409, 20409):
        service.roles(role["sid"]).delete()

    assert service.delete() is True
    with refused(404, 20404):
        service.fetch()
    with refused(404, 20404):
        service.conversations.create()


def test_account_has_defaults_for_its_conversations(api: Api) -> None:
    conversations = api.conversations.v1
    before = conversations.configuration().fetch()
    other = conversations.services.create(friendly_name="other")["sid"]
    changed = conversations.configuration().update(
        default_chat_service_sid=other, default_inactive_timer="PT1H", default_closed_timer="P1D"
    )
    assert changed["default_chat_service_sid"] == other != before["default_chat_service_sid"]
    made = conversations.conversations.create()
    assert made["chat_service_sid"] == other
    assert set(made["timers"]) == {"date_inactive", "date_closed"}
    assert conversations.configuration().update(default_closed_timer="")["default_closed_timer"] is None


def test_conversation_lives_from_creation_to_deletion(service: Api, name: str) -> None:
    made = dated(
        service.conversations.create(
            unique_name=name,
            friendly_name="Case 1",
            attributes=ATTRIBUTES,
            timers_inactive="PT10M",
            date_created=datetime(2020, 1, 31, 8, tzinfo=UTC),
        )
    )
    assert (made["unique_name"], made["friendly_name"], made["attributes"]) == (name, "Case 1", ATTRIBUTES)
    assert (made["state"], made["bindings"]) == ("active", {})
    assert made["date_created"] == datetime(2020, 1, 31, 8, tzinfo=UTC)
    assert set(made["timers"]) == {"date_inactive"}
    assert service.conversations(name).fetch() == service.conversations(made["sid"]).fetch() == made

    conversation = service.conversations(made["sid"])
    changed = conversation.update(friendly_name="Case 2", state="closed")
    assert (changed["friendly_name"], changed["state"], changed["timers"]) == ("Case 2", "closed", {})
    with refused(400, 50377):
        conversation.update(friendly_name="Case 3")
    with refused(409, 50353):
        service.conversations.create(unique_name=name)

    assert conversation.delete() is True
    with refused(404, 20404):
        conversation.fetch()


def test_conversations_are_listed_by_state_and_date(service: Api) -> None:
    old = service.conversations.create(date_created=datetime(2020, 1, 31, 8, tzinfo=UTC))["sid"]
    idle = service.conversations.create(state="inactive")["sid"]
    new = service.conversations.create()["sid"]

    def listed(**filters: Any) -> list[str]:
        return [record["sid"] for record in service.conversations.list(page_size=1, **filters)]

    assert listed()[0] == old
    assert set(listed()) == {old, idle, new}
    assert listed(state="inactive") == [idle]
    assert listed(start_date="2020-01-01", end_date="2020-01-31") == [old]
    assert listed(end_date="2020-01-30") == []


def test_participant_lives_from_joining_to_leaving(service: Api) -> None:
    conversation = service.conversations(service.conversations.create()["sid"])
    made = dated(conversation.participants.create(identity="alice", attributes=ATTRIBUTES))
    assert (made["identity"], made["messaging_binding"]) == ("alice", None)
    assert (made["last_read_message_index"], made["last_read_timestamp"]) == (None, None)
    with refused(409, 50433):
        conversation.participants.create(identity="alice")
    address = conversation.participants.create(
        messaging_binding_address="+15558675310", messaging_binding_proxy_address="+15017122661"
    )
    assert address["messaging_binding"] == {
        "type": "sms",
        "address": "+15558675310",
        "proxy_address": "+15017122661",
    }
    masked = conversation.participants.create(
        identity="carol", messaging_binding_projected_address="+15017122662"
    )
    assert masked["identity"] == "carol"
    assert masked["messaging_binding"]["projected_address"] == "+15017122662"
    assert conversation.participants("carol").delete() is True
    with refused(400, 50443):
        conversation.participants.create(identity="dave", messaging_binding_projected_address="dave")
    listed = [record["sid"] for record in conversation.participants.list(page_size=1)]
    assert set(listed) == {made["sid"], address["sid"]}

    conversation.messages.create(body="hello")
    changed = conversation.participants(made["sid"]).update(attributes="{}", last_read_message_index=0)
    assert (changed["attributes"], changed["last_read_message_index"]) == ("{}", 0)
    assert conversation.participants("alice").fetch() == changed

    found = service.participant_conversations.list(identity="alice")
    assert [record["participant_sid"] for record in found] == [made["sid"]]
    (found,) = service.participant_conversations.list(address="+15558675310")
    assert found["participant_messaging_binding"] == address["messaging_binding"]

    assert conversation.participants("alice").delete() is True
    with refused(404, 20404):
        conversation.participants(made["sid"]).fetch()


def test_message_lives_from_sending_to_removal(service: Api) -> None:
    conversation = service.conversations(service.conversations.create()["sid"])
    alice = conversation.participants.create(identity="alice")
    made = dated(conversation.messages.create(author="alice", body="hello", attributes=ATTRIBUTES))
    assert (made["index"], made["author"], made["body"]) == (0, "alice", "hello")
    assert (made["participant_sid"], made["media"], made["delivery"]) == (alice["sid"], None, None)
    assert conversation.messages.create(body="by nobody")["author"] == "system"

    message = conversation.messages(made["sid"])
    changed = message.update(body="bye", author="bob")
    assert (changed["body"], changed["author"], changed["attributes"]) == ("bye", "bob", ATTRIBUTES)
    assert changed["participant_sid"] is None
    assert message.fetch() == changed
    assert message.delete() is True
    with refused(404, 20404):
        message.fetch()
    assert conversation.messages.create(body="third")["index"] == 2


def test_messages_are_listed_in_both_orders(service: Api) -> None:
    conversation = service.conversations(service.conversations.create()["sid"])
    for number in range(5):
        conversation.messages.create(body=str(number))

    def bodies(records: list[Record]) -> list[str]:
        return [record["body"] for record in records]

    assert bodies(conversation.messages.list(page_size=2)) == list("01234")
    assert bodies(conversation.messages.list(order="desc", limit=3, page_size=2)) == list("432")
    pages = conversation.messages.walk("next", "next", "previous", page_size=2)
    assert [bodies(page) for page in pages] == [["0", "1"], ["2", "3"], ["4"], ["2", "3"]]


def test_receipts_of_a_message(service: Api, account: Account) -> None:
    conversation = service.conversations(service.conversations.create()["sid"])
    outside = conversation.participants.create(messaging_binding_address="+15558675310")
    message = conversation.messages.create(body="hello")
    assert message["delivery"] == {
        "total": 1,
        **dict.fromkeys(("sent", "delivered", "read", "undelivered", "failed"), "none"),
    }
    report = {"conversation": message["conversation_sid"], "message": message["sid"]}
    made = account.operator(
        "POST", "receipts", {**report, "participant": outside["sid"], "status": "delivered"}
    )

    receipts = conversation.messages(message["sid"]).delivery_receipts
    (listed,) = receipts.list()
    assert dated(listed)["sid"] == made["sid"]
    fetched = conversation.messages(message["sid"]).delivery_receipts(made["sid"]).fetch()
    assert (fetched["participant_sid"], fetched["status"]) == (outside["sid"], "delivered")
    assert conversation.messages(message["sid"]).fetch()["delivery"]["delivered"] == "all"


def test_conversation_is_made_together_with_participants(service: Api) -> None:
    many = [json.dumps({"identity": name}) for name in ("alice", "bob")]
    many.append(json.dumps({"messaging_binding": {"address": "+15558675310"}}))
    made = service.conversation_with_participants.create(friendly_name="Case 1", participant=many)
    assert made["friendly_name"] == "Case 1"
    listed = service.conversations(made["sid"]).participants.list()
    assert {record["identity"] for record in listed} == {"alice", "bob", None}
    with refused(400, 50424):
        service.conversation_with_participants.create(participant=["alice"])


def test_user_lives_from_creation_to_deletion(service: Api) -> None:
    made = dated(service.users.create(identity="alice", friendly_name="Alice", attributes=ATTRIBUTES))
    assert (made["identity"], made["friendly_name"], made["attributes"]) == ("alice", "Alice", ATTRIBUTES)
    assert (made["is_online"], made["is_notifiable"]) == (None, None)
    with refused(409, 50201):
        service.users.create(identity="alice")
    user = service.users("alice")
    changed = user.update(friendly_name="A.", attributes="{}")
    assert (changed["friendly_name"], changed["attributes"]) == ("A.", "{}")
    assert user.fetch() == service.users(made["sid"]).fetch() == changed
    with refused(400, 20161):
        user.update()
    assert [record["identity"] for record in service.users.list()] == ["alice"]

    assert user.delete() is True
    with refused(404, 20404):
        user.fetch()
    assert service.users.create(identity="alice")["sid"] != made["sid"]


def test_conversations_of_a_user(service: Api) -> None:
    conversations = [service.conversations.create(unique_name=f"number {n}")["sid"] for n in range(3)]
    for sid in conversations:
        service.conversations(sid).participants.create(identity="alice")
        service.conversations(sid).messages.create(body="hello")
    user = service.users("alice")
    listed = [record["conversation_sid"] for record in user.user_conversations.list(page_size=2)]
    assert listed == sorted(conversations)

    one = user.user_conversations(conversations[0])
    found = dated(one.fetch())
    assert (found["notification_level"], found["unread_messages_count"]) == ("default", None)
    at = datetime(2031, 1, 31, 8, tzinfo=UTC)
    changed = one.update(notification_level="muted", last_read_message_index=0, last_read_timestamp=at)
    assert (changed["notification_level"], changed["unread_messages_count"]) == ("muted", 0)
    assert changed["last_read_message_index"] == 0
    seen = service.conversations(conversations[0]).participants("alice").fetch()
    assert seen["last_read_timestamp"].startswith("2031-01-31T08:00:00")

    assert one.delete() is True
    with refused(404, 20404):
        one.fetch()
    assert len(user.user_conversations.list()) == 2


def test_roles(service: Api) -> None:
    names = [record["friendly_name"] for record in service.roles.list()]
    assert set(names) == {"service admin", "service user", "channel admin", "channel user"}
    made = dated(
        service.roles.create(
            friendly_name="writer", type="conversation", permission=["sendMessage", "leaveConversation"]
        )
    )
    assert made["permissions"] == ["sendMessage", "leaveConversation"]
    role = service.roles(made["sid"])
    assert role.update(permission=["sendMessage"])["permissions"] == ["sendMessage"]
    with refused(400, 50104):
        role.update(permission=["joinConversation"])
    assert role.delete() is True
    with refused(404, 20404):
        role.fetch()


def test_another_account_finds_nothing(service: Api, api: Api, open_client: Any, account: Account) -> None:
    conversation = service.conversations.create()
    other = account.server.new_account()
    stranger = open_client(other.sid, other.auth_token).conversations.v1
    with refused(404, 20404):
        stranger.services(conversation["chat_service_sid"]).fetch()
    with refused(404, 20404):
        stranger.services(conversation["chat_service_sid"]).conversations(conversation["sid"]).fetch()
    with refused(404, 20404):
        stranger.conversations(conversation["sid"]).fetch()
