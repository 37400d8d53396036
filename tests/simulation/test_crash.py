"""A server that is killed at any moment keeps what it acknowledged, and never numbers two changes alike."""

import asyncio
from random import Random

import pytest

from tests.interop.server import Server
from tests.simulation.client import connected
from tests.simulation.follower import Follower
from tests.simulation.load import Target, Writer, make_targets, require_agreement, require_every_item_once
from tests.simulation.nodes import IS_LONG
from tests.simulation.views import History, View

ROUNDS = 10
WRITERS = 12
FOLLOWERS = 3


class Simulation:
    """Writers and followers of one data directory, which outlive the processes that serve it."""

    def __init__(self, server: Server, chance: Random, targets: list[Target]) -> None:
        self.server = server
        self.chance = chance
        self.targets = targets
        self.history = History()
        self.token = server.token()
        self.writers = [Writer(f"w{n}", chance, targets, self.history) for n in range(WRITERS)]
        self.followers = [self.follower() for _ in range(FOLLOWERS)]

    def follower(self) -> Follower:
        """One that knows nothing yet."""
        views = [View(target.sid, target.kind, self.history) for target in self.targets]
        return Follower(self.server.uri, self.token, views)

    async def round(self) -> None:
        """Bring everybody in step, check, then kill the server while the writers are at it."""
        async with asyncio.TaskGroup() as group:
            for follower in self.followers:
                group.create_task(follower.follow())
            await self.check(self.followers)
            before = self.acknowledged
            for writer in self.writers:
                group.create_task(writer.run(self.server.uri, self.token, burst=8))
            await self.followers[0].until(lambda: self.acknowledged > before, "a first write")
            await asyncio.sleep(self.chance.uniform(0, 0.25))  # nothing is waited for: any moment will do
            self.server.kill()

    @property
    def acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self.writers)

    async def check(self, followers: list[Follower]) -> None:
        """Followers that were brought in step by replay know what the store holds."""
        for follower in followers:
            await follower.until(lambda follower=follower: follower.live, "every object established")
        views = [view for follower in followers for view in follower.views.values()]
        async with connected(self.server.uri, self.token) as connection:
            await require_agreement(connection, self.targets, self.history, views)
        append_only = {target.sid for target in self.targets if target.append_only}
        for view in views:
            if view.sid in append_only:
                require_every_item_once(view)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("run", range(5 if IS_LONG else 1))
async def test_kills_lose_nothing_acknowledged_and_repeat_no_event_id(
    server: Server, chance: Random, run: int
) -> None:
    async with connected(server.uri, server.token()) as connection:
        targets = await make_targets(connection, each=2)
    simulation = Simulation(server, chance, targets)
    for _ in range(ROUNDS):
        await simulation.round()
        await asyncio.to_thread(server.start)

    newcomer = simulation.follower()
    everybody = [*simulation.followers, newcomer]
    async with asyncio.TaskGroup() as group:
        for follower in everybody:
            group.create_task(follower.follow())
        await simulation.check(everybody)
        assert simulation.acknowledged > 10 * ROUNDS
        server.kill()
