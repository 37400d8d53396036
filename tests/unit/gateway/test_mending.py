"""What did not arrive, or not in its order: kept, read from the store, and told where it belongs."""

import msgspec
import pytest

from tests.support.following import Carried, Listener, Reads, Told, actor, hub_on, numbers
from tests.support.sync_world import World
from tests.support.waiting import Waiting
from tsock.events import Event
from tsock.gateway import mending, topic
from tsock.gateway.hub import Hub
from tsock.gateway.mending import AGAIN_S, REORDER_S
from tsock.sync import roots, streams
from tsock.sync.data import Json
from tsock.sync.kinds import STREAM


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def reads(world: World) -> Reads:
    return Reads(world)


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def hub(reads: Reads, waiting: Waiting) -> Hub:
    return hub_on(reads, waiting)


@pytest.fixture
def carried(world: World) -> Carried:
    return Carried(world)


@pytest.fixture
def listener(hub: Hub, carried: Carried) -> Listener:
    """Follows what is carried from its beginning."""
    joined = Listener(1)
    hub.join(joined, carried.root.sid, -1)
    return joined


def kind_and_number(event: Event) -> bytes:
    return f"{event.kind} {event.seq}\n".encode()


# Events in another order.


def test_events_that_overtake_each_other_are_told_in_order_and_nothing_is_read(
    hub: Hub, reads: Reads, waiting: Waiting, carried: Carried, listener: Listener
) -> None:
    carried.put(0, 1, 2, 3)
    for number in (2, 1, 3, 0):
        hub.publish([carried.events[number]])
        waiting.pass_s(REORDER_S / 8)
    waiting.pass_s(REORDER_S)
    assert numbers(listener) == [0, 1, 2, 3]
    assert reads.waiting == []


def test_what_arrives_while_a_gap_is_read_is_told_behind_what_an_older_snapshot_brings(
    hub: Hub, reads: Reads, waiting: Waiting, carried: Carried, listener: Listener
) -> None:
    reads.answers_late = True
    carried.put(0, 1)
    hub.publish([carried.events[1]])
    waiting.pass_s(REORDER_S)
    carried.put(2, 3)
    hub.publish(carried.events[2:])
    reads.answer_all()
    assert numbers(listener) == [0, 1, 2, 3]
    assert reads.waiting == []


def test_gap_in_what_arrives_while_another_is_read_is_read_too(
    hub: Hub, reads: Reads, waiting: Waiting, carried: Carried, listener: Listener
) -> None:
    reads.answers_late = True
    carried.put(0, 1)
    hub.publish([carried.events[1]])
    waiting.pass_s(REORDER_S)
    carried.put(2, 3)
    hub.publish([carried.events[3]])
    reads.answer_all()
    assert numbers(listener) == [0, 1]
    waiting.pass_s(REORDER_S)
    reads.answer_all()
    assert numbers(listener) == [0, 1, 2, 3]


def test_item_that_is_told_by_a_later_portion_alone_is_told_as_added(
    world: World, reads: Reads, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "MENDING_EVENTS", 1)
    hub, carried, early, late = hub_on(reads, waiting, kind_and_number), Carried(world), Told(1), Told(2)
    hub.join(early, carried.root.sid, -1)
    carried.put(0, 1, 0)
    hub.publish(carried.events[2:])
    waiting.pass_s(REORDER_S)
    reads.answer_all()
    hub.join(late, carried.root.sid, -1)
    reads.answer_all()
    assert early.told == late.told == ["map_item_added 1", "map_item_added 2"]


def test_what_is_beyond_the_bound_of_what_is_kept_is_read(
    hub: Hub,
    reads: Reads,
    waiting: Waiting,
    carried: Carried,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topic, "KEPT_MAX", 1)
    reads.answers_late = True
    carried.put(0, 1)
    hub.publish([carried.events[1]])
    waiting.pass_s(REORDER_S)
    carried.put(2, 3, 4)
    hub.publish(carried.events[2:])
    reads.answer_all()
    waiting.pass_s(REORDER_S)
    reads.answer_all()
    assert numbers(listener) == [0, 1, 2, 3, 4]


