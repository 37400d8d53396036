"""What does it cost to let a client in: TCP, WebSocket, a token never seen before?"""

from tsock.bench.crowd import connect_all, disconnect
from tsock.bench.figures import Figure, Meter, Scale
from tsock.bench.server import Server

WARM_UP = 200


async def measure(server: Server, scale: Scale) -> list[Figure]:
    """Connections that are opened and held."""
    warm_up = scale.of(WARM_UP)
    tokens = server.tokens(scale.of(5000) + warm_up)
    first, _ = await connect_all(server, tokens[:warm_up])
    meter = Meter(server.process)
    clients, took_s = await connect_all(server, tokens[warm_up:])
    figure = meter.figure("connect", f"{len(clients)} clients", len(clients), took_s)
    await disconnect([*first, *clients])
    return [figure]
