"""The doctor over HTTP and on the command line, which agree; and a denial from its id to its page."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.e2e.cli.conftest import Command, Start
from tests.e2e.cli.process import Client, Server, tsock, until

BROWSER = {"accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def command(server: Server, capsys: pytest.CaptureFixture[str]) -> Command:
    """Commands about the running server."""
    return Command(server.directory / "data", capsys)


Mint = Callable[[str], str]


@pytest.fixture
def mint(command: Command) -> Mint:
    """Makes tokens of that life with a key of the test's own: other tests leave accounts on the server."""
    account = command.ask("account", "create", "Doctor")["sid"]
    key = command.ask("key", "create", "--account", account)["sid"]

    def mint(ttl: str) -> str:
        minted = command("token", "--identity", "alice", "--key", key, "--ttl", ttl)
        assert minted.code == 0, minted.err
        return minted.out.strip()

    return mint


def test_name_and_value_of_a_claim_have_a_blank_between_them(command: Command, mint: Mint) -> None:
    head, payload, _ = mint("1h").split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    sid, name = "CR" + "7" * 32, "deployment_role_sid"
    claims["grants"] |= {
        "ip_messaging": {"service_sid": "default", name: "RL" + "7" * 32, "push_credential_sid": sid}
    }
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    told = command("doctor", f"{head}.{changed}.AAAA").out
    rows = dict(line.split() for line in told.splitlines() if line.startswith("  grants."))
    assert rows["grants.ip_messaging.push_credential_sid"] == sid
    assert rows[f"grants.ip_messaging.{name}"] == "RL" + "7" * 32


@pytest.mark.parametrize("form", ["%s", '{"token": "%s"}', "Bearer %s", "hello", ""])
@pytest.mark.parametrize("ttl", ["1h", "-90m"])
def test_post_doctor_answers_byte_for_byte_what_the_command_prints(
    server: Server, command: Command, mint: Mint, form: str, ttl: str
) -> None:
    text = form.replace("%s", mint(ttl))

    def same() -> bool:
        """Both ask for the time, so a second may pass between them."""
        answer = httpx2.post(f"{server.url}/doctor?product=sync", content=text.encode())
        return answer.text == command("doctor", text, "--product", "sync", "--json").out

    until(same, "the same answer twice")


def test_id_in_the_error_of_a_client_leads_to_its_page(server: Server, mint: Mint) -> None:
    token = mint("-90m")
    client = Client(server.url)
    said = client.init(token).status
    client.close()
    found = re.search("DN[0-9a-f]{32}", str(said))
    assert found is not None
    denial = f"{server.url}/denials/{found[0]}"
    page = until(lambda: _found(httpx2.get(denial, headers=BROWSER)), "the record of the denial")
    assert "can never be valid" in page.text
    assert "1 h 30 min ago" in page.text
    assert token not in page.text
    assert f"/denials/{found[0]}" in httpx2.get(f"{server.url}/errors/20104", headers=BROWSER).text


def _found(response: httpx2.Response) -> httpx2.Response | None:
    return response if response.status_code == 200 else None


def test_production_asks_who_wants_to_know_and_the_dictionary_is_for_all(
    tmp_path: Path, start: Start
) -> None:
    server = start(Server, tmp_path, "serve", "--data", "data")
    made = tsock("account", "create", "--json", "--data", "data", directory=tmp_path)
    account = json.loads(made.stdout)
    with httpx2.Client(base_url=server.url, headers=BROWSER) as browser:
        assert "Unauthorized" in browser.get("/errors/51215").text
        assert browser.get("/doctor").text.count("<form") == 0
        refused = browser.post("/doctor", content=b"x")
        assert (refused.status_code, "www-authenticate" in refused.headers) == (401, False)
        shown = {"sid": account["sid"], "secret": account["auth_token"]}
        wrong = browser.post("/sign-in?next=/doctor", data={**shown, "secret": "wrong"})
        assert (wrong.status_code, "Not signed in" in wrong.text) == (401, True)
        signed_in = browser.post("/sign-in?next=/doctor", data=shown, follow_redirects=True)
        assert (signed_in.url.path, signed_in.text.count("<form")) == ("/doctor", 2)
        assert "not_a_jwt" in browser.post("/doctor/report", data={"text": "x", "product": ""}).text
        foreign = {"origin": "https://evil.example"}
        assert browser.post("/doctor/report", data={"text": "x"}, headers=foreign).status_code == 403
        assert browser.post("/sign-out").headers["location"] == "/"
        assert browser.post("/doctor", content=b"x").status_code == 401
    assert server.end() == 0
