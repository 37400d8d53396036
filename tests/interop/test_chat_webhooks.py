"""Hooks before and after an action, as senders, readers and a back end see them."""

from collections.abc import Callable
from threading import Event

import pytest

from tests.interop.conftest import Connect
from tests.interop.library import Api, NodeProcess, signature_holds_in_python
from tests.interop.receiver import Answer, Hook, Receiver
from tests.interop.sdk import PATIENCE_S, Js, SdkError, SdkObject
from tests.interop.server import Account, Server


class Room:
    """Two users in a conversation, whose service has webhooks."""

    def __init__(self, connect: Connect, account: Account, api: Api, receiver: Receiver) -> None:
        self.account = account
        self.service = api.conversations.v1.services.create(friendly_name="hooked")["sid"]
        self.rest = api.conversations.v1.services(self.service)
        self.receiver = receiver
        self.alice, self.bob = (
            connect.chat(identity, token=account.chat_token(identity, service=self.service))
            for identity in ("alice", "bob")
        )
        self.conversation = self.alice.createConversation({"friendlyName": "F"})
        self.conversation.join()
        self.alice.next("conversationJoined")
        self.conversation.add("bob")
        self.theirs = self.bob.next("conversationJoined")

    def hook(self, *events: str, method: str = "POST") -> None:
        """Ask before and tell after these."""
        self.rest.configuration.webhooks().update(
            pre_webhook_url=self.receiver.url,
            post_webhook_url=self.receiver.url,
            filters=list(events),
            method=method,
        )
        self.account.server.in_step()

    def decide(self, event: str, decision: Callable[[Hook], Answer]) -> None:
        """Answer what is asked before this event."""
        self.receiver.decide = lambda hook: decision(hook) if hook.event_type == event else None

    def bodies(self) -> list[str]:
        return [each.now()["body"] for each in self.theirs.getMessages().now()["items"]]


@pytest.fixture
def room(connect: Connect, account: Account, python_api: Api, receiver: Receiver) -> Room:
    return Room(connect, account, python_api, receiver)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_hooks_before_and_after_are_signed(room: Room, node_process: NodeProcess, method: str) -> None:
    """C-103."""
    room.hook("onMessageAdd", "onMessageAdded", method=method)
    room.conversation.sendMessage("grüße & more = x+y", {"a": 1})
    before, after = room.receiver.next("onMessageAdd"), room.receiver.next("onMessageAdded")
    for hook in (before, after):
        assert hook.method == method
        params = hook.params if method == "POST" else {}
        given = {"signature": hook.signature, "url": hook.url, "params": params}
        for token, holds in ((room.account.auth_token, True), ("0" * 32, False)):
            assert signature_holds_in_python(token, *given.values()) is holds  # type: ignore[arg-type]
            assert node_process.ask("verify", token=token, **given) is holds
        told = {name: hook.params[name] for name in ("Source", "ClientIdentity", "Body", "Attributes")}
        assert told == {
            "Source": "SDK",
            "ClientIdentity": "alice",
            "Body": "grüße & more = x+y",
            "Attributes": '{"a":1}',
        }
    message = room.theirs.next("messageAdded").now()
    assert (after.params["MessageSid"], after.params["Index"]) == (message["sid"], "0")
    assert not {"MessageSid", "Index"} & set(before.params)


def test_refused_message_reaches_nobody(room: Room) -> None:
    """C-100."""
    room.hook("onMessageAdd", "onMessageAdded")
    room.decide("onMessageAdd", lambda hook: (403 if hook.params["Body"] == "darn" else 200, {}))
    with pytest.raises(SdkError) as refused:
        room.conversation.sendMessage("darn")
    assert (refused.value.status, refused.value.body["code"]) == (403, 50056)
    room.conversation.sendMessage("polite")
    assert room.theirs.next("messageAdded").now()["body"] == "polite"
    assert [room.receiver.next().params["Body"] for _ in range(3)] == ["darn", "polite", "polite"]
    assert room.receiver.empty()
    assert room.bodies() == ["polite"]


def test_message_is_published_as_the_hook_rewrote_it(room: Room) -> None:
    """C-101."""
    room.hook("onMessageAdd", "onMessageUpdate")
    changed = {"body": "by the hook", "author": "moderator", "attributes": '{"checked":true}'}
    room.receiver.decide = lambda hook: (200, changed)
    room.conversation.sendMessage("as written", {"checked": False})
    for side in (room.theirs, room.conversation):
        message = side.next("messageAdded")
        shown = message.now()
        assert (shown["body"], shown["author"], shown["attributes"]) == (
            "by the hook",
            "moderator",
            {"checked": True},
        )
        assert shown["participantSid"] is None
    changed["body"] = "changed by the hook"
    message.updateAttributes({"checked": 1})
    told = room.theirs.next("messageUpdated")
    assert told["message"].now()["body"] == "changed by the hook"


