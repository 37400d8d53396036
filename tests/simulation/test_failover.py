"""The database of two nodes is restarted, stays away, or is replaced by its copy, while they are used.

What was acknowledged is there afterwards, and nothing twice or in another order; no node has to be restarted.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from random import Random
from urllib.parse import quote

import psycopg
import pytest

from tests.interop.cluster import Cluster
from tests.simulation.nodes import LASTS_S, all_ready, loaded, none_ready, rounds
from tests.support.postgres_server import OWNER, PostgresServer

AWAY_S = 15 if LASTS_S >= 60 else 0
"""How long the database stays away once every node knows."""


@pytest.fixture
def database() -> PostgresServer:
    server = PostgresServer()
    with psycopg.connect(f"{server.conninfo} dbname=postgres", autocommit=True) as admin:
        admin.execute("CREATE DATABASE tsock TEMPLATE template0 ENCODING 'UTF8'")
    return server


def nodes(directory: Path, *databases: PostgresServer) -> Iterator[Cluster]:
    hosts = ",".join(quote(str(database.host), safe="") for database in databases)
    cluster = Cluster(directory, database_url=f"postgresql://{OWNER}@{hosts}/tsock")
    cluster.start()
    yield cluster
    cluster.stop()
    for node in cluster.nodes:
        assert "Traceback" not in node.log.read_text()


@pytest.mark.timeout(LASTS_S + 240)
async def test_database_that_is_restarted_or_away_for_a_while(
    tmp_path: Path, database: PostgresServer, chance: Random
) -> None:
    for cluster in nodes(tmp_path, database):
        async with loaded(cluster, chance, store_may_be_away=True) as load:
            for _ in rounds():
                await load.goes_on()
                await asyncio.to_thread(database.stop)
                await asyncio.to_thread(database.start)
                await all_ready(cluster.nodes)
                await load.goes_on()
                await asyncio.to_thread(database.stop)
                await none_ready(cluster.nodes)
                await asyncio.sleep(AWAY_S)
                await asyncio.to_thread(database.start)
                await all_ready(cluster.nodes)


@pytest.mark.timeout(LASTS_S + 240)
async def test_copy_takes_the_place_of_a_database_that_died(
    tmp_path: Path, database: PostgresServer, chance: Random
) -> None:
    copy = database.replica()
    for cluster in nodes(tmp_path, copy, database):  # the copy first: where none takes writes, others do
        async with loaded(cluster, chance, store_may_be_away=True):
            database.kill()
            await none_ready(cluster.nodes)
            await asyncio.to_thread(copy.promote)
            await all_ready(cluster.nodes)
