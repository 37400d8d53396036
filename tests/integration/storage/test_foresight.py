"""Rules of one transaction whose first claims leave together: each sees what those before it did."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import psycopg
import pytest

from tests.support import postgres
from tests.support.counters import ENDS_S, open_store
from tests.support.members import until
from tsock.storage.postgres.store import PostgresStore
from tsock.storage.store import Tx, fetched, written

SCHEMA = """
CREATE TABLE things (sid TEXT PRIMARY KEY, name TEXT UNIQUE, value BIGINT NOT NULL);
INSERT INTO things SELECT 'TH' || n, 'thing ' || n, 0 FROM generate_series(1, 9) n;
"""
BY_SID = "SELECT sid, value FROM things WHERE sid = :key"
BY_NAME = "SELECT sid, value FROM things WHERE name = :key"
VALUE = "SELECT value, sid FROM things WHERE sid = :key"
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted"
ALL = "SELECT sid, value FROM things ORDER BY sid"

Rule = Callable[[Tx], Any]


@pytest.fixture
def url() -> str:
    made = postgres.create()
    postgres.administer(made, SCHEMA)
    return made


@pytest.fixture
async def store(url: str) -> AsyncIterator[PostgresStore]:
    opened = open_store(url, write_connections=1)
    yield opened
    await opened.close()


async def together(store: PostgresStore, *rules: Rule) -> list[Any]:
    """What rules answered that are asked for in one turn, and so share a transaction."""
    async with asyncio.timeout(ENDS_S):
        return await asyncio.gather(*(written(store, rule) for rule in rules))


async def values(store: PostgresStore) -> dict[str, int]:
    return dict(await fetched(store, lambda tx: tx.all(ALL, {})))


def save(tx: Tx, sid: str, value: int) -> None:
    tx.run("UPDATE things SET value = :value WHERE sid = :sid", {"sid": sid, "value": value})


def counting(key: str, sql: str = BY_SID) -> Rule:
    """Add one to a thing that is claimed in some way; what it was before, or None where it is not there."""

    def rule(tx: Tx) -> int | None:
        row: Mapping[Any, Any] | Sequence[Any] | None = tx.claim(sql, {"key": key})
        if row is None:
            return None
        sid, value = (row[0], row[1]) if isinstance(row[0], str) else (row[1], row[0])
        save(tx, sid, value + 1)
        return value

    return rule


def moving(source: str, target: str) -> Rule:
    """Add a thing's value, and one, to another's; both claimed at once."""

    def rule(tx: Tx) -> None:
        rows = tx.claim_all(f"SELECT sid, value FROM things WHERE sid IN ('{source}', '{target}')", {})
        found = dict(rows)
        save(tx, target, found[source] + found[target] + 1)

    return rule


async def test_each_counts_its_own(store: PostgresStore) -> None:
    assert await together(store, *(counting(f"TH{n}") for n in range(1, 9))) == [0] * 8
    assert await values(store) == {f"TH{n}": int(n < 9) for n in range(1, 10)}


@pytest.mark.parametrize("first", [BY_SID, BY_NAME, VALUE])
@pytest.mark.parametrize("second", [BY_SID, BY_NAME, VALUE])
async def test_row_that_two_claim_in_whichever_way_is_counted_twice(
    store: PostgresStore, first: str, second: str
) -> None:
    ways = [counting("thing 1" if sql is BY_NAME else "TH1", sql) for sql in (first, second)]
    assert await together(store, counting("TH2"), *ways, counting("TH3")) == [0, 0, 1, 0]
    assert (await values(store))["TH1"] == 2


async def test_row_that_one_before_claimed_among_others_is_seen_as_that_left_it(store: PostgresStore) -> None:
    assert await together(store, counting("TH1"), moving("TH1", "TH2"), counting("TH2")) == [0, None, 2]
    assert await values(store) | {"TH1": 1, "TH2": 3} == await values(store)


async def test_row_that_one_before_made_or_removed_is_there_or_not(store: PostgresStore) -> None:
    def making(tx: Tx) -> None:
        tx.run("INSERT INTO things (sid, name, value) VALUES ('TH0', 'new', 7)", {})

    def removing(tx: Tx) -> None:
        assert tx.claim(BY_NAME, {"key": "thing 1"}) is not None
        tx.run("DELETE FROM things WHERE sid = 'TH1'", {})

    ended = await together(
        store, counting("TH2"), making, counting("TH0"), counting("new", BY_NAME), removing, counting("TH1")
    )
    assert ended == [0, None, 7, 8, None, None]
    assert (await values(store))["TH0"] == 9


async def test_row_that_somebody_else_holds_keeps_no_other_rule_waiting(
    url: str, store: PostgresStore
) -> None:
    with psycopg.connect(url) as other:
        other.execute("UPDATE things SET value = 5 WHERE sid = 'TH2'")
        ends = [asyncio.ensure_future(written(store, counting(f"TH{n}"))) for n in (1, 2, 3)]
        async with asyncio.timeout(ENDS_S):
            assert (await ends[0], await ends[2]) == (0, 0)
        other.commit()
    assert await ends[1] == 5


async def test_first_row_that_somebody_else_holds_is_waited_for(url: str, store: PostgresStore) -> None:
    with psycopg.connect(url) as other:
        other.execute("UPDATE things SET value = 5 WHERE sid = 'TH1'")
        ended = asyncio.ensure_future(together(store, counting("TH1"), counting("TH2")))
        with psycopg.connect(url, autocommit=True) as looking:
            await until(lambda: looking.execute(WAITING).fetchone(), "it to wait")
        other.commit()
    assert await ended == [5, 0]


async def test_rule_that_begins_otherwise_each_time_it_runs_claims_what_it_says_last(
    store: PostgresStore,
) -> None:
    keys = iter(["TH1", "TH2"])

    def changing(tx: Tx) -> Any:
        return counting(next(keys))(tx)

    assert await together(store, counting("TH3"), changing) == [0, 0]
    assert await values(store) | {"TH1": 0, "TH2": 1} == await values(store)


async def test_rules_that_fail_or_ask_for_nothing_are_answered_as_ever(store: PostgresStore) -> None:
    def refusing(tx: Tx) -> None:
        raise LookupError

    rules = [counting("TH1"), lambda tx: "nothing", counting("TH2"), refusing]
    async with asyncio.timeout(ENDS_S):
        ended = await asyncio.gather(*(written(store, rule) for rule in rules), return_exceptions=True)
    assert ended[:3] == [0, "nothing", 0]
    assert isinstance(ended[3], LookupError)


async def test_name_that_somebody_else_locked_is_waited_for_by_the_first_rule(
    url: str, store: PostgresStore
) -> None:
    runs = list[str]()

    def noting(rule: Rule, name: str) -> Rule:
        def noted(tx: Tx) -> Any:
            found = rule(tx)
            runs.append(name)
            return found

        return noted

    def locking(tx: Tx) -> Any:
        tx.lock("x")
        return tx.one(BY_SID, {"key": "TH9"})

    with psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('x', 0))")
        rules = [noting(counting(f"TH{n}"), f"TH{n}") for n in range(1, 4)]
        ended = asyncio.ensure_future(together(store, noting(locking, "lock"), *rules))
        with psycopg.connect(url, autocommit=True) as looking:
            await until(lambda: looking.execute(WAITING).fetchone(), "it to wait")
        other.commit()
    await ended
    assert runs == ["lock", "TH1", "TH2", "TH3"]
