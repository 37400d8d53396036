"""Media: recorded, taken by a message, gone with it; and no blob is left without a record for good."""

from typing import Any

import pytest

from tests.support.chat_world import ALICE, BOB, CAROL, REST, STRANGER, ChatWorld, sdk
from tests.support.sync_world import SERVICE
from tsock.conversations import cleanup, conversations, media, messages, roles
from tsock.conversations.actor import ChatActor
from tsock.conversations.media import Record, Upload
from tsock.conversations.messages import MessageChange, NewMessage
from tsock.errors import ApiError, StoreDown

HOUR_MS = 3_600_000


class Files:
    """Uploads, without their bytes."""

    def __init__(self, world: ChatWorld) -> None:
        self.world = world
        self.number = 0

    def upload(self, by: ChatActor = ALICE, **changes: Any) -> Record:
        self.number += 1
        values: dict[str, Any] = {
            "blob": f"{self.number:032x}",
            "category": "media",
            "filename": "a.png",
            "content_type": "image/png",
            "size": 2048,
        }
        upload = Upload(**{**values, **changes})
        self.world(media.expect, upload.blob, self.world.tx.now_ms + HOUR_MS)
        return self.world(media.record, by, upload)

    def loose(self) -> list[str]:
        return self.world(media.loose, 100)


@pytest.fixture
def files(world: ChatWorld) -> Files:
    return Files(world)


def test_message_tells_each_file_as_its_record_does(world: ChatWorld, files: Files) -> None:
    sid = world.conversation("bob")
    first = files.upload()
    second = files.upload(category="body", filename=None, content_type="text/plain; charset=utf-8", size=0)
    world.told()

    made = world(messages.send, ALICE, sid, NewMessage(body="look", media_sids=[second.sid, first.sid]))

    (_, item), _ = world.told()
    shown = [
        {
            "sid": row.sid,
            "category": row.category,
            "filename": row.filename,
            "contentType": row.content_type,
            "size": row.size,
        }
        for row in (second, first)
    ]
    assert (item["type"], item["text"], item["medias"], item["media"]) == ("media", "look", shown, shown[0])
    taken = world(media.fetch, BOB, first.sid)
    assert (taken.conversation_sid, taken.message_sid) == (sid, made.data.sid)


def test_update_of_a_message_keeps_its_media(world: ChatWorld, files: Files) -> None:
    sid = world.conversation()
    made = world(messages.send, ALICE, sid, NewMessage(media_sids=[files.upload().sid]))
    (_, before), _ = world.told()[-2:]
    world(messages.update, ALICE, sid, made.data.sid, MessageChange(attributes='{"seen":true}'))
    (_, after), *_ = world.told()
    assert (after["type"], after["medias"]) == ("media", before["medias"])


def test_media_need_a_permission_of_their_own(world: ChatWorld, files: Files) -> None:
    sid = world.conversation("bob")
    upload = files.upload()
    found = world.refusal(messages.send, CAROL, sid, NewMessage(media_sids=[upload.sid]))
    assert found[:2] == (403, 50430)
    role = world(roles.built_in, SERVICE, "channel user")
    world(roles.update, SERVICE, role.sid, ["sendMessage"])
    error = world.error(messages.send, BOB, sid, NewMessage(media_sids=[upload.sid]))
    assert error.code == 50107
    assert "sendMediaMessage is missing" in error.message
    world(messages.send, BOB, sid, NewMessage(body="without"))


def test_upload_is_taken_once_and_by_its_own_service(world: ChatWorld, files: Files) -> None:
    sid = world.conversation()
    upload, foreign = files.upload(), files.upload(by=STRANGER)
    for sids, expected in (
        (["ME" + "0" * 32], (404, 50507)),
        ([foreign.sid], (404, 50507)),
        (["MEx"], (400, 50510)),
        (["IM" + "0" * 32], (400, 50510)),
        ([upload.sid, upload.sid], (409, 50508)),
        ([upload.sid, foreign.sid], (404, 50507)),
        ([upload.sid] * 11, (400, 20422)),
    ):
        found = world.refusal(messages.send, ALICE, sid, NewMessage(body="x", media_sids=sids))
        assert found[:2] == expected
    world(messages.send, ALICE, sid, NewMessage(media_sids=[upload.sid]))
    found = world.refusal(messages.send, REST, sid, NewMessage(media_sids=[upload.sid]))
    assert found[:2] == (409, 50508)


