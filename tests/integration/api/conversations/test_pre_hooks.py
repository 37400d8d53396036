"""Hooks are asked before an action, and change or refuse it (`protocol/webhooks.md`, Pre-action hooks)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, get_args
from urllib.parse import urlencode

import msgspec
import pytest
from twilio.request_validator import RequestValidator

from tests.support.backend import Backend
from tests.support.chatter import Chatter
from tests.support.receiver import HANG, OK, Receiver, answer
from tests.support.rig import Reply, Rig
from tsock.accounts.caller import CHAT
from tsock.accounts.services import ServiceChange, change_service
from tsock.conversations.hooks import PreEvent
from tsock.storage.store import fetched

LOUD = [("x-twilio-webhook-enabled", "true")]
PRE_EVENTS: tuple[PreEvent, ...] = get_args(PreEvent)

pytestmark = pytest.mark.settings(webhook_private_targets=("any",))


def says(**members: Any) -> bytes:
    """A hook's answer that sets something."""
    return answer(200, msgspec.json.encode(members), Content_Type="application/json")


@pytest.fixture
def chat(backend: Backend) -> Backend:
    backend.place = "/conversations/v1"
    return backend


Asked = Callable[..., Awaitable[None]]


@pytest.fixture
def asks(chat: Backend, receiver: Receiver) -> Asked:
    """Sets the hook of the service, or of the account."""

    async def set_it(*events: str, of: str = "/Services/default", **more: str) -> None:
        form = urlencode({"PreWebhookUrl": receiver.url, "Filters": events, **more}, doseq=True)
        done = await chat.post(f"{of}/Configuration/Webhooks", raw=form.encode())
        assert done.status == 200, done

    return set_it


async def texts(chat: Backend, path: str) -> list[str]:
    """Bodies of a conversation's messages."""
    return [each["body"] for each in (await chat.get(f"{path}/Messages")).json["messages"]]


async def until_said(chat: Backend, path: str, *bodies: str) -> None:
    """Wait until these are the messages."""
    while await texts(chat, path) != list(bodies):
        await chat.rig.do(lambda tx: None)


async def send(chatter: Chatter, path: str, body: str, **more: Any) -> Reply:
    return await chatter.post(f"{path}/Messages", {"body": body, "attributes": "{}"}, **more)