def test_nothing_that_is_being_read_follows_the_end_of_an_object(
    hub: Hub, reads: Reads, waiting: Waiting, carried: Carried, listener: Listener
) -> None:
    reads.answers_late = True
    carried.put(0, 1)
    hub.publish([carried.events[1]])
    waiting.pass_s(REORDER_S)
    carried.remove()
    hub.publish([carried.events[2]])
    reads.answer_all()
    assert numbers(listener) == [2]


def test_number_that_the_store_does_not_have_is_looked_for_once(
    hub: Hub, reads: Reads, waiting: Waiting, carried: Carried, listener: Listener
) -> None:
    carried.put(0)
    hub.publish(carried.events)
    other = Event(carried.root.sid, carried.root.service_sid, 900, "", "", b"{}")
    hub.publish([other])
    waiting.pass_s(REORDER_S)
    reads.answer_all()
    waiting.pass_s(REORDER_S)
    assert reads.waiting == []
    carried.put(1)
    hub.publish(carried.events[1:])
    assert numbers(listener) == [0, 1]


def test_one_whose_snapshot_is_ahead_is_told_what_is_missing_as_news_to_it(
    world: World, reads: Reads, waiting: Waiting
) -> None:
    hub = hub_on(reads, waiting, kind_and_number)
    carried = Carried(world)
    early, late = Told(1), Told(2)
    hub.join(early, carried.root.sid, -1)
    carried.put(0)
    hub.join(late, carried.root.sid, 0)
    carried.put(0, 1)
    hub.publish([carried.events[2]])
    waiting.pass_s(REORDER_S)
    reads.answer_all()
    assert early.told == ["map_item_added 1", "map_item_added 2"]
    assert late.told == ["map_item_updated 1", "map_item_added 2"]


def test_one_who_joins_while_something_is_read_is_told_what_is_missing_as_news_to_it(
    world: World, reads: Reads, waiting: Waiting
) -> None:
    hub, carried, early, late = hub_on(reads, waiting, kind_and_number), Carried(world), Told(1), Told(2)
    hub.join(early, carried.root.sid, -1)
    carried.put(0, 0, 1)
    hub.publish(carried.events[2:])
    waiting.pass_s(REORDER_S)
    hub.join(late, carried.root.sid, 0)
    reads.answer_all()
    assert early.told == ["map_item_added 1", "map_item_added 2"]
    assert late.told == ["map_item_updated 1", "map_item_added 2"]


def test_others_are_told_what_the_snapshot_of_one_who_joins_shows_to_be_missing(
    hub: Hub, reads: Reads, waiting: Waiting, carried: Carried, listener: Listener
) -> None:
    carried.put(0, 1)
    hub.join(Listener(2), carried.root.sid, 1)
    waiting.pass_s(REORDER_S)
    reads.answer_all()
    assert numbers(listener) == [0, 1]


# From the asking on.


def test_what_is_announced_while_a_snapshot_is_read_is_told_to_who_joins_with_it(
    hub: Hub, reads: Reads, carried: Carried
) -> None:
    carried.put(0)
    late = Listener(2)
    pending = hub.ask(late, [carried.root.sid])
    carried.put(1, 2)
    hub.publish(carried.events[1:])
    assert not pending.is_current(carried.root.sid, 0)
    hub.join(late, carried.root.sid, 0)
    hub.answered(late, pending)
    reads.answer_all()
    assert numbers(late) == [1, 2]
    carried.put(3)
    hub.publish(carried.events[3:])
    assert numbers(late) == [1, 2, 3]


def test_what_ends_while_it_is_asked_for_does_not_stand(hub: Hub, carried: Carried) -> None:
    late = Listener(2)
    pending = hub.ask(late, [carried.root.sid])
    assert pending.stands(carried.root.sid)
    carried.remove()
    hub.publish(carried.events)
    assert not pending.stands(carried.root.sid)
    hub.answered(late, pending)
    assert hub.followed() == []


