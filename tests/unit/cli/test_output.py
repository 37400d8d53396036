"""What reaches standard output and standard error when both are pipes."""

import json

import pytest

from tsock.cli import output


def test_table_in_a_pipe_has_a_line_for_each_entry_and_cuts_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [{"sid": "AC1", "friendly_name": "x" * 500, "enabled": True}, {"sid": "AC2", "enabled": None}]

    output.table(rows, ("sid", "friendly_name", "enabled"))

    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["sid", "friendly", "name", "enabled"]
    assert first.split() == ["AC1", "x" * 500, "yes"]
    assert second.split() == ["AC2", "-", "-"]


def test_record_shows_a_field_on_each_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.record({"sid": "SK1", "policy": {"allow": ["/x"]}, "tags": ["a", "b"], "note": ""}, json=False)

    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert lines == [["sid", "SK1"], ["policy", '{"allow":["/x"]}'], ["tags", "a, b"], ["note", "-"]]


def test_json_keeps_everything(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"sid": "AC1", "unseen": {"deep": [1, None]}}]

    output.table(rows, ("sid",), json=True)

    assert json.loads(capsys.readouterr().out) == rows


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"),
        ("abc\u202edcba", "abc\\u202edcba"),
        ("a\rb\x9bc", "a\\rb\\x9bc"),
        ("a\nb\r\nc\x85d\u2028e\u2029f", "a\\nb\\r\\nc\\x85d\\u2028e\\u2029f"),
        ("[bold red]markup[/] :smile:", "[bold red]markup[/] :smile:"),
        ("Zoë 日本", "Zoë 日本"),
    ],
)
def test_text_of_a_client_cannot_steer_the_terminal(
    hostile: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output.line("identity ", (hostile, "bold"))
    output.record({"identity": hostile}, json=False)
    output.paragraph(hostile, "identity ")
    output.table([{"identity": hostile}], ("identity",))
    output.complaint(hostile)

    captured = capsys.readouterr()
    lines = [f"identity {shown}", f"identity  {shown}", f"identity {shown}", "identity", shown]
    assert captured.out.splitlines() == lines
    assert captured.err == f"error: {shown}\n"


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J", "a\x85\x9bc\x7f", "abc\u202edcba\u2066", "\U000e0041", "\u2028"]
)
@pytest.mark.parametrize("indent", [0, 2])
def test_json_says_what_a_client_chose_and_does_not_steer_the_terminal(
    hostile: str, indent: int, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {"sdk": hostile, "kept": "Zoë 日本"}
    output.document(value, indent=indent)
    said = capsys.readouterr().out
    assert json.loads(said) == value
    assert all(character.isprintable() or character == "\n" for character in said)
    assert "Zoë 日本" in said


def test_list_with_nothing_in_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    output.table([], ("sid",), none="there are no keys")
    output.table([], ("sid",), json=True)

    captured = capsys.readouterr()
    assert captured.out == "[]\n"
    assert captured.err == "note: there are no keys\n"


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
def test_id_is_never_cut_on_a_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "dumb")
    sids = [f"{prefix}{number:032x}" for number, prefix in enumerate(("DN", "AC"))]
    row = {
        "date": "2026-05-01T12:00:00.000Z",
        "sid": sids[0],
        "account_sid": sids[1],
        "summary": "long " * 30,
    }

    output.table([row, row], ("date", "sid", "account_sid", "summary"))

    shown = capsys.readouterr().out
    for whole in (*sids, row["date"]):
        assert shown.count(whole) == 2
