"""Records: who sees them, one or many at once, and whose pages may ask for them."""

from typing import Any

import pytest

from tests.support.chatter import Chatter
from tests.support.rig import Rig
from tests.support.uploader import Uploader, files
from tsock.accounts.accounts import create_account, set_status
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.keys import create_key, delete_key
from tsock.accounts.revocations import revoke_identity
from tsock.accounts.services import create_service


@pytest.mark.settings(
    media_bytes_max=2_100_000, media_per_message_max=3, public_url="https://tsock.us1.twilio.com"
)
async def test_clients_are_told_where_and_how_much(rig: Rig) -> None:
    """C-007."""
    told = (await Chatter(rig, "alice").start()).configuration
    place = f"https://mcs.us1.twilio.com/v1/Services/{rig.made.chat_service_sid}/Media"
    links = told["links"]
    assert (links["media_service"], links["media_set_service"]) == (place, f"{place}Set")
    assert told["options"]["media_attachments_count_limit"] == 3
    assert told["options"]["media_attachment_size_limit_in_mb"] == 2
    assert told["options"]["media_attachments_total_size_limit_in_mb"] == 150


async def test_record_reads_as_it_was_answered(alice: Uploader) -> None:
    record = await alice.stored(Filename="a.png")
    page = await alice.ask("GET", f"/Media/{record['sid']}")
    assert page.json == record
    page = await alice.set(record["sid"], "ME" + "0" * 32, "x")
    assert page.json == [
        {"code": 200, "media_record": record},
        {"code": 404, "media_record": {"sid": "ME" + "0" * 32}},
        {"code": 404, "media_record": {"sid": "x"}},
    ]


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b'{"command":"put","list":[]}', b'{"command":"get"}', b'{"command":"get","list":[1]}'],
)
async def test_set_that_is_not_asked_for_well_is_told_how(alice: Uploader, text: bytes) -> None:
    page = await alice.ask("POST", "/MediaSet", text)
    assert page.error == (400, 20422)
    assert '{"command": "get"' in page.json["message"]


async def test_set_is_bounded(alice: Uploader) -> None:
    assert (await alice.set(*["ME" + "0" * 32] * 101)).error == (400, 20422)


async def test_sent_media_are_for_participants(rig: Rig, alice: Uploader) -> None:
    chatter, bob = await Chatter(rig, "alice").start(), await Chatter(rig, "bob").start()
    path = await chatter.conversation("bob")
    record = await alice.stored(b"secret", Filename="a.png")
    sid = record["sid"]
    sent = await chatter.post(f"{path}/Messages", {"body": "look", "media_sids": [sid]})
    (told,) = sent.body["media"]
    assert told == {
        "sid": sid,
        "size": 6,
        "content_type": "image/png",
        "filename": "a.png",
        "category": "media",
    }
    for identity, status in (("alice", 200), ("bob", 200), ("mallory", 404)):
        user = Uploader(rig, identity)
        assert (await user.ask("GET", f"/Media/{sid}")).status == status
        assert (await user.ask("GET", f"/Media/{sid}/Content")).status == status
        assert (await user.set(sid)).json[0]["code"] == status
    shown = (await Uploader(rig, "bob").ask("GET", f"/Media/{sid}")).json
    assert (shown["channel_sid"], shown["message_sid"]) == (sent.body["conversation_sid"], sent.body["sid"])

    await bob.delete(f"{path}/Participants/bob")
    assert (await Uploader(rig, "bob").ask("GET", f"/Media/{sid}")).error == (404, 50507)


async def test_removed_message_takes_its_media_along(rig: Rig, backend: Uploader) -> None:
    record = await backend.stored()
    path = await backend.take(record["sid"])
    await backend.web("DELETE", path, credentials=backend.credentials)
    assert (await backend.ask("GET", f"/Media/{record['sid']}")).error == (404, 50507)
    assert (await backend.download(record)).error == (404, 50507)
    assert len(files(rig)) == 1
    await rig.parts.chores.remove_media()
    assert files(rig) == []


async def test_upload_without_a_message_goes_after_a_day(rig: Rig, backend: Uploader) -> None:
    record = await backend.stored()
    kept = await backend.stored()
    await backend.take(kept["sid"])
    rig.advance_s(24 * 3600 - 1)
    await rig.parts.chores.remove_media()
    assert len(files(rig)) == 2
    rig.advance_s(2)
    await rig.parts.chores.remove_media()
    assert len(files(rig)) == 1
    assert (await backend.ask("GET", f"/Media/{record['sid']}")).error == (404, 50507)
    assert (await backend.ask("GET", f"/Media/{kept['sid']}")).status == 200


# Who asks.


async def tries(user: Uploader, sid: str) -> set[Any]:
    """How every route that takes a token or credentials answers."""
    pages = [
        await user.upload(b"x"),
        await user.set(sid),
        await user.ask("GET", f"/Media/{sid}"),
        await user.ask("GET", f"/Media/{sid}/Content"),
    ]
    return {page.error for page in pages}


