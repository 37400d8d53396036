"""Uploads: raw and in a form, of users and back ends, whole, cut off, too large, hostile."""

import asyncio
from typing import Any

import pytest

from tests.support.rig import BASE_URL, Rig
from tests.support.uploader import BOUNDARY, FORM, Uploader, file_part, files, form
from tests.support.web import body
from tsock.errors import StoreDown
from tsock.storage.store import fetched

SMALL = {"media_bytes_max": 1000}


async def rows(rig: Rig) -> tuple[int, int]:
    """How many records there are, and how many loose blobs."""

    def count(tx: Any) -> tuple[int, int]:
        tables = ("chat_media", "chat_loose_blobs")
        found = [tx.one(f"SELECT count(*) FROM {table}", {})[0] for table in tables]
        return found[0], found[1]

    return await fetched(rig.store, count)


async def is_untouched(rig: Rig) -> bool:
    return files(rig) == [] and await rows(rig) == (0, 0)


async def test_raw_upload_of_a_user(rig: Rig, alice: Uploader) -> None:
    page = await alice.upload(b"by", b"tes", Category="media", Filename="ä b.png")
    assert page.status == 201
    record = page.json
    sid, service = record["sid"], alice.service
    ticket = record["links"].pop("content_direct_temporary")
    assert ticket.startswith(f"{BASE_URL}/media/{sid}.")
    assert record == {
        "sid": sid,
        "service_sid": service,
        "channel_sid": None,
        "message_sid": None,
        "date_created": "2031-05-02T12:00:00.000Z",
        "date_updated": "2031-05-02T12:00:00.000Z",
        "date_upload_updated": "2031-05-02T12:00:00.000Z",
        "size": 5,
        "content_type": "image/png",
        "filename": "ä b.png",
        "category": "media",
        "author": "alice",
        "is_multipart_upstream": False,
        "url": f"/v1/Services/{service}/Media/{sid}",
        "links": {"content": f"/v1/Services/{service}/Media/{sid}/Content"},
    }
    (file,) = files(rig)
    assert file.read_bytes() == b"bytes"
    assert sid[2:] not in file.name
    assert await rows(rig) == (1, 0)


async def test_upload_of_a_back_end_is_the_systems(backend: Uploader) -> None:
    record = await backend.stored(b"x", content_type=None)
    shown = [record[name] for name in ("author", "category", "content_type", "filename")]
    assert shown == ["system", "media", "application/octet-stream", None]


@pytest.mark.parametrize(
    ("head", "filename", "content_type"),
    [
        (file_part(), "a.png", "image/png"),
        (file_part(name="a.png", filename="ä b.jpg", content_type="image/jpeg"), "ä b.jpg", "image/jpeg"),
        (file_part(content_type=None), "a.png", "application/octet-stream"),
        (file_part(filename=None), None, "image/png"),
        (file_part(filename=""), None, "image/png"),
        (file_part(content_type="text/plain; charset=utf-8"), "a.png", "text/plain; charset=utf-8"),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 10_000])
