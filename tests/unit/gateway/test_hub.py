"""Fan-out: every subscriber hears of every change once and in order, whatever carried the events here."""

from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.support.following import Carried, Listener, Reads, Told, actor, hub_on, line, numbers
from tests.support.sync_world import ACCOUNT, SERVICE, World, json
from tests.support.waiting import Waiting
from tsock.events import Event
from tsock.gateway import mending
from tsock.gateway.hub import Hub
from tsock.gateway.mending import REORDER_S
from tsock.sync import items, maps, replay, roots, streams, tables
from tsock.sync.actor import Actor
from tsock.sync.data import Json
from tsock.sync.kinds import MAP, STREAM
from tsock.sync.models import Root


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


def test_event_becomes_one_frame_shared_by_all_subscribers_but_the_connection_that_caused_it(
    world: World, hub: Hub
) -> None:
    carried = Carried(world, writer=1)
    writer, others = Listener(1), [Listener(2), Listener(3)]
    for listener in (writer, *others):
        hub.join(listener, carried.root.sid, -1)
    carried.put(0)
    hub.publish([carried.events[0]])
    assert writer.pieces == []
    assert [listener.pieces for listener in others] == [[line(carried.events[0])]] * 2
    assert others[0].pieces[0] is others[1].pieces[0]


def test_event_that_was_had_already_is_dropped(world: World, hub: Hub, reads: Reads) -> None:
    carried, listener = Carried(world), Listener(1)
    hub.join(listener, carried.root.sid, -1)
    carried.put(0, 1)
    for number in (0, 0, 1, 0, 1):
        hub.publish([carried.events[number]])
    assert numbers(listener) == [0, 1]
    assert reads.waiting == []


def test_subscriber_that_joins_ahead_of_the_others_hears_only_what_its_snapshot_lacked(
    world: World, hub: Hub
) -> None:
    carried, early, late = Carried(world), Listener(1), Listener(2)
    hub.join(early, carried.root.sid, -1)
    carried.put(0, 1, 2)
    hub.join(late, carried.root.sid, 1)
    for event in carried.events:
        hub.publish([event])
    assert numbers(early) == [0, 1, 2]
    assert numbers(late) == [2]


def test_subscriber_that_joins_behind_the_others_is_brought_to_where_they_are_and_they_hear_nothing_of_it(
    world: World, hub: Hub, reads: Reads
) -> None:
    carried = Carried(world)
    carried.put(0, 1, 2)
    early, late = Listener(1), Listener(2)
    hub.join(early, carried.root.sid, -1)
    hub.publish(carried.events)
    hub.join(late, carried.root.sid, 0)
    carried.put(3)
    hub.publish(carried.events[3:])
    assert numbers(late) == []
    reads.answer()
    carried.put(4)
    hub.publish(carried.events[4:])
    assert numbers(late) == [1, 2, 3, 4]
    assert numbers(early) == [0, 1, 2, 3, 4]
    assert reads.waiting == []


def test_those_behind_do_not_change_how_a_gap_is_told_to_the_others(
    world: World, reads: Reads, waiting: Waiting
) -> None:
    def kind_and_number(event: Event) -> bytes:
        return f"{event.kind} {event.seq}\n".encode()

    hub = hub_on(reads, waiting, kind_and_number)
    carried = Carried(world)
    carried.put(0)
    early, late = Told(1), Told(2)
    hub.join(early, carried.root.sid, -1)
    hub.publish(carried.events)
    carried.put(0)
    lost = carried.events.pop()
    carried.put(1)
    hub.publish(carried.events[1:])
    waiting.pass_s(REORDER_S)
    hub.join(late, carried.root.sid, -1)
    while reads.waiting:
        reads.answer()
    assert lost.seq == 1
    assert early.told == ["map_item_added 0", "map_item_updated 1", "map_item_added 2"]
    assert late.told == ["map_item_added 1", "map_item_added 2"]


def test_failed_read_for_one_who_is_behind_is_made_up_for_at_the_next_event(
    world: World, hub: Hub, reads: Reads
) -> None:
    carried = Carried(world)
    carried.put(0, 1)
    early, late = Listener(1), Listener(2)
    hub.join(early, carried.root.sid, -1)
    hub.publish(carried.events)
    hub.join(late, carried.root.sid, 0)
    reads.error = OSError("disk")
    reads.answer()
    reads.error = None
    carried.put(2)
    hub.publish(carried.events[2:])
    reads.answer()
    assert numbers(late) == [1, 2]


