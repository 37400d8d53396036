import pytest

from tests.support.sync_world import ALICE, BOB, SERVICE, World, body, json
from tsock.sync import items, maps, roots
from tsock.sync.actor import Actor, SyncLimits
from tsock.sync.kinds import MAP
from tsock.sync.models import Root

ANN = json(name="Ann")
ANNA = json(name="Anna")
MISMATCH = (412, 54205, "Map Item revision mismatch")
ABSENT = (404, 54201, "Item not found")


@pytest.fixture
def users(world: World) -> Root:
    return world(roots.create, ALICE, MAP, unique_name="users")


def test_put_of_a_new_key_creates_and_is_announced_in_full(world: World, users: Root) -> None:
    world.after(1)

    item, created = world(maps.put, ALICE, "users", "u/1 é%", ANN)

    assert (created, item.key, item.revision) == (True, "u/1 é%", "0")
    (event,) = world.heard()
    assert event.kind == "map_item_added"
    assert event.body.decode() == (
        f'{{"id":0,"map_sid":"{users.sid}","map_unique_name":"users","map_revision":"1",'
        '"item_key":"u/1 é%",'
        f'"item_url":"https://cds.us1.twilio.com/v3/Services/{SERVICE}/Maps/{users.sid}/Items/u%2F1%20%C3%A9%25",'
        '"item_revision":"0","item_data":{"name":"Ann"},"date_created":"2031-05-02T12:00:01.000Z",'
        '"date_expires":null}'
    )


def test_put_of_an_existing_key_replaces(world: World, users: Root) -> None:
    first, _ = world(maps.put, ALICE, users.sid, "k", ANN)
    world.after(1)

    item, created = world(maps.put, BOB, users.sid, "k", ANNA)

    assert (created, item.revision, item.created_by) == (False, "1", "alice")
    assert item.date_created_ms == first.date_created_ms
    assert [event.kind for event in world.heard()] == ["map_item_added", "map_item_updated"]


def test_put_that_expects_absence(world: World, users: Root) -> None:
    item, created = world(maps.put, ALICE, users.sid, "k", ANN, if_match="-1")
    assert created

    assert world.refusal(maps.put, BOB, users.sid, "k", ANNA, if_match="-1") == MISMATCH
    assert world(items.fetch, BOB, MAP, users.sid, "k") == item


def test_put_that_expects_a_revision(world: World, users: Root) -> None:
    assert world.refusal(maps.put, ALICE, users.sid, "k", ANN, if_match="0") == MISMATCH
    world(maps.put, ALICE, users.sid, "k", ANN)

    item, created = world(maps.put, ALICE, users.sid, "k", ANNA, if_match="0")

    assert (item.revision, created) == ("1", False)
    assert world.refusal(maps.put, BOB, users.sid, "k", ANN, if_match="0") == MISMATCH


def test_put_never_reports_a_removed_item_as_absent(world: World, users: Root) -> None:
    world(maps.put, ALICE, users.sid, "k", ANN)
    world(items.remove, ALICE, MAP, users.sid, "k")

    assert world.refusal(maps.put, ALICE, users.sid, "k", ANNA, if_match="0") == MISMATCH


def test_add_of_an_existing_key_is_refused(world: World, users: Root) -> None:
    world(maps.add, ALICE, users.sid, "k", ANN)

    assert world.refusal(maps.add, BOB, users.sid, "k", ANNA) == (409, 54208, "Map Item already exists")


def test_absent_item_is_54201_whatever_is_asked(world: World, users: Root) -> None:
    assert world.refusal(items.fetch, ALICE, MAP, users.sid, "k") == ABSENT
    assert world.refusal(items.update, ALICE, MAP, users.sid, "k", data=ANN) == ABSENT
    assert world.refusal(items.update, ALICE, MAP, users.sid, "k", data=ANN, if_match="-1") == ABSENT
    assert world.refusal(items.remove, ALICE, MAP, users.sid, "k") == ABSENT


def test_stale_revision_refuses_update_and_removal(world: World, users: Root) -> None:
    world(maps.add, ALICE, users.sid, "k", ANN)

    assert world.refusal(items.update, ALICE, MAP, users.sid, "k", data=ANN, if_match="1") == MISMATCH
    assert world.refusal(items.remove, ALICE, MAP, users.sid, "k", if_match="-1") == MISMATCH


@pytest.mark.parametrize("key", ["", "x" * 321, "a\0b"])
def test_key_of_0_or_321_characters_or_with_u_0000_is_refused(world: World, users: Root, key: str) -> None:
    refusal = (400, 54209, "Invalid Map Item key")

    assert world.refusal(maps.add, ALICE, users.sid, key, ANN) == refusal
    assert world.refusal(maps.put, ALICE, users.sid, key, ANN) == refusal
    world(maps.put, ALICE, users.sid, "é" * 320, ANN)


def test_key_added_after_its_removal_is_a_new_item(world: World, users: Root) -> None:
    old = world(maps.add, ALICE, users.sid, "k", ANN, ttl=60)
    world(items.remove, ALICE, MAP, users.sid, "k")
    world.heard()

    new = world(maps.add, BOB, users.sid, "k", ANNA)

    assert (new.last_event_id, new.created_by, new.date_expires_ms) == (2, "bob", None)
    assert new.date_created_ms > old.date_created_ms
    (event,) = world.heard()
    assert (event.kind, body(event)["id"]) == ("map_item_added", 2)


def test_full_map_still_lets_items_be_replaced(world: World) -> None:
    small = Actor(ALICE.account_sid, SERVICE, "alice", limits=SyncLimits(items_max=1))
    root = world(roots.create, small, MAP)
    world(maps.put, small, root.sid, "a", ANN)

    assert world.refusal(maps.put, small, root.sid, "b", ANN)[:2] == (413, 54006)
    assert world.refusal(maps.add, small, root.sid, "b", ANN)[:2] == (413, 54006)
    world(maps.put, small, root.sid, "a", ANNA)


def test_removed_map_takes_its_items_with_it_at_once(world: World, users: Root) -> None:
    world(maps.add, ALICE, users.sid, "k", ANN)
    world.heard()

    world(roots.remove, ALICE, MAP, users.sid)

    (event,) = world.heard()
    assert (event.kind, event.seq, event.final) == ("map_removed", 1, True)
    assert world.refusal(items.fetch, ALICE, MAP, users.sid, "k")[1] == 54200
    again = world(roots.create, ALICE, MAP, unique_name="users")
    assert world.refusal(items.fetch, ALICE, MAP, again.sid, "k") == ABSENT


def test_hostile_key_stays_one_line_of_json(world: World, users: Root) -> None:
    key = 'a"\r\n\x01\u2028/é'

    world(maps.put, ALICE, users.sid, key, ANN)
    world(items.remove, ALICE, MAP, users.sid, key)

    assert [body(event)["item_key"] for event in world.heard()] == [key, key]
