"""Files in messages, as those who send and read them have them."""

import itertools
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.interop.conftest import Connect, Room
from tests.interop.sdk import Js, SdkObject, refusal
from tests.interop.server import Server, until
from tests.interop.test_chat_edit import both

Own = Callable[[str], str]
PNG = b"\x89PNG\r\n\x1a\n\x00\xff" * 1000
MIB = 1024 * 1024


def sending(conversation: SdkObject, content: bytes, **options: str) -> Future[Any]:
    """Have the bytes uploaded from a Buffer and sent."""
    given = f"""{{
      ...{options!r},
      media: Buffer.from("{content.hex()}", "hex"),
    }}"""
    return conversation.run(Js(f"function () {{ return this.sendMessage({given}); }}"))


def send(conversation: SdkObject, content: bytes = PNG, **options: str) -> int:
    """The index of a message with this file."""
    given = {"contentType": "image/png", "filename": "a.png", **options}
    return sending(conversation, content, **given).result(15)


def media_of(message: SdkObject) -> list[dict[str, Any]]:
    """What the SDK shows of its files."""
    names = ("sid", "filename", "contentType", "size", "category")
    return [{name: each[name] for name in names} for each in message.now()["attachedMedia"]]


def url_of(message: SdkObject, number: int = 0) -> str:
    """A temporary URL of one of its files."""
    asked = f"function () {{ return this.attachedMedia[{number}].getContentTemporaryUrl(); }}"
    return message.run(Js(asked)).result(15)


def urls(owner: SdkObject, method: str, *args: object) -> dict[str, str]:
    """What a method gives as a Map of URLs by SID."""
    asked = f"async function () {{ return Object.fromEntries(await this.{method}(...{list(args)!r})); }}"
    return owner.run(Js(asked)).result(15)


def files(server: Server) -> list[Path]:
    """What lies in the folder of media, but for what is tried there."""
    return [path for path in server.media.iterdir() if path.name != "probe.part"]


@pytest.mark.parametrize("filename", ["a.png", 'ü "b" & c;\U0001f600.png', None])
def test_file_reaches_everybody_as_it_was(connect: Connect, own: Own, filename: str | None) -> None:
    """C-077, C-080."""
    _, _, conversation, theirs = both(connect, own)
    named = {} if filename is None else {"filename": filename}
    assert sending(conversation, PNG, contentType="image/png", **named).result(15) == 0
    for side in (conversation, theirs):
        message = side.next("messageAdded")
        assert (message.now()["type"], message.now()["body"]) == ("media", None)
        (file,) = media_of(message)
        assert file.pop("sid").startswith("ME")
        assert file == {
            "filename": filename,
            "contentType": "image/png",
            "size": len(PNG),
            "category": "media",
        }
        answer = httpx2.get(url_of(message), headers={"origin": "http://localhost:5173"})
        assert (answer.status_code, answer.content) == (200, PNG)
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"


def test_text_is_a_file_too(connect: Connect, own: Own) -> None:
    """C-077."""
    _, _, conversation, theirs = both(connect, own)
    conversation.sendMessage({"contentType": "text/plain;charset=utf-8", "filename": "n", "media": "grüße"})
    message = theirs.next("messageAdded")
    answer = httpx2.get(url_of(message))
    assert (answer.text, answer.headers["content-type"]) == ("grüße", "text/plain;charset=utf-8")
    assert media_of(message)[0]["size"] == len("grüße".encode())


