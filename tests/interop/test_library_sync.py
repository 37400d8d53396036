"""Sync through the helper libraries: whatever a back end does with documents, lists, maps and streams."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.interop.conftest import Connect, OpenClient
from tests.interop.library import Api, Record, Refused
from tests.interop.server import Account

DATA = {"text": "grüße & more", "n": 1, "deep": {"camelCase": [None, True, 1.5], "snake_case": "x"}}
KINDS = ["documents", "sync_lists", "sync_maps", "sync_streams"]
"""What a service holds, as the libraries name it."""


@pytest.fixture
def service(api: Api) -> Api:
    """The account's default service, found by its alias."""
    return api.sync.v1.services("default")


def refused(status: int, code: int) -> Any:
    """Expect a library to raise its error with these."""
    return pytest.raises(Refused, match=f"^{status} {code} ")


def dated(record: Record) -> Record:
    """The record itself, whose dates must be dates; other tests move the server's clock ahead."""
    created, updated = record["date_created"], record["date_updated"]
    assert isinstance(created, datetime)
    assert isinstance(updated, datetime)
    assert updated > datetime.now(UTC) - timedelta(hours=1)
    assert created <= updated
    return record


def test_service_lives_from_creation_to_deletion(api: Api, account: Account) -> None:
    services = api.sync.v1.services
    made = dated(
        services.create(friendly_name="orders", acl_enabled=True, webhook_url="https://example.com/h")
    )
    assert made["account_sid"] == account.sid
    assert (made["friendly_name"], made["acl_enabled"]) == ("orders", True)
    assert made["webhook_url"] == "https://example.com/h"
    assert (made["webhooks_from_rest_enabled"], made["reachability_webhooks_enabled"]) == (False, False)
    assert made["reachability_debouncing_window"] == 5000

    service = services(made["sid"])
    changed = service.update(webhooks_from_rest_enabled=True, reachability_debouncing_window=2000)
    assert (changed["webhooks_from_rest_enabled"], changed["reachability_debouncing_window"]) == (True, 2000)
    assert changed["friendly_name"] == "orders"
    assert service.update(webhook_url="")["webhook_url"] is None
    assert dated(service.fetch()) == {
        **changed,
        "webhook_url": None,
        "date_updated": service.fetch()["date_updated"],
    }

    assert service.delete() is True
    with refused(404, 20404):
        service.fetch()
    with refused(404, 20404):
        service.documents.create()


def test_default_service_of_a_fresh_account_is_there(api: Api, account: Account) -> None:
    service = dated(api.sync.v1.services("default").fetch())
    assert (service["unique_name"], service["account_sid"]) == ("default", account.sid)
    assert api.sync.v1.services(service["sid"]).fetch() == service
    assert [listed["sid"] for listed in api.sync.v1.services.list()] == [service["sid"]]
    assert set(service["links"]) == {"documents", "lists", "maps", "streams"}


def test_document_lives_from_creation_to_deletion(service: Api, name: str) -> None:
    made = dated(service.documents.create(unique_name=name, data=DATA, ttl=3600))
    assert (made["unique_name"], made["data"], made["created_by"]) == (name, DATA, "system")
    assert made["date_expires"] - made["date_created"] == timedelta(hours=1)

    document = service.documents(name)
    assert dated(document.fetch()) == made == service.documents(made["sid"]).fetch()
    changed = dated(document.update(data={"n": 2}, ttl=0))
    assert (changed["data"], changed["date_expires"]) == ({"n": 2}, None)
    assert changed["revision"] != made["revision"]
    assert document.fetch() == changed

    assert document.delete() is True
    with refused(404, 20404):
        document.fetch()


def test_document_with_nothing_given_is_empty(service: Api) -> None:
    made = service.documents.create()
    assert (made["unique_name"], made["data"], made["date_expires"]) == (None, {}, None)


