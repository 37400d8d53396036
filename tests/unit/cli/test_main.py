"""The frame around every command, and the commands that need no installation."""

import io
import json
from pathlib import Path

import pytest

from tsock import __version__
from tsock.cli.duration import seconds
from tsock.cli.main import run
from tsock.cli.pasted import pasted
from tsock.errors import ConfigError

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["account", "nope"],
        ["token"],
        ["token", "--identity"],
        ["doctor"],
        ["errors", "--colour"],
        ["denials", "--limit", "many"],
        ["doctor", "x", "--product", "video"],
        ["key", "create", "--kind", "golden"],
        ["key", "create", "--kind", "restricted"],
        ["key", "create", "--allow", "/x"],
        ["serve", "--ping-interval", "20"],
        ["serve", "--ping-interval-s", "fast"],
        ["dev", "--seed", "one"],
        ["revoke", "before", "tomorrow"],
        ["revoke", "before", "99999999999999999999"],
        ["why", "51215"],
        ["tail", "--identity", "alice", "--kind", "event"],
        ["tail", "--identity", "alice", "--object", "MP1"],
        ["account", "close", "AC1"],
        ["service", "delete", "default"],
    ],
)
def test_wrong_command_line_is_one_line_and_exit_2(arguments: list[str], capsys: Captured) -> None:
    assert run(arguments) == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["accounts"], "there is no command `tsock accounts`; did you mean account?"),
        (["account", "nope"], "there is no command `tsock account nope`; `tsock account --help` lists them"),
        (
            ["token"],
            "tsock token: --identity is missing (whom it speaks for); `tsock token --help`",
        ),
        (["token", "--identity"], "tsock token: --identity needs a value (whom it speaks for)"),
        (["doctor"], "tsock doctor: TOKEN is missing (what the client was given"),
        (["permission", "set"], "tsock permission set: NAME is missing (SID or unique name of the object); "),
        (["account", "create", "--owner"], "tsock account create: --owner needs a value (make it"),
        (["serve", "extra"], "tsock serve does not take extra; `tsock serve --help` says more"),
        (
            ["serve", "--ping-interval", "2"],
            "tsock serve has no --ping-interval; did you mean --ping-interval-s?",
        ),
        (["errors", "--colour=x"], "tsock errors has no --colour; `tsock errors --help` says more"),
        (["denials", "--limit", "many"], "--limit: expected a whole number, not many"),
        (["dev", "--env-file", ""], "--env-file: expected a name, not an empty one"),
        (["account", "list", "--config="], "--config: expected a name, not an empty one"),
        (["backup", ""], "TARGET: expected a name, not an empty one"),
        (["key", "create", "--kind", "x"], "--kind: expected main, standard or restricted, not x"),
    ],
)
def test_misuse_is_told_in_our_words(arguments: list[str], said: str, capsys: Captured) -> None:
    assert run(arguments) == 2

    assert capsys.readouterr().err.startswith(f"error: {said}")


def test_misspelt_setting_names_the_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("TSOCK_PING_INTERVAL", "20")

    assert run(["account", "list", "--data", str(tmp_path)]) == 2

    assert "did you mean TSOCK_PING_INTERVAL_S?" in capsys.readouterr().err


