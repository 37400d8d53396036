"""Apps that were built on earlier generations of the chat SDK."""

from collections.abc import Callable

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import Js, SdkError, SdkObject
from tests.interop.server import Server
from tests.interop.test_chat_edit import at_rest

Own = Callable[[str], str]


@pytest.mark.parametrize("sdk", [2.7, 2.6])
def test_earlier_conversations_sdk_chats_with_the_newest(connect: Connect, own: Own, sdk: float) -> None:
    """C-129."""
    alice, bob = connect.chat(own("alice"), sdk=sdk), connect.chat(own("bob"))
    conversation = alice.createConversation({"friendlyName": "F", "attributes": {"a": 1}})
    conversation.join()
    conversation.add(own("bob"))
    theirs = bob.next("conversationJoined")
    assert theirs.now()["attributes"] == {"a": 1}
    assert conversation.sendMessage("hello", {"k": 1}) == 0
    assert theirs.next("messageAdded").now()["body"] == "hello"
    assert theirs.sendMessage("hi") == 1
    while (message := conversation.next("messageAdded")).now()["body"] != "hi":
        pass
    page = conversation.getMessages(30).now()
    assert [each.now()["index"] for each in page["items"]] == [0, 1]
    assert conversation.updateLastReadMessageIndex(0) == 1
    theirs.typing()
    assert conversation.next("typingStarted").now()["identity"] == own("bob")
    conversation.updateFriendlyName("G")
    while theirs.now()["friendlyName"] != "G":
        bob.next("conversationUpdated")
    reasons = [set(event["updateReasons"]) for event in conversation.seen("updated")]
    assert not any("state" in each and "friendlyName" in each for each in reasons)
    message.remove()
    theirs.next("messageRemoved")
    conversation.delete()
    bob.next("conversationRemoved")


def test_programmable_chat_sdk_chats_with_the_newest(connect: Connect, own: Own) -> None:
    alice, bob = connect.chat(own("alice"), sdk=1), connect.chat(own("bob"))
    channel = alice.createChannel({"friendlyName": "F", "attributes": {"a": 1}, "isPrivate": True})
    channel.join()
    channel.add(own("bob"))
    theirs = bob.next("conversationJoined")
    assert (theirs.now()["friendlyName"], channel.now()["isPrivate"]) == ("F", True)
    channel.sendMessage("hello", {"k": 1})
    assert theirs.next("messageAdded").now()["attributes"] == {"k": 1}
    theirs.sendMessage("hi")
    while channel.next("messageAdded").now()["body"] != "hi":
        pass
    assert [each.now()["body"] for each in channel.getMessages(30).now()["items"]] == ["hello", "hi"]
    channel.updateLastConsumedMessageIndex(1)
    while channel.now()["lastConsumedMessageIndex"] != 1:
        channel.next("updated")
    theirs.typing()
    channel.next("typingStarted")
    channel.removeMember(own("bob"))
    bob.next("conversationRemoved")


@pytest.mark.parametrize("private", [True, False])
def test_programmable_chat_sdk_is_told_that_a_channel_is_gone(
    connect: Connect, own: Own, private: bool
) -> None:
    """Of a public channel it hears by the end of the document alone."""
    alice, bob = connect.chat(own("alice"), sdk=1), connect.chat(own("bob"), sdk=1)
    channel = alice.createChannel({"friendlyName": "F", "isPrivate": private})
    channel.join()
    channel.add(own("bob"))
    theirs = bob.next("channelJoined")
    theirs.getMembers()
    channel.delete()
    bob.next("channelLeft")
    removed = bob.next("channelRemoved")
    assert (removed.number, removed.now()["friendlyName"]) == (theirs.number, "F")
    alice.next("channelRemoved")
    assert len(bob.seen("channelRemoved")) == 1


def opened(channel: SdkObject) -> SdkObject:
    """A channel whose members and messages were read: it opens them by itself, and nobody waits for that."""
    channel.getMembers()
    channel.getMessages(1)
    return channel


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("changed", ["while away", "afterwards"])
def test_programmable_chat_sdk_follows_a_channel_that_it_left_and_joined_again(
    connect: Connect, own: Own, private: bool, changed: str
) -> None:
    """It keeps what it follows of a public channel, and does not ask for it again."""
    alice, bob = connect.chat(own("alice"), sdk=1), connect.chat(own("bob"), sdk=1)
    channel = alice.createChannel({"friendlyName": "F", "isPrivate": private})
    channel.join()
    channel.add(own("bob"))
    theirs = opened(bob.next("channelJoined"))
    channel.updateFriendlyName("followed")
    while theirs.now()["friendlyName"] != "followed":
        bob.next("channelUpdated")
    channel.removeMember(own("bob"))
    bob.next("channelLeft")
    if changed == "while away":
        channel.updateFriendlyName("G")
    channel.add(own("bob"))
    theirs = opened(bob.next("channelJoined"))
    if changed == "afterwards":
        channel.updateFriendlyName("G")
    while theirs.now()["friendlyName"] != "G":
        bob.next("channelUpdated")
    channel.sendMessage("again")
    assert bob.next("messageAdded").now()["body"] == "again"
    while (theirs.now().get("lastMessage") or {}).get("index") != 0:
        bob.next("channelUpdated")
    channel.delete()
    bob.next("channelRemoved")


