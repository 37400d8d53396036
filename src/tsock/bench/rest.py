"""What does a REST request cost: one that reads a document, one that updates it?"""

import asyncio

import msgspec

from tsock.bench.askers import DATA_BYTES, Askers
from tsock.bench.client import LoadError
from tsock.bench.crowd import in_turns, patience
from tsock.bench.disk import Disk
from tsock.bench.figures import Figure, Meter, Scale
from tsock.bench.http_client import HttpClient
from tsock.bench.server import Server, Signer

CONNECTIONS = 50
"""Kept ones; an account may have `rest_requests_in_flight_max` requests under way."""
WARM_UP_S = 0.5
_UPDATE = b"Data=%7B%22text%22%3A%22" + b"x" * DATA_BYTES + b"%22%7D"


async def measure(server: Server, scale: Scale) -> list[Figure]:
    """Each connection has one request in flight."""
    signer = server.signer
    if not isinstance(signer, Signer):
        raise LoadError("REST takes a key, not an Access Token")
    service = f"/sync/v1/Services/{signer.service_sid}"
    clients = await in_turns(lambda _: connected(server, signer.authorization), range(CONNECTIONS))
    made = [
        await _ask(client, "POST", f"{service}/Documents", b"Ttl=%d" % server.ttl_s) for client in clients
    ]
    paths = [f"{service}/Documents/{document.sid}" for document in made]
    figures: list[Figure] = []
    for name, method, body in (("updates", "POST", _UPDATE), ("reads", "GET", b"")):
        askers = Askers(clients, method, paths, body)
        await askers.run(WARM_UP_S)
        disk, meter = Disk(server), Meter(server.process)
        await askers.run(scale.seconds)
        latencies_s = askers.latencies_s
        figure = meter.figure("rest", f"{CONNECTIONS} connections, {name}", len(latencies_s), latencies_s)
        figures.append(disk.beside(figure) if method == "POST" else figure)
    return figures


class _Document(msgspec.Struct):
    sid: str


async def connected(server: Server, authorization: str) -> HttpClient:
    """A connection that is kept."""
    to = server.endpoint
    client = HttpClient(f"{to.host}:{to.port}", authorization)
    async with patience(f"a connection to {to}"):
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: client, to.host, to.port, ssl=to.tls or None
            )
        except OSError as error:
            raise LoadError(f"no connection to {to}: {error.strerror or error}") from None
    server.clients.add(client)
    return client


async def _ask(client: HttpClient, method: str, path: str, body: bytes) -> _Document:
    answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    client.request(method, path, body, answer.set_result)
    return msgspec.json.decode(await answer, type=_Document)
