"""What chat clients see of a server that dies: nothing lost, doubled or out of place."""

from collections.abc import Callable

from tests.interop.conftest import Connect
from tests.interop.server import Server
from tests.interop.test_chat_edit import at_rest, both, next_reasons

Own = Callable[[str], str]


def test_everything_missed_is_told_after_a_kill(own_server: Server, connect: Connect, own: Own) -> None:
    """C-011."""
    _, bob, conversation, theirs = both(connect, own, friendlyName="Old")
    for text in ("kept", "edited", "removed"):
        conversation.sendMessage(text)
    kept, edited, removed = (theirs.next("messageAdded") for _ in range(3))
    next_reasons(bob, {"lastMessage"})
    theirs.setUserNotificationLevel("muted")
    next_reasons(bob, {"notificationLevel"})
    at_rest(conversation, theirs)
    mine = [conversation.next("messageAdded") for _ in range(3)]
    for round_ in range(2):
        own_server.kill()
        bob.becomes("connecting")
        own_server.start()
        conversation.sendMessage(f"round {round_}")
        assert theirs.next("messageAdded").now()["body"] == f"round {round_}"

    own_server.kill()
    bob.becomes("connecting")
    own_server.start()
    mine[1].updateBody("new")
    mine[2].remove()
    conversation.updateFriendlyName("New")
    conversation.add(own("carol"))
    theirs.next("messageUpdated")
    assert (edited.now()["body"], kept.now()["body"]) == ("new", "kept")
    assert theirs.next("messageRemoved").number == removed.number
    next_reasons(bob, {"friendlyName"})
    assert theirs.next("participantJoined").now()["identity"] == own("carol")
    assert theirs.now()["notificationLevel"] == "muted"
    indexes = [message.properties["index"] for message in theirs.seen("messageAdded")]
    assert indexes == [0, 1, 2, 3, 4]
    assert len(theirs.seen("messageRemoved")) == len(theirs.seen("participantJoined")) == 1


def test_client_that_was_away_is_added_and_catches_up(own_server: Server, connect: Connect, own: Own) -> None:
    alice, bob = connect.chat(own("alice")), connect.chat(own("bob"))
    conversation = alice.createConversation({})
    conversation.join()
    alice.next("conversationJoined")
    at_rest(conversation)
    own_server.kill()
    for client in (alice, bob):
        client.becomes("connecting")
    own_server.start()
    conversation.add(own("bob"))
    conversation.sendMessage("hello")

    theirs = bob.next("conversationJoined")
    assert [each.now()["body"] for each in theirs.getMessages().now()["items"]] == ["hello"]
    conversation.sendMessage("live")
    while theirs.next("messageAdded").now()["body"] != "live":
        pass
    assert len(bob.seen("conversationAdded")) == len(bob.seen("conversationJoined")) == 1
