import pytest

from tests.support.world import World
from tsock.accounts.accounts import create_subaccount, get_account, rotate_auth_token, set_status
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.directory import Directory
from tsock.accounts.keys import delete_key
from tsock.accounts.records import Account
from tsock.accounts.revocations import revoke_identity, revoke_issued_before, revoke_token, token_life_ms
from tsock.accounts.services import delete_service
from tsock.sync.services import ServiceOptions, update_service

LIFE_MS = 86_465_000


def known(directory: Directory, account_sid: str) -> list[object]:
    account = directory.account(account_sid)
    assert account is not None
    return [
        account,
        directory.status(account),
        directory.account_by_test_sid(account.test_sid),
        directory.subaccounts(account_sid),
        directory.keys(account_sid),
        directory.deleted_services(),
        [directory.default_service(account_sid, product) for product in (SYNC, CHAT)],
        directory.auth_token(account),
        directory.test_token(account),
        [directory.key_secret(key) for key in directory.keys(account_sid)],
    ]


def test_directory_that_followed_every_commit_equals_one_loaded_afresh(world: World):
    sub, sub_key = world.subaccount()
    world(rotate_auth_token, world.vault, sub.sid)
    world(set_status, sub.sid, "suspended")
    world(delete_key, sub.sid, sub_key.key_sid)
    world(delete_service, world.account_sid, SYNC, "default")
    world(
        update_service,
        world.vault,
        world.account_sid,
        CHAT,
        "default",
        ServiceOptions(enabled=False, acl_enabled=True),
    )
    alice = world.accepted(world.token("alice", products={SYNC: "default"}))
    world(revoke_identity, world.account_sid, "alice", life_ms=LIFE_MS)
    fresh = world.reloaded()
    for account_sid in (world.account_sid, sub.sid):
        assert known(world.directory, account_sid) == known(fresh, account_sid)
    assert fresh.revocation(alice) == world.facts[0] == world.directory.revocation(alice)
    assert sorted(a.sid for a in fresh.accounts()) == sorted([world.account_sid, sub.sid])


def test_rotated_secret_takes_the_place_of_the_opened_one(world: World):
    account = world(get_account, world.account_sid)
    assert world.directory.auth_token(account).decode() == world.auth_token
    fresh = world(rotate_auth_token, world.vault, world.account_sid)
    account = world(get_account, world.account_sid)
    assert fresh != world.auth_token
    assert world.directory.auth_token(account).decode() == fresh


@pytest.mark.parametrize(
    ("owner", "own", "effective"),
    [
        ("active", "active", "active"),
        ("active", "suspended", "suspended"),
        ("suspended", "active", "suspended"),
        ("closed", "suspended", "closed"),
        ("suspended", "closed", "closed"),
    ],
)
def test_subaccount_shares_the_fate_of_its_owner(world: World, owner: str, own: str, effective: str):
    sub: Account = world(create_subaccount, world.vault, world.settings, world.account_sid)
    if own != "active":
        sub = world(set_status, sub.sid, own)
    if owner != "active":
        world(set_status, world.account_sid, owner)
    assert world.directory.status(sub) == effective


def test_connection_may_go_on_until_its_account_its_key_or_its_token_is_gone(world: World):
    sub, key = world.subaccount()
    products = {SYNC: "default"}
    callers = {
        name: world.accepted(world.token(name, key=key, products=products, **options))
        for name, options in {
            "early": {"now_s": world.now_s - 100},
            "alice": {},
            "bob": {},
            "carol": {},
        }.items()
    }
    other = world.accepted(world.token("dora", key=world.another_key(sub.sid), products=products))
    bystander = world.accepted(world.token("alice"))

    def standing() -> set[str]:
        return {name for name, caller in callers.items() if world.directory.permits(caller)}

    assert standing() == {"early", "alice", "bob", "carol"}
    world(revoke_issued_before, sub.sid, world.now_s - 50, life_ms=LIFE_MS)
    assert standing() == {"alice", "bob", "carol"}
    world(revoke_token, sub.sid, callers["bob"].digest.hex(), life_ms=LIFE_MS)
    assert standing() == {"alice", "carol"}
    world(revoke_identity, sub.sid, "alice", life_ms=LIFE_MS)
    assert standing() == {"carol"}
    world(revoke_issued_before, sub.sid, world.now_s + 1, key_sid=key.key_sid, life_ms=LIFE_MS)
    assert standing() == set()
    assert world.directory.permits(other)
    world(delete_key, sub.sid, other.key_sid)
    assert not world.directory.permits(other)
    assert world.directory.permits(bystander)
    world(set_status, world.account_sid, "suspended")
    assert not world.directory.permits(bystander)


def test_earlier_revocation_does_not_weaken_a_later_one(world: World):
    caller = world.accepted(world.token())
    world(revoke_issued_before, world.account_sid, world.now_s + 1, life_ms=LIFE_MS)
    world(revoke_issued_before, world.account_sid, world.now_s - 500, life_ms=LIFE_MS)
    assert not world.directory.permits(caller)
    assert not world.reloaded().permits(caller)


def test_revocation_is_forgotten_once_it_can_meet_no_token(world: World):
    life_ms = token_life_ms(world.settings)
    assert life_ms == LIFE_MS
    caller = world.accepted(world.token())
    revocation = world(revoke_token, world.account_sid, caller.digest.hex(), life_ms=life_ms)
    world.directory.forget(revocation.until_ms - 1)
    assert not world.directory.permits(caller)
    world.directory.forget(revocation.until_ms)
    assert world.directory.permits(caller)
    assert caller.expires_ms < revocation.until_ms
