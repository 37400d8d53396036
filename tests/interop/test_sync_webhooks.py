"""Webhooks of all that a client can change, in the order of changing, and over a restart."""

from typing import Any

from tests.interop.conftest import Connect
from tests.interop.library import Api, InPython, signature_holds_in_python
from tests.interop.receiver import Receiver
from tests.interop.sdk import Js
from tests.interop.server import Account, Server

Params = dict[str, str]


def new_service(account: Account, receiver: Receiver, **options: Any) -> str:
    """SID of a service that tells the receiver."""
    library = InPython(account.server.url, account.sid, account.auth_token, None)
    made = Api(library).sync.v1.services.create(webhook_url=receiver.url, **options)
    library.close()
    return made["sid"]


def until(event_type: str, receiver: Receiver, account: Account) -> list[Params]:
    """What arrives, all of it signed, up to an event of this type."""
    found: list[Params] = []
    while not found or found[-1]["EventType"] != event_type:
        hook = receiver.next()
        assert signature_holds_in_python(account.auth_token, hook.signature, hook.url, hook.params)
        found.append(hook.params)
    return found


def summary(posts: list[Params], *names: str) -> list[tuple[str, ...]]:
    return [tuple(post.get(name, "") for name in ("EventType", *names)) for post in posts]


def test_every_change_made_with_the_sdk_is_told_in_order(
    connect: Connect, receiver: Receiver, account: Account, name: str
) -> None:
    service = new_service(account, receiver)
    alice = connect(token=account.token(service=service))

    document = alice.document({"id": name, "mode": "create_new", "data": {"n": 0}})
    document.set({"text": "grüße & more"})
    document.mutate(Js("value => ({ ...value, n: 2 })"))
    document.setTtl(3600)
    document.removeDocument()
    of_document = until("document_removed", receiver, account)
    assert summary(of_document, "DocumentRevision", "DocumentData") == [
        ("document_created", "0", '{"n":0}'),
        ("document_updated", "1", '{"text":"grüße & more"}'),
        ("document_updated", "2", '{"text":"grüße & more","n":2}'),
        ("document_updated", "3", '{"text":"grüße & more","n":2}'),
        ("document_removed", "4", ""),
    ]
    assert {(post["DocumentSid"], post["DocumentUniqueName"]) for post in of_document} == {
        (document.sid, name)
    }

    listed = alice.list(name)
    listed.push({"n": 0})
    listed.set(0, {"n": 1})
    listed.setItemTtl(0, 3600)
    listed.setTtl(3600)
    listed.remove(0)
    listed.removeList()
    of_list = until("list_removed", receiver, account)
    assert summary(of_list, "EventId", "ItemIndex", "ItemRevision", "ListRevision", "ItemData") == [
        ("list_created", "", "", "", "0", ""),
        ("list_item_added", "0", "0", "0", "1", '{"n":0}'),
        ("list_item_updated", "1", "0", "1", "2", '{"n":1}'),
        ("list_item_updated", "2", "0", "2", "3", '{"n":1}'),
        ("list_item_removed", "3", "0", "3", "4", ""),
        ("list_removed", "", "", "", "5", ""),
    ]

    mapped = alice.map(name)
    mapped.set("a b/é", {"n": 0})
    mapped.set("a b/é", {"n": 1})
    mapped.update("a b/é", {"m": 2})
    mapped.setItemTtl("a b/é", 3600)
    mapped.remove("a b/é")
    mapped.set("left", {})
    mapped.removeMap()
    of_map = until("map_removed", receiver, account)
    assert summary(of_map, "EventId", "ItemKey", "ItemRevision", "MapRevision", "ItemData") == [
        ("map_created", "", "", "", "0", ""),
        ("map_item_added", "0", "a b/é", "0", "1", '{"n":0}'),
        ("map_item_updated", "1", "a b/é", "1", "2", '{"n":1}'),
        ("map_item_updated", "2", "a b/é", "2", "3", '{"n":1,"m":2}'),
        ("map_item_updated", "3", "a b/é", "3", "4", '{"n":1,"m":2}'),
        ("map_item_removed", "4", "a b/é", "4", "5", ""),
        ("map_item_added", "5", "left", "5", "6", "{}"),
        ("map_removed", "", "", "", "7", ""),
    ]

    stream = alice.stream(name)
    stream.publishMessage({"n": 0})
    stream.removeStream()
    alice.document(f"{name} behind")
    everything = [*of_document, *of_list, *of_map, *until("document_created", receiver, account)]
    assert len(everything) == 20  # nothing of the stream
    (whose,) = {
        tuple(post.pop(each) for each in ("AccountSid", "ServiceSid", "Identity", "EndpointId"))
        for post in everything
    }
    assert whose[:3] == (account.sid, service, "alice")
    assert whose[3].startswith("twi1-")


def test_server_that_is_restarted_tells_of_those_it_sent_away_and_of_their_return(
    own_server: Server, connect: Connect, receiver: Receiver, account: Account
) -> None:
    service = new_service(account, receiver, reachability_webhooks_enabled=True)
    connect(token=account.token(service=service))
    (came,) = until("endpoint_connected", receiver, account)
    own_server.stop()
    own_server.start()

    left, returned = until("endpoint_connected", receiver, account)
    assert left == {**came, "EventType": "endpoint_disconnected"}
    assert returned == came


def test_absence_outlasts_a_restart(
    own_server: Server, connect: Connect, receiver: Receiver, account: Account, name: str
) -> None:
    options = {"reachability_webhooks_enabled": True, "reachability_debouncing_enabled": True}
    service = new_service(account, receiver, **options, reachability_debouncing_window=30_000)
    alice = connect(token=account.token(service=service))
    until("endpoint_connected", receiver, account)
    own_server.stop()
    own_server.start()

    alice.document(name)
    (created,) = until("document_created", receiver, account)
    assert created["DocumentUniqueName"] == name