@pytest.mark.parametrize("kind", ["sync_lists", "sync_maps"])
def test_collection_lives_from_creation_to_deletion(service: Api, kind: str, name: str) -> None:
    collections = getattr(service, kind)
    made = dated(collections.create(unique_name=name, collection_ttl=3600))
    assert made["date_expires"] - made["date_created"] == timedelta(hours=1)

    collection = collections(name)
    assert dated(collection.fetch()) == made
    changed = collection.update(ttl=0)
    assert changed["date_expires"] is None
    assert changed["sid"] == made["sid"]

    assert collection.delete() is True
    with refused(404, 20404):
        collection.fetch()


def test_stream_lives_from_creation_to_deletion(service: Api, name: str) -> None:
    made = dated(service.sync_streams.create(unique_name=name, ttl=3600))
    assert made["date_expires"] - made["date_created"] == timedelta(hours=1)

    stream = service.sync_streams(name)
    assert dated(stream.fetch()) == made
    assert stream.update(ttl=0)["date_expires"] is None
    message = stream.stream_messages.create(data=DATA)
    assert message["sid"].startswith("TZ")
    assert message["data"] == DATA

    assert stream.delete() is True
    with refused(404, 20404):
        stream.stream_messages.create(data=DATA)


def test_list_item_lives_from_creation_to_deletion(service: Api, name: str) -> None:
    service.sync_lists.create(unique_name=name)
    items = service.sync_lists(name).sync_list_items
    made = [dated(items.create(data={"n": n}, item_ttl=3600)) for n in range(2)]
    assert [(item["index"], item["data"]) for item in made] == [(0, {"n": 0}), (1, {"n": 1})]

    item = items(1)
    assert dated(item.fetch()) == made[1]
    changed = item.update(data=DATA, if_match=made[1]["revision"])
    assert changed["data"] == DATA
    assert item.delete(if_match=changed["revision"]) is True
    with refused(404, 20404):
        item.fetch()
    assert items.create(data={})["index"] == 2


@pytest.mark.parametrize(
    "key",
    ["plain", "+491701234567", "a b", "ключ", "a.json", "x&y=z"],
    ids=["word", "number", "space", "unicode", "dot", "query"],
)
def test_map_item_lives_from_creation_to_deletion(service: Api, name: str, key: str) -> None:
    service.sync_maps.create(unique_name=name)
    items = service.sync_maps(name).sync_map_items
    made = dated(items.create(key=key, data=DATA, item_ttl=3600))
    assert (made["key"], made["data"]) == (key, DATA)

    item = items(key)
    assert dated(item.fetch()) == made
    changed = item.update(data={"n": 2}, if_match=made["revision"])
    assert changed["data"] == {"n": 2}
    assert item.delete(if_match=changed["revision"]) is True
    with refused(404, 20404):
        item.fetch()


def test_key_with_a_slash_is_addressed_encoded(service: Api, name: str) -> None:
    service.sync_maps.create(unique_name=name)
    items = service.sync_maps(name).sync_map_items
    items.create(key="a/b?c#d", data=DATA)
    assert items("a%2Fb%3Fc%23d").fetch()["key"] == "a/b?c#d"


@pytest.mark.parametrize("path", ["documents", "sync_lists", "sync_maps"])
def test_permission_is_given_changed_and_taken(service: Api, path: str, name: str) -> None:
    getattr(service, path).create(unique_name=name)
    owner = getattr(service, path)(name)
    permissions = getattr(owner, f"{path.removesuffix('s')}_permissions")
    assert permissions.list() == []
    with refused(404, 54354):
        permissions("alice").fetch()

    given = permissions("alice").update(read=True, write=True, manage=False)
    assert (given["identity"], given["read"], given["write"], given["manage"]) == ("alice", True, True, False)
    assert permissions("alice").update(read=True, write=False, manage=False)["write"] is False
    permissions("bob b").update(read=False, write=True, manage=True)
    assert [listed["identity"] for listed in permissions.list()] == ["alice", "bob b"]
    assert permissions("bob b").fetch()["manage"] is True

    assert permissions("alice").delete() is True
    with refused(404, 54354):
        permissions("alice").fetch()