def test_end_of_an_object_reaches_those_behind_and_nothing_follows_it(
    world: World, hub: Hub, reads: Reads
) -> None:
    carried = Carried(world)
    carried.put(0, 1)
    early, late = Listener(1), Listener(2)
    hub.join(early, carried.root.sid, -1)
    hub.publish(carried.events)
    hub.join(late, carried.root.sid, 0)
    carried.remove()
    hub.publish(carried.events[2:])
    assert late.gone
    reads.answer()
    assert late.subscriptions == {}
    assert reads.waiting == []


def test_connection_of_the_same_number_on_another_node_hears_what_this_one_caused(
    world: World, hub: Hub
) -> None:
    carried = Carried(world)
    listener = Listener(1)
    hub.join(listener, carried.root.sid, -1)
    world(maps.put, Actor(ACCOUNT, SERVICE, "somebody", connection=("m", 1)), carried.root.sid, "k", json())
    hub.publish(world.heard())
    assert numbers(listener) == [0]


def test_gap_is_closed_by_one_replay_that_also_brings_what_arrives_meanwhile(
    world: World, hub: Hub, reads: Reads, waiting: Waiting
) -> None:
    carried, listener = Carried(world), Listener(1)
    hub.join(listener, carried.root.sid, -1)
    carried.put(0, 1, 2, 3)
    hub.publish([carried.events[1]])
    waiting.pass_s(REORDER_S)
    hub.publish([carried.events[2]])
    hub.publish([carried.events[0]])
    assert numbers(listener) == []
    reads.answer()
    assert numbers(listener) == [0, 1, 2, 3]
    hub.publish([carried.events[3]])
    carried.put(4)
    hub.publish([carried.events[4]])
    assert numbers(listener) == [0, 1, 2, 3, 4]
    assert reads.waiting == []


def test_gap_wider_than_one_read_is_closed_by_several(
    world: World, hub: Hub, reads: Reads, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "MENDING_EVENTS", 2)
    carried, listener = Carried(world), Listener(1)
    hub.join(listener, carried.root.sid, -1)
    carried.put(0, 1, 2, 3, 4)
    hub.publish([carried.events[4]])
    waiting.pass_s(REORDER_S)
    heard = []
    while reads.waiting:
        reads.answer()
        heard.append(numbers(listener))
    assert heard == [[0, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4]]


def test_gap_that_could_not_be_read_is_tried_again_at_the_next_event(
    world: World, hub: Hub, reads: Reads, waiting: Waiting
) -> None:
    carried, listener = Carried(world), Listener(1)
    hub.join(listener, carried.root.sid, -1)
    carried.put(0, 1, 2)
    reads.error = OSError("disk")
    hub.publish([carried.events[1]])
    waiting.pass_s(REORDER_S)
    reads.answer()
    assert numbers(listener) == []
    reads.error = None
    hub.publish([carried.events[2]])
    waiting.pass_s(REORDER_S)
    reads.answer()
    assert numbers(listener) == [0, 1, 2]


def test_gap_among_events_that_arrive_together_keeps_their_order(
    world: World, hub: Hub, reads: Reads, waiting: Waiting
) -> None:
    reads.committing = False
    carried, listener = Carried(world), Listener(1)
    hub.join(listener, carried.root.sid, -1)
    carried.put(0, 1, 2, 3)
    hub.publish([carried.events[0], carried.events[2], carried.events[3]])
    waiting.pass_s(REORDER_S)
    assert numbers(listener) == [0, 1, 2, 3]


def test_nothing_follows_the_end_of_an_object_among_events_that_arrive_together(
    world: World, hub: Hub
) -> None:
    carried, listener = Carried(world), Listener(1)
    hub.join(listener, carried.root.sid, -1)
    carried.put(0, 1)
    carried.remove()
    hub.publish([carried.events[number] for number in (0, 2, 1, 2)])
    assert numbers(listener) == [0, 2]
    assert listener.subscriptions == {}


def test_events_of_one_commit_leave_in_one_piece_but_for_those_who_had_some_or_caused_some(
    world: World, hub: Hub
) -> None:
    carried = Carried(world)
    behind, ahead = Listener(1), Listener(2)
    hub.join(behind, carried.root.sid, -1)
    carried.put(0, 1, 2)
    hub.publish(carried.events)
    assert [numbers(behind), len(behind.pieces)] == [[0, 1, 2], 1]
    hub.join(ahead, carried.root.sid, 3)
    writer = Listener(9)
    hub.join(writer, carried.root.sid, 2)
    carried.put(3)
    own = world(maps.put, actor(9), carried.root.sid, "own", json(n=0))
    assert own[1]
    hub.publish([carried.events[-1], *world.heard()])
    assert numbers(behind) == [0, 1, 2, 3, 4]
    assert numbers(ahead) == [4]
    assert numbers(writer) == [3]


