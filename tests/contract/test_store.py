"""The contract of `Store`, kept by every implementation."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tsock.clock import Clock
from tsock.errors import ApiError, StoreBusy, StoreDown
from tsock.ids import Ids
from tsock.storage.sqlite.store import SqliteStore
from tsock.storage.store import Tx, fetched, written, written_aside
from tsock.telemetry.metrics import Metrics

PUT = "INSERT INTO notes (name, text) VALUES (:name, :text) ON CONFLICT (name) DO UPDATE SET text = :text"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = open_store(tmp_path)
    await written(opened, lambda tx: tx.run("CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT)", {}))
    yield opened
    await opened.close()


def open_store(folder: Path, **limits: Any) -> SqliteStore:
    return SqliteStore(folder / "tsock.db", clock=Clock(), ids=Ids(), metrics=Metrics(), **limits)


def put(name: str, text: str) -> Callable[[Tx], str]:
    def rule(tx: Tx) -> str:
        tx.run(PUT, {"name": name, "text": text})
        tx.emit((name, text))
        return text

    return rule


def text_of(name: str) -> Callable[[Tx], str | None]:
    def query(tx: Tx) -> str | None:
        row = tx.one("SELECT text FROM notes WHERE name = :name", {"name": name})
        return row[0] if row else None

    return query


async def test_write_returns_what_the_rule_returned_and_is_seen_by_the_next_read(store: SqliteStore) -> None:
    assert await written(store, put("a", "1")) == "1"
    assert await fetched(store, text_of("a")) == "1"


async def test_writes_commit_in_the_order_in_which_they_were_asked_for(store: SqliteStore) -> None:
    facts: list[Any] = []
    store.listen(facts.extend)
    await asyncio.gather(*(written(store, put("a", str(n))) for n in range(500)))
    assert facts == [("a", str(n)) for n in range(500)]
    assert await fetched(store, text_of("a")) == "499"


async def test_the_replies_of_a_commit_precede_its_facts_both_in_order(
    store: SqliteStore,
) -> None:
    seen: list[Any] = []
    store.listen(lambda facts: seen.extend(("fact", fact) for fact in facts))
    finished = asyncio.Event()

    def done(result: Any, error: Exception | None) -> None:
        seen.append(("reply", result))
        if result == "2":
            finished.set()

    store.write(put("a", "1"), done)
    store.write(put("b", "2"), done)
    await finished.wait()
    await asyncio.sleep(0)
    assert seen == [("reply", "1"), ("reply", "2"), ("fact", ("a", "1")), ("fact", ("b", "2"))]


async def test_a_rule_that_raises_leaves_no_trace_and_does_not_touch_its_neighbours(
    store: SqliteStore,
) -> None:
    facts: list[Any] = []
    store.listen(facts.extend)

    def refused(tx: Tx) -> None:
        put("bad", "x")(tx)
        raise ApiError(409, 54301, "Unique name already exists")

    results = await asyncio.gather(
        written(store, put("a", "1")),
        written(store, refused),
        written(store, put("b", "2")),
        return_exceptions=True,
    )
    assert results[0] == "1"
    assert isinstance(results[1], ApiError)
    assert results[2] == "2"
    assert await fetched(store, text_of("bad")) is None
    assert facts == [("a", "1"), ("b", "2")]


async def test_a_mistake_in_a_statement_is_the_error_of_that_rule_alone(store: SqliteStore) -> None:
    good, bad = await asyncio.gather(
        written(store, put("a", "1")),
        written(store, lambda tx: tx.run("INSERT INTO nowhere VALUES (1)", {})),
        return_exceptions=True,
    )
    assert good == "1"
    assert isinstance(bad, sqlite3.OperationalError)
    assert store.down is None


async def test_a_read_asked_for_during_a_commit_is_answered_after_the_facts_of_that_commit(
    store: SqliteStore,
) -> None:
    seen: list[Any] = []
    store.listen(seen.extend)
    committing, go_on = threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        put("a", "1")(tx)
        committing.set()
        go_on.wait(10)

    writing = asyncio.ensure_future(written_aside(store, slow))
    await asyncio.to_thread(committing.wait, 10)
    reading = asyncio.ensure_future(fetched(store, lambda tx: (text_of("a")(tx), list(seen))))
    await asyncio.sleep(0)
    go_on.set()
    await writing
    assert await reading == ("1", [("a", "1")])


async def test_more_waiting_writes_than_the_limit_are_refused_with_store_busy(tmp_path: Path) -> None:
    store = open_store(tmp_path, waiting_max=2)
    create = "CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT)"
    await written(store, lambda tx: tx.run(create, {}))
    results = await asyncio.gather(
        *(written(store, put("a", str(n))) for n in range(3)), return_exceptions=True
    )
    assert results[:2] == ["0", "1"]
    assert isinstance(results[2], StoreBusy)
    await store.close()


async def test_a_group_larger_than_the_limit_is_split_and_keeps_its_order(tmp_path: Path) -> None:
    store = open_store(tmp_path, group_max=3)
    facts: list[Any] = []
    store.listen(facts.extend)
    create = "CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT)"
    await written(store, lambda tx: tx.run(create, {}))
    await asyncio.gather(*(written(store, put("a", str(n))) for n in range(10)))
    assert facts == [("a", str(n)) for n in range(10)]
    await store.close()


async def test_a_failed_commit_fails_its_whole_group_keeps_reads_alive_and_heals(
    store: SqliteStore,
) -> None:
    facts: list[Any] = []
    store.listen(facts.extend)
    await written(store, put("a", "before"))
    fill_disk(store)
    results = await asyncio.gather(
        *(written(store, put(f"k{n}", "x" * 100_000)) for n in range(3)), return_exceptions=True
    )
    assert all(isinstance(result, StoreDown) for result in results)
    assert store.down is not None
    assert await fetched(store, text_of("a")) == "before"
    assert await fetched(store, text_of("k0")) is None
    free_disk(store)
    async with asyncio.timeout(10):
        while store.down is not None:  # noqa: ASYNC110 - heals by itself
            await asyncio.sleep(0)
    assert await written(store, put("k0", "after")) == "after"
    assert facts == [("a", "before"), ("k0", "after")]


def fill_disk(store: SqliteStore) -> None:
    """As good as a full disk: SQLite answers SQLITE_FULL when the file may not grow."""
    store._writer.execute("PRAGMA max_page_count = 1")  # pyright: ignore[reportPrivateUsage]


def free_disk(store: SqliteStore) -> None:
    store._writer.execute("PRAGMA max_page_count = 1000000")  # pyright: ignore[reportPrivateUsage]


async def test_what_was_written_is_there_after_the_store_was_opened_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    create = "CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT)"
    await written(store, lambda tx: tx.run(create, {}))
    await written(store, put("a", "1"))
    await store.close()
    again = open_store(tmp_path)
    assert await fetched(again, text_of("a")) == "1"
    await again.close()


async def test_work_put_aside_runs_off_the_loop_and_takes_turns_with_other_writes(store: SqliteStore) -> None:
    order: list[str] = []
    loop_thread = threading.get_ident()

    def aside(tx: Tx) -> None:
        assert threading.get_ident() != loop_thread
        order.append("aside")
        put("big", "1")(tx)

    def direct(tx: Tx) -> None:
        order.append("write")
        put("small", "1")(tx)

    await asyncio.gather(
        *(f for _ in range(3) for f in (written_aside(store, aside), written(store, direct)))
    )
    assert sorted(order) == ["aside"] * 3 + ["write"] * 3
    assert order != ["aside"] * 3 + ["write"] * 3


async def test_a_rule_that_misuses_the_database_is_answered_and_leaves_no_trace(store: SqliteStore) -> None:
    def half(tx: Tx) -> None:
        put("half", "1")(tx)
        tx.run(PUT, {"name": "without its text"})

    with pytest.raises(sqlite3.ProgrammingError):
        await written(store, half)
    await written(store, put("next", "1"))
    assert await fetched(store, text_of("half")) is None
