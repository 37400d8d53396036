"""Every way to be denied: what the SDK shows, and that the refusal is explained (`tokens.md` 6, 7)."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from twilio.jwt.access_token.grants import ChatGrant, SyncGrant, VideoGrant

from tests.interop.conftest import Connect
from tests.interop.server import Server

UNKNOWN = "0" * 31 + "f"


def _flipped(token: str) -> str:
    """The token with one bit of its signature flipped."""
    head, dot, signature = token.rpartition(".")
    return head + dot + ("A" if signature[0] != "A" else "B") + signature[1:]


def _grants(**grants: Any) -> dict[str, Any]:
    return {"identity": "alice", **grants}


def _service(server: Server, **options: Any) -> str:
    return server.operator("POST", "services/sync", options)["sid"]


def _deleted_service(server: Server) -> str:
    service = _service(server)
    server.operator("DELETE", f"services/sync/{service}")
    return service


def _two_services(server: Server) -> str:
    chat, other = (server.operator("POST", "services/chat", {})["sid"] for _ in range(2))
    both = {"chat": {"service_sid": chat}, "ip_messaging": {"service_sid": other}}
    return server.signed(grants=_grants(data_sync={"service_sid": "default"}, **both))


def _restricted(server: Server) -> str:
    policy = {"allow": ["/twilio/sync/services/read"]}
    key = server.operator("POST", "keys", {"kind": "restricted", "policy": policy})
    return server.token(key_sid=key["sid"], key_secret=key["secret"])


def _revoked(server: Server) -> str:
    key = server.operator("POST", "keys", {})
    server.operator("DELETE", f"keys/{key['sid']}")
    return server.token(key_sid=key["sid"], key_secret=key["secret"])


class _Account:
    """An account beside the ready-made one, with a key."""

    def __init__(self, server: Server, owner_sid: str | None = None) -> None:
        self.made = server.operator("POST", "/accounts", {"owner_sid": owner_sid})
        self.sid = self.made["sid"]
        self.key = server.operator("POST", f"/accounts/{self.sid}/keys", {})

    def token(
        self, server: Server, *, own_account: bool = True, own_service: bool = True, test: bool = False
    ) -> str:
        return server.token(
            account_sid=self.made["test_sid"] if test else self.sid if own_account else "",
            key_sid=self.key["sid"],
            key_secret=self.key["secret"],
            service="default" if own_service else server.credentials["TWILIO_SYNC_SERVICE_SID"],
        )


def _another_account(server: Server, status: str = "active") -> _Account:
    account = _Account(server)
    server.operator("POST", f"/accounts/{account.sid}", {"status": status})
    return account


def _orphan(server: Server) -> _Account:
    parent = _Account(server)
    account = _Account(server, owner_sid=parent.sid)
    server.operator("POST", f"/accounts/{parent.sid}", {"status": "suspended"})
    return account


REFUSALS: dict[str, tuple[int, Callable[[Server], str]]] = {
    "no JWT": (20101, lambda server: "AC0123"),
    "JSON in place of the token": (20101, lambda server: f'{{"token":"{server.token()}"}}'),
    "truncated": (20101, lambda server: server.token().rpartition(".")[0]),
    "too large": (20101, lambda server: server.token("x" * 9000)),
    "no content type": (20102, lambda server: server.signed(headers={})),
    "another content type": (20102, lambda server: server.signed(headers={"cty": "twilio-pkrv;v=1"})),
    "algorithm none": (20102, lambda server: server.signed(algorithm="none")),
    "no issuer": (20103, lambda server: server.signed(iss=None)),
    "account as issuer": (
        20103,
        lambda server: server.token(key_sid=server.account_sid),
    ),
    "unknown key": (20103, lambda server: server.token(key_sid=f"SK{UNKNOWN}")),
    "unknown account": (20103, lambda server: server.token(account_sid=f"AC{UNKNOWN}")),
    "foreign region": (20103, lambda server: server.token(region="ie1")),
    "secret of another key": (20107, lambda server: server.token(key_secret="0" * 32)),
    "Auth Token as secret": (
        20107,
        lambda server: server.token(key_secret=server.credentials["TWILIO_AUTH_TOKEN"]),
    ),
    "changed signature": (20107, lambda server: _flipped(server.token())),
    "expired": (20104, lambda server: server.token(ttl_s=-1)),
    "no expiry": (20104, lambda server: server.signed(exp=None)),
    "expiry as text": (20104, lambda server: server.signed(exp=str(int(time.time()) + 60))),
    "not yet valid": (20105, lambda server: server.token(starts_s=300)),
    "issued in the future": (20105, lambda server: server.signed(iat=int(time.time()) + 300)),
    "lifetime of 25 hours": (20157, lambda server: server.token(ttl_s=90000)),
    "no grants": (20106, lambda server: server.signed(grants=None)),
    "grants as a list": (20106, lambda server: server.signed(grants=[])),
    "grant as text": (20106, lambda server: server.signed(grants=_grants(data_sync="default"))),
    "numeric identity": (20106, lambda server: server.signed(grants=_grants(identity=7))),
    "no identity": (51105, lambda server: server.token(None)),
    "empty identity": (51105, lambda server: server.signed(grants={"identity": "", "data_sync": {}})),
    "long identity": (51003, lambda server: server.token("i" * 257)),
    "long endpoint id": (
        51004,
        lambda server: server.token(grants=[SyncGrant("default", "e" * 257)]),
    ),
    "video only": (51103, lambda server: server.token(grants=[VideoGrant(room="r")])),
    "chat only": (51103, lambda server: server.token(grants=[ChatGrant(service_sid="default")])),
    "grant without a service": (51104, lambda server: server.token(service=None)),
    "messaging service": (51101, lambda server: server.token(service=f"MG{UNKNOWN}")),
    "unknown service": (51101, lambda server: server.token(service=f"IS{UNKNOWN}")),
    "service of the other product": (
        51106,
        lambda server: server.token(service=server.credentials["TWILIO_CHAT_SERVICE_SID"]),
    ),
    "two services of one product": (51110, _two_services),
    "disabled service": (51108, lambda server: server.token(service=_service(server, enabled=False))),
    "deleted service": (51101, lambda server: server.token(service=_deleted_service(server))),
    "service of another account": (
        51101,
        lambda server: _another_account(server).token(server, own_service=False),
    ),
    "key of another account": (
        20103,
        lambda server: _another_account(server).token(server, own_account=False),
    ),
    "restricted key": (20103, _restricted),
    "revoked key": (20103, _revoked),
    "test credentials": (20103, lambda server: _another_account(server).token(server, test=True)),
    "suspended account": (20103, lambda server: _another_account(server, status="suspended").token(server)),
    "closed account": (20103, lambda server: _another_account(server, status="closed").token(server)),
    "subaccount of a suspended account": (20103, lambda server: _orphan(server).token(server)),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused_token_shows_as_denied_with_its_code(server: Server, connect: Connect, case: str) -> None:
    code, make = REFUSALS[case]
    client = connect(token=make(server))

    client.becomes("denied")

    error = client.next("connectionError")
    assert (error["terminal"], error["httpStatusCode"], error["errorCode"]) == (True, 401, code)
    assert len(client.seen("tokenExpired")) == (1 if code == 20104 else 0)
    assert client.seen("connectionStateChanged")[-1] == "denied"


def test_token_of_another_account_connects_to_that_account(
    server: Server, connect: Connect, name: str
) -> None:
    account = _another_account(server)
    client = connect(token=account.token(server))

    document = client.document(name)

    assert connect("bob").document(name).sid != document.sid


def test_refusal_in_development_tells_its_cause_and_its_id(server: Server, connect: Connect) -> None:
    client = connect(token=server.token(key_sid=f"SK{UNKNOWN}"))

    message = client.next("connectionError")["message"]

    assert f"SK{UNKNOWN}" in message
    assert re.search(r"\(DN[0-9a-f]{32}\)$", message)
