"""What does chat cost: messages sent, messages told, history, and a user with many conversations?"""

import asyncio
import time
from array import array
from typing import Any

import msgspec

from tsock.accounts.caller import CHAT
from tsock.bench.askers import Askers
from tsock.bench.client import PATIENCE_S, Client, LoadError
from tsock.bench.crowd import connect, connect_all, disconnect, in_turns, subscribe
from tsock.bench.fanout import open_fanout
from tsock.bench.figures import Figure, Meter, Scale
from tsock.bench.server import Server, Signer, identity

WARM_UP_S = 0.5
BODY = "x" * 300
MESSAGE = msgspec.json.encode({"body": BODY, "attributes": "{}"})
MESSAGES_PER_S = 10
OWNER = 10_000
"""The number of the user who has many conversations."""
CONVERSATIONS = 1000
"""So many."""
HISTORY = (100, 100_000)
"""Messages of the conversations whose newest page is read."""
FILLERS = 8
AT_ONCE = 200
"""Requests under way while something is filled."""
_UPDATE_BYTES = 273
"""What a delivery tells of a document's update beside its text."""


async def measure(server: Server, scale: Scale) -> list[Figure]:
    """Each in turn."""
    return [
        *await _send(server, scale),
        *await _fan_out(server, scale),
        await _open(server, scale),
        *await _history(server, scale),
    ]


async def _send(server: Server, scale: Scale) -> list[Figure]:
    """Committed messages, one in flight in each of as many conversations."""
    figures: list[Figure] = []
    for number, names_them in ((1, False), (16, False), (256, False), (256, True)):
        clients = await connected(server, number)
        for client in clients:
            client.names_mutations = names_them
        places = [await conversation(client, [identity(n)]) for n, client in enumerate(clients)]
        senders = Askers(clients, "POST", [f"{place}/Messages" for place in places], MESSAGE)
        await senders.run(WARM_UP_S)
        meter = Meter(server.process)
        await senders.run(scale.seconds)
        latencies_s = senders.latencies_s
        case = f"send, {number} senders{', with mutation ids' if names_them else ''}"
        figures.append(meter.figure("chat", case, len(latencies_s), latencies_s))
        await senders.leave()
    return figures


