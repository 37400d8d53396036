"""What went wrong, and who changed what, as the commands tell it."""

import json
import re
from pathlib import Path

import httpx2
import pytest

from tests.e2e.cli.conftest import Command, Start
from tests.e2e.cli.process import Client, Process, Server, free_port, until
from tsock import dictionary


@pytest.fixture
def ask(server: Server, capsys: pytest.CaptureFixture[str]) -> Command:
    """Commands to the running server."""
    return Command(server.directory / "data", capsys)


class Tenant:
    """An account of the test's own, over REST."""

    def __init__(self, server: Server, command: Command) -> None:
        made = command.ask("account", "create")
        self.sid: str = made["sid"]
        self._url = server.url
        self._credentials = self.sid, made["auth_token"]

    def post(self, path: str, **form: str) -> httpx2.Response:
        return httpx2.post(f"{self._url}{path}", data=form, auth=self._credentials)

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(f"{self._url}{path}", auth=self._credentials)


@pytest.fixture
def tenant(server: Server, ask: Command) -> Tenant:
    return Tenant(server, ask)


def told(command: Command, *arguments: str) -> str:
    done = command(*arguments)
    assert done.code == 0, done.err
    return done.out


def test_list_that_a_filter_emptied_says_so(ask: Command, tenant: Tenant) -> None:
    tenant.post("/sync/v1/Services", AclEnabled="perhaps")
    assert tenant.get("/sync/v1/Services").status_code == 200
    assert ask("alerts", "--code", "99999").err == "note: no alert of code 99999 is on record\n"
    assert ask("audit", "--resource", "nope").err == "note: no change of resource nope is on record\n"
    assert ask("denials", "--account", tenant.sid).err == (
        f"note: no denial of account {tenant.sid} is on record\n"
    )
    assert ask("account", "list", "--owner", tenant.sid).err.startswith(
        f"note: {tenant.sid} has no subaccounts; make one with `"
    )


def test_rejected_request_is_found_by_command_and_over_rest(ask: Command, tenant: Tenant) -> None:
    answer = tenant.post("/sync/v1/Services", AclEnabled="perhaps", Data="private")
    assert answer.status_code == 400

    (alert,) = ask.ask("alerts", "--account", tenant.sid)
    line = told(ask, "alerts", "--account", tenant.sid, "--code", str(answer.json()["code"]))
    story = told(ask, "why", alert["sid"])

    assert alert["sid"] in line
    assert story.startswith(alert["sid"])
    assert answer.json()["message"] in story
    assert "AclEnabled = perhaps" in story
    assert "Data = (7 characters)" in story
    assert answer.headers["twilio-request-id"] in story
    assert "private" not in story
    over_rest = tenant.get(f"/monitor/v1/Alerts/{alert['sid']}").json()
    assert over_rest["alert_text"] == answer.json()["message"]
    assert over_rest["request_variables"].startswith("AclEnabled=perhaps")


def test_alert_of_a_denial_leads_to_the_denial(server: Server, ask: Command, tenant: Tenant) -> None:
    key = ask.ask("key", "create", "--account", tenant.sid)["sid"]
    token = told(ask, "token", "--identity", "mallory", "--key", key).strip()
    told(ask, "key", "revoke", key, "--account", tenant.sid)
    client = Client(server.url)
    status = client.init(token).status
    client.close()
    denial = re.search("DN[0-9a-f]{32}", str(status and status.description))
    assert denial is not None

    (alert,) = ask.ask("alerts", "--account", tenant.sid)
    story = told(ask, "why", alert["sid"])

    assert (alert["denial_sid"], alert["resource_sid"]) == (denial[0], key)
    assert dictionary.title(20103) in story
    assert "cause key_revoked" in story
    assert f"Who: mallory of {tenant.sid}" in story  # from the denial
    assert token not in story + json.dumps(alert)


