"""Tokens, the doctor and revocations at the operator's door."""

import hashlib

import pytest

from tests.support.operators_door import OperatorsDoor
from tsock.accounts.caller import CHAT, SYNC
from tsock.errors import ApiError


def _mint(door: OperatorsDoor, **members: object) -> str:
    body = {"identity": "alice", "account_sid": door.sid, **members}
    return door("POST", "/tokens", body)["token"]


def test_minted_token_is_accepted_with_both_grants(door: OperatorsDoor) -> None:
    caller = door.world.accepted(_mint(door))

    assert (caller.account_sid, caller.identity) == (door.sid, "alice")
    assert caller.products == {SYNC: door.world.sync_sid, CHAT: door.world.chat_sid}


def test_minted_token_grants_what_was_asked_for(door: OperatorsDoor) -> None:
    service = door.world.another_service()

    caller = door.world.accepted(_mint(door, products={"sync": service}, ttl_s=60))

    assert caller.products == {SYNC: service}
    assert caller.expires_ms == door.world.now_ms + 60_000


def test_keys_that_may_not_sign_are_passed_over(door: OperatorsDoor) -> None:
    door.delete(f"/keys/{door.world.key.key_sid}")
    door.post("/keys", {"kind": "restricted", "policy": {"allow": []}})
    with pytest.raises(ApiError, match="no main or standard key"):
        _mint(door)

    key = door.post("/keys", {"kind": "main"})

    assert door.world.accepted(_mint(door)).key_sid == key["sid"]


def test_named_key_signs_even_if_the_token_will_be_refused(door: OperatorsDoor) -> None:
    key = door.post("/keys", {"kind": "restricted", "policy": {"allow": []}})

    token = _mint(door, key_sid=key["sid"])

    assert door.world.refusal(token) == (20103, "key_restricted")


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"ttl_s": 10**10}, 400),
        ({"ttl_s": "1h"}, 400),
        ({"products": {"video": "default"}}, 400),
        ({"identity": 7}, 400),
        ({"account_sid": None}, 400),
        ({"account_sid": "ACnone"}, 404),
        ({"key_sid": "SKnone"}, 404),
    ],
)
def test_token_that_cannot_be_made_is_refused(
    door: OperatorsDoor, members: dict[str, object], status: int
) -> None:
    with pytest.raises(ApiError) as refused:
        _mint(door, **members)

    assert refused.value.status == status


def test_key_of_another_account_is_not_found_in_this_one(door: OperatorsDoor) -> None:
    _, key = door.world.another_account()

    with pytest.raises(ApiError, match=f"{door.sid} has no key {key.key_sid}"):
        _mint(door, key_sid=key.key_sid)


def test_doctor_tries_the_secrets_of_every_account(door: OperatorsDoor) -> None:
    """An operator may see them all, so the note on a secret that explains a signature is given."""
    key = door.world.key
    forged = door.world.token(key=type(key)(key.account_sid, key.key_sid, door.world.auth_token))

    report = door("POST", "/doctor", forged.encode())

    assert (report["verdict"], report["code"], report["cause"]) == ("denied", 20107, "signature")
    assert report["notes"] == ["auth_token_as_secret"]


def test_doctor_asks_for_the_grant_of_a_product(door: OperatorsDoor) -> None:
    token = door.world.token(products={SYNC: "default"}).encode()

    assert door("POST", "/doctor?product=sync", token)["verdict"] == "accepted"
    assert door("POST", "/doctor?product=chat", token)["cause"] == "grant_missing"
    with pytest.raises(ApiError, match="sync or chat"):
        door("POST", "/doctor?product=video", token)


@pytest.mark.parametrize("pasted", [b"", b"\xff\xfe", b"not a token"])
def test_doctor_answers_whatever_is_pasted(door: OperatorsDoor, pasted: bytes) -> None:
    report = door("POST", "/doctor", pasted)

    assert (report["verdict"], report["code"]) == ("denied", 20101)


def test_token_is_revoked_by_text_or_digest(door: OperatorsDoor) -> None:
    first, second, third = (door.world.token(identity) for identity in ("a", "b", "c"))

    door.post("/revocations", {"kind": "token", "token": first})
    door.post("/revocations", {"kind": "token", "digest": hashlib.sha256(second.encode()).hexdigest()})

    assert door.world.refusal(first) == door.world.refusal(second) == (51215, "revoked")
    door.world.accepted(third)
    listed = door.get("/revocations")["revocations"]
    assert {each["digest"] for each in listed} == {
        hashlib.sha256(token.encode()).hexdigest() for token in (first, second)
    }


def test_identity_is_revoked_up_to_now(door: OperatorsDoor) -> None:
    token, other = door.world.token("mallory"), door.world.token("alice")

    door.post("/revocations", {"kind": "identity", "identity": "mallory"})

    assert door.world.refusal(token) == (51215, "revoked")
    door.world.accepted(other)
    door.world.now_ms += 1000
    door.world.accepted(door.world.token("mallory"))


def test_everything_of_a_key_is_revoked_up_to_now(door: OperatorsDoor) -> None:
    other = door.world.token(key=door.world.another_key())
    token = door.world.token()

    door.post("/revocations", {"kind": "issued_before", "key_sid": door.world.key.key_sid})

    assert door.world.refusal(token) == (51215, "revoked")
    door.world.accepted(other)


def test_revocation_that_meets_no_token_any_more_is_not_listed(door: OperatorsDoor) -> None:
    door.post("/revocations", {"kind": "identity", "identity": "mallory"})
    assert len(door.get("/revocations")["revocations"]) == 1

    door.world.now_ms += 86_400_000 + 120_000

    assert door.get("/revocations")["revocations"] == []
