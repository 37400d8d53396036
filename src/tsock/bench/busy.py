"""How long does a durable update take while a fan-out keeps the event loop busy?"""

import asyncio
import time

from tsock.bench.askers import Askers, open_writers
from tsock.bench.disk import Disk
from tsock.bench.fanout import Fanout, open_fanout
from tsock.bench.figures import Figure, Meter, Scale
from tsock.bench.process import Process
from tsock.bench.server import Server
from tsock.bench.writes import WRITERS

SUBSCRIBERS = 100
"""Few enough that one event does not hold up the loop for long, which would be all that is measured."""

BUSY_MAX = 0.8
FIRST_PER_S = 200.0
STEP = 1.12
TRIAL_S_MAX = 0.5
WARM_UP_S = 0.5


async def measure(server: Server, scale: Scale) -> list[Figure]:
    """The updates of `writes`, beside a fan-out at a rate that alone keeps the loop nearly 80 % busy."""
    assert server.process is not None
    fanout = await open_fanout(server, SUBSCRIBERS)
    per_s, busy = await _rate(fanout, server.process, min(scale.seconds, TRIAL_S_MAX))
    figures: list[Figure] = []
    for number in WRITERS:
        writers = await open_writers(server, number)
        disk = Disk(server)
        figure = await _together(fanout, per_s, writers, server, scale)
        figures.append(disk.beside(figure.noting(loop_busy_without_writers=busy)))
        await writers.leave()
    await fanout.leave()
    return figures


async def _together(fanout: Fanout, per_s: float, writers: Askers, server: Server, scale: Scale) -> Figure:
    async with asyncio.TaskGroup() as group:
        group.create_task(fanout.at_rate(per_s, WARM_UP_S + scale.seconds))
        await writers.run(WARM_UP_S)
        meter, before = Meter(server.process), fanout.delivered
        await writers.run(scale.seconds)
        latencies_s = writers.latencies_s
        figure = meter.figure("busy", f"{len(writers)} writers", len(latencies_s), latencies_s)
        delivered_per_s = (fanout.delivered - before) / figure.operations * figure.per_s
    return figure.beside_other_work().noting(deliveries_per_s=delivered_per_s)


async def _rate(fanout: Fanout, process: Process, seconds: float) -> tuple[float, float]:
    """The highest rate of updates that keeps the loop no busier than `BUSY_MAX`, and how busy that is.

    It is approached from below: what is queued behind a loop that is too busy is joined, and so costs less.
    """
    per_s, busy = FIRST_PER_S, 0.0
    while (more := await _busy(fanout, process, per_s, seconds)) < BUSY_MAX:
        per_s, busy = per_s * STEP, more
    return per_s / STEP, busy or more


async def _busy(fanout: Fanout, process: Process, per_s: float, seconds: float) -> float:
    """Share of the time that the loop works, or would if it had a CPU."""
    before_s, started = process.loop_s(), time.perf_counter()
    await fanout.at_rate(per_s, seconds)
    return (process.loop_s() - before_s) / (time.perf_counter() - started)
