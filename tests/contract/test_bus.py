"""What a bus keeps over every transport."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count

import pytest
import uvloop

from tests.contract.buses import TRANSPORTS, Buses
from tests.support.nodes import Node, Speaker, event
from tsock.bus.bus import GONE_S, SILENCE_S
from tsock.bus.message import Advanced
from tsock.events import Fact, ReadRevoked

_installations = count()
REVOKED = ReadRevoked("IS" + "0" * 32, "MP" + "0" * 32, "alice")


@pytest.fixture(params=TRANSPORTS.values(), ids=list(TRANSPORTS))
def buses(request: pytest.FixtureRequest) -> Iterator[Buses]:
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def installation() -> str:
    """One that no other test has."""
    return f"test-{next(_installations)}"


@pytest.fixture
async def start(buses: Buses, installation: str) -> AsyncIterator[Callable[..., Node]]:
    async with AsyncExitStack() as stack:

        def start(name: str, of: str = installation) -> Node:
            node = Node(name, buses.transport(of))
            stack.push_async_callback(node.close)
            return node

        yield start


@pytest.fixture
async def pair(start: Callable[..., Node]) -> tuple[Node, Node]:
    """Two nodes that have heard each other."""
    a, b = start("a"), start("b")
    await a.told("connected")
    await b.told("connected")
    a.bus.publish([event(0)])
    await b.until(lambda: b.facts)
    b.bus.publish([event(0)])
    await a.until(lambda: a.facts)
    for node in a, b:
        node.heard.clear()
        node.checks.clear()
    return a, b


async def test_facts_of_a_node_arrive_in_the_order_in_which_it_published_them(
    pair: tuple[Node, Node],
) -> None:
    a, b = pair
    facts = [event(seq) for seq in range(300)]
    for fact in facts:
        a.bus.publish([fact])
        if fact.seq is not None and fact.seq % 3 == 0:
            await asyncio.sleep(0)

    await b.until(lambda: len(b.facts) == len(facts))
    assert b.facts == facts
    assert {node for node, _ in b.heard} == {"a"}
    assert b.checks == []


async def test_every_kind_of_fact_arrives_as_it_was(pair: tuple[Node, Node]) -> None:
    a, b = pair
    facts: list[Fact] = [event(1, b'{"key": "\xc3\xa9"}'), REVOKED, event(None), event(2)]
    a.bus.publish(facts)

    await b.until(lambda: b.facts)
    assert b.facts == facts


async def test_facts_of_one_turn_are_one_message(pair: tuple[Node, Node]) -> None:
    a, b = pair
    before = a.bus.figures.published
    a.bus.publish([event(1), event(2)])
    a.bus.publish([event(3)])

    await b.until(lambda: b.facts)
    assert b.heard == [("a", [event(1), event(2), event(3)])]
    assert a.bus.figures.published - before == 1


async def test_node_does_not_hear_itself(pair: tuple[Node, Node]) -> None:
    a, b = pair
    a.bus.publish([event(1)])
    await b.until(lambda: b.facts)
    b.bus.publish([event(2)])

    await a.until(lambda: a.facts)
    assert a.heard == [("b", [event(2)])]


async def test_nodes_of_two_installations_do_not_hear_each_other(
    pair: tuple[Node, Node], start: Callable[..., Node]
) -> None:
    a, b = pair
    stranger = start("stranger", "another")
    await stranger.told("connected")
    stranger.bus.publish([event(1)])
    other = start("other", "another")
    await other.told("connected")
    other.bus.publish([event(2)])
    await stranger.until(lambda: event(2) in stranger.facts)
    a.bus.publish([event(3)])

    await b.until(lambda: b.facts)
    assert b.facts == [event(3)]
    assert stranger.facts == [event(2)]


async def say(buses: Buses, installation: str, *payloads: bytes) -> None:
    async with buses.transport(installation).connect(lambda payload: None) as connection:
        for payload in payloads:
            await connection.send([payload])
        await connection.probe()


async def test_lost_messages_are_told_as_a_gap(
    pair: tuple[Node, Node], buses: Buses, installation: str
) -> None:
    _, b = pair
    c = Speaker("c")
    await say(buses, installation, c.say(1, event(1)), c.say(2, event(2)), c.say(4, event(4)))

    await b.until(lambda: len(b.facts) == 3)
    assert b.checks == ["came", "gap"]
    assert b.bus.figures.gaps == 1


async def test_repeated_messages_are_dropped(
    pair: tuple[Node, Node], buses: Buses, installation: str
) -> None:
    _, b = pair
    c = Speaker("c")
    first, second = c.say(1, event(1)), c.say(2, event(2))
    await say(buses, installation, first, second, first, second, c.say(3, event(3)))

    await b.until(lambda: event(3) in b.facts)
    assert b.facts == [event(1), event(2), event(3)]
    assert b.bus.figures.repeats == 2
    assert b.checks == ["came"]


async def test_what_comes_late_is_delivered_where_its_object_numbers_it(
    pair: tuple[Node, Node], buses: Buses, installation: str
) -> None:
    _, b = pair
    c = Speaker("c")
    late = c.say(2, event(2), REVOKED, event(None))
    await say(buses, installation, c.say(1, event(1)), c.say(3, event(3)), late, c.say(4, event(4)))

    await b.until(lambda: event(4) in b.facts)
    assert b.facts == [event(1), event(3), event(2), event(4)]
    assert b.checks == ["came", "gap"]


async def test_what_nobody_can_read_is_skipped(
    pair: tuple[Node, Node], buses: Buses, installation: str
) -> None:
    a, b = pair
    await say(buses, installation, b"\xff not a message")
    await b.told("unreadable")
    a.bus.publish([event(1)])

    await b.until(lambda: b.facts)
    assert b.facts == [event(1)]
    assert b.bus.state.unreadable == 1


async def test_silence_is_told_and_its_end(pair: tuple[Node, Node]) -> None:
    a, b = pair
    b.presences.clear()
    b.move(SILENCE_S)
    assert b.presences == [("a", "silent")]
    assert b.checks == ["silence"]
    assert b.bus.state.silent == ["a"]

    a.bus.publish([event(1)])
    await b.until(lambda: b.facts)
    assert b.presences == [("a", "silent"), ("a", "here")]
    assert b.bus.state.silent == []


async def test_node_with_nothing_to_say_sends_heartbeats(pair: tuple[Node, Node]) -> None:
    a, b = pair
    b.presences.clear()
    b.move(SILENCE_S)
    a.move(1)
    a.move(1)

    await b.until(lambda: ("a", "here") in b.presences)
    assert b.facts == []


async def test_node_that_stays_silent_is_forgotten(pair: tuple[Node, Node]) -> None:
    _, b = pair
    b.presences.clear()
    b.move(SILENCE_S)
    b.move(GONE_S)

    assert b.presences == [("a", "silent"), ("a", "gone")]
    assert b.bus.state.peers == 0


async def test_nodes_hear_who_comes_and_leaves(pair: tuple[Node, Node], start: Callable[..., Node]) -> None:
    a, _ = pair
    a.presences.clear()
    c = start("c")
    await a.until(lambda: ("c", "here") in a.presences)
    c.bus.publish([event(1)])
    await c.close()

    await a.until(lambda: ("c", "gone") in a.presences)
    assert a.facts == [event(1)]
    assert a.presences == [("c", "here"), ("c", "gone")]


async def test_node_connects_again_and_says_what_waited(pair: tuple[Node, Node], buses: Buses) -> None:
    a, b = pair
    since_ms = a.bus.state.standing.since_ms
    buses.cut()
    for node in pair:
        await node.told("away")
        assert node.bus.state.standing.down
        assert node.bus.state.lag_s is None
    a.bus.publish([event(1)])
    await asyncio.sleep(0)
    assert a.bus.state.waiting_bytes > 0

    buses.mend()
    for node in pair:
        await node.told("connected")
        assert node.bus.state.standing.down is None
    assert a.bus.state.standing.since_ms >= since_ms
    a.bus.publish([event(2)])
    b.bus.publish([event(3)])
    await a.until(lambda: event(3) in a.facts)
    await b.until(lambda: event(2) in b.facts)


async def test_counters_are_to_be_checked_each_second_while_the_bus_is_away(
    pair: tuple[Node, Node], buses: Buses
) -> None:
    a, _ = pair
    buses.cut()
    await a.told("away")
    for _ in range(3):
        a.move(1)
        assert "away" in a.checks
        a.checks.clear()


async def test_large_event_comes_as_the_number_of_its_object(pair: tuple[Node, Node]) -> None:
    a, b = pair
    large = event(2, b"x" * 1_000_000)
    a.bus.publish([event(1), large, event(3)])

    await b.until(lambda: event(3) in b.facts)
    assert b.facts == [event(1), Advanced(large.topic, large.service_sid, 2), event(3)]


async def test_many_events_of_one_turn_come_whole_and_in_order(pair: tuple[Node, Node]) -> None:
    a, b = pair
    facts = [event(seq, b"x" * 1000) for seq in range(500)]
    a.bus.publish(facts)

    await b.until(lambda: len(b.facts) == len(facts))
    assert b.facts == facts


async def test_large_message_of_a_stream_comes_whole(pair: tuple[Node, Node]) -> None:
    a, b = pair
    messages = [event(None, bytes([65 + at]) * 300_000) for at in range(3)]
    a.bus.publish([event(1), *messages, event(2)])

    await b.until(lambda: event(2) in b.facts)
    assert b.facts == [event(1), *messages, event(2)]
    assert b.checks == []


async def test_lag_is_measured(pair: tuple[Node, Node]) -> None:
    a, b = pair
    a.move(1)
    a.bus.publish([event(1)])
    await b.until(lambda: b.facts)
    b.bus.publish([event(2)])
    await a.until(lambda: a.facts)
    a.move(1)
    await a.bus._link.emptied()
    assert a.bus.state.lag_s is not None


async def test_close_leaves_nothing_behind(buses: Buses, installation: str) -> None:
    before = asyncio.all_tasks()
    node = Node("a", buses.transport(installation))
    await node.told("connected")
    await node.close()
    assert asyncio.all_tasks() == before


async def test_node_can_be_closed_while_the_bus_is_away(buses: Buses, installation: str) -> None:
    before = asyncio.all_tasks()
    buses.cut()
    for turns in range(10):
        node = Node("a", buses.transport(installation))
        for _ in range(turns):
            await asyncio.sleep(0)
        await node.close()
    assert asyncio.all_tasks() == before


def test_it_runs_on_the_loop_of_the_server(buses: Buses, installation: str) -> None:
    async def talk() -> list[Fact]:
        a, b = Node("a", buses.transport(installation)), Node("b", buses.transport(installation))
        await a.told("connected")
        await b.told("connected")
        a.bus.publish([event(1), event(None, b"x" * 300_000)])
        await b.until(lambda: len(b.facts) == 2)
        buses.cut()
        await a.told("away")
        await a.close()
        await b.close()
        return b.facts

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(talk()) == [event(1), event(None, b"x" * 300_000)]
