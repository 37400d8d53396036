from typing import Any

from msgspec.structs import replace

from tests.support.world import World
from tests.unit.accounts.test_accounts import refused
from tsock.accounts.accounts import set_status
from tsock.accounts.keys import create_key, delete_key, get_key, list_keys, update_key
from tsock.settings import Settings
from tsock.storage.keyset import START

POLICY = '{"allow": ["/twilio/sync/documents/read"]}'


def refused_key(world: World, account_sid: str | None = None, **options: Any) -> tuple[int, int]:
    account_sid = account_sid or world.account_sid
    return refused(world, create_key, world.vault, world.settings, account_sid, **options)


def sids_of(world: World) -> list[str]:
    return [key.sid for key in world(list_keys, world.account_sid, START, 10)[0]]


def test_new_key_is_announced_and_its_secret_shown_once(world: World):
    key, secret = world.key_made(friendly_name="CI")
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
    key, _ = world.key_made(kind="restricted", policy=POLICY)
    assert (key.kind, key.policy) == ("restricted", POLICY)
    assert refused_key(world, kind="restricted") == (400, 70001)
    assert refused_key(world, kind="standard", policy=POLICY) == (400, 70001)


def test_malformed_policy_is_refused(world: World):
    assert refused_key(world, kind="restricted", policy='{"allow": ["x"]}') == (400, 70001)


def test_deleted_key_stays_on_record_but_is_gone_for_its_account(world: World):
    sid = world.another_key().key_sid
    world.now_ms += 7
    deleted = world(delete_key, world.account_sid, sid)
    assert world.facts == [deleted]
    assert world.directory.key(sid) == deleted
    assert deleted.revoked_ms == world.now_ms
    assert sid not in sids_of(world)
    for rule in (get_key, update_key, delete_key):
        assert refused(world, rule, world.account_sid, sid) == (404, 20404)


def test_key_of_another_account_is_not_found(world: World):
    _, key = world.another_account()
    for rule in (get_key, update_key, delete_key):
        assert refused(world, rule, world.account_sid, key.key_sid) == (404, 20404)
    assert refused_key(world, "AC" + "0" * 32) == (404, 20404)


def test_closed_account_gets_no_key(world: World):
    sub, _ = world.subaccount()
    world(set_status, sub.sid, "suspended")
    key, _ = world.key_made(sub.sid)
    assert key.account_sid == sub.sid
    world(set_status, sub.sid, "closed")
    assert refused_key(world, sub.sid) == (403, 20005)


def test_name_of_a_key_has_at_most_64_characters(world: World):
    key, _ = world.key_made(friendly_name="x" * 64)
    assert key.friendly_name == "x" * 64
    assert refused_key(world, friendly_name="x" * 65) == (400, 20002)
    assert refused(world, update_key, world.account_sid, key.sid, friendly_name="x" * 65) == (400, 20002)


def test_deleted_keys_make_room_for_new_ones(world: World):
    world.settings = Settings(keys_per_account_max=1)
    assert refused_key(world) == (400, 70151)
    world(delete_key, world.account_sid, world.key.key_sid)
    assert world.another_key()
    assert refused_key(world) == (400, 70151)


def test_update_changes_what_is_given_and_the_date(world: World):
    key, secret = world.key_made(friendly_name="old", kind="restricted", policy=POLICY)
    world.now_ms += 3
    renamed = world(update_key, world.account_sid, key.sid, friendly_name="new")
    assert renamed == replace(key, friendly_name="new", updated_ms=world.now_ms)
    other = '{"allow": []}'
    assert world(update_key, world.account_sid, key.sid, policy=other) == replace(renamed, policy=other)
    assert world.directory.key_secret(renamed).decode() == secret


def test_update_sets_no_policy_but_a_restricted_keys(world: World):
    restricted, _ = world.key_made(kind="restricted", policy=POLICY)
    for sid, policy in ((restricted.sid, "{}"), (world.key.key_sid, POLICY)):
        assert refused(world, update_key, world.account_sid, sid, policy=policy) == (400, 70001)


def test_keys_are_listed_a_page_at_a_time_the_newest_first(world: World):
    made = [world.key.key_sid]
    for _ in range(4):
        world.now_ms += 1
        made.append(world.another_key().key_sid)
    first, beside = world(list_keys, world.account_sid, START, 3)
    assert beside.previous is None
    assert beside.next is not None
    rest, _ = world(list_keys, world.account_sid, beside.next, 3)
    assert [key.sid for key in first + rest] == made[::-1]
