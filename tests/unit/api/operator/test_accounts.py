"""Accounts, keys and services at the operator's door."""

import msgspec
import pytest

from tests.support.operators_door import OperatorsDoor
from tsock.accounts.caller import CHAT, Caller
from tsock.accounts.services import ServiceChange, change_service, get_service
from tsock.errors import ApiError


def test_new_account_shows_its_credentials_once(door: OperatorsDoor) -> None:
    made = door("POST", "/accounts", {"friendly_name": "Shop"})

    account = door.world.directory.account(made["sid"])
    assert account is not None
    assert made["auth_token"].encode() == door.world.directory.auth_token(account)
    assert made["test_token"].encode() == door.world.directory.test_token(account)
    later = door("GET", f"/accounts/{made['sid']}")
    assert (later["friendly_name"], later["status"]) == ("Shop", "active")
    assert {"auth_token", "test_sid", "test_token"}.isdisjoint(later)


@pytest.mark.parametrize("body", [{"friendly_name": "a\0b"}, {"friendly_name": "a", "owner_sid": "a\0b"}])
def test_text_that_no_column_can_hold_is_refused(door: OperatorsDoor, body: dict[str, str]) -> None:
    with pytest.raises(ApiError, match=r"without the character U\+0000") as refused:
        door("POST", "/accounts", body)
    assert (refused.value.status, refused.value.code) == (400, 20422)


def test_nothing_sealed_is_ever_shown(door: OperatorsDoor) -> None:
    key = door.post("/keys")
    account = door.world.directory.account(door.sid)
    record = door.world.directory.key(key["sid"])
    assert account is not None
    assert record is not None

    shown = msgspec.json.encode([door("GET", "/accounts"), door.get(""), door.get("/keys")]).decode()

    assert key["sid"] in shown
    for secret in (
        account.auth_token,
        account.test_token,
        record.secret,
        key["secret"],
        door.world.auth_token,
    ):
        assert secret not in shown


def test_subaccounts_are_listed_below_their_owner(door: OperatorsDoor) -> None:
    sub = door("POST", "/accounts", {"owner_sid": door.sid})

    assert [each["sid"] for each in door("GET", f"/accounts?owner={door.sid}")["accounts"]] == [sub["sid"]]
    assert {each["sid"] for each in door("GET", "/accounts")["accounts"]} == {door.sid, sub["sid"]}


def test_long_list_goes_on_behind_its_last_entry(
    door: OperatorsDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsock.api.operator.accounts.PAGE_ROWS", 2)
    monkeypatch.setattr("tsock.api.operator.body.PAGE_ROWS", 2)
    expected = [door.sid]
    for _ in range(4):
        door.world.now_ms += 1
        expected.insert(0, door("POST", "/accounts", {})["sid"])

    found, after = [], ""
    while after is not None:
        page = door("GET", f"/accounts?after={after}")
        found += [each["sid"] for each in page["accounts"]]
        after = page["next"]

    assert found == expected


def test_name_and_status_change_together_or_not_at_all(door: OperatorsDoor) -> None:
    with pytest.raises(ApiError, match="invalid Status"):
        door.post("", {"friendly_name": "New", "status": "asleep"})
    assert door.get("")["friendly_name"] != "New"

    changed = door.post("", {"friendly_name": "New", "status": "suspended"})

    assert (changed["friendly_name"], changed["status"]) == ("New", "suspended")


def test_rotated_auth_token_replaces_the_old_one(door: OperatorsDoor) -> None:
    fresh = door.post("/auth_token")["auth_token"]

    account = door.world.directory.account(door.sid)
    assert account is not None
    assert door.world.directory.auth_token(account) == fresh.encode() != door.world.auth_token.encode()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("", {"name": "x"}, 400),
        ("", {}, 400),
        ("", b"{", 400),
        ("", b"\xff", 400),
        ("", [], 400),
        ("", {"status": "suspended", "friendly_name": ""}, 400),
        ("/keys", {"kind": "golden"}, 400),
        ("/keys", {"kind": "restricted"}, 400),
        ("/keys", {"kind": "restricted", "policy": {"allow": ["x"]}}, 400),
        ("/services/sync", {"friendly_name": ""}, 400),
        ("/services/sync/default", {}, 400),
        ("/services/video", {}, 400),
        ("/services/sync/ISnone", {"enabled": False}, 404),
        ("/revocations", {"kind": "everything"}, 400),
        ("/revocations", {"kind": "token", "digest": "abc"}, 400),
        ("/revocations", {"kind": "identity", "identity": ""}, 400),
        ("/revocations", {"kind": "issued_before", "before_s": 4_000_000_000}, 400),
        ("/revocations", {"kind": "issued_before", "key_sid": "SKnone"}, 404),
    ],
)
def test_bad_change_is_refused(door: OperatorsDoor, path: str, body: object, status: int) -> None:
    with pytest.raises(ApiError) as refused:
        door.post(path, body)

    assert refused.value.status == status


