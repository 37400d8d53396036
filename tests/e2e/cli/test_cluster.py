"""`tsock cluster` and `tsock tail --all`, where there is one node and where there are more."""

import json
import sys
from pathlib import Path

import httpx2

from tests.e2e.cli.conftest import Command, Start
from tests.e2e.cli.process import Client, Process, Server, tsock, until
from tests.support import postgres

_WITH_MORE_STEPS = """
from tsock.storage import steps

more = {{number: steps.made(number, script) for number, script in {more}.items()}}
known = {{**steps.read_steps(), **more}}
steps.read_steps = lambda: known

from tsock.cli.main import main

main()
"""
_COMPATIBLE = {
    9001: "-- Compatible: it has a default.\nALTER TABLE accounts ADD COLUMN more TEXT DEFAULT 'x';\n"
}
_OTHER = {9002: "ALTER TABLE accounts DROP COLUMN more;\n"}


def knowing(more: dict[int, str]) -> tuple[str, ...]:
    """A tsock that knows these steps, too."""
    return (sys.executable, "-c", _WITH_MORE_STEPS.format(more=more))


class Newer(Server):
    """One whose neighbour works on what it leaves."""

    program = knowing(_COMPATIBLE)


class MuchNewer(Server):
    program = knowing(_COMPATIBLE | _OTHER)


class MuchNewerRefused(Process):
    program = MuchNewer.program


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


def test_nodes_of_neighbouring_versions_run_side_by_side_and_no_others(tmp_path: Path, start: Start) -> None:
    shared = {"TSOCK_DATABASE_URL": postgres.create_bare(), "TSOCK_MASTER_KEY": "0a" * 32}

    def place(name: str) -> Path:
        (tmp_path / name).mkdir(exist_ok=True)
        return tmp_path / name

    def serving(kind: type[Process], name: str) -> Process:
        return start(kind, place(name), "serve", "--data", "data", "--node-name", name, **shared)

    def accounts(name: str) -> list[str]:
        listed = tsock("account", "list", "--json", "--data", "data", directory=place(name), **shared)
        assert listed.returncode == 0, listed.stderr
        return [each["friendly_name"] for each in json.loads(listed.stdout)]

    def create(name: str) -> None:
        assert (
            tsock("account", "create", name, "--data", "data", directory=place(name), **shared).returncode
            == 0
        )

    old, newer = serving(Server, "old"), serving(Newer, "newer")
    create("newer")
    create("old")
    assert set(accounts("old")) == set(accounts("newer")) == {"old", "newer"}
    assert old.end() == 0
    old = serving(Server, "old")  # again, on what the newer one has made of the database
    refused = start(MuchNewerRefused, place("much newer"), "serve", "--data", "data", **shared)
    until(lambda: not refused.running, "the end of the one that would shut the others out")
    assert refused.end() == 2
    said = refused.err.read_text()
    assert (
        "is to get schema version 9002, on which an older tsock cannot work, and nodes run: newer (" in said
    )
    assert "Stop them first" in said
    assert set(accounts("old")) == {"old", "newer"}

    assert old.end() == newer.end() == 0
    serving(MuchNewer, "much newer")
    assert set(accounts("much newer")) == {"old", "newer"}
    too_old = tsock("serve", "--data", "data", directory=place("old"), **shared)
    assert too_old.returncode == 2
    assert "the database needs a tsock that knows schema version 9002, and this one" in too_old.stderr


def test_node_beneath_which_the_schema_was_changed_is_not_ready(tmp_path: Path, start: Start) -> None:
    url = postgres.create()
    shared = {"TSOCK_DATABASE_URL": url, "TSOCK_MASTER_KEY": "0a" * 32}
    server = start(Server, tmp_path, "serve", "--data", "data", **shared)
    assert httpx2.get(f"{server.url}/readyz").status_code == 200
    postgres.administer(url, "INSERT INTO schema_compatibility (version) VALUES (9999)")
    until(lambda: httpx2.get(f"{server.url}/readyz").status_code == 503, "the node to see it")
    assert (
        "needs a tsock that knows schema version 9999" in httpx2.get(f"{server.url}/readyz").json()["reason"]
    )


def test_older_tsock_works_on_a_file_with_compatible_steps(tmp_path: Path, start: Start) -> None:
    server = start(Newer, tmp_path, "serve", "--data", "data")
    assert server.end() == 0
    assert tsock("account", "create", "Mine", "--data", "data", directory=tmp_path).returncode == 0
    server = start(Server, tmp_path, "serve", "--data", "data")
    assert server.end() == 0
    server = start(MuchNewer, tmp_path, "serve", "--data", "data")
    assert server.end() == 0
    refused = tsock("account", "list", "--data", "data", directory=tmp_path)
    assert (refused.returncode, "run the version that wrote it" in refused.stderr) == (2, True)


def test_tail_of_all_nodes_shows_what_happens_on_each_and_a_plain_one_does_not(
    tmp_path: Path, start: Start
) -> None:
    shared = {"TSOCK_DATABASE_URL": postgres.create(), "TSOCK_MASTER_KEY": "0a" * 32}
    servers: list[Server] = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        data = ("--data", str(folder / "data"))
        servers.append(start(Server, folder, "serve", *data, "--node-name", name, **shared))

    def watching(name: str, *flags: str) -> Process:
        folder = tmp_path / name
        folder.mkdir()
        tail = start(Process, folder, "tail", "--data", str(tmp_path / "one" / "data"), *flags, **shared)
        tail.until_watching()
        return tail

    plain, everywhere, lines = (
        watching("plain"),
        watching("all", "--all"),
        watching("lines", "--all", "--json"),
    )

    def refused() -> bool:
        """Have both nodes refuse somebody, until they have heard that somebody watches."""
        for server in servers:
            client = Client(server.url)
            client.init("a secret that is no token")
            client.close()
        shown = [json.loads(line) for line in lines.out.read_text().splitlines()]
        return {each["node"] for each in shown if each["kind"] == "denial"} == {"one", "two"}

    until(refused, "denials of both nodes")
    everywhere.until_said("  two  denial")
    everywhere.until_said("  one  denial")
    plain.until_said("denial")
    for tail in (plain, everywhere, lines):
        tail.end()
    assert "  one  " not in plain.out.read_text()
    assert "  two  " not in plain.out.read_text()
    assert "a secret" not in everywhere.out.read_text() + lines.out.read_text()
