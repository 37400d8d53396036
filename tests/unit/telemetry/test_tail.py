"""The live feed of nodes that hear each other, with time moved by hand."""

from collections.abc import Sequence

import pytest

from tsock.clock import Clock
from tsock.events import Signal
from tsock.telemetry.tail import ASK_S, TOLD_BURST, TOLD_PER_S, WATCH_S, Happening, Tail


class Nodes:
    """Three of them, whose signals arrive at once, unless they are lost."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.is_cut = False
        self.told: list[Signal] = []
        clock = Clock(lambda: round(self.now_s * 1000), lambda: self.now_s)
        self.tails = [Tail(clock) for _ in range(3)]
        for number, tail in enumerate(self.tails, 1):
            tail.among(f"node {number}", lambda signals, tail=tail: self._tell(tail, signals))

    def _tell(self, teller: Tail, signals: Sequence[Signal]) -> None:
        self.told += signals
        for tail in self.tails:
            if tail is not teller and not self.is_cut:
                for signal in signals:
                    tail.take(signal)


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


def look(tail: Tail) -> list[tuple[str, str]]:
    """Where what happened, since the watching of all nodes began."""
    return [(each.node, each.what) for each in tail.everywhere.after(0)]


def test_who_watches_all_nodes_is_shown_what_happens_on_each_with_its_name(nodes: Nodes) -> None:
    one, two, _ = nodes.tails
    two.add("connection", "opened", "before anybody watched")
    assert look(one) == []
    for tail in nodes.tails:
        tail.add("connection", "opened")
    two.add("denial", "20101")
    assert look(one) == [
        ("node 1", "opened"),
        ("node 2", "opened"),
        ("node 3", "opened"),
        ("node 2", "20101"),
    ]
    assert [each.number for each in one.everywhere.after(2)] == [3, 4]
    assert one.here.after(0) == two.here.after(0) == []


def test_who_watches_one_node_is_shown_that_alone_and_no_name(nodes: Nodes) -> None:
    one, two, _ = nodes.tails
    assert one.here.after(0) == []
    two.add("connection", "opened")
    one.add("connection", "closed", identity="alice")
    assert one.here.after(0) == [Happening(1, 0, "connection", "closed", identity="alice")]
    assert nodes.told == []


def test_change_is_shown_once_though_every_node_hears_of_it(nodes: Nodes) -> None:
    one, two, three = nodes.tails
    look(one)
    one.here.after(0)
    two.add("event", "document_updated")
    for tail in (one, three):
        tail.add("event", "document_updated", is_heard=True)
    assert look(one) == [("node 2", "document_updated")]
    assert [each.what for each in one.here.after(0)] == ["document_updated"]


def test_nodes_tell_as_long_as_somebody_watches_and_then_do_nothing(nodes: Nodes) -> None:
    one, two, _ = nodes.tails
    for _ in range(10):
        look(one)
        nodes.now_s += WATCH_S / 2
        two.add("connection", "opened")
    assert len(look(one)) == 10
    nodes.now_s += WATCH_S + ASK_S + 1
    for tail in nodes.tails:
        tail.add("connection", "opened")
        assert not tail.watched
    nodes.told.clear()
    two.add("connection", "opened")
    assert nodes.told == []
    assert look(one) == []


def test_node_that_did_not_hear_the_question_is_asked_again(nodes: Nodes) -> None:
    one, two, _ = nodes.tails
    nodes.is_cut = True
    look(one)
    nodes.is_cut = False
    two.add("connection", "opened")
    assert look(one) == []
    nodes.now_s += ASK_S
    look(one)
    two.add("connection", "closed")
    assert look(one) == [("node 2", "closed")]


def test_of_too_much_the_number_is_told(nodes: Nodes) -> None:
    one, two, _ = nodes.tails
    look(one)
    for _ in range(TOLD_BURST + 7):
        two.add("connection", "opened")
    assert len(look(one)) == TOLD_BURST
    nodes.now_s += 1 / TOLD_PER_S
    two.add("connection", "closed")
    two.add("connection", "opened")
    assert len(look(one)) == TOLD_BURST + 1
    assert (one.everywhere.after(0)[-1].what, one.everywhere.after(0)[-1].left_out) == ("closed", 7)


def test_node_that_is_alone_shows_the_same_either_way() -> None:
    tail = Tail(Clock(lambda: 5, lambda: 0.0))
    tail.here.after(0)
    tail.everywhere.after(0)
    tail.add("connection", "opened")
    assert tail.everywhere.after(0) == tail.here.after(0) == [Happening(1, 5, "connection", "opened")]


def test_changes_of_other_nodes_cost_nothing_once_nobody_watches(nodes: Nodes) -> None:
    one, *_ = nodes.tails
    one.here.after(0)
    nodes.now_s += WATCH_S / 2
    one.add("event", "document_updated", is_heard=True)
    assert one.watched
    nodes.now_s += WATCH_S
    one.add("event", "document_updated", is_heard=True)
    assert not one.watched
