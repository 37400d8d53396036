"""Revocation is live: what it meets ends at once and is told why, nothing else is touched."""

from collections.abc import Callable

import pytest

from tests.interop.conftest import Connect
from tests.interop.server import Account, Server, until

WAYS: dict[str, tuple[int, Callable[[Account, str], object]]] = {
    "its key": (20103, lambda account, token: account.revoke_key()),
    "its account suspended": (20103, lambda account, token: account.set_status("suspended")),
    "its account closed": (20103, lambda account, token: account.set_status("closed")),
    "the token": (51215, lambda account, token: _revoke(account, kind="token", token=token)),
    "its identity": (51215, lambda account, token: _revoke(account, kind="identity", identity="alice")),
    "all issued before": (51215, lambda account, token: _revoke(account, kind="issued_before")),
    "all of its key issued before": (
        51215,
        lambda account, token: _revoke(account, kind="issued_before", key_sid=account.key_sid),
    ),
}
"""What is revoked, the code of the refusal that follows, and how."""


def _revoke(account: Account, **what: object) -> None:
    account.operator("POST", "revocations", what)


@pytest.fixture
def account(server: Server) -> Account:
    """An account of the test's own."""
    return server.new_account()


@pytest.mark.parametrize("way", WAYS)
def test_revoked_connection_ends_denied_and_may_not_come_back(
    account: Account, connect: Connect, way: str
) -> None:
    code, revoke = WAYS[way]
    token = account.token("alice")
    client = connect(token=token)
    client.becomes("connected")

    revoke(account, token)

    client.becomes("denied")
    while not (error := client.next("connectionError"))["terminal"]:
        pass
    assert (error["httpStatusCode"], error["errorCode"]) == (401, code)
    assert client.seen("tokenExpired") == []
    late = connect(token=token)
    late.becomes("denied")
    assert late.next("connectionError")["errorCode"] == code


@pytest.mark.parametrize("way", ["its key", "the token", "its identity", "all of its key issued before"])
def test_connection_that_is_not_concerned_is_not_touched(
    account: Account, connect: Connect, name: str, way: str
) -> None:
    _, revoke = WAYS[way]
    token = account.token("alice")
    concerned = connect(token=token)
    other = connect(token=account.new_key().token("bob"))
    document = other.document(name)
    concerned.becomes("connected")

    revoke(account, token)
    concerned.becomes("denied")

    document.set({"n": 1})
    assert other.seen("connectionStateChanged") == ["connecting", "connected"]


@pytest.mark.parametrize("way", ["the token", "its identity", "all issued before"])
def test_client_whose_token_was_revoked_signs_in_again(
    account: Account, connect: Connect, name: str, way: str
) -> None:
    """Issue times are whole seconds, so the new token is made in a later one."""
    _, revoke = WAYS[way]
    token = account.token("alice")
    client = connect(token=token)
    client.becomes("connected")
    revoke(account, token)
    client.becomes("denied")

    account.server.advance(2)
    client.updateToken(account.token("alice"))

    client.becomes("connected")
    assert client.document(name).sid


def test_refresh_with_a_revoked_token_is_refused(account: Account, connect: Connect) -> None:
    client = connect(token=account.token())
    client.becomes("connected")
    token = account.token(ttl_s=7200)
    _revoke(account, kind="token", token=token)
    account.server.in_step()

    outcome = client.updateToken.start(token)

    client.becomes("denied")
    assert client.next("connectionError")["errorCode"] == 51215
    assert outcome.exception() is not None


def test_key_is_rotated_without_a_pause(account: Account, connect: Connect, name: str) -> None:
    client = connect(token=account.token())
    document = client.document(name)

    client.updateToken(account.new_key().token())
    account.revoke_key()

    document.set({"n": 1})
    assert client.seen("connectionError") == []
    assert "disconnected" not in client.seen("connectionStateChanged")


def test_reactivated_account_is_let_in_again(account: Account, connect: Connect) -> None:
    account.set_status("suspended")
    client = connect(token=account.token())
    client.becomes("denied")

    account.set_status("active")
    client.updateToken(account.token(ttl_s=7200))

    client.becomes("connected")


def test_deleted_service_takes_its_objects_along_and_keeps_its_connections(
    account: Account, connect: Connect, name: str
) -> None:
    service = account.new_service()
    token = account.token(service=service)
    client, bare = connect(token=token), connect.bare(token=token)
    document = client.document(name).subscribed()

    account.operator("DELETE", f"services/sync/{service}")

    assert document.next("removed")["isLocal"] is False
    assert bare.get(f"/v3/Documents/{name}").error == (404, 54050)
    assert client.seen("connectionStateChanged") == ["connecting", "connected"]
    late = connect(token=token)
    late.becomes("denied")
    assert late.next("connectionError")["errorCode"] == 51101


def test_disabled_service_refuses_requests_and_new_connections(
    account: Account, connect: Connect, name: str
) -> None:
    service = account.new_service()
    token = account.token(service=service)
    bare = connect.bare(token=token)
    bare.post("/v3/Documents", {"unique_name": name, "data": {}}).ok(201)

    account.operator("POST", f"services/sync/{service}", {"enabled": False})

    # Another node may have to hear of it first.
    until(lambda: bare.get(f"/v3/Documents/{name}").status != 200, "a refusal")
    assert bare.get(f"/v3/Documents/{name}").error == (403, 54056)
    late = connect(token=token)
    late.becomes("denied")
    assert late.next("connectionError")["errorCode"] == 51108
