"""Who is notified of what on which device, and in which words."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.support.chat_world import ALICE, BOB, CAROL, REST, VAULT, ChatWorld
from tests.support.sync_world import ACCOUNT, SERVICE
from tsock.accounts.webhook_urls import opened
from tsock.conversations import bindings, conversations, memberships, messages, participants, push, users
from tsock.conversations.actor import ChatActor
from tsock.conversations.bindings import NewBinding
from tsock.conversations.messages import NewMessage
from tsock.conversations.models import Media, MessageData
from tsock.conversations.notifications import MediaNotice, MessageNotice, Notice, Notifications, rendered
from tsock.conversations.participants import NewParticipant
from tsock.conversations.push import ADDED, NEW_MESSAGE, REMOVED, PushWaits
from tsock.conversations.services import ChatOptions
from tsock.conversations.users import UserChange
from tsock.webhooks import outbox

URL = "https://relay.example/push"
ALL = Notifications(
    new_message=MessageNotice("${CONVERSATION}:${PARTICIPANT}: ${MESSAGE}", enabled=True),
    added_to_conversation=Notice("${PARTICIPANT} added you to ${CONVERSATION}", enabled=True),
    removed_from_conversation=Notice("${PARTICIPANT} removed you from ${CONVERSATION}", enabled=True),
)


def notifying(actor: ChatActor, notifications: Notifications = ALL, *, configured: bool = True) -> ChatActor:
    """The actor, in a service that notifies."""
    return replace(
        actor,
        options=ChatOptions(notifications=notifications),
        limits=replace(actor.limits, is_push_configured=configured),
    )


A, B = notifying(ALICE), notifying(BOB)


@pytest.fixture
def world(world: ChatWorld) -> ChatWorld:
    """Each user has a device of the same name."""
    for actor in (ALICE, BOB, CAROL):
        register(world, actor, actor.identity)
    return world


def register(world: ChatWorld, actor: ChatActor, endpoint: str, kind: str = "fcm", **fields: Any) -> str:
    types = {"message_types": [NEW_MESSAGE, ADDED, REMOVED]}
    return world(
        bindings.register, actor, NewBinding(type=kind, endpoint=endpoint, **{**types, **fields})
    ).sid


def sent(world: ChatWorld, limit: int = 2) -> list[dict[str, str]]:
    """Parameters of what waits in the outbox since the last look."""
    while world(push.spread, VAULT, URL, limit):
        pass
    found = world(
        lambda tx: tx.all("SELECT parameters, url, kind FROM webhook_deliveries ORDER BY number", {})
    )
    world(lambda tx: tx.run("DELETE FROM webhook_deliveries", {}))
    assert all((url, kind) == (URL, "push") for _, url, kind in found)
    return [msgspec.json.decode(row[0]) for row in found]


def texts(world: ChatWorld) -> dict[str, str]:
    """What is told, by device."""
    return {one["Endpoint"]: msgspec.json.decode(one["Payload"])["data"]["twi_body"] for one in sent(world)}


def test_password_of_the_url_is_sealed_for_the_account(world: ChatWorld) -> None:
    url = "https://hook:hunter2@relay.example/"
    sid = world.conversation("bob")
    world.say(sid, "hi", by=A)
    while world(push.spread, VAULT, url, 2):
        pass
    (waiting,) = world(outbox.page, "waiting", after=0, limit=2)
    assert "hunter2" not in waiting.url
    assert opened(VAULT, ACCOUNT, waiting.url) == url


def test_participants_are_notified_of_a_message_but_not_its_author(world: ChatWorld) -> None:
    sid = world.conversation("bob", "carol", friendly_name="Tea")
    binding_sid = register(world, BOB, "bob", credential_sid="CR1")
    (message_sid,) = world.say(sid, "hello", by=A)
    told = {one["Identity"]: one for one in sent(world)}
    assert sorted(told) == ["bob", "carol"]
    assert msgspec.json.decode(told["bob"].pop("Payload")) == {
        "data": {
            "twi_message_type": NEW_MESSAGE,
            "twi_body": "Tea:alice: hello",
            "twi_action": NEW_MESSAGE,
            "conversation_sid": sid,
            "conversation_title": "Tea",
            "message_sid": message_sid,
            "message_index": "0",
        }
    }
    assert told["bob"] == {
        "AccountSid": ACCOUNT,
        "ChatServiceSid": SERVICE,
        "EventType": NEW_MESSAGE,
        "ConversationSid": sid,
        "Identity": "bob",
        "BindingSid": binding_sid,
        "BindingType": "fcm",
        "Endpoint": "bob",
        "CredentialSid": "CR1",
    }


def test_message_is_one_row_for_its_sender_and_reaches_everybody_in_steps(world: ChatWorld) -> None:
    sid = world.conversation("bob", "carol", "dave", "eve")
    world.facts = []
    world.say(sid, "hello", by=A)
    assert sum(isinstance(fact, PushWaits) for fact in world.facts) == 1
    assert world(lambda tx: tx.all("SELECT count(*) FROM chat_pushes", {}))[0][0] == 1
    for limit in (1, 2, 5, 100):
        assert sorted(one["Identity"] for one in sent(world, limit)) == ["bob", "carol"]
        world.say(sid, "hello", by=A)


@pytest.mark.parametrize(
    "actor", [ALICE, notifying(ALICE, Notifications()), notifying(ALICE, configured=False)]
)
def test_nothing_is_written_where_nobody_wants_it(world: ChatWorld, actor: ChatActor) -> None:
    sid = world.conversation("bob")
    world.say(sid, "hello", by=actor)
    world.add(sid, "carol", by=actor)
    world(participants.remove, actor, sid, "carol")
    assert world(lambda tx: tx.all("SELECT * FROM chat_pushes", {})) == []


def test_muted_conversations_and_those_who_left_get_no_message(world: ChatWorld) -> None:
    sid = world.conversation("bob", "carol")
    world(memberships.set_notification_level, BOB, "bob", sid, "muted")
    world.say(sid, "one", by=A)
    assert list(texts(world)) == ["carol"]
    world.say(sid, "two", by=A)
    world(participants.remove, ALICE, sid, "carol")
    assert sent(world) == []


def test_message_of_rest_spares_whom_it_names_as_author(world: ChatWorld) -> None:
    sid = world.conversation("bob", "carol", unique_name="tea")
    world(messages.send, notifying(REST), sid, NewMessage(body="hi", author="bob"))
    assert texts(world) == {"alice": "tea:bob: hi", "carol": "tea:bob: hi"}
    world(messages.send, notifying(REST), sid, NewMessage(body="hi"))
    assert texts(world)["bob"] == "tea:system: hi"


def test_devices_get_what_they_registered_for(world: ChatWorld) -> None:
    sid = world.conversation("bob", "carol")
    register(world, BOB, "bob", message_types=[ADDED])
    register(world, CAROL, "desk")
    world.say(sid, "hello", by=A)
    assert sorted(texts(world)) == ["carol", "desk"]


def test_whoever_is_added_or_removed_by_another_is_notified(world: ChatWorld) -> None:
    sid = world.conversation(friendly_name="Tea")
    world(users.update, BOB, "bob", UserChange(friendly_name="Bob B"))
    world.add(sid, "bob", by=A)
    assert texts(world) == {"bob": "alice added you to Tea"}
    world.add(sid, "carol", by=notifying(REST))
    assert texts(world) == {"carol": "system added you to Tea"}
    world(participants.remove, A, sid, "carol")
    (told,) = sent(world)
    assert msgspec.json.decode(told["Payload"])["data"] == {
        "twi_message_type": REMOVED,
        "twi_body": "alice removed you from Tea",
        "twi_action": REMOVED,
        "conversation_sid": sid,
        "conversation_title": "Tea",
    }


def test_whoever_joins_or_leaves_is_not(world: ChatWorld) -> None:
    sid = world(conversations.create, A).row.sid
    world(participants.add, A, sid, NewParticipant(identity="alice"))
    world.add(sid, "bob", by=ALICE)
    world(participants.remove, B, sid, "bob")
    assert sent(world) == []


# Words.


def test_templates_know_these_variables(world: ChatWorld) -> None:
    template = (
        "${CONVERSATION}|${CONVERSATION_FRIENDLY_NAME}|${CONVERSATION_UNIQUE_NAME}|${PARTICIPANT}|"
        "${PARTICIPANT_FRIENDLY_NAME}|${PARTICIPANT_IDENTITY}|${MESSAGE}|${MEDIA}|${MEDIA_COUNT}|${NONE}"
    )
    notice = MessageNotice(template, enabled=True)
    sid = world.conversation("bob", unique_name="tea")
    world(users.update, ALICE, "alice", UserChange(friendly_name="Alice A"))
    world.say(sid, "${MESSAGE_SID}", by=notifying(ALICE, Notifications(new_message=notice)))
    assert texts(world) == {"bob": "tea||tea|Alice A|Alice A|alice|${MESSAGE_SID}||0|${NONE}"}
    assert rendered("${CONVERSATION_SID} ${", {"CONVERSATION_SID": sid}) == f"{sid} ${{"


def test_text_is_cut(world: ChatWorld) -> None:
    sid = world.conversation("bob", friendly_name="Tea")
    world.say(sid, "ü" * 500, by=A)
    assert texts(world) == {"bob": "Tea:alice: " + "ü" * 167}


def test_message_with_files_has_words_of_its_own(world: ChatWorld) -> None:
    notice = MessageNotice(
        "${MESSAGE}",
        enabled=True,
        with_media=MediaNotice("${PARTICIPANT} sent ${MEDIA_COUNT}: ${MEDIA}", enabled=True),
    )
    actor = notifying(ALICE, Notifications(new_message=notice))
    sid = world.conversation("bob")
    files = [
        Media("ME1", "media", "a.png", "image/png", 3),
        Media("ME2", "media", None, "text/plain", 4),
    ]
    data = MessageData("IM1", "alice", "MB1", None, "now", "now", medias=files, type="media")

    def rule(tx: Any) -> None:
        push.of_message(tx, actor, conversations.fetch(tx, actor, sid), 7, data)

    world(rule)
    (told,) = sent(world)
    members = msgspec.json.decode(told["Payload"])["data"]
    assert members["twi_body"] == "alice sent 2: a.png, text/plain"
    assert (members["message_index"], members["media_count"]) == ("7", "2")
    assert msgspec.json.decode(members["media"]) == {
        "sid": "ME1",
        "category": "media",
        "filename": "a.png",
        "contentType": "image/png",
        "size": 3,
    }


# Devices of Apple's.


def test_payload_for_apns_counts_conversations_with_something_unread(world: ChatWorld) -> None:
    notice = MessageNotice("${MESSAGE}", enabled=True, sound="ping.aiff", badge_count_enabled=True)
    actor = notifying(ALICE, Notifications(new_message=notice))
    register(world, CAROL, "ipad", "apn")
    first, second = world.conversation("carol"), world.conversation("carol")
    world.conversation("carol")
    world.say(first, "a", "b")
    world.say(second, "a")
    world(memberships.set_read_mark, CAROL, "carol", first, 0)
    world(memberships.set_read_mark, CAROL, "carol", second, 0)
    (message_sid,) = world.say(second, "c", by=actor)
    payloads = {one["BindingType"]: msgspec.json.decode(one["Payload"]) for one in sent(world)}
    assert payloads["fcm"]["data"]["twi_sound"] == "ping.aiff"
    assert payloads["apn"] == {
        "aps": {"alert": "c", "sound": "ping.aiff", "badge": 2, "category": NEW_MESSAGE},
        "twi_message_type": NEW_MESSAGE,
        "conversation_sid": second,
        "message_sid": message_sid,
        "message_index": "1",
    }


# Devices of the first generation.


def test_device_that_registered_for_channels_reads_of_one(world: ChatWorld) -> None:
    register(world, BOB, "old phone", message_types=["twilio.channel.new_message"])
    register(world, BOB, "old tablet", "apn", message_types=["twilio.channel.removed_from_channel"])
    sid = world.conversation("bob", friendly_name="Tea")
    (message_sid,) = world.say(sid, "hello", by=A)
    told = {one["Endpoint"]: one for one in sent(world)}
    assert set(told) == {"bob", "old phone"}
    assert told["old phone"]["EventType"] == NEW_MESSAGE
    assert msgspec.json.decode(told["old phone"]["Payload"]) == {
        "data": {
            "twi_message_type": "twilio.channel.new_message",
            "twi_body": "Tea:alice: hello",
            "twi_action": "twilio.channel.new_message",
            "channel_sid": sid,
            "channel_title": "Tea",
            "message_sid": message_sid,
            "message_index": "0",
        }
    }
    world(participants.remove, A, sid, "bob")
    told = {one["Endpoint"]: msgspec.json.decode(one["Payload"]) for one in sent(world)}
    assert told["old tablet"]["twi_message_type"] == "twilio.channel.removed_from_channel"


def test_what_nobody_sends_on_is_forgotten(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    world.say(sid, "a", "b", "c", by=A)
    assert [world(push.forget, 2), world(push.forget, 2)] == [True, False]
    assert sent(world) == []
