"""Revocation is live: what it meets ends at once and is told why, nothing else is touched (`tokens.md` 8)."""

from collections.abc import Callable

import pytest

from tests.interop.conftest import Connect
from tests.interop.server import Server

WAYS: dict[str, tuple[int, Callable[[Server, str], object]]] = {
    "its key": (
        20103,
        lambda server, token: server.operator("DELETE", f"keys/{server.credentials['TWILIO_API_KEY']}"),
    ),
    "its account suspended": (20103, lambda server, token: _set_status(server, "suspended")),
    "its account closed": (20103, lambda server, token: _set_status(server, "closed")),
    "the token": (51215, lambda server, token: _revoke(server, kind="token", token=token)),
    "its identity": (51215, lambda server, token: _revoke(server, kind="identity", identity="alice")),
    "all issued before": (51215, lambda server, token: _revoke(server, kind="issued_before")),
    "all of its key issued before": (
        51215,
        lambda server, token: _revoke(
            server, kind="issued_before", key_sid=server.credentials["TWILIO_API_KEY"]
        ),
    ),
}
"""What is revoked, the code of the refusal that follows, and how."""


def _set_status(server: Server, status: str) -> object:
    return server.operator("POST", f"/accounts/{server.account_sid}", {"status": status})


def _revoke(server: Server, **what: object) -> object:
    return server.operator("POST", "revocations", what)


@pytest.mark.parametrize("way", WAYS)
def test_revoked_connection_ends_denied_and_may_not_come_back(
    own_server: Server, connect: Connect, way: str
) -> None:
    code, revoke = WAYS[way]
    token = own_server.token("alice")
    client = connect(token=token)
    client.becomes("connected")

    revoke(own_server, token)

    client.becomes("denied")
    while not (error := client.next("connectionError"))["terminal"]:
        pass
    assert (error["terminal"], error["httpStatusCode"], error["errorCode"]) == (True, 401, code)
    assert client.seen("tokenExpired") == []
    late = connect(token=token)
    late.becomes("denied")
    assert late.next("connectionError")["errorCode"] == code


@pytest.mark.parametrize("way", ["its key", "the token", "its identity", "all of its key issued before"])
def test_connection_that_is_not_concerned_is_not_touched(
    own_server: Server, connect: Connect, name: str, way: str
) -> None:
    _, revoke = WAYS[way]
    token = own_server.token("alice")
    concerned = connect(token=token)
    key = own_server.operator("POST", "keys", {})
    other = connect(token=own_server.token("bob", key_sid=key["sid"], key_secret=key["secret"]))
    document = other.document(name)

    revoke(own_server, token)
    concerned.becomes("denied")

    document.set({"n": 1})
    assert other.seen("connectionStateChanged") == ["connecting", "connected"]


@pytest.mark.parametrize("way", ["the token", "its identity", "all issued before"])
def test_client_whose_token_was_revoked_signs_in_again(
    own_server: Server, connect: Connect, name: str, way: str
) -> None:
    _, revoke = WAYS[way]
    token = own_server.token("alice")
    client = connect(token=token)
    client.document(name)
    revoke(own_server, token)
    client.becomes("denied")

    own_server.advance(2)
    client.updateToken(own_server.token("alice"))

    client.becomes("connected")
    assert client.document(name).sid


def test_refresh_with_a_revoked_token_is_refused(own_server: Server, connect: Connect) -> None:
    client = connect("alice")
    client.becomes("connected")
    token = own_server.token("alice", ttl_s=7200)
    _revoke(own_server, kind="token", token=token)

    outcome = client.updateToken.start(token)

    client.becomes("denied")
    assert client.next("connectionError")["errorCode"] == 51215
    assert outcome.exception() is not None


def test_key_of_the_same_account_refreshes_before_the_old_one_goes(
    own_server: Server, connect: Connect, name: str
) -> None:
    client = connect("alice")
    document = client.document(name)
    key = own_server.operator("POST", "keys", {})

    client.updateToken(own_server.token("alice", key_sid=key["sid"], key_secret=key["secret"]))
    own_server.operator("DELETE", f"keys/{own_server.credentials['TWILIO_API_KEY']}")

    document.set({"n": 1})
    assert client.seen("connectionError") == []
    assert "disconnected" not in client.seen("connectionStateChanged")


def test_reactivated_account_is_let_in_again(own_server: Server, connect: Connect) -> None:
    _set_status(own_server, "suspended")
    client = connect("alice")
    client.becomes("denied")

    _set_status(own_server, "active")
    client.updateToken(own_server.token("alice", ttl_s=7200))

    client.becomes("connected")


def test_deleted_service_takes_its_objects_along_and_keeps_its_connections(
    own_server: Server, connect: Connect, name: str
) -> None:
    service = own_server.operator("POST", "services/sync", {})["sid"]
    token = own_server.token("alice", service=service)
    client, bare = connect(token=token), connect.bare(token=token)
    document = client.document(name).subscribed()

    own_server.operator("DELETE", f"services/sync/{service}")

    assert document.next("removed")["isLocal"] is False
    assert bare.get(f"/v3/Documents/{name}").error == (404, 54050)
    assert client.seen("connectionStateChanged") == ["connecting", "connected"]
    late = connect(token=token)
    late.becomes("denied")
    assert late.next("connectionError")["errorCode"] == 51101


def test_disabled_service_refuses_requests_and_new_connections(
    own_server: Server, connect: Connect, name: str
) -> None:
    service = own_server.operator("POST", "services/sync", {})["sid"]
    token = own_server.token("alice", service=service)
    bare = connect.bare(token=token)
    bare.post("/v3/Documents", {"unique_name": name, "data": {}}).ok(201)

    own_server.operator("POST", f"services/sync/{service}", {"enabled": False})

    assert bare.get(f"/v3/Documents/{name}").error == (403, 54056)
    late = connect(token=token)
    late.becomes("denied")
    assert late.next("connectionError")["errorCode"] == 51108
