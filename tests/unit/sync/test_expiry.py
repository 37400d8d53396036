from collections.abc import Callable

import pytest

from tests.support.sync_world import ALICE, BOB, NOON_MS, World, body, json
from tsock.sync import documents, expiry, items, lists, maps, roots
from tsock.sync.kinds import DOCUMENT, KINDS, LIST, MAP, Kind

DATA = json(n=1)
NEW = json(n=2)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_expired_object_is_absent_before_and_after_the_sweep(world: World, kind: Kind) -> None:
    root = world(roots.create, ALICE, kind, unique_name="brief", ttl=60)
    world.after(59.999)
    world(roots.fetch, ALICE, kind, "brief")

    world.after(0.001)

    assert world.refusal(roots.fetch, ALICE, kind, "brief")[1] == 54300
    assert world.refusal(roots.set_ttl, ALICE, kind, root.sid, 0)[1] == kind.not_found
    assert world.heard() == []
    world(expiry.expire_due, 100)
    (event,) = world.heard()
    assert (event.topic, event.kind, event.origin, event.final) == (
        root.sid,
        f"{kind.name}_removed",
        None,
        True,
    )
    assert world(expiry.expire_due, 100) is False
    assert world.heard() == []


def test_name_of_an_expired_object_can_be_taken_at_once(world: World) -> None:
    old = world(roots.create, ALICE, DOCUMENT, unique_name="brief", ttl=60)
    world.after(60)

    new = world(roots.create, BOB, DOCUMENT, unique_name="brief")

    (event,) = world.heard()
    assert (event.topic, event.kind, event.origin) == (old.sid, "document_removed", None)
    assert world(roots.fetch, BOB, DOCUMENT, "brief").sid == new.sid
    assert world.refusal(documents.update, BOB, old.sid, data=DATA)[1] == 54100


def test_expired_item_is_absent_and_its_removal_is_announced_by_the_sweep(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    world(lists.push, ALICE, root.sid, DATA, ttl=60)
    world(lists.push, ALICE, root.sid, DATA)
    world.after(60)
    world.heard()

    assert world.refusal(items.fetch, ALICE, LIST, root.sid, 0)[1] == 54151
    assert world.refusal(items.update, ALICE, LIST, root.sid, 0, ttl=0)[1] == 54151
    assert world.refusal(items.remove, ALICE, LIST, root.sid, 0)[1] == 54151
    world(expiry.expire_due, 100)

    (event,) = world.heard()
    assert (event.seq, event.kind, event.origin) == (2, "list_item_removed", None)
    assert body(event)["item_data"] == {"n": 1}
    after = world(roots.fetch, ALICE, LIST, root.sid)
    assert (after.last_event_id, after.item_count, after.date_updated_ms) == (2, 1, NOON_MS + 60_000)


@pytest.mark.parametrize("rule", [maps.put, maps.add], ids=["put", "add"])
def test_key_of_an_expired_item_can_be_taken_at_once(world: World, rule: Callable[..., object]) -> None:
    root = world(roots.create, ALICE, MAP)
    world(maps.put, ALICE, root.sid, "k", DATA, ttl=60)
    world.after(60)
    world.heard()

    world(rule, BOB, root.sid, "k", NEW)

    removed, added = world.heard()
    assert (removed.seq, removed.kind, removed.origin) == (1, "map_item_removed", None)
    assert body(removed)["item_data"] == {"n": 1}
    assert (added.seq, added.kind, added.origin) == (2, "map_item_added", ("n", 2))
    item = world(items.fetch, BOB, MAP, root.sid, "k")
    assert (item.created_event_id, item.created_by, item.date_expires_ms) == (2, "bob", None)
    assert world(roots.fetch, BOB, MAP, root.sid).item_count == 1
    world(expiry.expire_due, 100)
    assert world.heard() == []


def test_expired_item_counts_as_absent_for_if_match(world: World) -> None:
    root = world(roots.create, ALICE, MAP)
    world(maps.put, ALICE, root.sid, "k", DATA, ttl=60)
    world.after(60)

    assert world.refusal(maps.put, ALICE, root.sid, "k", NEW, if_match="0")[1] == 54205
    assert world(maps.put, ALICE, root.sid, "k", NEW, if_match="-1")[1] is True


def test_items_of_an_expired_collection_are_not_announced_one_by_one(world: World) -> None:
    root = world(roots.create, ALICE, MAP, ttl=60)
    for key in "abc":
        world(maps.put, ALICE, root.sid, key, DATA, ttl=30)
    world.after(60)
    world.heard()

    while world(expiry.expire_due, 2):
        pass

    assert [event.kind for event in world.heard()] == ["map_removed"]
    assert world(expiry.next_expiry_ms) is None


def test_sweep_works_in_chunks_until_nothing_is_due(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    for _ in range(5):
        world(lists.push, ALICE, root.sid, DATA, ttl=60)
    for _ in range(3):
        world(roots.create, ALICE, DOCUMENT, ttl=60)
    world.after(60)
    world.heard()

    sizes: list[int] = []
    more = True
    while more:
        more = world(expiry.expire_due, 2)
        sizes.append(len(world.heard()))

    assert max(sizes) <= 3
    assert sum(sizes) == 8
    assert world(roots.fetch, ALICE, LIST, root.sid).item_count == 0


def test_next_expiry_is_the_earliest_of_all_kinds(world: World) -> None:
    assert world(expiry.next_expiry_ms) is None
    root = world(roots.create, ALICE, LIST, ttl=300)
    users = world(roots.create, ALICE, MAP)
    assert world(expiry.next_expiry_ms) == NOON_MS + 300_000
    world(maps.put, ALICE, users.sid, "k", DATA, ttl=200)
    assert world(expiry.next_expiry_ms) == NOON_MS + 200_000
    world(lists.push, ALICE, root.sid, DATA, ttl=100)
    assert world(expiry.next_expiry_ms) == NOON_MS + 100_000
    world(items.remove, ALICE, LIST, root.sid, 0)
    assert world(expiry.next_expiry_ms) == NOON_MS + 200_000
