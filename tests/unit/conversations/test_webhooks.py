"""Every action of somebody who is listened to puts its posts into the outbox, and no other does."""

from typing import Any, NamedTuple

import msgspec
import pytest
from msgspec.structs import replace

from tests.support.chat_world import ALICE, BOB, REST, VAULT, ChatWorld
from tsock.conversations import (
    conversations,
    departures,
    memberships,
    messages,
    participants,
    scoped_tables,
    scoped_webhooks,
    states,
    users,
    webhooks,
)
from tsock.conversations.addresses import Binding
from tsock.conversations.conversations import ConversationChange
from tsock.conversations.hooks import Levels
from tsock.conversations.messages import MessageChange, NewMessage
from tsock.conversations.models import Media
from tsock.conversations.participants import NewParticipant, ParticipantChange
from tsock.conversations.scoped_webhooks import NewWebhook, WebhookChange
from tsock.conversations.services import Hooks
from tsock.conversations.users import UserChange
from tsock.errors import ApiError
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Delivery
from tsock.webhooks.targets import StoredUrl

POST_EVENTS = [
    f"on{what}{change}"
    for what, changes in {
        "Conversation": ("Added", "Updated", "Removed", "StateUpdated"),
        "Message": ("Added", "Updated", "Removed"),
        "Participant": ("Added", "Updated", "Removed"),
        "User": ("Added", "Updated"),
        "Delivery": ("Updated",),
    }.items()
    for change in changes
]
ALL = Levels(service=Hooks(post_url=StoredUrl("https://hooks.example.test/chat"), filters=tuple(POST_EVENTS)))
LOUD_ALICE, LOUD_BOB, LOUD_REST = (replace(actor, webhooks=ALL) for actor in (ALICE, BOB, REST))


class Receipt(NamedTuple):
    """As the receipts' rules know one."""

    sid: str
    message_sid: str
    participant_sid: str
    status: str
    error_code: int | None
    created_ms: int
    updated_ms: int


def posts(world: ChatWorld) -> list[Delivery]:
    """Those put since the last call."""
    found = world(outbox.page, "waiting", after=0, limit=100)
    for each in found:
        world(outbox.delivered, each)
    return list(found)


def told(world: ChatWorld) -> list[dict[str, str]]:
    return [each.parameters for each in posts(world)]


def events(world: ChatWorld) -> list[str]:
    return [each["EventType"] for each in told(world)]


def test_conversation_is_told_from_begin_to_end(world: ChatWorld) -> None:
    made = world(conversations.create, LOUD_ALICE, ConversationChange(friendly_name="Tea", unique_name="tea"))
    (added,) = told(world)
    assert added == {
        "AccountSid": ALICE.account_sid,
        "EventType": "onConversationAdded",
        "Source": "SDK",
        "ClientIdentity": "alice",
        "ConversationSid": made.row.sid,
        "ChatServiceSid": ALICE.service_sid,
        "FriendlyName": "Tea",
        "UniqueName": "tea",
        "Attributes": "{}",
        "State": "active",
        "DateCreated": made.data.date_created,
        "DateUpdated": made.data.date_updated,
    }

    world(conversations.update, LOUD_REST, "tea", ConversationChange(state="closed", unique_name="coffee"))
    updated, moved = told(world)
    assert (updated["EventType"], updated["UniqueName"], updated["Source"]) == (
        "onConversationUpdated",
        "coffee",
        "API",
    )
    assert "ClientIdentity" not in updated
    assert (moved["StateFrom"], moved["StateTo"], moved["Reason"]) == ("active", "closed", "API")
    assert moved["EventType"] == "onConversationStateUpdated"

    world(conversations.remove, LOUD_REST, made.row.sid)
    (removed,) = told(world)
    assert (removed["EventType"], removed["ConversationSid"]) == ("onConversationRemoved", made.row.sid)
    assert "DateRemoved" in removed


