"""Messages, as senders and readers see them."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import Js, SdkError
from tests.interop.server import Server, until
from tests.interop.test_chat_edit import both, next_reasons

Own = Callable[[str], str]


def test_message_reaches_everybody_once_with_all_it_has(connect: Connect, own: Own) -> None:
    """C-052, C-053, C-054, C-057."""
    _, bob, conversation, theirs = both(connect, own)
    assert conversation.sendMessage("héllo 🎈", {"a": [1]}) == 0
    for side in (conversation, theirs):
        message = side.next("messageAdded").now()
        assert (message["index"], message["body"], message["attributes"]) == (0, "héllo 🎈", {"a": [1]})
        assert (message["author"], message["type"], message["subject"]) == (own("alice"), "text", None)
        assert message["sid"].startswith("IM")
        assert message["dateCreated"] == message["dateUpdated"]
    sender = theirs.getParticipantByIdentity(own("alice"))
    assert message["participantSid"] == sender.sid
    assert next_reasons(bob, {"lastMessage"}) == ["lastMessage"]
    assert theirs.now()["lastMessage"] == {"index": 0, "dateCreated": message["dateCreated"]}
    assert theirs.sendMessage("second") == 1
    assert len(theirs.seen("messageAdded")) <= 2


def test_built_message_has_subject_and_attributes(connect: Connect, own: Own) -> None:
    """C-067."""
    _, _, conversation, theirs = both(connect, own)
    index = conversation.run(
        Js(
            """function () {
              const built = this.prepareMessage().setBody("b").setSubject("s").setAttributes({ k: 1 });
              return built.build().send();
            }"""
        )
    ).result(15)
    message = theirs.next("messageAdded").now()
    assert (message["index"], message["body"], message["subject"]) == (index, "b", "s")
    assert message["attributes"] == {"k": 1}


@pytest.mark.parametrize("text", [None, "", "x" * 32_768, '\u0000\u001f\\"\r\n\u2028'])
def test_body_is_any_text_up_to_32_kb(connect: Connect, own: Own, text: str | None) -> None:
    """C-058."""
    _, _, conversation, theirs = both(connect, own)
    conversation.sendMessage(text)
    assert theirs.next("messageAdded").now()["body"] == (text or "")


def test_refused_message_takes_no_index(connect: Connect, own: Own) -> None:
    """C-059."""
    _, _, conversation, theirs = both(connect, own)
    with pytest.raises(SdkError) as refused:
        conversation.sendMessage("x" * 32_769)
    assert (refused.value.status, refused.value.body["code"]) == (400, 50504)
    with pytest.raises(SdkError) as refused:
        conversation.sendMessage("x", {"long": "y" * 4096})
    assert refused.value.body["code"] == 50303
    assert theirs.sendMessage("x") == 0


def test_edited_message_reaches_everybody(connect: Connect, own: Own) -> None:
    """C-060, C-061."""
    _, _, conversation, theirs = both(connect, own)
    theirs.sendMessage("old")
    mine, message = theirs.next("messageAdded"), conversation.next("messageAdded")
    mine.updateBody("new")
    told = conversation.next("messageUpdated")
    assert {"body", "dateUpdated"} <= set(told["updateReasons"])
    assert (message.now()["body"], message.now()["lastUpdatedBy"]) == ("new", own("bob"))
    mine.updateAttributes({"k": 1})
    assert set(conversation.next("messageUpdated")["updateReasons"]) == {"attributes", "dateUpdated"}
    message.updateAttributes({"k": 2})
    theirs.next("messageUpdated")
    conversation.sendMessage("of alice")
    others = theirs.next("messageAdded")
    with pytest.raises(SdkError) as refused:
        others.updateBody("no")
    assert (refused.value.status, refused.value.body["code"]) == (403, 50107)


def test_body_and_attributes_changed_at_once_both_hold(connect: Connect, own: Own) -> None:
    """C-124."""
    _, _, conversation, theirs = both(connect, own)
    theirs.sendMessage("x")
    message, mine = conversation.next("messageAdded"), theirs.next("messageAdded")
    for number in range(10):
        changes = [mine.updateBody.start(f"b{number}"), message.updateAttributes.start({"n": number})]
        for change in changes:
            change.result(15)
    newest = connect.chat(own("bob")).next("conversationJoined").getMessages(1).now()["items"][0].now()
    assert (newest["body"], newest["attributes"]) == ("b9", {"n": 9})


def test_removed_message_is_gone_for_everybody(connect: Connect, own: Own) -> None:
    """C-062, C-063, C-066."""
    _, bob, conversation, theirs = both(connect, own)
    for number in range(3):
        conversation.sendMessage(str(number))
    messages = [conversation.next("messageAdded") for _ in range(3)]
    theirs.getMessages()
    messages[1].remove()
    assert theirs.next("messageRemoved").now()["index"] == 1
    assert [each.now()["index"] for each in theirs.getMessages().now()["items"]] == [0, 2]
    assert theirs.getMessagesCount() == 2
    messages[2].remove()
    while theirs.now()["lastMessage"]["index"] != 0:
        next_reasons(bob, {"lastMessage"})
    messages[0].remove()
    while theirs.now().get("lastMessage") is not None:
        next_reasons(bob, {"lastMessage"})
    assert theirs.getMessages().now()["items"] == []
    assert theirs.sendMessage("x") == 3


def test_history_is_walked_both_ways_without_gap_or_repetition(connect: Connect, own: Own) -> None:
    """C-054, C-064, C-065, C-114."""
    alice = connect.chat(own("alice"))
    conversation = alice.createConversation({})
    conversation.join()
    for number in range(40):
        assert conversation.sendMessage(str(number)) == number
    reader = connect.chat(own("alice")).next("conversationJoined")
    for size in (40, 10, 13, 100):
        page = reader.getMessages(size)
        found: list[int] = []
        while True:
            found = [each.now()["index"] for each in page.now()["items"]] + found
            if not page.now()["hasPrevPage"]:
                break
            page = page.prevPage()
        assert found == list(range(40)), size
    forward = reader.getMessages(5, 10, "forward").now()
    assert [each.now()["index"] for each in forward["items"]][:5] == [10, 11, 12, 13, 14]
    assert (forward["hasPrevPage"], forward["hasNextPage"]) == (True, True)
    first = reader.getMessages(5, 0, "forward").now()
    assert first["items"][0].now()["index"] == 0
    assert first["hasPrevPage"] is False
    backwards = reader.getMessages(5, 20, "backwards").now()["items"]
    assert backwards[-1].now()["index"] == 20


def test_history_never_fails_while_messages_are_removed(connect: Connect, own: Own) -> None:
    """C-113."""
    _, _, conversation, theirs = both(connect, own)
    for number in range(60):
        conversation.sendMessage(str(number))
    removing = conversation.run(
        Js(
            """async function () {
              const page = await this.getMessages(100);
              for (const message of page.items.slice(0, 40)) await message.remove();
            }"""
        )
    )
    read = theirs.run(
        Js(
            """async function () {
              for (let round = 0; round < 60; round++) {
                const page = await this.getMessages(30);
                if (page.items.some((message) => !message)) return "a removed message is shown";
              }
              return "fine";
            }"""
        )
    ).result(30)
    removing.result(30)
    assert read == "fine"
    kept = list(range(40, 60))
    until(lambda: [each.now()["index"] for each in theirs.getMessages(60).now()["items"]] == kept, "removals")


def test_message_between_opening_and_following_is_told(connect: Connect, own: Own) -> None:
    """C-055. Objects are followed 100 ms after they were read; what happens meanwhile is replayed."""
    alice = connect.chat(own("alice"))
    conversation = alice.createConversation({})
    conversation.run(
        Js(
            """async function () {
              await this.join();
              await new Promise((done) => setTimeout(done));
              await this.getMessages();
              await this.sendMessage("first");
            }"""
        )
    ).result(15)
    assert conversation.next("messageAdded").now()["body"] == "first"
    assert next_reasons(alice, {"lastMessage"})


def test_unread_count_follows_each_message(connect: Connect, own: Own) -> None:
    """C-085, C-111."""
    _, _, conversation, theirs = both(connect, own)
    conversation.sendMessage("0")
    theirs.next("messageAdded")
    assert theirs.getUnreadMessagesCount() is None
    assert theirs.updateLastReadMessageIndex(0) == 0
    conversation.run(Js("function () { globalThis.sender = this; }")).result(15)
    counting = theirs.run(
        Js(
            """function () {
              const counts = [];
              return new Promise((done) => {
                this.on("messageAdded", async () => {
                  counts.push(await this.getUnreadMessagesCount());
                  if (counts.length === 6) done(counts);
                  else sender.sendMessage("next");
                });
                sender.sendMessage("first");
              });
            }"""
        )
    )
    assert counting.result(15) == [1, 2, 3, 4, 5, 6]


def test_anchor_may_be_a_message_that_is_gone(connect: Connect, own: Own) -> None:
    """C-065."""
    _, _, conversation, _ = both(connect, own)
    for number in range(6):
        conversation.sendMessage(str(number))
    sent = [conversation.next("messageAdded") for _ in range(6)]
    for number in (0, 3, 5):
        sent[number].remove()
    reader = connect.chat(own("alice")).next("conversationJoined")

    def indexes(size: int, *anchor: object) -> list[int]:
        return [each.now()["index"] for each in reader.getMessages(size, *anchor).now()["items"]]

    assert indexes(10, 3, "forward") == [4]
    assert indexes(10, 3, "backwards") == [1, 2]
    assert indexes(10, 0, "forward") == [1, 2, 4]
    assert indexes(30) == [1, 2, 4]


def test_long_messages_are_read_in_shorter_pages(connect: Connect, own: Own) -> None:
    _, _, conversation, _ = both(connect, own)
    for _ in range(20):
        conversation.sendMessage("x" * 32_768)
    reader = connect.chat(own("bob")).next("conversationJoined")
    page = reader.getMessages(30)
    assert len(page.now()["items"]) < 20
    found: list[int] = []
    while True:
        found = [each.now()["index"] for each in page.now()["items"]] + found
        if not page.now()["hasPrevPage"]:
            break
        page = page.prevPage()
    assert found == list(range(20))


def test_repeated_mutation_makes_one_message(connect: Connect, server: Server, own: Own) -> None:
    """C-068. Frame by frame, since an SDK never repeats one."""
    _, _, conversation, theirs = both(connect, own)
    token = server.account.chat_token(own("alice"))
    bare = connect.bare(own("alice"), token=token, types=[])
    service = server.credentials["TWILIO_CHAT_SERVICE_SID"]
    path = f"/Client/v2/Services/{service}/Conversations/{conversation.sid}/Messages"
    mutation = {"X-Twilio-Mutation-Id": str(uuid.uuid4())}
    body = {"body": "once", "attributes": "{}"}

    def ask(method: str, url: str, *args: object) -> Any:
        return bare.request(method, url, *args, "ip_messaging")

    first = ask("post", path, mutation, body).ok(201)
    again = ask("post", path, mutation, body).ok(202)
    assert again["resource_url"] == first["url"]
    assert theirs.next("messageAdded").sid == first["sid"]
    assert conversation.sendMessage("next") == 1
    assert theirs.next("messageAdded").now()["body"] == "next"


@pytest.mark.settings(chat_mutations_per_conversation_per_s=0.001)
def test_message_refused_for_its_rate_is_not_tried_again(
    own_server: Server, connect: Connect, own: Own
) -> None:
    """C-069."""
    alice = connect.chat(own("alice"))
    conversation = alice.createConversation({})
    conversation.join()
    sent, error = 0, None
    while error is None:
        try:
            conversation.sendMessage("x")
            sent += 1
        except SdkError as refused:
            error = refused
    assert (error.status, error.body["code"]) == (429, 50063)
    assert conversation.getMessagesCount() == sent


def test_message_of_chat_alone_has_nothing_of_other_channels(connect: Connect, own: Own) -> None:
    """C-074."""
    _, _, conversation, theirs = both(connect, own)
    conversation.sendMessage("x")
    message = theirs.next("messageAdded")
    assert message.now()["aggregatedDeliveryReceipt"] is None
    assert message.getDetailedDeliveryReceipts() == []
    assert message.getChannelMetadata() is None
    assert message.getMessageRecipients() == []


def test_creator_changes_messages_of_others(connect: Connect, own: Own) -> None:
    """C-099."""
    _, _, conversation, theirs = both(connect, own)
    theirs.sendMessage("of bob")
    message, mine = conversation.next("messageAdded"), theirs.next("messageAdded")
    message.updateBody("changed")
    theirs.next("messageUpdated")
    assert (mine.now()["body"], mine.now()["author"]) == ("changed", own("bob"))
    message.remove()
    assert theirs.next("messageRemoved").number == mine.number