def test_failed_webhook_is_an_alert_and_one_that_tells_of_an_alert_is_none(
    ask: Command, tenant: Tenant
) -> None:
    nobody = f"http://user:hunter2@127.0.0.1:{free_port()}/hook?key=hunter2"
    told(ask, "account", "debugger", tenant.sid, nobody)
    told(ask, "service", "webhooks", "default", "--url", nobody, "--from-rest", "--account", tenant.sid)

    tenant.post("/sync/v1/Services/default/Documents", UniqueName="board", Data='{"private": 1}')

    def given_up() -> list[str]:
        dead = ask.ask("webhook", "list", "--account", tenant.sid)
        return [each["sid"] for each in dead if each["kind"] == "debugger" and each["state"] == "dead"]

    until(given_up, "the debugger's webhook to fail")
    (alert,) = ask.ask("alerts", "--account", tenant.sid)
    story = told(ask, "why", alert["sid"])
    assert alert["code"] == 11202
    assert "document_created" in alert["text"]
    assert "DocumentUniqueName = board" in story
    for private in ("hunter2", "private"):
        assert private not in story + json.dumps(alert)


def test_changes_are_listed_with_who_made_them(ask: Command, tenant: Tenant) -> None:
    by_rest = tenant.post(f"/2010-04-01/Accounts/{tenant.sid}/Keys.json", FriendlyName="CI").json()
    told(ask, "key", "revoke", by_rest["sid"], "--account", tenant.sid)

    deleted, created = ask.ask("audit", "--resource", by_rest["sid"])
    table = told(ask, "audit", "--account", tenant.sid)

    assert (created["event_type"], created["actor_sid"], created["source"]) == (
        "key.created",
        tenant.sid,
        "api",
    )
    assert (deleted["event_type"], deleted["actor_type"], deleted["source"]) == (
        "key.deleted",
        "operator",
        "twilio",
    )
    assert by_rest["secret"] not in table
    assert re.search(
        rf"key\.created +{by_rest['sid']} +{tenant.sid} +127\.0\.0\.1 +.*friendly_name=CI", table
    )


def test_debugger_url_is_set_and_taken_away(ask: Command, tenant: Tenant) -> None:
    url = "https://example.com/alerts"

    assert ask.ask("account", "debugger", tenant.sid, url)["debugger_url"] == url
    assert ask("account", "debugger", tenant.sid).code == 2
    assert ask("account", "debugger", tenant.sid, url, "--off").code == 2
    assert ask.ask("account", "debugger", tenant.sid, "--off")["debugger_url"] is None
    refused = ask("account", "debugger", tenant.sid, "example.com")
    assert (refused.code, refused.err.endswith("(11321)\n")) == (1, True)


def test_tail_shows_alerts(server: Server, tenant: Tenant, tmp_path: Path, start: Start) -> None:
    arguments = "tail", "--json", "--kind", "ALERT", "--account", tenant.sid
    tail = start(Process, tmp_path, *arguments, "--data", str(server.directory / "data"))
    tail.until_watching()

    code = tenant.post("/sync/v1/Services", AclEnabled="perhaps").json()["code"]

    tail.until_said(f'"what":"{code}"')
    tail.end()


def test_what_is_no_id_is_refused_with_the_way_to_one(ask: Command) -> None:
    refused = ask("why", "WD" + "0" * 32)

    assert refused.code == 2
    assert " alerts --data " in refused.err


@pytest.mark.usefixtures("own_logging")
def test_server_that_stops_writes_down_what_it_counted(
    tmp_path: Path, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    server = start(Server, tmp_path, "dev", "--data", str(data), "--alerts-per-code-burst", "1")
    made = server.credentials
    for _ in range(10):
        httpx2.post(
            f"{server.url}/sync/v1/Services",
            data={"AclEnabled": "perhaps"},
            auth=(made["TWILIO_ACCOUNT_SID"], made["TWILIO_AUTH_TOKEN"]),
        )
    assert server.end() == 0

    found = Command(data, capsys).ask("alerts")
    assert sum(1 + alert["repeats"] for alert in found) == 10