@pytest.mark.parametrize("kind", KINDS)
def test_objects_are_listed_over_three_pages(service: Api, kind: str) -> None:
    objects = getattr(service, kind)
    made = [objects.create(unique_name=f"number {n}")["sid"] for n in range(5)]
    listed = objects.list(page_size=2)
    assert sorted(record["sid"] for record in listed) == sorted(made)
    sids = [dated(record)["sid"] for record in listed]
    assert [record["sid"] for record in objects.list(limit=3)] == sids[:3]
    assert [record["sid"] for record in objects.stream(limit=4, page_size=2)] == sids[:4]
    assert [record["sid"] for record in objects.stream(page_size=2)] == sids
    assert objects.list(limit=500) == listed
    pages = objects.walk("next", "next", "previous", "previous", page_size=2)
    assert [[record["sid"] for record in page] for page in pages] == [
        sids[:2],
        sids[2:4],
        sids[4:],
        sids[2:4],
        sids[:2],
    ]


def test_services_are_listed_over_three_pages(api: Api) -> None:
    made = [api.sync.v1.services.create(friendly_name=str(n))["sid"] for n in range(4)]
    listed = [record["sid"] for record in api.sync.v1.services.list(page_size=2)]
    assert len(listed) == 5
    assert set(made) < set(listed)


@pytest.mark.parametrize(
    ("order", "bounds", "expected"),
    [
        ("asc", "inclusive", [2, 3, 4]),
        ("asc", "exclusive", [3, 4]),
        ("desc", "inclusive", [2, 1, 0]),
        ("desc", "exclusive", [1, 0]),
    ],
)
def test_items_are_listed_from_a_place_in_both_directions(
    service: Api, name: str, order: str, bounds: str, expected: list[int]
) -> None:
    service.sync_lists.create(unique_name=name)
    service.sync_maps.create(unique_name=name)
    items, entries = service.sync_lists(name).sync_list_items, service.sync_maps(name).sync_map_items
    for n in range(5):
        items.create(data={"n": n})
        entries.create(key=f"key {n}", data={"n": n})

    listed = items.list(order=order, from_="2", bounds=bounds, page_size=1)
    assert [item["index"] for item in listed] == expected
    listed = entries.list(order=order, from_="key 2", bounds=bounds, page_size=1)
    assert [entry["key"] for entry in listed] == [f"key {n}" for n in expected]


@pytest.mark.parametrize("kind", KINDS)
def test_unique_name_that_is_taken_is_refused(service: Api, kind: str, name: str) -> None:
    objects = getattr(service, kind)
    objects.create(unique_name=name)
    with refused(409, 54301):
        objects.create(unique_name=name)


def test_key_that_is_taken_is_refused(service: Api, name: str) -> None:
    service.sync_maps.create(unique_name=name)
    items = service.sync_maps(name).sync_map_items
    items.create(key="k", data={})
    with refused(409, 54208):
        items.create(key="k", data={})


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_object_is_not_found(service: Api, kind: str) -> None:
    with refused(404, 20404):
        getattr(service, kind)("nobody made this").fetch()


def test_object_of_another_account_is_not_found(
    open_client: OpenClient, service: Api, account: Account
) -> None:
    made = service.documents.create()
    stranger = account.server.new_account()
    other = open_client(stranger.sid, stranger.auth_token)
    with refused(404, 20404):
        other.sync.v1.services(made["service_sid"]).documents(made["sid"]).fetch()
    with refused(404, 20404):
        other.sync.v1.services("default").documents(made["sid"]).fetch()