@pytest.mark.parametrize("sdk", [2.7, 2.6])
def test_earlier_conversations_sdk_catches_up_after_a_kill(
    own_server: Server, connect: Connect, own: Own, sdk: float
) -> None:
    alice, bob = connect.chat(own("alice")), connect.chat(own("bob"), sdk=sdk)
    made = [alice.createConversation({"friendlyName": "F"}) for _ in range(2)]
    theirs = []
    for conversation in made:
        conversation.join()
        conversation.add(own("bob"))
        theirs.append(bob.next("conversationJoined"))
        for side in (conversation, theirs[-1]):
            side.getParticipants()
            side.getMessages()
    own_server.kill()
    for client in (alice, bob):
        client.becomes("connecting")
    own_server.start()
    made[0].sendMessage("missed")
    made[1].removeParticipant(own("bob"))

    assert theirs[0].next("messageAdded").now()["body"] == "missed"
    assert bob.next("conversationLeft").number == theirs[1].number
    assert bob.next("conversationRemoved").number == theirs[1].number
    assert len(theirs[0].seen("messageAdded")) == 1


def test_programmable_chat_sdk_catches_up_after_a_kill(
    own_server: Server, connect: Connect, own: Own
) -> None:
    alice, bob = connect.chat(own("alice"), sdk=1), connect.chat(own("bob"), sdk=1)
    channel = alice.createChannel({"friendlyName": "F", "isPrivate": True})
    channel.join()
    channel.add(own("bob"))
    theirs = bob.next("channelJoined")
    for side in (channel, theirs):
        side.getMembers()
        side.getMessages()
    own_server.kill()
    for client in (alice, bob):
        client.becomes("connecting")
    own_server.start()
    channel.sendMessage("missed")
    assert theirs.next("messageAdded").now()["body"] == "missed"


def test_programmable_chat_sdk_finds_counts_edits_and_is_refused(connect: Connect, own: Own) -> None:
    alice, bob = connect.chat(own("alice"), sdk=1), connect.chat(own("bob"), sdk=1)
    channel = alice.createChannel({"uniqueName": own("a/b c"), "isPrivate": True})
    with pytest.raises(SdkError) as refused:
        bob.getChannelByUniqueName(own("a/b c"))
    assert refused.value.body["code"] == 50430
    channel.join()
    channel.add(own("bob"))
    theirs = bob.next("channelJoined")
    assert bob.getChannelByUniqueName(own("a/b c")).number == theirs.number
    for number in range(12):
        channel.sendMessage(str(number))
    assert (theirs.getMessagesCount(), theirs.getMembersCount()) == (12, 2)
    assert theirs.getUnconsumedMessagesCount() is None
    assert theirs.updateLastConsumedMessageIndex(4) == 7
    page, found = theirs.getMessages(5), list[int]()
    while True:
        found = [each.now()["index"] for each in page.now()["items"]] + found
        if not page.now()["hasPrevPage"]:
            break
        page = page.prevPage()
    assert found == list(range(12))
    message = channel.getMessages(1).now()["items"][0]
    message.updateBody("new")
    message.updateAttributes({"k": 1})
    while theirs.getMessages(1).now()["items"][0].now()["attributes"] != {"k": 1}:
        theirs.next("messageUpdated")
    message.remove()
    theirs.next("messageRemoved")
    bob.now()["user"].updateFriendlyName("Bob")
    user = alice.getUser(own("bob"))
    while user.now()["friendlyName"] != "Bob":
        alice.next("userUpdated")
    with pytest.raises(SdkError) as refused:
        theirs.updateFriendlyName("no")
    assert refused.value.body["code"] == 50107
    theirs.leave()
    bob.next("channelLeft")
    bob.next("channelRemoved")
    assert channel.next("memberLeft").now()["identity"] == own("bob")


