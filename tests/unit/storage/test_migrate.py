"""The schema, from whatever version to the newest."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest

from tsock.errors import ConfigError
from tsock.storage.sqlite import migrate as module
from tsock.storage.sqlite.migrate import migrate
from tsock.storage.steps import made

pytestmark = pytest.mark.sqlite


@pytest.fixture
def database() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def schema(database: sqlite3.Connection) -> list[tuple[str, str]]:
    return database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def versions(database: sqlite3.Connection) -> list[int]:
    return [row[0] for row in database.execute("SELECT version FROM schema_version ORDER BY rowid")]


def test_fresh_database_gets_every_step_once_and_in_order(database: sqlite3.Connection) -> None:
    migrate(database)
    steps = versions(database)
    assert steps == list(range(1, len(steps) + 1))
    tables, changes = schema(database), database.total_changes
    migrate(database)
    assert versions(database) == steps
    assert schema(database) == tables
    assert database.total_changes == changes
    assert not database.in_transaction


STEPS = {
    1: "CREATE TABLE a (n INTEGER); -- one; statement\nINSERT INTO a VALUES (1);\n",
    2: "ALTER TABLE a ADD COLUMN t TEXT DEFAULT 'x;y';\nUPDATE a\nSET n = n + 1;\n-- the end\n",
    3: "CREATE TABLE b (n INTEGER);\n",
}
MORE = {
    4: "-- Compatible: nobody else knows this table.\nCREATE TABLE c (n INTEGER);\n",
    5: "-- Compatible: it has a default.\nALTER TABLE b ADD COLUMN t TEXT DEFAULT 'x';\n",
}


def test_no_two_steps_have_one_number() -> None:
    files = list(Path(module.__file__).parents[1].joinpath("migrations").glob("*.sql"))
    assert len(files) == len(module.read_steps())


FIRST_RELEASE = 8
"""The newest step of version 0.1.0."""


def know(monkeypatch: pytest.MonkeyPatch, scripts: Mapping[int, str]) -> None:
    steps = {number: made(number, script) for number, script in scripts.items()}
    monkeypatch.setattr(module, "read_steps", lambda: steps)


def test_older_database_gets_the_missing_steps_and_keeps_its_rows(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(monkeypatch, {1: STEPS[1]})
    migrate(database)
    database.execute("INSERT INTO a VALUES (10)")
    know(monkeypatch, dict(reversed(STEPS.items())))
    migrate(database)
    assert database.execute("SELECT n, t FROM a ORDER BY n").fetchall() == [(2, "x;y"), (11, "x;y")]
    assert versions(database) == [1, 2, 3]


def test_step_that_fails_leaves_nothing_of_itself_and_is_made_up_for_later(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path_factory.mktemp("data") / "test.db"
    database = sqlite3.connect(path, isolation_level=None)
    know(monkeypatch, {**STEPS, 2: STEPS[2] + "INSERT INTO nowhere VALUES (1);\n"})
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(database)
    database.close()
    database = sqlite3.connect(path, isolation_level=None)
    assert versions(database) == [1]
    assert database.execute("SELECT * FROM a").fetchall() == [(1,)]
    know(monkeypatch, STEPS)
    migrate(database)
    assert database.execute("SELECT * FROM a").fetchall() == [(2, "x;y")]
    assert versions(database) == [1, 2, 3]
    database.close()


def test_newer_database_is_refused_and_not_touched(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(monkeypatch, STEPS)
    migrate(database)
    before = schema(database)
    know(monkeypatch, {1: STEPS[1], 2: STEPS[2]})
    with pytest.raises(ConfigError) as refused:
        migrate(database)
    assert str(refused.value) == (
        "the database needs a tsock that knows schema version 3, and this one knows versions up to 2: "
        "run the version that wrote it, or a newer one"
    )
    assert schema(database) == before


def test_database_that_got_compatible_steps_only_is_opened_by_who_does_not_know_them(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(monkeypatch, STEPS | MORE)
    migrate(database)
    before = schema(database)
    know(monkeypatch, STEPS)
    migrate(database)
    assert schema(database) == before
    assert versions(database) == [1, 2, 3, 4, 5]
    know(monkeypatch, {1: STEPS[1], 2: STEPS[2]})
    with pytest.raises(ConfigError, match="knows schema version 3, and"):
        migrate(database)


def test_database_of_before_steps_told_is_brought_up_to_date(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(monkeypatch, STEPS)
    migrate(database)
    database.execute("DROP TABLE schema_compatibility")
    know(monkeypatch, STEPS | MORE | {6: "DROP TABLE c;\n"})
    migrate(database)
    know(monkeypatch, STEPS | MORE)
    with pytest.raises(ConfigError, match="knows schema version 6, and"):
        migrate(database)


def test_webhooks_that_waited_in_the_first_release_still_wait(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = {number: step.script for number, step in module.read_steps().items()}
    know(monkeypatch, {number: script for number, script in steps.items() if number <= FIRST_RELEASE})
    migrate(database)
    old = {
        "number": 3,
        "sid": "WD1",
        "account_sid": "AC1",
        "service_sid": "IS1",
        "kind": "sync",
        "event_type": "document_created",
        "topic": "ET1",
        "lane": "http://h:80",
        "is_first": 1,
        "created_ms": 10,
        "next_ms": 20,
        "attempts": 2,
        "failing_since_ms": 15,
        "given_up_ms": None,
        "failure_code": 11203,
        "failure": "silent",
        "url": "http://h/",
        "parameters": '{"a":"b"}',
    }
    names = ", ".join(old)
    values = ", ".join(f":{name}" for name in old)
    database.execute(f"INSERT INTO webhook_deliveries ({names}) VALUES ({values})", old)
    know(monkeypatch, steps)
    migrate(database)
    row = database.execute(f"SELECT {names}, method FROM webhook_deliveries").fetchone()
    assert row == (*old.values(), "POST")