def test_change_of_another_revision_is_refused(service: Api, name: str) -> None:
    made = service.documents.create(unique_name=name)
    service.sync_lists.create(unique_name=name)
    service.sync_maps.create(unique_name=name)
    item = service.sync_lists(name).sync_list_items(0)
    entry = service.sync_maps(name).sync_map_items("k")
    service.sync_lists(name).sync_list_items.create(data={})
    service.sync_maps(name).sync_map_items.create(key="k", data={})

    document = service.documents(name)
    assert document.update(data={"n": 1}, if_match=made["revision"])["data"] == {"n": 1}
    for target, code in ((document, 54103), (item, 54155), (entry, 54205)):
        with refused(412, code):
            target.update(data={"n": 2}, if_match="1234567")
    assert document.fetch()["data"] == {"n": 1}
    assert (item.fetch()["data"], entry.fetch()["data"]) == ({}, {})


@pytest.mark.parametrize("open_client", ["node"], indirect=True)
def test_removal_of_another_revision_is_refused(service: Api, name: str) -> None:
    # The PyPI library takes `if_match` here, but does not send it.
    service.sync_lists.create(unique_name=name)
    service.sync_maps.create(unique_name=name)
    service.sync_lists(name).sync_list_items.create(data={})
    service.sync_maps(name).sync_map_items.create(key="k", data={})
    item = service.sync_lists(name).sync_list_items(0)
    entry = service.sync_maps(name).sync_map_items("k")
    for target, code in ((item, 54155), (entry, 54205)):
        with refused(412, code):
            target.delete(if_match="1234567")
        assert target.fetch()["data"] == {}


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ("plain", 400, 54008),
        (5, 400, 54008),
        ({"text": "x" * 20_000}, 413, 54006),
    ],
)
def test_data_that_is_none_or_too_much_is_refused(service: Api, data: Any, status: int, code: int) -> None:
    with refused(status, code):
        service.documents.create(data=data)
    assert service.documents.list() == []


def test_list_with_a_limit_above_every_page_is_read_to_its_end(service: Api) -> None:
    made = {service.documents.create()["sid"] for _ in range(101)}
    assert {document["sid"] for document in service.documents.list(limit=10_000)} == made


def test_change_reaches_a_client_of_the_sdk_as_an_event(
    connect: Connect, open_client: OpenClient, account: Account, name: str
) -> None:
    service = open_client(account.sid, account.auth_token).sync.v1.services("default")
    alice = connect(token=account.token())
    document = alice.document(name).subscribed()
    list_, map_, stream = (
        alice.list(name).subscribed(),
        alice.map(name).subscribed(),
        alice.stream(name).subscribed(),
    )

    service.documents(name).update(data=DATA)
    event = document.next("updated")
    assert (event["data"], event["isLocal"]) == (DATA, False)

    service.sync_lists(name).sync_list_items.create(data=DATA)
    assert list_.next("itemAdded")["item"]["data"] == DATA
    service.sync_lists(name).sync_list_items(0).update(data={"n": 2})
    assert list_.next("itemUpdated")["item"]["data"] == {"n": 2}
    service.sync_lists(name).sync_list_items(0).delete()
    assert list_.next("itemRemoved")["index"] == 0

    service.sync_maps(name).sync_map_items.create(key="k", data=DATA)
    assert map_.next("itemAdded")["item"]["data"] == DATA
    service.sync_maps(name).sync_map_items("k").update(data={"n": 2})
    assert map_.next("itemUpdated")["item"]["key"] == "k"
    service.sync_maps(name).sync_map_items("k").delete()
    assert map_.next("itemRemoved")["key"] == "k"

    service.sync_streams(name).stream_messages.create(data=DATA)
    assert stream.next("messagePublished")["message"]["data"] == DATA

    for owner, kind in (
        (document, "documents"),
        (list_, "sync_lists"),
        (map_, "sync_maps"),
        (stream, "sync_streams"),
    ):
        getattr(service, kind)(name).delete()
        owner.next("removed")


def test_what_a_client_of_the_sdk_made_is_there_for_the_library(
    connect: Connect, open_client: OpenClient, account: Account, name: str
) -> None:
    connect("alice", token=account.token()).document({"id": name, "data": DATA})
    service = open_client(account.sid, account.auth_token).sync.v1.services("default")
    found = dated(service.documents(name).fetch())
    assert (found["data"], found["created_by"]) == (DATA, "alice")
