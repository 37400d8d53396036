"""Two nodes behind a balancer, one of which is killed or stands still: nobody loses, repeats or misorders."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.interop.cluster import Cluster
from tests.interop.server import Server, until
from tests.simulation.nodes import loaded, rounds
from tests.support.memory import new_database


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path, database_url=new_database())
    cluster.start()
    yield cluster
    cluster.stop()
    for node in cluster.nodes:
        assert "Traceback" not in node.log.read_text()


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
    await asyncio.to_thread(until, is_noticed, "the other node to notice")
    os.kill(node.pid, signal.SIGCONT)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("trouble", [killed, paused])
async def test_trouble_of_one_node_loses_and_repeats_nothing(
    cluster: Cluster, chance: Random, trouble: Callable[[Server, Server], Awaitable[None]]
) -> None:
    async with loaded(cluster, chance) as load:
        for _ in rounds():
            await load.goes_on()
            await trouble(*chance.sample(cluster.nodes, 2))
