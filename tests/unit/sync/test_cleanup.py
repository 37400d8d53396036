import itertools

from tests.support.sync_world import ALICE, REST, SERVICE, STRANGER, World, json
from tsock.sync import cleanup, items, lists, maps, permissions, replay, roots, streams
from tsock.sync.kinds import DOCUMENT, KINDS, LIST, MAP, STREAM

DATA = json(n=1)
CONTENT = ("sync_objects", "sync_list_items", "sync_map_items", "sync_permissions", "sync_leftovers")


def rows(world: World) -> dict[str, int]:
    counts = {name: world.database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in CONTENT}
    return {name: count for name, count in counts.items() if count}


def test_removed_collections_are_emptied_in_chunks(world: World) -> None:
    kept = world(roots.create, ALICE, LIST)
    world(lists.push, ALICE, kept.sid, DATA)
    gone = world(roots.create, ALICE, LIST)
    for _ in range(5):
        world(lists.push, ALICE, gone.sid, DATA)
    world(items.remove, ALICE, LIST, gone.sid, 0)
    users = world(roots.create, ALICE, MAP)
    world(maps.put, ALICE, users.sid, "k", DATA)
    for identity in ("ann", "bob", "cid"):
        world(permissions.grant, users, identity, read=True, write=True, manage=True)
    world(roots.remove, ALICE, LIST, gone.sid)
    world(roots.remove, ALICE, MAP, users.sid)
    world.heard()

    left = [sum(rows(world).values())]
    while world(cleanup.empty_chunk, 2):
        left.append(sum(rows(world).values()))

    assert all(0 <= before - after <= 3 for before, after in itertools.pairwise(left))
    assert rows(world) == {"sync_objects": 1, "sync_list_items": 1}
    assert world.heard() == []


def test_tombstones_are_forgotten_when_they_are_old_enough(world: World) -> None:
    root = world(roots.create, ALICE, MAP)
    for key in "abcd":
        world(maps.put, ALICE, root.sid, key, DATA)
    for key in "abc":
        world(items.remove, ALICE, MAP, root.sid, key)
        world.after(10)
    old_ms = world.now_ms - 15_000

    more = [world(cleanup.trim_tombstones, old_ms, 1) for _ in range(3)]

    assert more == [True, True, False]
    current = world(replay.standing, ALICE, [root.sid])[root.sid]
    assert [event.seq for event in world(replay.since, current, 3, 100).events] == [6]
    world(items.fetch, ALICE, MAP, root.sid, "d")


def test_key_whose_tombstone_is_forgotten_keeps_counting_upward(world: World) -> None:
    root = world(roots.create, ALICE, MAP)
    world(maps.put, ALICE, root.sid, "k", DATA)
    world(items.remove, ALICE, MAP, root.sid, "k")
    world.after(10)
    world(cleanup.trim_tombstones, world.now_ms, 100)

    assert world(maps.put, ALICE, root.sid, "k", DATA)[0].last_event_id == 2


def test_list_whose_tombstones_are_forgotten_does_not_use_an_index_again(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    world(lists.push, ALICE, root.sid, DATA)
    world(items.remove, ALICE, LIST, root.sid, 0)
    world.after(10)
    world(cleanup.trim_tombstones, world.now_ms, 100)

    assert world(lists.push, ALICE, root.sid, DATA).key == 1


def test_content_of_a_deleted_service_goes_with_its_events(world: World) -> None:
    for kind in KINDS.values():
        world(roots.create, ALICE, kind, unique_name="same")
        world(roots.create, REST, kind)
    other = world(roots.create, STRANGER, DOCUMENT)
    stream = world(roots.create, STRANGER, STREAM)

    chunks = 0
    more = True
    while more:
        more = world(cleanup.remove_content, SERVICE, 3)
        chunks += 1
    while world(cleanup.empty_chunk, 100):
        pass

    assert chunks == 3
    kinds = sorted(event.kind for event in world.heard())
    assert kinds == sorted([f"{kind}_removed" for kind in KINDS] * 2)
    assert world.refusal(roots.fetch, ALICE, DOCUMENT, "same")[1] == 54300
    world(roots.fetch, STRANGER, DOCUMENT, other.sid)
    world(streams.publish, STRANGER, stream.sid, DATA)
