"""Several nodes on one database in one process: their clocks and that of the database are moved by hand."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.support import postgres
from tests.support.nodes_of_a_database import BEGIN_MS
from tsock.clock import Clock
from tsock.cluster.nodes import Node, Standing, standings
from tsock.deadlines import Deadlines
from tsock.ids import Ids
from tsock.jobs.membership import CONNECTIONS, Membership
from tsock.storage.postgres.database import Database
from tsock.storage.postgres.store import Limits, PostgresStore
from tsock.storage.store import fetched
from tsock.telemetry.metrics import Metrics

PATIENCE_S = 20.0


class Member:
    """One node."""

    def __init__(self, url: str, name: str) -> None:
        self.passed_s = 0.0
        self.looks = 0
        self.let_gos = 0
        self.returns = 0
        self.metrics = Metrics()
        self._errors: list[Exception] = []
        self._url = url
        self.clock = Clock(lambda: BEGIN_MS, lambda: self.passed_s)
        self.deadlines = Deadlines(self.clock, self._errors.append)
        self.membership = Membership(
            Node(name * 32, name, "1.0", "127.0.0.1:1"),
            open_store=self._open,
            clock=self.clock,
            deadlines=self.deadlines,
            metrics=self.metrics,
            look=self._look,
            let_go=self._let_go,
            come_back=self._come_back,
        )

    @property
    def leads(self) -> bool:
        return self.membership.leads()

    async def start(self) -> None:
        self.membership.start()
        await self.store.settled()

    async def pass_s(self, seconds: float) -> None:
        """Let its own time pass, and whatever is due then happen."""
        self.passed_s += seconds
        self.deadlines.run_due()
        await self.store.settled()
        assert self._errors == []

    async def standings(self) -> dict[str, Standing]:
        return {each.node.name: each for each in await fetched(self.store, standings)}

    async def close(self) -> None:
        await self.membership.stop()

    def _open(self) -> PostgresStore:
        limits = Limits(wait_s=0.2, write_connections=CONNECTIONS, read_connections=1)
        connect = Database(self._url).connect
        self.store = PostgresStore(connect, clock=self.clock, ids=Ids(), metrics=Metrics(), limits=limits)
        return self.store

    def _look(self) -> None:
        self.looks += 1

    def _let_go(self) -> None:
        self.let_gos += 1

    def _come_back(self) -> None:
        self.returns += 1


class Cluster:
    """A database and its nodes."""

    def __init__(self) -> None:
        self.url = postgres.create()
        self._members: list[Member] = []
        postgres.administer(self.url, "DROP VIEW store_clock; CREATE TABLE store_clock (now_ms BIGINT)")
        postgres.administer(self.url, "INSERT INTO store_clock VALUES (1935489600000)")

    async def join(self, name: str) -> Member:
        member = Member(self.url, name)
        self._members.append(member)
        await member.start()
        return member

    async def pass_s(self, seconds: int, *awake: Member) -> None:
        """Let time pass in the database and for these nodes; the others stand still."""
        for _ in range(seconds):
            self.pass_in_database()
            for member in awake:
                await member.pass_s(1)

    def pass_in_database(self) -> None:
        """Let a second pass there alone."""
        postgres.administer(self.url, "UPDATE store_clock SET now_ms = now_ms + 1000")

    async def close(self) -> None:
        for member in self._members:
            await member.close()


async def until(condition: Callable[[], Any], what: str) -> None:
    """Let everything go on until `condition` holds."""
    end_s = asyncio.get_running_loop().time() + PATIENCE_S
    while not condition():
        await asyncio.sleep(0.001)
        assert asyncio.get_running_loop().time() < end_s, f"waited in vain for {what}"
