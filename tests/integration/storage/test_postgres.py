"""The store on PostgreSQL: beside others on the same database, and when that goes away."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from threading import Barrier

import psycopg
import pytest
import uvloop

from tests.support import postgres
from tests.support.counters import ENDS_S, counted, cut, database, open_store, value_of
from tests.support.members import until
from tsock.clock import Clock
from tsock.errors import ConfigError, StoreDown
from tsock.ids import Ids
from tsock.storage import journal
from tsock.storage.postgres import migrate as module
from tsock.storage.postgres import statements
from tsock.storage.postgres.connection import Connection
from tsock.storage.postgres.database import Database
from tsock.storage.postgres.store import Limits, PostgresStore
from tsock.storage.steps import made, read_steps
from tsock.storage.store import Tx, fetched, written
from tsock.telemetry.metrics import Metrics


@pytest.fixture
def url() -> str:
    return database()


@pytest.fixture
async def nodes(url: str) -> AsyncIterator[list[PostgresStore]]:
    """Two stores on one database."""
    opened = [open_store(url), open_store(url)]
    yield opened
    for store in opened:
        await store.close()


@pytest.fixture
async def store(nodes: list[PostgresStore]) -> PostgresStore:
    return nodes[0]


async def test_no_update_is_lost_between_nodes(nodes: list[PostgresStore]) -> None:
    before = await asyncio.gather(*(written(node, counted("c1")) for _ in range(100) for node in nodes))
    assert sorted(value for (value,) in before) == list(range(200))
    assert await fetched(nodes[0], value_of("c1")) == 200


async def test_rules_that_claim_several_wait_for_each_other(nodes: list[PostgresStore]) -> None:
    orders = [("c1", "c2", "c3"), ("c1", "c3"), ("c2", "c3"), ("c1", "c2")]
    async with asyncio.timeout(ENDS_S):
        await asyncio.gather(
            *(written(node, counted(*order)) for _ in range(10) for order in orders for node in nodes)
        )
    values = [await fetched(nodes[0], value_of(name)) for name in ("c1", "c2", "c3")]
    assert values == [60, 60, 60]


async def test_rules_that_wait_for_each_other_for_ever_run_again(nodes: list[PostgresStore]) -> None:
    orders = [("c1", "c2"), ("c2", "c1")]
    async with asyncio.timeout(ENDS_S):
        await asyncio.gather(*(written(node, counted(*order)) for order in orders for node in nodes))
    assert [await fetched(nodes[0], value_of(name)) for name in ("c1", "c2")] == [4, 4]


async def test_of_two_that_take_a_name_one_is_told_that_the_other_has_it(nodes: list[PostgresStore]) -> None:
    def take(tx: Tx) -> str:
        if tx.one("SELECT 1 FROM names WHERE name = :name", {"name": "n"}) is not None:
            return "taken"
        tx.run("INSERT INTO names (name) VALUES (:name)", {"name": "n"})
        return "made"

    ends = await asyncio.gather(*(written(node, take) for _ in range(10) for node in nodes))
    assert sorted(ends) == ["made"] + ["taken"] * 19


async def test_rows_of_a_journal_have_numbers_of_their_own(nodes: list[PostgresStore]) -> None:
    def add(tx: Tx) -> None:
        number = journal.next_number(tx, "rows", "AC1")
        tx.run(
            "INSERT INTO rows (sid, account_sid, number, at_ms) VALUES (:sid, 'AC1', :number, 0)",
            {"sid": tx.sid("NO"), "number": number},
        )

    await asyncio.gather(*(written(node, add) for _ in range(30) for node in nodes))
    found = await fetched(nodes[0], lambda tx: tx.all("SELECT number FROM rows ORDER BY number", {}))
    assert [number for (number,) in found] == list(range(1, 61))


async def test_every_read_of_a_query_is_of_the_same_moment(nodes: list[PostgresStore]) -> None:
    def query(tx: Tx) -> list[int]:
        return [value_of("c1")(tx) for _ in range(5)]

    writing = [asyncio.ensure_future(written(nodes[1], counted("c1"))) for _ in range(200)]
    seen = await asyncio.gather(*(fetched(nodes[0], query) for _ in range(50)))
    await asyncio.gather(*writing)
    assert all(len(set(values)) == 1 for values in seen)


async def test_queries_beside_one_that_fails_are_answered(store: PostgresStore) -> None:
    def wrong(tx: Tx) -> None:
        tx.one("SELECT nothing FROM nowhere", {})

    answers = await asyncio.gather(
        fetched(store, value_of("c1")),
        fetched(store, wrong),
        fetched(store, value_of("c2")),
        return_exceptions=True,
    )
    assert answers[::2] == [0, 0]
    assert isinstance(answers[1], psycopg.errors.UndefinedTable)


async def test_query_that_writes_is_refused(store: PostgresStore) -> None:
    with pytest.raises(TypeError, match="a query does not write"):
        await fetched(store, counted("c1"))


async def test_connections_that_were_cut_come_back_and_nothing_acknowledged_is_lost(
    url: str, store: PostgresStore
) -> None:
    asked = [asyncio.ensure_future(written(store, counted(f"c{n % 8 + 1}"))) for n in range(400)]
    while not any(each.done() for each in asked):  # noqa: ASYNC110 - some are under way then
        await asyncio.sleep(0)
    await asyncio.to_thread(cut, url)
    async with asyncio.timeout(ENDS_S):
        ends = await asyncio.gather(*asked, return_exceptions=True)
    kept = sum(isinstance(end, list) for end in ends)
    assert all(isinstance(end, list | StoreDown) for end in ends)
    async with asyncio.timeout(ENDS_S):
        await written(store, counted("c1"))
    total = sum([await fetched(store, value_of(f"c{n}")) for n in range(1, 9)])
    assert kept + 1 <= total <= 401
    assert store.down is None


async def test_while_the_database_is_away_requests_wait_for_so_long_and_are_refused(url: str) -> None:
    store = open_store(url, wait_s=0.1)
    with postgres.unreachable(url):
        await until(lambda: store.down and store.unreadable, "the store to notice")
        async with asyncio.timeout(ENDS_S):
            with pytest.raises(StoreDown, match=r"not reached in 0\.1 s .*, and nothing was stored"):
                await written(store, counted("c1"))
            with pytest.raises(StoreDown, match="not reached"):
                await fetched(store, value_of("c1"))
    await until(lambda: not (store.down or store.unreadable), "the store to heal by itself")
    assert await written(store, counted("c1")) == [0]
    await store.close()


async def test_who_holds_everything_makes_nobody_wait_for_ever(url: str) -> None:
    store = open_store(url, wait_s=0.1)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE counters IN ACCESS EXCLUSIVE MODE")
        async with asyncio.timeout(ENDS_S):
            asked = written(store, counted("c1")), fetched(store, value_of("c1"))
            ends = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(end) for end in ends] == [StoreDown, StoreDown]
        other.rollback()
    async with asyncio.timeout(ENDS_S):
        await written(store, counted("c1"))
    await store.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("host=db user=me password=fussball", "what came begins otherwise"),
        ("postgresql://me:fussball@[::1/x", "libpq does not understand what came"),
        ("postgresql://me@db/x?password=fussball", "write it before the host"),
        ("postgresql://me@db/x?sslpassword=fussball", "write it before the host"),
    ],
)
def test_url_that_is_none_is_refused_without_showing_it(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match="database_url: expected postgresql://") as refused:
        Database(url).migrate()
    assert said in str(refused.value)
    assert "fussball" not in str(refused.value)


def test_database_that_is_not_there_is_named_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match="see that it runs") as refused:
        Database("postgresql://me:fussball@127.0.0.1:1/x").migrate()
    assert "fussball" not in str(refused.value)


def test_database_of_a_newer_version_is_refused(url: str) -> None:
    postgres.administer(url, "INSERT INTO schema_version (version) VALUES (9998)")
    Database(url).migrate()  # a compatible step
    postgres.administer(url, "INSERT INTO schema_compatibility (version) VALUES (9999)")
    with pytest.raises(ConfigError, match="knows schema version 9999, and this one knows versions up to"):
        Database(url).migrate()


RUNNING = "INSERT INTO nodes SELECT 'n', 'left', '0.1', 'h:1', now_ms, now_ms + 5000 FROM store_clock"


def test_step_that_is_not_compatible_is_not_done_beneath_nodes_that_run(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = read_steps()
    compatible = made(9001, "-- Compatible: nobody knows it.\nCREATE TABLE more (n INTEGER);\n")
    other = made(9002, "DROP TABLE more;\n")
    postgres.administer(url, RUNNING)
    monkeypatch.setattr(module, "read_steps", lambda: {**known, 9001: compatible})
    Database(url).migrate()
    monkeypatch.setattr(module, "read_steps", lambda: {**known, 9001: compatible, 9002: other})
    with pytest.raises(
        ConfigError, match=r"schema version 9002, .* nodes run: left \(0\.1\)\. Stop them first"
    ):
        Database(url).migrate()
    monkeypatch.setattr(module, "read_steps", lambda: known)
    Database(url).migrate()  # an older one starts again on the compatible step
    postgres.administer(url, "UPDATE nodes SET until_ms = 0")
    monkeypatch.setattr(module, "read_steps", lambda: {**known, 9001: compatible, 9002: other})
    Database(url).migrate()
    monkeypatch.setattr(module, "read_steps", lambda: known)
    with pytest.raises(ConfigError, match="knows schema version 9002, and"):
        Database(url).migrate()


def test_database_that_cannot_hold_every_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="has the encoding LATIN1; expected UTF8"):
        Database(postgres.create_bare("LATIN1")).migrate()


async def test_store_ends_in_time_though_the_database_is_away(url: str) -> None:
    store = open_store(url, wait_s=0.1)
    postgres.fill_disk(url, "counters")
    with pytest.raises(StoreDown):
        await written(store, counted("c1"))
    assert store.down is not None
    with postgres.unreachable(url):
        asked = [asyncio.ensure_future(written(store, counted("c1"))) for _ in range(3)]
        async with asyncio.timeout(ENDS_S):
            found = await asyncio.gather(*asked, return_exceptions=True)
            await store.settled()
            await store.close()
    assert all(isinstance(end, StoreDown) for end in found)


async def test_store_that_is_down_settles_nonetheless(url: str) -> None:
    store = open_store(url, wait_s=0.1)
    postgres.fill_disk(url, "counters")
    with pytest.raises(StoreDown):
        await written(store, counted("c1"))
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE progress IN ACCESS EXCLUSIVE MODE")
        async with asyncio.timeout(ENDS_S):
            while not store.waiting:  # noqa: ASYNC110 - it tries again
                await asyncio.sleep(0)
            await store.settled()
            await store.close()


async def test_database_that_is_damaged_stays_unreadable(url: str, store: PostgresStore) -> None:
    postgres.administer(
        url,
        "CREATE FUNCTION damaged() RETURNS int LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'invalid page' USING ERRCODE = 'data_corrupted'; END $$",
    )
    with pytest.raises(StoreDown, match="invalid page"):
        await fetched(store, lambda tx: tx.one("SELECT damaged()", {}))
    assert await fetched(store, value_of("c1")) == 0
    assert store.unreadable is not None


async def test_connections_that_were_opened_are_closed_where_another_cannot_be(url: str) -> None:
    opened: list[Connection] = []
    numbers = count()

    def connect() -> Connection:
        if next(numbers) >= 10:
            raise psycopg.OperationalError("too many clients already")
        opened.append(Database(url).connect())
        return opened[-1]

    with pytest.raises(psycopg.OperationalError, match="too many clients"):
        PostgresStore(connect, clock=Clock(), ids=Ids(), metrics=Metrics())
    assert len(opened) == 10
    await until(lambda: not others(url), "the server to let go of them")


def others(url: str) -> int:
    """How many are connected to a database."""
    with psycopg.connect(url) as admin:
        rows = admin.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return len(rows.fetchall())


async def test_connections_are_opened_and_come_back_at_the_same_time(url: str) -> None:
    """Each may have to wait for a host that says nothing before it tries the next."""
    together = Barrier(4)
    opened: list[Connection] = []

    def connect() -> Connection:
        together.wait(ENDS_S)
        opened.append(Database(url).connect())
        return opened[-1]

    limits = Limits(write_connections=4, read_connections=4)
    store = PostgresStore(connect, clock=Clock(), ids=Ids(), metrics=Metrics(), limits=limits)
    cut(url)
    await until(lambda: len(opened) == 16, "all of them to come back")
    assert await written(store, counted("c1")) == [0]
    assert await fetched(store, value_of("c1")) == 1
    await store.close()


def test_end_of_a_server_that_had_not_read_all_is_noticed_behind_its_answers(url: str) -> None:
    async def ask() -> str | None:
        loop = asyncio.get_running_loop()
        told: asyncio.Future[str | None] = loop.create_future()
        connection = Database(url).connect()
        connection.attach(loop, lambda connection: None)
        connection.send(statements.plain("SELECT pg_sleep(60)"), [])
        for number in range(20):  # more than the server reads at once
            connection.send(statements.plain(f"SELECT '{number} {'x' * 1000}'"), [])
        connection.exchange(lambda results, lost: told.set_result(lost))
        cut(url)
        while others(url):  # so that the loop learns of all of it at once
            pass
        async with asyncio.timeout(ENDS_S):
            return await told

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as servers have it
        assert runner.run(ask()) is not None
