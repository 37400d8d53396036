"""What a Conversations client needs to begin, and what it is then."""

from collections.abc import Callable

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import Node, SdkError, SdkObject
from tests.interop.server import Server

Own = Callable[[str], str]


def test_client_is_itself(connect: Connect, own: Own) -> None:
    """C-004, C-008."""
    alice = connect.chat(own("alice"))
    user = alice.now()["user"].now()
    assert (user["identity"], user["friendlyName"], user["attributes"]) == (own("alice"), None, {})
    assert alice.now()["reachabilityEnabled"] is False
    assert alice.getSubscribedConversations().now()["items"] == []


def test_new_token_leaves_the_connection_as_it_is(connect: Connect, server: Server, own: Own) -> None:
    """C-010."""
    alice = connect.chat(own("alice"))
    alice.updateToken(server.account.chat_token(own("alice"), ttl_s=1800))
    assert alice.now()["connectionState"] == "connected"
    assert "disconnected" not in alice.seen("connectionStateChanged")


def test_shutdown_says_goodbye(connect: Connect, own: Own) -> None:
    alice = connect.chat(own("alice"))
    alice.shutdown()
    alice.becomes("disconnected")


def test_token_without_a_chat_grant_is_refused(node: Node, server: Server, own: Own) -> None:
    client = node.ask("chat", sdk=3, token=server.token(own("alice")), uri=server.uri).result()
    assert client.next("initFailed")["error"]["terminal"] is True


def test_conversations_made_before_are_there_across_pages(connect: Connect, own: Own) -> None:
    """C-013, C-014, C-016."""
    alice = connect.chat(own("alice"))
    made: set[str] = set()
    for number in range(53):
        conversation = alice.createConversation({"friendlyName": str(number)})
        conversation.join()
        made.add(conversation.sid)
    aside = alice.createConversation({})

    again = connect.chat(own("alice"))
    page, found = again.getSubscribedConversations(), list[SdkObject]()
    while True:
        found += page.now()["items"]
        if not page.now()["hasNextPage"]:
            break
        page = page.nextPage()

    assert [each.sid for each in found] == sorted(made)
    assert aside.sid not in made
    joined = [again.next("conversationJoined").sid for _ in made]
    assert sorted(joined) == sorted(made)
    assert len(again.seen("conversationAdded")) == len(made)


def test_conversation_is_what_it_was_made_as(connect: Connect, own: Own) -> None:
    """C-017, C-025, C-026, C-036, C-085."""
    alice = connect.chat(own("alice"))
    given = {"friendlyName": "Team", "uniqueName": own("big one/ü"), "attributes": {"a": [1, None, "é"]}}
    conversation = alice.createConversation(given)
    now = conversation.now()
    assert {key: now[key] for key in given} == given
    assert (now["createdBy"], now["status"]) == (own("alice"), "notParticipating")
    assert (now["state"]["current"], now["notificationLevel"]) == ("active", "default")
    assert now["dateCreated"] == now["dateUpdated"]
    assert alice.next("conversationAdded").sid == conversation.sid
    assert alice.order("conversationUpdated", "conversationAdded") == [
        "conversationUpdated",
        "conversationAdded",
    ]

    conversation.join()
    alice.next("conversationJoined")
    now = conversation.now()
    assert (now["status"], now["lastReadMessageIndex"]) == ("joined", None)
    with pytest.raises(SdkError) as refused:
        alice.createConversation({"uniqueName": given["uniqueName"]})
    assert (refused.value.status, refused.value.body["code"]) == (409, 50353)


def test_conversation_is_looked_up_by_sid_and_by_name(connect: Connect, own: Own) -> None:
    """C-019, C-020, C-023, C-115, C-127."""
    alice, bob = connect.chat(own("alice")), connect.chat(own("bob"))
    conversation = alice.createConversation({"uniqueName": own("a b"), "friendlyName": "F"})
    conversation.join()
    conversation.setUserNotificationLevel("muted")
    sid = conversation.sid
    before = len(conversation.seen("updated"))
    for found in (
        alice.getConversationBySid(sid),
        alice.getConversationByUniqueName(own("a b")),
        alice.peekConversationBySid(sid),
    ):
        assert found.number == conversation.number
    now = conversation.now()
    assert (now["friendlyName"], now["uniqueName"], now["createdBy"]) == ("F", own("a b"), own("alice"))
    reasons = [event["updateReasons"] for event in conversation.seen("updated")[before:]]
    assert not any({"dateCreated", "dateUpdated", "friendlyName"} & set(each) for each in reasons)

    second = connect.chat(own("alice"))
    assert second.getConversationBySid(sid).now()["notificationLevel"] == "muted"
    for method, argument, error in (
        (bob.getConversationBySid, sid, (403, 50430)),
        (bob.getConversationByUniqueName, own("a b"), (403, 50430)),
        (bob.peekConversationBySid, sid, (403, 50430)),
        (bob.getConversationBySid, "CH" + "0" * 32, (404, 50350)),
        (bob.getConversationByUniqueName, "nowhere", (404, 50350)),
    ):
        with pytest.raises(SdkError) as refused:
            method(argument)
        assert (refused.value.status, refused.value.body["code"]) == error


def test_creator_finds_what_it_has_not_joined_from_another_client(connect: Connect, own: Own) -> None:
    """C-021."""
    alice, elsewhere = connect.chat(own("alice")), connect.chat(own("alice"))
    made = alice.createConversation({"friendlyName": "F"})
    found = elsewhere.peekConversationBySid(made.sid).now()
    assert (found["status"], found["friendlyName"]) == ("notParticipating", "F")
    assert elsewhere.next("conversationAdded").sid == made.sid


@pytest.mark.parametrize("text", ["a/b", "50 %", "?q=1&r#s", "ü+é", "100%25", "+", ".", ".."])
def test_unique_name_is_any_text(connect: Connect, own: Own, text: str) -> None:
    """C-022."""
    alice = connect.chat(own("alice"))
    made = alice.createConversation({"uniqueName": text})
    made.join()
    found = connect.chat(own("alice")).getConversationByUniqueName(text).now()
    assert (found["sid"], found["uniqueName"]) == (made.sid, text)


def test_connection_states_are_told_in_order(connect: Connect, own: Own) -> None:
    """C-009."""
    alice = connect.chat(own("alice"))
    alice.shutdown()
    for state in ("connected", "disconnecting", "disconnected"):
        alice.becomes(state)
    assert alice.seen("connectionStateChanged")[0] == "connecting"


def test_same_name_again_changes_nothing(connect: Connect, own: Own) -> None:
    conversation = connect.chat(own("alice")).createConversation({"friendlyName": "F"})
    before = conversation.now()["dateUpdated"]
    conversation.updateFriendlyName("F")
    conversation.updateUniqueName(None)
    again = connect.chat(own("alice")).peekConversationBySid(conversation.sid).now()
    assert again["dateUpdated"] == before
