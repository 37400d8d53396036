"""Who takes part, as everybody sees it."""

from collections.abc import Callable

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import Js, SdkError
from tests.interop.test_chat_edit import both

Own = Callable[[str], str]


def test_added_user_comes_to_everybody_once(connect: Connect, own: Own) -> None:
    """C-037, C-038, C-039, C-040, C-049."""
    _, bob, conversation, theirs = both(connect, own)
    made = conversation.add(own("carol"), {"seat": 1})
    assert made["sid"].startswith("MB")
    joined = theirs.next("participantJoined").now()
    assert (joined["identity"], joined["attributes"], joined["type"]) == (own("carol"), {"seat": 1}, "chat")
    carol = connect.chat(own("carol"))
    assert carol.next("conversationJoined").sid == conversation.sid
    assert bob.order("conversationAdded", "conversationJoined") == ["conversationAdded", "conversationJoined"]
    assert bob.now()["connectionState"] == "connected"
    assert conversation.getParticipantsCount() == 3
    for refused in (lambda: conversation.add(own("carol")), theirs.join):
        with pytest.raises(SdkError) as error:
            refused()
        assert (error.value.status, error.value.body["code"]) == (409, 50433)
    assert len(theirs.seen("participantJoined")) == 1


def test_roster_is_read_across_pages(connect: Connect, own: Own) -> None:
    """C-043, C-044, C-050."""
    alice = connect.chat(own("alice"))
    conversation = alice.createConversation({})
    conversation.join()
    names = {own(f"p{number}") for number in range(60)}
    for each in names:
        conversation.add(each)
    again = connect.chat(own("alice")).next("conversationJoined")
    found = again.getParticipants()
    assert {each.now()["identity"] for each in found} == names | {own("alice")}
    roles = {each.now()["identity"]: each.now()["roleSid"] for each in found}
    assert len({roles[each] for each in names}) == 1
    assert roles[own("alice")] not in {roles[each] for each in names}
    one = again.getParticipantByIdentity(own("p7"))
    assert again.getParticipantBySid(one.sid).number == one.number
    with pytest.raises(SdkError):
        again.getParticipantByIdentity("nobody")


def test_attributes_of_a_participant_reach_everybody(connect: Connect, own: Own) -> None:
    """C-045."""
    _, _, conversation, theirs = both(connect, own)
    theirs.getParticipantByIdentity(own("bob")).updateAttributes({"mood": "é"})
    told = conversation.next("participantUpdated")
    assert set(told["updateReasons"]) == {"attributes", "dateUpdated"}
    assert told["participant"].now()["attributes"] == {"mood": "é"}
    with pytest.raises(SdkError) as refused:
        theirs.getParticipantByIdentity(own("alice")).updateAttributes({})
    assert (refused.value.status, refused.value.body["code"]) == (403, 50107)


def test_leaving_reaches_the_others_and_one_s_other_clients(connect: Connect, own: Own) -> None:
    """C-048, C-049."""
    _, bob, conversation, theirs = both(connect, own)
    second = connect.chat(own("bob"))
    second.next("conversationJoined").getParticipants()
    theirs.leave()
    for client in (bob, second):
        client.next("conversationLeft")
        client.next("conversationRemoved")
    assert conversation.next("participantLeft").now()["identity"] == own("bob")
    assert theirs.now()["status"] == "notParticipating"
    theirs.leave()
    assert conversation.getParticipantsCount() == 1


def test_participant_is_removed_by_identity_and_by_object(connect: Connect, own: Own) -> None:
    """C-046."""
    _, _, conversation, theirs = both(connect, own)
    for each in ("c", "d"):
        conversation.add(own(each))
    theirs.next("participantJoined")
    theirs.next("participantJoined")
    conversation.removeParticipant(own("c"))
    participant = conversation.getParticipantByIdentity(own("d"))
    participant.remove()
    assert {theirs.next("participantLeft").now()["identity"] for _ in range(2)} == {own("c"), own("d")}


def test_address_takes_part_without_an_identity(connect: Connect, own: Own) -> None:
    """C-041, C-042, C-096."""
    _, _, conversation, theirs = both(connect, own)
    proxy, address = "+15558675311", f"+1555{abs(hash(own('x'))) % 10**7:07}"
    conversation.addNonChatParticipant(proxy, address, {"friendlyName": "Phone"})
    joined = theirs.next("participantJoined").now()
    assert (joined["identity"], joined["type"]) == (None, "sms")
    assert joined["attributes"] == {"friendlyName": "Phone"}
    with pytest.raises(SdkError) as refused:
        conversation.addNonChatParticipant(proxy, address)
    assert (refused.value.status, refused.value.body["code"]) == (409, 50416)
    with pytest.raises(SdkError):
        theirs.getParticipantBySid(joined["sid"]).getUser()


def test_many_adds_of_one_identity_at_once_make_one_participant(connect: Connect, own: Own) -> None:
    """C-123."""
    _, _, conversation, theirs = both(connect, own)
    outcomes = conversation.run(
        Js(
            f"""function () {{
              const add = () => this.add("{own("carol")}").then(() => 201, (e) => e.body.code);
              return Promise.all(Array.from({{ length: 8 }}, add));
            }}"""
        )
    ).result(15)
    assert sorted(outcomes) == [201] + [50433] * 7
    theirs.next("participantJoined")
    assert conversation.getParticipantsCount() == 3
    assert len(theirs.seen("participantJoined")) == 1


def test_kind_of_an_address_is_that_of_its_form(connect: Connect, own: Own) -> None:
    _, _, conversation, theirs = both(connect, own)
    number = f"+1556{abs(hash(own('y'))) % 10**7:07}"
    conversation.addNonChatParticipant("whatsapp:+15558675311", f"whatsapp:{number}")
    conversation.addNonChatParticipant("+15558675312", number)
    joined = [theirs.next("participantJoined").now() for _ in range(2)]
    assert sorted(each["type"] for each in joined) == ["sms", "whatsapp"]
    conversation.removeParticipant(joined[0]["sid"])
    assert theirs.next("participantLeft").sid == joined[0]["sid"]
