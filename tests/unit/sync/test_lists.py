from tests.support.sync_world import ALICE, BOB, NOON_MS, SERVICE, World, body, json
from tsock.storage.store import Tx
from tsock.sync import items, lists, roots
from tsock.sync.actor import Actor, SyncLimits
from tsock.sync.kinds import LIST

FIRST = json(text="hi")
SECOND = json(text="hello")


def test_pushes_count_from_0_and_are_announced_in_full(world: World) -> None:
    root = world(roots.create, ALICE, LIST, unique_name="log")
    world.after(1)

    item = world(lists.push, BOB, "log", FIRST)

    assert (item.key, item.last_event_id, item.revision, item.created_by) == (0, 0, "0", "bob")
    (event,) = world.heard()
    assert (event.topic, event.seq, event.kind, event.origin) == (root.sid, 0, "list_item_added", ("n", 2))
    assert event.body.decode() == (
        f'{{"id":0,"list_sid":"{root.sid}","list_unique_name":"log","list_revision":"1","item_index":0,'
        f'"item_url":"https://cds.us1.twilio.com/v3/Services/{SERVICE}/Lists/{root.sid}/Items/0",'
        '"item_revision":"0","item_data":{"text":"hi"},"date_created":"2031-05-02T12:00:01.000Z",'
        '"date_expires":null}'
    )
    assert world(lists.push, BOB, root.sid, FIRST).key == 1
    assert world(roots.fetch, ALICE, LIST, "log").revision == "2"