def test_removal_behind_a_gap_reaches_every_subscriber(world: World, hub: Hub, reads: Reads) -> None:
    carried, listener = Carried(world), Listener(1)
    hub.join(listener, carried.root.sid, -1)
    carried.put(0)
    carried.remove()
    hub.publish([carried.events[1]])
    assert numbers(listener) == [1]
    assert listener.subscriptions == {}
    hub.publish([carried.events[0]])
    assert numbers(listener) == [1]


def test_removal_that_arrives_while_a_gap_is_closed_reaches_every_subscriber(
    world: World, hub: Hub, reads: Reads, waiting: Waiting
) -> None:
    carried, listener = Carried(world), Listener(1)
    hub.join(listener, carried.root.sid, -1)
    carried.put(0, 1)
    hub.publish([carried.events[1]])
    waiting.pass_s(REORDER_S)
    carried.remove()
    hub.publish([carried.events[2]])
    assert numbers(listener) == [2]
    reads.answer()
    assert numbers(listener) == [2]
    assert listener.subscriptions == {}


def test_subscription_that_is_established_again_doubles_nothing(world: World, hub: Hub) -> None:
    carried, listener = Carried(world), Listener(1)
    hub.join(listener, carried.root.sid, -1)
    hub.join(listener, carried.root.sid, -1)
    carried.put(0)
    hub.publish([carried.events[0]])
    assert numbers(listener) == [0]


def test_subscriber_that_left_hears_nothing_more(world: World, hub: Hub) -> None:
    carried, stays, leaves = Carried(world), Listener(1), Listener(2)
    for listener in (stays, leaves):
        hub.join(listener, carried.root.sid, -1)
    hub.leave(leaves, carried.root.sid)
    hub.leave(leaves, carried.root.sid)
    carried.put(0)
    hub.publish([carried.events[0]])
    assert numbers(stays) == [0]
    assert numbers(leaves) == []
    assert leaves.subscriptions == {}


@pytest.mark.parametrize("missed", [0, 2])
def test_others_hear_every_state_of_what_somebody_follows_again(
    world: World, hub: Hub, reads: Reads, missed: int
) -> None:
    carried, stays, comes_back = Carried(world), Listener(1), Listener(2)
    for listener in (stays, comes_back):
        hub.join(listener, carried.root.sid, -1)
    carried.put(0)
    hub.publish(carried.events)
    hub.withhold(comes_back, carried.root.sid)
    carried.put(*range(1, 1 + missed))
    hub.publish(carried.events[1:])
    hub.resume(comes_back, carried.root.sid)
    carried.put(7, 7)  # two states of one item, before anything was read
    hub.publish(carried.events[1 + missed :])
    while reads.waiting:
        reads.answer()
    assert numbers(stays) == list(range(3 + missed))
    assert comes_back.known == stays.known


def test_connection_that_is_gone_leaves_all_it_followed(world: World, hub: Hub) -> None:
    first, second, listener = Carried(world), Carried(world), Listener(1)
    hub.join(listener, first.root.sid, -1)
    hub.join(listener, second.root.sid, -1)
    hub.leave_all(listener)
    for carried in (first, second):
        carried.put(0)
    for event in first.events + second.events:
        hub.publish([event])
    assert listener.heard == []
    assert listener.subscriptions == {}


def test_stream_messages_go_out_in_the_order_they_came_and_are_not_numbered(world: World, hub: Hub) -> None:
    root = world(roots.create, actor(None), STREAM)
    listener, publisher = Listener(1), Listener(2)
    for subscriber in (listener, publisher):
        hub.join(subscriber, root.sid, 0)
    for number in range(3):
        world(streams.publish, actor(2), root.sid, Json(f'{{"n":{number}}}'))
        hub.publish(world.heard())
    world(roots.remove, actor(2), STREAM, root.sid)
    for event in world.heard():
        hub.publish([event])
    assert [told.get("message_data") for told in listener.heard] == [{"n": 0}, {"n": 1}, {"n": 2}, None]
    assert publisher.heard == []
    assert listener.subscriptions == publisher.subscriptions == {}