@pytest.mark.parametrize(
    "path", ["", "/keys", "/services/sync", "/revocations", "/sync/default/document/x/permissions"]
)
def test_unknown_account_is_not_found(door: OperatorsDoor, path: str) -> None:
    with pytest.raises(ApiError) as refused:
        door("GET", f"/accounts/ACnone{path}")

    assert (refused.value.status, refused.value.code) == (404, 20404)


def test_new_key_signs_until_it_is_revoked(door: OperatorsDoor) -> None:
    made = door.post("/keys", {"friendly_name": "first"})
    token = door("POST", "/tokens", {"identity": "alice", "key_sid": made["sid"]})["token"]
    assert isinstance(door.world.verify(token), Caller)

    revoked = door.delete(f"/keys/{made['sid']}")

    assert revoked["date_revoked"]
    assert door.world.refusal(token) == (20103, "key_revoked")
    assert made["sid"] not in [each["sid"] for each in door.get("/keys")["keys"]]
    with pytest.raises(ApiError):
        door.get(f"/keys/{made['sid']}")


def test_restricted_key_keeps_its_policy(door: OperatorsDoor) -> None:
    policy = {"allow": ["/twilio/sync/documents/read"]}

    made = door.post("/keys", {"kind": "restricted", "policy": policy})

    assert door.get(f"/keys/{made['sid']}")["policy"] == policy


def test_disabled_service_refuses_tokens_and_its_default_is_never_missing(door: OperatorsDoor) -> None:
    door.post("/services/sync/default", {"enabled": False})
    assert door.world.refusal(door.world.token())[0] == 51108

    before = door.delete("/services/sync/default")
    after = door.get("/services/sync/default")

    assert before["date_deleted"]
    assert after["sid"] != before["sid"]
    assert after["enabled"]


def test_services_are_listed_by_product(door: OperatorsDoor) -> None:
    made = door.post("/services/chat", {"friendly_name": "Support"})

    assert (made["product"], made["friendly_name"]) == ("chat", "Support")
    assert made["sid"] in [each["sid"] for each in door.get("/services/chat")["services"]]
    assert made["sid"] not in [each["sid"] for each in door.get("/services/sync")["services"]]


def test_options_of_conversations_survive_a_change_by_the_operator(door: OperatorsDoor) -> None:
    own = '{"reachability_enabled":true}'
    service = door.world(get_service, door.sid, CHAT, "default")
    door.world(change_service, service, ServiceChange(options=own))

    door.post("/services/chat/default", {"enabled": False})

    kept = door.world(get_service, door.sid, CHAT, "default")
    assert (kept.enabled, kept.options) == (False, own)
    with pytest.raises(ApiError, match="option of Sync"):
        door.post("/services/chat/default", {"acl_enabled": True})


def test_debugger_url_is_set_kept_and_taken_away(door: OperatorsDoor) -> None:
    path = f"/accounts/{door.sid}"

    assert door("POST", path, {"debugger_url": "https://example.com/alerts"})["debugger_url"]
    assert door("POST", path, {"friendly_name": "Shop"})["debugger_url"] == "https://example.com/alerts"
    assert door("POST", path, {"debugger_url": None})["debugger_url"] is None
