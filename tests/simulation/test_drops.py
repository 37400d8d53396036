"""Subscribers behind a network that delays, stalls and cuts lose nothing, and hear nothing twice."""

import asyncio
from random import Random

import pytest

from tests.interop.server import Server
from tests.simulation.client import connected
from tests.simulation.follower import Follower
from tests.simulation.load import (
    Target,
    Writer,
    make_targets,
    require_agreement,
    require_every_item_once,
    stored,
)
from tests.simulation.proxy import Proxy, Trouble, proxied
from tests.simulation.views import History, View, require_nothing_lost

DROPS = 1000
FOLLOWERS = 12
WRITERS = 3
WRITERS_BEHIND_PROXY = 2


def _trouble(chance: Random) -> Trouble:
    """A connection dies early, within a frame as well as between two, or later from a silent cut."""
    return Trouble(
        cut_after_bytes=int(chance.expovariate(1 / 30_000)),
        cut_after_s=chance.uniform(0.05, 0.5),
        stall_after_bytes=int(chance.expovariate(1 / 4_000)),
        stall_s=chance.choice((0.0, 0.0, 0.0, chance.uniform(0.01, 0.1))),
        delay_s=chance.choice((0.0, 0.0, chance.uniform(0, 0.004))),
    )


class Stage:
    """Objects under change: a witness whose connection stands hears every event, the others as they can."""

    def __init__(self, server: Server, proxy: Proxy, targets: list[Target], chance: Random) -> None:
        self.server = server
        self.proxy = proxy
        self.targets = targets
        self.history = History()
        self.token = server.token()
        self.witness = self.follower(server.uri)
        self.followers = [self.follower(proxy.uri) for _ in range(FOLLOWERS)]
        self.writers = [
            Writer(f"w{number}", chance, targets, self.history)
            for number in range(WRITERS + WRITERS_BEHIND_PROXY)
        ]

    def follower(self, uri: str) -> Follower:
        return Follower(
            uri, self.token, [View(target.sid, target.kind, self.history) for target in self.targets]
        )

    async def play(self) -> None:
        """Write, and cut, until there were enough drops; then let everybody come in step."""
        async with asyncio.TaskGroup() as witnessing:
            watching = witnessing.create_task(self.witness.follow())
            await self.witness.until(lambda: self.witness.live, "the witness established")
            async with asyncio.TaskGroup() as group:
                for follower in self.followers:
                    group.create_task(self._follow(follower))
                for number, writer in enumerate(self.writers):
                    group.create_task(self._write(writer, behind_proxy=number >= WRITERS))
            await self._check()
            watching.cancel()

    async def _follow(self, follower: Follower) -> None:
        while self.proxy.drops < DROPS:
            await follower.follow()

    async def _write(self, writer: Writer, *, behind_proxy: bool) -> None:
        uri = self.proxy.uri if behind_proxy else self.server.uri
        while self.proxy.drops < DROPS:
            await writer.run(uri, self.token, burst=3, enough=lambda: self.proxy.drops >= DROPS)

    async def _check(self) -> None:
        for follower in self.followers:
            follower.uri = self.server.uri
        async with connected(self.server.uri, self.token) as connection, asyncio.TaskGroup() as group:
            following = [group.create_task(follower.follow()) for follower in self.followers]
            counters = {target.sid: (await stored(connection, target))[0] for target in self.targets}
            everybody = [self.witness, *self.followers]
            for each in everybody:
                await each.until(
                    lambda each=each: (
                        each.live
                        and all(view.last_event_id == counters[sid] for sid, view in each.views.items())
                    ),
                    "all events",
                )
            views = [view for each in everybody for view in each.views.values()]
            await require_agreement(connection, self.targets, self.history, views)
            for task in following:
                task.cancel()
        for view in views:
            require_nothing_lost(view, self.history)
        append_only = {target.sid for target in self.targets if target.append_only}
        for view in views:
            if view.sid in append_only:
                require_every_item_once(view)


@pytest.mark.settings(sync_replay_events_max=40)
async def test_forced_drops_lose_repeat_and_reorder_nothing(server: Server, chance: Random) -> None:
    async with connected(server.uri, server.token()) as connection:
        targets = await make_targets(connection, each=1)
    async with proxied(server.port, lambda: _trouble(chance)) as proxy:
        stage = Stage(server, proxy, targets, chance)
        await stage.play()

    replays = [
        replay for follower in stage.followers for view in follower.views.values() for replay in view.replays
    ]
    assert proxy.drops >= DROPS
    assert sum(bool(replay.numbers) for replay in replays) > DROPS / 10
    assert any(not replay.completed for replay in replays)
