"""`tsock cluster`, where there is one node and where there are more."""

from pathlib import Path

from tests.e2e.cli.conftest import Command, Start
from tests.e2e.cli.process import Server, tsock
from tests.support import postgres


def test_installation_on_sqlite_is_one_node_and_told_how_there_can_be_more(command: Command) -> None:
    outcome = command("cluster")
    assert (outcome.code, outcome.out) == (0, "")
    assert "SQLite, so it is one node; with database_url" in outcome.err
    assert command.ask("cluster") == []


def test_nodes_are_listed_as_long_as_they_run(tmp_path: Path, start: Start) -> None:
    shared = {"TSOCK_DATABASE_URL": postgres.create(), "TSOCK_MASTER_KEY": "0a" * 32}
    here = ("cluster", "--data", str(tmp_path / "data"))
    server = start(Server, tmp_path, "serve", *here[1:], "--node-name", "left", **shared)
    heading, row = tsock(*here, directory=tmp_path, **shared).stdout.splitlines()
    assert heading.split() == ["name", "id", "version", "address", "since", "lease", "leader"]
    name, *_, leader = row.split()
    assert (name, leader) == ("left", "yes")
    assert f"127.0.0.1:{server.port}" in row
    assert server.end() == 0
    assert "no node runs on this database" in tsock(*here, directory=tmp_path, **shared).stderr
