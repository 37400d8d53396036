"""Does chat cost more the more conversations there are: to make one, to send, to list?"""

from functools import partial

from tsock.bench.askers import Asker, Askers
from tsock.bench.chat import MESSAGE, connected, conversation
from tsock.bench.client import Client, LoadError
from tsock.bench.crowd import in_turns
from tsock.bench.figures import Figure, Meter, Scale
from tsock.bench.rest import connected as connected_over_http
from tsock.bench.server import Server, Signer, identity

SIZES = (1_000, 10_000, 100_000)
"""Conversations in the service."""
PER_USER = 900
"""Of them one user has so many: it may have 1,000 that are not closed."""
SENDERS = 16
MADE = 500
"""Conversations whose making is measured."""
ROWS = 50
"""Of the page that is listed."""


async def measure(server: Server, scale: Scale) -> list[Figure]:
    """At each size: messages to some conversations, a page of all over REST, the making of further ones."""
    signer = server.signer
    if not isinstance(signer, Signer):
        raise LoadError("REST takes a key, not an Access Token")
    listing = f"/conversations/v1/Services/{signer.chat_service_sid}/Conversations?PageSize={ROWS}"
    figures: list[Figure] = []
    owners: list[Client] = []
    places: list[tuple[Client, str]] = []

    async def run(what: str, clients: list[Asker], method: str, paths: list[str], body: bytes) -> None:
        askers = Askers(clients, method, paths, body)
        meter = Meter(server.process)
        await askers.run(scale.seconds / 2)
        latencies_s = askers.latencies_s
        case = f"{what}, {len(places)} conversations"
        figures.append(meter.figure("growth", case, len(latencies_s), latencies_s))

    for size in map(scale.of, SIZES):
        while len(places) < size:
            (owner,) = await connected(server, 1, len(owners))
            make = partial(conversation, owner, [identity(len(owners))])
            made = await in_turns(lambda _, make=make: make(), range(min(PER_USER, size - len(places))))
            owners.append(owner)
            places += [(owner, place) for place in made]
        some = places[:: -(-size // SENDERS)]
        paths = [f"{place}/Messages" for _, place in some]
        await run("send", [owner for owner, _ in some], "POST", paths, MESSAGE)
        rest = await connected_over_http(server, signer.authorization)  # none stays open unused for so long
        await run(f"list {ROWS}", [rest], "GET", [listing], b"")
        rest.close()
        owner, place = some[0]
        make = partial(owner.ask, "POST", place.rpartition("/")[0], {"attributes": "{}"})
        meter = Meter(server.process)
        await in_turns(lambda _, make=make: make(), range(scale.of(MADE)))
        figures.append(meter.figure("growth", f"create, {size} conversations", scale.of(MADE)))
    return figures
