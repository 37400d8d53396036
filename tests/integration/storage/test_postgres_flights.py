"""Rules that share a transaction of PostgreSQL, each as if it were alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from tests.support.counters import ENDS_S, claimed, counted, database, open_store, value_of
from tsock.errors import ApiError, StoreDown
from tsock.storage.postgres.store import PostgresStore
from tsock.storage.store import Tx, fetched, written, written_aside

NAME = "INSERT INTO names (name) VALUES (:name)"


@pytest.fixture
def url() -> str:
    return database()


@pytest.fixture
async def store(url: str) -> AsyncIterator[PostgresStore]:
    """What is written at the same time shares a transaction, since there is one connection."""
    opened = open_store(url, write_connections=1)
    yield opened
    await opened.close()


async def ends(store: PostgresStore, *rules: Callable[[Tx], Any]) -> list[Any]:
    """How each of rules ended that share a transaction."""
    async with asyncio.timeout(ENDS_S):
        return await asyncio.gather(*(written(store, rule) for rule in rules), return_exceptions=True)


def names(tx: Tx) -> list[str]:
    return [name for (name,) in tx.all("SELECT name FROM names ORDER BY name", {})]


async def test_rule_that_catches_an_error_of_the_database_fails_with_it_all_the_same(
    store: PostgresStore,
) -> None:
    def keeps_quiet(tx: Tx) -> str:
        tx.run(NAME, {"name": "quiet"})
        with suppress(psycopg.Error):
            tx.one("SELECT 1 / 0", {})
        return "stored"

    found = await ends(store, counted("c1"), keeps_quiet, counted("c2"))
    assert found[::2] == [[0], [0]]
    assert isinstance(found[1], psycopg.errors.DivisionByZero)
    assert [await fetched(store, value_of(name)) for name in ("c1", "c2")] == [1, 1]
    assert await fetched(store, names) == []


async def test_rule_that_catches_whatever_its_claim_raises_waits_for_what_somebody_else_holds(
    url: str, store: PostgresStore
) -> None:
    def tries(tx: Tx) -> Any:
        with suppress(Exception):
            return claimed(tx, "c2")
        return "given up"

    with psycopg.connect(url) as other:
        other.execute("UPDATE counters SET value = 7 WHERE name = 'c2'")
        first, second = written(store, counted("c1")), asyncio.ensure_future(written(store, tries))
        assert await first == [0]
        other.commit()
    assert await second == 7


async def test_name_that_somebody_else_locked_is_waited_for_whichever_rule_meets_it(
    url: str, store: PostgresStore
) -> None:
    def number(tx: Tx) -> None:
        tx.lock("names")
        tx.run("INSERT INTO names (name) SELECT 'n' || count(*) FROM names", {})

    with psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('names', 0))")
        first = asyncio.ensure_future(written(store, counted("c1")))
        numbered = asyncio.ensure_future(written(store, number))
        last = asyncio.ensure_future(written(store, counted("c2")))
        await first
        other.execute("INSERT INTO names (name) VALUES ('before')")
        other.commit()
    await asyncio.gather(numbered, last)
    assert await fetched(store, names) == ["before", "n1"]


@pytest.mark.parametrize("many", [False, True])
async def test_first_row_is_claimed_and_not_the_first_that_is_free(
    url: str, store: PostgresStore, many: bool
) -> None:
    def claim(tx: Tx) -> Any:
        if many:
            return tx.claim_all("SELECT name FROM counters ORDER BY name LIMIT 2", {})
        return tx.claim("SELECT name FROM counters ORDER BY name LIMIT 1", {})

    with psycopg.connect(url) as other:
        other.execute("UPDATE counters SET value = 7 WHERE name = 'c1'")
        first, second = written(store, counted("c8")), asyncio.ensure_future(written(store, claim))
        await first
        other.commit()
    assert await second == ([("c1",), ("c2",)] if many else ("c1",))


async def test_row_that_was_written_to_be_returned_goes_with_the_rule_that_fails(
    store: PostgresStore,
) -> None:
    def refused(tx: Tx) -> None:
        tx.one(f"{NAME} RETURNING name", {"name": "n"})
        raise ApiError(409, 54301, "Unique name already exists")

    found = await ends(store, counted("c1"), refused)
    assert found[0] == [0]
    assert isinstance(found[1], ApiError)
    assert await fetched(store, names) == []


async def test_rule_that_meets_its_own_row_again_and_again_is_told_so(store: PostgresStore) -> None:
    def twice(tx: Tx) -> None:
        for _ in range(2):
            tx.run(NAME, {"name": "n"})

    found = await ends(store, counted("c1"), twice)
    assert found[0] == [0]
    assert isinstance(found[1], psycopg.errors.UniqueViolation)
    assert store.down is None


async def test_text_is_stored_whole_or_refused(store: PostgresStore) -> None:
    with pytest.raises(ValueError, match=r"U\+0000"):
        await written(store, lambda tx: tx.run(NAME, {"name": "one\0two"}))
    assert await fetched(store, names) == []


async def test_who_fails_after_writing_leaves_the_others_together(store: PostgresStore) -> None:
    def refused(tx: Tx) -> None:
        tx.count(NAME, {"name": "n"})
        raise ApiError(409, 54301, "Unique name already exists")

    def transaction(tx: Tx) -> Any:
        tx.run("UPDATE counters SET version = version + 1", {})
        row = tx.one("SELECT pg_current_xact_id()::text", {})
        assert row is not None
        return row[0]

    found = await ends(store, *[transaction] * 10, refused, *[transaction] * 10)
    assert isinstance(found.pop(10), ApiError)
    assert len(set(found)) <= 2  # those before it and those behind it
    assert await fetched(store, names) == []


async def test_database_keeps_each_statement_once_however_many_there_are(store: PostgresStore) -> None:
    def claims(tx: Tx) -> int:
        for number in range(300):
            tx.claim(f"SELECT {number} FROM counters WHERE name = :name", {"name": "none"})
        row = tx.one("SELECT count(*) FROM pg_prepared_statements", {})
        assert row is not None
        return row[0]

    await written(store, claims)
    assert await written(store, claims) == await written(store, claims)


async def test_large_values_go_and_come_at_the_same_time(store: PostgresStore) -> None:
    def mirrors(tx: Tx) -> bool:
        batches = [str(number) * 3_000_000 for number in range(1, 6)]
        for text in batches:
            tx.run("INSERT INTO names (name) VALUES (left(:text, 1))", {"text": text})
        rows = tx.all("SELECT :a::text, :b::text, :c::text", dict(zip("abc", batches, strict=False)))
        return rows == [tuple(batches[:3])]

    found = await ends(store, mirrors, counted("c1"))
    assert found == [True, [0]]
    assert await fetched(store, names) == ["1", "2", "3", "4", "5"]


async def test_connection_to_a_server_that_stores_no_more_is_given_up(store: PostgresStore) -> None:
    """What was the primary before a failover, and others write elsewhere."""
    await written(store, lambda tx: tx.one("SET default_transaction_read_only = on", {}))
    with pytest.raises(StoreDown, match="read-only"):
        await written(store, counted("c1"))
    async with asyncio.timeout(ENDS_S):
        while store.down is not None:  # noqa: ASYNC110 - heals by itself
            await asyncio.sleep(0)
    assert await written(store, counted("c1")) == [0]


async def test_work_aside_is_not_waited_for_longer_than_other_work(url: str) -> None:
    store = open_store(url, wait_s=0.1)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE counters IN ACCESS EXCLUSIVE MODE")
        async with asyncio.timeout(3):
            with pytest.raises(StoreDown):
                await written_aside(store, counted("c1"))
        other.rollback()
    assert await written_aside(store, counted("c1")) == [0]
    await store.close()