def test_what_may_not_be_read_any_longer_does_not_stand_until_it_may_again(
    hub: Hub, carried: Carried
) -> None:
    sid, late = carried.root.sid, Listener(2)
    pending = hub.ask(late, [sid])
    hub.withhold(late, sid)
    assert not pending.stands(sid)
    hub.resume(late, sid)
    assert pending.stands(sid)
    hub.forbid(late, sid)
    assert not pending.stands(sid)


def test_what_was_asked_for_and_is_not_followed_leaves_nothing(hub: Hub, carried: Carried) -> None:
    late = Listener(2)
    pending = hub.ask(late, [carried.root.sid, "MPunknown", carried.root.sid])
    assert hub.of(late) == [carried.root.sid, "MPunknown"]
    hub.answered(late, pending)
    assert hub.of(late) == []
    assert hub.followed() == []
    assert late.pending == []


def test_asking_again_with_an_older_snapshot_repeats_nothing_that_came_live(
    hub: Hub, reads: Reads, carried: Carried, listener: Listener
) -> None:
    carried.put(0, 1)
    hub.publish(carried.events)
    hub.join(listener, carried.root.sid, 0)
    reads.answer_all()
    assert numbers(listener) == [0, 1]


# Replies.


def test_reply_waits_for_the_events_of_what_it_shows(
    hub: Hub, reads: Reads, carried: Carried, listener: Listener
) -> None:
    carried.put(0, 1)
    went: list[list[int]] = []
    seen = {carried.root.sid: 1, "MPunknown": 7}
    assert hub.owes(listener, seen)
    hub.settle(listener, seen, lambda: went.append(numbers(listener)))
    assert went == []
    reads.answer_all()
    assert went == [[0, 1]]
    assert not hub.owes(listener, seen)


def test_reply_waits_for_more_than_a_read_that_was_under_way_brings(
    hub: Hub, reads: Reads, waiting: Waiting, carried: Carried, listener: Listener
) -> None:
    reads.answers_late = True
    carried.put(0, 1)
    hub.publish([carried.events[1]])
    waiting.pass_s(REORDER_S)
    carried.put(2)
    went: list[list[int]] = []
    hub.settle(listener, {carried.root.sid: 2}, lambda: went.append(numbers(listener)))
    reads.answer_all()
    assert went == [[0, 1, 2]]


def test_reply_to_one_who_is_behind_waits_until_it_is_not(
    hub: Hub, reads: Reads, carried: Carried, listener: Listener
) -> None:
    carried.put(0, 1)
    hub.publish(carried.events)
    late = Listener(2)
    hub.join(late, carried.root.sid, 0)
    went: list[list[int]] = []
    assert hub.owes(late, {carried.root.sid: 1})
    hub.settle(late, {carried.root.sid: 1}, lambda: went.append(numbers(late)))
    reads.answer_all()
    assert went == [[1]]


def test_reply_that_shows_several_objects_waits_for_all(
    world: World, hub: Hub, reads: Reads, carried: Carried
) -> None:
    other, follower = Carried(world), Told(1)
    for one in (carried, other):
        hub.join(follower, one.root.sid, -1)
        one.put(0)
    went: list[int] = []
    seen = {carried.root.sid: 0, other.root.sid: 0}
    hub.settle(follower, seen, lambda: went.append(len(follower.told)))
    reads.answer()
    assert went == []
    reads.answer()
    assert went == [2]


@pytest.mark.parametrize("is_gone", [False, True])
def test_reply_goes_where_its_events_cannot_be_had(
    hub: Hub, reads: Reads, carried: Carried, listener: Listener, is_gone: bool
) -> None:
    carried.put(0)
    went: list[bool] = []
    hub.settle(listener, {carried.root.sid: 0}, lambda: went.append(True))
    if is_gone:
        carried.remove()
    else:
        reads.error = OSError("disk")
    reads.answer()
    assert went == [True]
    assert reads.waiting == []


# Counters.


def test_what_was_lost_is_made_up_for_by_the_counters(
    hub: Hub, reads: Reads, waiting: Waiting, carried: Carried, listener: Listener
) -> None:
    sid = carried.root.sid
    carried.put(0, 1)
    assert hub.followed() == [sid]
    hub.check([sid], {sid: 1})
    waiting.pass_s(REORDER_S)
    reads.answer_all()
    assert numbers(listener) == [0, 1]


