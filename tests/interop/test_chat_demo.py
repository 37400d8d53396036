"""What an app such as the demo app of the vendor does, beyond the other tests."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.interop.conftest import Connect, Room
from tests.interop.sdk import Js, SdkError
from tests.interop.server import Server
from tests.interop.test_chat_edit import both, next_reasons

Own = Callable[[str], str]


def test_reader_marks_each_message_as_it_comes_and_counts_none_unread(connect: Connect, own: Own) -> None:
    _, _, conversation, theirs = both(connect, own)
    marks_the_next = Js(
        """async function () {
          const message = await new Promise((come) => this.once("messageAdded", come));
          await this.advanceLastReadMessageIndex(message.index);
          return [message.index, await this.getUnreadMessagesCount()];
        }"""
    )
    for number in range(5):
        reading = theirs.run(marks_the_next)
        conversation.sendMessage(str(number))
        # The next message would count: it comes when this has been counted.
        assert reading.result(15) == [number, 0]
        while theirs.now()["lastReadMessageIndex"] != number:
            theirs.next("updated")
    while conversation.getParticipantByIdentity(own("bob")).now()["lastReadMessageIndex"] != 4:
        conversation.next("participantUpdated")


def test_attributes_that_nobody_gave_are_objects(room: Room) -> None:
    """The app takes members out of them without a look."""
    room.rest.participants.create(identity="carol")
    room.rest.participants.create(messaging_binding_address="+15558675310")
    room.conversation.addNonChatParticipant("+15558675319", "+15558675311", {"friendlyName": "Phone"})
    while len(participants := room.theirs.getParticipants()) < 5:
        room.theirs.next("participantJoined")
    given = [{}] * 4 + [{"friendlyName": "Phone"}]
    assert sorted((each.now()["attributes"] for each in participants), key=len) == given
    room.rest.messages.create(body="from the back end")
    room.conversation.sendMessage("from the SDK")
    room.conversation.run(
        Js("function () { return this.prepareMessage().setBody('built').build().send(); }")
    ).result(15)
    assert [room.theirs.next("messageAdded").now()["attributes"] for _ in range(3)] == [{}] * 3
    assert room.theirs.now()["attributes"] == {}
    assert room.bob.getUser("carol").now()["attributes"] == {}


def test_participant_is_removed_as_an_object(connect: Connect, own: Own) -> None:
    _, bob, conversation, _ = both(connect, own)
    removing = f"""async function () {{
      await this.removeParticipant(await this.getParticipantByIdentity("{own("bob")}"));
    }}"""
    conversation.run(Js(removing)).result(15)
    bob.next("conversationRemoved")
    assert conversation.next("participantLeft").now()["identity"] == own("bob")


def test_app_that_listens_no_more_hears_nothing(connect: Connect, own: Own) -> None:
    _, bob, conversation, theirs = both(connect, own)
    bob.removeAllListeners()
    conversation.sendMessage("x")
    theirs.next("messageAdded")
    assert bob.seen("messageAdded") == []


def test_conversations_are_sorted_by_their_last_message_else_their_change(connect: Connect, own: Own) -> None:
    alice, _, conversation, theirs = both(connect, own)
    assert theirs.now().get("lastMessage") is None
    before = theirs.now()["dateUpdated"]
    conversation.sendMessage("x")
    next_reasons(alice, {"lastMessage"})
    sent = conversation.next("messageAdded").now()["dateCreated"]
    later = connect.chat(own("bob")).next("conversationJoined").now()
    assert later["lastMessage"] == {"index": 0, "dateCreated": sent}
    assert later["dateUpdated"] == before <= sent


def test_token_is_replaced_before_and_after_it_expires(
    own_server: Server, connect: Connect, own: Own
) -> None:
    account = own_server.account
    bob = connect.chat(own("bob"), token=account.chat_token(own("bob"), ttl_s=86400))
    alice = connect.chat(own("alice"), token=account.chat_token(own("alice"), ttl_s=600))
    conversation = alice.createConversation({})
    conversation.join()
    conversation.add(own("bob"))
    theirs = bob.next("conversationJoined")

    own_server.advance(600 - 60)
    alice.next("tokenAboutToExpire")
    alice.updateToken(account.chat_token(own("alice"), ttl_s=600))
    conversation.sendMessage("before")
    assert theirs.next("messageAdded").now()["body"] == "before"
    assert "disconnected" not in alice.seen("connectionStateChanged")

    conversation.getMessages()
    conversation.getParticipants()
    own_server.advance(601)
    alice.next("tokenExpired")
    alice.becomes("disconnected")
    theirs.sendMessage("while away")
    alice.updateToken(account.chat_token(own("alice"), ttl_s=600))
    alice.becomes("connected")
    while conversation.next("messageAdded").now()["body"] != "while away":
        pass


@pytest.mark.parametrize("name", ["ü é@example.com", "a/b?c=d&e#f", "50 %", "100%25", "+1", "CH", ".", ".."])
def test_identity_is_any_text(connect: Connect, own: Own, name: str) -> None:
    alice, conversation, other = _alone(connect, own, name)
    conversation.add(name, {"seat": 1})
    theirs = other.next("conversationJoined")
    theirs.getParticipants()
    assert theirs.getParticipantByIdentity(name).now()["attributes"] == {"seat": 1}
    user = alice.getUser(name)
    other.now()["user"].updateFriendlyName("Named")
    while user.now()["friendlyName"] != "Named":
        alice.next("userUpdated")
    theirs.typing()
    assert conversation.next("typingStarted").now()["identity"] == name
    theirs.sendMessage("x")
    assert conversation.next("messageAdded").now()["author"] == name
    conversation.removeParticipant(name)
    other.next("conversationRemoved")


def _alone(connect: Connect, own: Own, name: str) -> tuple[Any, Any, Any]:
    """Alice with a conversation of her own, and somebody of this name."""
    alice = connect.chat(own("alice"))
    conversation = alice.createConversation({})
    conversation.join()
    alice.next("conversationJoined")
    conversation.getParticipants()
    return alice, conversation, connect.chat(name)


@pytest.mark.parametrize("value", [{"a": [1, {"b": None}]}, ["x", 2], "text", 1.5, 0, True, False, None, {}])
def test_attributes_are_any_json_everywhere(connect: Connect, own: Own, value: object) -> None:
    """C-030."""
    _, bob, conversation, theirs = both(connect, own)
    conversation.updateAttributes({"first": True})
    conversation.updateAttributes(value)
    conversation.getParticipantByIdentity(own("alice")).updateAttributes(value)
    conversation.sendMessage("x", value)
    message = theirs.next("messageAdded").now()
    again = connect.chat(own("bob")).next("conversationJoined")
    assert again.now()["attributes"] == value
    assert message["attributes"] == value
    assert again.getMessages().now()["items"][0].now()["attributes"] == value
    assert again.getParticipantByIdentity(own("alice")).now()["attributes"] == value
    bob.now()["user"].updateAttributes(value)
    assert connect.chat(own("alice")).getUser(own("bob")).now()["attributes"] == value


def test_timers_change_the_state_for_everybody(own_server: Server, room: Room) -> None:
    room.rest.update(timers_inactive="PT1M", timers_closed="PT20M")
    own_server.advance(61)
    next_reasons(room.bob, {"state"})
    assert room.theirs.now()["state"]["current"] == "inactive"
    room.theirs.sendMessage("awake")
    while room.theirs.now()["state"]["current"] != "active":
        next_reasons(room.bob, {"state"})
    own_server.advance(1300)
    while room.theirs.now()["state"]["current"] != "closed":
        next_reasons(room.bob, {"state"})
    with pytest.raises(SdkError) as refused:
        room.theirs.sendMessage("x")
    assert refused.value.body["code"] == 50377


def test_user_of_another_service_or_account_finds_nothing(
    connect: Connect, room: Room, server: Server
) -> None:
    service = room.api.services.create(friendly_name="other")["sid"]
    strangers = (
        connect.chat("bob", token=room.account.chat_token("bob", service=service)),
        connect.chat("bob", token=server.new_account().chat_token("bob")),
    )
    for stranger in strangers:
        assert stranger.getSubscribedConversations().now()["items"] == []
        for look_up in (
            lambda: stranger.peekConversationBySid(room.conversation.sid),  # noqa: B023
            lambda: stranger.getConversationBySid(room.conversation.sid),  # noqa: B023
            lambda: stranger.getUser("alice"),  # noqa: B023
        ):
            with pytest.raises(SdkError) as refused:
                look_up()
            assert refused.value.status == 404
