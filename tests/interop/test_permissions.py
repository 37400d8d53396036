"""Permissions of a service with ACL on (`protocol/sync.md`, Permissions)."""

from typing import Any

import pytest

from tests.interop.bare import Bare
from tests.interop.conftest import Connect
from tests.interop.sdk import SdkError
from tests.interop.server import Server

KINDS = ["document", "list", "map"]
FORBIDDEN = (403, 54007)


class Guarded:
    """A service with ACL on, and objects that `owner` made in it."""

    def __init__(self, server: Server, connect: Connect) -> None:
        self._server = server
        self._connect = connect
        self.sid = server.account.new_service(acl_enabled=True)
        self.owner = self.bare("owner")

    def bare(self, identity: str) -> Bare:
        return self._connect.bare(token=self._server.token(identity, service=self.sid))

    def make(self, kind: str) -> Any:
        return self.owner.post(f"/v3/{kind.title()}s", {"data": {}}).ok(201)

    def allow(self, made: Any, kind: str, identity: str, *flags: str) -> None:
        path = f"sync/{self.sid}/{kind}/{made['sid']}/permissions/{identity}"
        self._server.account.operator("POST", path, dict.fromkeys(flags, True))


@pytest.fixture
def guarded(server: Server, connect: Connect) -> Guarded:
    return Guarded(server, connect)


def _write(client: Bare, made: Any, kind: str) -> int:
    if kind == "document":
        return client.post(made["url"], {"data": {"n": 1}}).status
    return client.post(made["links"]["items"], {"key": "k", "data": {"n": 1}}).status


@pytest.mark.parametrize("kind", KINDS)
def test_without_acl_any_identity_may_do_everything(connect: Connect, kind: str) -> None:
    owner, guest = connect.bare("owner"), connect.bare("guest")
    made = owner.post(f"/v3/{kind.title()}s", {"data": {}}).ok(201)

    assert guest.get(made["url"]).status == 200
    assert _write(guest, made, kind) in (200, 201)
    assert guest.delete(made["url"]).status in (200, 204)


@pytest.mark.parametrize("kind", KINDS)
def test_identity_without_permission_may_do_nothing(guarded: Guarded, kind: str) -> None:
    guest, made = guarded.bare("guest"), guarded.make(kind)

    assert guest.get(made["url"]).error == FORBIDDEN
    assert guest.post(made["url"], {"data": {}, "ttl": 60}).error == FORBIDDEN
    assert guest.delete(made["url"]).error == FORBIDDEN
    if kind != "document":
        assert guest.get(made["links"]["items"]).error == FORBIDDEN
        assert guest.post(made["links"]["items"], {"key": "k", "data": {}}).error == FORBIDDEN
    guest.establish((made["sid"], kind, None))
    error = guest.outcomes()[made["sid"]]["error"]
    assert (error["status"], error["code"]) == FORBIDDEN


@pytest.mark.parametrize("kind", KINDS)
def test_reader_may_look_but_not_write(guarded: Guarded, kind: str) -> None:
    guest, made = guarded.bare("guest"), guarded.make(kind)
    guarded.allow(made, kind, "guest", "read")

    assert guest.get(made["url"]).status == 200
    assert "error" not in guest.follow(made["sid"], kind)
    assert _write(guest, made, kind) == 403
    assert guest.delete(made["url"]).error == FORBIDDEN


@pytest.mark.parametrize("kind", KINDS)
def test_writer_may_change_but_not_remove(guarded: Guarded, kind: str) -> None:
    guest, made = guarded.bare("guest"), guarded.make(kind)
    guarded.allow(made, kind, "guest", "read", "write")

    assert _write(guest, made, kind) in (200, 201)
    assert guest.delete(made["url"]).error == FORBIDDEN


@pytest.mark.parametrize("kind", KINDS)
def test_manager_may_remove(guarded: Guarded, kind: str) -> None:
    guest, made = guarded.bare("guest"), guarded.make(kind)
    guarded.allow(made, kind, "guest", "read", "write", "manage")

    assert guest.delete(made["url"]).status in (200, 204)


def test_absent_object_is_absent_rather_than_forbidden(guarded: Guarded, name: str) -> None:
    assert guarded.bare("guest").get(f"/v3/Documents/{name}").error == (404, 54300)


@pytest.mark.parametrize("kind", KINDS)
def test_creator_may_use_what_it_made(guarded: Guarded, kind: str) -> None:
    made = guarded.make(kind)

    assert _write(guarded.owner, made, kind) in (200, 201)
    assert guarded.owner.delete(made["url"]).status in (200, 204)


def test_anybody_may_use_a_stream(guarded: Guarded) -> None:
    made = guarded.make("stream")

    assert guarded.bare("guest").post(made["links"]["messages"], {"data": {}}).status == 201


def test_revoked_read_stops_the_events_at_once(guarded: Guarded) -> None:
    """An object that stays readable is the fence."""
    guest = guarded.bare("guest")
    made, fence = guarded.make("document"), guarded.make("document")
    for each in (made, fence):
        guarded.allow(each, "document", "guest", "read")
        guest.follow(each["sid"], "document")
    guarded.owner.post(made["url"], {"data": {"n": 1}}).ok()
    assert guest.event()["document_data"] == {"n": 1}

    guarded.allow(made, "document", "guest")
    guarded.owner.post(made["url"], {"data": {"n": 2}}).ok()
    guarded.owner.post(fence["url"], {"data": {"n": 3}}).ok()

    assert guest.event()["document_sid"] == fence["sid"]
    assert guest.get(made["url"]).error == FORBIDDEN


def test_sdk_tells_that_an_object_is_forbidden(
    guarded: Guarded, server: Server, connect: Connect, name: str
) -> None:
    guarded.owner.post("/v3/Documents", {"unique_name": name, "data": {}}).ok(201)
    client = connect(token=server.token("guest", service=guarded.sid))

    with pytest.raises(SdkError) as refused:
        client.document(name)

    assert (refused.value.status, refused.value.code) == FORBIDDEN


def test_sdk_reports_a_subscription_that_is_forbidden(
    own_server: Server, connect: Connect, name: str
) -> None:
    """The right to read goes while the client is away; its next establish fails."""
    guarded = Guarded(own_server, connect)
    made = guarded.owner.post("/v3/Documents", {"unique_name": name, "data": {}}).ok(201)
    guarded.allow(made, "document", "guest", "read")
    client = connect(token=own_server.token("guest", service=guarded.sid))
    document = client.document(name).subscribed()
    guarded.allow(made, "document", "guest")

    own_server.kill()
    own_server.start()

    failure = document.next("failure")
    assert (failure["status"], failure["code"]) == FORBIDDEN
    assert document.seen("removed") == []
