"""What waits for a transaction goes in its lane's order, once, and beside nobody who is about the same."""

from collections import deque
from collections.abc import Collection

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tsock.storage.postgres.lanes import Lanes
from tsock.storage.store import Lane

ITEMS_MAX = 5


class Item:
    def __init__(self, lane: Lane, about: str, asked_s: float, *, is_alone: bool) -> None:
        self.lane: Lane = lane
        self.about = about
        self.asked_s = asked_s
        self.is_alone = is_alone


class Flights(RuleBasedStateMachine):
    """Flights that take off, land and send some back, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes = Lanes[Item]()
        self.now_s = 0.0
        self.waiting: dict[Lane, deque[Item]] = {}
        self.flights: list[list[Item]] = []

    @rule(
        lane=st.integers(0, 60),
        abouts=st.lists(st.sampled_from(["", "one", "one", "two", "three"]), min_size=1, max_size=4),
        alone=st.sampled_from([False, False, False, True]),
    )
    def ask(self, lane: int, abouts: list[str], alone: bool) -> None:
        for about in abouts:
            self.now_s += 1
            item = Item(lane, about, self.now_s, is_alone=alone)
            self.waiting.setdefault(lane, deque()).append(item)
            self.lanes.add(item)

    @rule(number=st.integers(1, 70))
    def crowd(self, number: int) -> None:
        """Many lanes want the same."""
        for lane in range(1_000, 1_000 + number):
            self.ask(lane, ["one"], alone=False)

    @rule(lanes_max=st.integers(1, 8))
    def take_off(self, lanes_max: int) -> None:
        flight = self.lanes.take(lanes_max, ITEMS_MAX)
        for item in flight:
            assert self.waiting[item.lane].popleft() is item
        assert len(flight) <= ITEMS_MAX
        assert len(flight) == 1 or not any(item.is_alone for item in flight)
        for other in self.flights:
            assert not {item.lane for item in flight} & {item.lane for item in other}
            assert not {item.about for item in flight} & {item.about for item in other} - {""}
        if flight:
            self.flights.append(flight)
        else:
            assert self.flights or not any(self.waiting.values())

    @precondition(lambda self: self.flights)
    @rule(data=st.data())
    def land(self, data: st.DataObject) -> None:
        flight = self.flights.pop(data.draw(st.integers(0, len(self.flights) - 1)))
        lanes_again = data.draw(st.sets(st.sampled_from([item.lane for item in flight])))
        again = [item for item in flight if item.lane in lanes_again]
        for item in reversed(again):
            self.waiting[item.lane].appendleft(item)
            item.is_alone = data.draw(st.booleans())
        self.lanes.landed(flight, again)

    @rule(ago=st.integers(0, 40))
    def give_up(self, ago: int) -> None:
        flying = {item.lane for flight in self.flights for item in flight}
        late = self.lanes.overdue(self.now_s - ago)
        for item in late:
            assert item.lane not in flying
            assert self.waiting[item.lane].popleft() is item
        for lane, queue in self.waiting.items():
            assert lane in flying or not queue or queue[0].asked_s >= self.now_s - ago

    @invariant()
    def counts(self) -> None:
        assert self.lanes.waiting == sum(map(len, self.waiting.values()))

    def teardown(self) -> None:
        """In the end everything has gone, and nothing is kept of it."""
        while self.flights or self.lanes.waiting:
            self.take_off(8)
            if self.flights:
                self.lanes.landed(self.flights.pop(), [])
        self.take_off(8)
        assert not any(kept for kept in vars(self.lanes).values() if isinstance(kept, Collection))


TestFlights = Flights.TestCase


def test_those_about_the_same_fly_together_though_others_could_take_some_of_them() -> None:
    lanes = Lanes[Item]()
    for lane in range(40):
        lanes.add(Item(lane, "one", 0, is_alone=False))
    assert len(lanes.take(5, 32)) == 32
    assert lanes.take(5, 32) == []


def test_thousands_about_the_same_are_not_looked_at_again_at_each_landing() -> None:
    lanes = Lanes[Item]()
    for lane in range(5_000):
        lanes.add(Item(lane, "one", 0, is_alone=False))
    flight = lanes.take(100, 32)
    lanes.take(100, 32)
    looked_at = 0
    while flight:
        lanes.landed(flight, [])
        looked_at += lanes.ready
        flight = lanes.take(100, 32)
    assert lanes.waiting == 0
    assert looked_at < 6_000


def test_those_behind_others_that_gave_up_go_nonetheless() -> None:
    lanes = Lanes[Item]()
    for lane in range(100):
        lanes.add(Item(lane, "one", lane, is_alone=False))
    flight = lanes.take(100, 10)
    lanes.take(100, 10)
    lanes.landed(flight, [])
    assert len(lanes.overdue(60)) == 50
    taken: list[Item] = []
    while flight := lanes.take(100, 10):
        taken += flight
        lanes.landed(flight, [])
    assert [item.lane for item in taken] == list(range(60, 100))
