"""Every way to be denied: what the SDK shows, and that the refusal is explained."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from twilio.jwt.access_token.grants import ChatGrant, SyncGrant, VideoGrant

from tests.interop.conftest import Connect
from tests.interop.server import Account, Server

UNKNOWN = "0" * 31 + "f"


def _flipped(token: str) -> str:
    """The token with its signature changed."""
    head, dot, signature = token.rpartition(".")
    return head + dot + ("A" if signature[0] != "A" else "B") + signature[1:]


def _grants(**grants: Any) -> dict[str, Any]:
    return {"identity": "alice", "data_sync": {"service_sid": "default"}, **grants}


def _two_services(own: Account) -> str:
    chat, other = (own.new_service("chat") for _ in range(2))
    return own.signed(grants=_grants(chat={"service_sid": chat}, ip_messaging={"service_sid": other}))


def _deleted_service(own: Account) -> str:
    service = own.new_service()
    own.operator("DELETE", f"services/sync/{service}")
    return service


def _restricted(own: Account) -> str:
    return own.new_key(kind="restricted", policy={"allow": ["/twilio/sync/services/read"]}).token()


def _revoked(own: Account) -> str:
    key = own.new_key()
    key.revoke_key()
    return key.token()


def _another(own: Account, status: str = "active") -> Account:
    account = own.server.new_account()
    account.set_status(status)
    return account


def _orphan(own: Account) -> Account:
    parent = own.server.new_account()
    account = own.server.new_account(parent)
    parent.set_status("suspended")
    return account


REFUSALS: dict[str, tuple[int, Callable[[Account], str]]] = {
    "no JWT": (20101, lambda own: "AC0123"),
    "JSON in place of the token": (20101, lambda own: f'{{"token":"{own.token()}"}}'),
    "truncated": (20101, lambda own: own.token().rpartition(".")[0]),
    "too large": (20101, lambda own: own.token("x" * 9000)),
    "no content type": (20102, lambda own: own.signed(headers={})),
    "another content type": (20102, lambda own: own.signed(headers={"cty": "twilio-pkrv;v=1"})),
    "algorithm none": (20102, lambda own: own.signed(algorithm="none")),
    "no issuer": (20103, lambda own: own.signed(iss=None)),
    "account as issuer": (20103, lambda own: own.token(key_sid=own.sid)),
    "unknown key": (20103, lambda own: own.token(key_sid=f"SK{UNKNOWN}")),
    "unknown account": (20103, lambda own: own.token(account_sid=f"AC{UNKNOWN}")),
    "key of another account": (20103, lambda own: _another(own).token(account_sid=own.sid)),
    "restricted key": (20103, _restricted),
    "revoked key": (20103, _revoked),
    "test credentials": (20103, lambda own: (other := _another(own)).token(account_sid=other.test_sid)),
    "suspended account": (20103, lambda own: _another(own, "suspended").token()),
    "closed account": (20103, lambda own: _another(own, "closed").token()),
    "subaccount of a suspended account": (20103, lambda own: _orphan(own).token()),
    "foreign region": (20103, lambda own: own.token(region="ie1")),
    "secret of another key": (20107, lambda own: own.token(key_secret=own.new_key().key_secret)),
    "Auth Token as secret": (
        20107,
        lambda own: own.token(key_secret=own.server.credentials["TWILIO_AUTH_TOKEN"]),
    ),
    "changed signature": (20107, lambda own: _flipped(own.token())),
    "expired": (20104, lambda own: own.token(ttl_s=-1)),
    "no expiry": (20104, lambda own: own.signed(exp=None)),
    "expiry as text": (20104, lambda own: own.signed(exp=str(own.server.now_s() + 60))),
    "not yet valid": (20105, lambda own: own.token(starts_s=300)),
    "issued in the future": (20105, lambda own: own.signed(iat=own.server.now_s() + 300)),
    "lifetime of 25 hours": (20157, lambda own: own.token(ttl_s=90000)),
    "no grants": (20106, lambda own: own.signed(grants=None)),
    "grants as a list": (20106, lambda own: own.signed(grants=[])),
    "grant as text": (20106, lambda own: own.signed(grants=_grants(data_sync="default"))),
    "numeric identity": (20106, lambda own: own.signed(grants=_grants(identity=7))),
    "no identity": (51105, lambda own: own.token(None)),
    "empty identity": (51105, lambda own: own.signed(grants=_grants(identity=""))),
    "long identity": (51003, lambda own: own.token("i" * 257)),
    "long endpoint id": (51004, lambda own: own.token(grants=[SyncGrant("default", "e" * 257)])),
    "video only": (51103, lambda own: own.token(grants=[VideoGrant(room="r")])),
    "chat only": (51103, lambda own: own.token(grants=[ChatGrant(service_sid="default")])),
    "grant without a service": (51104, lambda own: own.token(service=None)),
    "messaging service": (51101, lambda own: own.token(service=f"MG{UNKNOWN}")),
    "unknown service": (51101, lambda own: own.token(service=f"IS{UNKNOWN}")),
    "deleted service": (51101, lambda own: own.token(service=_deleted_service(own))),
    "service of another account": (51101, lambda own: own.token(service=_another(own).new_service())),
    "service of the other product": (51106, lambda own: own.token(service=own.new_service("chat"))),
    "disabled service": (51108, lambda own: own.token(service=own.new_service(enabled=False))),
    "two services of one product": (51110, _two_services),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused_token_shows_as_denied_with_its_code(server: Server, connect: Connect, case: str) -> None:
    code, make = REFUSALS[case]
    client = connect(token=make(server.account))

    client.becomes("denied")

    error = client.next("connectionError")
    assert (error["terminal"], error["httpStatusCode"], error["errorCode"]) == (True, 401, code)
    assert len(client.seen("tokenExpired")) == (1 if code == 20104 else 0)
    assert client.seen("connectionStateChanged")[-1] == "denied"


def test_token_of_another_account_connects_to_that_account(
    server: Server, connect: Connect, name: str
) -> None:
    client = connect(token=server.new_account().token())

    document = client.document(name)

    assert connect("bob").document(name).sid != document.sid


def test_refusal_in_development_tells_its_cause_and_its_id(server: Server, connect: Connect) -> None:
    client = connect(token=server.account.token(key_sid=f"SK{UNKNOWN}"))

    message = client.next("connectionError")["message"]

    assert f"SK{UNKNOWN}" in message
    assert re.search(r"\(DN[0-9a-f]{32}\)$", message)
