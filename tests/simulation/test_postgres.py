"""Two nodes on one database whose connections are cut again and again: what was answered is true.

`SIMULATION_S` says how long it goes on.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import psycopg
import pytest

from tests.support import postgres
from tests.support.counters import claimed, counted, database, open_store
from tests.support.members import until
from tsock.errors import ApiError, StoreBusy, StoreDown
from tsock.events import Fact
from tsock.storage import journal
from tsock.storage.postgres.store import PostgresStore
from tsock.storage.store import Tx, written

LASTS_S = float(os.environ.get("SIMULATION_S", "6"))
LANES = 24
IN_FLIGHT = 6
HEALS_S = 20
LOG = """
CREATE TABLE log (seq BIGSERIAL, lane TEXT, n BIGINT, counter TEXT);
CREATE INDEX ON log (lane, n);
INSERT INTO names VALUES ('taken');
"""
WRITE = "INSERT INTO log (lane, n, counter) VALUES (:lane, :n, :counter)"
NEWEST = "SELECT coalesce(max(n), -1) FROM log WHERE lane = :lane"


class Noted(Fact, frozen=True):
    """A write was stored."""

    lane: str
    n: int


class Lane:
    """A client that asks without waiting, and remembers what it was told."""

    def __init__(self, store: PostgresStore, name: str, chance: Random) -> None:
        self.name = name
        self.asked = 0
        self.ends: dict[int, list[Any]] = defaultdict(list)
        self.heard: list[int] = []
        self.queries: list[int] = []
        self._store = store
        self._chance = chance
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._stored = -1
        """The latest of its writes that it was told was stored."""

    async def go_on(self, until_s: float) -> None:
        loop = asyncio.get_running_loop()
        queries = 0
        while loop.time() < until_s:
            await self._room.acquire()
            if self._chance.random() < 0.2:
                self._ask(queries)
                queries += 1
            else:
                self._write()
            if self._chance.random() < 0.3:
                await asyncio.sleep(self._chance.random() / 50)
        for _ in range(IN_FLIGHT):
            await self._room.acquire()
        assert self.queries == list(range(queries))

    def _write(self) -> None:
        n, self.asked = self.asked, self.asked + 1
        names = sorted(
            self._chance.sample([f"c{number}" for number in range(1, 9)], self._chance.choice((1, 1, 2)))
        )
        rule = self._chance.choices(
            (writes, refuses, writes_and_refuses, mistakes, keeps_quiet, meets_a_name, numbers),
            (60, 5, 3, 1, 1, 2, 10),
        )[0]

        def done(result: Any, error: Exception | None) -> None:
            if error is None:
                assert n in self.heard  # by then its fact was
                self._stored = n
            self.ends[n].append(error)
            self._room.release()

        about = names[0] if self._chance.random() < 0.7 else ""
        self._store.write(lambda tx: rule(tx, self.name, n, names), done, lane=self.name, about=about)

    def _ask(self, number: int) -> None:
        stored = self._stored

        def query(tx: Tx) -> tuple[int, int]:
            both = [tx.one(NEWEST, {"lane": self.name}) for _ in range(2)]
            return both[0][0], both[1][0]  # type: ignore[index]

        def done(result: Any, error: Exception | None, seen: object) -> None:
            self.queries.append(number)
            if error is None:
                assert result[0] == result[1] >= stored
            else:
                assert isinstance(error, StoreDown)
            self._room.release()

        self._store.read(query, done, lane=self.name)


def writes(tx: Tx, lane: str, n: int, names: Sequence[str]) -> None:
    values = [claimed(tx, name) for name in names]
    for name, value in zip(names, values, strict=True):
        tx.run("UPDATE counters SET value = :value WHERE name = :name", {"name": name, "value": value + 1})
        tx.run(WRITE, {"lane": lane, "n": n, "counter": name})
    tx.emit(Noted(lane, n))


def refuses(tx: Tx, lane: str, n: int, names: Sequence[str]) -> None:
    claimed(tx, names[0])
    raise ApiError(404, 54100, "Document not found")


def writes_and_refuses(tx: Tx, lane: str, n: int, names: Sequence[str]) -> None:
    writes(tx, lane, n, names)
    tx.one(NEWEST, {"lane": lane})
    refuses(tx, lane, n, names)


def mistakes(tx: Tx, lane: str, n: int, names: Sequence[str]) -> None:
    writes(tx, lane, n, names)
    tx.run("SELECT 1 / 0", {})


def keeps_quiet(tx: Tx, lane: str, n: int, names: Sequence[str]) -> None:
    with suppress(psycopg.Error):
        tx.one("SELECT 1 / 0", {})
    writes(tx, lane, n, names)


def meets_a_name(tx: Tx, lane: str, n: int, names: Sequence[str]) -> None:
    writes(tx, lane, n, names)
    tx.run("INSERT INTO names (name) VALUES ('taken')", {})


def numbers(tx: Tx, lane: str, n: int, names: Sequence[str]) -> None:
    writes(tx, lane, n, names)
    number = journal.next_number(tx, "rows", "AC1")
    tx.run("INSERT INTO rows (account_sid, number) VALUES ('AC1', :number)", {"number": number})


REFUSALS = (ApiError, psycopg.errors.DivisionByZero, psycopg.errors.UniqueViolation, StoreBusy)
"""How the rules end of which nothing is stored."""


async def cut(url: str, until_s: float, chance: Random) -> None:
    """End some connections, then some more."""
    loop = asyncio.get_running_loop()
    with psycopg.connect(url, autocommit=True) as admin:
        while loop.time() < until_s:
            await asyncio.sleep(chance.random() / 2)
            share = chance.choice((0.1, 0.1, 0.5, 1.0))
            await asyncio.to_thread(
                admin.execute,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < %s",
                [share],
            )


def hears(lanes: dict[str, Lane]) -> Callable[[Sequence[Fact]], None]:
    def listener(facts: Sequence[Fact]) -> None:
        for fact in facts:
            assert isinstance(fact, Noted)
            lanes[fact.lane].heard.append(fact.n)

    return listener


@pytest.mark.timeout(LASTS_S + 120)
async def test_what_was_answered_is_stored_once_and_in_order_though_connections_are_cut(
    chance: Random,
) -> None:
    url = database()
    postgres.administer(url, LOG)
    nodes = [open_store(url), open_store(url)]
    lanes: dict[str, Lane] = {}
    for number in range(LANES):
        node = number % 2
        lanes[f"n{node} {number}"] = Lane(nodes[node], f"n{node} {number}", Random(chance.random()))
    for node in nodes:
        node.listen(hears(lanes))

    until_s = asyncio.get_running_loop().time() + LASTS_S
    async with asyncio.timeout(LASTS_S + HEALS_S), asyncio.TaskGroup() as group:
        for lane in lanes.values():
            group.create_task(lane.go_on(until_s))
        group.create_task(cut(url, until_s, chance))

    async with asyncio.timeout(HEALS_S):
        for node in nodes:
            while True:
                with suppress(StoreDown):
                    await written(node, counted("c1"))
                    break
            await until(lambda node=node: not (node.down or node.unreadable), "the store to heal by itself")
            await node.close()

    with psycopg.connect(url) as admin:
        rows = admin.execute("SELECT lane, n, counter FROM log ORDER BY seq").fetchall()
        values = dict(admin.execute("SELECT name, value FROM counters").fetchall())
        given = [number for (number,) in admin.execute("SELECT number FROM rows ORDER BY number").fetchall()]
    assert given == list(range(1, len(given) + 1))
    of_lane: dict[str, list[int]] = defaultdict(list)
    changes: dict[str, int] = defaultdict(int)
    changes["c1"] = len(nodes)
    for name, n, counter in rows:
        changes[counter] += 1
        if of_lane[name][-1:] != [n]:  # a write may have changed two
            of_lane[name].append(n)
    assert {name: changes[name] for name in values} == values
    assert len({(name, n, counter) for name, n, counter in rows}) == len(rows)
    stored_in_all = 0
    for name, lane in lanes.items():
        stored = of_lane[name]
        assert stored == sorted(set(stored))
        assert lane.heard == sorted(set(lane.heard))
        assert sorted(lane.ends) == list(range(lane.asked))
        for n, ends in lane.ends.items():
            assert len(ends) == 1
            if ends[0] is None:
                assert n in stored
                assert n in lane.heard
                stored_in_all += 1
            else:
                assert n not in lane.heard
                assert isinstance(ends[0], (*REFUSALS, StoreDown)), repr(ends[0])
                is_unknown = isinstance(ends[0], StoreDown) and "is unknown" in str(ends[0])
                assert is_unknown or n not in stored
    assert stored_in_all > 100
