"""What does it cost when everybody comes back at once, each with all that it had subscribed to?"""

from collections.abc import Sequence
from functools import partial

from tsock.bench.client import Client
from tsock.bench.crowd import Known, connect, connect_all, disconnect, in_turns, make_documents, subscribe
from tsock.bench.figures import Figure, Meter, Scale
from tsock.bench.server import Server

DOCUMENTS = 1000
SUBSCRIPTIONS = 100
"""Of each client; one document has as many subscribers as a client has subscriptions, when there are 1,000
clients."""


async def measure(server: Server, scale: Scale) -> list[Figure]:
    """From the drop of all connections until the last subscription is established again."""
    tokens = server.tokens(scale.of(1000))
    (publisher,), _ = await connect_all(server, server.tokens(1))
    documents = await make_documents(server, publisher, DOCUMENTS)
    wanted = {token: _some(documents, number) for number, token in enumerate(tokens)}
    come_back = partial(_come_back, server, wanted)
    clients = await in_turns(come_back, tokens)

    meter = Meter(server.process)
    await disconnect(clients)
    clients = await in_turns(come_back, tokens)
    case = f"{len(tokens)} clients x {SUBSCRIPTIONS}"
    figure = meter.figure("reconnect", case, len(tokens) * SUBSCRIPTIONS)
    await disconnect([publisher, *clients])
    return [figure]


async def _come_back(server: Server, wanted: dict[str, list[Known]], token: str) -> Client:
    client = await connect(server, token)
    await subscribe(client, wanted[token])
    return client


def _some(documents: Sequence[Known], number: int) -> list[Known]:
    """Every client another part, spread evenly."""
    return [documents[(number + step * 7) % len(documents)] for step in range(SUBSCRIPTIONS)]