def test_message_is_told_with_what_it_says(world: ChatWorld) -> None:
    sid = world.conversation()
    sent = world(messages.send, LOUD_ALICE, sid, NewMessage(body="Hi & bye", attributes='{"k":1}'))
    (added,) = told(world)
    assert added == {
        "AccountSid": ALICE.account_sid,
        "EventType": "onMessageAdded",
        "Source": "SDK",
        "ClientIdentity": "alice",
        "ConversationSid": sid,
        "ChatServiceSid": ALICE.service_sid,
        "MessageSid": sent.data.sid,
        "Index": "0",
        "Body": "Hi & bye",
        "Author": "alice",
        "ParticipantSid": sent.data.member_sid,
        "Attributes": '{"k":1}',
        "DateCreated": sent.data.timestamp,
    }
    world(messages.update, LOUD_ALICE, sid, sent.data.sid, MessageChange(body="Bye"))
    world(messages.remove, LOUD_ALICE, sid, sent.data.sid)
    updated, removed = told(world)
    assert (updated["EventType"], updated["Body"]) == ("onMessageUpdated", "Bye")
    assert (removed["EventType"], removed["Body"]) == ("onMessageRemoved", "Bye")
    assert {"DateUpdated", "DateRemoved"} <= removed.keys()


def test_message_that_wakes_a_conversation_tells_of_both(world: ChatWorld) -> None:
    sid = world.conversation()
    world(conversations.update, REST, sid, ConversationChange(state="inactive"))
    world(messages.send, LOUD_ALICE, sid, NewMessage(body="x"))
    _, moved = told(world)
    assert (moved["StateFrom"], moved["StateTo"], moved["Reason"]) == ("inactive", "active", "EVENT")


def test_timer_tells_of_the_state(world: ChatWorld) -> None:
    sid = world.conversation()
    world(conversations.update, REST, sid, ConversationChange(inactive_after="PT1M"))
    world.after(60)
    world(states.expire_due, 10, lambda service_sid: replace(LOUD_REST, service_sid=service_sid))
    (moved,) = told(world)
    assert (moved["ConversationSid"], moved["Reason"], moved["StateTo"]) == (sid, "TIMER", "inactive")


def test_participant_is_told(world: ChatWorld) -> None:
    sid = world.conversation()
    added = world(participants.add, LOUD_ALICE, sid, NewParticipant(identity="bob", attributes="[1]"))
    world(participants.update, LOUD_ALICE, sid, "bob", ParticipantChange(attributes="[2]"))
    world.say(sid, "x")
    world(memberships.set_read_mark, LOUD_BOB, "bob", sid, 0)
    world(participants.remove, LOUD_ALICE, sid, "bob")
    first, changed, read, removed = told(world)
    assert first["EventType"] == "onParticipantAdded"
    assert (first["Identity"], first["ParticipantSid"], first["Attributes"]) == (
        "bob",
        added.place.sid,
        "[1]",
    )
    assert first["MessagingBinding.Type"] == "CHAT"
    assert (changed["EventType"], changed["Attributes"]) == ("onParticipantUpdated", "[2]")
    assert (read["EventType"], read["LastReadMessageIndex"]) == ("onParticipantUpdated", "0")
    assert removed["EventType"] == "onParticipantRemoved"
    assert "DateRemoved" in removed


def test_participant_from_outside_is_told_with_its_addresses(world: ChatWorld) -> None:
    sid = world.conversation()
    binding = Binding("+15550001111", "+15550002222")
    world(participants.add, LOUD_REST, sid, NewParticipant(binding=binding))
    (added,) = told(world)
    assert added["MessagingBinding.Type"] == "SMS"
    assert added["MessagingBinding.Address"] == "+15550001111"
    assert added["MessagingBinding.ProxyAddress"] == "+15550002222"
    assert "Identity" not in added


def test_user_is_told_when_it_comes_into_being(world: ChatWorld) -> None:
    world(users.create, LOUD_REST, "dora", UserChange(friendly_name="Dora"))
    world(users.ensure, LOUD_REST, "emil")
    world(users.ensure, LOUD_REST, "emil")
    dora, emil = told(world)
    assert (dora["EventType"], dora["Identity"], dora["FriendlyName"]) == ("onUserAdded", "dora", "Dora")
    assert (emil["Identity"], emil["Attributes"]) == ("emil", "{}")

    reachable = replace(LOUD_REST, options=replace(REST.options, reachability_enabled=True))
    world(users.update, reachable, "dora", UserChange(attributes="[]"))
    (updated,) = told(world)
    assert (updated["EventType"], updated["isOnline"], updated["Attributes"]) == (
        "onUserUpdated",
        "false",
        "[]",
    )


