"""Do other clients' updates notice that a large map is removed, which empties it in chunks?"""

import asyncio
import sqlite3
import time
from array import array
from collections.abc import Sequence
from contextlib import closing
from itertools import cycle
from pathlib import Path

from tsock.bench.askers import open_writers
from tsock.bench.client import Client, LoadError
from tsock.bench.crowd import connect_all, disconnect, in_turns
from tsock.bench.figures import Figure, Meter, Scale, quantile
from tsock.bench.server import Server
from tsock.installation import layout

ITEMS = 100_000
OWNERS = 16
IN_FLIGHT = 256
WRITERS = 16
PAUSE_S = 0.01
"""Writers rest between updates, so that their latency is not that of a queue which they make themselves."""

WARM_UP_S = 0.5
POLL_S = 0.05
EMPTY_S = 120.0


async def measure(server: Server, scale: Scale) -> list[Figure]:
    """Updates while the map is emptied, beside the same before and after."""
    assert server.host is not None
    owners, _ = await connect_all(server, server.tokens(OWNERS))
    items = scale.of(ITEMS)
    sid = await _make_map(server, owners, items)
    writers = await open_writers(server, WRITERS, PAUSE_S)
    await writers.run(WARM_UP_S)
    await writers.run(scale.seconds)
    at_rest_s = array("d", writers.latencies_s)

    meter, started = Meter(server.process), time.perf_counter()
    writers.start()
    await owners[0].ask("DELETE", f"/v3/Maps/{sid}")
    answered_s = time.perf_counter() - started
    await _emptied(server.host.data, sid)
    emptied_s = time.perf_counter() - started
    await writers.stop()
    latencies_s = writers.latencies_s
    figure = meter.figure("removal", f"{items} items, {WRITERS} writers", len(latencies_s), latencies_s)

    await writers.run(scale.seconds)
    at_rest_s.extend(writers.latencies_s)
    p99_s = quantile(at_rest_s, 0.99)
    await writers.leave()
    await disconnect(owners)
    return [
        figure.beside_other_work().noting(
            p99_us_at_rest=p99_s * 1e6,
            times_at_rest=quantile(latencies_s, 0.99) / p99_s,
            answered_ms=answered_s * 1e3,
            emptied_s=emptied_s,
        )
    ]


async def _make_map(server: Server, owners: Sequence[Client], items: int) -> str:
    made = await owners[0].ask("POST", "/v3/Maps", {"ttl": server.ttl_s})
    sid: str = made["sid"]
    owner = cycle(owners)

    async def put(number: int) -> None:
        await next(owner).ask("PUT", f"/v3/Maps/{sid}/Items/{number}", {"data": {"number": number}})

    await in_turns(put, range(items), IN_FLIGHT)
    return sid


async def _emptied(data: Path, sid: str) -> None:
    """Wait until nothing of the map is left; no client can see that, so the database is asked."""
    deadline = time.perf_counter() + EMPTY_S
    with closing(sqlite3.connect(f"file:{data / layout.DATABASE}?mode=ro", uri=True)) as database:
        left = "SELECT EXISTS (SELECT 1 FROM sync_leftovers WHERE object_sid = ?)"
        while database.execute(left, (sid,)).fetchone() == (1,):
            if time.perf_counter() > deadline:
                raise LoadError(f"the removed map was not emptied within {EMPTY_S:g} s")
            await asyncio.sleep(POLL_S)