def test_counter_of_what_is_on_its_way_leads_to_no_read(
    hub: Hub, reads: Reads, waiting: Waiting, carried: Carried, listener: Listener
) -> None:
    carried.put(0)
    hub.check([carried.root.sid], {carried.root.sid: 0})
    hub.publish(carried.events)
    waiting.pass_s(REORDER_S)
    assert numbers(listener) == [0]
    assert reads.waiting == []


def test_what_could_not_be_read_is_read_when_the_store_is_back_although_nothing_else_happens(
    hub: Hub, reads: Reads, waiting: Waiting, carried: Carried, listener: Listener
) -> None:
    sid, late = carried.root.sid, Listener(2)
    carried.put(0, 1)
    reads.error = OSError("disk")
    hub.publish(carried.events[1:])
    waiting.pass_s(REORDER_S)
    reads.answer_all()
    waiting.pass_s(AGAIN_S)
    reads.answer_all()
    reads.error = None
    waiting.pass_s(AGAIN_S)
    reads.answer_all()
    assert numbers(listener) == [0, 1]

    reads.error = OSError("disk")
    hub.join(late, sid, 0)
    reads.answer_all()
    reads.error = None
    waiting.pass_s(AGAIN_S)
    reads.answer_all()
    assert numbers(late) == [1]


def test_check_brings_those_who_could_not_be_caught_up(
    hub: Hub, reads: Reads, carried: Carried, listener: Listener
) -> None:
    sid, late = carried.root.sid, Listener(2)
    carried.put(0, 1)
    hub.publish(carried.events)
    hub.join(late, sid, 0)
    reads.error = OSError("disk")
    reads.answer()
    reads.error = None
    hub.check(hub.followed(), {sid: 1})
    reads.answer_all()
    assert numbers(late) == [1]


def test_what_is_missing_among_the_counters_has_ended_behind_all_that_was_lost(
    world: World, hub: Hub, reads: Reads, waiting: Waiting, carried: Carried
) -> None:
    other, follower = Carried(world), Told(1)
    for one in (carried, other):
        hub.join(follower, one.root.sid, -1)
        one.put(0)
    carried.remove()
    hub.check([carried.root.sid, other.root.sid], {other.root.sid: 0})
    assert follower.told == []
    waiting.pass_s(REORDER_S)
    reads.answer_all()
    item, end = map(msgspec.json.decode, follower.told)
    assert (item["map_sid"], item["item_key"]) == (other.root.sid, "k0")
    assert (end["map_sid"], "item_key" in end) == (carried.root.sid, False)
    assert hub.followed() == [other.root.sid]
    hub.publish(carried.events)
    assert len(follower.told) == 2


def test_end_waits_for_the_next_check_where_what_was_lost_cannot_be_read(
    world: World, hub: Hub, reads: Reads, waiting: Waiting, carried: Carried
) -> None:
    other, follower = Carried(world), Told(1)
    for one in (carried, other):
        hub.join(follower, one.root.sid, -1)
    other.put(0)
    carried.remove()
    reads.error = OSError("disk")
    hub.check([carried.root.sid, other.root.sid], {other.root.sid: 0})
    waiting.pass_s(REORDER_S)
    reads.answer_all()
    assert follower.told == []
    reads.error = None
    hub.check([carried.root.sid, other.root.sid], {other.root.sid: 0})
    waiting.pass_s(REORDER_S)
    reads.answer_all()
    assert len(follower.told) == 2


def test_stream_that_is_missing_among_the_counters_has_ended(world: World, hub: Hub) -> None:
    root, listener = world(roots.create, actor(None), STREAM), Listener(1)
    hub.join(listener, root.sid, 0)
    world(streams.publish, actor(None), root.sid, Json("{}"))
    hub.publish(world.heard())
    hub.check([root.sid], {root.sid: 0})
    assert hub.followed() == [root.sid]
    hub.check([root.sid], {})
    assert hub.followed() == []
    assert [one["stream_sid"] for one in listener.heard] == [root.sid] * 2
