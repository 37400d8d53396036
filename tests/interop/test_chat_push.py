"""Devices that are notified: registered by the SDK, told of by webhook, read by the SDK again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.interop.conftest import Connect, Room
from tests.interop.library import Api, signature_holds_in_python
from tests.interop.receiver import Hook, Receiver
from tests.interop.sdk import Js, SdkObject
from tests.interop.server import Account, Server, running, until

NEW_MESSAGE = "twilio.conversations.new_message"
ADDED = "twilio.conversations.added_to_conversation"
REMOVED = "twilio.conversations.removed_from_conversation"
TYPES = {
    NEW_MESSAGE,
    ADDED,
    REMOVED,
    "twilio.ipmsg.typing_indicator",
    "twilio.channel.consumption_update",
}


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Server]:
    """One that sends notifications to the receiver."""
    yield from running(tmp_path_factory.mktemp("server"), push_url=receiver.url)


@pytest.fixture
def room(connect: Connect, own_server: Server, account: Account, python_api: Api) -> Room:
    """A room in a service that notifies of everything."""
    conversations = python_api.conversations.v1
    sid = conversations.configuration().fetch()["default_chat_service_sid"]
    conversations.services(sid).configuration.notifications().update(
        new_message_enabled=True,
        new_message_sound="ping",
        new_message_badge_count_enabled=True,
        new_message_with_media_enabled=True,
        added_to_conversation_enabled=True,
        removed_from_conversation_enabled=True,
    )
    return Room(connect, account, python_api)


def bindings(room: Room) -> list[dict[str, Any]]:
    return room.service.bindings.list()


def handled(client: SdkObject, hook: Hook) -> dict[str, Any]:
    """What the SDK makes of a payload, as it hands it to its app."""
    names = ["title", "body", "sound", "badge", "action", "type", "data"]
    payload = hook.params["Payload"]
    return client.run(
        Js(
            f"""function () {{
              return new Promise((done) => {{
                this.on("pushNotification", (got) =>
                  done(Object.fromEntries({names!r}.map((name) => [name, got[name]]))));
                this.handlePushNotification({payload});
              }});
            }}"""
        )
    ).result(15)


def test_device_is_registered_replaced_and_removed(room: Room) -> None:
    """C-105, C-106, C-121."""
    room.bob.setPushRegistrationId("fcm", "token 1")
    (first,) = bindings(room)
    assert (first["binding_type"], first["endpoint"], first["identity"]) == ("fcm", "token 1", "bob")
    assert set(first["message_types"]) == TYPES
    room.bob.setPushRegistrationId("fcm", "token 1")
    assert [each["sid"] for each in bindings(room)] == [first["sid"]]

    again = room.chat("bob")
    again.setPushRegistrationId("fcm", "token 1")
    assert [each["endpoint"] for each in bindings(room)] == ["token 1"]
    room.bob.setPushRegistrationId("fcm", "token 2")
    room.bob.setPushRegistrationId("apn", "device")
    assert {each["endpoint"] for each in bindings(room)} >= {"token 2", "device"}
    assert {each["identity"] for each in bindings(room)} == {"bob"}

    room.bob.unsetPushRegistrationId("apn")
    assert "device" not in {each["endpoint"] for each in bindings(room)}
    for token in ("token 1", "token 2", "never registered"):
        again.removePushRegistrations("fcm", token)
    assert bindings(room) == []


def test_device_of_another_user_moves(room: Room) -> None:
    """C-121."""
    room.bob.setPushRegistrationId("fcm", "shared phone")
    room.alice.setPushRegistrationId("fcm", "shared phone")
    (binding,) = bindings(room)
    assert (binding["identity"], binding["endpoint"]) == ("alice", "shared phone")
    room.theirs.sendMessage("for alice")


def test_each_device_is_notified_once_in_order_and_the_sdk_reads_it(room: Room, receiver: Receiver) -> None:
    """C-107."""
    room.bob.setPushRegistrationId("fcm", "android")
    room.bob.setPushRegistrationId("apn", "iphone")
    room.alice.setPushRegistrationId("fcm", "alice's own")
    room.conversation.sendMessage("hello")
    message = room.theirs.next("messageAdded")
    hooks = [receiver.next(NEW_MESSAGE) for _ in range(2)]
    told = {hook.params["Endpoint"]: hook for hook in hooks}
    assert set(told) == {"android", "iphone"}
    for hook in hooks:
        params = hook.params
        assert (params["Identity"], params["ConversationSid"]) == ("bob", room.conversation.sid)
        assert (params["AccountSid"], params["BindingSid"][:2]) == (room.account.sid, "BS")
        assert signature_holds_in_python(room.account.auth_token, hook.signature, hook.url, params)
        assert not signature_holds_in_python("0" * 32, hook.signature, hook.url, params)

    data = {
        "conversationSid": room.conversation.sid,
        "conversationTitle": "F",
        "messageSid": message.sid,
        "messageIndex": 0,
    }
    shown = {"title": None, "body": "F:alice: hello", "sound": "ping", "action": NEW_MESSAGE}
    android = handled(room.bob, told["android"])
    assert android == {**shown, "badge": None, "type": NEW_MESSAGE, "data": data}
    iphone = handled(room.bob, told["iphone"])
    assert json.loads(told["iphone"].params["Payload"])["aps"]["badge"] == 0
    assert iphone == {**shown, "badge": None, "type": NEW_MESSAGE, "data": data}  # none, to the SDK

    for number in range(5):
        room.conversation.sendMessage(str(number))
    bodies: dict[str, list[str]] = {"android": [], "iphone": []}
    for _ in range(10):
        hook = receiver.next(NEW_MESSAGE)
        payload = json.loads(hook.params["Payload"])
        alert = payload["data"]["twi_body"] if "data" in payload else payload["aps"]["alert"]
        bodies[hook.params["Endpoint"]].append(alert)
    assert bodies["android"] == bodies["iphone"] == [f"F:alice: {number}" for number in range(5)]
    assert receiver.empty()


def test_app_of_the_first_generation_is_notified_of_channels(
    room: Room, connect: Connect, receiver: Receiver
) -> None:
    old = connect.chat("bob", sdk=1, token=room.account.chat_token("bob"))
    old.setPushRegistrationId("fcm", "old android")
    room.conversation.sendMessage("hello")
    message = room.theirs.next("messageAdded")
    got = handled(old, receiver.next(NEW_MESSAGE))
    assert (got["type"], got["body"]) == ("twilio.channel.new_message", "F:alice: hello")
    assert got["data"] == {
        "channelSid": room.conversation.sid,
        "messageSid": message.sid,
        "messageIndex": 0,
    }


def test_badge_counts_conversations_with_something_unread(room: Room, receiver: Receiver) -> None:
    room.bob.setPushRegistrationId("apn", "iphone")
    other = room.alice.createConversation({"friendlyName": "G"})
    other.join()
    other.add("bob")
    receiver.next(ADDED)
    theirs = room.bob.next("conversationJoined")

    def badge() -> int:
        return json.loads(receiver.next(NEW_MESSAGE).params["Payload"])["aps"]["badge"]

    for mine, bobs in ((room.conversation, room.theirs), (other, theirs)):
        mine.sendMessage("first")
        badge()
        bobs.setAllMessagesRead()
    room.conversation.sendMessage("second")
    assert badge() == 1
    room.conversation.sendMessage("third")
    assert badge() == 1
    other.sendMessage("fourth")
    assert badge() == 2
    room.theirs.setAllMessagesRead()
    other.sendMessage("fifth")
    assert badge() == 1


def test_added_and_removed_users_are_notified(room: Room, receiver: Receiver) -> None:
    room.bob.setPushRegistrationId("fcm", "android")
    room.conversation.removeParticipant("bob")
    removed = receiver.next(REMOVED)
    room.conversation.add("bob")
    added = receiver.next(ADDED)
    for hook, words in ((removed, "removed"), (added, "added")):
        got = handled(room.bob, hook)
        assert got["type"] == hook.event_type
        assert got["data"] == {"conversationSid": room.conversation.sid, "conversationTitle": "F"}
        assert words in got["body"].lower()
        assert "F" in got["body"]


def test_files_are_told_of_with_their_first(room: Room, receiver: Receiver) -> None:
    room.bob.setPushRegistrationId("fcm", "android")
    room.conversation.run(
        Js(
            """function () {
              return this.prepareMessage()
                .addMedia({ contentType: "image/png", filename: "a.png", media: "x" })
                .addMedia({ contentType: "image/png", filename: "b.png", media: "y" })
                .build().send();
            }"""
        )
    ).result(15)
    got = handled(room.bob, receiver.next(NEW_MESSAGE))
    assert got["data"]["mediaCount"] == 2
    assert got["data"]["media"]["filename"] == "a.png"


def test_muted_conversations_and_removed_devices_are_quiet(room: Room, receiver: Receiver) -> None:
    room.bob.setPushRegistrationId("fcm", "android")
    room.theirs.setUserNotificationLevel("muted")
    room.conversation.sendMessage("unheard")
    room.theirs.setUserNotificationLevel("default")
    room.conversation.sendMessage("heard")
    hook = receiver.next(NEW_MESSAGE)
    assert hook.params["Payload"].count("F:alice: heard") == 1
    room.bob.unsetPushRegistrationId("fcm")
    room.conversation.sendMessage("unheard again")
    room.bob.setPushRegistrationId("fcm", "android")
    room.conversation.sendMessage("heard again")
    assert "heard again" in receiver.next(NEW_MESSAGE).params["Payload"]
    assert receiver.empty()


def test_waiting_notifications_survive_a_kill(room: Room, own_server: Server, receiver: Receiver) -> None:
    room.bob.setPushRegistrationId("fcm", "android")
    room.theirs.getMessages()
    room.conversation.getMessages()
    receiver.answers = [503]
    room.conversation.sendMessage("hello")
    failed = receiver.next(NEW_MESSAGE)
    own_server.kill()
    own_server.start()
    own_server.advance(60)
    assert receiver.next(NEW_MESSAGE).params == failed.params


def test_user_with_a_device_is_notifiable(room: Room) -> None:
    """C-095."""
    room.service.configuration().update(reachability_enabled=True)
    alice = room.chat("alice")
    bob = alice.getUser("bob")
    until(lambda: bob.now()["isNotifiable"] is False, "bob is told of")
    room.bob.setPushRegistrationId("fcm", "android")
    while not bob.now()["isNotifiable"]:
        alice.next("userUpdated")
    assert "reachabilityNotifiable" in alice.seen("userUpdated")[-1]["updateReasons"]
    assert room.service.users("bob").fetch()["is_notifiable"] is True
    room.bob.unsetPushRegistrationId("fcm")
    while bob.now()["isNotifiable"]:
        alice.next("userUpdated")
