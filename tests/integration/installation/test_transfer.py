"""What a data directory holds, copied to a database of PostgreSQL: the same there, or nothing."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from tests.integration.installation.test_installation import account_of, opening
from tests.interop.server import until
from tests.support import postgres
from tsock.errors import ConfigError
from tsock.installation import transfer as module
from tsock.installation.transfer import LEFT_OUT, transfer
from tsock.storage.postgres.database import Database
from tsock.storage.postgres.intake import Intake

pytestmark = pytest.mark.sqlite

ODD = [
    "",
    " ",
    "\\",
    "\\N",
    "\\.",
    "\t\n\r\v\b\f",
    "\x01\x7f\x80\x9f",
    "'\"`$1:name%s",
    "é\u0301\u2028\ufeff\uffff",
    "\U0001f600\U0010ffff",
    "null",
    "x" * 100_000,
]
PUT_ITEM = (
    "INSERT INTO sync_map_items "
    "VALUES (?, ?, 0, 9223372036854775807, 0, 'al', -9223372036854775808, 1, NULL, ?)"
)
PUT_DELIVERY = (
    "INSERT INTO webhook_deliveries (number, sid, account_sid, kind, event_type, topic, lane, is_first, "
    "created_ms, attempts, url, parameters) "
    "VALUES (?, 'WD1', 'AC1', 'sync', 'e', 't', 'l', 1, 1, 0, 'u', '{}')"
)


@pytest.fixture
async def source(tmp_path: Path) -> Path:
    """The database of a directory with an account."""
    async with opening(tmp_path) as opened:
        await account_of(opened)
    return tmp_path / "tsock.db"


@pytest.fixture
def url() -> str:
    return postgres.create_bare()


def put(source: Path, statement: str, *rows: Sequence[Any]) -> None:
    with closing(sqlite3.connect(source, isolation_level=None)) as database:
        database.executemany(statement, rows or [()])


def of_source(source: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(source)) as database:
        return database.execute(query).fetchall()


def of_copy(url: str, query: str) -> list[Any]:
    with psycopg.connect(url) as database:
        return database.execute(query.encode()).fetchall()


def tables(url: str) -> list[str]:
    rows = of_copy(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [name for (name,) in rows]


async def copied(source: Path, url: str, heard: Callable[..., object] = lambda *told: None) -> dict[str, int]:
    return {each.name: each.rows for each in await transfer(source, Database(url, "--to"), heard)}


async def refusal(source: Path, url: str, heard: Callable[..., object] = lambda *told: None) -> str:
    """Why nothing was copied, after which nothing is there."""
    with pytest.raises(ConfigError) as refused:
        await copied(source, url, heard)
    assert tables(url) == []
    return str(refused.value)


async def test_odd_values_arrive_as_they_are(source: Path, url: str) -> None:
    put(source, PUT_ITEM, *((f"MP{n}", text[:300], text) for n, text in enumerate(ODD)))
    made = await copied(source, url)
    query = "SELECT * FROM sync_map_items ORDER BY object_sid"
    assert made["sync_map_items"] == len(ODD)
    assert of_copy(url, query) == of_source(source, query)
    query = "SELECT sid, enabled, unique_name, deleted_ms FROM services ORDER BY sid"
    assert of_copy(url, query) == of_source(source, query) != []


async def test_all_tables_are_copied_but_those_about_processes(source: Path, url: str) -> None:
    put(source, "INSERT INTO nodes VALUES ('n', 'n', '1', 'a', 1, 1)")
    put(source, "UPDATE leadership SET node = 'n', term = 7")
    put(source, "INSERT INTO chat_presence VALUES ('IS1', 'alice', 'n')")
    put(source, "UPDATE progress SET date_ms = 1800000000000, ahead_ms = 60000")
    made = await copied(source, url)
    assert set(made) | set(LEFT_OUT) == set(tables(url))
    assert set(made) & set(LEFT_OUT) == set()
    assert of_copy(url, "SELECT * FROM nodes") == []
    assert of_copy(url, "SELECT * FROM leadership") == [(None, 0)]
    assert of_copy(url, "SELECT * FROM chat_presence") == [("IS1", "alice", "n")]
    assert of_copy(url, "SELECT * FROM progress") == [(1800000000000, 60000)]
    assert of_copy(url, "SELECT * FROM webhook_urls") == [("sealed",)]
    for kept in ("data_set", "master_key", "directory_version"):
        assert of_copy(url, f"SELECT * FROM {kept}") == of_source(source, f"SELECT * FROM {kept}") != []


@pytest.mark.parametrize("number", [None, 1, 2**40])
async def test_rows_number_themselves_behind_those_that_were_copied(
    source: Path, url: str, number: int | None
) -> None:
    if number is not None:
        put(source, PUT_DELIVERY, [number])
    await copied(source, url)
    fresh = PUT_DELIVERY.replace("number, ", "").replace("?, 'WD1'", "'WD2'").replace("'t'", "'t2'")
    postgres.administer(url, fresh)  # pyright: ignore[reportArgumentType]
    assert of_copy(url, "SELECT max(number) FROM webhook_deliveries") == [((number or 0) + 1,)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            PUT_ITEM.replace("?, ?", "'MP7', 'a' || char(0)").replace("?", "'{}'"),
            "item_key of MP7 (row 1) holds U+0000",
        ),
        (
            "INSERT INTO chat_users VALUES ('IS1', char(0), 'US7', 'RL1', 'a', 'b', 1, 1, NULL)",
            "chat_users.identity of US7 (row 1) holds U+0000",
        ),
        ("UPDATE services SET enabled = 2", "is not from 0 to 1"),
        ("UPDATE services SET enabled = 'yes'", "is no whole number"),
        ("UPDATE accounts SET friendly_name = x'00ff'", "accounts.friendly_name of AC"),
        (
            "INSERT INTO sync_map_items VALUES ('MP7','k',0,0,4294967296,'al',1,1,NULL,'{}')",
            "is not from -2147483648",
        ),
        ("INSERT INTO chat_loose_blobs VALUES (NULL, 1)", "chat_loose_blobs.blob of None (row 1) is NULL"),
    ],
)
async def test_value_that_postgresql_cannot_hold_is_named_with_its_row(
    source: Path, url: str, statement: str, said: str
) -> None:
    put(source, statement)
    heard: list[str] = []
    told = await refusal(source, url, lambda what, *_: heard.append(what))
    assert said in told
    assert str(source) in told
    assert set(heard) == {"read"}


async def test_many_values_that_cannot_be_held_are_not_all_named(source: Path, url: str) -> None:
    put(source, PUT_ITEM, *((f"MP{n}", "\0", "{}") for n in range(5000)))
    told = await refusal(source, url)
    assert told.count("holds U+0000") == module.MISFITS_NAMED
    assert ", and more" in told


async def test_text_that_is_none_is_told_without_showing_it(source: Path, url: str) -> None:
    put(source, "UPDATE accounts SET friendly_name = CAST(x'73656372657420ff' AS TEXT)")
    told = await refusal(source, url)
    assert "a text in the table accounts is not UTF-8" in told
    assert "secret" not in told


async def test_row_that_is_refused_is_told_without_showing_it(source: Path, url: str) -> None:
    put(
        source,
        "INSERT INTO api_keys VALUES ('SK1', 'AC1', 'main', 'f', 'hidden', 'us1', NULL, 1, 1, NULL, 0)",
    )
    told = await refusal(source, url)
    assert "the table api_keys could not be filled: " in told
    assert "(account_sid)=(AC1)" in told
    assert "hidden" not in told


async def test_database_with_other_tables_is_refused(source: Path, url: str) -> None:
    put(source, "CREATE TABLE extra (n INTEGER)")
    put(source, "ALTER TABLE chat_presence ADD COLUMN extra TEXT")
    assert "but differ in chat_presence, extra:" in await refusal(source, url)


@pytest.mark.parametrize("change", ["lost", "repeated", "changed"])
async def test_copy_that_differs_is_not_kept(
    source: Path, url: str, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    filling = Intake.filling

    @contextmanager
    def wrongly(self: Intake, table: str) -> Iterator[Callable[[Any], None]]:
        with filling(self, table) as put:
            change_of = {
                "lost": lambda rows: rows[1:],
                "repeated": lambda rows: [*rows, rows[0]],
                "changed": lambda rows: [(rows[0][0] + 1,), *rows[1:]],
            }
            yield (lambda rows: put(change_of[change](rows))) if table == "directory_version" else put

    monkeypatch.setattr(Intake, "filling", wrongly)
    assert "the copy of the table directory_version differs: 1 rows" in await refusal(source, url)


@pytest.mark.parametrize("at", ["read", "copied", "compared"])
async def test_copy_that_is_interrupted_leaves_nothing_and_can_be_made_again(
    source: Path, url: str, at: str
) -> None:
    def interrupt(what: str, table: str, rows: int) -> None:
        if (what, table) == (at, "services"):
            task.cancel()

    task = asyncio.create_task(copied(source, url, interrupt))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert tables(url) == []
    assert (await copied(source, url))["accounts"] == 1


async def test_database_that_is_lost_meanwhile_leaves_nothing(source: Path, url: str) -> None:
    def lose(what: str, table: str, rows: int) -> None:
        if what == "copied":
            postgres.take_away(url)

    with pytest.raises(ConfigError):
        await copied(source, url, lose)
    postgres.give_back(url)
    assert tables(url) == []


async def test_node_that_starts_meanwhile_waits_for_the_whole_copy(source: Path, url: str) -> None:
    def start(what: str, table: str, rows: int) -> None:
        if (what, table) == ("read", "services"):
            node.start()
            waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            until(lambda: of_copy(url, waiting), "the node to wait")

    node = threading.Thread(target=Database(url).migrate)
    with capture_logs() as logs:
        made = await copied(source, url, start)
        await asyncio.to_thread(node.join)
    assert [log["event"] for log in logs] == ["schema.waiting"]
    assert of_copy(url, "SELECT count(*) FROM accounts") == [(made["accounts"],)]


async def test_second_copy_at_the_same_time_is_refused(source: Path, url: str) -> None:
    with Database(url).filled(), pytest.raises(ConfigError, match="another tsock is making the database"):
        await copied(source, url)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE TABLE a (n int); CREATE TABLE b (n int)", "it holds 2 tables: a, b;"),
        ("CREATE SCHEMA other; CREATE TABLE other.a (n int)", None),
    ],
)
async def test_database_that_others_use_is_refused(
    source: Path, url: str, statement: Any, said: str | None
) -> None:
    postgres.administer(url, statement)
    if said is None:
        await copied(source, url)
        return
    with pytest.raises(ConfigError, match=said):
        await copied(source, url)