def test_upload_of_somebody_else_is_none(world: ChatWorld, files: Files) -> None:
    """Who sent it could read it."""
    sid, apart = world.conversation("bob"), world.conversation(by=CAROL)
    upload, backends = files.upload(), files.upload(by=REST)
    taking = NewMessage(media_sids=[upload.sid])
    assert world.refusal(messages.send, BOB, sid, taking)[:2] == (404, 50507)
    assert world.refusal(messages.send, BOB, sid, NewMessage(media_sids=[backends.sid]))[:2] == (404, 50507)
    world(messages.send, ALICE, sid, taking)
    assert world.refusal(messages.send, BOB, sid, taking)[:2] == (409, 50508)
    assert world.refusal(messages.send, CAROL, apart, taking)[:2] == (404, 50507)
    world(messages.send, REST, sid, NewMessage(media_sids=[backends.sid]))


def test_files_of_a_message_are_bounded_together(world: ChatWorld, files: Files) -> None:
    sid = world.conversation()
    half = 75 * 1024 * 1024
    sids = [files.upload(size=half).sid, files.upload(size=half).sid, files.upload(size=1).sid]
    found = world.refusal(messages.send, ALICE, sid, NewMessage(media_sids=sids))
    assert found[:2] == (413, 50512)
    world(messages.send, ALICE, sid, NewMessage(media_sids=sids[:2]))


def test_record_is_for_its_author_then_for_the_participants(world: ChatWorld, files: Files) -> None:
    sid = world.conversation("bob")
    upload = files.upload()
    for actor, sees in ((ALICE, True), (REST, True), (BOB, False), (CAROL, False), (STRANGER, False)):
        assert may_fetch(world, actor, upload.sid) == sees
    world(messages.send, ALICE, sid, NewMessage(media_sids=[upload.sid]))
    for actor, sees in ((ALICE, True), (REST, True), (BOB, True), (CAROL, False), (STRANGER, False)):
        assert may_fetch(world, actor, upload.sid) == sees


def may_fetch(world: ChatWorld, actor: ChatActor, sid: str) -> bool:
    try:
        world(media.fetch, actor, sid)
    except ApiError as error:
        return (error.status, error.code) != (404, 50507)
    return True


@pytest.mark.parametrize("removed", ["message", "conversation", "service"])
def test_media_go_with_what_they_belong_to(world: ChatWorld, files: Files, removed: str) -> None:
    sid = world.conversation()
    upload, other = files.upload(), files.upload(by=STRANGER)
    message = world(messages.send, ALICE, sid, NewMessage(media_sids=[upload.sid])).data.sid
    assert files.loose() == []
    if removed == "message":
        world(messages.remove, ALICE, sid, message)
    elif removed == "conversation":
        world(conversations.remove, ALICE, sid)
    else:
        while world(cleanup.remove_content, SERVICE, 1):
            pass
    assert files.loose() == [upload.blob]
    assert world(media.find, upload.sid) is None
    assert world(media.find, other.sid) is not None
    world(media.forget, [upload.blob])
    assert files.loose() == []


def test_what_no_message_took_goes_after_its_time(world: ChatWorld, files: Files) -> None:
    sid = world.conversation()
    first, second = files.upload(), files.upload()
    world(messages.send, ALICE, sid, NewMessage(media_sids=[second.sid]))
    now_ms = first.created_ms
    assert world(media.release_unclaimed, now_ms, 10) == 0
    assert world(media.release_unclaimed, now_ms + 1, 10) == 1
    assert files.loose() == [first.blob]
    assert world(media.find, second.sid) is not None


def test_blob_that_is_never_recorded_is_due_and_then_no_record_takes_it(world: ChatWorld) -> None:
    upload = Upload("a" * 32, "media", None, "image/png", 1)
    world(media.expect, upload.blob, world.tx.now_ms)
    assert world(media.loose, 10) == [upload.blob]
    with pytest.raises(StoreDown):
        world(media.record, ALICE, upload)
    with pytest.raises(StoreDown):
        world(media.record, ALICE, Upload("b" * 32, "media", None, "image/png", 1))


def test_author_is_whoever_uploaded(files: Files) -> None:
    assert [files.upload(by=actor).author for actor in (ALICE, sdk("dave"), REST)] == [
        "alice",
        "dave",
        "system",
    ]
