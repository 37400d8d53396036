"""The schema, from whatever version to the newest."""

import sqlite3
from pathlib import Path

import pytest

from tsock.errors import ConfigError
from tsock.storage.sqlite import migrate as module
from tsock.storage.sqlite.migrate import migrate

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
    made, before = schema(database), database.total_changes
    migrate(database)
    assert versions(database) == steps
    assert schema(database) == made
    assert database.total_changes == before
    assert not database.in_transaction


STEPS = {
    1: "CREATE TABLE a (n INTEGER); -- one; statement\nINSERT INTO a VALUES (1);\n",
    2: "ALTER TABLE a ADD COLUMN t TEXT DEFAULT 'x;y';\nUPDATE a\nSET n = n + 1;\n-- the end\n",
    3: "CREATE TABLE b (n INTEGER);\n",
}


def test_no_two_steps_have_one_number() -> None:
    files = list(Path(module.__file__).parents[1].joinpath("migrations").glob("*.sql"))
    assert len(files) == len(module.read_steps())


FIRST_RELEASE = 8
"""The newest step of version 0.1.0."""


def know(monkeypatch: pytest.MonkeyPatch, steps: dict[int, str]) -> None:
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
    made = schema(database)
    know(monkeypatch, {1: STEPS[1], 2: STEPS[2]})
    with pytest.raises(ConfigError) as refused:
        migrate(database)
    assert str(refused.value) == (
        "the data directory has schema version 3, this tsock knows versions up to 2: "
        "run the version that wrote it, or a newer one"
    )
    assert schema(database) == made


def test_webhooks_that_waited_in_the_first_release_still_wait(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = module.read_steps()
    know(monkeypatch, {number: step for number, step in steps.items() if number <= FIRST_RELEASE})
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
