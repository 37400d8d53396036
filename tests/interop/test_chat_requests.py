"""What the chat SDK asks of the server, request by request, and how often when it is refused."""

from collections.abc import Callable, Iterator

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import Node, SdkObject, refusal
from tests.interop.server import Server, until
from tests.interop.wiretap import Answer, Asked, Wiretap, tapped

Own = Callable[[str], str]
CONFIGURATION = "/Client/v2/Configuration"
MESSAGE_TYPES = {
    "twilio.ipmsg.typing_indicator",
    "twilio.sync.event",
    *(f"com.twilio.rtd.cds.{kind}" for kind in ("document", "list", "map")),
}


@pytest.fixture
def tap(server: Server) -> Iterator[Wiretap]:
    with tapped(server.uri) as tap:
        yield tap


@pytest.fixture
def connect(tap: Wiretap, node: Node, server: Server) -> Connect:
    """Clients end before the tap: an SDK that is cut off while it asks raises what nobody can catch."""
    return Connect(node, server)


@pytest.fixture
def alice(connect: Connect, tap: Wiretap, own: Own) -> SdkObject:
    """A client that is overheard."""
    return connect.chat(own("alice"), uri=tap.uri)


def joined(client: SdkObject, **made: object) -> SdkObject:
    """A new conversation of a client, all of which it has read and follows."""
    conversation = client.createConversation(made)
    conversation.join()
    client.next("conversationJoined")
    conversation.getParticipants()
    conversation.getMessages()
    return conversation


def error(status: int, code: int) -> Answer:
    return status, {"status": status, "code": code, "message": "as the test says", "more_info": ""}


def refusing(
    answer: Answer, method: str, ending: str, *, times: int = 1000
) -> Callable[[Asked], Answer | None]:
    """Answers the first so many of these requests."""
    left = iter(range(times))

    def decide(asked: Asked) -> Answer | None:
        if asked.method != method or not asked.path.endswith(ending) or next(left, None) is None:
            return None
        return answer

    return decide


def test_client_is_initialized_by_one_configuration_and_one_registration(
    tap: Wiretap, alice: SdkObject
) -> None:
    """C-001, C-002, C-003."""
    alice.getSubscribedConversations()
    conversation = joined(alice)
    conversation.typing()
    alice.setPushRegistrationId("fcm", "a device")

    assert len(tap.asked("GET", CONFIGURATION)) == 1
    (init,) = tap.packets("init")
    (registration,) = init["registrations"]
    assert registration["product"] == "ip_messaging"
    assert set(registration["message_types"]) == MESSAGE_TYPES
    assert {asked.grant for asked in tap.asked()} == {"ip_messaging"}
    assert {asked.host for asked in tap.asked()} == {
        f"{name}.us1.twilio.com" for name in ("aim", "cds", "ers")
    }


def test_configuration_that_is_refused_ends_the_client_after_six_attempts(
    connect: Connect, tap: Wiretap, own: Own
) -> None:
    """C-005."""
    tap.decide = refusing(error(403, 20403), "GET", CONFIGURATION)
    client = connect.begin_chat(own("alice"), uri=tap.uri)
    failed = client.next("initFailed")["error"]
    assert failed["terminal"] is True
    assert "Client/v2/Configuration" in failed["message"]
    assert len(tap.asked("GET", CONFIGURATION)) == 6


def test_user_without_a_name_ends_the_client(
    connect: Connect, server: Server, tap: Wiretap, own: Own
) -> None:
    """C-006."""
    alice = connect.chat(own("alice"))
    alice.shutdown()
    tap.decide = _without_items
    client = connect.begin_chat(own("alice"), uri=tap.uri)
    assert "does not exist" in client.next("initFailed")["error"]["message"]


def _without_items(asked: Asked) -> Answer | None:
    if "/Maps/" not in asked.path:
        return None
    meta = {"previous_token": None, "next_token": None}
    if asked.path.endswith("/Items"):
        return 200, {"items": [], "meta": meta}
    sid = "MP" + "0" * 32
    url = f"https://{asked.host}/v3/Maps/{sid}"
    shown = {"sid": sid, "unique_name": None, "revision": "0", "last_event_id": 0, "items": []}
    dates = {"date_updated": "2031-01-01T00:00:00Z", "date_expires": None}
    return 200, {**shown, **dates, "url": url, "links": {"items": f"{url}/Items"}}


