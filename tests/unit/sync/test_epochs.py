"""What a restored copy is to clients that saw more than it holds."""

import pytest

from tests.support.sync_world import ALICE, World, body, json
from tests.unit.sync.test_replay import missed, story
from tsock.sync import documents, epochs, items, lists, maps, roots, tables
from tsock.sync.epochs import STRIDE
from tsock.sync.kinds import DOCUMENT, LIST, MAP, STREAM
from tsock.sync.models import Root

DATA = json(n=1)


def now(world: World, root: Root) -> Root:
    found = world(lambda tx: tables.by_sid(tx.one, root.sid))
    assert found is not None
    return found


def test_every_number_and_revision_is_another_one_and_counting_goes_on(world: World) -> None:
    document, many = world(roots.create, ALICE, DOCUMENT), world(roots.create, ALICE, MAP)
    world(documents.update, ALICE, document.sid, data=DATA)
    world(maps.put, ALICE, many.sid, "a", DATA)
    before = now(world, document), now(world, many)

    world(epochs.begin)

    after = now(world, document), now(world, many)
    assert [root.last_event_id for root in after] == [1 + STRIDE, 0 + STRIDE]
    assert {root.revision for root in before}.isdisjoint(root.revision for root in after)
    assert world(items.fetch, ALICE, MAP, many.sid, "a").last_event_id == STRIDE
    assert world(maps.put, ALICE, many.sid, "b", DATA)[0].last_event_id == STRIDE + 1


def test_number_tells_its_epoch_whatever_a_client_says(world: World) -> None:
    for kind in (DOCUMENT, LIST, MAP, STREAM):
        root = world(roots.create, ALICE, kind)
        assert not any(epochs.is_earlier(number, root) for number in (-(10**20), -1, 0, 7))
        world(epochs.begin)
        assert epochs.is_earlier(7, now(world, root)) is (kind is not STREAM)
        world(epochs.begin)
        assert epochs.is_earlier(STRIDE, now(world, root)) is (kind is not STREAM)
        assert not epochs.is_earlier(2 * STRIDE, now(world, root))


@pytest.mark.parametrize("known", [1, 2, 3, 500])
def test_document_is_sent_to_whoever_has_a_number_of_before(world: World, known: int) -> None:
    root = world(roots.create, ALICE, DOCUMENT)
    world(documents.update, ALICE, root.sid, data=DATA)
    world(epochs.begin)

    assert story(missed(world, root.sid, known)) == [("document_updated", STRIDE + 1)]
    assert story(missed(world, root.sid, STRIDE + 1)) == []


def test_items_made_behind_the_client_s_number_are_added_and_all_others_updated(
    world: World,
) -> None:
    root = world(roots.create, ALICE, MAP)
    for key in "abc":
        world(maps.put, ALICE, root.sid, key, DATA)  # 0 to 2
    world(epochs.begin)
    world(maps.put, ALICE, root.sid, "d", DATA)

    assert [event.kind for event in missed(world, root.sid, 1).events] == [
        "map_item_updated",
        "map_item_updated",
        "map_item_added",
        "map_item_added",
    ]
    assert [event.kind for event in missed(world, root.sid, 9).events] == [
        "map_item_updated",
        "map_item_updated",
        "map_item_updated",
        "map_item_added",
    ]


def test_lost_items_of_a_list_are_removed_before_their_indexes_are_used_again(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    for _ in range(2):
        world(lists.push, ALICE, root.sid, DATA)  # 0 and 1
    world(epochs.begin)
    world(lists.push, ALICE, root.sid, DATA)

    found = missed(world, root.sid, 4)  # three more were pushed behind the copy

    assert [(event.kind, body(event)["item_index"]) for event in found.events] == [
        ("list_item_removed", 2),
        ("list_item_removed", 3),
        ("list_item_removed", 4),
        ("list_item_updated", 0),
        ("list_item_updated", 1),
        ("list_item_added", 2),
    ]
    numbers = [event.seq or 0 for event in found.events]
    assert numbers == sorted(set(numbers))
    assert [event.kind for event in missed(world, root.sid, 0).events] == [
        "list_item_updated",
        "list_item_added",
        "list_item_added",
    ]


def test_what_is_said_to_be_lost_is_bounded(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    world(epochs.begin)

    assert len(missed(world, root.sid, 10**9).events) == epochs.LOST_MAX


def test_replay_of_an_earlier_epoch_goes_on_where_it_was_interrupted(world: World) -> None:
    root = world(roots.create, ALICE, MAP)
    for key in "abc":
        world(maps.put, ALICE, root.sid, key, DATA)
    world(epochs.begin)

    first = missed(world, root.sid, 7, limit=2)
    assert (story(first), first.completed) == (
        [("map_item_updated", STRIDE), ("map_item_updated", STRIDE + 1)],
        False,
    )
    assert story(missed(world, root.sid, first.last_event_id))[0][1] == STRIDE + 2
