"""The database of two nodes is restarted, stays away, or is replaced by its copy, while they are used.

What was acknowledged is there afterwards, and nothing twice or in another order; no node has to be restarted.
"""

import asyncio
from pathlib import Path
from random import Random
from urllib.parse import quote

import psycopg
import pytest

from tests.simulation.nodes import IS_LONG, LASTS_S, all_ready, loaded, none_ready, rounds, running
from tests.support.postgres_server import OWNER, PostgresServer

AWAY_S = 15.0 if IS_LONG else 0.0
"""How long the database stays away once every node knows."""


@pytest.fixture
def database() -> PostgresServer:
    server = PostgresServer()
    with psycopg.connect(f"{server.conninfo} dbname=postgres", autocommit=True) as admin:
        admin.execute("CREATE DATABASE tsock TEMPLATE template0 ENCODING 'UTF8'")
    return server


def url(*databases: PostgresServer) -> str:
    hosts = ",".join(quote(str(database.host), safe="") for database in databases)
    return f"postgresql://{OWNER}@{hosts}/tsock"


@pytest.mark.soak
@pytest.mark.timeout(LASTS_S + 240)
async def test_database_that_is_restarted_or_away_for_a_while(
    tmp_path: Path, database: PostgresServer, chance: Random
) -> None:
    with running(tmp_path, database_url=url(database)) as cluster:
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
    # The copy comes first, and takes no writes yet.
    with running(tmp_path, database_url=url(copy, database)) as cluster:
        async with loaded(cluster, chance, store_may_be_away=True):
            database.kill()
            await none_ready(cluster.nodes)
            await asyncio.to_thread(copy.promote)
            await all_ready(cluster.nodes)
