import pytest

from tests.unit.auth.test_accounts import refused
from tests.unit.auth.world import World
from tsock.auth import keys
from tsock.auth.keys import create_key, delete_key, get_key, list_keys

POLICY = '{"allow": ["/twilio/sync/documents/read"]}'


def test_new_key_is_announced_and_its_secret_shown_once(world: World):
    key, secret = world(create_key, world.vault, world.account_sid, region="us1", friendly_name="CI")
    assert (key.kind, key.friendly_name, key.region, key.policy, key.revoked_ms) == (
        "standard",
        "CI",
        "us1",
        None,
        None,
    )
    assert len(secret) == 32
    assert world.facts == [key]
    assert world(get_key, world.account_sid, key.sid) == key
    assert world.directory.key_secret(key).decode() == secret


def test_restricted_key_needs_a_policy_and_no_other_has_one(world: World):
    make = create_key, world.vault, world.account_sid
    key, _ = world(*make, region="us1", kind="restricted", policy=POLICY)
    assert (key.kind, key.policy) == ("restricted", POLICY)
    assert refused(world, *make, region="us1", kind="restricted") == (400, 70001)
    assert refused(world, *make, region="us1", kind="standard", policy=POLICY) == (400, 70001)


@pytest.mark.parametrize(
    "policy",
    ["", "[]", "{}", '{"allow": "x"}', '{"allow": ["x"]}', '{"allow": [], "deny": []}', '{"allow": [1]}'],
)
def test_policy_is_an_object_that_allows_paths(world: World, policy: str):
    options = {"region": "us1", "kind": "restricted", "policy": policy}
    assert refused(world, create_key, world.vault, world.account_sid, **options) == (400, 70001)


def test_policy_has_at_most_100_entries(world: World):
    def policy(size: int) -> str:
        return '{"allow": [' + ",".join(['"/a"'] * size) + "]}"

    options = {"region": "us1", "kind": "restricted"}
    key, _ = world(create_key, world.vault, world.account_sid, policy=policy(100), **options)
    assert key.policy == policy(100)
    assert refused(world, create_key, world.vault, world.account_sid, policy=policy(101), **options) == (
        400,
        70001,
    )


def test_deleted_key_stays_on_record_but_is_gone_for_its_account(world: World):
    sid = world.another_key().key_sid
    world.now_ms += 7
    deleted = world(delete_key, world.account_sid, sid)
    assert world.facts == [deleted]
    assert world.directory.key(sid) == deleted
    assert deleted.revoked_ms == world.now_ms
    assert sid not in [key.sid for key in world(list_keys, world.account_sid, limit=10)]
    for rule in (get_key, delete_key):
        assert refused(world, rule, world.account_sid, sid) == (404, 20404)


def test_key_of_another_account_is_not_found(world: World):
    _, key = world.another_account()
    for rule in (get_key, delete_key):
        assert refused(world, rule, world.account_sid, key.key_sid) == (404, 20404)
    assert refused(world, create_key, world.vault, "AC" + "0" * 32, region="us1") == (404, 20404)


def test_name_of_a_key_has_at_most_64_characters(world: World):
    make = create_key, world.vault, world.account_sid
    key, _ = world(*make, region="us1", friendly_name="x" * 64)
    assert key.friendly_name == "x" * 64
    assert refused(world, *make, region="us1", friendly_name="x" * 65) == (400, 20002)


def test_deleted_keys_make_room_for_new_ones(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keys, "KEYS_MAX", 1)
    assert refused(world, create_key, world.vault, world.account_sid, region="us1") == (400, 70151)
    world(delete_key, world.account_sid, world.key.key_sid)
    assert world.another_key()


def test_keys_are_listed_a_page_at_a_time(world: World):
    made = sorted([world.key.key_sid, *(world.another_key().key_sid for _ in range(4))])
    first = world(list_keys, world.account_sid, limit=3)
    rest = world(list_keys, world.account_sid, after=first[-1].sid, limit=3)
    assert [key.sid for key in first + rest] == made