def test_deleted_user_leaves_with_a_word(world: ChatWorld) -> None:
    world.conversation("bob")
    world(departures.delete_user, LOUD_REST, "bob")
    assert events(world) == ["onParticipantRemoved"]


def test_receipt_is_told(world: ChatWorld) -> None:
    sid = world.conversation()
    row = world(conversations.find, REST, sid)
    world(webhooks.of_receipt, LOUD_REST, row, Receipt("DY1", "IM1", "MB1", "failed", 30001, 0, 0))
    (receipt,) = told(world)
    assert (receipt["EventType"], receipt["Status"], receipt["ErrorCode"]) == (
        "onDeliveryUpdated",
        "failed",
        "30001",
    )


def test_only_what_the_filters_list_is_told(world: ChatWorld) -> None:
    sid = world.conversation()
    hooks = Hooks(post_url=StoredUrl("https://one.example.test/"), filters=("onMessageRemoved",))
    alice = replace(ALICE, webhooks=Levels(hooks))
    sent = world(messages.send, alice, sid, NewMessage(body="x"))
    world(messages.remove, alice, sid, sent.data.sid)
    assert events(world) == ["onMessageRemoved"]
    world.say(sid, "x")  # by somebody nobody listens to
    assert events(world) == []


def test_every_level_is_told_in_an_order_of_its_own(world: ChatWorld) -> None:
    sid = world.conversation()
    scoped(world, sid, filters=("onMessageAdded",))
    levels = Levels(
        Hooks(post_url=StoredUrl("https://account.example.test/"), filters=("onMessageAdded",), method="GET"),
        Hooks(post_url=StoredUrl("https://service.example.test/"), filters=("onMessageAdded",)),
    )
    world(messages.send, replace(ALICE, webhooks=levels), sid, NewMessage(body="x"))
    found = posts(world)
    assert [each.url for each in found] == [
        "https://account.example.test/",
        "https://service.example.test/",
        "https://scoped.example.test/",
    ]
    assert [each.method for each in found] == ["GET", "POST", "POST"]
    assert len({each.topic for each in found}) == 3
    assert all(each.is_first for each in found)


def scoped(world: ChatWorld, sid: str, **given: Any) -> str:
    """A webhook of a conversation; its SID."""
    told: dict[str, Any] = {"target": "webhook", "url": "https://scoped.example.test/"}
    new = NewWebhook(**told | given)
    return world(scoped_webhooks.create, VAULT, LOUD_REST, sid, new).sid


def test_trigger_hears_of_its_words_alone(world: ChatWorld) -> None:
    sid = world.conversation()
    scoped(world, sid, target="trigger", triggers=("Help", "stop"))
    alice = replace(ALICE, webhooks=Levels())
    for body in ("please HELP me", "all is well", None):
        world(messages.send, alice, sid, NewMessage(body=body))
    assert [each["Body"] for each in told(world)] == ["please HELP me"]


def test_studio_is_stored_and_never_called(world: ChatWorld) -> None:
    sid = world.conversation()
    scoped(world, sid, target="studio", url=None, flow_sid="FW" + "1" * 32)
    world(messages.send, LOUD_ALICE, sid, NewMessage(body="x"))
    assert [each.url for each in posts(world)] == ["https://hooks.example.test/chat"]


def test_replay_tells_of_messages_that_were_there(world: ChatWorld) -> None:
    sid = world.conversation()
    world.say(sid, "a", "b", "c")
    scoped(world, sid, filters=("onMessageAdded",), replay_after=1)
    assert [(each["Index"], each["Body"]) for each in told(world)] == [("1", "b"), ("2", "c")]


