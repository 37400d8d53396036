"""Accounts, keys, services, permissions and revocations: the same with a server and without."""

import hashlib
import re
import shlex
import shutil
from pathlib import Path

import httpx2
import pytest

from tests.e2e.cli.conftest import Command
from tests.e2e.cli.process import Server
from tsock.cli.main import run
from tsock.installation import layout


def test_account_lives_from_creation_to_closing(command: Command) -> None:
    made = command.ask("account", "create", "Shop")
    sid = made["sid"]
    assert len(made["auth_token"]) == 32

    assert command.ask("account", "rename", sid, "Store")["friendly_name"] == "Store"
    assert command.ask("account", "suspend", sid)["status"] == "suspended"
    assert command.ask("account", "activate", sid)["status"] == "active"
    assert command.ask("account", "rotate", sid)["auth_token"] != made["auth_token"]
    second = command.ask("account", "rotate", sid, "--overlap")
    assert (len(second["secondary_auth_token"]), "auth_token" in second) == (32, False)
    assert command("account", "rotate", sid, "--overlap").err.endswith("(70002)\n")
    assert command("account", "rotate", sid, "--overlap", "--promote").code == 2
    assert "date_secondary_auth_token" in command.ask("account", "fetch", sid)
    assert "date_secondary_auth_token" not in command.ask("account", "rotate", sid, "--cancel")
    assert command("account", "rotate", sid, "--promote").err.endswith("(20404)\n")
    refused = command("account", "close", sid)
    assert (refused.code, command.ask("account", "fetch", sid)["status"]) == (2, "active")
    assert command.ask("account", "close", sid, "--yes")["status"] == "closed"
    late = command("account", "activate", sid)
    assert (late.code, late.out) == (1, "")
    assert late.err.endswith("(21479)\n")


def test_argument_that_is_not_utf8_is_refused(command: Command) -> None:
    for arguments in (("account", "create", "\udcff"), ("account", "rename", "\udcff", "Shop")):
        refused = command(*arguments)
        assert (refused.code, refused.out) == (2, "")
        assert (
            refused.err == "error: expected texts in UTF-8, found one with other bytes among the arguments\n"
        )


def test_subaccount_is_listed_below_its_owner(command: Command, account: str) -> None:
    sub = command.ask("account", "create", "--owner", account)

    listed = command("account", "list", "--owner", account)

    assert listed.code == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == ["sid", sub["sid"]]


def test_secret_of_a_key_is_shown_once(command: Command, account: str) -> None:
    made = command("key", "create", "first", "--account", account)
    assert made.code == 0
    fields = dict(line.split(maxsplit=1) for line in made.out.splitlines() if len(line.split()) == 2)
    assert len(fields["secret"]) == 32
    assert "not shown again" in made.err

    later = command("key", "fetch", fields["sid"], "--account", account)
    listed = command("key", "list", "--account", account)

    assert fields["sid"] in later.out
    assert fields["sid"] in listed.out
    assert fields["secret"] not in later.out + later.err + listed.out + listed.err


def test_revoked_key_is_gone_and_its_tokens_are_denied(command: Command, account: str) -> None:
    key = command.ask("key", "create", "--account", account)["sid"]
    token = command("token", "--identity", "alice", "--key", key).out.strip()
    assert command("doctor", token).code == 0

    assert command.ask("key", "revoke", key, "--account", account)["date_revoked"]

    assert command.ask("key", "list", "--account", account) == []
    denied = command("doctor", token)
    assert denied.code == 1
    assert "20103" in denied.out
    assert "key_revoked" in denied.out


