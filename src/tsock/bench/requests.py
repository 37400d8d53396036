"""What does a request over the socket cost, with its reply: one that reads, one that commits?"""

from tsock.bench.askers import open_readers, open_writers
from tsock.bench.disk import Disk
from tsock.bench.figures import Figure, Meter, Scale
from tsock.bench.server import Server

CLIENTS = 100
WARM_UP_S = 0.5


async def measure(server: Server, scale: Scale) -> list[Figure]:
    """Each client has one request in flight."""
    figures: list[Figure] = []
    for name, opened in (("fetches", open_readers), ("updates", open_writers)):
        askers = await opened(server, CLIENTS)
        await askers.run(WARM_UP_S)
        disk, meter = Disk(server), Meter(server.process)
        await askers.run(scale.seconds)
        case, latencies_s = f"{CLIENTS} clients, {name}", askers.latencies_s
        figure = meter.figure("requests", case, len(latencies_s), latencies_s)
        figures.append(disk.beside(figure) if opened is open_writers else figure)
        await askers.leave()
    return figures
