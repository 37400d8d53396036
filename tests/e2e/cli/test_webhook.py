"""Webhooks that were not delivered, as an operator finds them and sends them again."""

from pathlib import Path

import httpx2
import pytest

from tests.e2e.cli.conftest import Command, Start
from tests.e2e.cli.process import Server, until
from tests.interop.receiver import receiving


def create_document(server: Server, key: dict[str, str]) -> None:
    made = httpx2.post(
        f"http://127.0.0.1:{server.port}/sync/v1/Services/default/Documents",
        data={"UniqueName": "greeting", "Data": '{"text":"hello"}'},
        auth=(key["sid"], key["secret"]),
    )
    assert made.status_code == 201


def test_dead_webhook_is_listed_shown_and_sent_again(served: Command, server: Server) -> None:
    account = served.ask("account", "create", "Hooks")["sid"]
    key = served.ask("key", "create", "--account", account)
    with receiving() as receiver:
        receiver.answers = [404, 404]
        told = ("--url", receiver.url.replace("//", "//user:pass@"), "--from-rest", "--account", account)
        service = served.ask("service", "webhooks", "default", *told)
        assert service["webhooks_from_rest_enabled"] is True

        create_document(server, key)
        (dead,) = until(lambda: served.ask("webhook", "list", "--account", account), "a dead letter")
        assert (dead["event_type"], dead["state"], dead["failure_code"]) == (
            "document_created",
            "dead",
            11217,
        )
        assert "parameters" not in dead

        listed, shown = (
            served("webhook", "list", "--account", account),
            served("webhook", "show", dead["sid"]),
        )
        assert dead["sid"] in listed.out
        for outcome in (listed, shown):
            assert receiver.url.partition("?")[0] in outcome.out
            assert "user:pass" not in outcome.out
        assert "greeting" in shown.out
        assert "404" in shown.out

        receiver.next("document_created")
        assert served.ask("webhook", "resend", dead["sid"])["sid"] == dead["sid"]
        receiver.next("document_created")
        until(lambda: served.ask("webhook", "list", "--account", account), "a dead letter")
        assert served.ask("webhook", "resend", "--all", "--account", account) == {"resent": 1}
        receiver.next("document_created")
        until(lambda: served("webhook", "show", dead["sid"]).code == 1, "its end")


def test_without_any_there_is_nothing_to_show_or_send(command: Command, account: str) -> None:
    assert command.ask("webhook", "list", "--account", account) == []
    assert command.ask("webhook", "list", "--state", "waiting", "--account", account) == []
    assert command.ask("webhook", "resend", "--all", "--account", account) == {"resent": 0}
    for arguments in (("show", "WD" + "0" * 32), ("resend", "WD" + "0" * 32)):
        absent = command("webhook", *arguments)
        assert (absent.code, absent.out) == (1, "")
        assert "(20404)" in absent.err
    for arguments in ((), ("WD" + "0" * 32, "--all")):
        assert command("webhook", "resend", *arguments).code == 2


def test_webhook_url_can_be_taken_back(command: Command, account: str) -> None:
    change = ("service", "webhooks", "default", "--account", account)
    assert (
        command.ask(*change, "--url", "https://example.com/hook")["webhook_url"] == "https://example.com/hook"
    )
    assert command.ask(*change, "--reachability")["webhook_url"] == "https://example.com/hook"
    assert command.ask(*change, "--url", "")["webhook_url"] is None
    bad = command(*change, "--url", "example.com")
    assert (bad.code, bad.out) == (1, "")
    assert "(54051)" in bad.err
    assert "(54010)" in command(*change).err


@pytest.mark.usefixtures("own_logging")
def test_production_calls_no_private_address_unless_it_is_allowed(
    tmp_path: Path, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    command = Command(data, capsys)
    account = command.ask("account", "create", "Hooks")["sid"]
    key = command.ask("key", "create", "--account", account)
    with receiving() as receiver:
        command.ask(
            "service", "webhooks", "default", "--url", receiver.url, "--from-rest", "--account", account
        )
        server = start(Server, tmp_path, "serve", "--data", str(data))
        create_document(server, key)
        (dead,) = until(lambda: command.ask("webhook", "list"), "a dead letter")
        assert dead["failure_code"] == 11205
        assert "webhook_private_targets" in dead["failure"]
        assert server.end() == 0
        assert receiver.empty()

        server = start(
            Server, tmp_path, "serve", "--data", str(data), "--webhook-private-targets", "127.0.0.1"
        )
        command.ask("webhook", "resend", dead["sid"])
        receiver.next("document_created")
