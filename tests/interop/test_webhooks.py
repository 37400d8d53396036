"""Webhooks as an application gets them; the validators of both helper libraries judge them."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.interop.conftest import Connect
from tests.interop.library import Api, InPython, NodeProcess, Record, signature_holds_in_python
from tests.interop.receiver import Hook, Receiver
from tests.interop.sdk import SdkObject
from tests.interop.server import Account

DATA = {"text": "grüße & more = x+y", "n": 1}


@pytest.fixture
def api(python_api: Api) -> Api:
    return python_api


@pytest.fixture
def told(api: Api, receiver: Receiver) -> Record:
    """A service that tells the receiver of changes, over REST as well."""
    return api.sync.v1.services.create(webhook_url=receiver.url, webhooks_from_rest_enabled=True)


@pytest.fixture
def service(api: Api, told: Record) -> Api:
    return api.sync.v1.services(told["sid"])


@pytest.fixture
def alice(connect: Connect, account: Account, told: Record) -> SdkObject:
    return connect(token=account.token("alice", service=told["sid"]))


Verify = Callable[[Hook, str], None]


@pytest.fixture
def verify(node_process: NodeProcess) -> Verify:
    """Has both validators check a webhook, with the Auth Token that should have signed it and another."""

    def verify(hook: Hook, token: str) -> None:
        for candidate, holds in ((token, True), ("0" * 32, False)):
            given = (candidate, hook.signature, hook.url, hook.params)
            assert signature_holds_in_python(*given) is holds
            names = ("token", "signature", "url", "params")
            assert node_process.ask("verify", **dict(zip(names, given, strict=True))) is holds

    return verify


Expect = Callable[..., None]


@pytest.fixture
def expect(receiver: Receiver, verify: Verify, account: Account, told: Record) -> Expect:
    """Takes the next webhook: of this type and person, signed, with these parameters and these alone.

    A parameter given as None has some value.
    """

    def expect(event_type: str, identity: str, **params: Any) -> None:
        hook = receiver.next(event_type)
        verify(hook, account.auth_token)
        assert (hook.method, hook.url) == ("POST", receiver.url)
        common = {
            "AccountSid": account.sid,
            "ServiceSid": told["sid"],
            "EventType": event_type,
            "Identity": identity,
        }
        if identity != "system":
            common["EndpointId"] = None
        expected = common | params
        found = {
            name: json.loads(value) if name.endswith("Data") else value for name, value in hook.params.items()
        }
        assert {name: expected.get(name) and value for name, value in found.items()} == expected

    return expect


def test_change_of_a_document_by_a_client_is_told(alice: SdkObject, expect: Expect, name: str) -> None:
    document = alice.document({"id": name, "data": DATA})
    about = {"DocumentSid": document.sid, "DocumentUniqueName": name, "DocumentRevision": None}
    expect("document_created", "alice", **about, DocumentData=DATA)
    document.set({"n": 2})
    expect("document_updated", "alice", **about, DocumentData={"n": 2})
    document.removeDocument()
    expect("document_removed", "alice", **about)


def test_change_of_a_list_by_a_client_is_told(alice: SdkObject, expect: Expect, name: str) -> None:
    list_ = alice.list(name)
    about = {"ListSid": list_.sid, "ListUniqueName": name, "ListRevision": None}
    expect("list_created", "alice", **about)
    item = about | {"EventId": None, "ItemIndex": "0", "ItemRevision": None}
    list_.push(DATA)
    expect("list_item_added", "alice", **item, ItemData=DATA)
    list_.set(0, {"n": 2})
    expect("list_item_updated", "alice", **item, ItemData={"n": 2})
    list_.remove(0)
    expect("list_item_removed", "alice", **item)
    list_.removeList()
    expect("list_removed", "alice", **about)


def test_change_of_a_map_by_a_client_is_told(alice: SdkObject, expect: Expect, name: str) -> None:
    map_ = alice.map(name)
    about = {"MapSid": map_.sid, "MapUniqueName": name, "MapRevision": None}
    expect("map_created", "alice", **about)
    item = about | {"EventId": None, "ItemKey": "a & b", "ItemRevision": None}
    map_.set("a & b", DATA)
    expect("map_item_added", "alice", **item, ItemData=DATA)
    map_.set("a & b", {"n": 2})
    expect("map_item_updated", "alice", **item, ItemData={"n": 2})
    map_.remove("a & b")
    expect("map_item_removed", "alice", **item)
    map_.removeMap()
    expect("map_removed", "alice", **about)


def test_change_of_a_document_over_rest_is_told(service: Api, expect: Expect, name: str) -> None:
    made = service.documents.create(unique_name=name, data=DATA)
    about = {"DocumentSid": made["sid"], "DocumentUniqueName": name}
    expect("document_created", "system", **about, DocumentRevision=made["revision"], DocumentData=DATA)
    changed = service.documents(name).update(data={"n": 2})
    expect("document_updated", "system", **about, DocumentRevision=changed["revision"], DocumentData={"n": 2})
    service.documents(name).delete()
    expect("document_removed", "system", **about, DocumentRevision=None)


def test_change_of_a_list_over_rest_is_told(service: Api, expect: Expect) -> None:
    made = service.sync_lists.create()
    about = {"ListSid": made["sid"], "ListRevision": None}
    expect("list_created", "system", **about)
    items = service.sync_lists(made["sid"]).sync_list_items
    item = about | {"EventId": None, "ItemIndex": "0"}
    added = items.create(data=DATA)
    expect("list_item_added", "system", **item, ItemRevision=added["revision"], ItemData=DATA)
    changed = items(0).update(data={"n": 2})
    expect("list_item_updated", "system", **item, ItemRevision=changed["revision"], ItemData={"n": 2})
    items(0).delete()
    expect("list_item_removed", "system", **item, ItemRevision=None)
    service.sync_lists(made["sid"]).delete()
    expect("list_removed", "system", **about)


def test_change_of_a_map_over_rest_is_told(service: Api, expect: Expect) -> None:
    made = service.sync_maps.create()
    about = {"MapSid": made["sid"], "MapRevision": None}
    expect("map_created", "system", **about)
    items = service.sync_maps(made["sid"]).sync_map_items
    item = about | {"EventId": None, "ItemKey": "k"}
    added = items.create(key="k", data=DATA)
    expect("map_item_added", "system", **item, ItemRevision=added["revision"], ItemData=DATA)
    changed = items("k").update(data={"n": 2})
    expect("map_item_updated", "system", **item, ItemRevision=changed["revision"], ItemData={"n": 2})
    items("k").delete()
    expect("map_item_removed", "system", **item, ItemRevision=None)
    service.sync_maps(made["sid"]).delete()
    expect("map_removed", "system", **about)


def test_change_over_rest_is_told_only_to_a_service_that_asked(
    service: Api, alice: SdkObject, expect: Expect, receiver: Receiver, name: str
) -> None:
    service.update(webhooks_from_rest_enabled=False)
    service.documents.create(unique_name=name, data={})
    document = alice.document(name)
    document.set(DATA)
    # Posts about one object leave in order, so one about its creation would have come before.
    about = {"DocumentSid": document.sid, "DocumentUniqueName": name, "DocumentRevision": None}
    expect("document_updated", "alice", **about, DocumentData=DATA)
    assert receiver.empty()


def test_client_that_comes_and_goes_is_told(
    service: Api, told: Record, account: Account, connect: Connect, expect: Expect
) -> None:
    service.update(reachability_webhooks_enabled=True)
    bob = connect(token=account.token("bob", service=told["sid"]))
    expect("endpoint_connected", "bob")
    bob.shutdown()
    expect("endpoint_disconnected", "bob")


def test_absence_is_told_after_the_window(
    service: Api, told: Record, account: Account, connect: Connect, expect: Expect, receiver: Receiver
) -> None:
    service.update(
        reachability_webhooks_enabled=True,
        reachability_debouncing_enabled=True,
        reachability_debouncing_window=1000,
    )
    token = account.token("bob", service=told["sid"])
    first = connect(token=token)
    expect("endpoint_connected", "bob")
    first.shutdown()
    second = connect(token=token)
    second.becomes("connected")
    second.shutdown()
    # The return within the window told nothing; only the absence that lasted does.
    expect("endpoint_disconnected", "bob")
    assert receiver.empty()


def test_repeated_webhook_is_known_by_its_token(service: Api, receiver: Receiver) -> None:
    receiver.answers += [500, 429]
    service.documents.create()
    hooks = [receiver.next("document_created") for _ in range(3)]
    assert len({hook.headers["i-twilio-idempotency-token"] for hook in hooks}) == 1
    assert hooks[0].params == hooks[1].params == hooks[2].params


def test_subaccount_signs_with_its_own_token(
    api: Api, account: Account, receiver: Receiver, verify: Verify
) -> None:
    made = api.api.v2010.accounts.create()
    library = InPython(account.server.url, made["sid"], made["auth_token"], None)
    services = Api(library).sync.v1.services
    told = services.create(webhook_url=receiver.url, webhooks_from_rest_enabled=True)
    services(told["sid"]).documents.create()
    library.close()
    verify(receiver.next("document_created"), made["auth_token"])


def test_refused_token_becomes_an_alert_and_calls_the_debugger(
    api: Api, account: Account, receiver: Receiver, verify: Verify, connect: Connect
) -> None:
    account.operator("POST", "", {"debugger_url": receiver.url})
    connect(token=account.token(key_secret="0" * 32)).becomes("denied")  # anybody could have made it
    connect(token=account.token(service=f"IS{'0' * 32}")).becomes("denied")

    hook = receiver.next()
    verify(hook, account.auth_token)
    assert (hook.params["AccountSid"], hook.params["Level"]) == (account.sid, "Error")
    assert hook.params["PayloadType"] == "application/json"
    payload = json.loads(hook.params["Payload"])
    assert (payload["error_code"], payload["resource_sid"]) == ("51101", account.key_sid)

    alert = api.monitor.v1.alerts(hook.params["Sid"]).fetch()
    assert (alert["error_code"], alert["resource_sid"]) == ("51101", account.key_sid)
    assert "a service that does not exist" in alert["alert_text"]
    assert [listed["sid"] for listed in api.monitor.v1.alerts.list()] == [alert["sid"]]
    assert receiver.empty()


@pytest.mark.parametrize("end", ["", "/", "?", "/h?", "?x=1", "/h?x=1", "/h?x=1#rc=0"])
def test_signature_holds_for_the_url_as_it_is_shown_and_as_it_is_called(
    api: Api, receiver: Receiver, verify: Verify, account: Account, end: str
) -> None:
    root = receiver.url.partition("/hooks")[0]
    made = api.sync.v1.services.create(webhook_url=root + end, webhooks_from_rest_enabled=True)
    api.sync.v1.services(made["sid"]).documents.create()
    hook = receiver.next()
    verify(hook, account.auth_token)
    verify(replace(hook, url=made["webhook_url"].partition("#")[0]), account.auth_token)
