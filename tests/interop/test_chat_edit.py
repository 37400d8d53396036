"""Conversations changed and removed, as everybody in them sees it."""

from collections.abc import Callable

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import Js, SdkError, SdkObject
from tests.interop.server import Server, until

Own = Callable[[str], str]
TICK = "new Promise((done) => setTimeout(done))"
GOING = ["conversationLeft", "conversationRemoved"]
"""What a client is told when it is in a conversation no longer."""


def both(connect: Connect, own: Own, **made: object) -> tuple[SdkObject, SdkObject, SdkObject, SdkObject]:
    """Two clients, and a conversation of both as each has it."""
    alice, bob = connect.chat(own("alice")), connect.chat(own("bob"))
    conversation = alice.createConversation(made)
    conversation.join()
    alice.next("conversationJoined")
    conversation.add(own("bob"))
    theirs = bob.next("conversationJoined")
    for side in (conversation, theirs):
        # What an SDK read while the other was added it completes when it has subscribed.
        until(lambda side=side: len(side.getParticipants()) == 2, "both participants")
    return alice, bob, conversation, theirs


def at_rest(*conversations: SdkObject) -> None:
    """Wait until nothing more is asked: an SDK that is cut off meanwhile raises what nobody can catch."""
    for conversation in conversations:
        conversation.getParticipants()
        conversation.getMessages()


def next_reasons(client: SdkObject, wanted: set[str]) -> list[str]:
    """The reasons of the next update of a conversation that has one of these."""
    while True:
        reasons = client.next("conversationUpdated")["updateReasons"]
        if wanted & set(reasons):
            return reasons


def test_names_and_attributes_reach_everybody(connect: Connect, own: Own) -> None:
    """C-027, C-029, C-030, C-035, C-129."""
    _, bob, conversation, theirs = both(connect, own, friendlyName="Old", uniqueName=own("n"))
    conversation.updateFriendlyName("New")
    assert set(next_reasons(bob, {"friendlyName"})) == {"friendlyName", "dateUpdated"}
    assert theirs.now()["friendlyName"] == "New"
    conversation.updateAttributes({"deep": [{"é": None}, "\n", 1.5]})
    next_reasons(bob, {"attributes"})
    assert theirs.now()["attributes"] == {"deep": [{"é": None}, "\n", 1.5]}
    conversation.updateUniqueName(None)
    next_reasons(bob, {"uniqueName"})
    assert theirs.now()["uniqueName"] is None
    assert conversation.now()["uniqueName"] is None
    assert theirs.next("updated")["conversation"].number == theirs.number


def test_effect_shows_one_turn_after_the_promise(connect: Connect, own: Own) -> None:
    """C-119."""
    alice, _, conversation, _ = both(connect, own)
    conversation.updateFriendlyName("Old")  # what is told of it shows that the objects are followed
    next_reasons(alice, {"friendlyName"})
    conversation.sendMessage("first")
    conversation.next("messageAdded")
    next_reasons(alice, {"lastMessage"})
    shown = conversation.run(
        Js(
            f"""async function () {{
              const seen = {{}};
              await this.updateFriendlyName("New"); await {TICK}; seen.name = this.friendlyName;
              await this.updateAttributes([1]); await {TICK}; seen.attributes = this.attributes;
              await this.sendMessage("x"); await {TICK}; seen.last = this.lastMessage?.index;
              await this.updateLastReadMessageIndex(0); await {TICK}; seen.read = this.lastReadMessageIndex;
              await this.setUserNotificationLevel("muted"); await {TICK}; seen.level = this.notificationLevel;
              return seen;
            }}"""
        )
    ).result(15)
    assert shown == {"name": "New", "attributes": [1], "last": 1, "read": 0, "level": "muted"}


def test_removed_conversation_leaves_everybody_with_its_names(connect: Connect, own: Own) -> None:
    """C-031, C-032, C-118."""
    alice, bob, conversation, theirs = both(connect, own, friendlyName="F", uniqueName=own("n"))
    conversation.delete()
    assert bob.next("conversationLeft").sid == conversation.sid
    removed = bob.next("conversationRemoved")
    assert (removed.number, removed.now()["status"]) == (theirs.number, "notParticipating")
    assert (removed.now()["friendlyName"], removed.now()["uniqueName"]) == ("F", own("n"))
    alice.next("conversationRemoved")
    for client in (alice, bob):
        assert client.order(*GOING) == GOING
    theirs.next("removed")
    with pytest.raises(SdkError) as refused:
        theirs.sendMessage("x")
    assert (refused.value.status, refused.value.body["code"]) == (404, 50350)
    assert alice.createConversation({"uniqueName": own("n")}).now()["uniqueName"] == own("n")


