"""Two nodes whose bus is cut, stands still, is slow, loses, repeats and reorders: nobody misses anything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from tests.interop.cluster import Cluster
from tests.simulation.client import connected
from tests.simulation.nats_proxy import NONE, NatsProxy
from tests.simulation.nodes import LASTS_S, Load, all_ready, bus_lost, loaded, rounds, running
from tests.simulation.proxy import listening
from tests.support.bus import Faults
from tests.support.memory import new_database
from tests.support.nats import NatsServer

pytestmark = pytest.mark.timeout(LASTS_S + 240)


@pytest.fixture
async def bus(chance: Random) -> AsyncIterator[NatsProxy]:
    server = NatsServer()
    async with listening(NatsProxy(server.port, chance)) as proxy:
        yield proxy
    server.stop()


@pytest.fixture
async def cluster(tmp_path: Path, bus: NatsProxy) -> AsyncIterator[Cluster]:
    cluster = running(tmp_path, database_url=new_database(), bus_url=bus.url)
    with ExitStack() as stack:  # in threads: the bus is on this loop
        yield await asyncio.to_thread(stack.enter_context, cluster)
        await asyncio.to_thread(stack.close)


Trouble = Callable[[Cluster, NatsProxy, Load], Awaitable[None]]


async def cut(cluster: Cluster, bus: NatsProxy, load: Load) -> None:
    bus.close()
    await bus_lost(cluster.nodes)
    await load.goes_on()
    bus.open()


async def still(cluster: Cluster, bus: NatsProxy, load: Load) -> None:
    """The connection stands and nothing comes, until the nodes give it up."""
    bus.hold()
    await bus_lost(cluster.nodes)
    await load.goes_on()
    bus.release()


async def slow(cluster: Cluster, bus: NatsProxy, load: Load) -> None:
    bus.delay_s = 0.05
    await load.goes_on()
    bus.delay_s = 0.0


async def faulty(cluster: Cluster, bus: NatsProxy, load: Load) -> None:
    bus.faults = Faults(lost=0.1, repeated=0.1, delayed=0.2)
    for _ in range(4):
        await load.goes_on()
    bus.faults = NONE


async def test_trouble_of_the_bus_costs_nobody_an_event(
    cluster: Cluster, bus: NatsProxy, chance: Random
) -> None:
    troubles: list[Trouble] = [cut, still, slow, faulty]
    async with loaded(cluster, chance) as load:
        for _ in rounds():
            for trouble in chance.sample(troubles, len(troubles)):
                await load.goes_on()
                await trouble(cluster, bus, load)
                await all_ready(cluster.nodes)


async def test_access_that_is_taken_away_ends_on_the_other_node_whether_the_bus_lives_or_not(
    cluster: Cluster, bus: NatsProxy
) -> None:
    for is_away in (False, True):
        key = cluster.account.new_key()
        if is_away:
            bus.close()
            await bus_lost(cluster.nodes)
        uri = f"ws://127.0.0.1:{cluster.others[0].port}/v3/wsconnect"
        async with connected(uri, key.token()) as connection:
            await asyncio.to_thread(key.revoke_key)  # through the first node
            await connection.gone()
        async with connected(uri, cluster.token()) as connection:
            await connection.get("/v3/Configuration")