def test_version(capsys: Captured) -> None:
    assert run(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tsock"] == __version__
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"tsock {__version__}\n"


def test_error_code_is_explained(capsys: Captured) -> None:
    assert run(["errors", "51215"]) == 0

    shown = capsys.readouterr().out
    assert shown.startswith("51215  Twilsock: Unauthorized\n")
    assert "Causes\n  - " in shown
    assert "Fixes\n  - " in shown


def test_error_is_json_on_request(capsys: Captured) -> None:
    assert run(["errors", "20104", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["code"] == 20104

    assert run(["errors", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) > 100


def test_unknown_code_suggests_its_neighbours(capsys: Captured) -> None:
    assert run(["errors", "51251"]) == 1

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "there is no error 51251" in captured.err
    assert "51215  Twilsock: Unauthorized" in captured.err


def test_several_codes_are_explained(capsys: Captured) -> None:
    assert run(["errors", "20104", "51215"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("20104  ")
    assert "\n\n51215  Twilsock: Unauthorized\n" in shown

    assert run(["errors", "20104", "51215", "--json"]) == 0
    assert [each["code"] for each in json.loads(capsys.readouterr().out)] == [20104, 51215]

    for arguments in (["20104,51215"], ["20104,", "51215"], ["E20104", "e51215"]):
        assert run(["errors", *arguments]) == 0
        assert capsys.readouterr().out == shown


def test_codes_that_are_known_are_explained_beside_one_that_is_not(capsys: Captured) -> None:
    assert run(["errors", "20104"]) == 0
    shown = capsys.readouterr().out

    assert run(["errors", "51251", "20104", "xyzzy"]) == 1

    captured = capsys.readouterr()
    assert captured.out == shown
    assert "there is no error 51251; did you mean one of these?\n  " in captured.err
    assert "no error is described by xyzzy" in captured.err
    assert run(["errors", "20104", "denied"]) == 1
    captured = capsys.readouterr()
    assert captured.out == shown
    assert captured.err.startswith("error: denied is no code; these may be about it:\n  ")
    assert run(["errors", "20104", "99999", "--json"]) == 1
    assert [each["code"] for each in json.loads(capsys.readouterr().out)] == [20104]


def test_code_in_place_of_the_id_of_a_refusal_leads_to_the_dictionary(capsys: Captured) -> None:
    assert run(["why", "E51215"]) == 2

    assert "errors 51215` explains" in capsys.readouterr().err


def test_state_of_the_sdks_leads_to_tokens(capsys: Captured) -> None:
    assert run(["errors", "denied"]) == 0

    areas = [line.split()[-2] for line in capsys.readouterr().out.splitlines()[1:]]
    assert set(areas) == {"token"}


def test_words_find_errors(capsys: Captured) -> None:
    assert run(["errors", "token", "expired"]) == 0
    assert "20104" in capsys.readouterr().out
    assert run(["errors", "xyzzy"]) == 1
    assert capsys.readouterr().err == "error: no error is described by xyzzy\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), ("90s", 90), ("1h", 3600), ("10min", 600), ("2d", 172_800), ("-60s", -60), ("2000ms", 2)],
)
def test_length_of_time_is_read(text: str, expected: int) -> None:
    assert seconds(text, "--ttl") == expected


@pytest.mark.parametrize(
    "text", ["", "h", "1.5h", "1500ms", "1 week", "1h30min", "soon", "٣", "9" * 13, "1KiB"]
)
def test_what_is_no_length_of_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^--ttl: expected whole seconds"):
        seconds(text, "--ttl")


class _Stdin:
    """Standard input that holds some bytes."""

    def __init__(self, content: bytes, *, is_terminal: bool = False) -> None:
        self.buffer = io.BytesIO(content)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize("is_terminal", [True, False])
def test_terminal_is_asked_to_paste(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, *, is_terminal: bool
) -> None:
    monkeypatch.setattr("sys.stdin", _Stdin(b"x", is_terminal=is_terminal))

    assert pasted("-") == "x"

    assert ("paste it here" in capsys.readouterr().err) is is_terminal


def test_template_is_pasted_at_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("sys.stdin", _Stdin(b"{", is_terminal=True))

    assert run(["template", "put", "-"]) == 2

    asked, said = capsys.readouterr().err.splitlines()
    assert "paste it here" in asked
    assert "standard input: expected JSON" in said


def test_more_than_any_token_on_standard_input_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("sys.stdin", _Stdin(b"x" * (1024 * 1024 + 1)))

    assert run(["doctor", "-"]) == 2

    assert "more than 1048576 bytes" in capsys.readouterr().err
