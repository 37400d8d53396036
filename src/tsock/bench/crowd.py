"""Many clients at once: they connect, make documents, subscribe and leave."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from tsock.bench.client import PATIENCE_S, Client, LoadError
from tsock.bench.server import Connection, Server
from tsock.sync.kinds import KIND_OF_PREFIX

IN_FLIGHT = 100
"""Connections that are opened at a time."""

Known = tuple[str, int]
"""SID of an object, and the last event id a client knows of it."""

Argument = TypeVar("Argument")
Result = TypeVar("Result")


async def connect(server: Server, token: str) -> Client:
    """One client whose token was accepted."""
    loop, to = asyncio.get_running_loop(), server.endpoint
    ready: asyncio.Future[None] = loop.create_future()
    client = Client(token, to.host, to.path, lambda: ready.set_result(None))
    async with patience(f"a connection to {to}"):
        try:
            await loop.create_connection(lambda: client, to.host, to.port, ssl=to.tls or None)
        except OSError as error:
            raise LoadError(f"no connection to {to}: {error.strerror or error}") from None
        server.clients.add(client)
        await ready
    return client


async def connect_all(server: Server, tokens: Iterable[str]) -> tuple[list[Client], list[float]]:
    """A client for each token, and the seconds that each took."""
    took_s: list[float] = []

    async def one(token: str) -> Client:
        started = time.perf_counter()
        client = await connect(server, token)
        took_s.append(time.perf_counter() - started)
        return client

    return await in_turns(one, tokens), took_s


async def disconnect(clients: Iterable[Connection]) -> None:
    """Drop clients at once; their sockets are closed when this returns."""
    for client in clients:
        client.close()
    await asyncio.sleep(0)


async def make_documents(server: Server, client: Client, number: int) -> list[Known]:
    """Fresh documents."""

    async def one(_: int) -> Known:
        document = await client.ask("POST", "/v3/Documents", {"data": {}, "ttl": server.ttl_s})
        return document["sid"], int(document["last_event_id"])

    return await in_turns(one, range(number))


async def subscribe(client: Client, objects: Sequence[Known]) -> int:
    """Follow objects; how many events were replayed until all were confirmed."""
    confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    left, replayed = len(objects), 0

    def notified(payloads: list[bytes]) -> None:
        nonlocal left, replayed
        for payload in payloads:
            if payload.startswith(b'{"event_type":"subscription_established"'):
                left -= payload.count(b'"object_sid"')
            elif payload.startswith(b'{"event_type":"subscription_'):
                raise LoadError(f"expected an established subscription, got {payload[:300]!r}")
            else:
                replayed += 1
        if not left:
            client.notified = former
            confirmed.set_result(None)

    former, client.notified = client.notified, notified
    entries = [
        {"object_sid": sid, "object_type": KIND_OF_PREFIX[sid[:2]].name, "last_event_id": known}
        for sid, known in objects
    ]
    body = {"event_protocol_version": 4, "action": "establish", "correlation_id": 1, "requests": entries}
    async with patience(f"the confirmation of {len(objects)} subscriptions"):
        await client.ask("POST", "/v4/Subscriptions", body)
        await confirmed
    return replayed


@asynccontextmanager
async def patience(what: str) -> AsyncGenerator[None]:
    """Wait for what the server owes, but not for ever.

    Raises:
        LoadError: it did not come.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield
    except TimeoutError:
        raise LoadError(f"{what} did not come within {PATIENCE_S:g} s") from None


async def in_turns(
    job: Callable[[Argument], Awaitable[Result]], arguments: Iterable[Argument], width: int = IN_FLIGHT
) -> list[Result]:
    """The results of a job for each argument, of which `width` run at a time; in order of completion."""
    results: list[Result] = []
    left = iter(arguments)

    async def work() -> None:
        for argument in left:
            result = await job(argument)
            results.append(result)

    async with asyncio.TaskGroup() as group:
        for _ in range(width):
            group.create_task(work())
    return results