async def test_name_type_and_bytes_of_a_form_are_its_parts(
    rig: Rig, backend: Uploader, head: str, filename: str | None, content_type: str, step: int
) -> None:
    """C-128."""
    content = b"\r\n--" + BOUNDARY[:-1].encode() + b"\r\n\x00\xff"
    text = form((file_part("x", None, None), b"a field"), (head, content))
    page = await backend.send_form(*(text[at : at + step] for at in range(0, len(text), step)))
    assert page.status == 201, page
    record = page.json
    assert (record["filename"], record["content_type"]) == (filename, content_type)
    assert record["size"] == len(content)
    assert [file.read_bytes() for file in files(rig)] == [content]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "cut short"),
        (b"no form", "cut short"),
        (form(), "found none"),
        (form((file_part("x", None, None), b"a field")), "found none"),
        (form((file_part(), b"a"), (file_part(), b"b")), "found another one"),
        (form((file_part(), b"a"), closed=False), "cut short"),
        (form(("X: y", b"a")), "Content-Disposition"),
        (form((f"{file_part()}\r\n" + "A: b\r\n" * 20, b"a")), "header"),
        (form((f"X: {'y' * 5000}", b"a")), "header"),
        (form(*[(file_part("x", None, None), b"a")] * 20, (file_part(), b"a")), "more than 16 parts"),
        (form((file_part(filename="a\x01b"), b"a")), "file name"),
        (form((file_part(filename="x" * 256), b"a")), "file name"),
        (form((file_part(content_type="not a type"), b"a")), "media type"),
    ],
)
async def test_form_that_is_none_is_told_why_and_leaves_nothing(
    rig: Rig, backend: Uploader, text: bytes, problem: str
) -> None:
    page = await backend.send_form(text)
    assert page.error == (400, 20422)
    assert problem in page.json["message"]
    assert await is_untouched(rig)


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        ";",
        "; boundary",
        "; boundary=",
        '; boundary=""',
        f"; boundary={'x' * 71}",
        "; boundary=a%00b",
        '; boundary="a "',
        '; boundary="a',
        "; boundary=\u00e4",
        '; x="; boundary=a"',
        "; boundary*=utf-8''abc",
        "; boundary*0=a; boundary*1=b",
        *(
            f"; boundary*={notation}"
            for notation in (
                "undefined''abc",
                "idna''%ff%fe",
                "a%00b''abc",
                "punycode''%ff",
                "unicode_escape''%5cud800",
            )
        ),
    ],
)
async def test_form_without_a_boundary_is_refused(rig: Rig, backend: Uploader, parameters: str) -> None:
    text = form((file_part(), b"a"))
    page = await backend.upload(text, content_type=f"multipart/form-data{parameters}")
    assert page.error == (400, 20422)
    assert "no boundary in the header Content-Type" in page.json["message"]
    assert await is_untouched(rig)


@pytest.mark.parametrize(
    ("boundary", "parameters"),
    [
        (BOUNDARY, f' ; charset="u;8" ;Boundary="{BOUNDARY}"; boundary=b'),
        ("x" * 70, f";boundary={'x' * 70}"),
        ("a '()+_,-./:=?", '; boundary="a \'()+_,-./:=?"'),
        ("----=_Part_1", "; boundary=----=_Part_1"),
    ],
)
async def test_boundary_is_a_plain_parameter_or_a_quoted_one(
    backend: Uploader, boundary: str, parameters: str
) -> None:
    text = form((file_part(), b"a")).replace(BOUNDARY.encode(), boundary.encode())
    assert (await backend.upload(text, content_type=f"multipart/form-data{parameters}")).status == 201


@pytest.mark.parametrize(
    ("params", "content_type", "problem"),
    [
        ({"Category": "other"}, "image/png", "Category"),
        ({"Category": ""}, "image/png", "Category"),
        ({"Filename": "x" * 256}, "image/png", "file name"),
        ({"Filename": "a\nb"}, "image/png", "file name"),
        ({}, "png", "media type"),
        ({}, "image/png\u00e4", "media type"),
        ({}, "a/" + "b" * 300, "media type"),
    ],
)
async def test_bad_parameter_is_told_and_leaves_nothing(
    rig: Rig, alice: Uploader, params: dict[str, Any], content_type: str, problem: str
) -> None:
    page = await alice.upload(b"x", content_type=content_type, **params)
    assert page.error == (400, 20422)
    assert problem in page.json["message"]
    assert await is_untouched(rig)


@pytest.mark.settings(**SMALL)
async def test_file_may_be_as_large_as_the_limit_whatever_is_around_it(alice: Uploader) -> None:
    assert (await alice.stored(b"x" * 1000))["size"] == 1000
    page = await alice.send_form(form((file_part(), b"x" * 1000)))
    assert (page.status, page.json["size"]) == (201, 1000)


