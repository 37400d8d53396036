"""What a browser keeps of a sign-in, and what ends it."""

import pytest

from tests.support.world import World
from tsock.accounts.accounts import create_secondary_token, promote_secondary_token, rotate_auth_token
from tsock.accounts.keys import delete_key
from tsock.accounts.principal import Principal
from tsock.accounts.secrets import Vault
from tsock.accounts.sign_ins import LIFE_S, SignIns

ADDRESS = "192.0.2.7"


@pytest.fixture
def world() -> World:
    return World()


def sign_ins(world: World, vault: Vault | None = None) -> SignIns:
    return SignIns(world.directory, vault or world.vault, lambda: world.now_ms)


def issued(world: World, who: Principal, vault: Vault | None = None) -> str:
    """By the Auth Token, or the secret of the key."""
    secret = world.auth_token.encode() if who.key is None else world.directory.key_secret(who.key)
    return sign_ins(world, vault).issue(who, secret)


def principal(world: World, *, with_key: bool = False) -> Principal:
    account = world.directory.account(world.account_sid)
    assert account is not None
    key = world.key_made(account.sid, kind="main")[0] if with_key else None
    return Principal(account, key, ADDRESS)


@pytest.mark.parametrize("with_key", [False, True])
def test_it_stands_for_whom_it_was_issued_until_its_time_is_over(world: World, with_key: bool) -> None:
    who = principal(world, with_key=with_key)
    text = issued(world, who)
    assert sign_ins(world).holder(text, ADDRESS) == who
    world.now_ms += LIFE_S * 1000 - 1000
    assert sign_ins(world).holder(text, ADDRESS) == who
    world.now_ms += 1000
    assert sign_ins(world).holder(text, ADDRESS) is None


def test_it_holds_no_secret_and_is_fit_for_a_cookie(world: World) -> None:
    who = principal(world, with_key=True)
    text = issued(world, who)
    assert who.key is not None
    for secret in (world.auth_token, world.directory.key_secret(who.key).decode()):
        assert secret not in text
    assert not set(text) & set(' ",;\\=')


def test_rotated_auth_token_and_deleted_key_end_it_at_once(world: World) -> None:
    by_token = issued(world, principal(world))
    who = principal(world, with_key=True)
    by_key = issued(world, who)
    world(rotate_auth_token, world.vault, world.account_sid)
    assert sign_ins(world).holder(by_token, ADDRESS) is None
    assert sign_ins(world).holder(by_key, ADDRESS) is not None
    assert who.key is not None
    world(delete_key, world.account_sid, who.key.sid)
    assert sign_ins(world).holder(by_key, ADDRESS) is None


def test_one_by_the_secondary_auth_token_goes_on_after_its_promotion_and_ends_with_it(world: World) -> None:
    _, secondary = world(create_secondary_token, world.vault, world.account_sid)
    by_first = issued(world, principal(world))
    by_second = sign_ins(world).issue(principal(world), secondary.encode())
    assert sign_ins(world).holder(by_second, ADDRESS) is not None
    world(promote_secondary_token, world.account_sid)
    assert sign_ins(world).holder(by_first, ADDRESS) is None
    assert sign_ins(world).holder(by_second, ADDRESS) is not None
    world(rotate_auth_token, world.vault, world.account_sid)
    assert sign_ins(world).holder(by_second, ADDRESS) is None


def test_whatever_else_comes_stands_for_nobody(world: World) -> None:
    who = principal(world, with_key=True)
    assert who.key is not None
    text = issued(world, who)
    account_sid, key_sid, until_s, mac = text.split(".")
    other = issued(world, who, Vault(b"n" * 32))
    longer = f"{account_sid}.{key_sid}.{int(until_s) + 1}.{mac}"
    without_key = f"{account_sid}..{until_s}.{mac}"
    junk = [
        "",
        ".",
        "...",
        "\N{SNOWMAN}",
        f"{account_sid}.{key_sid}.x.{mac}",
        f"AC.{key_sid}.{until_s}.{mac}",
    ]
    for forged in (other, longer, without_key, text[:-1], text + "0", text.upper(), *junk):
        assert sign_ins(world).holder(forged, ADDRESS) is None, forged
