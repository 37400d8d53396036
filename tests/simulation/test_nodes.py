"""Two nodes behind a balancer, one of which is killed, stands still or stops: nothing is lost or repeated."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from tests.interop.cluster import Cluster
from tests.interop.server import Server, until
from tests.simulation.client import connected
from tests.simulation.follower import Follower
from tests.simulation.load import Target, Writer, make_targets, require_agreement, stored
from tests.simulation.views import History, View
from tests.support.memory import new_database

ROUNDS = 3
WRITERS = 6
FOLLOWERS = 4
MANY = 190
"""Of followers, each of one object: with the writers, 200 clients come and go."""


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


class Simulation:
    """Writers and followers, at whichever node the balancer chooses."""

    def __init__(
        self, cluster: Cluster, chance: Random, targets: list[Target], followed: Sequence[Sequence[Target]]
    ) -> None:
        """`followed` are the objects of each follower."""
        self.uri, self.token = cluster.uri, cluster.token()
        self.targets = targets
        self.history = History()
        self.writers = [Writer(f"w{n}", chance, targets, self.history) for n in range(WRITERS)]
        self.followers = [Follower(self.uri, self.token, map(self._view, some)) for some in followed]
        self.is_enough = False

    def _view(self, target: Target) -> View:
        return View(target.sid, target.kind, self.history, made_up_for=True)

    async def follow(self, follower: Follower) -> None:
        while True:
            await follower.follow()

    async def write(self, writer: Writer) -> None:
        while not self.is_enough:
            await writer.run(self.uri, self.token, burst=4, enough=lambda: self.is_enough)

    @property
    def acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self.writers)

    async def check(self) -> None:
        """Everybody comes to what the store holds."""
        async with connected(self.uri, self.token) as connection:
            counters = {target.sid: (await stored(connection, target))[0] for target in self.targets}
            views = [view for follower in self.followers for view in follower.views.values()]
            for follower in self.followers:
                own = follower.views.values()
                await follower.until(
                    lambda own=own: all(view.last_event_id >= counters[view.sid] for view in own),
                    f"{counters}",
                )
            await require_agreement(connection, self.targets, self.history, views)

    async def run(self, trouble: Callable[[], Awaitable[None]], rounds: int) -> None:
        """Have trouble so often under load, then check."""
        async with asyncio.TaskGroup() as following:
            tasks = [following.create_task(self.follow(each)) for each in self.followers]
            async with asyncio.TaskGroup() as writing:
                for writer in self.writers:
                    writing.create_task(self.write(writer))
                for _ in range(rounds):
                    before = self.acknowledged
                    await self.followers[0].until(
                        lambda before=before: self.acknowledged > before + 50, "writes"
                    )
                    await trouble()
                self.is_enough = True
            await self.check()
            for task in tasks:
                task.cancel()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("trouble", [killed, paused])
async def test_trouble_of_one_node_loses_and_repeats_nothing(
    cluster: Cluster, chance: Random, trouble: Callable[[Server, Server], Awaitable[None]]
) -> None:
    async with connected(cluster.uri, cluster.token()) as connection:
        targets = await make_targets(connection, each=2)
    simulation = Simulation(cluster, chance, targets, [targets] * FOLLOWERS)
    await simulation.run(lambda: trouble(*chance.sample(cluster.nodes, 2)), ROUNDS)


@pytest.mark.timeout(300)
async def test_rolling_restart_moves_all_clients_and_loses_and_repeats_nothing(
    cluster: Cluster, chance: Random
) -> None:
    async with connected(cluster.uri, cluster.token()) as connection:
        targets = await make_targets(connection, each=2)
    followed = [[chance.choice(targets)] for _ in range(MANY)]
    simulation = Simulation(cluster, chance, targets, followed)

    async def restart() -> None:
        """One node after the other stops, which sends its clients away, and starts again."""
        for node in cluster.nodes:
            await asyncio.to_thread(Server.stop, node)  # it expects the exit status 0
            await asyncio.to_thread(Server.start, node)

    await simulation.run(restart, rounds=1)