def test_programmable_chat_sdk_sends_and_receives_files(connect: Connect, own: Own) -> None:
    alice, bob = connect.chat(own("alice"), sdk=1), connect.chat(own("bob"))
    channel = alice.createChannel({"friendlyName": "F", "isPrivate": True})
    channel.join()
    channel.add(own("bob"))
    theirs = bob.next("conversationJoined")

    assert channel.sendMessage({"contentType": "image/png", "media": "bytes"}, {"k": 1}) == 0
    message = theirs.next("messageAdded").now()
    (file,) = message["attachedMedia"]
    assert (message["type"], message["attributes"]) == ("media", {"k": 1})
    assert (file["contentType"], file["size"]) == ("image/png", 5)
    channel.next("messageAdded")
    theirs.run(
        Js(
            """function () {
              const file = { contentType: "text/plain", media: "hello", filename: "a.txt" };
              return this.prepareMessage().setBody("look").addMedia(file).build().send();
            }"""
        )
    ).result(15)
    came = channel.next("messageAdded")
    assert came.now()["type"] == "media"
    read = """async function () {
      const { sid, filename, contentType, size } = this.media;
      const content = await (await fetch(await this.media.getContentTemporaryUrl())).text();
      return [sid.slice(0, 2), filename, contentType, size, content];
    }"""
    assert came.run(Js(read)).result(15) == ["ME", "a.txt", "text/plain", 5, "hello"]


def test_programmable_chat_sdk_shows_descriptors(connect: Connect, own: Own) -> None:
    alice, bob = connect.chat(own("alice"), sdk=1), connect.chat(own("bob"), sdk=1)
    made = {}
    for name, private in (("open", False), ("closed", True)):
        made[name] = alice.createChannel({"friendlyName": name, "isPrivate": private, "attributes": {"a": 1}})
        made[name].join()
    made["open"].add(own("bob"))
    bob.next("channelJoined")
    made["open"].sendMessage("hello")

    def names(page: SdkObject) -> set[str]:
        return {each["friendlyName"] for each in page.now()["items"]}

    assert names(alice.getUserChannelDescriptors()) == {"open", "closed"}
    assert names(alice.getPublicChannelDescriptors()) == names(bob.getPublicChannelDescriptors()) == {"open"}
    (told,) = bob.getUserChannelDescriptors().now()["items"]
    assert told == told | {"messagesCount": 1, "membersCount": 2, "attributes": {"a": 1}, "status": "joined"}
    assert (told["createdBy"], told["isPrivate"]) == (own("alice"), False)
    bob.now()["user"].updateFriendlyName("Bob")
    found = made["open"].getUserDescriptors().now()["items"]
    assert {each["identity"]: each["friendlyName"] for each in found} == {
        own("alice"): None,
        own("bob"): "Bob",
    }
    assert [each["identity"] for each in made["closed"].getUserDescriptors().now()["items"]] == [own("alice")]


def test_programmable_chat_sdk_invites(connect: Connect, own: Own) -> None:
    alice, bob = connect.chat(own("alice"), sdk=1), connect.chat(own("bob"), sdk=1)
    channel = alice.createChannel({"friendlyName": "F", "isPrivate": True})
    channel.join()

    channel.invite(own("bob"))
    theirs = bob.next("channelInvited")
    assert (theirs.now()["status"], theirs.now()["friendlyName"]) == ("invited", "F")
    theirs.decline()
    assert bob.next("channelLeft").number == theirs.number
    assert bob.next("channelRemoved").number == theirs.number

    channel.invite(own("bob"))
    theirs = bob.next("channelInvited")
    late = connect.chat(own("bob"), sdk=1)
    assert late.next("channelInvited").now()["friendlyName"] == "F"
    theirs.join()
    assert bob.next("channelJoined").number == theirs.number
    late.next("channelJoined")
    assert channel.next("memberJoined").now()["identity"] in (own("alice"), own("bob"))
    channel.sendMessage("welcome")
    assert theirs.next("messageAdded").now()["body"] == "welcome"
    with pytest.raises(SdkError) as refused:
        channel.invite(own("bob"))
    assert (refused.value.status, refused.value.body["code"]) == (409, 50433)


def test_who_is_invited_by_the_first_generation_joins_with_the_newest(connect: Connect, own: Own) -> None:
    alice, bob = connect.chat(own("alice"), sdk=1), connect.chat(own("bob"))
    channel = alice.createChannel({"friendlyName": "F", "isPrivate": True})
    channel.join()
    channel.invite(own("bob"))
    theirs = bob.next("conversationAdded")
    assert (theirs.now()["status"], theirs.now()["friendlyName"]) == ("notParticipating", "F")
    theirs.join()
    assert bob.next("conversationJoined").number == theirs.number
    at_rest(theirs)  # what is sent before it follows the messages is history, and not told
    channel.sendMessage("welcome")
    assert theirs.next("messageAdded").now()["body"] == "welcome"
