"""Terminals, pipes and interrupts around a command."""

import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import Start
from tests.e2e.cli.process import TSOCK, Process, Server, environment, tsock


def _on_terminal(*arguments: str, directory: Path, **variables: str) -> str:
    """What a command shows on a terminal of 80 columns."""
    main, side = pty.openpty()
    variables = {"TERM": "xterm-256color", "COLUMNS": "80", "XDG_RUNTIME_DIR": str(directory), **variables}
    process = subprocess.Popen(
        [*TSOCK, *arguments], stdout=side, stderr=side, cwd=directory, env=environment(**variables)
    )
    os.close(side)
    shown = b""
    while True:
        try:
            part = os.read(main, 65_536)
        except OSError:  # Linux tells the end of a terminal so
            break
        if not part:
            break
        shown += part
    process.wait()
    os.close(main)
    return shown.decode()


def test_colour_is_for_terminals(server: Server, tmp_path: Path) -> None:
    command = ("doctor", "hello", "--data", str(server.directory / "data"))

    assert "\x1b[1;31mdenied\x1b[0m" in _on_terminal(*command, directory=tmp_path)
    assert "\x1b[1;31m" not in _on_terminal(*command, directory=tmp_path, NO_COLOR="1")
    assert "\x1b" not in tsock(*command, directory=tmp_path).stdout


def test_long_text_is_wrapped_at_words_on_a_terminal(tmp_path: Path) -> None:
    lines = _on_terminal("errors", "51215", directory=tmp_path).splitlines()

    assert max(map(len, lines[2:])) <= 80
    bullets = [number for number, line in enumerate(lines) if line.startswith("  - ")]
    assert any(lines[number + 1].startswith("    ") for number in bullets)


def test_reader_that_has_enough_ends_a_command_quietly(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*TSOCK, "errors", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()

    said = process.stderr.read()
    process.stderr.close()

    assert process.wait() == 0
    assert said == b""


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_verdict_is_the_exit_code_though_nobody_reads_the_reasons(
    server: Server, tmp_path: Path, form: tuple[str, ...]
) -> None:
    process = subprocess.Popen(
        [*TSOCK, "doctor", "hello", *form, "--data", str(server.directory / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(XDG_RUNTIME_DIR=str(tmp_path)),
    )
    assert process.stdout is not None
    process.stdout.close()

    _, said = process.communicate()

    assert (process.returncode, said) == (1, b"")


def test_token_goes_through_a_pipe_to_the_doctor(server: Server, tmp_path: Path) -> None:
    account = server.credentials["TWILIO_ACCOUNT_SID"]
    data = ("--data", str(server.directory / "data"))
    minted = tsock("token", "--identity", "alice", "--account", account, *data, directory=tmp_path)
    assert minted.returncode == 0, minted.stderr

    accepted = tsock("doctor", "-", *data, directory=tmp_path, stdin=minted.stdout)
    denied = tsock("doctor", "-", *data, directory=tmp_path, stdin="")

    assert (accepted.returncode, denied.returncode) == (0, 1)
    assert "20101" in denied.stdout


def test_terminal_without_unicode_gets_question_marks(tmp_path: Path) -> None:
    done = tsock("why", "☃", directory=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert done.returncode == 2
    assert "not ?" in done.stderr


def test_interrupted_tail_ends_quietly(server: Server, tmp_path: Path, start: Start) -> None:
    tail = start(Process, tmp_path, "tail", "--json", "--data", str(server.directory / "data"))
    tail.until_watching()

    assert tail.end(signal.SIGINT) == 130
    assert tail.err.read_text() == "note: watching; Ctrl-C ends\n"


def test_tail_needs_a_server_and_ends_with_it(tmp_path: Path, start: Start) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    server = start(Server, folder, "dev", "--data", str(tmp_path / "data"))
    tail = start(Process, tmp_path, "tail", "--data", "data")
    tail.until_watching()

    server.end()

    assert tail.end(signal.SIGCONT) == 1
    assert "\nerror: the server ended" in tail.err.read_text()
    late = tsock("tail", "--data", "data", directory=tmp_path)
    assert late.returncode == 2
    assert "this needs a running server" in late.stderr


@pytest.mark.parametrize(("arguments", "code"), [(["errors", "51216"], 1), (["serve"], 2)])
def test_complaint_that_nobody_reads_keeps_its_exit_code(
    tmp_path: Path, arguments: list[str], code: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        [*TSOCK, *arguments], stdout=writer, stderr=writer, cwd=tmp_path, env=environment()
    )
    os.close(writer)
    assert process.wait(60) == code