class Delivery(RuleBasedStateMachine):
    """Writers, subscribers that come and go, and something in between that loses, repeats and reorders.

    At any time what a subscriber heard is in ascending order, without a repeat. Once one more event has got
    through and all reads are answered, every subscriber knows what the store holds.
    """

    LISTENERS = st.sampled_from(range(1, 4))

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(mending, "MENDING_EVENTS", 3)
        self.world = World()
        self.reads = Reads(self.world)
        self.waiting = Waiting()
        self.hub = hub_on(self.reads, self.waiting)
        self.root: Root = self.world(roots.create, actor(None), MAP)
        self.flying: list[Event] = []
        self.listeners = {number: Listener(number) for number in range(1, 4)}
        self.removed = False

    @initialize()
    def all_join(self) -> None:
        for number in self.listeners:
            self.join(number, 1000)

    @precondition(lambda self: not self.removed)
    @rule(
        changes=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 99), st.booleans()), min_size=1),
        writer=st.none() | LISTENERS,
    )
    def write(self, changes: list[tuple[str, int, bool]], writer: int | None) -> None:
        for key, value, remove in changes:
            told = None if remove and key in self.stored() else {"n": value}
            if told is None:
                item = self.world(items.remove, actor(writer), MAP, self.root.sid, key)
            else:
                item, _ = self.world(maps.put, actor(writer), self.root.sid, key, json(**told))
            if writer is not None:  # it knows from the reply
                self.listeners[writer].know(key, item.last_event_id, told)
        self.flying += self.world.heard()

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), fate=st.sampled_from(["carry", "carry", "carry", "repeat", "lose"]))
    def fly(self, data: st.DataObject, fate: str) -> None:
        """Some events arrive together, in any order; or are lost."""
        places = st.integers(0, len(self.flying) - 1)
        chosen = data.draw(st.lists(places, min_size=1, max_size=4, unique=True))
        events = [self.flying[place] for place in chosen]
        if fate != "repeat":
            self.flying = [
                event for place, event in enumerate(self.flying) if place not in chosen or event.final
            ]
        if fate != "lose":
            self.hub.publish(events)

    @precondition(lambda self: self.flying)
    @rule()
    def carry_all(self) -> None:
        events, self.flying = self.flying, []
        self.hub.publish(events)

    @rule()
    def commit(self) -> None:
        """A commit begins, or ends and lets the reads run that waited for it."""
        self.reads.committing = not self.reads.committing
        while self.reads.waiting and not self.reads.committing:
            self.reads.answer()

    @precondition(lambda self: self.reads.waiting)
    @rule()
    def answer(self) -> None:
        self.reads.answer()

    @rule()
    def wait(self) -> None:
        self.waiting.pass_s(REORDER_S)

    @rule(number=LISTENERS, limit=st.sampled_from([1, 2, 1000]))
    def join(self, number: int, limit: int) -> None:
        """Establish, as `SubscriptionHandlers` do."""
        listener = self.listeners[number]
        root = self.world(lambda tx: tables.by_sid(tx.one, self.root.sid))
        if root is None or listener.gone:
            return
        missed = self.world(replay.since, root, listener.last, limit)
        for event in missed.events:
            listener.hear(msgspec.json.decode(event.body))
        if missed.completed:
            listener.last = missed.last_event_id
            self.hub.join(listener, root.sid, missed.last_event_id)
        else:
            self.hub.leave(listener, root.sid)

    @rule(number=LISTENERS)
    def leave(self, number: int) -> None:
        self.hub.leave(self.listeners[number], self.root.sid)

    @precondition(lambda self: not self.removed)
    @rule()
    def remove(self) -> None:
        self.world(roots.remove, actor(None), MAP, self.root.sid)
        self.flying += self.world.heard()
        self.removed = True

    @invariant()
    def nobody_is_ahead_of_the_store(self) -> None:
        root = self.world(lambda tx: tables.by_sid(tx.one, self.root.sid))
        for listener in self.listeners.values():
            assert root is None or listener.last <= root.last_event_id

    def teardown(self) -> None:
        if not self.removed:
            self.write([("z", 0, False)], writer=None)
        # The end of an object is never lost: it is all that the store would tell of it.
        last = self.flying[-1:] if not self.removed else [event for event in self.flying if event.final]
        self.hub.publish(last)
        self.reads.committing = False
        while self.reads.waiting:
            self.reads.answer()
        self.waiting.pass_s(1)
        self.patch.undo()
        for listener in self.listeners.values():
            if self.root.sid in listener.subscriptions:
                assert not self.removed
                assert listener.items == self.stored()

    def stored(self) -> dict[str, Any]:
        rows = self.world.database.execute(
            "SELECT item_key, data FROM sync_map_items WHERE object_sid = :sid AND removed = 0",
            {"sid": self.root.sid},
        )
        return {key: msgspec.json.decode(data) for key, data in rows}


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=60, stateful_step_count=40)