def test_service_is_changed_disabled_and_replaced(command: Command, account: str) -> None:
    made = command.ask("service", "create", "Support", "--product", "chat", "--account", account)
    assert (made["product"], "acl_enabled" in made) == ("chat", False)
    assert command("service", "create", "--product", "chat", "--acl", "--account", account).code != 0
    assert len(command.ask("service", "list", "--account", account)) == 3

    changed = command.ask("service", "update", "default", "--no-enabled", "--acl", "--account", account)
    assert (changed["product"], changed["enabled"], changed["acl_enabled"]) == ("sync", False, True)
    assert command("service", "delete", "default", "--account", account).code == 2
    command.ask("service", "delete", "default", "--yes", "--account", account)

    fresh = command.ask("service", "fetch", "--account", account)
    assert fresh["sid"] != changed["sid"]
    assert (fresh["unique_name"], fresh["enabled"]) == ("default", True)


def test_identity_is_revoked_up_to_now(command: Command, account: str) -> None:
    command.ask("key", "create", "--account", account)
    token = command("token", "--identity", "mallory", "--account", account).out.strip()

    command.ask("revoke", "identity", "mallory", "--account", account)

    denied = command("doctor", token)
    assert (denied.code, "51215" in denied.out) == (1, True)


def test_token_is_revoked_by_its_text_or_digest(command: Command, account: str) -> None:
    command.ask("key", "create", "--account", account)
    tokens = [command("token", "--identity", name, "--account", account).out.strip() for name in "ab"]
    digests = [hashlib.sha256(token.encode()).hexdigest() for token in tokens]

    by_text = command("revoke", "token", tokens[0])
    by_digest = command("revoke", "token", digests[1], "--account", account)

    assert (by_text.code, by_digest.code) == (0, 0)
    assert tokens[0] not in by_text.out + by_text.err
    assert {each["digest"] for each in command.ask("revoke", "list", "--account", account)} == set(digests)
    assert [command("doctor", token).code for token in tokens] == [1, 1]


def test_everything_issued_before_a_date_is_revoked(command: Command, account: str) -> None:
    key = command.ask("key", "create", "--account", account)["sid"]
    token = command("token", "--identity", "alice", "--account", account).out.strip()

    past = command.ask("revoke", "before", "2026-01-01T00:00Z", "--key", key, "--account", account)
    assert past["issued_before"] == "2026-01-01T00:00:00.000Z"
    assert command("doctor", token).code == 0
    command.ask("revoke", "before", "--account", account)

    assert command("doctor", token).code == 1
    assert command("revoke", "before", "2999-01-01", "--account", account).code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["account", "fetch", "ACnone"],
        ["account", "rename", "ACnone", "x"],
        ["account", "rotate", "ACnone"],
        ["account", "list", "--owner", "ACnone"],
        ["key", "list", "--account", "ACnone"],
        ["key", "revoke", "SKnone", "--account", "ACnone"],
        ["service", "fetch", "--account", "ACnone"],
        ["revoke", "identity", "x", "--account", "ACnone"],
        ["revoke", "list", "--account", "ACnone"],
        ["permission", "list", "ET" + 32 * "0", "--account", "ACnone"],
        ["permission", "list", "board", "--account", "ACnone"],
        ["token", "--identity", "x", "--account", "ACnone"],
        ["token", "--identity", "x", "--key", "SKnone"],
        ["why", "DN" + 32 * "0"],
        ["alerts", "--account", "ACnone"],
        ["denials", "--account", "ACnone"],
        ["audit", "--account", "ACnone"],
    ],
)
def test_what_does_not_exist_is_said_with_its_code(command: Command, arguments: list[str]) -> None:
    outcome = command(*arguments)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: ")
    assert outcome.err.endswith("(20404)\n")


def test_sids_may_be_typed_in_other_letters(command: Command, account: str) -> None:
    key = command.ask("key", "create", "--account", account.lower())["sid"]
    assert command.ask("key", "fetch", key.lower(), "--account", account.upper())["sid"] == key
    assert command.ask("account", "fetch", account.lower())["sid"] == account
    service = command.ask("service", "create", "--account", account)["sid"]
    assert command.ask("service", "fetch", service.lower(), "--account", account)["sid"] == service
    named = ("--sync", service.lower(), "--key", key.lower(), "--account", account)
    minted = command("token", "alice", *named)
    assert (minted.code, minted.err) == (0, "")