def test_removed_and_added_again_hears_everything(connect: Connect, own: Own) -> None:
    """C-117."""
    _, bob, conversation, _ = both(connect, own)
    for pause_ms in (0, 40, 150, 400):
        conversation.run(
            Js(
                f"""async function () {{
                  await this.removeParticipant("{own("bob")}");
                  await new Promise((done) => setTimeout(done, {pause_ms}));
                  await this.add("{own("bob")}");
                }}"""
            )
        ).result(15)
        bob.next("conversationRemoved")
        theirs = bob.next("conversationJoined")
        text = f"after {pause_ms}"
        index = conversation.sendMessage(text)
        while (message := theirs.next("messageAdded").now())["body"] != text:
            pass
        assert message["index"] == index
        assert len([each for each in theirs.seen("messageAdded") if each.properties["body"] == text]) == 1
        conversation.add(own(f"x{pause_ms}"))
        assert theirs.next("participantJoined")


def test_removed_user_reads_no_longer(connect: Connect, own: Own) -> None:
    """C-047."""
    _, bob, conversation, theirs = both(connect, own)
    conversation.sendMessage("before")
    theirs.next("messageAdded")
    conversation.removeParticipant(own("bob"))
    bob.next("conversationRemoved")
    assert bob.order(*GOING) == GOING
    conversation.sendMessage("after")
    with pytest.raises(SdkError) as refused:
        bob.peekConversationBySid(conversation.sid)
    assert refused.value.body["code"] == 50430
    assert [each.properties["body"] for each in theirs.seen("messageAdded")] == ["before"]


@pytest.mark.parametrize("what", ["removeParticipant", "delete"])
def test_what_happened_while_away_is_told_once_and_in_order(
    connect: Connect, own_server: Server, own: Own, what: str
) -> None:
    """C-112."""
    alice, bob, conversation, theirs = both(connect, own)
    other = alice.createConversation({})
    other.join()
    other.add(own("bob"))
    at_rest(other, bob.next("conversationJoined"))
    own_server.stop()
    for client in (alice, bob):
        client.becomes("connecting")
    own_server.start()
    alice.becomes("connected")
    if what == "delete":
        conversation.delete()
    else:
        conversation.removeParticipant(own("bob"))
    removed = bob.next("conversationRemoved")
    assert removed.number == theirs.number
    # The client may tell of the end of its document first, and take leave of it then.
    until(lambda: removed.now()["status"] == "notParticipating", "the client to take leave")
    assert bob.order(*GOING) == GOING


@pytest.mark.settings(sync_replay_events_max=3)
def test_removals_while_away_are_told_before_anything_of_them_is_missing(
    connect: Connect, own_server: Server, own: Own
) -> None:
    """C-112. The list of conversations is replayed in several pieces; what is gone must not overtake it."""
    alice, bob = connect.chat(own("alice")), connect.chat(own("bob"))
    made = [alice.createConversation({}) for _ in range(12)]
    for conversation in made:
        conversation.join()
        conversation.add(own("bob"))
        at_rest(conversation, bob.next("conversationJoined"))
    own_server.stop()
    for client in (alice, bob):
        client.becomes("connecting")
    own_server.start()
    bare = connect.bare(own("alice"), token=own_server.account.chat_token(own("alice")), types=[])
    service = own_server.credentials["TWILIO_CHAT_SERVICE_SID"]
    for conversation in made:
        path = f"/Client/v2/Services/{service}/Conversations/{conversation.sid}"
        bare.request("delete", path, {}, {}, "ip_messaging").ok(204)

    bob.becomes("connected")
    removed = {bob.next("conversationRemoved").sid for _ in made}
    assert removed == {conversation.sid for conversation in made}
    assert {each.sid for each in bob.seen("conversationLeft")} == removed
    for seen in ("conversationLeft", "conversationRemoved"):
        assert len(bob.seen(seen)) == len(made)