async def _fan_out(server: Server, scale: Scale) -> list[Figure]:
    """Messages to everybody in one conversation, at a fixed rate; each is two events.

    Then as many deliveries of that size a second to all who follow a document.
    """
    clients = await connected(server, scale.of(1000))
    place = await conversation(clients[0], [identity(n) for n in range(len(clients))])
    sid = place.rpartition("/")[2]
    parts = [("Documents", f"{sid}.channel"), ("Lists", f"{sid}.messages")]
    known = [await clients[0].ask("GET", f"/v3/{kind}/{name}") for kind, name in parts]
    await in_turns(lambda c: subscribe(c, [(part["sid"], part["last_event_id"]) for part in known]), clients)
    delivered, size, latencies_s = 0, 0, array("d")
    sent: dict[int, float] = {}

    def notified(payloads: list[bytes]) -> None:
        nonlocal delivered, size
        delivered += len(payloads)
        size += sum(map(len, payloads))

    for client in clients:
        client.notified = notified
    number = max(1, round(MESSAGES_PER_S * scale.seconds))
    meter, started = Meter(server.process), time.perf_counter()
    for each in range(number):
        sent[each] = time.perf_counter()
        clients[0].request(
            "POST",
            f"{place}/Messages",
            MESSAGE,
            lambda _, at=sent[each]: latencies_s.append(time.perf_counter() - at),
        )
        await asyncio.sleep(started + (each + 1) / MESSAGES_PER_S - time.perf_counter())
    deadline = time.perf_counter() + PATIENCE_S
    while delivered < (expected := number * 2 * len(clients)):
        if time.perf_counter() > deadline:
            raise LoadError(f"{expected - delivered} deliveries did not arrive")
        await asyncio.sleep(0.001)
    case = f"{len(clients)} participants, {MESSAGES_PER_S} messages/s, per delivery"
    figure = meter.figure("chat", case, delivered, latencies_s).noting(payload_bytes=size / delivered)
    await disconnect(clients)
    fanout = await open_fanout(server, scale.of(1000), "x" * max(1, size // delivered - _UPDATE_BYTES))
    meter = Meter(server.process)
    await fanout.at_rate(2 * MESSAGES_PER_S, scale.seconds)
    case = "as many deliveries of that size, of a document"
    beside = meter.figure("chat", case, fanout.delivered, fanout.latencies_s)
    beside = beside.noting(payload_bytes=fanout.payload_bytes)
    await fanout.leave()
    return [figure, beside]


async def _open(server: Server, scale: Scale) -> Figure:
    """What an SDK asks at its start for a user with many conversations: about four requests for each."""
    (owner,) = await connected(server, 1, OWNER)
    number = scale.of(CONVERSATIONS)
    made = await in_turns(lambda _: conversation(owner, [identity(OWNER)]), range(number))
    await disconnect([owner])
    meter, started = Meter(server.process), time.perf_counter()
    (client,) = await connected(server, 1, OWNER)
    following = "/".join(made[0].split("/")[:-1]).replace(
        "/Conversations", f"/Users/{identity(OWNER)}/Conversations"
    )
    sids: list[str] = []
    token: str | None = ""
    while token is not None:
        page = await client.ask("GET", following + (f"?PageToken={token}" if token else ""))
        sids += [row["conversation_sid"] for row in page["conversations"]]
        token = page["meta"]["next_token"]
    if len(sids) != number:
        raise LoadError(f"expected {number} conversations, got {len(sids)}")

    async def opened(sid: str) -> list[tuple[str, str, int]]:
        names = [("Documents", "channel"), ("Lists", "messages"), ("Maps", "roster")]
        found = [await client.ask("GET", f"/v3/{kind}/{sid}.{part}") for kind, part in names]
        roster = found[2]["sid"]
        await client.ask("GET", f"/v3/Maps/{roster}/Items")
        return [(kind, row["sid"], row["last_event_id"]) for (kind, _), row in zip(names, found, strict=True)]

    parts = [part for parts in await in_turns(opened, sids, AT_ONCE) for part in parts]
    for start in range(0, len(parts), 1000):
        await subscribe(client, [(sid, known) for _, sid, known in parts[start : start + 1000]])
    took_s = time.perf_counter() - started
    figure = meter.figure("chat", f"start of a user with {len(sids)} conversations", 1, [took_s])
    await disconnect([client])
    return figure


async def _history(server: Server, scale: Scale) -> list[Figure]:
    """The newest 30 messages of a short conversation and of a long one, and the count of what is unread."""
    figures: list[Figure] = []
    for number in (HISTORY[0], scale.of(HISTORY[1])):
        (client,) = await connected(server, 1)
        place = await conversation(client, [identity(0)])
        sid = place.rpartition("/")[2]
        await _fill(server, place, number)
        own = place.replace("/Conversations/", f"/Users/{identity(0)}/Conversations/")
        await client.ask("POST", own, {"last_read_message_index": 0})
        for what, path in (
            ("newest 30", f"/v3/Lists/{sid}.messages/Items?Order=desc&PageSize=30"),
            ("unread", own),
        ):
            askers = Askers([client], "GET", [path], b"")
            meter = Meter(server.process)
            await askers.run(scale.seconds / 2)
            case = f"{what} of {number} messages"
            figures.append(meter.figure("chat", case, len(askers.latencies_s), askers.latencies_s))
        await disconnect([client])
    return figures


async def connected(server: Server, number: int, first: int = 0) -> list[Client]:
    """Clients of Conversations, whose users exist; the identity of each is that of its place."""
    assert isinstance(server.signer, Signer)
    clients: list[Client] = []
    for token in server.signer.chat_tokens(number, first):
        client = await connect(server, token)
        client.grant = CHAT
        await client.ask("GET", "/Client/v2/Configuration")
        clients.append(client)
    return clients


async def conversation(client: Client, identities: list[str]) -> str:
    """A conversation with these participants; its path."""
    links = (await client.ask("GET", "/Client/v2/Configuration"))["links"]
    place = _path(links["conversations"])
    made: dict[str, Any] = await client.ask("POST", place, {"attributes": "{}"})
    for name in identities:
        await client.ask("POST", f"{place}/{made['sid']}/Participants", {"identity": name})
    return f"{place}/{made['sid']}"


async def _fill(server: Server, place: str, number: int) -> None:
    """Send so many messages, by several connections of the same user: one may ask only so often."""
    assert isinstance(server.signer, Signer)
    clients, _ = await connect_all(server, server.signer.chat_tokens(1) * FILLERS)
    for client in clients:
        client.grant = CHAT

    async def say(each: int) -> None:
        client = clients[each % FILLERS]
        await client.ask("POST", f"{place}/Messages", {"body": BODY, "attributes": "{}"})

    await in_turns(say, range(number), AT_ONCE)
    await disconnect(clients)


def _path(url: str) -> str:
    return "/" + url.split("/", 3)[3]