@pytest.mark.parametrize("missing", ["channel", "messages", "roster"])
def test_conversation_of_which_something_is_missing_is_passed_over(
    connect: Connect, tap: Wiretap, own: Own, missing: str
) -> None:
    """C-012."""
    setup = connect.chat(own("alice"))
    whole, broken = (joined(setup, friendlyName=name) for name in ("whole", "broken"))
    ending = f"{broken.sid}.{missing}"
    tap.decide = refusing(error(404, 54100), "GET", ending)
    alice = connect.chat(own("alice"), uri=tap.uri)
    found = alice.getSubscribedConversations().now()["items"]
    assert [each.sid for each in found] == [whole.sid]
    assert alice.next("conversationJoined").sid == whole.sid
    assert tap.asked("GET", ending)


def test_list_is_walked_by_its_tokens(connect: Connect, tap: Wiretap, own: Own) -> None:
    """C-015."""
    setup = connect.chat(own("alice"))
    for _ in range(52):
        setup.createConversation({}).join()
    alice = connect.chat(own("alice"), uri=tap.uri)
    alice.getSubscribedConversations()
    first, second = tap.asked("GET", "/Conversations")
    assert (first.params, list(second.params)) == ({}, ["PageToken"])


def test_loaded_conversation_is_looked_up_with_one_read_of_its_item(tap: Wiretap, alice: SdkObject) -> None:
    """C-018."""
    conversation = joined(alice)
    before = len(tap.asked("GET"))
    assert alice.getConversationBySid(conversation.sid).number == conversation.number
    asked = tap.asked("GET")[before:]
    assert len(asked) <= 1
    assert all(each.path.endswith("/Items") for each in asked)
    assert all(each.params["Key"] == conversation.sid for each in asked)


def test_new_token_is_one_packet(server: Server, tap: Wiretap, alice: SdkObject, own: Own) -> None:
    """C-010."""
    alice.updateToken(server.account.chat_token(own("alice"), ttl_s=1800))
    assert len(tap.packets("update")) == len(tap.packets("init")) == 1
    assert alice.now()["connectionState"] == "connected"


def test_shutdown_is_one_packet(tap: Wiretap, alice: SdkObject) -> None:
    """C-009."""
    alice.shutdown()
    for state in ("disconnecting", "disconnected"):
        alice.becomes(state)
    assert len(until(lambda: tap.packets("close"), "the goodbye")) == 1


def test_conversation_is_made_with_its_attributes_as_text_under_a_mutation_id(
    tap: Wiretap, alice: SdkObject, own: Own
) -> None:
    """C-024."""
    given = {"friendlyName": "F", "uniqueName": own("n"), "attributes": {"a": [1]}}
    made = alice.createConversation(given)
    (asked,) = tap.asked("POST", "/Conversations")
    told = {"friendly_name": "F", "unique_name": own("n"), "attributes": '{"a":[1]}'}
    assert {name: asked.json[name] for name in told} == told
    assert len(asked.headers["X-Twilio-Mutation-Id"]) == 36
    assert made.now()["attributes"] == {"a": [1]}


def test_same_name_is_not_sent_and_none_is_sent_as_an_empty_one(
    tap: Wiretap, alice: SdkObject, own: Own
) -> None:
    """C-028, C-029."""
    conversation = joined(alice, friendlyName="F", uniqueName=own("n"))
    conversation.updateFriendlyName("F")
    assert tap.asked("POST", conversation.sid) == []
    conversation.updateUniqueName(None)
    (asked,) = tap.asked("POST", conversation.sid)
    assert asked.json == {"unique_name": ""}
    while conversation.now()["uniqueName"] is not None:
        conversation.next("updated")


def test_address_is_added_as_a_binding(tap: Wiretap, alice: SdkObject, own: Own) -> None:
    """C-041."""
    conversation = joined(alice)
    conversation.addNonChatParticipant("help@example.com", f"{own('x')}@example.com")
    added = tap.asked("POST", "/Participants")[-1].json
    assert added["messaging_binding"]["proxy_address"] == "help@example.com"
    assert added["messaging_binding"]["address"] == f"{own('x')}@example.com"
    participant = conversation.next("participantJoined").now()
    assert (participant["type"], participant["identity"]) == ("email", None)


