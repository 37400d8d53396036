"""`tsock token` and `tsock doctor`: the same with a server and without."""

import io
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import Command, Outcome
from tsock.accounts.caller import SYNC
from tsock.accounts.keys import SigningKey
from tsock.cli.main import run
from tsock.tokens.mint import mint


@pytest.fixture
def key(command: Command, account: str) -> str:
    return command.ask("key", "create", "--account", account)["sid"]


class _Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)

    def isatty(self) -> bool:
        return False


@pytest.fixture
def pasted(command: Command, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """The doctor on what arrives on standard input."""

    def examine(content: bytes, *arguments: str) -> Outcome:
        monkeypatch.setattr("sys.stdin", _Stdin(content))
        return command("doctor", "-", *arguments)

    return examine


def test_token_alone_is_printed_and_accepted(command: Command, account: str, key: str) -> None:
    minted = command("token", "--identity", "alice", "--account", account)

    assert (minted.code, minted.err) == (0, "")
    assert minted.out.count("\n") == 1
    examined = command("doctor", minted.out.strip())
    assert examined.code == 0
    assert examined.out.startswith("accepted  ")


def test_token_says_what_was_asked_for(command: Command, account: str, key: str) -> None:
    service = command.ask("service", "create", "--account", account)["sid"]
    token = command(
        "token", "--identity", "bob", "--sync", service, "--ttl", "90s", "--key", key, "--account", account
    ).out.strip()

    report = command.ask("doctor", token)

    assert report["claims"]["identity"] == "bob"
    assert report["claims"]["grants"] == {"data_sync": {"service_sid": service}}
    assert report["claims"]["exp"] - report["claims"]["iat"] == 90


@pytest.mark.parametrize(
    ("flags", "grants"),
    [
        (["--sync"], {"data_sync"}),
        (["--chat"], {"chat"}),
        (["--sync", "--chat"], {"data_sync", "chat"}),
        ([], {"data_sync", "chat"}),
    ],
)
def test_grant_without_a_service_means_the_default_one(
    command: Command, account: str, key: str, flags: list[str], grants: set[str]
) -> None:
    token = command("token", *flags, "--identity", "alice", "--account", account).out.strip()

    assert command.ask("doctor", token)["claims"]["grants"] == {
        grant: {"service_sid": "default"} for grant in grants
    }


@pytest.mark.parametrize(
    ("flags", "code"),
    [(["--ttl", "-60s"], 20104), (["--ttl", "2d"], 20157), (["--sync", "MG1"], 51101)],
)
def test_token_that_would_be_refused_is_minted_with_a_note(
    command: Command, account: str, key: str, flags: list[str], code: int
) -> None:
    minted = command("token", "--identity", "alice", *flags, "--account", account)

    assert minted.code == 0
    assert minted.out.startswith("ey")
    assert f"note: the gateway refuses this token with {code}" in minted.err


def test_account_without_a_key_mints_nothing_and_says_what_to_do(command: Command, account: str) -> None:
    outcome = command("token", "--identity", "alice", "--account", account)

    assert (outcome.code, outcome.out) == (1, "")
    assert f"key create --account {account} " in outcome.err


@pytest.mark.parametrize("ttl", ["soon", "1.5h", "", "400000h"])
def test_bad_lifetime_is_refused(command: Command, account: str, key: str, ttl: str) -> None:
    outcome = command("token", "--identity", "alice", "--ttl", ttl, "--account", account)

    assert outcome.code in (1, 2)
    assert outcome.out == ""
    assert "ttl" in outcome.err


def test_doctor_marks_the_first_failed_check_and_names_cause_and_fix(
    command: Command, account: str, key: str
) -> None:
    token = command("token", "--identity", "alice", "--ttl", "-60s", "--account", account).out.strip()

    outcome = command("doctor", token)

    assert outcome.code == 1
    lines = outcome.out.splitlines()
    assert lines[0].startswith("denied  20104 ")
    assert lines[0].endswith("cause expired")
    assert any(line.startswith("Fix: ") for line in lines)
    assert [line.split()[:3] for line in lines if line.startswith(">")] == [[">", "fail", "expired"]]


def test_doctor_folds_what_it_skipped_and_tells_checks_of_one_name_apart(
    command: Command, account: str, key: str
) -> None:
    token = command("token", "--identity", "alice", "--account", account).out.strip()

    folded = [line.split() for line in command("doctor", "hello").out.splitlines() if "skipped" in line]
    named = [line for line in command("doctor", token).out.splitlines() if "pass" in line]

    assert [line[:2] for line in folded] == [["skipped", "33"]]
    assert " ".join(folded[0][2:]) == "checks, from algorithm to revoked"
    assert len(named) == 36
    assert len(set(named)) == 36
    assert "  (expected Unix seconds in exp)" in next(line for line in named if "time_invalid" in line)
    assert "(expected" not in next(line for line in named if "signature" in line)


def test_doctor_in_json_is_the_contract(command: Command, account: str, key: str) -> None:
    token = command("token", "--identity", "alice", "--sync", "--account", account).out.strip()

    outcome = command("doctor", token, "--product", "chat", "--json")

    assert outcome.code == 1
    report = outcome.json
    assert list(report) == [
        "verdict", "code", "cause", "summary", "fix", "input", "notes", "claims", "checks",
    ]  # fmt: skip
    assert (report["verdict"], report["code"], report["cause"]) == ("denied", 51103, "grant_missing")
    assert {"id", "verdict", "expected", "found"} <= report["checks"][0].keys()


def test_line_break_of_a_pipe_is_not_part_of_the_token(
    command: Command, account: str, key: str, pasted: Callable[..., Outcome]
) -> None:
    minted = command("token", "--identity", "alice", "--account", account).out.encode()

    assert pasted(minted).code == 0
    assert pasted(minted.replace(b"\n", b"\r\n")).code == 0
    assert pasted(minted + b"\n", "--json").json["notes"] == ["whitespace"]


def test_answer_of_a_token_endpoint_is_recognised_and_never_repeated(
    command: Command, account: str, key: str, pasted: Callable[..., Outcome]
) -> None:
    token = command("token", "--identity", "alice", "--account", account).out.strip()

    outcome = pasted(json.dumps({"token": token}).encode())

    assert outcome.code == 1
    assert "Notes: json_wrapper" in outcome.out
    assert token.rpartition(".")[2] not in outcome.out + outcome.err


@pytest.mark.parametrize("text", ["", "hello", "-x", "{}", "ey.ey.ey", "\N{SNOWMAN}"])
def test_anything_may_be_pasted(command: Command, text: str) -> None:
    outcome = command("doctor", text, "--json")

    assert (outcome.code, outcome.json["code"]) == (1, 20101)


def test_what_is_no_token_cannot_be_revoked(command: Command) -> None:
    outcome = command("revoke", "token", "hello")

    assert (outcome.code, outcome.out) == (2, "")
    assert "expected an Access Token or the SHA-256 of one" in outcome.err


def test_check_finds_a_sound_installation(command: Command) -> None:
    outcome = command("check")

    assert outcome.code == 0
    lines = [line.split() for line in outcome.out.splitlines()]
    assert ["ok", "store", "it", "commits", "and", "reads"] in lines
    assert ["ping_interval_s", "25.0", "default"] in lines
    assert command.ask("check")["verdict"] in ("ok", "warning")


def test_identity_needs_no_flag(command: Command, account: str, key: str) -> None:
    minted = command("token", "alice", "--account", account)

    assert command.ask("doctor", minted.out.strip())["claims"]["identity"] == "alice"


def test_notes_tell_what_they_mean_beyond_the_fix(command: Command, account: str, key: str) -> None:
    token = command("token", "alice", "--account", account).out.strip()

    plain, twice = (command("doctor", text).out for text in (f'"{token}"', f'Bearer "{token}"'))

    assert "Notes: quoted\n" in plain
    assert "  - " not in plain  # summary and fix have said it
    assert "Notes: bearer_prefix, quoted\n" in twice
    assert "  - The token stands in quotes or brackets. Pass the token without them" in twice


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server and no settings are found."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("TSOCK_DATA", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("nowhere")
def test_without_a_server_the_doctor_finds_what_needs_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "[object Promise]", "--port", "1"]) == 1

    captured = capsys.readouterr()
    assert "denied  20101" in captured.out
    assert "account, key, signature and services were not looked at" in captured.err


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(("ttl_s", "code"), [(-60, 1), (3600, 2)])
def test_without_a_server_no_token_is_accepted(
    ttl_s: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    key = SigningKey("AC" + "1" * 32, "SK" + "2" * 32, "3" * 32)
    token = mint(key, "alice", {SYNC: "default"}, now_s=int(time.time()), ttl_s=ttl_s)

    assert run(["doctor", token, "--port", "1"]) == code

    captured = capsys.readouterr()
    if code == 1:
        assert "cause expired" in captured.out
        assert "account_unknown" in captured.out  # among those skipped
    else:
        assert re.search("^  identity +alice$", captured.out, re.MULTILINE)
        assert re.search("^  pass +expired", captured.out, re.MULTILINE)
        assert "accepted" not in captured.out
        assert run(["doctor", token, "--port", "1", "--json"]) == code
        assert capsys.readouterr().out == ""
        assert "as far as can be told without a server, nothing is wrong with it" in captured.err
