"""How long does a durable update take while a fan-out keeps the event loop busy?"""

import asyncio
import time

from tsock.bench.askers import Askers, open_writers
from tsock.bench.disk import Disk
from tsock.bench.fanout import Fanout, open_fanout
from tsock.bench.figures import Figure, Meter, Scale
from tsock.bench.process import Process
from tsock.bench.target import Target
from tsock.bench.writes import WRITERS

SUBSCRIBERS = 100
"""Few enough that one event does not hold up the loop for long, which would be all that is measured."""

BUSY = 0.8
TRIAL_PER_S = 50.0
TRIAL_S_MAX = 1.0
TRIALS = 5
WARM_UP_S = 0.5


async def measure(target: Target, scale: Scale) -> list[Figure]:
    """The updates of `writes`, beside a fan-out at the rate that alone keeps the loop 80 % busy."""
    assert target.process is not None
    fanout = await open_fanout(target, SUBSCRIBERS)
    per_s, busy = await _rate(fanout, target.process, min(scale.seconds, TRIAL_S_MAX))
    figures: list[Figure] = []
    for number in WRITERS:
        writers = await open_writers(target, number)
        disk = Disk(target)
        figure = await _together(fanout, per_s, writers, target, scale)
        figures.append(disk.beside(figure.noting(loop_busy_without_writers=busy)))
        await writers.leave()
    await fanout.leave()
    return figures


async def _together(fanout: Fanout, per_s: float, writers: Askers, target: Target, scale: Scale) -> Figure:
    async with asyncio.TaskGroup() as group:
        group.create_task(fanout.at_rate(per_s, WARM_UP_S + scale.seconds))
        await writers.run(WARM_UP_S)
        meter, before = Meter(target.process), fanout.delivered
        await writers.run(scale.seconds)
        latencies_s = writers.latencies_s
        figure = meter.figure("busy", f"{len(writers)} writers", len(latencies_s), latencies_s)
        delivered_per_s = (fanout.delivered - before) / figure.operations * figure.per_s
    return figure.beside_other_work().noting(deliveries_per_s=delivered_per_s)


async def _rate(fanout: Fanout, process: Process, seconds: float) -> tuple[float, float]:
    """How many updates a second keep the loop busy, and how busy they keep it.

    The cost of one falls with the rate, as what happens in one turn of the loop shares it.
    """
    per_s = TRIAL_PER_S
    for _ in range(TRIALS):
        spent_s, _ = await _spent(fanout, process, per_s, seconds)
        per_s = BUSY / spent_s * fanout.delivered / fanout.size
    spent_s, took_s = await _spent(fanout, process, per_s, seconds)
    return per_s, spent_s / took_s


async def _spent(fanout: Fanout, process: Process, per_s: float, seconds: float) -> tuple[float, float]:
    """CPU time of the loop for so many seconds of updates, and how long they took."""
    before_s, started = process.loop_s(), time.perf_counter()
    await fanout.at_rate(per_s, seconds)
    return process.loop_s() - before_s, time.perf_counter() - started
