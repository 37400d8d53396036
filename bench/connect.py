"""What does it cost to let a client in: TCP, WebSocket, a token never seen before."""

from bench.crowd import connect_all, disconnect
from bench.figures import Figure, Meter, Scale
from bench.server import Target

WARM_UP = 200


async def measure(target: Target, scale: Scale) -> list[Figure]:
    """Connections that are opened and held."""
    tokens = target.tokens(scale.of(5000) + WARM_UP)
    first, _ = await connect_all(target, tokens[:WARM_UP])
    meter = Meter(target.process)
    clients, took_s = await connect_all(target, tokens[WARM_UP:])
    figure = meter.figure("connect", f"{len(clients)} clients", len(clients), took_s)
    await disconnect([*first, *clients])
    return [figure]
