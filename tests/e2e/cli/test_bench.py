"""`tsock bench` against a running server."""

import re

import pytest

from tests.e2e.cli.conftest import Command
from tests.e2e.cli.process import Server
from tsock.bench.questions import QUESTIONS
from tsock.cli.main import run

SMALL = ("--share", "0.01", "--seconds", "0.2")


@pytest.fixture
def mine(served: Command) -> str:
    """An account with nothing in it."""
    return served.ask("account", "create", "Load")["sid"]


def test_every_question_is_answered_and_nothing_is_left_behind(served: Command, mine: str) -> None:
    services = served.ask("service", "list", "--account", mine)

    figures = served.ask("bench", *SMALL, "--account", mine)

    assert list(dict.fromkeys(figure["question"] for figure in figures)) == list(QUESTIONS)
    for figure in figures:
        assert figure["operations"] > 0
        assert figure["per_s"] > 0
        assert figure["server_busy"] > 0
    assert served.ask("key", "list", "--account", mine) == []
    assert served.ask("service", "list", "--account", mine) == services


def test_figures_are_a_table_for_people(served: Command, mine: str) -> None:
    outcome = served("bench", "writes", *SMALL, "--account", mine)

    assert outcome.code == 0, outcome.err
    heads, *rows = (re.split(r"\s{2,}", line) for line in outcome.out.splitlines())
    assert heads[:3] == ["question", "case", "per second"]
    assert [row[:2] for row in rows] == [["writes", f"{number} writers"] for number in (1, 16, 256)]
    assert outcome.err.splitlines() == ["writes …"]


def test_one_token_is_enough_for_a_server_elsewhere(
    served: Command, mine: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    served.ask("key", "create", "--account", mine)
    token = served("token", "--identity", "load", "--account", mine).out.strip()
    where = ("--url", f"ws://127.0.0.1:{server.port}", "--token", token)

    figures = served.ask("bench", "connect", "requests", *SMALL, *where)

    assert {figure["question"] for figure in figures} == {"connect", "requests"}
    assert all("cpu_us" not in figure for figure in figures)
    hidden = served("bench", "idle", *SMALL, *where)
    assert (hidden.code, hidden.out) == (2, "")
    assert "error: idle: this looks at the server's process and data" in hidden.err


def test_refused_token_is_told_as_the_server_tells_it(served: Command, server: Server) -> None:
    outcome = served(
        "bench", "connect", *SMALL, "--url", f"ws://127.0.0.1:{server.port}", "--token", "no-token"
    )

    assert outcome.code == 1
    assert "error: connect: expected a reply 2xx, got 401 20101" in outcome.err
    assert "no-token" not in outcome.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--token", "x"], "--token: name the server that it is for, with --url"),
        (["--share", "0"], "--share: expected a number above 0"),
        (["--seconds", "nan"], "--seconds: expected a number above 0"),
        (["--url", "localhost"], "--url: expected ws://"),
        (["fan"], "expected idle, connect"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_loaded(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["bench", *arguments]) == 2
    assert complaint in capsys.readouterr().err