def test_message_has_text_and_several_files_with_those_of_its_mail(connect: Connect, own: Own) -> None:
    """C-079, C-081."""
    _, bob, conversation, theirs = both(connect, own)
    conversation.run(
        Js(
            """function () {
              return this.prepareMessage().setBody("look").setSubject("s").setAttributes({ k: 1 })
                .addMedia({ contentType: "image/png", filename: "a.png", media: Buffer.from([1, 2, 3]) })
                .addMedia({ contentType: "application/pdf", media: "%PDF" })
                .setEmailBody("text/plain", { contentType: "text/plain", media: "mail" })
                .setEmailHistory("text/html", { contentType: "text/html", media: "<b>old</b>" })
                .build().send();
            }"""
        )
    ).result(15)
    message = theirs.next("messageAdded")
    now = message.now()
    assert (now["body"], now["subject"], now["attributes"]) == ("look", "s", {"k": 1})
    shown = [(file["filename"], file["contentType"], file["size"]) for file in media_of(message)]
    assert shown == [("a.png", "image/png", 3), (None, "application/pdf", 4)]
    mail = message.run(
        Js(
            """async function () {
              const files = [this.getEmailBody("text/plain"), this.getEmailHistory("text/html")];
              return Promise.all(files.map((file) => file.getContentTemporaryUrl()));
            }"""
        )
    ).result(15)
    assert [httpx2.get(url).text for url in mail] == ["mail", "<b>old</b>"]

    found = urls(message, "getTemporaryContentUrlsForAttachedMedia")
    assert [httpx2.get(url).content for url in found.values()] == [b"\x01\x02\x03", b"%PDF"]
    sids = [file["sid"] for file in media_of(message)]
    assert list(found) == sids
    assert set(urls(bob, "getTemporaryContentUrlsForMediaSids", sids)) == set(sids)
    asked = "async function () { return [...(await this.{0}(this.attachedMedia)).keys()]; }"
    assert message.run(Js(asked.replace("{0}", "getTemporaryContentUrlsForMedia"))).result(15) == sids


def test_files_of_others_and_unknown_ones_are_refused(connect: Connect, own: Own) -> None:
    """C-081."""
    _, bob, conversation, theirs = both(connect, own)
    send(conversation)
    sid = media_of(theirs.next("messageAdded"))[0]["sid"]
    assert set(urls(bob, "getTemporaryContentUrlsForMediaSids", [sid])) == {sid}

    def require_none_shown(client: SdkObject, *sids: str) -> None:
        error = refusal(lambda: urls(client, "getTemporaryContentUrlsForMediaSids", list(sids)))
        assert sids[-1] in error.message

    require_none_shown(bob, sid, "ME" + "0" * 32)
    require_none_shown(connect.chat(own("mallory")), sid)
    conversation.removeParticipant(own("bob"))
    require_none_shown(bob, sid)


def test_media_stay_as_they_are_when_the_message_changes(connect: Connect, own: Own) -> None:
    """C-061, C-120."""
    _, _, conversation, theirs = both(connect, own)
    send(conversation)
    mine, message = conversation.next("messageAdded"), theirs.next("messageAdded")
    before = media_of(message)
    url_of(message)
    mine.updateAttributes({"seen": True})
    assert set(theirs.next("messageUpdated")["updateReasons"]) == {
        "attributes",
        "dateUpdated",
        "lastUpdatedBy",
    }
    mine.updateBody("with words")
    assert set(theirs.next("messageUpdated")["updateReasons"]) == {"body", "dateUpdated"}
    assert media_of(message) == before


def test_temporary_url_ends_and_another_is_had(own_server: Server, connect: Connect, own: Own) -> None:
    alice, _, conversation, theirs = both(connect, own)
    send(conversation)
    message = theirs.next("messageAdded")
    url = url_of(message)
    own_server.advance(301)
    ended = httpx2.get(url)
    assert (ended.status_code, ended.json()["code"]) == (403, 20403)
    assert alice.now()["connectionState"] == "connected"
    assert httpx2.get(url_of(message)).content == PNG


def test_file_goes_with_its_message(own_server: Server, connect: Connect, own: Own) -> None:
    _, _, conversation, theirs = both(connect, own)
    for _ in range(2):
        send(conversation)
    mine = [conversation.next("messageAdded") for _ in range(2)]
    url = url_of(theirs.next("messageAdded"))
    mine[0].remove()
    assert theirs.next("messageRemoved").now()["index"] == 0
    gone = httpx2.get(url)
    assert (gone.status_code, gone.json()["code"]) == (404, 50507)
    until(lambda: len(files(own_server)) == 1, "the file's removal")
    conversation.delete()
    until(lambda: not files(own_server), "the removal of the conversation's files")


