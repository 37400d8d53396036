from typing import Any, cast

import pytest

from tests.support import records
from tests.support.world import World
from tsock.debugger import alerts
from tsock.debugger.alerts import NOBODY, Alert
from tsock.debugger.exchange import kept
from tsock.storage import journal
from tsock.storage.keyset import START, slice_at
from tsock.storage.store import Tx


def alert(world: World, number: int, **fields: Any) -> Alert:
    """Record one that happens at that second."""
    account_sid = fields.pop("account_sid", world.account_sid)
    made = records.alert(f"NO{number:032x}", account_sid, number * 1000, **fields)
    world(alerts.record, made)
    return made


def test_alert_is_found_as_it_was_recorded(world: World) -> None:
    exchange = kept("POST", "/x?Page=1", [("Ttl", "5")], status=400, response_body="no")
    made = alert(world, 1, resource_sid="SK0", denial_sid="DN0", repeats=2, exchange=exchange)
    assert world(alerts.find, made.sid) == made
    assert world(alerts.find, "NO2") is None


def test_latest_are_those_of_the_accounts_and_the_code_asked_for(world: World) -> None:
    first = alert(world, 1)
    other = alert(world, 2, account_sid="AC2", code=51215)
    nobodys = alert(world, 3, account_sid=NOBODY)
    assert world(alerts.latest, 10) == [nobodys, other, first]
    assert world(alerts.latest, 2) == [nobodys, other]
    assert world(alerts.latest, 10, accounts=[world.account_sid, "AC2"]) == [other, first]
    assert world(alerts.latest, 10, accounts=[]) == []
    assert world(alerts.latest, 10, code=20103) == [nobodys, first]
    assert world(alerts.latest, 1, accounts=[world.account_sid], code=20103) == [first]


def test_count_takes_in_repeats_since_a_time_and_of_some_accounts(world: World) -> None:
    alert(world, 1, repeats=100)
    made = alert(world, 5)
    alert(world, 6, account_sid="AC2")
    alert(world, 7, code=51215)
    world(alerts.repeat, made.sid, 3, 9000)
    world(alerts.repeat, made.sid, 1, 9500)
    found = world(alerts.find, made.sid)
    assert found is not None
    assert (found.repeats, found.updated_ms) == (4, 9500)
    assert world(alerts.count, 20103, 5000) == 6
    assert world(alerts.count, 20103, 5000, [world.account_sid]) == 5
    assert world(alerts.count, 20103, 0, [world.account_sid]) == 106
    assert world(alerts.count, 20103, 0, []) == 0
    assert world(alerts.count, 54301, 0) == 0


class Explainer:
    """In place of a transaction: tells how SQLite would find the rows."""

    def __init__(self, world: World) -> None:
        self._database = world.database
        self.plan: list[str] = []

    def all(self, sql: str, params: Any) -> list[Any]:
        self.plan += [row[3] for row in self._database.execute(f"EXPLAIN QUERY PLAN {sql}", params)]
        return []

    def one(self, sql: str, params: Any) -> None:
        self.all(sql, params)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        (alerts.latest, {"limit": 10, "accounts": ["AC1", "AC2"], "code": 20103}),
        (alerts.count, {"code": 20103, "since_ms": 5, "accounts": ["AC1", "AC2"]}),
    ],
)
def test_question_about_a_code_reads_an_index(world: World, query: Any, arguments: dict[str, Any]) -> None:
    explainer = Explainer(world)
    query(explainer, **arguments)
    assert any("alerts_by_code (account_sid=? AND code=?" in step for step in explainer.plan)
    assert not any(step.startswith("SCAN alerts") for step in explainer.plan)


@pytest.mark.sqlite
def test_page_of_an_account_reads_an_index_in_its_order(world: World) -> None:
    explainer = Explainer(world)
    where, params = journal.selected(
        world.account_sid, alerts.AlertFilter(level="error", from_ms=1, until_ms=2)
    )
    slice_at(cast("Tx", explainer), alerts.LISTING, where, params, START, 50)
    assert explainer.plan == ["SEARCH alerts USING INDEX alerts_by_account (account_sid=?)"]
