"""What `tsock dev` tells of what happens."""

from typing import Any

import pytest

from tsock import dictionary
from tsock.cli.feed import BURST, Feed
from tsock.telemetry.tail import Category, Happening, Trouble

Captured = pytest.CaptureFixture[str]
DENIAL = "DN" + "0" * 32


def _happening(kind: Category, what: str, **more: Any) -> Happening:
    return Happening(1, 1_700_000_000_000, kind, what, **more)


def _told(captured: Captured, *happenings: Happening, connections: bool = True) -> str:
    feed = Feed(9000, connections=connections)
    for each in happenings:
        feed.hear(each)
    out, err = captured.readouterr()
    assert out == ""  # standard output ends with the line that says the server is ready
    return err


def test_refusal_is_told_with_its_cause_its_fix_and_the_command_that_says_more(capsys: Captured) -> None:
    denial = _happening(
        "denial",
        "expired",
        identity="alice",
        topic=DENIAL,
        detail="It expired 3 h ago.",
        trouble=Trouble(20104, fix="Mint."),
    )

    said = _told(capsys, denial)

    first, cause, fix, command = said.splitlines()
    assert first.endswith("denied    20104 Access Token expired or expiration date invalid, alice")
    assert cause.strip() == "It expired 3 h ago."
    assert fix.strip() == "fix: Mint."
    assert command.endswith(f"why {DENIAL} --port 9000")
    assert "=" not in said


def test_error_over_rest_is_told_with_its_request_and_what_the_dictionary_advises(capsys: Captured) -> None:
    said = _told(
        capsys,
        _happening("rejection", "20404", detail="Nothing is there", trouble=Trouble(20404, "GET /sync/v1/x")),
    )

    first, cause, fix, command = said.splitlines()
    assert first.endswith("error     20404 Not Found, GET /sync/v1/x")
    assert cause.strip() == "Nothing is there"
    assert fix.strip().startswith("fix: ")
    assert command.endswith("errors 20404")


def test_command_that_helps_runs_as_it_stands(capsys: Captured) -> None:
    fix = "Grant it with `tsock permission set ET1 'o`brien' --read --service IS1 --account AC1`"

    said = _told(
        capsys, _happening("alert", "54007", topic="NO1", trouble=Trouble(54007, fix=fix), detail="no")
    )

    asked, more = [line.strip() for line in said.splitlines()][2:]
    program = more.removesuffix("why NO1 --port 9000")
    told = f"{program}permission set ET1 'o`brien' --read --service IS1 --account AC1 --port 9000"
    assert asked == f"fix: Grant it with `{told}`"


def test_cause_that_says_what_helps_is_left_to_itself(capsys: Captured) -> None:
    detail = "Forbidden: start tsock dev with --allow-host evil.example"

    said = _told(
        capsys, _happening("alert", "20403", topic="NO1", detail=detail, trouble=Trouble(20403, fix=""))
    )

    assert detail in said
    assert "fix: " not in said


def test_text_that_begins_with_the_title_says_it_once(capsys: Captured) -> None:
    said = _told(
        capsys,
        _happening(
            "alert", "51005", topic="NO1", detail=f"{dictionary.title(51005)}: x", trouble=Trouble(51005)
        ),
    )

    assert [line.strip() for line in said.splitlines()][1] == "x"


def test_those_who_come_and_go_are_told_unless_the_log_level_is_higher(capsys: Captured) -> None:
    stay = [
        _happening("connection", "accepted", identity="alice", detail="sync 4.0.1"),
        _happening("connection", "expired", identity="alice", detail="token expired"),
        _happening("connection", "closed", identity="alice", detail="sync 4.0.1"),
    ]

    told = [line.split("  ", 1)[1] for line in _told(capsys, *stay).splitlines()]

    assert told == [
        "connected alice, sync 4.0.1",
        "ended     alice: expired: token expired",
        "left      alice, sync 4.0.1",
    ]
    assert _told(capsys, *stay, connections=False) == ""


def test_client_that_was_never_let_in_is_told_as_its_refusal_alone(capsys: Captured) -> None:
    assert _told(capsys, _happening("connection", "refused"), _happening("connection", "closed")) == ""


def test_webhook_is_told_and_a_change_is_not(capsys: Captured) -> None:
    webhook = _happening("webhook", "onMessageAdded", detail="to 127.0.0.1:9001")

    said = _told(capsys, webhook, _happening("event", "document_updated"))

    assert said.endswith("webhook   onMessageAdded delivered to 127.0.0.1:9001\n")
    assert said.count("\n") == 1


def test_flood_is_counted(capsys: Captured) -> None:
    flood = [_happening("webhook", "x")] * (BURST + 50)
    feed = Feed(9000, connections=True)
    for each in flood:
        feed.hear(each)
    told = capsys.readouterr().err.count("\n")

    assert BURST <= told < BURST + 50
