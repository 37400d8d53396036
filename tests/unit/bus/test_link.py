"""How a node waits for its bus."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.bus import Memory, Server
from tests.support.nodes import Node, event
from tsock.bus.link import ANSWER_S_MAX, RETRY_S_MAX, WAITING_BYTES_MAX, Link
from tsock.bus.transport import Hear, Transport
from tsock.clock import Clock
from tsock.deadlines import Deadlines


class Rig:
    """A link with a clock that only a test moves."""

    def __init__(self, transport: Transport) -> None:
        self.now_s = 0.0
        self.heard = list[bytes]()
        self.turns = asyncio.Queue[str | None]()
        clock = Clock(lambda: 0, lambda: self.now_s)
        self.deadlines = Deadlines(clock, print)
        self.link = Link(
            transport,
            self.heard.append,
            lambda: self.turns.put_nowait(self.link.standing.down),
            clock=clock,
            deadlines=self.deadlines,
            chance=lambda: 1.0,
        )
        self.link.start()

    def pass_time(self, seconds: float) -> None:
        self.now_s += seconds
        self.deadlines.run_due()

    async def until(self, met: Callable[[], bool]) -> None:
        for _ in range(1000):
            if met():
                return
            await asyncio.sleep(0)
        raise AssertionError("it never was so")


class Counting(Server):
    """Counts how often somebody tried to connect."""

    attempts = 0

    def connection(self, installation: str, hear: Hear) -> Any:
        self.attempts += 1
        return super().connection(installation, hear)


async def test_attempts_grow_rarer_up_to_a_bound_and_are_frequent_again_after_a_steady_connection() -> None:
    server = Counting()
    server.cut()
    rig = Rig(server.transport("x"))
    await rig.until(lambda: server.attempts == 1 and len(rig.deadlines) == 1)

    waits = list[float]()
    for attempts in range(2, 11):
        wait_s = rig.deadlines.run_due()
        assert wait_s is not None
        waits.append(wait_s)
        rig.pass_time(wait_s)
        await rig.until(lambda seen=attempts: server.attempts == seen and len(rig.deadlines) == 1)
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, RETRY_S_MAX, RETRY_S_MAX, RETRY_S_MAX])

    server.mend()
    rig.pass_time(RETRY_S_MAX)
    assert await rig.turns.get() is None
    rig.pass_time(60)
    server.cut()
    assert await rig.turns.get() == "the bus was cut"
    before = server.attempts
    await rig.until(lambda: len(rig.deadlines) > 0)
    rig.pass_time(0.1)
    await rig.until(lambda: server.attempts == before + 1)
    await rig.link.close()


async def test_server_that_does_not_answer_is_left() -> None:
    server = Server()
    server.is_mute = True
    rig = Rig(server.transport("x"))
    assert await rig.turns.get() is None
    rig.link.probe()
    await asyncio.sleep(0)
    rig.pass_time(ANSWER_S_MAX - 1)
    rig.link.probe()
    assert rig.link.standing.down is None
    rig.pass_time(1)
    rig.link.probe()
    assert await rig.turns.get() == "no answer for 5 s"
    await rig.link.close()


async def test_what_waits_is_bounded_and_what_has_waited_longest_goes() -> None:
    rig = Rig(Server().transport("x"))  # which connects in the next turn
    kibibyte = b"x" * 1024
    rig.link.send([b"first"])
    rig.link.send([kibibyte] * (WAITING_BYTES_MAX // 1024))
    assert rig.link.waiting_bytes <= WAITING_BYTES_MAX
    assert rig.link.dropped == 1

    assert await rig.turns.get() is None
    await rig.link.emptied()
    assert rig.link.waiting_bytes == 0
    await rig.until(lambda: len(rig.heard) == WAITING_BYTES_MAX // 1024)
    assert b"first" not in rig.heard
    await rig.link.close()


async def test_what_was_given_up_is_a_gap_to_the_others() -> None:
    server = Server()
    a, b = Node("a", server.transport("x")), Node("b", server.transport("x"))
    await a.told("connected")
    await b.told("connected")
    await b.until(lambda: b.presences)
    server.cut()
    await a.told("away")
    await b.told("away")
    for _ in range(WAITING_BYTES_MAX // 3800 + 1):
        a.bus.publish([event(None, b"x" * 3800)])
        await asyncio.sleep(0)
    assert a.bus.state.dropped > 0
    server.mend()
    b.move(RETRY_S_MAX)
    await b.told("connected")
    a.move(RETRY_S_MAX)
    await b.told("gap")
    await a.close()
    await b.close()


async def test_failure_of_a_library_does_not_end_the_bus() -> None:
    class Faulty(Memory):
        fails = True

        def connect(self, hear: Hear) -> Any:
            if self.fails:
                self.fails = False
                raise AttributeError("a fault of the library")
            return super().connect(hear)

    rig = Rig(Faulty(Server(), "x", 100))
    await rig.until(lambda: len(rig.deadlines) == 1)
    assert rig.link.standing.down == "AttributeError"
    rig.pass_time(RETRY_S_MAX)
    assert await rig.turns.get() is None
    await rig.link.close()
