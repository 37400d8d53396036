"""`tsock copy`: an installation on SQLite moves to PostgreSQL."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import Start
from tests.e2e.cli.process import Server, tsock
from tests.support import postgres
from tsock.cli.main import run
from tsock.storage.sqlite import migrate
from tsock.storage.steps import read_steps

pytestmark = pytest.mark.usefixtures("own_logging")

Captured = pytest.CaptureFixture[str]
Say = Callable[..., str]
FIRST_RELEASE = 8
"""The newest step of version 0.1.0."""


@pytest.fixture
def say(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs a command that is refused; why."""
    monkeypatch.chdir(tmp_path)

    def refused(*arguments: str) -> str:
        capsys.readouterr()
        assert run(["copy", *arguments]) == 2
        captured = capsys.readouterr()
        assert (captured.out, captured.err.count("\n")) == ("", 1)
        return captured.err

    return refused


@pytest.fixture
def data(tmp_path: Path, capsys: Captured) -> str:
    """A data directory with an account."""
    assert run(["account", "create", "Mine", "--data", str(tmp_path / "data")]) == 0
    return str(tmp_path / "data")


def test_installation_goes_on_in_postgresql(tmp_path: Path, start: Start) -> None:
    url = postgres.create_bare()
    there = {"TSOCK_DATABASE_URL": url}
    copying = ("copy", "--from", "sqlite:data", "--to", url)
    server = start(Server, tmp_path, "serve", "--data", "data")
    made = json.loads(
        tsock("account", "create", "Mine", "--json", "--data", "data", directory=tmp_path).stdout
    )
    refused = tsock(*copying, directory=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: --from: a server or another command runs on data: stop it first")
    assert server.end() == 0

    copied = tsock(*copying, directory=tmp_path)

    assert copied.returncode == 0, copied.stderr
    assert "; source and copy are the same\n" in copied.stdout
    key = f"The master key stays the one in {tmp_path / 'data' / 'master.key'}: every node needs it"
    assert key in copied.stdout
    assert "would go on with the old data" in copied.stderr
    assert (
        "it holds data of tsock (accounts: 1, objects of Sync: 0)"
        in tsock(*copying, directory=tmp_path).stderr
    )
    node = start(Server, tmp_path, "serve", "--data", "data", **there)
    found = tsock("account", "fetch", made["sid"], "--json", "--data", "data", directory=tmp_path, **there)
    assert json.loads(found.stdout)["sid"] == made["sid"]
    assert node.end() == 0
    (tmp_path / "data" / "tsock.db").unlink()
    stray = tsock("serve", "--data", "data", directory=tmp_path)
    assert "is missing, but" in stray.stderr


def test_report_for_programs_names_all_that_nodes_need(
    tmp_path: Path, data: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.create_bare()
    monkeypatch.setenv("TSOCK_DATABASE_URL", url)
    with closing(sqlite3.connect(tmp_path / "data" / "tsock.db", isolation_level=None)) as database:
        for name in ("here", "lost"):
            database.execute(
                "INSERT INTO chat_media VALUES (?, 'IS', ?, 'media', NULL, '', 1, 'al', 1, 1, NULL, NULL)",
                (f"ME{name}", name),
            )
    (tmp_path / "data" / "media" / "here").write_text("x")
    capsys.readouterr()

    assert run(["copy", "--from", f"sqlite:{data}", "--json"]) == 0

    report = json.loads(capsys.readouterr().out)
    rows = {table["name"]: table["rows"] for table in report["tables"]}
    assert (rows["accounts"], rows["chat_media"], rows["sync_objects"]) == (1, 2, 0)
    assert "nodes" in report["left_out"]
    assert report["master_key"] == f"{data}/master.key"
    assert report["media"] == {"directory": f"{data}/media", "files": 2, "missing": 1}


def test_files_that_are_missing_are_told(tmp_path: Path, data: str, capsys: Captured) -> None:
    with closing(sqlite3.connect(tmp_path / "data" / "tsock.db", isolation_level=None)) as database:
        database.execute(
            "INSERT INTO chat_media VALUES ('ME1', 'IS', 'b', 'media', NULL, '', 1, 'al', 1, 1, NULL, NULL)"
        )
    capsys.readouterr()
    assert run(["copy", "--from", f"sqlite:{data}", "--to", postgres.create_bare()]) == 0
    captured = capsys.readouterr()
    assert f"1 in {data}/media: every node needs that directory" in captured.out
    assert "1 of the files of conversations are missing" in captured.err


def test_data_of_an_earlier_version_arrive_in_the_newest_schema(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = read_steps()
    (tmp_path / "old").mkdir(0o700)
    with monkeypatch.context() as old, closing(sqlite3.connect(tmp_path / "old" / "tsock.db")) as database:
        old.setattr(
            migrate, "read_steps", lambda: {number: steps[number] for number in range(1, FIRST_RELEASE + 1)}
        )
        database.isolation_level = None
        migrate.migrate(database)
        database.execute("INSERT INTO denials VALUES ('DN1', 1, 20101, 'x', NULL, '{}')")
    assert (
        run(["copy", "--from", f"sqlite:{tmp_path / 'old'}", "--to", postgres.create_bare(), "--json"]) == 0
    )
    report = json.loads(capsys.readouterr().out)
    assert {"name": "denials", "rows": 1} in [
        {"name": table["name"], "rows": table["rows"]} for table in report["tables"]
    ]


def test_development_stays_development(tmp_path: Path, start: Start, left_data: Path) -> None:
    shutil.copytree(left_data, tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data" / "tsock.db", isolation_level=None)) as database:
        database.execute("DELETE FROM development")  # as an earlier version left it
    there = {"TSOCK_DATABASE_URL": postgres.create_bare()}
    assert tsock("copy", "--from", "sqlite:data", directory=tmp_path, **there).returncode == 0
    refused = tsock("serve", "--data", "other", directory=tmp_path, **there)
    key = {"TSOCK_MASTER_KEY_FILE": str(tmp_path / "data" / "master.key")}
    refused = tsock("serve", "--data", "other", directory=tmp_path, **there, **key)
    assert (refused.returncode, "was used by `tsock dev`" in refused.stderr) == (2, True)
    server = start(Server, tmp_path, "dev", "--data", "data", **there)
    assert server.end() == 0


def test_wrong_master_key_is_refused(say: Say, data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = postgres.create_bare()
    monkeypatch.setenv("TSOCK_MASTER_KEY", "0b" * 32)
    told = say("--from", f"sqlite:{data}", "--to", url)
    assert "the master key is not the one that sealed this data" in told
    monkeypatch.delenv("TSOCK_MASTER_KEY")
    (Path(data) / "master.key").unlink()
    assert "the master key is missing" in say("--from", f"sqlite:{data}", "--to", url)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "tsock copy: --from is missing (the data directory that a server left"),
        (["--from", "data"], "--from: expected sqlite:DIR, which names a data directory, got 'data'"),
        (["--from", "sqlite:"], "--from: expected sqlite:DIR"),
        (["--from", "mysql://u:secret@h/d"], "got 'mysql://h/d'"),
        (
            ["--from", "postgresql://h/d", "--to", "sqlite:x"],
            "there is no way back from PostgreSQL to SQLite",
        ),
        (["--from", "sqlite:none"], "--from: none holds no data of tsock: there is no tsock.db in it"),
        (
            ["--from", "sqlite:data/tsock.db"],
            "data/tsock.db is a file: name the data directory that it is in",
        ),
        (["--from", "sqlite:data"], "--to is missing, and database_url is not set either"),
        (["--from", "sqlite:data", "--to", "sqlite:x"], "is copied to another one with `tsock backup`"),
        (["--from", "sqlite:data", "--to", ""], "--to: expected postgresql://USER:PASSWORD@HOST/DATABASE"),
        (
            ["--from", "sqlite:data", "--to", "host=x"],
            "--to: expected postgresql://USER:PASSWORD@HOST/DATABASE",
        ),
        (
            ["--from", "sqlite:data", "--to", "postgresql://u:secret@127.0.0.1:1/x"],
            "the database of --to cannot",
        ),
    ],
)
@pytest.mark.usefixtures("data")
def test_what_cannot_be_copied_is_told_with_what_can(say: Say, arguments: list[str], said: str) -> None:
    told = say(*arguments)
    assert said in told
    assert "secret" not in told


def test_database_that_cannot_hold_every_text_is_refused(say: Say, data: str) -> None:
    told = say("--from", f"sqlite:{data}", "--to", postgres.create_bare("LATIN1"))
    assert "has the encoding LATIN1; expected UTF8" in told