def test_who_has_left_asks_nothing_by_leaving(tap: Wiretap, alice: SdkObject) -> None:
    """C-048."""
    conversation = joined(alice)
    conversation.leave()
    alice.next("conversationLeft")
    conversation.leave()
    assert len(tap.asked("DELETE")) == 1


def test_message_that_was_sent_before_is_fetched(tap: Wiretap, alice: SdkObject) -> None:
    """C-068."""
    conversation = joined(alice)
    conversation.sendMessage("first")
    conversation.sendMessage("second")
    sids = [conversation.next("messageAdded").sid for _ in range(2)]
    place = f"https://aim.us1.twilio.com{tap.asked('POST', '/Messages')[0].path}"
    tap.decide = refusing((202, {"resource_url": f"{place}/{sids[1]}"}), "POST", "/Messages")
    assert conversation.sendMessage("second, sent again") == 1
    assert conversation.getMessagesCount() == 2


@pytest.mark.parametrize(
    "answer", [error(400, 50504), error(403, 50107), error(429, 20429), error(503, 20503)]
)
def test_refused_message_is_sent_once(tap: Wiretap, alice: SdkObject, answer: Answer) -> None:
    """C-069, C-070."""
    conversation = joined(alice)
    tap.decide = refusing(answer, "POST", "/Messages")
    refused = refusal(lambda: conversation.sendMessage("x"))
    assert (refused.status, refused.body["code"]) == (answer[0], answer[1]["code"])
    assert len(tap.asked("POST", "/Messages")) == 1


@pytest.mark.parametrize("answer", [error(429, 20429), error(503, 20503)])
def test_count_is_asked_for_three_times(tap: Wiretap, alice: SdkObject, answer: Answer) -> None:
    """C-070."""
    conversation = joined(alice)
    conversation.setAllMessagesUnread()
    own_of_user = f"/Conversations/{conversation.sid}"
    tap.decide = refusing(answer, "GET", own_of_user)
    before = len(tap.asked("GET", own_of_user))
    assert "Maximum attempt count" in refusal(conversation.getUnreadMessagesCount).message
    assert len(tap.asked("GET", own_of_user)) == before + 3
    tap.decide = refusing(answer, "GET", own_of_user, times=2)
    assert conversation.getUnreadMessagesCount() is None
    assert len(tap.asked("GET", own_of_user)) == before + 6


def test_what_a_message_does_not_have_is_not_asked_for(tap: Wiretap, alice: SdkObject) -> None:
    """C-074."""
    conversation = joined(alice)
    conversation.sendMessage("x")
    assert conversation.next("messageAdded").getChannelMetadata() is None
    assert tap.asked("GET", "/ChannelMetadata") == []


def test_typing_on_is_told_to_the_server_once(tap: Wiretap, alice: SdkObject) -> None:
    """C-091."""
    conversation = joined(alice)
    for _ in range(5):
        conversation.typing()
    (asked,) = tap.asked("POST", "/v1/typing")
    assert asked.body == f"ChannelSid={conversation.sid}".encode()


def test_device_is_registered_for_every_kind_and_the_old_one_removed_first(
    tap: Wiretap, alice: SdkObject
) -> None:
    """C-105, C-106."""
    for device in ("old", "new"):
        alice.setPushRegistrationId("fcm", device)
    alice.unsetPushRegistrationId("fcm")
    alice.removePushRegistrations("fcm", "new")

    asked = [one for one in tap.asked() if "/registrations" in one.path]
    assert [one.method for one in asked] == ["POST", "DELETE", "POST", "DELETE", "DELETE"]
    assert {one.host for one in asked} == {"ers.us1.twilio.com"}
    posted = [one.json for one in asked if one.method == "POST"]
    assert [one["data"]["registration_id"] for one in posted] == ["old", "new"]
    assert [len(set(one["message_types"])) for one in posted] == [5, 5]
    assert asked[-1].json == {"binding_type": "fcm", "address": "new"}
