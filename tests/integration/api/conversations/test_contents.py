"""Messages made from templates of content, by both doors, and their files."""

from typing import Any

import msgspec
import pytest

from tests.support.backend import Backend
from tests.support.chatter import Chatter
from tests.support.rig import Rig
from tests.support.uploader import Uploader, files
from tsock.conversations import templates
from tsock.errors import StoreDown
from tsock.jobs.chores import Chores

HELLO = {"twilio/quick-reply": {"body": "Hi {{1}}", "actions": [{"title": "Yes"}]}}
FILLED_IN = {"data": {"body": "Hi Bob", "actions": [{"title": "Yes"}]}}
UNKNOWN = "HX" + "0" * 32


@pytest.fixture
def chat(backend: Backend) -> Backend:
    """A backend that begins its paths at the version."""
    backend.place = "/conversations/v1"
    return backend


@pytest.fixture
def chores(rig: Rig) -> Chores:
    return Chores(rig.store, rig.installed.blobs, rig.directory, rig.clock, rig.settings)


async def template(rig: Rig, variants: Any = HELLO) -> str:
    """SID of one of the account."""
    account, told = rig.made.account_sid, {"friendly_name": "hello", "variables": {"1": "you"}}
    return (await rig.do(templates.put, account, None, variants=variants, **told)).sid


async def content(rig: Rig, identity: str, sid: str) -> Any:
    """What the file of a message holds, as a participant reads it."""
    user = Uploader(rig, identity)
    record = (await user.ask("GET", f"/Media/{sid}")).json
    assert record["content_type"] == "application/x-vnd.com.twilio.rich.twilio.quick-reply"
    return msgspec.json.decode((await user.download(record)).body)


async def test_sdk_sends_a_template(rig: Rig, chores: Chores, alice: Chatter, bob: Chatter) -> None:
    path = await alice.conversation("bob")
    sid = await template(rig)
    body = {"media_sids": [], "attributes": "{}", "content_sid": sid, "content_variables": '{"1":"Bob"}'}

    sent = await bob.post(f"{path}/Messages", body, mutation_id="m1")

    assert sent.status == 201, sent
    assert (sent.body["index"], sent.body["body"], sent.body["content_sid"]) == (0, "Hi Bob", sid)
    (file,) = sent.body["media"]
    assert (file["category"], file["filename"]) == ("body", None)
    assert await content(rig, "alice", file["sid"]) == FILLED_IN
    assert (await bob.post(f"{path}/Messages", body, mutation_id="m1")).status == 202
    removed = await bob.delete(f"{path}/Messages/{sent.body['sid']}")
    assert removed.status == 204
    rig.pass_s(601)
    await chores.remove_media()
    assert files(rig) == []


async def test_back_end_sends_a_template(rig: Rig, chat: Backend, alice: Chatter) -> None:
    path = await alice.conversation()
    sid = await template(rig)

    sent = await chat.make(f"{path}/Messages", ContentSid=sid, ContentVariables='{"1":"Bob"}', Author="alice")

    assert (sent["body"], sent["content_sid"], sent["author"]) == ("Hi Bob", sid, "alice")
    (file,) = sent["media"]
    assert await content(rig, "alice", file["sid"]) == FILLED_IN
    assert (await chat.make(f"{path}/Messages", ContentSid=sid, Body="instead"))["body"] == "Hi you"
    silent = await template(rig, {"twilio/media": {"media": ["https://example.com/a.png"]}})
    assert (await chat.make(f"{path}/Messages", ContentSid=silent, Body="beside"))["body"] == "beside"


async def test_template_that_is_none_is_refused_and_leaves_nothing(
    rig: Rig, chat: Backend, alice: Chatter
) -> None:
    path = await alice.conversation()
    sid = await template(rig)
    for given, code in (
        ({"content_sid": UNKNOWN}, 50526),
        ({"content_sid": "x"}, 50526),
        ({"content_sid": sid, "content_variables": "[]"}, 50527),
        ({"content_variables": "{}"}, 50528),
        ({"content_sid": sid, "content_variables": msgspec.json.encode({"k" * 17: ""}).decode()}, 50540),
        ({"content_sid": sid, "content_variables": msgspec.json.encode({"k": "v" * 257}).decode()}, 50541),
    ):
        reply = await alice.post(f"{path}/Messages", {"body": "x", "attributes": "{}", **given})
        assert (reply.status, reply.body["code"]) == (400, code)
        form = {"".join(part.title() for part in name.split("_")): text for name, text in given.items()}
        assert (await chat.post(f"{path}/Messages", {"Body": "x", **form})).error == (400, code)
    assert files(rig) == []
    assert (await alice.get(path)).body["messages_count"] == 0


async def test_refused_message_leaves_its_file_for_a_few_minutes_alone(
    rig: Rig, chores: Chores, chat: Backend, alice: Chatter, mallory: Chatter
) -> None:
    path = await alice.conversation()
    sid = await template(rig)
    reply = await mallory.post(f"{path}/Messages", {"attributes": "{}", "content_sid": sid})
    assert (reply.status, reply.body["code"]) == (403, 50430)
    absent = f"/Conversations/CH{'0' * 32}/Messages"
    assert (await chat.post(absent, {"ContentSid": sid})).error == (404, 20404)
    await chores.remove_media()
    assert len(files(rig)) == 2
    rig.pass_s(601)
    await chores.remove_media()
    assert files(rig) == []


async def test_message_is_not_sent_whose_file_cannot_be_stored(
    rig: Rig, alice: Chatter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def put(name: str, pieces: Any) -> int:
        raise StoreDown("the disk is full")

    path = await alice.conversation()
    sid = await template(rig)
    monkeypatch.setattr(rig.installed.blobs, "put", put)
    reply = await alice.post(f"{path}/Messages", {"attributes": "{}", "content_sid": sid})
    assert reply.status == 503
    assert (await alice.get(path)).body["messages_count"] == 0
