import hashlib

import pytest
from msgspec.structs import replace

from tests.support.craft import ABSENT, craft
from tests.support.world import NOW_S, World
from tests.unit.accounts.test_accounts import refused
from tsock.accounts.revocations import forget_revocations, revoke_identity, revoke_issued_before, revoke_token

LIFE_MS = 86_460_000
REVOKED = (51215, "revoked")


def test_one_token_is_revoked_by_its_digest_and_no_other(world: World):
    token, twin = world.token(ttl_s=60), world.token(ttl_s=61)
    digest = hashlib.sha256(token.encode()).hexdigest()
    revocation = world(revoke_token, world.account_sid, digest.upper(), life_ms=LIFE_MS)
    assert world.facts == [revocation]
    assert world.refusal(token) == REVOKED
    assert world.accepted(twin)


def test_identity_is_revoked_in_its_account_up_to_now_and_may_sign_in_again(world: World):
    _, other_key = world.another_account()
    elsewhere = world.token("alice", key=other_key, products={"data_sync": "default"})
    old, same_second = world.token("alice", now_s=NOW_S - 10), world.token("alice")
    world.now_ms += 999
    world(revoke_identity, world.account_sid, "alice", life_ms=LIFE_MS)
    assert world.refusal(old) == world.refusal(same_second) == REVOKED
    assert world.accepted(world.token("Alice"))
    assert world.accepted(elsewhere)
    world.now_ms += 1
    assert world.accepted(world.token("alice"))


def test_everything_issued_before_a_time_is_revoked_of_account_or_key(world: World):
    key = world.another_key()
    tokens = {
        (name, at): world.token(key=signer, now_s=at)
        for name, signer in (("first", world.key), ("second", key))
        for at in (NOW_S - 11, NOW_S - 10)
    }

    def accepted() -> set[tuple[str, int]]:
        return {name for name, token in tokens.items() if not hasattr(world.verify(token), "cause")}

    assert accepted() == set(tokens)
    world(revoke_issued_before, world.account_sid, NOW_S - 10, key_sid=key.key_sid, life_ms=LIFE_MS)
    assert accepted() == set(tokens) - {("second", NOW_S - 11)}
    world(revoke_issued_before, world.account_sid, NOW_S - 10, life_ms=LIFE_MS)
    assert accepted() == {("first", NOW_S - 10), ("second", NOW_S - 10)}


def test_token_without_any_issue_time_counts_as_issued_a_day_before_it_expires(world: World):
    token = craft(world, jti=ABSENT)
    world(revoke_issued_before, world.account_sid, NOW_S - 86_400 + 3600, life_ms=LIFE_MS)
    assert world.accepted(token)
    world(revoke_issued_before, world.account_sid, NOW_S - 86_400 + 3601, life_ms=LIFE_MS)
    assert world.refusal(token) == REVOKED


def test_revocation_meets_what_it_names_and_nothing_else(world: World):
    caller = world.accepted(world.token())
    by_key = world(
        revoke_issued_before, world.account_sid, NOW_S + 1, key_sid=world.key.key_sid, life_ms=LIFE_MS
    )
    by_identity = world(revoke_identity, world.account_sid, "alice", life_ms=LIFE_MS)
    by_digest = world(revoke_token, world.account_sid, caller.digest.hex(), life_ms=LIFE_MS)
    for revocation, others in (
        (by_key, {"key_sid": "SK0", "account_sid": "AC0", "issued_s": NOW_S + 1}),
        (by_identity, {"identity": "bob", "account_sid": "AC0", "issued_s": NOW_S + 1}),
        (by_digest, {"digest": b"", "account_sid": "AC0"}),
    ):
        assert revocation.meets(caller)
        for name, value in others.items():
            assert not revocation.meets(replace(caller, **{name: value}))


def test_revocation_outlives_every_token_it_meets(world: World):
    longest = craft(world, iat=NOW_S + 60, exp=NOW_S + 86_460)
    caller = world.accepted(longest)
    by_digest = world(revoke_token, world.account_sid, caller.digest.hex(), life_ms=LIFE_MS)
    assert by_digest.until_ms >= caller.expires_ms
    oldest = world.accepted(craft(world, iat=NOW_S - 100, exp=NOW_S - 100 + 86_460))
    by_time = world(revoke_issued_before, world.account_sid, NOW_S - 99, life_ms=LIFE_MS)
    assert by_time.meets(oldest)
    assert by_time.until_ms >= oldest.expires_ms


@pytest.mark.parametrize("digest", ["", "ab", "g" * 64, "0" * 63, "0" * 65])
def test_digest_must_be_one(world: World, digest: str):
    assert refused(world, revoke_token, world.account_sid, digest, life_ms=LIFE_MS) == (400, 20422)


def test_what_cannot_be_meant_is_refused(world: World):
    sid = world.account_sid
    assert refused(world, revoke_identity, sid, "", life_ms=LIFE_MS) == (400, 20422)
    assert refused(world, revoke_identity, sid, "a\0b", life_ms=LIFE_MS) == (400, 20422)
    assert refused(world, revoke_issued_before, sid, NOW_S + 2, life_ms=LIFE_MS) == (400, 20422)
    assert refused(world, revoke_issued_before, sid, NOW_S * 1000, life_ms=LIFE_MS) == (400, 20422)
    assert refused(world, revoke_issued_before, sid, -1, life_ms=LIFE_MS) == (400, 20422)
    assert refused(world, revoke_issued_before, sid, 1, key_sid="SK0", life_ms=LIFE_MS) == (404, 20404)
    assert refused(world, revoke_identity, "AC0", "alice", life_ms=LIFE_MS) == (404, 20404)


def test_rows_are_deleted_once_they_can_meet_no_token(world: World):
    world(revoke_identity, world.account_sid, "alice", life_ms=LIFE_MS)
    revocation = world(revoke_identity, world.account_sid, "bob", life_ms=LIFE_MS + 1)
    world.now_ms = revocation.until_ms - 1
    assert world(forget_revocations) == 1
    assert world(forget_revocations) == 0
    world.now_ms += 1
    assert world(forget_revocations) == 1
