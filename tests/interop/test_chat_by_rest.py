"""What a back end does to conversations, as the clients in them see it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.interop.conftest import Connect, Room
from tests.interop.library import Api, Refused
from tests.interop.sdk import Js, SdkError, refusal
from tests.interop.server import Account
from tests.interop.test_chat_edit import next_reasons

PHONE = "+15558675310"


def refused_with(call: Callable[[], object]) -> tuple[int, int]:
    """Status and code of what an SDK is refused."""
    error = refusal(call)
    return error.status, error.body["code"]  # type: ignore[return-value]


def test_state_reaches_everybody_and_a_closed_conversation_takes_no_message(room: Room) -> None:
    """C-033, C-034."""
    before = room.theirs.now()["state"]["dateUpdated"]
    room.rest.update(state="inactive")
    assert set(next_reasons(room.bob, {"state"})) >= {"state"}
    state = room.theirs.now()["state"]
    assert state["current"] == "inactive"
    assert state["dateUpdated"] >= before
    room.conversation.sendMessage("awake")
    next_reasons(room.bob, {"state"})
    assert room.theirs.now()["state"]["current"] == "active"

    room.rest.update(state="closed")
    next_reasons(room.bob, {"state"})
    assert refused_with(lambda: room.theirs.sendMessage("x")) == (400, 50377)
    room.conversation.delete()
    room.bob.next("conversationRemoved")


def test_message_of_the_system_comes_without_a_participant(room: Room) -> None:
    """C-076."""
    made = room.rest.messages.create(body="from the back end")
    message = room.theirs.next("messageAdded").now()
    assert (message["sid"], message["body"], message["index"]) == (made["sid"], "from the back end", 0)
    assert (message["author"], message["participantSid"]) == ("system", None)
    room.rest.messages(made["sid"]).update(body="changed")
    room.theirs.next("messageUpdated")
    room.rest.messages(made["sid"]).delete()
    assert room.theirs.next("messageRemoved").now()["body"] == "changed"


def test_role_of_a_participant_changes_what_it_may_do_at_once(room: Room) -> None:
    """C-051."""
    sid = room.role("sendMessage", "editConversationName")
    assert refused_with(lambda: room.theirs.updateFriendlyName("x")) == (403, 50107)
    room.rest.participants("bob").update(role_sid=sid)
    while "roleSid" not in (told := room.conversation.next("participantUpdated"))["updateReasons"]:
        pass
    assert told["participant"].now()["roleSid"] == sid
    room.theirs.updateFriendlyName("New")

    room.api.roles(sid).update(permission=["leaveConversation"])
    assert refused_with(lambda: room.theirs.updateFriendlyName("x")) == (403, 50107)
    assert refused_with(lambda: room.theirs.sendMessage("x")) == (403, 50107)


def test_role_of_a_user_decides_about_the_service(room: Room) -> None:
    """C-093, C-097."""
    room.api.users("bob").update(role_sid=room.role("joinConversation", type="service"))
    assert refused_with(lambda: room.bob.createConversation({})) == (403, 50107)
    user = room.bob.getUser("alice")
    assert refused_with(lambda: user.updateFriendlyName("x")) == (403, 50107)

    room.api.users("bob").update(role_sid=room.role("editAnyUserInfo", "addParticipant", type="service"))
    user.updateFriendlyName("named by bob")
    while user.now()["friendlyName"] != "named by bob":
        room.bob.next("userUpdated")
    private = room.alice.createConversation({"friendlyName": "private"})
    assert room.bob.peekConversationBySid(private.sid).now()["friendlyName"] == "private"


@pytest.mark.parametrize("how", ["another role", "fewer permissions", "role deleted", "user deleted"])
def test_who_loses_the_role_that_shows_a_conversation_is_told_nothing_more(room: Room, how: str) -> None:
    sid = room.role("addParticipant", type="service")
    room.api.users("bob").update(role_sid=sid)
    other = room.alice.createConversation({"friendlyName": "before"})
    other.join()
    seen = room.bob.peekConversationBySid(other.sid)
    other.updateFriendlyName("while")
    while seen.now()["friendlyName"] != "while":
        room.bob.next("conversationUpdated")

    match how:
        case "another role":
            room.api.users("bob").update(role_sid=room.role("joinConversation", type="service"))
        case "fewer permissions":
            room.api.roles(sid).update(permission=["joinConversation"])
        case "role deleted":
            room.api.roles(sid).delete()
        case _:
            room.api.users("bob").delete()
            room.bob.next("conversationLeft")
            room.rest.participants.create(identity="bob")
            room.bob.next("conversationJoined").getMessages(1)
    # News of a role come to another node as events do. They have come where what was said next has, and are
    # taken in where something else was read behind that.
    room.rest.update(friendly_name="told")
    theirs = room.bob.getConversationBySid(room.conversation.sid)
    while theirs.now()["friendlyName"] != "told":
        room.bob.next("conversationUpdated")
    assert theirs.getMessagesCount() == 0
    other.updateFriendlyName("behind")
    room.conversation.sendMessage("later")  # what comes behind it was not held back
    room.bob.next("messageAdded")
    assert seen.now()["friendlyName"] == "while"
    assert refused_with(lambda: room.bob.peekConversationBySid(other.sid)) == (403, 50430)


def test_role_that_is_gone_is_named_to_who_had_it(room: Room) -> None:
    sid = room.role("sendMessage", type="conversation")
    room.rest.participants("bob").update(role_sid=sid)
    room.api.roles(sid).delete()
    with pytest.raises(SdkError) as refused:
        room.theirs.sendMessage("x")
    message = str(refused.value.body["message"])
    assert "sendMessage is missing in" in message
    assert f"{sid}, which was deleted" in message


def test_user_deleted_has_the_rights_of_a_newcomer(room: Room) -> None:
    room.api.users("bob").update(role_sid=room.role("editAnyUserInfo", type="service"))
    user = room.bob.getUser("alice")
    user.updateFriendlyName("named by bob")
    room.api.users("bob").delete()
    assert refused_with(lambda: user.updateFriendlyName("again")) == (403, 50107)
    room.bob.getUser("bob").updateFriendlyName("Bob again")
    assert room.api.users("bob").fetch()["friendly_name"] == "Bob again"


def test_user_deleted_is_out_and_comes_back_on_the_same_connection(room: Room) -> None:
    """C-116."""
    room.api.users("bob").delete()
    assert room.bob.next("conversationLeft").sid == room.conversation.sid
    room.bob.next("conversationRemoved")
    assert room.conversation.next("participantLeft").now()["identity"] == "bob"

    room.rest.participants.create(identity="bob")
    theirs = room.bob.next("conversationJoined")
    room.conversation.sendMessage("later")
    assert theirs.next("messageAdded").now()["body"] == "later"
    assert theirs.getUnreadMessagesCount() is None
    assert theirs.updateLastReadMessageIndex(0) == 0
    assert theirs.setAllMessagesRead() == 0
    assert theirs.setUserNotificationLevel("muted") is None
    room.conversation.updateUniqueName("found again")
    while theirs.now()["uniqueName"] != "found again":
        room.bob.next("conversationUpdated")
    assert room.bob.getConversationByUniqueName("found again").sid == theirs.sid


def test_conversation_that_is_set_up_takes_changes_over_rest_alone(room: Room) -> None:
    made = room.api.conversations.create(friendly_name="F", state="initializing")
    for identity in ("alice", "bob"):
        room.api.conversations(made["sid"]).participants.create(identity=identity)
    theirs = room.bob.getConversationBySid(made["sid"])
    for attempt in (
        lambda: theirs.sendMessage("x"),
        lambda: theirs.updateFriendlyName("x"),
        lambda: theirs.updateAttributes({"a": 1}),
        lambda: theirs.add("carol"),
    ):
        status, code = refused_with(attempt)
        assert (status, code) in ((409, 50386), (403, 50107))
    room.api.conversations(made["sid"]).update(state="active")
    theirs.sendMessage("x")


@pytest.mark.parametrize("prefix", ["US", "IM", "IS", "MB"])
def test_unique_name_that_looks_like_another_sid_finds_its_conversation(room: Room, prefix: str) -> None:
    name = prefix + "0123456789abcdef" * 2
    made = room.alice.createConversation({"uniqueName": name})
    made.join()
    assert room.alice.getConversationByUniqueName(name).sid == made.sid
    assert room.api.conversations(name).fetch()["sid"] == made.sid


def test_adds_over_sdk_and_rest_at_once_make_one_participant(room: Room) -> None:
    """C-123."""
    adding = room.conversation.run(
        Js(
            """function () {
              const add = () => this.add("carol").then(() => 201, (e) => e.body.code);
              return Promise.all(Array.from({ length: 4 }, add));
            }"""
        )
    )
    outcomes: list[int | None] = []
    for _ in range(4):
        try:
            room.rest.participants.create(identity="carol")
            outcomes.append(201)
        except Refused as refused:
            outcomes.append(refused.code)
    outcomes += adding.result(15)
    assert sorted(map(str, outcomes)) == ["201"] + ["50433"] * 7
    room.theirs.next("participantJoined")
    assert room.theirs.getParticipantsCount() == 3
    assert len(room.theirs.seen("participantJoined")) == 1


def test_delivery_outside_is_told_and_listed(room: Room) -> None:
    """C-073."""
    outside = room.rest.participants.create(messaging_binding_address=PHONE)
    room.conversation.sendMessage("hello")
    message = room.theirs.next("messageAdded")
    assert message.now()["aggregatedDeliveryReceipt"]["total"] == 1
    for status in ("sent", "delivered"):
        report = {"conversation": room.conversation.sid, "message": message.sid}
        room.account.operator("POST", "receipts", {**report, "participant": outside["sid"], "status": status})
        assert room.theirs.next("messageUpdated")["updateReasons"] == ["deliveryReceipt"]
    assert message.now()["aggregatedDeliveryReceipt"]["delivered"] == "all"
    (receipt,) = message.getDetailedDeliveryReceipts()
    assert (receipt["status"], receipt["participantSid"]) == ("delivered", outside["sid"])


def put_template(room: Room, name: str, types: dict[str, Any]) -> str:
    """SID of a new template with the variable `1`."""
    body = {"friendly_name": name, "types": types, "variables": {"1": "Ann"}}
    sid: str = room.account.operator("POST", "templates", body)["sid"]
    return sid


def test_templates_are_listed_with_their_variables(room: Room) -> None:
    """C-071."""
    assert room.alice.getContentTemplates() == []
    for number in range(3):
        put_template(room, f"t{number}", {"twilio/text": {"body": "Hi {{1}}"}})
    templates = room.bob.getContentTemplates()
    assert sorted(each["friendlyName"] for each in templates) == ["t0", "t1", "t2"]
    assert templates[0]["variables"] == [{"name": "1", "value": "Ann"}]


SENDING = """async function () {
  const [template] = await this.getContentTemplates();
  const variables = template.variables.map((variable) => variable.copyWithValue("Bob"));
  const conversation = await this.getConversationBySid("%s");
  const message = conversation.prepareMessage().setAttributes({ k: 1 });
  return message.setContentTemplate(template.sid, variables).build().send();
}"""
READ = """async function () {
  const { type, body, replies } = await this.getContentData();
  return [type, body, replies];
}"""


@pytest.mark.parametrize("sdk", [3, 2.7])
def test_template_is_sent_and_its_content_read(connect: Connect, room: Room, sdk: float) -> None:
    """C-072."""
    actions = [{"title": "Yes", "id": "y"}]
    sid = put_template(room, "t", {"twilio/quick-reply": {"body": "Hi {{1}}", "actions": actions}})
    carol = connect.chat("carol", sdk=sdk, token=room.account.chat_token("carol"))
    room.conversation.add("carol")
    hers = carol.next("conversationJoined")

    assert carol.run(Js(SENDING % room.conversation.sid)).result(15) == 0
    room.rest.messages.create(content_sid=sid, author="alice")

    for side, text in ((room.theirs, "Hi Bob"), (hers, "Hi Bob"), (room.theirs, "Hi Ann"), (hers, "Hi Ann")):
        message = side.next("messageAdded")
        told = message.now()
        assert (told["contentSid"], told["body"], told["type"]) == (sid, text, "text")
        assert told["attachedMedia"] == []
        assert message.run(Js(READ)).result(15) == ["quickReply", text, actions]
    first = room.theirs.getMessages(30).now()["items"][0]
    assert first.now()["attributes"] == {"k": 1}
    hers.getMessages(30).now()["items"][0].updateAttributes({"k": 2})
    reasons = room.theirs.next("messageUpdated")["updateReasons"]
    assert set(reasons) == {"lastUpdatedBy", "dateUpdated", "attributes"}
    plain = room.theirs.sendMessage("plain")
    assert plain == 2
    while (message := hers.next("messageAdded")).now()["body"] != "plain":
        pass
    assert message.getContentData() is None


def test_unknown_template_is_refused(room: Room) -> None:
    unknown = "HX" + "0" * 32
    send = Js(
        f"function () {{ return this.prepareMessage().setContentTemplate('{unknown}').build().send(); }}"
    )
    assert refused_with(lambda: room.conversation.run(send).result(15)) == (400, 50526)
    with pytest.raises(Refused, match=r"^400 50526 "):
        room.rest.messages.create(content_sid=unknown)


def test_reachability_is_told_where_the_service_has_it_on(
    connect: Connect, account: Account, python_api: Api
) -> None:
    """C-008."""
    service = python_api.conversations.v1.services.create(friendly_name="reachable")["sid"]
    python_api.conversations.v1.services(service).configuration().update(reachability_enabled=True)
    client = connect.chat("alice", token=account.chat_token("alice", service=service))
    assert client.now()["reachabilityEnabled"] is True
