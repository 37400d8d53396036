"""How many durable updates a second, and how long does one take beside the disk's own `fdatasync`."""

from bench.figures import Figure, Meter, Scale
from bench.machine import fdatasync_us
from bench.server import Target
from bench.writers import open_writers

WRITERS = (1, 16, 256)
WARM_UP_S = 0.5


async def measure(target: Target, scale: Scale) -> list[Figure]:
    """Updates with nothing else going on."""
    figures: list[Figure] = []
    for number in WRITERS:
        writers = await open_writers(target, number)
        await writers.run(WARM_UP_S)
        sync_us = fdatasync_us(target.data) if target.data else None
        meter = Meter(target.process)
        await writers.run(scale.seconds)
        latencies_s = writers.latencies_s
        figure = meter.figure("write", f"{number} writers", len(latencies_s), latencies_s)
        figures.append(figure.against_disk(sync_us))
        await writers.leave()
    return figures