async def test_hook_is_told_what_the_action_would_make(
    alice: Chatter, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd")
    await alice.post(f"{path}/Messages", {"body": "hello", "attributes": '{"a":1}'})
    (asked,) = receiver.requests
    own = asked.form.pop("ParticipantSid")
    assert own.startswith("MB")
    assert asked.form == {
        "AccountSid": rig.made.account_sid,
        "EventType": "onMessageAdd",
        "Source": "SDK",
        "ClientIdentity": "alice",
        "ConversationSid": path.rpartition("/")[2],
        "ChatServiceSid": alice.service,
        "Body": "hello",
        "Author": "alice",
        "Attributes": '{"a":1}',
    }
    validator = RequestValidator(rig.made.auth_token)
    signature = asked.headers["x-twilio-signature"]
    assert validator.validate(receiver.url, {**asked.form, "ParticipantSid": own}, signature)


async def test_hook_by_get_is_signed_too(alice: Chatter, rig: Rig, asks: Asked, receiver: Receiver) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd", Method="GET")
    assert (await send(alice, path, "hello")).status == 201
    (asked,) = receiver.requests
    url = receiver.url.removesuffix("/hook") + asked.path
    assert "Body=hello" in asked.path
    assert RequestValidator(rig.made.auth_token).validate(url, {}, asked.headers["x-twilio-signature"])


async def test_hook_rewrites_a_message(alice: Chatter, asks: Asked, receiver: Receiver) -> None:
    path = await alice.conversation("bob")
    await asks("onMessageAdd", "onMessageUpdate")
    receiver.reply = lambda request: says(
        body=request.form["Body"].upper(), author="bob", attributes='{"seen":true}', index=7
    )
    sent = (await send(alice, path, "hello")).body
    assert (sent["body"], sent["author"], sent["attributes"]) == ("HELLO", "bob", '{"seen":true}')
    receiver.reply = lambda request: says(body="by the hook")
    changed = await alice.post(f"{path}/Messages/{sent['sid']}", {"attributes": '{"b":2}'})
    assert (changed.body["body"], changed.body["attributes"]) == ("by the hook", '{"b":2}')


async def test_hook_names_a_conversation(
    alice: Chatter, chat: Backend, asks: Asked, receiver: Receiver
) -> None:
    await asks("onConversationAdd", "onConversationUpdate")
    receiver.reply = lambda request: says(friendly_name=f"<{request.form['FriendlyName']}>", body="x")
    made = (await alice.post("/Conversations", {"friendly_name": "Tea", "attributes": "{}"})).body
    assert made["friendly_name"] == "<Tea>"
    assert "ConversationSid" not in receiver.requests[0].form
    form = {"FriendlyName": "Milk"}
    changed = await chat.post(f"/Conversations/{made['sid']}", form, headers=LOUD)
    assert changed.json["friendly_name"] == "<Milk>"


async def test_account_is_asked_first_and_the_service_about_the_result(
    alice: Chatter, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd", of="")
    await asks("onMessageAdd")
    receiver.reply = lambda request: says(body=request.form["Body"] + "!")
    assert (await send(alice, path, "hello")).body["body"] == "hello!!"
    assert [each.form["Body"] for each in receiver.requests] == ["hello", "hello!"]


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
async def test_hook_refuses(
    status: int, alice: Chatter, chat: Backend, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    form = {"PostWebhookUrl": "https://hooks.example.test/"}
    await asks("onMessageAdd", "onMessageAdded", **form)
    receiver.reply = lambda request: answer(status)
    refused = await send(alice, path, "hello", mutation_id="1")
    assert refused.error == (403, 50056)
    assert str(status) in refused.body["message"]
    assert await texts(chat, path) == []
    count = "SELECT count(*) FROM webhook_deliveries"
    assert await fetched(rig.store, lambda tx: tx.one(count, {})) == (0,)
    receiver.reply = lambda request: OK.replace(b"ok", b"{}")
    assert (await send(alice, path, "hello", mutation_id="1")).status == 201  # it was not carried out


@pytest.mark.settings(webhook_private_targets=("any",), pre_hook_timeout_s=0.05)
async def test_silent_hook_changes_nothing_and_makes_an_alert(
    alice: Chatter, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd")
    receiver.reply = lambda request: HANG
    assert (await send(alice, path, "a secret")).body["body"] == "a secret"
    (alert,) = await rig.alerts()
    assert (alert.code, alert.level, alert.service_sid) == (50076, "error", alice.service)
    assert alert.account_sid == rig.made.account_sid
    assert "onMessageAdd" in alert.text
    assert "a secret" not in str(alert)


@pytest.mark.settings(webhook_private_targets=("any",), pre_hook_answer_bytes_max=1024)
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (answer(200, b"<html>"), "JSON"),
        (answer(200, b'["body"]'), "JSON"),
        (answer(200, b"\xff{}"), "JSON"),
        (answer(200, b"[" * 1000), "JSON"),
        (answer(200, b'{"body":"%s"}' % (b"x" * 2000)), "pre_hook_answer_bytes_max"),
        (answer(302, Location="https://example.test/"), "302"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}", "broke off"),
        (b"no HTTP at all\r\n\r\n", "11206"),
    ],
)
async def test_answer_that_says_nothing_changes_nothing_and_makes_an_alert(
    reply: bytes, reason: str, alice: Chatter, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd")
    receiver.reply, receiver.closes = lambda request: reply, True
    assert (await send(alice, path, "hello")).body["body"] == "hello"
    (alert,) = await rig.alerts()
    assert alert.code == 50057
    assert reason in alert.text


async def test_hook_is_asked_with_the_password_of_its_url(
    alice: Chatter, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    receiver.reply = lambda request: (
        says(body="known") if "authorization" in request.headers else answer(401, WWW_Authenticate="Basic")
    )
    url = receiver.url.replace("//", "//hook:hunter2@")
    await asks("onMessageAdd", PreWebhookUrl=url)
    assert (await send(alice, path, "hello")).body["body"] == "known"
    asked = receiver.requests[-1]
    assert RequestValidator(rig.made.auth_token).validate(
        url, asked.form, asked.headers["x-twilio-signature"]
    )


async def test_hook_whose_password_cannot_be_opened_is_not_asked(
    alice: Chatter, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd", PreWebhookUrl=receiver.url.replace("//", "//hook:hunter2@"))
    service = rig.directory.service(alice.service)
    assert service is not None
    damaged = ServiceChange(options=service.options.replace("//hook:", "//hook:x"))
    await rig.do(change_service, service, damaged)
    assert (await send(alice, path, "hello")).status == 201
    assert receiver.requests == []
    (alert,) = await rig.alerts()
    assert (alert.code, "cannot be opened" in alert.text) == (50057, True)


@pytest.mark.settings(webhook_private_targets=())
async def test_hook_at_a_private_address_is_not_asked(
    alice: Chatter, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd")
    assert (await send(alice, path, "hello")).status == 201
    assert receiver.connections == 0
    (alert,) = await rig.alerts()
    assert alert.code == 50057


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"body": "x" * 40_000}, (400, 50504)),
        ({"attributes": "{"}, (400, 50304)),
        ({"author": "x" * 300}, (400, 50310)),
        ({"attributes": 7}, (400, 20422)),
        ({"body": 7}, (400, 20422)),
    ],
)
async def test_what_a_hook_sets_is_checked(
    members: dict[str, Any],
    error: tuple[int, int],
    alice: Chatter,
    chat: Backend,
    asks: Asked,
    receiver: Receiver,
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd")
    receiver.reply = lambda request: says(**members)
    assert (await send(alice, path, "hello")).error == error
    assert await texts(chat, path) == []
    receiver.reply = lambda request: says(body=None)
    assert (await send(alice, path, "hello")).body["body"] == "hello"


async def test_what_would_be_refused_anyway_is_not_asked_about(
    alice: Chatter, mallory: Chatter, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks(*PRE_EVENTS)
    assert (await send(mallory, path, "hello")).error == (403, 50430)
    assert (await send(alice, path, "x" * 40_000)).error == (400, 50504)
    assert (await alice.delete(f"{path}/Messages/IM{'0' * 32}")).error == (404, 50500)
    assert receiver.requests == []


async def test_mutation_that_was_carried_out_is_not_asked_about_again(
    alice: Chatter, chat: Backend, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd")
    assert (await send(alice, path, "hello", mutation_id="1")).status == 201
    assert (await send(alice, path, "hello", mutation_id="1")).status == 202
    assert len(receiver.requests) == 1
    assert await texts(chat, path) == ["hello"]


async def test_every_event_is_asked_about_by_both_doors(
    alice: Chatter, chat: Backend, asks: Asked, receiver: Receiver
) -> None:
    await asks(*PRE_EVENTS)
    path = await alice.conversation("bob")
    message = f"{path}/Messages/{(await alice.say(path, 'hello'))['sid']}"
    await alice.post(path, {"friendly_name": "Tea"})
    await alice.post(f"{path}/Participants/bob", {"attributes": '{"a":1}'})
    await alice.post(message, {"body": "bye"})
    await alice.delete(message)
    await alice.post("/Users/alice", {"friendly_name": "Alice"})
    await alice.delete(f"{path}/Participants/bob")
    await alice.delete(path)
    told = [each.form["EventType"] for each in receiver.requests]
    assert told == [
        "onConversationAdd",
        "onParticipantAdd",
        "onParticipantAdd",
        "onMessageAdd",
        "onConversationUpdate",
        "onParticipantUpdate",
        "onMessageUpdate",
        "onMessageRemove",
        "onUserUpdate",
        "onParticipantRemove",
        "onConversationRemove",
    ]
    assert all("DateRemoved" not in each.form for each in receiver.requests)
    receiver.requests.clear()

    made = (await chat.post("/Conversations", {}, headers=LOUD)).json
    path = f"/Conversations/{made['sid']}"
    for identity in ("alice", "bob"):
        await chat.post(f"{path}/Participants", {"Identity": identity}, headers=LOUD)
    sent = (await chat.post(f"{path}/Messages", {"Body": "hello"}, headers=LOUD)).json
    message = f"{path}/Messages/{sent['sid']}"
    await chat.post(path, {"FriendlyName": "Tea"}, headers=LOUD)
    await chat.post(f"{path}/Participants/bob", {"Attributes": '{"a":1}'}, headers=LOUD)
    await chat.post(message, {"Body": "bye"}, headers=LOUD)
    await chat.delete(message, headers=LOUD)
    await chat.post("/Users/alice", {"FriendlyName": "Alice"}, headers=LOUD)
    await chat.delete(f"{path}/Participants/bob", headers=LOUD)
    await chat.delete(f"/Users/alice{path}", headers=LOUD)
    await chat.delete(path, headers=LOUD)
    told.insert(told.index("onParticipantRemove"), "onParticipantRemove")
    assert [each.form["EventType"] for each in receiver.requests] == told
    assert {each.form["Source"] for each in receiver.requests} == {"API"}


async def test_rest_asks_nobody_without_the_header(chat: Backend, asks: Asked, receiver: Receiver) -> None:
    await asks(*PRE_EVENTS)
    made = await chat.make("/Conversations")
    await chat.post(f"/Conversations/{made['sid']}/Messages", {"Body": "hello"})
    assert receiver.requests == []


async def test_rest_is_told_of_refusals_and_of_what_is_absent(
    chat: Backend, asks: Asked, receiver: Receiver
) -> None:
    await asks(*PRE_EVENTS)
    receiver.reply = lambda request: answer(403)
    refused = await chat.post("/Conversations", {}, headers=LOUD)
    assert (refused.status, refused.json["code"]) == (403, 50056)
    absent = await chat.post(f"/Conversations/CH{'0' * 32}/Messages", {"Body": "x"}, headers=LOUD)
    assert (absent.status, absent.json["code"]) == (404, 20404)


class Gate:
    """A hook that answers a question when a test says so."""

    def __init__(self, receiver: Receiver) -> None:
        self._answers: dict[str, asyncio.Future[bytes]] = {}
        self._receiver = receiver
        receiver.reply = lambda request: self._of(request.form["Body"])

    def _of(self, body: str) -> asyncio.Future[bytes]:
        return self._answers.setdefault(body, asyncio.get_running_loop().create_future())

    def open(self, body: str, reply: bytes = OK.replace(b"ok", b"{}")) -> None:
        self._of(body).set_result(reply)

    async def asked(self, number: int) -> list[str]:
        return [each.form["Body"] for each in await self._receiver.until(number)]


def begin(chatter: Chatter, path: str, body: str) -> str:
    """Send without waiting; the packet's id."""
    said = {"body": body, "attributes": "{}"}
    return chatter.client.ask("POST", f"{chatter.place}{path}/Messages", said, grant=CHAT, host="aim.x")


async def test_slow_hook_holds_up_its_own_request_alone(
    alice: Chatter, chat: Backend, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    slow, other = await alice.conversation("bob"), await alice.conversation()
    bob = await Chatter(rig, "bob").start()
    await asks("onMessageAdd")
    gate = Gate(receiver)
    first = begin(alice, slow, "first")
    await gate.asked(1)
    for body in ("elsewhere", "bob's"):
        gate.open(body)
    # Another conversation, another sender, what asks nobody: none of them waits.
    ids = [begin(alice, other, "elsewhere"), begin(bob, slow, "bob's")]
    read = alice.client.ask("GET", f"{alice.place}{slow}", grant=CHAT, host="aim.x")
    await gate.asked(3)
    await until_said(chat, other, "elsewhere")
    await until_said(chat, slow, "bob's")
    assert alice.client.answer(read).status == 200
    gate.open("first")
    answers = [
        await alice.client.answered(first),
        await alice.client.answered(ids[0]),
        await bob.client.answered(ids[1]),
    ]
    assert [each.status for each in answers] == [201, 201, 201]
    assert await texts(chat, slow) == ["bob's", "first"]


@pytest.mark.settings(webhook_private_targets=("any",), requests_in_flight_max=2)
async def test_connection_goes_on_however_many_of_its_requests_wait_for_hooks(
    alice: Chatter, chat: Backend, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd")
    gate = Gate(receiver)
    waiting = [begin(alice, path, body) for body in ("0", "1", "2", "3")]
    await gate.asked(1)
    assert (await alice.get(path)).status == 200
    assert await texts(chat, path) == []
    for number in range(4):
        gate.open(f"{number}")
    assert [(await alice.client.answered(each)).body["index"] for each in waiting] == [0, 1, 2, 3]
    assert (await alice.get(path)).status == 200


async def test_what_is_no_message_waits_for_nobody(
    alice: Chatter, chat: Backend, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd", "onConversationAdd")
    gate = Gate(receiver)
    message = begin(alice, path, "asked about")
    await gate.asked(1)
    named = {"friendly_name": "named meanwhile"}
    assert (await alice.ask("POST", f"{alice.place}{path}", named)).status == 200
    receiver.reply = lambda request: HANG
    for number in range(10):
        body = {"friendly_name": f"{number}", "attributes": "{}"}
        alice.client.ask("POST", f"{alice.place}/Conversations", body, grant=CHAT, host="aim.x")
    await receiver.until(11)
    gate.open("asked about")
    assert (await alice.client.answered(message)).status == 201


async def test_attributes_from_a_hook_may_be_plain_json(
    alice: Chatter, chat: Backend, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd")
    receiver.reply = lambda request: says(attributes={"a": [1]})
    assert (await send(alice, path, "hello")).body["attributes"] == '{"a":[1]}'


async def test_messages_of_one_sender_keep_their_order_and_eight_wait(
    alice: Chatter, chat: Backend, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd")
    gate = Gate(receiver)
    bodies = [f"{number}" for number in range(9)]
    ids = [begin(alice, path, body) for body in (*bodies, "one too many")]
    assert await gate.asked(1) == ["0"]
    for body in reversed(bodies):
        gate.open(body)
    assert [(await alice.client.answered(each)).status for each in ids[:-1]] == [201] * 9
    assert (await alice.client.answered(ids[-1])).error == (429, 20429)
    assert await texts(chat, path) == bodies


@pytest.mark.settings(webhook_private_targets=("any",), pre_hook_waiting_s=0.1)
async def test_who_waited_too_long_is_refused_and_nothing_is_published(
    alice: Chatter, chat: Backend, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd")
    gate = Gate(receiver)
    ids = [begin(alice, path, body) for body in ("asked about", "waiting")]
    assert [(await alice.client.answered(each)).error for each in ids] == [(429, 20429)] * 2
    assert await texts(chat, path) == []
    gate.open("later")
    assert (await send(alice, path, "later")).status == 201  # nothing of the line is left


@pytest.mark.settings(webhook_private_targets=("any",), pre_hook_in_flight_max=1)
async def test_account_has_a_number_of_questions_at_once(
    alice: Chatter, bob: Chatter, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation("bob")
    await asks("onMessageAdd")
    gate = Gate(receiver)
    first = begin(alice, path, "first")
    await gate.asked(1)
    second = begin(bob, path, "second")
    assert (await bob.client.answered(second)).error == (429, 20429)
    gate.open("first")
    assert (await alice.client.answered(first)).status == 201


async def test_sender_who_is_taken_out_meanwhile_is_not_published(
    alice: Chatter, bob: Chatter, chat: Backend, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation("bob")
    await asks("onMessageAdd")
    gate = Gate(receiver)
    sent = begin(bob, path, "hello")
    await gate.asked(1)
    assert (await chat.delete(f"{path}/Participants/bob")).status == 204
    gate.open("hello")
    assert (await bob.client.answered(sent)).error == (403, 50430)
    assert await texts(chat, path) == []


async def test_client_that_has_gone_is_published_all_the_same(
    alice: Chatter, chat: Backend, rig: Rig, asks: Asked, receiver: Receiver
) -> None:
    path = await alice.conversation()
    await asks("onMessageAdd")
    gate = Gate(receiver)
    begin(alice, path, "hello")
    await gate.asked(1)
    alice.client.lose()
    gate.open("hello")
    await until_said(chat, path, "hello")
