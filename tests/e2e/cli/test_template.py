"""`tsock template`, through a server and without one."""

import json
from pathlib import Path

from tests.e2e.cli.conftest import Command

HELLO = {"friendly_name": "hello", "types": {"twilio/text": {"body": "Hi {{1}}"}}}


def test_template_is_put_replaced_and_deleted(command: Command, account: str, tmp_path: Path) -> None:
    file = tmp_path / "hello.json"
    file.write_text(json.dumps(HELLO))

    made = command.ask("template", "put", str(file), "--account", account)
    assert (made["friendly_name"], made["types"]) == ("hello", HELLO["types"])
    file.write_text(json.dumps({**HELLO, "friendly_name": "bye"}))
    command.ask("template", "put", str(file), "--sid", made["sid"], "--account", account)

    (listed,) = command.ask("template", "list", "--account", account)
    assert (listed["sid"], listed["friendly_name"]) == (made["sid"], "bye")
    assert "twilio/text" in command("template", "list", "--account", account).out
    assert command.ask("template", "show", made["sid"], "--account", account) == listed
    command.ask("template", "delete", made["sid"], "--account", account)
    assert command.ask("template", "list", "--account", account) == []


def test_wrong_template_is_told_why(command: Command, account: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.json"
    for content, said in (
        ("{", "expected JSON"),
        ('{"types":{}}', "friendly_name"),
        ('{"friendly_name":"x","types":{"twilio/flow":{}}}', "twilio/text"),
    ):
        file.write_text(content)
        outcome = command("template", "put", str(file), "--account", account)
        assert outcome.code != 0
        assert said in outcome.err
    assert "cannot be read" in command("template", "put", "nowhere.json", "--account", account).err