def test_update_carries_new_data_and_expiry(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    world(lists.push, ALICE, root.sid, FIRST)
    world.heard()
    world.after(2)

    item = world(items.update, BOB, LIST, root.sid, 0, data=SECOND, ttl=3600)

    assert (item.revision, item.created_event_id, item.created_by) == ("1", 0, "alice")
    (event,) = world.heard()
    assert event.body.decode() == (
        f'{{"id":1,"list_sid":"{root.sid}","list_revision":"2","item_index":0,'
        f'"item_url":"https://cds.us1.twilio.com/v3/Services/{SERVICE}/Lists/{root.sid}/Items/0",'
        '"item_revision":"1","item_data":{"text":"hello"},"date_created":"2031-05-02T12:00:02.000Z",'
        '"date_expires":"2031-05-02T13:00:02.000Z"}'
    )


def test_removal_carries_the_last_data_and_answers_its_own_number(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    world(lists.push, ALICE, root.sid, FIRST, ttl=60)
    world.heard()
    world.after(3)

    item = world(items.remove, ALICE, LIST, root.sid, 0)

    assert (item.last_event_id, item.date_updated_ms, item.date_expires_ms) == (1, NOON_MS + 3000, None)
    (event,) = world.heard()
    assert event.body.decode() == (
        f'{{"id":1,"list_sid":"{root.sid}","list_revision":"2","item_index":0,"item_revision":"1",'
        '"item_data":{"text":"hi"},"date_created":"2031-05-02T12:00:03.000Z"}'
    )


def test_indexes_are_never_used_again(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    for _ in range(3):
        world(lists.push, ALICE, root.sid, FIRST)
    world(items.remove, ALICE, LIST, root.sid, 2)

    assert world(lists.push, ALICE, root.sid, FIRST).key == 3


def test_absent_item_is_54151_whatever_is_asked(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    world(lists.push, ALICE, root.sid, FIRST)
    world(items.remove, ALICE, LIST, root.sid, 0)
    absent = (404, 54151, "Item not found")

    for index in (0, 7):
        assert world.refusal(items.fetch, ALICE, LIST, root.sid, index) == absent
        assert world.refusal(items.remove, ALICE, LIST, root.sid, index) == absent
        assert world.refusal(items.update, ALICE, LIST, root.sid, index, data=FIRST) == absent
        assert world.refusal(items.update, ALICE, LIST, root.sid, index, data=FIRST, if_match="0") == absent


def test_stale_revision_refuses_update_and_removal(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    world(lists.push, ALICE, root.sid, FIRST)
    world(items.update, ALICE, LIST, root.sid, 0, data=SECOND, if_match="0")

    mismatch = (412, 54155, "List Item revision mismatch")
    assert world.refusal(items.update, BOB, LIST, root.sid, 0, data=FIRST, if_match="0") == mismatch
    assert world.refusal(items.remove, BOB, LIST, root.sid, 0, if_match="0") == mismatch
    world(items.remove, BOB, LIST, root.sid, 0, if_match="1")


def test_ttl_of_an_item_is_a_change_with_its_old_data(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    world(lists.push, ALICE, root.sid, FIRST)
    world.heard()

    world(items.update, ALICE, LIST, root.sid, 0, ttl=60)

    (event,) = world.heard()
    assert (event.kind, body(event)["item_data"]) == ("list_item_updated", {"text": "hi"})
    kept = world(items.update, ALICE, LIST, root.sid, 0, data=SECOND)
    assert kept.date_expires_ms == NOON_MS + 60_000
    assert world(items.update, ALICE, LIST, root.sid, 0, ttl=0).date_expires_ms is None
    assert world.refusal(items.update, ALICE, LIST, root.sid, 0)[1] == 54010


def test_collection_follows_the_date_of_its_newest_item(world: World) -> None:
    root = world(roots.create, ALICE, LIST)
    world.after(1)
    item = world(lists.push, ALICE, root.sid, FIRST)
    assert world(roots.fetch, ALICE, LIST, root.sid).date_updated_ms == item.date_updated_ms

    dates = [world(items.update, ALICE, LIST, root.sid, 0, data=SECOND).date_updated_ms for _ in range(3)]

    assert dates == [NOON_MS + 1001, NOON_MS + 1002, NOON_MS + 1003]
    assert world(roots.fetch, ALICE, LIST, root.sid).date_updated_ms == dates[-1]


def test_full_list_refuses_another_item_until_one_is_removed(world: World) -> None:
    small = Actor(ALICE.account_sid, SERVICE, "alice", limits=SyncLimits(items_max=2))
    root = world(roots.create, small, LIST)
    world(lists.push, small, root.sid, FIRST)
    world(lists.push, small, root.sid, FIRST)

    assert world.refusal(lists.push, small, root.sid, FIRST)[:2] == (413, 54006)
    world(items.remove, small, LIST, root.sid, 0)
    assert world(lists.push, small, root.sid, FIRST).key == 2


def test_context_is_kept_beside_the_items_and_counts_its_changes(world: World) -> None:
    root = world(roots.create, ALICE, LIST, data=json(topic="a"))
    world(lists.push, ALICE, root.sid, FIRST)
    assert world(lists.context, BOB, root.sid).data == '{"topic":"a"}'
    world.heard()

    changed = world(lists.set_context, BOB, root.sid, json(topic="x"))

    assert (changed.context_event_id, changed.last_event_id) == (1, 1)
    assert world(lists.context, ALICE, root.sid) == changed
    (event,) = world.heard()
    assert event.body.decode() == (
        f'{{"id":1,"list_sid":"{root.sid}","list_revision":"2","context_data":{{"topic":"x"}},'
        '"date_created":"2031-05-02T12:00:00.001Z"}'
    )


def test_context_is_empty_by_default(world: World) -> None:
    root = world(roots.create, ALICE, LIST)

    assert world(lists.context, ALICE, root.sid).data == "{}"


def test_new_expiry_of_the_collection_beside_an_item_counts_one_step(world: World) -> None:
    root = world(roots.create, ALICE, LIST)

    def push_and_extend(tx: Tx) -> None:
        lists.push(tx, ALICE, root.sid, FIRST)
        roots.set_ttl(tx, ALICE, LIST, root.sid, 60)

    world(push_and_extend)

    after = world(roots.fetch, ALICE, LIST, root.sid)
    assert (after.last_event_id, after.date_expires_ms) == (0, NOON_MS + 60_000)
    assert [event.kind for event in world.heard()] == ["list_item_added"]
