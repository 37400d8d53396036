"""Downloads: by temporary URLs, in parts, and never run by a browser on this server's behalf."""

import os

import pytest

from tests.support.rig import Rig
from tests.support.uploader import Uploader, files
from tsock.accounts.accounts import set_status
from tsock.accounts.caller import CHAT
from tsock.accounts.services import delete_service
from tsock.api.conversations.media.downloads import disposition

CONTENT = bytes(range(256)) * 3000


async def test_bytes_are_those_of_the_upload(rig: Rig, alice: Uploader) -> None:
    record = await alice.stored(CONTENT, Filename="a.png")
    page = await alice.download(record)
    assert (page.status, page.body) == (200, CONTENT)
    shown = dict(page.headers)
    del shown["twilio-request-id"], shown["access-control-expose-headers"]
    assert shown == {
        "content-type": "image/png",
        "content-length": str(len(CONTENT)),
        "content-disposition": 'inline; filename="a.png"',
        "etag": f'"{record["sid"]}"',
        "accept-ranges": "bytes",
        "cache-control": "private, max-age=300",
        "content-security-policy": "sandbox; default-src 'none'",
        "cross-origin-resource-policy": "cross-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "access-control-allow-origin": "*",
    }
    page = await alice.ask("GET", f"/Media/{record['sid']}/Content")
    assert (page.status, page.body, page.headers["cache-control"]) == (200, CONTENT, "no-store")


async def test_head_tells_the_same_without_the_bytes(alice: Uploader) -> None:
    record = await alice.stored(CONTENT)
    page = await alice.download(record, "HEAD")
    assert (page.status, page.body) == (200, b"")
    assert page.headers["content-length"] == str(len(CONTENT))


async def test_file_of_no_bytes_is_one(alice: Uploader) -> None:
    record = await alice.stored(b"")
    assert record["size"] == 0
    page = await alice.download(record)
    assert (page.status, page.body, page.headers["content-length"]) == (200, b"", "0")
    assert (await alice.download(record, headers=[("range", "bytes=0-")])).status == 416


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=9-", 9, 20),
        ("bytes=9-999", 9, 20),
        ("bytes=-3", 17, 20),
        ("bytes=-999", 0, 20),
        (" bytes=19-19 ", 19, 20),
    ],
)
async def test_part_is_206(alice: Uploader, asked: str, start: int, stop: int) -> None:
    content = bytes(range(20))
    record = await alice.stored(content)
    page = await alice.download(record, headers=[("range", asked)])
    assert (page.status, page.body) == (206, content[start:stop])
    assert page.headers["content-range"] == f"bytes {start}-{stop - 1}/20"


@pytest.mark.parametrize("asked", ["bytes=20-", "bytes=20-30", "bytes=-0", "bytes=999999999999999999-"])
async def test_part_that_it_does_not_have_is_416(alice: Uploader, asked: str) -> None:
    record = await alice.stored(b"x" * 20)
    page = await alice.download(record, headers=[("range", asked)])
    assert page.error[0] == 416
    assert page.headers["content-range"] == "bytes */20"
    assert page.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-4",
        "bytes=a-b",
        "lines=0-1",
        "bytes=0-1,3-4",
        "bytes=\u0661-",
    ],
)
async def test_part_that_cannot_be_read_is_the_whole(alice: Uploader, asked: str) -> None:
    record = await alice.stored(b"x" * 20)
    page = await alice.download(record, headers=[("range", asked)])
    assert (page.status, page.body) == (200, b"x" * 20)


async def test_part_of_another_version_is_the_whole(alice: Uploader) -> None:
    record = await alice.stored(b"x" * 20)
    for tag, status in ((record["sid"], 206), ("ME1", 200)):
        headers = [("range", "bytes=0-1"), ("if-range", f'"{tag}"')]
        assert (await alice.download(record, headers=headers)).status == status


async def test_what_the_client_has_is_304(alice: Uploader) -> None:
    record = await alice.stored()
    tag = f'"{record["sid"]}"'
    for known, status in ((tag, 304), (f'"x", W/{tag}', 304), ("*", 304), ('"x"', 200), ("", 200)):
        page = await alice.download(record, headers=[("if-none-match", known)])
        assert (page.status, page.headers["etag"]) == (status, tag)
    page = await alice.download(record, headers=[("if-none-match", tag)])
    assert page.body == b""
    assert "content-length" not in page.headers


# Tickets.


