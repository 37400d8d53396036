"""The contract of `Store`, kept by every implementation."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.stores import IMPLEMENTATIONS, Stores
from tsock.clock import Clock
from tsock.errors import ApiError, StoreBusy, StoreDown
from tsock.events import Fact
from tsock.storage import progress
from tsock.storage.store import Seen, Store, Tx, fetched, written, written_aside

CREATE = "CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT)"
PUT = "INSERT INTO notes (name, text) VALUES (:name, :text) ON CONFLICT (name) DO UPDATE SET text = :text"
GET = "SELECT text FROM notes WHERE name = :name"


class Note(Fact, frozen=True):
    """What the rules of this suite announce."""

    name: str
    text: str


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda each: each.name)
def stores(request: pytest.FixtureRequest) -> Stores:
    return request.param


@pytest.fixture
async def store(stores: Stores, tmp_path: Path) -> AsyncIterator[Store]:
    opened = stores.open(tmp_path)
    await written(opened, lambda tx: tx.run(CREATE, {}))
    yield opened
    await opened.close()


def put(name: str, text: str) -> Callable[[Tx], str]:
    def rule(tx: Tx) -> str:
        tx.run(PUT, {"name": name, "text": text})
        tx.emit(Note(name, text))
        return text

    return rule


def text_of(name: str) -> Callable[[Tx], str | None]:
    def query(tx: Tx) -> str | None:
        row = tx.one(GET, {"name": name})
        return row[0] if row else None

    return query


async def test_write_returns_what_the_rule_returned_and_is_seen_by_the_next_read(store: Store) -> None:
    assert await written(store, put("a", "1")) == "1"
    assert await fetched(store, text_of("a")) == "1"


class Asked:
    """Writes of one lane, and how they ended."""

    def __init__(self, store: Store, lane: str) -> None:
        self._store = store
        self._lane = lane
        self.results: list[Any] = []
        self._awaited = 0
        self._all = asyncio.Event()

    def write(self, rule: Callable[[Tx], Any]) -> None:
        self._awaited += 1
        self._store.write(rule, self._done, lane=self._lane, about="a")

    def _done(self, result: Any, error: Exception | None) -> None:
        self.results.append(error or result)
        if len(self.results) == self._awaited:
            self._all.set()

    async def ended(self) -> list[Any]:
        async with asyncio.timeout(10):
            await self._all.wait()
        return self.results


async def test_writes_of_a_lane_commit_and_are_answered_in_the_order_in_which_they_were_asked_for(
    store: Store,
) -> None:
    facts: list[Any] = []
    store.listen(facts.extend)
    lanes = {name: Asked(store, name) for name in ("one", "two")}
    for n in range(500):
        for name, lane in lanes.items():
            lane.write(put(name, str(n)))
    for name, lane in lanes.items():
        assert await lane.ended() == [str(n) for n in range(500)]
        assert [fact.text for fact in facts if fact.name == name] == [str(n) for n in range(500)]
        assert await fetched(store, text_of(name)) == "499"


async def test_the_facts_of_a_commit_precede_its_replies_both_in_order(
    store: Store,
) -> None:
    seen: list[Any] = []
    store.listen(lambda facts: seen.extend(("fact", fact) for fact in facts))
    finished = asyncio.Event()

    def done(result: Any, error: Exception | None) -> None:
        seen.append(("reply", result))
        if result == "2":
            finished.set()

    store.write(put("a", "1"), done, lane="one")
    store.write(put("b", "2"), done, lane="one")
    await finished.wait()
    await asyncio.sleep(0)
    assert seen == [("fact", Note("a", "1")), ("fact", Note("b", "2")), ("reply", "1"), ("reply", "2")]


async def test_a_rule_that_raises_leaves_no_trace_and_does_not_touch_its_neighbours(
    store: Store,
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
    assert sorted(fact.name for fact in facts) == ["a", "b"]


async def test_rules_that_fail_after_they_wrote_leave_the_order_of_the_many_around_them(store: Store) -> None:
    facts: list[Any] = []
    store.listen(facts.extend)

    def refused(tx: Tx) -> None:
        put("bad", "x")(tx)
        raise ApiError(409, 54301, "Unique name already exists")

    lane = Asked(store, "one")
    for n in range(400):
        lane.write(refused if n % 97 == 5 else put("a", str(n)))
    results = await lane.ended()
    kept = [str(n) for n in range(400) if n % 97 != 5]
    assert [result for result in results if isinstance(result, str)] == kept
    assert [n for n, result in enumerate(results) if isinstance(result, ApiError)] == [5, 102, 199, 296, 393]
    assert [fact.text for fact in facts] == kept
    assert await fetched(store, text_of("a")) == "399"
    assert await fetched(store, text_of("bad")) is None


async def test_who_fails_again_and_again_after_writing_does_not_make_the_others_run_again_each_time(
    store: Store,
) -> None:
    runs = 0

    def neighbour(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        put("a", "1")(tx)

    def refused(tx: Tx) -> None:
        put("bad", "x")(tx)
        raise ApiError(409, 54301, "Unique name already exists")

    for _ in range(50):
        await asyncio.gather(
            *(written(store, rule) for rule in (neighbour, refused, neighbour)), return_exceptions=True
        )
    assert 100 <= runs < 150


async def test_work_put_aside_that_fails_leaves_no_trace(store: Store) -> None:
    def refused(tx: Tx) -> None:
        put("bad", "x")(tx)
        raise ApiError(409, 54301, "Unique name already exists")

    results = await asyncio.gather(
        written(store, put("a", "1")), written_aside(store, refused), return_exceptions=True
    )
    assert results[0] == "1"
    assert isinstance(results[1], ApiError)
    assert await fetched(store, text_of("bad")) is None


async def test_a_mistake_in_a_statement_is_the_error_of_that_rule_alone(store: Store) -> None:
    good, bad = await asyncio.gather(
        written(store, put("a", "1")),
        written(store, lambda tx: tx.run("INSERT INTO nowhere VALUES (1)", {})),
        return_exceptions=True,
    )
    assert good == "1"
    assert isinstance(bad, Exception)
    assert store.down is None


async def test_more_waiting_writes_than_the_limit_are_refused_with_store_busy(
    stores: Stores, tmp_path: Path
) -> None:
    store = stores.open(tmp_path, waiting_max=2)
    await written(store, lambda tx: tx.run(CREATE, {}))
    results = await asyncio.gather(
        *(written(store, put("a", str(n))) for n in range(3)), return_exceptions=True
    )
    assert results[:2] == ["0", "1"]
    assert isinstance(results[2], StoreBusy)
    await store.close()


async def test_a_group_larger_than_the_limit_is_split_and_keeps_its_order(
    stores: Stores, tmp_path: Path
) -> None:
    store = stores.open(tmp_path, group_max=3)
    facts: list[Any] = []
    store.listen(facts.extend)
    await written(store, lambda tx: tx.run(CREATE, {}))
    lane = Asked(store, "one")
    for n in range(10):
        lane.write(put("a", str(n)))
    await lane.ended()
    assert facts == [Note("a", str(n)) for n in range(10)]
    await store.close()


async def test_a_failed_commit_fails_its_whole_group_keeps_reads_alive_and_heals(
    store: Store, stores: Stores
) -> None:
    facts: list[Any] = []
    store.listen(facts.extend)
    await written(store, put("a", "before"))
    stores.break_commits(store)
    results = await asyncio.gather(
        *(written(store, put(f"k{n}", "x" * 100_000)) for n in range(3)), return_exceptions=True
    )
    assert all(isinstance(result, StoreDown) for result in results)
    assert store.down is not None
    assert await fetched(store, text_of("a")) == "before"
    assert await fetched(store, text_of("k0")) is None
    stores.mend(store)
    async with asyncio.timeout(10):
        while store.down is not None:  # noqa: ASYNC110 - heals by itself
            await asyncio.sleep(0)
    assert await written(store, put("k0", "after")) == "after"
    assert facts == [Note("a", "before"), Note("k0", "after")]


async def test_what_was_written_is_there_after_the_store_was_opened_again(
    stores: Stores, tmp_path: Path
) -> None:
    store = stores.open(tmp_path)
    await written(store, lambda tx: tx.run(CREATE, {}))
    await written(store, put("a", "1"))
    await store.close()
    again = stores.open(tmp_path)
    assert await fetched(again, text_of("a")) == "1"
    await again.close()


@pytest.mark.parametrize("was_down", [False, True])
async def test_what_is_asked_of_a_closed_store_is_answered(
    stores: Stores, tmp_path: Path, was_down: bool
) -> None:
    store = stores.open(tmp_path)
    await written(store, lambda tx: tx.run(CREATE, {}))
    if was_down:
        stores.break_commits(store)
        with pytest.raises(StoreDown):
            await written(store, put("a", "x" * 100_000))
    await store.close()
    for asked in (
        written(store, put("a", "1")),
        written_aside(store, put("a", "1")),
        fetched(store, text_of("a")),
    ):
        with pytest.raises(StoreDown):
            await asyncio.wait_for(asked, 5)
    await store.settled()


async def test_work_put_aside_runs_off_the_loop_and_takes_turns_with_other_writes(store: Store) -> None:
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


async def test_a_rule_that_misuses_the_database_is_answered_and_leaves_no_trace(store: Store) -> None:
    def half(tx: Tx) -> None:
        put("half", "1")(tx)
        tx.run(PUT, {"name": "without its text"})

    with pytest.raises(Exception):  # noqa: B017, PT011 - the driver's own
        await written(store, half)
    await written(store, put("next", "1"))
    assert await fetched(store, text_of("half")) is None


async def test_a_claimed_row_is_read_as_it_is_and_an_absent_one_is_none(store: Store) -> None:
    await written(store, put("a", "1"))

    def claim(tx: Tx) -> Any:
        return [tx.claim(GET, {"name": name}) for name in ("a", "b")]

    assert [row and tuple(row) for row in await written(store, claim)] == [("1",), None]


async def test_rows_claimed_at_once_come_in_the_order_of_the_statement(store: Store) -> None:
    for name in ("b", "c", "a"):
        await written(store, put(name, "1"))
    claim = "SELECT name FROM notes WHERE name IN (:first, :second, :third) ORDER BY name DESC"
    asked = {"first": "a", "second": "b", "third": "z"}
    rows = await written(store, lambda tx: tx.claim_all(claim, asked))
    assert [tuple(row) for row in rows] == [("b",), ("a",)]


async def test_run_answers_nothing_and_count_the_number_of_rows_changed(store: Store) -> None:
    def rule(tx: Tx) -> list[Any]:
        ran: Any = tx.run(PUT, {"name": "a", "text": "1"})
        put("b", "1")(tx)
        changed = tx.count("UPDATE notes SET text = :text", {"text": "2"})
        return [ran, changed, tx.count("DELETE FROM notes WHERE name = :name", {"name": "c"})]

    assert await written(store, rule) == [None, 2, 0]
    assert await fetched(store, text_of("a")) == "2"


async def test_a_rule_that_only_counted_is_committed(store: Store) -> None:
    await written(store, put("a", "1"))
    await written(store, lambda tx: tx.count("UPDATE notes SET text = :text", {"text": "2"}))
    assert await fetched(store, text_of("a")) == "2"


async def test_each_query_tells_the_roots_that_it_saw_and_no_other(store: Store) -> None:
    told: list[Seen] = []

    def query(tx: Tx) -> None:
        tx.saw("ET1", 5)
        tx.saw("MP1", -1)

    for one in (text_of("a"), query, text_of("a")):
        store.read(one, lambda result, error, seen: told.append(seen), lane="one")
    await store.settled()
    assert [dict(seen) for seen in told] == [{}, {"ET1": 5, "MP1": -1}, {}]


async def test_what_a_query_emits_is_announced_before_its_reply_unless_it_fails(store: Store) -> None:
    heard: list[Any] = []
    store.listen(heard.extend)

    def publish(tx: Tx) -> str:
        tx.emit(Note("message", "1"))
        return "published"

    def fail(tx: Tx) -> None:
        tx.emit(Note("message", "2"))
        raise ApiError(404, 54250, "Message Stream not found")

    store.read(publish, lambda result, error, seen: heard.append(result))
    store.read(fail, lambda result, error, seen: heard.append(type(error)))
    await store.settled()
    assert heard == [Note("message", "1"), "published", ApiError]


async def test_queries_of_a_lane_are_answered_in_order_whatever_commits_meanwhile(store: Store) -> None:
    asked = Asked(store, "one")
    answers: list[Any] = []
    for n in range(50):
        asked.write(put("a", str(n)))
        store.read(lambda tx, n=n: (n, text_of("a")(tx)), lambda found, *_: answers.append(found), lane="one")
        if n % 10 == 0:
            await asyncio.sleep(0)
    await asked.ended()
    await store.settled()
    assert [number for number, _ in answers] == list(range(50))
    texts = [int(text) for _, text in answers if text is not None]
    assert texts == sorted(texts)


async def test_a_listener_or_reply_that_fails_stops_nothing(store: Store) -> None:
    def listener(facts: object) -> None:
        raise RuntimeError("a mistake of ours")

    def done(result: Any, error: Exception | None) -> None:
        raise RuntimeError("a mistake of ours")

    store.listen(listener)
    store.write(put("a", "1"), done)
    assert await written(store, put("b", "2")) == "2"
    assert await fetched(store, text_of("a")) == "1"


async def test_query_asked_for_by_a_reply_is_answered_behind_those_of_its_lane_that_waited(
    store: Store,
) -> None:
    answers: list[str] = []
    answered = asyncio.Event()

    def note(*_: Any) -> None:
        answers.append("second")
        answered.set()

    def second(result: Any, error: Exception | None) -> None:
        store.read(text_of("a"), note, lane="one")

    store.write(put("a", "1"), second, lane="one")
    while store.waiting:  # noqa: ASYNC110 - once nothing waits, the commit is under way
        await asyncio.sleep(0)
    store.read(text_of("a"), lambda *_: answers.append("first"), lane="one")
    async with asyncio.timeout(10):
        await answered.wait()
    assert answers == ["first", "second"]


async def test_transaction_sees_the_clock_go_back_and_is_dated_no_earlier_than_the_one_before(
    stores: Stores, tmp_path: Path
) -> None:
    shown_ms: list[int] = [0]
    store = stores.open(tmp_path, Clock(lambda: shown_ms[-1]))
    seen: list[tuple[int, int]] = []
    for now_ms in (7_000, 9_000, 2_000, 8_999, 9_001):
        shown_ms.append(now_ms)
        seen.append(await written(store, lambda tx: (tx.now_ms, tx.date_ms)))
        seen.append(await fetched(store, lambda tx: (tx.now_ms, tx.date_ms)))
    await store.close()
    assert seen[::2] == seen[1::2]
    assert seen[::2] == [(7_000, 7_000), (9_000, 9_000), (2_000, 9_000), (8_999, 9_000), (9_001, 9_001)]


async def test_next_process_can_tell_how_far_the_one_before_had_come(stores: Stores, tmp_path: Path) -> None:
    shown_ms: list[int] = [0]
    heard: list[int] = []
    store = stores.open(tmp_path, Clock(lambda: shown_ms[-1]), progressed=heard.append)
    for now_ms in (5_000, 5_050, 5_200, 5_201):
        shown_ms.append(now_ms)
        await written(store, lambda tx: progress.keep_ahead(tx, 0))
        assert (await fetched(store, progress.read)).date_ms == heard[-1] > now_ms - progress.STEP_MS
    await store.close()
    assert heard == [5_000, 5_200]
    store = stores.open(tmp_path)
    assert (await fetched(store, progress.read)).date_ms == 5_200
    await store.close()
