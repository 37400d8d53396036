"""Records and their rows."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.world import World
from tsock.accounts import accounts, keys, services, tables
from tsock.accounts.caller import SYNC
from tsock.accounts.principal import Principal
from tsock.accounts.records import ApiKey
from tsock.accounts.scope import accounts_in_scope
from tsock.storage.keyset import START


class Explained:
    """A transaction that asks the database how it answers each list."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.plans: list[str] = []

    def all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        steps = self._world.tx.all(f"EXPLAIN QUERY PLAN {sql}", params)
        self.plans.append("; ".join(step[3] for step in steps))
        return self._world.tx.all(sql, params)


@pytest.mark.sqlite
def test_lists_are_read_from_an_index_in_their_order(world: World) -> None:
    sub, _ = world.subaccount()
    account = world.directory.account(world.account_sid)
    assert account is not None
    behind = world(tables.behind, type(account), sub.sid)
    tx: Any = Explained(world)
    world.tx.begin_rule(world.now_ms, world.now_ms)
    for place in (START, behind):
        accounts.list_accounts(tx, place, 2)
        accounts.list_subaccounts(tx, account.sid, place, 2)
        keys.list_keys(tx, account.sid, place, 2)
        services.list_services(tx, account.sid, SYNC, place, 2)
        by_token = Principal(account, None, "")
        accounts_in_scope(tx, by_token, place, 2, friendly_name="x", status="active")
    assert len(tx.plans) >= 10
    for plan in tx.plans:
        assert "INDEX" in plan, plan
        assert "TEMP B-TREE" not in plan, plan


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_page_by_page_every_key_is_seen_once_also_among_those_of_one_moment(world: World, size: int) -> None:
    made = {world.key.key_sid, *(world.another_key().key_sid for _ in range(6))}
    found: list[str] = []
    place = START
    while place is not None:
        page, beside = world(tables.newest, ApiKey, "TRUE", place, size)
        found += [key.sid for key in page]
        place = beside.next
    assert len(found) == 7
    assert set(found) == made