@pytest.mark.parametrize(
    "kind", ["expired", "revoked", "key deleted", "account suspended", "junk", "empty", "no grant", "other"]
)
async def test_token_that_does_not_hold_opens_nothing(rig: Rig, alice: Uploader, kind: str) -> None:
    sid = (await alice.stored())["sid"]
    account = rig.made.account_sid
    expected: set[Any] = {(401, 20104)}
    if kind == "expired":
        rig.advance_s(7200)
    elif kind == "revoked":
        await rig.do(revoke_identity, account, "alice", life_ms=86_400_000)
        expected = {(401, 51215)}
    elif kind == "key deleted":
        await rig.do(delete_key, account, rig.made.key_sid)
        expected = {(401, 20103)}
    elif kind == "account suspended":
        await rig.do(set_status, account, "suspended")
        expected = {(401, 20103)}
    elif kind in ("junk", "empty"):
        alice.token = {"junk": "x.y.z", "empty": ""}[kind]
        expected = {(401, 20101)}
    elif kind == "no grant":
        alice.token = rig.token("alice", products={SYNC: "default"})
        expected = {(403, 20106)}
    else:
        other = await rig.do(create_service, account, CHAT)
        alice.token = rig.token("alice", products={CHAT: other.sid})
        expected = {(403, 20106)}
    before = len(files(rig))
    found = await tries(alice, sid)
    assert found == expected
    assert len(files(rig)) == before


async def test_other_account_and_other_service_see_nothing(rig: Rig, alice: Uploader) -> None:
    sid = (await alice.stored())["sid"]
    other = await rig.do(create_service, rig.made.account_sid, CHAT)
    for user in (Uploader(rig, "alice", service=other.sid), Uploader(rig, service=other.sid)):
        assert (await user.ask("GET", f"/Media/{sid}")).error == (404, 50507)
        assert (await user.set(sid)).json[0]["code"] == 404
    account = await rig.do(create_account, rig.vault, "other")
    stranger = Uploader(rig)
    stranger.credentials = account.sid, rig.directory.auth_token(account).decode()
    assert await tries(stranger, sid) == {(404, 20404)}


async def test_restricted_key_does_what_its_policy_lists(rig: Rig, backend: Uploader) -> None:
    options = {"kind": "restricted", "policy": '{"allow": ["/twilio/mcs/media/read"]}'}
    key, secret = await rig.do(create_key, rig.vault, rig.settings, rig.made.account_sid, **options)
    record = await backend.stored()
    backend.credentials = key.sid, secret
    assert (await backend.ask("GET", f"/Media/{record['sid']}")).status == 200
    assert (await backend.upload(b"x")).error == (403, 20006)


async def test_refused_request_is_an_alert_of_the_account_and_never_holds_the_token(
    rig: Rig, alice: Uploader
) -> None:
    await alice.upload(b"x", Category="other")
    (alert,) = await rig.alerts()
    assert alert.account_sid == rig.made.account_sid
    assert alice.token is not None
    assert alice.token.rpartition(".")[2] not in repr(alert)


# Pages of other sites.

SITE = [("origin", "https://app.example"), ("sec-fetch-site", "cross-site")]


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/Media", "POST, OPTIONS"),
        ("/Media/{sid}", "GET, OPTIONS"),
        ("/MediaSet", "POST, OPTIONS"),
        ("/Media/{sid}/Content", "GET, OPTIONS"),
    ],
)
async def test_preflight_succeeds_for_any_site(alice: Uploader, path: str, methods: str) -> None:
    """C-083."""
    page = await alice.web("OPTIONS", alice.place + path.format(sid="ME1"), headers=SITE)
    assert page.status == 204
    assert page.headers["access-control-allow-origin"] == "*"
    assert page.headers["access-control-allow-methods"] == methods
    assert "X-Twilio-Token, Content-Type" in page.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in page.headers


async def test_page_of_another_site_reads_answers_and_refusals(alice: Uploader) -> None:
    page = await alice.upload(b"x", headers=SITE)
    assert (page.status, page.headers["access-control-allow-origin"]) == (201, "*")
    alice.token = "x"
    page = await alice.upload(b"x", headers=SITE)
    assert (page.status, page.headers["access-control-allow-origin"]) == (401, "*")
    assert "www-authenticate" not in page.headers


async def test_page_of_another_site_uses_nobodys_credentials(rig: Rig, backend: Uploader) -> None:
    assert (await backend.upload(b"x", headers=SITE)).error == (403, 20403)
    assert files(rig) == []


async def test_other_routes_are_closed_to_pages_of_other_sites(alice: Uploader) -> None:
    page = await alice.web("OPTIONS", "/sync/v1/Services", headers=SITE)
    assert page.status == 204
    assert not [name for name in page.headers if name.startswith("access-control")]
