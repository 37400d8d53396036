"""A server for everybody, an installation without one, and the commands run in this process."""

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.cli.process import Process, Server
from tsock.cli.main import run


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    server = Server(directory, "dev", "--data", str(directory / "data"))
    yield server
    assert server.end() == 0
    assert "Traceback" not in server.err.read_text()


@pytest.fixture(scope="session")
def left_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a server that was stopped."""
    directory = tmp_path_factory.mktemp("left")
    server = Server(directory, "dev", "--data", str(directory / "data"))
    assert server.end() == 0
    return directory / "data"


Start = Callable[..., Any]
"""Starts a `Process` or `Server`, which does not outlive the test."""


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Process] = []

    def begin(kind: type[Process], *arguments: Any, **variables: str) -> Process:
        process = kind(*arguments, **variables)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.end(signal.SIGKILL)


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Command:
    """Runs commands about one installation."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data = data
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Outcome:
        self._capsys.readouterr()
        code = run([*arguments, "--data", str(self.data)])
        captured = self._capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    def ask(self, *arguments: str) -> Any:
        """What a command that succeeds answers as JSON."""
        outcome = self(*arguments, "--json")
        assert outcome.code == 0, outcome.err
        return outcome.json


@pytest.fixture
def served(server: Server, capsys: pytest.CaptureFixture[str]) -> Command:
    """Through the running server."""
    return Command(server.directory / "data", capsys)


@pytest.fixture
def own_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of the tests keeps its own logging when a command opens an installation in it."""
    monkeypatch.setattr("tsock.telemetry.log.configure", lambda *arguments: None)


@pytest.fixture(params=["served", "alone"])
def command(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """Each test twice: through a running server, and in the command's own process."""
    monkeypatch.chdir(tmp_path)
    if request.param == "served":
        return request.getfixturevalue("served")
    request.getfixturevalue("own_logging")
    data = shutil.copytree(request.getfixturevalue("left_data"), tmp_path / "data")
    return Command(data, capsys)


@pytest.fixture
def account(command: Command) -> str:
    """An account of the test's own, so that tests on one server do not meet."""
    return command.ask("account", "create", "Test")["sid"]
