"""Clients that change the same value on the condition that nobody else did."""

import asyncio
from typing import Any

import pytest

from tests.interop.server import Server
from tests.simulation.client import Connection, connected

CLIENTS = 10
INCREMENTS = 100


async def _document(connection: Connection, path: str) -> tuple[str, int]:
    """The revision, and the number counted so far."""
    found = (await connection.get(path)).ok()
    return found["revision"], found["data"].get("n", 0)


async def _map_item(connection: Connection, path: str) -> tuple[str, int]:
    """The same of an item, which need not exist yet."""
    items, _, key = path.rpartition("/")
    found = (await connection.get(items, key=key)).ok()["items"]
    return (found[0]["revision"], found[0]["data"]["n"]) if found else ("-1", 0)


async def _increment(connection: Connection, method: str, path: str, read: Any) -> int:
    """Add one as the SDKs' `mutate` does; how often somebody else was first."""
    conflicts = 0
    while True:
        revision, n = await read(connection, path)
        reply = await connection.request(method, path, {"data": {"n": n + 1}}, if_match=revision)
        if reply.status in (200, 201):
            return conflicts
        assert reply.error in {(412, 54103), (412, 54205)}
        conflicts += 1


@pytest.mark.parametrize("kind", ["document", "map item"])
async def test_parallel_conditional_increments_lose_none(shared_server: Server, kind: str) -> None:
    async with connected(shared_server.uri, shared_server.token()) as connection:
        if kind == "document":
            made = (await connection.post("/v3/Documents", {})).ok(201)
            method, path, read = "POST", made["url"], _document
        else:
            made = (await connection.post("/v3/Maps", {})).ok(201)
            method, path, read = "PUT", f"{made['url']}/Items/counter", _map_item

        async def count(identity: str) -> int:
            async with connected(shared_server.uri, shared_server.token(identity)) as own:
                return sum([await _increment(own, method, path, read) for _ in range(INCREMENTS)])

        conflicts = await asyncio.gather(*(count(f"client{number}") for number in range(CLIENTS)))

        assert (await read(connection, path))[1] == CLIENTS * INCREMENTS
        assert sum(conflicts) > 0
