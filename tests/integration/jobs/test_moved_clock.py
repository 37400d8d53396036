"""A clock that development moves, where several nodes show it."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from tests.support import postgres
from tests.support.members import until
from tsock.clock import Clock
from tsock.cluster import nodes
from tsock.cluster.nodes import Node
from tsock.deadlines import Deadlines
from tsock.errors import ApiError
from tsock.events import Signal
from tsock.ids import Ids
from tsock.jobs.moved_clock import AGAIN_S, PATIENCE_S, MovedClock
from tsock.storage.postgres.database import Database
from tsock.storage.postgres.store import PostgresStore
from tsock.storage.store import written
from tsock.telemetry.metrics import Metrics


class Nodes:
    """Two of them, whose signals arrive at once unless they are lost."""

    def __init__(self) -> None:
        database = Database(postgres.create())
        database.migrate()
        self.now_s = 0.0
        self.is_cut = False
        self.asked = 0
        self.due: list[str] = []
        self._errors: list[Exception] = []
        self.clocks = {name: Clock(lambda: 0, lambda: self.now_s) for name in "ab"}
        self.deadlines = Deadlines(self.clocks["a"], self._errors.append)
        self.store = PostgresStore(database.connect, clock=Clock(), ids=Ids(), metrics=Metrics())
        self.moved = {name: self._moved(name) for name in "ab"}

    def _moved(self, name: str) -> MovedClock:
        return MovedClock(
            name,
            self.clocks[name],
            self.store,
            deadlines=self.deadlines,
            run_due=lambda: self.due.append(name),
            tell=lambda signals: self._tell(name, signals),
        )

    def _tell(self, teller: str, signals: Sequence[Signal]) -> None:
        self.asked += teller == "a"
        if not self.is_cut:
            for signal in signals:
                self.moved["b" if teller == "a" else "a"].take(signal)

    async def join(self, *names: str) -> None:
        for name in names:
            await written(self.store, lambda tx, name=name: nodes.renew(tx, Node(name, name, "1", "x")))

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds
        self.deadlines.run_due()

    @property
    def shown(self) -> list[int]:
        return [clock.ahead_ms for clock in self.clocks.values()]


@pytest.fixture
async def cluster() -> AsyncIterator[Nodes]:
    made = Nodes()
    yield made
    await made.store.close()


async def test_every_node_shows_it_and_has_done_what_is_due_before_the_answer(cluster: Nodes) -> None:
    await cluster.join("a", "b")
    await cluster.moved["a"].show_everywhere(5000)
    assert (cluster.shown, cluster.due) == ([5000, 5000], ["a", "b"])
    await cluster.moved["b"].show_everywhere(9000)
    assert cluster.shown == [9000, 9000]


async def test_node_that_did_not_hear_of_it_is_told_again(cluster: Nodes) -> None:
    await cluster.join("a", "b")
    cluster.is_cut = True
    moving = asyncio.create_task(cluster.moved["a"].show_everywhere(5000))
    await until(lambda: cluster.asked == 1, "the first time")
    assert cluster.shown == [5000, 0]
    cluster.is_cut = False
    cluster.pass_s(AGAIN_S)
    await moving
    assert cluster.shown == [5000, 5000]


async def test_node_that_never_says_so_is_named(cluster: Nodes) -> None:
    await cluster.join("a", "b")
    cluster.is_cut = True
    moving = asyncio.create_task(cluster.moved["a"].show_everywhere(5000))
    await until(lambda: cluster.asked == 1, "the first time")
    cluster.pass_s(PATIENCE_S)
    with pytest.raises(ApiError, match="not on every node: b did not say so within 10 s"):
        await moving


async def test_nobody_is_waited_for_where_there_is_no_other_node(cluster: Nodes) -> None:
    cluster.is_cut = True
    await cluster.moved["a"].show_everywhere(5000)
    await cluster.join("a")
    await cluster.moved["a"].show_everywhere(6000)
    assert (cluster.shown, cluster.asked) == ([6000, 0], 0)