def test_scoped_webhooks_change_and_end(world: ChatWorld) -> None:
    sid = world.conversation()
    hook = scoped(world, sid, filters=("onMessageAdded",))
    changed = world(scoped_webhooks.update, VAULT, REST, sid, hook, WebhookChange(method="GET"))
    assert (changed.configuration.method, changed.configuration.filters) == ("GET", ("onMessageAdded",))
    world(scoped_webhooks.remove, REST, sid, hook)
    world(messages.send, replace(ALICE, webhooks=Levels()), sid, NewMessage(body="x"))
    assert not posts(world)
    with pytest.raises(ApiError) as refused:
        world(scoped_webhooks.find, REST, sid, hook)
    assert refused.value.code == 50360

    scoped(world, sid, filters=("onConversationRemoved",))
    world(conversations.remove, LOUD_REST, sid)
    assert [each.url for each in posts(world)][-1] == "https://scoped.example.test/"
    assert not world(scoped_tables.of_conversation, sid)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"target": "mail"}, 50364),
        ({}, 50368),
        ({"target": "webhook", "filters": ("onMessageAdded",)}, 50369),
        ({"target": "webhook", "url": "ftp://x/", "filters": ("onMessageAdded",)}, 50054),
        ({"target": "webhook", "url": "https://x.test/" + "a" * 2048, "filters": ("onUserAdded",)}, 50372),
        ({"target": "webhook", "url": "https://x.test/"}, 50370),
        ({"target": "webhook", "url": "https://x.test/", "filters": ("onMessageAdd",)}, 50365),
        (
            {"target": "webhook", "url": "https://x.test/", "filters": ("onUserAdded",), "method": "PUT"},
            50055,
        ),
        ({"target": "trigger", "url": "https://x.test/"}, 50371),
        ({"target": "trigger", "url": "https://x.test/", "triggers": ("",)}, 50366),
        ({"target": "trigger", "url": "https://x.test/", "triggers": tuple("abcdef")}, 50362),
        ({"target": "studio"}, 50367),
        ({"target": "studio", "flow_sid": "XX"}, 50367),
    ],
)
def test_webhook_that_cannot_be_is_refused(world: ChatWorld, given: dict[str, Any], code: int) -> None:
    sid = world.conversation()
    with pytest.raises(ApiError) as refused:
        world(scoped_webhooks.create, VAULT, REST, sid, NewWebhook(**given))
    assert (refused.value.status, refused.value.code) == (400, code)
    assert not world(scoped_tables.of_conversation, sid)


@pytest.mark.parametrize(
    ("given", "came"),
    [
        ({"target": "mail"}, "not 'mail'"),
        ({"target": "webhook", "url": "https://x.test/" + "a" * 2048}, "2063 characters, at most 2048"),
        ({"target": "trigger", "url": "https://x.test/", "triggers": ("",)}, "not 0"),
        ({"target": "trigger", "url": "https://x.test/", "triggers": tuple("abcdef")}, "6, at most 5"),
    ],
)
def test_refusal_of_a_webhook_says_what_came(world: ChatWorld, given: dict[str, Any], came: str) -> None:
    assert (
        came
        in world.error(scoped_webhooks.create, VAULT, REST, world.conversation(), NewWebhook(**given)).message
    )


def test_conversation_has_at_most_five(world: ChatWorld) -> None:
    sid = world.conversation()
    for _ in range(5):
        scoped(world, sid, filters=("onMessageAdded",))
    with pytest.raises(ApiError) as refused:
        scoped(world, sid, filters=("onMessageAdded",))
    assert refused.value.code == 50361


def test_media_are_told(world: ChatWorld) -> None:
    sid = world.conversation()
    sent = world(messages.send, ALICE, sid, NewMessage(body="look"))
    sent.data.medias = [Media("ME1", "media", "a.png", "image/png", 3)]
    world(webhooks.of_message, LOUD_ALICE, "onMessageAdded", sent.row, sent.index, sent.data)
    (added,) = told(world)
    assert added["Body"] == "look"
    assert msgspec.json.decode(added["Media"]) == [
        {"Sid": "ME1", "Filename": "a.png", "ContentType": "image/png", "Size": 3}
    ]
