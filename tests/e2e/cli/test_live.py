"""What an operator does to live connections, and sees of them."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import Command, Start
from tests.e2e.cli.process import Client, Process, Server


class Tenant:
    """An account with a key, and tokens that its key signs."""

    def __init__(self, server: Server, command: Command) -> None:
        self._server = server
        self._command = command
        self.account = command.ask("account", "create")["sid"]
        self.key = command.ask("key", "create", "--account", self.account)["sid"]

    def __call__(self, *arguments: str) -> str:
        done = self._command(*arguments)
        assert done.code == 0, done.err
        return done.out

    def token(self, identity: str) -> str:
        return self("token", "--identity", identity, "--key", self.key).strip()

    def connected(self, token: str) -> Client:
        client = Client(self._server.url)
        reply = client.init(token)
        assert reply.status is not None
        assert reply.status.code == 200
        return client


@pytest.fixture
def tenant(server: Server, capsys: pytest.CaptureFixture[str]) -> Tenant:
    return Tenant(server, Command(server.directory / "data", capsys))


WAYS = {
    "key": lambda tenant: ("key", "revoke", tenant.key, "--account", tenant.account),
    "identity": lambda tenant: ("revoke", "identity", "alice", "--account", tenant.account),
    "account": lambda tenant: ("account", "suspend", tenant.account),
    "everything": lambda tenant: ("revoke", "before", "now", "--account", tenant.account),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_revoked_ends_the_live_connection(tenant: Tenant, way: str) -> None:
    client = tenant.connected(tenant.token("alice"))

    tenant(*WAYS[way](tenant))

    client.until_closed()


def test_revoked_token_ends_its_own_connection_only(tenant: Tenant) -> None:
    token, other = tenant.token("alice"), tenant.token("bob")
    concerned, spared = tenant.connected(token), tenant.connected(other)

    tenant("revoke", "token", token)

    concerned.until_closed()
    assert spared.init(other).status is not None
    spared.close()


def test_denied_client_is_explained_by_the_id_it_was_told(server: Server, tenant: Tenant) -> None:
    token = tenant.token("mallory")
    tenant("revoke", "identity", "mallory", "--account", tenant.account)
    client = Client(server.url)
    status = client.init(token).status
    client.close()
    assert status is not None
    assert (status.code, status.error_code) == (401, 51215)

    story = tenant("why", str(status.description))

    sid = re.search("DN[0-9a-f]{32}", str(status.description))
    assert sid is not None
    assert story.startswith(sid[0])
    assert f"Who: mallory of {tenant.account}" in story
    assert "denied  51215" in story
    assert "cause revoked" in story
    assert ">" in story
    assert re.search(r"^  exp +\d+$", story, re.MULTILINE)
    assert re.search(r'"exp": \d+,', tenant("why", sid[0], "--json"))
    digest = hashlib.sha256(token.encode()).hexdigest()
    assert f"revoke token {digest} --account {tenant.account} " in story
    tenant("revoke", "token", digest, "--account", tenant.account)
    assert token not in story
    assert token.rpartition(".")[2] not in story
    latest = json.loads(tenant("denials", "--json", "--account", tenant.account))
    assert [each["sid"] for each in latest] == [sid[0]]
    assert sid[0] in tenant("why")
    assert tenant("why", sid[0].lower()) == tenant("why", sid[0].swapcase()) == story


def test_tail_shows_what_happens_and_filters(
    server: Server, tenant: Tenant, tmp_path: Path, start: Start
) -> None:
    folder = tmp_path / "tail"
    folder.mkdir()
    data = str(server.directory / "data")
    tail = start(Process, folder, "tail", "--json", "--data", data, "--identity", "alice")
    tail.until_watching()

    tenant.connected(tenant.token("bob")).close()
    client = tenant.connected(tenant.token("alice"))
    client.close()

    tail.until_said('"what":"closed"')
    tail.end()
    happenings = [json.loads(line) for line in tail.out.read_text().splitlines()]
    assert {each["identity"] for each in happenings} == {"alice"}
    assert {each["account"] for each in happenings} == {tenant.account}
    assert happenings[-1]["kind"] == "connection"
    assert "events are not shown: they do not tell who caused them" in tail.err.read_text()
