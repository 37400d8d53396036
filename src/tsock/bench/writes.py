"""How many durable updates a second, and how long does one take beside the disk's own `fdatasync`?"""

from tsock.bench.askers import open_writers
from tsock.bench.disk import Disk
from tsock.bench.figures import Figure, Meter, Scale
from tsock.bench.server import Server

WRITERS = (1, 16, 256)
WARM_UP_S = 0.5


async def measure(server: Server, scale: Scale) -> list[Figure]:
    """Updates with nothing else going on."""
    figures: list[Figure] = []
    for number in WRITERS:
        writers = await open_writers(server, number)
        await writers.run(WARM_UP_S)
        disk, meter = Disk(server), Meter(server.process)
        await writers.run(scale.seconds)
        latencies_s = writers.latencies_s
        figures.append(
            disk.beside(meter.figure("writes", f"{number} writers", len(latencies_s), latencies_s))
        )
        await writers.leave()
    return figures
