from collections.abc import Callable
from typing import Any

import pytest

from tests.support.world import World
from tsock.accounts.accounts import (
    create_account,
    create_subaccount,
    list_subaccounts,
    rename_account,
    rotate_auth_token,
    set_debugger_url,
    set_status,
    set_subaccount_status,
)
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.records import Account, Service
from tsock.errors import ApiError
from tsock.settings import Settings
from tsock.storage.keyset import START


def refused(world: World, rule: Callable[..., object], *args: Any, **named: Any) -> tuple[int, int]:
    with pytest.raises(ApiError) as error:
        world(rule, *args, **named)
    return error.value.status, error.value.code


def test_new_account_comes_with_credentials_and_default_services(world: World):
    account = world(create_account, world.vault, "Acme")
    assert (account.friendly_name, account.status, account.owner_sid) == ("Acme", "active", None)
    assert (account.created_ms, account.updated_ms) == (world.now_ms, world.now_ms)
    auth_token = world.vault.open(account.sid, account.auth_token)
    test_token = world.vault.open(account.test_sid, account.test_token)
    assert len({auth_token, test_token, world.auth_token}) == 3
    assert account.test_sid != account.sid
    services = [fact for fact in world.facts if isinstance(fact, Service)]
    assert [(s.account_sid, s.product, s.unique_name) for s in services] == [
        (account.sid, SYNC, "default"),
        (account.sid, CHAT, "default"),
    ]
    assert [fact for fact in world.facts if isinstance(fact, Account)] == [account]


def test_subaccount_has_an_owner_and_a_default_name(world: World):
    sub = world(create_subaccount, world.vault, world.settings, world.account_sid)
    assert (sub.owner_sid, sub.friendly_name) == (
        world.account_sid,
        "SubAccount Created at 2023-11-14 10:15 pm",
    )


def test_subaccount_needs_an_active_main_account(world: World):
    sub, _ = world.subaccount()
    assert refused(world, create_subaccount, world.vault, world.settings, sub.sid) == (403, 20006)
    assert refused(world, create_subaccount, world.vault, world.settings, "AC" + "0" * 32) == (404, 20404)
    world(set_status, world.account_sid, "suspended")
    assert refused(world, create_subaccount, world.vault, world.settings, world.account_sid) == (403, 20005)


def test_closed_subaccounts_make_room_for_new_ones(world: World):
    world.settings = Settings(subaccounts_per_account_max=2)
    first, _ = world.subaccount()
    world.subaccount()
    assert refused(world, create_subaccount, world.vault, world.settings, world.account_sid) == (403, 21480)
    world(set_status, first.sid, "closed")
    assert world(create_subaccount, world.vault, world.settings, world.account_sid).status == "active"


@pytest.mark.parametrize("name", ["", "  ", "x" * 65])
def test_name_must_have_1_to_64_characters(world: World, name: str):
    assert refused(world, create_account, world.vault, name) == (400, 20002)
    assert refused(world, create_subaccount, world.vault, world.settings, world.account_sid, name) == (
        400,
        20002,
    )
    assert refused(world, rename_account, world.account_sid, name) == (400, 20002)


def test_renamed_account_keeps_everything_else(world: World):
    before = world.directory.account(world.account_sid)
    world.now_ms += 5
    after = world(rename_account, world.account_sid, "x" * 64)
    assert before is not None
    assert (after.friendly_name, after.updated_ms, after.created_ms) == (
        "x" * 64,
        world.now_ms,
        before.created_ms,
    )
    assert after.auth_token == before.auth_token


def test_rotated_auth_token_changes_nothing_for_access_tokens(world: World):
    token = world.token()
    fresh = world(rotate_auth_token, world.vault, world.account_sid)
    assert fresh != world.auth_token
    assert world.accepted(token)


def test_operator_may_set_the_status_of_any_account_until_it_is_closed(world: World):
    for status in ("suspended", "active", "closed"):
        assert world(set_status, world.account_sid, status).status == status
    for status in ("active", "suspended", "closed"):
        assert refused(world, set_status, world.account_sid, status) == (400, 21479)


def test_operator_is_told_which_status_is_none(world: World):
    assert refused(world, set_status, world.account_sid, "Active") == (400, 21475)


def test_owner_suspends_activates_and_closes_its_subaccount(world: World):
    sub, _ = world.subaccount()
    world.now_ms += 9
    for status in ("suspended", "active", "closed"):
        changed = world(set_subaccount_status, world.account_sid, sub.sid, status)
        assert (changed.status, changed.updated_ms) == (status, world.now_ms)
    for status in ("active", "suspended", "closed"):
        assert refused(world, set_subaccount_status, world.account_sid, sub.sid, status) == (400, 21479)


def test_owner_sets_no_status_but_its_subaccounts(world: World):
    sub, _ = world.subaccount()
    another, _ = world.another_account()
    rule = set_subaccount_status
    assert refused(world, rule, world.account_sid, sub.sid, "1") == (400, 21475)
    assert refused(world, rule, world.account_sid, world.account_sid, "suspended") == (400, 21477)
    assert refused(world, rule, sub.sid, sub.sid, "closed") == (403, 20006)
    assert refused(world, rule, another.sid, sub.sid, "closed") == (403, 20006)
    assert refused(world, rule, world.account_sid, "AC" + "0" * 32, "closed") == (404, 20404)


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_subaccount_of_an_inactive_owner_keeps_its_status(world: World, status: str):
    sub, _ = world.subaccount()
    world(set_status, world.account_sid, status)
    assert refused(world, set_subaccount_status, world.account_sid, sub.sid, "suspended") == (403, 21476)


def test_suspension_by_the_operator_is_lifted_by_the_operator_alone(world: World):
    sub, _ = world.subaccount()
    rule = set_subaccount_status, world.account_sid, sub.sid
    world(*rule, "suspended")
    world(set_status, sub.sid, "suspended")
    for status in ("active", "suspended", "closed"):
        assert refused(world, *rule, status) == (403, 21478)
    world(set_status, sub.sid, "active")
    assert world(*rule, "suspended").status == "suspended"
    assert world(*rule, "active").status == "active"


def test_operator_closes_what_it_suspended(world: World):
    sub, _ = world.subaccount()
    world(set_status, sub.sid, "suspended")
    world(set_status, sub.sid, "closed")
    assert refused(world, set_subaccount_status, world.account_sid, sub.sid, "active") == (400, 21479)


def test_subaccounts_are_listed_a_page_at_a_time_the_newest_first(world: World):
    made: list[str] = []
    for _ in range(3):
        world.now_ms += 1
        made.append(world.subaccount()[0].sid)
    first, beside = world(list_subaccounts, world.account_sid, START, 2)
    assert beside.next is not None
    rest, _ = world(list_subaccounts, world.account_sid, beside.next, 2)
    assert [account.sid for account in first + rest] == made[::-1]


def test_debugger_url_is_an_absolute_web_url_or_none(world: World):
    url = "https://example.com/" + "x" * 492
    assert world(set_debugger_url, world.vault, world.account_sid, url).debugger_url == url
    assert world(set_debugger_url, world.vault, world.account_sid, None).debugger_url is None
    for text in (f"{url}x", "example.com/alerts", "ftp://example.com", ""):
        assert refused(world, set_debugger_url, world.vault, world.account_sid, text) == (400, 11321)
