"""Two nodes on a bus that loses, repeats, delays and reorders."""

import asyncio

import pytest

from tests.support.bus import Faults, Server
from tests.support.nodes import Node, event
from tsock.events import Event

ROUGH = Faults(lost=0.05, repeated=0.1, delayed=0.2)


@pytest.mark.parametrize("seed", range(20))
async def test_nothing_comes_twice_and_whatever_is_lost_was_told(seed: int) -> None:
    server = Server(seed)
    a, b = Node("a", server.transport("x")), Node("b", server.transport("x"))
    await a.told("connected")
    await b.told("connected")
    await b.until(lambda: a.presences and b.presences)
    b.checks.clear()

    server.faults = ROUGH
    for seq in range(200):
        a.bus.publish([event(seq), event(None, b"%d" % seq)])
        for _ in range(4):
            await asyncio.sleep(0)
    server.faults = Faults()
    server.settle()
    a.bus.publish([event(200)])
    await b.until(lambda: event(200) in b.facts)

    stored = [fact.seq for fact in b.facts if isinstance(fact, Event) and fact.seq is not None]
    assert len(stored) == len(set(stored))
    streamed = [int(fact.body) for fact in b.facts if isinstance(fact, Event) and fact.seq is None]
    assert streamed == sorted(set(streamed))
    lost = set(range(201)) - set(stored)
    assert "gap" in b.checks or not lost
    await a.close()
    await b.close()


async def test_loss_of_the_last_message_is_told_with_the_next_heartbeat() -> None:
    server = Server()
    a, b = Node("a", server.transport("x")), Node("b", server.transport("x"))
    await a.told("connected")
    await b.told("connected")
    await b.until(lambda: b.presences)
    b.checks.clear()

    server.faults = Faults(lost=1.0)
    a.bus.publish([event(1)])
    for _ in range(5):
        await asyncio.sleep(0)
    server.faults = Faults()
    a.move(1)
    a.move(1)

    await b.told("gap")
    assert b.facts == []
    await a.close()
    await b.close()
