"""Nodes behind a balancer, one of which is killed or stands still: nobody loses, repeats or misorders."""

import asyncio
import itertools
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.interop.server import Server, until
from tests.simulation.nodes import IS_LONG, LASTS_S, loaded, rounds, running
from tests.support.memory import new_database
from tests.support.nats import NatsServer

MANY = 190 if IS_LONG else 60
"""Of followers, each of one object: with the writers, some 200 clients come and go in long rounds."""
CLOCKS = {2: (), 3: (0.0, 5.0, 2.5)}
"""How far the clocks of nodes are ahead."""
PAUSE_S = 30.0 if IS_LONG else 0.0
"""How long at least a node stands still."""


async def killed(node: Server, other: Server) -> None:
    """It dies, and comes back."""
    await asyncio.to_thread(Server.kill, node)
    await asyncio.to_thread(Server.start, node)


async def paused(node: Server, other: Server) -> None:
    """It stands still until the other has noticed, and goes on."""

    def is_noticed() -> bool:
        checks = other.operator("GET", "/check")["checks"]
        return any(line["id"] == "bus" and "silent" in line["found"] for line in checks)

    os.kill(node.pid, signal.SIGSTOP)
    await asyncio.gather(
        asyncio.to_thread(until, is_noticed, "the other node to notice"), asyncio.sleep(PAUSE_S)
    )
    os.kill(node.pid, signal.SIGCONT)


Trouble = Callable[[Server, Server], Awaitable[None]]
SOME = [(2, "notify", killed)]
ALL = list(itertools.product((2, 3), ("notify", "nats"), (killed, paused)))


@pytest.mark.timeout(LASTS_S + 240)
@pytest.mark.parametrize(("nodes", "bus", "trouble"), ALL if IS_LONG else SOME)
async def test_trouble_of_one_node_loses_and_repeats_nothing(
    tmp_path: Path, chance: Random, nodes: int, bus: str, trouble: Trouble
) -> None:
    with (
        served(bus) as settings,
        running(tmp_path, nodes, ahead_s=CLOCKS[nodes], database_url=new_database(), **settings) as cluster,
    ):
        # What was under way at a node that stood still for longer than `store_wait_s` is answered 503.
        async with loaded(cluster, chance, store_may_be_away=PAUSE_S > 0) as load:
            for _ in rounds():
                await load.goes_on()
                await trouble(*chance.sample(cluster.nodes, 2))


@pytest.mark.timeout(300)
async def test_rolling_restart_moves_all_clients_and_loses_and_repeats_nothing(
    tmp_path: Path, chance: Random
) -> None:
    with running(tmp_path, database_url=new_database()) as cluster:
        async with loaded(cluster, chance, of_one_object=MANY):
            for node in cluster.nodes:
                # It sends its clients away; what is expected is the exit status 0.
                await asyncio.to_thread(Server.stop, node)
                await asyncio.to_thread(Server.start, node)


@contextmanager
def served(bus: str) -> Iterator[dict[str, str]]:
    """The settings of nodes that have this bus."""
    if bus == "notify":
        yield {}
        return
    server = NatsServer()
    yield {"bus_url": server.url}
    server.stop()