def test_files_survive_a_kill(own_server: Server, connect: Connect, own: Own) -> None:
    _, bob, conversation, theirs = both(connect, own)
    send(conversation)
    message = theirs.next("messageAdded")
    theirs.getMessages()
    own_server.kill()
    bob.becomes("connecting")
    own_server.start()
    bob.becomes("connected")
    assert httpx2.get(url_of(message)).content == PNG
    send(theirs, b"after")
    assert httpx2.get(url_of(theirs.next("messageAdded"))).content == b"after"


def test_token_that_has_ended_uploads_nothing(own_server: Server, connect: Connect, own: Own) -> None:
    """C-082."""
    _, _, conversation, _ = both(connect, own)
    own_server.advance(3601)
    error = refusal(lambda: send(conversation))
    assert error.code == 401
    assert error.body["code"] == 20104
    assert files(own_server) == []


@pytest.mark.settings(media_bytes_max=MIB, media_per_message_bytes_max=MIB, media_per_message_max=3)
def test_limits_are_told_to_the_app(own_server: Server, connect: Connect, own: Own) -> None:
    """C-082, C-084."""
    _, _, conversation, theirs = both(connect, own)

    def message(count: int, size: int) -> object:
        file = f"{{ contentType: 'text/plain', media: 'x'.repeat({size}) }}"
        built = f"this.prepareMessage(){f'.addMedia({file})' * count}.build()"
        return conversation.run(Js(f"async function () {{ return {built}.send(); }}")).result(15)

    larger = refusal(lambda: message(1, MIB + 1))
    assert (larger.code, larger.body["code"]) == (413, 20413)
    assert str(MIB) in larger.body["message"]
    together = refusal(lambda: message(2, MIB // 2 + 1))
    assert (together.status, together.body["code"]) == (413, 50512)
    assert "Too many media attachments" in refusal(lambda: message(4, 1)).message
    assert message(3, MIB // 3) == 0
    assert len(media_of(theirs.next("messageAdded"))) == 3


def test_builder_takes_mail_of_the_configured_types_only(connect: Connect, own: Own) -> None:
    """C-084."""
    _, _, conversation, _ = both(connect, own)
    for method in ("setEmailBody", "setEmailHistory"):
        built = (
            f"this.prepareMessage().{method}('image/png', {{ contentType: 'image/png', media: 'x' }}).build()"
        )
        error = refusal(lambda: conversation.run(Js(f"function () {{ {built}; }}")).result(15))  # noqa: B023
        assert "Unsupported email" in error.message


def test_type_that_is_none_is_refused_with_the_reason(connect: Connect, own: Own) -> None:
    _, _, conversation, theirs = both(connect, own)
    error = refusal(lambda: send(conversation, contentType="no type"))
    assert (error.code, error.body["code"]) == (400, 20422)
    assert "Content-Type" in error.body["message"]
    send(conversation, filename="b.png")
    assert theirs.next("messageAdded").now()["index"] == 0


def test_cancelled_upload_sends_and_leaves_nothing(own_server: Server, connect: Connect, own: Own) -> None:
    _, _, conversation, theirs = both(connect, own)
    os.kill(own_server.pid, signal.SIGSTOP)  # so that the upload is under way for as long as the test wants
    cancelled = conversation.run(
        Js(
            f"""function () {{
              const file = {{ contentType: "video/mp4", media: Buffer.alloc({64 * MIB}) }};
              const sending = this.prepareMessage().addMedia(file).build().send();
              setTimeout(() => sending.cancel(), 300);
              return sending.then(() => "sent", () => "cancelled");
            }}"""
        )
    )
    assert cancelled.result(15) == "cancelled"
    os.kill(own_server.pid, signal.SIGCONT)
    send(conversation)
    assert theirs.next("messageAdded").now()["index"] == 0
    until(lambda: len(files(own_server)) == 1, "the removal of what was cancelled")


def test_upload_of_a_back_end_is_sent_over_rest(room: Room) -> None:
    """C-128."""
    service = room.rest.fetch()["chat_service_sid"]
    place = f"{room.account.server.url}/mcs/v1/Services/{service}/Media"
    credentials = (room.account.sid, room.account.auth_token)
    part = {"anything": ("bill é.pdf", b"%PDF", "application/pdf")}
    record = httpx2.post(place, files=part, auth=credentials)
    assert record.status_code == 201
    assert (record.json()["author"], record.json()["category"]) == ("system", "media")
    room.rest.messages.create(body="your bill", media_sid=record.json()["sid"])
    message = room.theirs.next("messageAdded")
    (file,) = media_of(message)
    assert (file["filename"], file["contentType"], file["size"]) == ("bill é.pdf", "application/pdf", 4)
    assert httpx2.get(url_of(message)).content == b"%PDF"


@pytest.mark.parametrize("form", [False, True])
def test_largest_file_is_never_in_memory_as_a_whole(own_server: Server, form: bool) -> None:
    account, size = own_server.account, 150 * MIB
    service = own_server.credentials["TWILIO_CHAT_SERVICE_SID"]
    place = f"{own_server.url}/mcs/v1/Services/{service}/Media"
    head, tail, content_type = b"", b"", "video/mp4"
    if form:
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="long.mp4"\r\n\r\n'
        tail, content_type = b"\r\n--b--\r\n", "multipart/form-data; boundary=b"

    def upload(pieces: int) -> int:
        """The size that is answered for so many MiB."""
        content = itertools.chain([head], itertools.repeat(b"x" * MIB, pieces), [tail])
        headers = {"content-type": content_type}
        credentials = (account.sid, account.auth_token)
        answer = httpx2.post(place, content=content, headers=headers, auth=credentials, timeout=60)
        assert answer.status_code == 201, answer.text
        return answer.json()["size"]

    upload(4)  # what the first upload of all needs stays
    Path(f"/proc/{own_server.pid}/clear_refs").write_text("5")  # the highest is what it is now
    before = highest_bytes(own_server)
    assert upload(150) == size
    assert highest_bytes(own_server) - before < 8 * MIB
    assert sorted(file.stat().st_size for file in files(own_server)) == [4 * MIB, size]


def highest_bytes(server: Server) -> int:
    """The most that the process had in memory."""
    (line,) = (
        line
        for line in Path(f"/proc/{server.pid}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    )
    return int(line.split()[1]) * 1024


def test_files_need_a_permission_of_their_own(room: Room) -> None:
    room.rest.participants("bob").update(role_sid=room.role("sendMessage"))
    error = refusal(lambda: send(room.theirs))
    assert (error.status, error.body["code"]) == (403, 50107)
    assert "sendMediaMessage" in error.body["message"]
    room.theirs.sendMessage("words")
    assert room.conversation.next("messageAdded").now()["index"] == 0


@pytest.mark.parametrize("sdk", [2.7, 2.6])
def test_earlier_sdk_exchanges_files_with_the_newest(connect: Connect, own: Own, sdk: float) -> None:
    alice, bob = connect.chat(own("alice"), sdk=sdk), connect.chat(own("bob"))
    conversation = alice.createConversation({})
    conversation.join()
    conversation.add(own("bob"))
    theirs = bob.next("conversationJoined")
    send(conversation)
    message = theirs.next("messageAdded")
    assert [(each["filename"], each["size"]) for each in media_of(message)] == [("a.png", len(PNG))]
    assert httpx2.get(url_of(message)).content == PNG
    send(theirs, b"back")
    while (message := conversation.next("messageAdded")).now()["author"] != own("bob"):
        pass
    assert httpx2.get(url_of(message)).content == b"back"
