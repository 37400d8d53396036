"""Time to live: dates, expiry, and what readers and subscribers see of it."""

from datetime import datetime

import pytest

from tests.interop.bare import Bare
from tests.interop.conftest import Connect
from tests.interop.sdk import SdkObject
from tests.interop.server import Server

KINDS = ["document", "list", "map", "stream"]


def _seconds(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


@pytest.mark.parametrize("kind", KINDS)
def test_object_created_with_a_ttl_has_a_date_of_expiry(bare: Bare, kind: str) -> None:
    made = bare.post(f"/v3/{kind.title()}s", {"data": {}, "ttl": 3600}).ok(201)

    assert _seconds(made["date_created"], made["date_expires"]) == pytest.approx(3600, abs=1)
    assert bare.post(f"/v3/{kind.title()}s", {"data": {}, "ttl": 0}).ok(201)["date_expires"] is None


@pytest.mark.parametrize("kind", KINDS)
def test_ttl_of_an_object_can_be_set_and_cleared_by_the_sdk(alice: SdkObject, name: str, kind: str) -> None:
    entity = getattr(alice, kind)(name)

    entity.setTtl(3600)
    expires = entity.now()["dateExpires"]
    entity.setTtl(0)

    assert expires is not None
    assert entity.now()["dateExpires"] is None


def test_document_write_with_only_a_ttl_keeps_its_data(bare: Bare) -> None:
    made = bare.post("/v3/Documents", {"data": {"n": 1}}).ok(201)

    changed = bare.post(made["url"], {"ttl": 60}).ok()

    assert changed["last_event_id"] == 1
    assert bare.get(made["url"]).ok()["data"] == {"n": 1}


def test_write_without_ttl_keeps_the_date_of_expiry_and_zero_clears_it(bare: Bare) -> None:
    items = bare.post("/v3/Maps", {}).ok(201)["links"]["items"]
    made = bare.put(f"{items}/k", {"data": {"n": 1}, "ttl": 3600}).ok(201)

    kept = bare.put(f"{items}/k", {"data": {"n": 2}}).ok(200)
    cleared = bare.put(f"{items}/k", {"data": {"n": 3}, "ttl": 0}).ok(200)

    assert kept["date_expires"] == made["date_expires"]
    assert cleared["date_expires"] is None


def test_expired_items_are_absent(server: Server, bare: Bare) -> None:
    items = bare.post("/v3/Lists", {}).ok(201)["links"]["items"]
    brief = bare.post(items, {"data": {"n": 0}, "ttl": 60}).ok(201)
    bare.post(items, {"data": {"n": 1}}).ok(201)

    server.advance(61)

    assert [item["index"] for item in bare.get(f"{items}?HideExpired=true").ok()["items"]] == [1]
    assert bare.get(f"{items}?Index=0").ok()["items"] == []
    assert bare.get(brief["url"]).error == (404, 54151)
    assert bare.post(items, {"data": {"n": 2}}).ok(201)["index"] == 2


def test_expired_item_is_reported_as_removed(server: Server, connect: Connect, name: str) -> None:
    mine = connect("alice").map(name)
    seen = connect("bob").map(name).subscribed()
    mine.set("k", {"n": 1}, {"ttl": 60})
    seen.next("itemAdded")

    server.advance(61)

    removed = seen.next("itemRemoved")
    assert (removed["key"], removed["previousItemData"], removed["isLocal"]) == ("k", {"n": 1}, False)


@pytest.mark.parametrize("kind", KINDS)
def test_expired_object_is_reported_as_removed(
    server: Server, connect: Connect, name: str, kind: str
) -> None:
    first = getattr(connect("alice"), kind)({"id": name, "ttl": 60}).subscribed()

    server.advance(61)

    assert first.next("removed")["isLocal"] is False
    assert getattr(connect("bob"), kind)(name).sid != first.sid


def test_ttl_of_a_write_starts_at_that_write(server: Server, bare: Bare) -> None:
    made = bare.post("/v3/Documents", {"data": {}, "ttl": 60}).ok(201)
    server.advance(50)
    bare.post(made["url"], {"ttl": 60}).ok()
    server.advance(50)

    assert bare.get(made["url"]).status == 200
    server.advance(11)
    assert bare.get(made["url"]).error == (404, 54100)
