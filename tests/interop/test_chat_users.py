"""Read marks, levels, typing and users."""

from collections.abc import Callable

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import SdkError
from tests.interop.server import Server
from tests.interop.test_chat_edit import both, next_reasons

Own = Callable[[str], str]


def test_read_mark_reaches_one_s_other_clients_and_the_others(connect: Connect, own: Own) -> None:
    """C-086, C-087, C-088."""
    _, bob, conversation, theirs = both(connect, own)
    second = connect.chat(own("bob")).next("conversationJoined")
    for number in range(3):
        conversation.sendMessage(str(number))
    assert theirs.updateLastReadMessageIndex(1) == 1
    next_reasons(bob, {"lastReadMessageIndex"})
    told = conversation.next("participantUpdated")
    assert set(told["updateReasons"]) == {"lastReadMessageIndex", "lastReadTimestamp", "dateUpdated"}
    assert told["participant"].now()["lastReadMessageIndex"] == 1
    while second.now()["lastReadMessageIndex"] != 1:
        second.next("updated")
    assert theirs.advanceLastReadMessageIndex(0) == 1
    assert theirs.now()["lastReadMessageIndex"] == 1
    assert theirs.updateLastReadMessageIndex(0) == 2
    assert theirs.setAllMessagesRead() == 0
    assert theirs.updateLastReadMessageIndex(99) == 0
    theirs.setAllMessagesUnread()
    while theirs.now()["lastReadMessageIndex"] is not None:
        next_reasons(bob, {"lastReadMessageIndex"})
    assert theirs.getUnreadMessagesCount() is None


def test_muting_is_one_s_own_and_stays(connect: Connect, own: Own) -> None:
    """C-089."""
    _, bob, conversation, theirs = both(connect, own)
    theirs.setUserNotificationLevel("muted")
    assert next_reasons(bob, {"notificationLevel"}) == ["notificationLevel"]
    assert conversation.now()["notificationLevel"] == "default"
    again = connect.chat(own("bob")).next("conversationJoined")
    assert again.now()["notificationLevel"] == "muted"


def test_typing_is_told_to_the_others_and_ends_with_the_message(connect: Connect, own: Own) -> None:
    """C-090, C-122."""
    alice, bob, conversation, theirs = both(connect, own)
    second = connect.chat(own("alice"))
    conversation.typing()
    assert theirs.next("typingStarted").now()["identity"] == own("alice")
    bob.next("typingStarted")
    conversation.sendMessage("x")
    assert theirs.next("typingEnded").now()["identity"] == own("alice")
    theirs.typing()
    conversation.next("typingStarted")
    for client in (alice, second):
        assert [each.now()["identity"] for each in client.seen("typingStarted")] in ([], [own("bob")])


def test_typing_ends_by_itself(connect: Connect, own: Own) -> None:
    """C-090."""
    _, _, conversation, theirs = both(connect, own)
    conversation.typing()
    theirs.next("typingStarted")
    theirs.next("typingEnded")


def test_user_is_followed_and_changes_itself(connect: Connect, own: Own) -> None:
    """C-092, C-093."""
    alice, bob, _, _ = both(connect, own)
    user = alice.getUser(own("bob"))
    assert (user.now()["identity"], user.now()["friendlyName"]) == (own("bob"), None)
    while alice.next("userSubscribed").number != user.number:
        pass
    bob.now()["user"].updateFriendlyName("Bob é")
    while user.now()["friendlyName"] != "Bob é":
        alice.next("userUpdated")
    bob.now()["user"].updateAttributes({"a": [1]})
    while user.now()["attributes"] != {"a": [1]}:
        alice.next("userUpdated")
    with pytest.raises(SdkError) as refused:
        user.updateFriendlyName("no")
    assert (refused.value.status, refused.value.body["code"]) == (403, 50107)
    with pytest.raises(SdkError) as refused:
        alice.getUser("nobody at all")
    assert (refused.value.status, refused.value.body["code"]) == (404, 50200)


def test_participant_leads_to_its_user(connect: Connect, own: Own) -> None:
    """C-096."""
    _, _, conversation, _ = both(connect, own)
    user = conversation.getParticipantByIdentity(own("bob")).getUser()
    assert user.now()["identity"] == own("bob")


def test_plain_participant_may_do_what_is_its_own(connect: Connect, own: Own) -> None:
    """C-098."""
    _, _, conversation, theirs = both(connect, own)
    conversation.sendMessage("of alice")
    message = theirs.next("messageAdded")
    for refused, permission in (
        (lambda: theirs.add("x"), "addParticipant"),
        (lambda: theirs.removeParticipant(own("alice")), "removeParticipant"),
        (lambda: theirs.updateFriendlyName("x"), "editConversationName"),
        (lambda: theirs.updateAttributes({}), "editConversationAttributes"),
        (theirs.delete, "deleteConversation"),
        (lambda: message.updateBody("x"), "editAnyMessage"),
        (message.remove, "deleteAnyMessage"),
    ):
        with pytest.raises(SdkError) as error:
            refused()
        assert (error.value.status, error.value.body["code"]) == (403, 50107)
        assert permission in error.value.body["message"]
        assert "'channel user'" in error.value.body["message"]
    theirs.sendMessage("of bob")
    while (mine := theirs.next("messageAdded")).now()["body"] != "of bob":
        pass
    mine.updateBody("changed")
    mine.updateAttributes({"a": 1})
    mine.remove()


def test_typing_again_within_the_time_is_told_once(connect: Connect, own: Own) -> None:
    """C-091."""
    _, _, conversation, theirs = both(connect, own)
    for _ in range(5):
        conversation.typing()
    theirs.next("typingStarted")
    conversation.sendMessage("x")
    theirs.next("typingEnded")
    assert len(theirs.seen("typingStarted")) == 1


@pytest.mark.settings(chat_users_followed_max=2)
def test_oldest_of_too_many_users_is_followed_no_longer(
    own_server: Server, connect: Connect, own: Own
) -> None:
    """C-094."""
    others = [connect.chat(own(f"u{number}")) for number in range(3)]
    alice = connect.chat(own("alice"))
    first, *_ = [alice.getUser(own(f"u{number}")) for number in range(3)]
    gone = alice.next("userUnsubscribed")
    assert (gone.number, gone.now()["isSubscribed"]) == (first.number, False)
    others[0].now()["user"].updateFriendlyName("unheard")
    others[2].now()["user"].updateFriendlyName("heard")
    while (told := alice.next("userUpdated")["user"]).now()["identity"] != own("u2"):
        pass
    assert told.now()["friendlyName"] == "heard"
    assert first.now()["friendlyName"] is None
