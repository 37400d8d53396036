"""How much memory does a client hold that is connected, subscribed and silent?"""

from bench.crowd import connect_all, disconnect, in_turns, make_documents, subscribe
from bench.figures import Figure, Meter, Scale
from bench.server import Target

WARM_UP = 200
"""Clients before the first measurement, so that what the first ones load is not counted."""


async def measure(target: Target, scale: Scale) -> list[Figure]:
    """Resident memory of the server, per client."""
    assert target.process is not None
    tokens = target.tokens(scale.of(5000) + WARM_UP)
    first, _ = await connect_all(target, tokens[:WARM_UP])
    documents = await make_documents(first[0], 1, "idle-")
    await in_turns(lambda client: subscribe(client, documents), first)
    before_kib = target.process.resident_kib()
    meter = Meter(target.process)
    clients, took_s = await connect_all(target, tokens[WARM_UP:])
    await in_turns(lambda client: subscribe(client, documents), clients)
    grown_kib = target.process.resident_kib() - before_kib
    case = f"{len(clients)} clients"
    figure = meter.figure("idle", case, len(clients), took_s, kib_per_client=grown_kib / len(clients))
    await disconnect([*first, *clients])
    return [figure]
