"""Who may see which account: every kind of credentials (`docs/howto/accounts-and-keys.md`)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.world import World
from tsock.accounts.accounts import set_status
from tsock.accounts.keys import delete_key
from tsock.accounts.principal import Principal
from tsock.accounts.records import Account
from tsock.accounts.scope import account_in_scope, accounts_in_scope, key_in_scope
from tsock.errors import ApiError
from tsock.storage.keyset import START


class Family:
    """A main account, a subaccount of it and another account; a key of each."""

    def __init__(self, world: World) -> None:
        self.world = world
        main = world.directory.account(world.account_sid)
        assert main is not None
        self.main = main
        world.now_ms += 1
        self.sub, sub_key = world.subaccount()
        world.now_ms += 1
        self.other, other_key = world.another_account()
        self.keys = {main.sid: world.key, self.sub.sid: sub_key, self.other.sid: other_key}

    def by_token(self, account: Account) -> Principal:
        return Principal(account, None, "192.0.2.1")

    def by_key(self, account: Account, kind: str) -> Principal:
        policy = '{"allow": []}' if kind == "restricted" else None
        key, _ = self.world.key_made(account.sid, kind=kind, policy=policy)
        return Principal(account, key, "192.0.2.1")

    def seen(self, principal: Principal) -> list[str]:
        """The SIDs that the principal sees; the three ways of asking must agree."""
        sids = [account.sid for account in (self.other, self.sub, self.main)]
        found = [sid for sid in sids if self._is_found(account_in_scope, principal, sid)]
        listed, _ = self.world(accounts_in_scope, principal, START, 10, friendly_name=None, status=None)
        assert [account.sid for account in listed] == found
        keys_of = [sid for sid in sids if self._is_found(key_in_scope, principal, self.keys[sid].key_sid)]
        assert keys_of == found
        return found

    def _is_found(self, rule: Callable[..., Any], principal: Principal, sid: str) -> bool:
        try:
            return self.world(rule, principal, sid).sid == sid
        except ApiError as error:
            if error.code != 20404:
                raise
            return False


@pytest.fixture
def family(world: World) -> Family:
    return Family(world)


def test_auth_token_and_main_key_of_a_main_account_see_its_subaccounts(family: Family) -> None:
    for principal in (family.by_token(family.main), family.by_key(family.main, "main")):
        assert family.seen(principal) == [family.sub.sid, family.main.sid]


@pytest.mark.parametrize("kind", ["standard", "restricted"])
def test_other_key_sees_its_own_account_alone(family: Family, kind: str) -> None:
    for account in (family.main, family.sub):
        assert family.seen(family.by_key(account, kind)) == [account.sid]


def test_main_key_of_a_subaccount_or_of_another_account_sees_that_alone(family: Family) -> None:
    for account in (family.sub, family.other):
        assert family.seen(family.by_key(account, "main")) == [account.sid]


def test_auth_token_of_a_subaccount_sees_itself_alone(family: Family) -> None:
    assert family.seen(family.by_token(family.sub)) == [family.sub.sid]


def test_closed_subaccount_is_still_seen(family: Family) -> None:
    family.world(set_status, family.sub.sid, "closed")
    assert family.sub.sid in family.seen(family.by_token(family.main))


def test_deleted_key_is_not_found(family: Family) -> None:
    world = family.world
    sid = world.another_key().key_sid
    world(delete_key, world.account_sid, sid)
    with pytest.raises(ApiError, match="see no key"):
        world(key_in_scope, family.by_token(family.main), sid)


def test_what_is_hidden_reads_like_what_does_not_exist(family: Family) -> None:
    def text(sid: str) -> str:
        with pytest.raises(ApiError) as error:
            family.world(account_in_scope, family.by_token(family.sub), sid)
        return error.value.message.replace(sid, "…")

    assert text(family.main.sid) == text("AC" + "0" * 32)


def test_filters_select_by_exact_name_and_own_status(family: Family) -> None:
    world, main = family.world, family.by_token(family.main)
    world(set_status, family.sub.sid, "suspended")

    def listed(**filters: str | None) -> list[str]:
        filters = {"friendly_name": None, "status": None, **filters}
        return [account.sid for account in world(accounts_in_scope, main, START, 10, **filters)[0]]

    assert listed(friendly_name=family.main.friendly_name) == [family.main.sid]
    assert listed(friendly_name=family.main.friendly_name.lower()) == []
    assert listed(status="suspended") == [family.sub.sid]
    assert listed(status="active", friendly_name=family.sub.friendly_name) == []
