"""How much memory does a client hold that is connected, subscribed and silent, and a subscription?"""

from functools import partial

from tsock.bench.crowd import connect_all, disconnect, in_turns, make_documents, subscribe
from tsock.bench.figures import Figure, Meter, Scale
from tsock.bench.server import Server

WARM_UP = 200
"""Clients before the first measurement, so that what the first ones load is not counted."""
FOLLOWED = 10
"""Objects of each client in the second case, which nobody else follows."""


async def measure(server: Server, scale: Scale) -> list[Figure]:
    """Resident memory of the server, per client with one subscription, then for each of further ones.

    Only a server that never had more clients tells the truth: it would place these in memory that it kept.
    """
    assert server.process is not None
    warm_up = scale.of(WARM_UP)
    tokens = server.tokens(scale.of(5000) + warm_up)
    first, _ = await connect_all(server, tokens[:warm_up])
    follow = partial(subscribe, objects=await make_documents(server, first[0], 1))
    await in_turns(follow, first)
    before_kib = server.process.resident_kib()
    meter = Meter(server.process)
    clients, took_s = await connect_all(server, tokens[warm_up:])
    await in_turns(follow, clients)
    grown_kib = server.process.resident_kib() - before_kib
    figure = meter.figure("idle", f"{len(clients)} clients", len(clients), took_s)
    alone = figure.noting(kib_per_client=grown_kib / len(clients))

    # By many clients: a server of the default settings lets none make so many at once.
    wanted = len(clients) * FOLLOWED
    share = -(-wanted // len(first))
    made = [each for client in first for each in await make_documents(server, client, share)]
    objects = made[:wanted]
    before_kib = server.process.resident_kib()
    meter = Meter(server.process)

    async def follow_own(place: int) -> int:
        return await subscribe(clients[place], objects[place * FOLLOWED :][:FOLLOWED])

    await in_turns(follow_own, range(len(clients)))
    grown_kib = server.process.resident_kib() - before_kib
    figure = meter.figure("idle", f"{len(objects)} objects of one each", len(objects))
    await disconnect([*first, *clients])
    return [alone, figure.noting(kib_per_subscription=grown_kib / len(objects))]