def test_ready_made_account_is_meant_however_many_there_are(command: Command, account: str) -> None:
    (key,) = command.ask("key", "list")

    found = {each["sid"]: each["friendly_name"] for each in command.ask("account", "list")}
    assert found[key["account_sid"]] == "Development"
    assert account in found
    mine = key["account_sid"]
    assert command.ask("account", "fetch")["sid"] == command.ask("account", "fetch", mine)["sid"] == mine
    second = command("account", "rotate", "--overlap")
    assert f"account rotate {mine} --promote" in second.err
    assert "date_secondary_auth_token" not in command.ask("account", "rotate", "--cancel", "--account", mine)
    url = "https://example.com/alerts"
    assert command.ask("account", "debugger", url)["debugger_url"] == url
    assert command.ask("account", "fetch", account)["debugger_url"] is None
    assert command.ask("account", "debugger", "--off")["debugger_url"] is None


@pytest.mark.usefixtures("own_logging")
def test_with_several_accounts_of_real_users_one_must_be_named(
    left_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = shutil.copytree(left_data, tmp_path / "data")
    (data / layout.DEV).unlink()
    command = Command(data, capsys)
    command.ask("account", "create")

    outcome = command("key", "list")

    assert (outcome.code, outcome.out) == (2, "")
    assert "name one with --account" in outcome.err


def test_permission_that_has_no_effect_yet_says_so_and_what_gives_it_one(
    server: Server, served: Command
) -> None:
    service = served.ask("service", "create")["sid"]
    owner = (server.credentials["TWILIO_ACCOUNT_SID"], server.credentials["TWILIO_AUTH_TOKEN"])
    url = f"{server.url}/sync/v1/Services/{service}/Documents"
    assert httpx2.post(url, data={"UniqueName": "board"}, auth=owner).status_code == 201
    grant = ("permission", "set", "board", "alice", "--read", "--service", service)

    said = served(*grant).err

    assert "no effect yet: the ACL of the service is off" in said
    command = re.search("`(.*)`", said)
    assert command is not None
    assert run(shlex.split(command[1])[1:]) == 0
    assert served(*grant).err == ""


def test_object_is_found_by_its_unique_name_alone(server: Server, served: Command) -> None:
    service = served.ask("service", "create")["sid"]
    owner = (server.credentials["TWILIO_ACCOUNT_SID"], server.credentials["TWILIO_AUTH_TOKEN"])
    url = f"{server.url}/sync/v1/Services/{service}"
    of_service = ("--service", service)

    missing = served("permission", "set", "board", "alice", "--read", *of_service)
    assert (missing.code, missing.out) == (1, "")
    assert "there is no document, list or map named board" in missing.err
    assert missing.err.endswith("(54300)\n")

    assert httpx2.post(f"{url}/Lists", data={"UniqueName": "board"}, auth=owner).status_code == 201
    assert served.ask("permission", "set", "board", "alice", "--read", *of_service)["read"] is True
    assert served.ask("permission", "list", "board", *of_service)[0]["identity"] == "alice"

    assert httpx2.post(f"{url}/Maps", data={"UniqueName": "board"}, auth=owner).status_code == 201
    unclear = served("permission", "list", "board", *of_service)
    assert (unclear.code, "a list and a map named board: say with --kind" in unclear.err) == (2, True)
    assert served.ask("permission", "list", "board", "--kind", "map", *of_service) == []


def test_words_to_choose_from_may_be_in_capitals(command: Command, account: str) -> None:
    made = command.ask("key", "create", "--kind", "MAIN", "--account", account)
    service = command.ask("service", "create", "--product", "Chat", "--account", account)

    assert (made["kind"], service["product"]) == ("main", "chat")
    assert service in command.ask("service", "list", "--product", "CHAT", "--account", account)
    assert command.ask("webhook", "list", "--state", "WAITING", "--account", account) == []
    missing = command("permission", "list", "board", "--kind", "Document", "--account", account)
    assert missing.err.endswith("(54300)\n")
