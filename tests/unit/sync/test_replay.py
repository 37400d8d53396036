from tests.support.sync_world import ALICE, BOB, STRANGER, World, body, json
from tsock.sync import documents, items, lists, maps, replay, roots, tables
from tsock.sync.kinds import DOCUMENT, LIST, MAP, STREAM
from tsock.sync.models import Root
from tsock.sync.replay import Replay

DATA = json(n=1)
NEW = json(n=2)


def missed(world: World, sid: str, after: int, limit: int = 1000) -> Replay:
    root = world(replay.standing, ALICE, [sid])[sid]
    return world(replay.since, root, after, limit)


def story(found: Replay) -> list[tuple[str, int | None]]:
    return [(event.kind, event.seq) for event in found.events]


def test_standing_finds_the_objects_of_the_service_at_once(world: World) -> None:
    made: list[Root] = [world(roots.create, ALICE, kind) for kind in (DOCUMENT, LIST, MAP, STREAM)]
    foreign = world(roots.create, STRANGER, DOCUMENT)
    expired = world(roots.create, ALICE, DOCUMENT, ttl=60)
    removed = world(roots.create, ALICE, DOCUMENT)
    world(roots.remove, ALICE, DOCUMENT, removed.sid)
    world.after(60)

    sids = [root.sid for root in (*made, foreign, expired, removed)]
    found = world(replay.standing, BOB, [*sids, "ET000"])

    assert {sid: (root.kind, root.last_event_id) for sid, root in found.items()} == {
        root.sid: (root.kind, root.last_event_id) for root in made
    }


def test_document_is_sent_once_as_it_is_now(world: World) -> None:
    root = world(roots.create, ALICE, DOCUMENT)
    world(documents.update, ALICE, root.sid, data=DATA)
    world(documents.update, ALICE, root.sid, data=NEW)
    live = world.heard()[-1]

    found = missed(world, root.sid, 0)

    assert (story(found), found.last_event_id, found.completed) == ([("document_updated", 2)], 2, True)
    assert found.events[0].body == live.body
    assert found.events[0].origin is None
    assert missed(world, root.sid, 2) == Replay([], 2, completed=True)


def test_client_ahead_of_the_object_gets_nothing(world: World) -> None:
    root = world(roots.create, ALICE, MAP)

    assert missed(world, root.sid, 99) == Replay([], -1, completed=True)


def test_items_are_sent_in_order_of_their_latest_change(world: World) -> None:
    root = world(roots.create, ALICE, MAP)
    for key in "abcd":
        world(maps.put, ALICE, root.sid, key, DATA)  # 0 to 3
    world(maps.put, ALICE, root.sid, "e", DATA)  # 4
    world(items.remove, ALICE, MAP, root.sid, "b")  # 5
    world(maps.put, ALICE, root.sid, "a", NEW)  # 6
    world(maps.put, ALICE, root.sid, "f", DATA)  # 7
    world(maps.put, ALICE, root.sid, "f", NEW)  # 8
    world(maps.put, ALICE, root.sid, "d", NEW)  # 9
    live = {event.seq: event.body for event in world.heard()}

    found = missed(world, root.sid, 3)

    assert story(found) == [
        ("map_item_added", 4),
        ("map_item_removed", 5),
        ("map_item_updated", 6),
        ("map_item_added", 8),
        ("map_item_updated", 9),
    ]
    assert (found.last_event_id, found.completed) == (9, True)
    assert [event.body for event in found.events] == [live[number] for number in (4, 5, 6, 8, 9)]


def test_item_added_again_after_its_removal_goes_out_as_added(world: World) -> None:
    root = world(roots.create, ALICE, MAP)
    world(maps.put, ALICE, root.sid, "k", DATA)
    world(items.remove, ALICE, MAP, root.sid, "k")
    world(maps.put, ALICE, root.sid, "k", NEW)

    assert story(missed(world, root.sid, 0)) == [("map_item_added", 2)]
    assert story(missed(world, root.sid, 1)) == [("map_item_added", 2)]


def test_long_absence_is_replayed_in_interrupted_chunks(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    for _ in range(7):
        world(lists.push, ALICE, root.sid, DATA)
    world(lists.set_context, ALICE, root.sid, NEW)  # 7
    world(lists.push, ALICE, root.sid, DATA)  # 8

    chunks: list[Replay] = []
    after = -1
    while not chunks or not chunks[-1].completed:
        chunks.append(missed(world, root.sid, after, limit=3))
        after = chunks[-1].last_event_id

    assert [chunk.last_event_id for chunk in chunks] == [2, 5, 8]
    assert [[event.seq for event in chunk.events] for chunk in chunks] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert chunks[2].events[1].kind == "list_context_updated"
    assert body(chunks[2].events[1])["context_data"] == {"n": 2}


def test_chunk_that_ends_exactly_at_the_newest_change_is_complete(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    for _ in range(3):
        world(lists.push, ALICE, root.sid, DATA)

    assert missed(world, root.sid, -1, limit=3).completed


def test_context_is_replayed_only_to_those_who_missed_it(world: World) -> None:
    root = world(roots.create, ALICE, LIST, data=DATA)
    assert missed(world, root.sid, -2).events == []
    world(lists.push, ALICE, root.sid, DATA)
    world(lists.set_context, ALICE, root.sid, NEW)

    assert story(missed(world, root.sid, 0)) == [("list_context_updated", 1)]
    assert story(missed(world, root.sid, 1)) == []


def test_expired_item_is_left_to_the_sweep(world: World) -> None:
    root = world(roots.create, ALICE, MAP)
    world(maps.put, ALICE, root.sid, "a", DATA, ttl=60)
    world(maps.put, ALICE, root.sid, "b", DATA)
    world.after(60)

    found = missed(world, root.sid, -1)

    assert (story(found), found.last_event_id) == ([("map_item_added", 1)], 1)


def test_counter_at_a_time_finds_what_was_committed_since(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    for _ in range(4):
        world(lists.push, ALICE, root.sid, DATA)
        world.after(1)
    world(items.update, ALICE, LIST, root.sid, 0, data=NEW)  # 4, at the fourth second
    current = world(lambda tx: tables.by_sid(tx.one, root.sid))
    start = root.date_created_ms

    assert world(replay.counter_at, current, start) == -1
    assert world(replay.counter_at, current, start + 1000) == -1  # item 0 has changed since
    assert world(replay.counter_at, current, start + 2000) == 1
    assert world(replay.counter_at, current, start + 4000) == 3
    assert world(replay.counter_at, current, start + 4001) == 4