@pytest.mark.settings(**SMALL)
@pytest.mark.parametrize("is_form", [False, True])
async def test_larger_file_is_413_as_soon_as_it_is_too_large(
    rig: Rig, alice: Uploader, is_form: bool
) -> None:
    head = [FORM] if is_form else []
    beginning = form((file_part(), b"x" * 1001), closed=False) if is_form else b"x" * 1001
    page = await alice.ask("POST", "/Media", beginning, *[b"y" * 65_536] * 9, headers=head)
    assert page.error == (413, 20413)
    assert "media_bytes_max" in page.json["message"]
    assert await is_untouched(rig)


@pytest.mark.settings(**SMALL)
async def test_declared_size_is_refused_before_anything_is_read(rig: Rig, alice: Uploader) -> None:
    page = await alice.upload(headers=[("content-length", "20000")])
    assert page.error == (413, 20413)
    assert await is_untouched(rig)


@pytest.mark.parametrize("is_form", [False, True])
async def test_upload_that_is_cut_off_leaves_nothing(rig: Rig, alice: Uploader, is_form: bool) -> None:
    assert alice.token is not None
    headers = [("x-twilio-token", alice.token), *([FORM] if is_form else [])]
    beginning = form((file_part(), b"x" * 500_000), closed=False) if is_form else b"x" * 500_000
    messages = [*body(beginning, b"")[:1], {"type": "http.disconnect"}]
    await alice.web.deliver("POST", f"{alice.place}/Media", messages, headers=headers)
    assert alice.web.sent == []
    assert await is_untouched(rig)


async def test_disk_that_takes_nothing_is_503(
    rig: Rig, alice: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tsock.storage.blobs._append", full)
    page = await alice.upload(b"x")
    assert page.error == (503, 20503)
    assert await is_untouched(rig)


async def test_bytes_that_were_stored_and_never_recorded_go_in_their_time(
    rig: Rig, alice: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*args: object) -> None:
        raise StoreDown("killed")

    with monkeypatch.context() as patched:
        patched.setattr("tsock.conversations.media.record", lost)
        assert (await alice.upload(b"x")).error == (503, 20503)
    await alice.stored(b"y")
    await rig.parts.chores.remove_media()
    assert (len(files(rig)), await rows(rig)) == (2, (1, 1))
    rig.advance_s(24 * 3600 - 1)
    await rig.parts.chores.remove_media()
    assert (len(files(rig)), await rows(rig)) == (2, (1, 1))
    rig.advance_s(1)
    await rig.parts.chores.remove_media()
    assert (len(files(rig)), await rows(rig)) == (1, (1, 0))


async def test_uploads_at_once_do_not_mix(rig: Rig) -> None:
    users = [Uploader(rig, f"user{number}") for number in range(10)]
    parts = [[bytes([number]) * 10_000] * 30 for number in range(10)]
    pages = await asyncio.gather(*(user.upload(*part) for user, part in zip(users, parts, strict=True)))
    assert {page.status for page in pages} == {201}
    assert {file.read_bytes() for file in files(rig)} == {b"".join(part) for part in parts}


@pytest.mark.settings(media_uploads_in_flight_max=1)
async def test_user_has_a_number_of_uploads_at_once(rig: Rig, alice: Uploader, backend: Uploader) -> None:
    assert alice.token is not None
    headers = [("x-twilio-token", alice.token)]
    beginning = [{"type": "http.request", "body": b"x", "more_body": True}]
    slow = Uploader(rig, "alice").web.deliver("POST", f"{alice.place}/Media", beginning, headers=headers)
    first = asyncio.create_task(slow)
    while await rows(rig) == (0, 0):
        await rig.do(lambda tx: None)
    assert (await alice.upload(b"x")).error == (429, 20429)
    assert (await Uploader(rig, "bob").upload(b"x")).status == 201
    assert (await backend.upload(b"x")).status == 201
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert (await alice.upload(b"x")).status == 201
