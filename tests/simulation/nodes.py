"""Writers and followers at the nodes of a cluster, to which something happens meanwhile.

`SIMULATION_S` says how long that goes on; each kind of trouble comes at least once.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx2

from tests.interop.cluster import Cluster
from tests.interop.server import Server
from tests.simulation.client import connected, until
from tests.simulation.follower import Follower
from tests.simulation.load import Target, Writer, make_targets, require_agreement, stored
from tests.simulation.views import History, View

LASTS_S = float(os.environ.get("SIMULATION_S", "6"))
IS_LONG = LASTS_S >= 30
"""Whether there is time for what lasts by itself, and for every combination."""
WRITERS = 6
FOLLOWERS = 4


@contextmanager
def running(
    directory: Path, nodes: int = 2, *, ahead_s: Sequence[float] = (), **settings: Any
) -> Iterator[Cluster]:
    """A cluster, and how far the clocks of its nodes are ahead, the first one's first."""
    cluster = Cluster(directory, nodes, **settings)
    for node, seconds in zip(cluster.nodes, ahead_s, strict=False):
        # Without the program's folder on the path, whose modules have names of others.
        node.program = ("-P", str(Path(__file__).with_name("ahead.py")), str(seconds))
    try:
        cluster.start()
        yield cluster
    except BaseException:
        cluster.kill()  # one that stands still would not stop
        raise
    cluster.stop()
    for node in cluster.nodes:
        assert "Traceback" not in node.log.read_text()


def rounds() -> Iterator[int]:
    """One round after the other until the time is over."""
    end_s = time.monotonic() + LASTS_S
    number = 0
    while number == 0 or time.monotonic() < end_s:
        yield number
        number += 1


class Load:
    """Writers and followers, each at whichever node the balancer chooses."""

    def __init__(
        self,
        cluster: Cluster,
        chance: Random,
        targets: list[Target],
        followed: Sequence[Sequence[Target]],
        *,
        store_may_be_away: bool,
    ) -> None:
        """`followed` are the objects of each follower."""
        self.is_enough = False
        self._uri, self._token = cluster.uri, cluster.token()
        self._targets = targets
        self._history = History()
        self.writers = [
            Writer(f"w{n}", chance, targets, self._history, store_may_be_away=store_may_be_away)
            for n in range(WRITERS)
        ]
        self.followers = [Follower(self._uri, self._token, map(self._view, some)) for some in followed]

    def _view(self, target: Target) -> View:
        return View(target.sid, target.kind, self._history, made_up_for=True)

    async def follow(self, follower: Follower) -> None:
        while True:
            await follower.follow()

    async def write(self, writer: Writer) -> None:
        while not self.is_enough:
            await writer.run(self._uri, self._token, burst=4, enough=lambda: self.is_enough)

    async def goes_on(self) -> None:
        """Wait until fifty more writes were acknowledged."""
        enough = self._acknowledged + 50
        await self.followers[0].until(lambda: self._acknowledged >= enough, "writes")

    async def check(self) -> None:
        """Fail unless everybody comes to what the store holds."""
        async with connected(self._uri, self._token) as connection:
            counters = {target.sid: (await stored(connection, target))[0] for target in self._targets}
            for follower in self.followers:
                own = follower.views.values()
                await follower.until(
                    lambda own=own: all(view.last_event_id >= counters[view.sid] for view in own),
                    f"{counters}",
                )
            views = [view for follower in self.followers for view in follower.views.values()]
            await require_agreement(connection, self._targets, self._history, views)

    @property
    def _acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self.writers)


@asynccontextmanager
async def loaded(
    cluster: Cluster, chance: Random, *, of_one_object: int = 0, store_may_be_away: bool = False
) -> AsyncIterator[Load]:
    """Have a cluster work meanwhile, and look afterwards whether all of it was right.

    There are four followers of everything, or so many of one object each.
    """
    await all_ready(cluster.nodes)
    async with connected(cluster.uri, cluster.token()) as connection:
        targets = await make_targets(connection, each=2)
    followed = [[chance.choice(targets)] for _ in range(of_one_object)] or [targets] * FOLLOWERS
    load = Load(cluster, chance, targets, followed, store_may_be_away=store_may_be_away)
    async with asyncio.TaskGroup() as following:
        tasks = [following.create_task(load.follow(each)) for each in load.followers]
        async with asyncio.TaskGroup() as writing:
            for writer in load.writers:
                writing.create_task(load.write(writer))
            await load.goes_on()
            yield load
            await load.goes_on()
            load.is_enough = True
        await load.check()
        for task in tasks:
            task.cancel()


async def all_ready(nodes: Sequence[Server]) -> None:
    """Wait until every node says that it can serve, and hears the others."""
    await until(lambda: all(map(_is_ready, nodes)), "every node to be ready")


async def none_ready(nodes: Sequence[Server]) -> None:
    """Wait until every node says that it cannot serve."""
    await until(lambda: all(_state(node)[0] == 503 for node in nodes), "no node to be ready")


async def bus_lost(nodes: Sequence[Server]) -> None:
    """Wait until every node says that it hears nobody."""
    await until(lambda: all(_state(node)[1]["bus"] != "connected" for node in nodes), "no bus anywhere")


def _is_ready(node: Server) -> bool:
    status, said = _state(node)
    return status == 200 and said["bus"] == "connected"


def _state(node: Server) -> tuple[int, Any]:
    answer = httpx2.get(f"http://127.0.0.1:{node.port}/readyz")
    return answer.status_code, answer.json()
