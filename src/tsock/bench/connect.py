"""What does it cost to let a client in: TCP, WebSocket, a token never seen before?"""

from tsock.bench.crowd import connect_all, disconnect
from tsock.bench.figures import Figure, Meter, Scale
from tsock.bench.target import Target

WARM_UP = 200


async def measure(target: Target, scale: Scale) -> list[Figure]:
    """Connections that are opened and held."""
    warm_up = scale.of(WARM_UP)
    tokens = target.tokens(scale.of(5000) + warm_up)
    first, _ = await connect_all(target, tokens[:warm_up])
    meter = Meter(target.process)
    clients, took_s = await connect_all(target, tokens[warm_up:])
    figure = meter.figure("connect", f"{len(clients)} clients", len(clients), took_s)
    await disconnect([*first, *clients])
    return [figure]