@pytest.mark.settings(pre_hook_timeout_s=0.5)
def test_silent_hook_does_not_keep_a_message_back(own_server: Server, room: Room, python_api: Api) -> None:
    """C-102."""
    room.hook("onMessageAdd")
    over = Event()

    def silence(hook: Hook) -> Answer:
        over.wait(PATIENCE_S)
        return 200, {"body": "too late"}

    room.decide("onMessageAdd", silence)
    room.conversation.sendMessage("as written")
    assert room.theirs.next("messageAdded").now()["body"] == "as written"
    over.set()
    (alert,) = python_api.monitor.v1.alerts.list()
    assert alert["error_code"] == "50076"
    assert "onMessageAdd" in alert["alert_text"]


def test_slow_hook_holds_back_its_own_message_alone(room: Room) -> None:
    """C-125."""
    room.hook("onMessageAdd")
    let_go = Event()

    def wait(hook: Hook) -> Answer:
        if hook.params["Body"] == "slow":
            let_go.wait(PATIENCE_S)
        return 200, {}

    room.decide("onMessageAdd", wait)
    slow = room.conversation.sendMessage.start("slow")
    assert room.receiver.next("onMessageAdd").params["Body"] == "slow"
    behind = room.conversation.sendMessage.start("behind it")
    room.theirs.sendMessage("bob's")
    assert room.conversation.next("messageAdded").now()["body"] == "bob's"
    room.conversation.updateFriendlyName("not held")
    let_go.set()
    assert (slow.result(PATIENCE_S), behind.result(PATIENCE_S)) == (1, 2)
    assert room.bodies() == ["bob's", "slow", "behind it"]


def test_hook_is_told_body_and_media(room: Room) -> None:
    """C-125."""
    room.hook("onMessageAdd")
    room.conversation.run(
        Js(
            """function () {
              const media = Buffer.from("picture");
              return this.prepareMessage().setBody("look")
                .addMedia({ contentType: "image/png", filename: "a.png", media }).build().send();
            }"""
        )
    ).result(PATIENCE_S)
    told = room.receiver.next("onMessageAdd").params
    assert told["Body"] == "look"
    assert '"Filename":"a.png"' in told["Media"]


def test_every_action_of_a_client_can_be_refused(room: Room) -> None:
    room.conversation.sendMessage("there")
    message = room.conversation.next("messageAdded")
    participant = room.conversation.getParticipantByIdentity("bob")
    user: SdkObject = room.alice.getUser("alice")
    room.hook(
        "onConversationAdd",
        "onConversationUpdate",
        "onConversationRemove",
        "onMessageUpdate",
        "onMessageRemove",
        "onParticipantAdd",
        "onParticipantUpdate",
        "onParticipantRemove",
        "onUserUpdate",
    )
    room.receiver.decide = lambda hook: (403, {})
    actions: list[tuple[str, Callable[[], object]]] = [
        ("onConversationAdd", lambda: room.alice.createConversation({})),
        ("onConversationUpdate", lambda: room.conversation.updateFriendlyName("x")),
        ("onMessageUpdate", lambda: message.updateBody("x")),
        ("onMessageRemove", message.remove),
        ("onParticipantAdd", lambda: room.conversation.add("carol")),
        ("onParticipantUpdate", lambda: participant.updateAttributes({"a": 1})),
        ("onParticipantRemove", lambda: room.conversation.removeParticipant("bob")),
        ("onUserUpdate", lambda: user.updateFriendlyName("x")),
        ("onConversationRemove", room.conversation.delete),
    ]
    for event, act in actions:
        with pytest.raises(SdkError) as refused:
            act()
        assert (refused.value.status, refused.value.body["code"]) == (403, 50056)
        assert room.receiver.next().event_type == event
    assert room.bodies() == ["there"]
    assert room.conversation.now()["friendlyName"] == "F"


def test_back_end_is_heard_only_if_it_says_so(room: Room) -> None:
    """C-104."""
    room.hook("onMessageAdd", "onMessageAdded")
    room.receiver.decide = lambda hook: (200, {"body": "by the hook"})
    rest = room.rest.conversations(room.conversation.sid)
    assert rest.messages.create(body="quiet")["body"] == "quiet"
    assert rest.messages.create(body="loud", x_twilio_webhook_enabled="true")["body"] == "by the hook"
    for event in ("onMessageAdd", "onMessageAdded"):
        hook = room.receiver.next(event)
        assert hook.params["Source"] == "API"
        assert "ClientIdentity" not in hook.params
    assert room.receiver.empty()