async def test_temporary_url_ends_after_its_time(rig: Rig, alice: Uploader) -> None:
    record = await alice.stored()
    rig.advance_s(299)
    page = await alice.download(record)
    assert (page.status, page.headers["cache-control"]) == (200, "private, max-age=1")
    rig.advance_s(1)
    page = await alice.download(record)
    assert page.error == (403, 20403)
    assert "has expired" in page.json["message"]
    assert page.headers["access-control-allow-origin"] == "*"


def forged(ticket: str) -> list[str]:
    sid, until, signature = ticket.split(".")
    return [
        f"{sid}.{int(until) + 1}.{signature}",
        f"ME{'0' * 32}.{until}.{signature}",
        f"{sid}.{until}.{'A' * 43}",
        f"{sid}.{until}.{signature[:-1]}",
        f"{sid}.{until}.{signature}=",
        f"{sid}.{until}.",
        f"{sid.upper()}.{until}.{signature}",
        sid,
        "..",
        "",
        "%01",
        "x" * 3000,
    ]


async def test_forged_ticket_opens_nothing(alice: Uploader) -> None:
    record = await alice.stored()
    place, _, ticket = record["links"]["content_direct_temporary"].rpartition("/")
    assert place.endswith("/media")
    for text in forged(ticket):
        page = await alice.web("GET", f"/media/{text}")
        assert page.error == (403, 20403), text


async def test_ticket_opens_nothing_of_a_deleted_service_or_a_suspended_account(
    rig: Rig, alice: Uploader
) -> None:
    record = await alice.stored()
    await rig.do(set_status, rig.made.account_sid, "suspended")
    assert (await alice.download(record)).error == (404, 50507)
    await rig.do(set_status, rig.made.account_sid, "active")
    assert (await alice.download(record)).status == 200
    await rig.do(delete_service, rig.made.account_sid, CHAT, alice.service)
    assert (await alice.download(record)).error == (404, 50507)


# What browsers do with it.


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "TEXT/HTML; charset=utf-8",
        "application/xhtml+xml",
        "image/svg+xml",
        "text/xml",
        "application/javascript",
        "text/javascript",
        "application/pdf",
        "text/css",
        "multipart/x-mixed-replace",
        "application/octet-stream",
        "image/pngx",
    ],
)
async def test_what_a_browser_could_run_is_saved(alice: Uploader, content_type: str) -> None:
    record = await alice.stored(b"<script>", content_type=content_type)
    page = await alice.download(record)
    assert page.headers["content-type"] == content_type
    assert page.headers["content-disposition"] == "attachment"
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("a b.png", 'inline; filename="a b.png"'),
        ('a"; x="b', "inline; filename=\"a_; x=_b\"; filename*=UTF-8''a%22%3B%20x%3D%22b"),
        ("ä€.png", "inline; filename=\"__.png\"; filename*=UTF-8''%C3%A4%E2%82%AC.png"),
        ("../../etc/passwd", 'inline; filename="../../etc/passwd"'),
        ("a%41\\", "inline; filename=\"a_41_\"; filename*=UTF-8''a%2541%5C"),
        (None, "inline"),
    ],
)
def test_hostile_name_stays_a_name(filename: str | None, shown: str) -> None:
    assert disposition("image/png", filename) == shown
    assert shown.isascii()


async def test_alert_of_a_refused_download_keeps_no_ticket(rig: Rig, alice: Uploader) -> None:
    record = await alice.stored(b"x" * 20)
    assert (await alice.download(record, headers=[("range", "bytes=99-")])).status == 416
    ticket = record["links"]["content_direct_temporary"].rpartition(".")[2]
    (alert,) = await rig.alerts()
    assert record["sid"] in (alert.exchange.url or "")
    assert ticket not in repr(alert)


# Files that are lost.


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("left", [None, 0, 19])
async def test_file_that_is_lost_is_503_before_anything_is_promised(
    rig: Rig, alice: Uploader, method: str, left: int | None
) -> None:
    record = await alice.stored(b"x" * 20)
    (path,) = files(rig)
    if left is None:
        path.unlink()
    else:
        os.truncate(path, left)
    page = await alice.download(record, method)
    assert page.status == 503
    assert page.headers["access-control-allow-origin"] == "*"
    assert method == "HEAD" or page.error == (503, 20503)
    assert rig.installed.blobs.down is None


async def test_what_is_left_of_a_file_is_served(rig: Rig, alice: Uploader) -> None:
    record = await alice.stored(b"x" * 20)
    (path,) = files(rig)
    os.truncate(path, 10)
    page = await alice.download(record, headers=[("range", "bytes=0-9")])
    assert (page.status, page.body) == (206, b"x" * 10)
    assert (await alice.download(record, headers=[("range", "bytes=0-10")])).error == (503, 20503)
