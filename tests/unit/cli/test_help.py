"""What `--help` and the reference page say."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from tsock.cli.main import app, run
from tsock.cli.reference import page
from tsock.settings import SETTINGS

ROOT = Path(__file__).parents[3]


def _commands(parent: App, prefix: str = "") -> Iterator[tuple[str, App]]:
    for name, command in parent.resolved_commands().items():
        if not name.startswith("-"):
            yield f"{prefix}{name}", command
            yield from _commands(command, f"{prefix}{name} ")


COMMANDS = dict(_commands(app))


def test_reference_page_repeats_the_commands() -> None:
    written = (ROOT / "docs/reference/cli.md").read_text("utf-8")

    assert written == page(), "run: python -m tsock.cli.reference > docs/reference/cli.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_every_flag_is_described(name: str) -> None:
    command = COMMANDS[name]
    assert command.help.strip()
    if command.default_command is not None:
        for argument in command.assemble_argument_collection(parse_docstring=True):
            if argument.show:
                assert argument.parameter.help, argument.name


@pytest.mark.parametrize("command", ["dev", "serve"])
def test_every_setting_is_a_flag_of_the_servers(command: str) -> None:
    arguments = COMMANDS[command].assemble_argument_collection(parse_docstring=True)
    shown = {name for argument in arguments if argument.show for name in argument.names}
    assert {f"--{name.replace('_', '-')}" for name in SETTINGS} <= shown


def test_overview_says_what_each_command_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0

    shown = capsys.readouterr().out
    assert "Start a server for production" in shown
    assert "Explain error codes" in shown
