"""A server that is told to stop keeps what it acknowledged, and sends its clients away one by one."""

import asyncio
import time
from random import Random

import msgspec
import pytest

from tests.interop.server import Server
from tests.simulation.client import Connection, Lost, connected, outcome, until
from tests.simulation.follower import Follower
from tests.simulation.load import Writer, make_targets, require_agreement
from tests.simulation.proxy import proxied
from tests.simulation.views import History, View

DRAIN_S = 3
CLIENTS = 8
MIN_MS, MAX_MS = 1000, 9000


async def _write(server: Server, writer: Writer, connections: list[Connection]) -> None:
    """Write on one connection until the server ends it."""
    try:
        async with connected(server.uri, server.token(writer.name)) as connection:
            connections.append(connection)
            while True:
                await writer.write(connection, 4)
    except Lost:
        pass


def _backoff_ms(connection: Connection) -> tuple[int, int]:
    """The shortest and longest wait that a connection was told before it had to end."""
    assert connection.closing is not None, "lost without a word"
    status, payload = connection.closing
    assert status is not None
    assert status.code == 308
    policy = msgspec.json.decode(payload)["backoff_policy"]
    return policy["reconnect_min_ms"], policy["reconnect_max_ms"]


@pytest.mark.settings(drain_s=DRAIN_S, drain_reconnect_ms_min=MIN_MS, drain_reconnect_ms_max=MAX_MS)
async def test_stop_keeps_what_was_acknowledged_and_spreads_the_clients(
    server: Server, chance: Random
) -> None:
    token, history = server.token(), History()
    async with connected(server.uri, token) as connection:
        targets = await make_targets(connection, each=1)
    writers = [Writer(f"w{number}", chance, targets, history) for number in range(CLIENTS)]
    follower = Follower(server.uri, token, [View(target.sid, target.kind, history) for target in targets])
    connections: list[Connection] = []

    async with asyncio.TaskGroup() as group:
        group.create_task(follower.follow())
        for writer in writers:
            group.create_task(_write(server, writer, connections))
        await follower.until(
            lambda: follower.live and all(writer.acknowledged > 20 for writer in writers), "everybody writing"
        )
        await asyncio.to_thread(server.stop)  # it expects the exit status 0

    waits = [_backoff_ms(connection) for connection in connections]
    assert all(MIN_MS <= least < most == MAX_MS for least, most in waits), waits
    assert len({least for least, _ in waits}) > CLIENTS / 2, waits

    await asyncio.to_thread(server.start)
    async with connected(server.uri, token) as connection, asyncio.TaskGroup() as group:
        following = group.create_task(follower.follow())
        await follower.until(lambda: follower.live, "every object established again")
        await require_agreement(connection, targets, history, follower.views.values())
        following.cancel()


@pytest.mark.settings(drain_s=DRAIN_S)
async def test_client_that_does_not_leave_holds_a_stop_up_no_longer_than_drain_s(server: Server) -> None:
    async with proxied(server.port) as proxy, connected(proxy.uri, server.token()) as deaf:
        proxy.hold()
        started = time.monotonic()
        await asyncio.to_thread(server.stop)
        took_s = time.monotonic() - started
        proxy.release()
        await deaf.gone()

    assert DRAIN_S <= took_s < DRAIN_S + 5


async def _press(server: Server, name: str, path: str, connections: list[Connection]) -> None:
    """Write more than the store takes until the server ends the connection."""
    try:
        async with connected(server.uri, server.token(name)) as connection:
            connections.append(connection)
            while True:
                for reply in [await connection.send("POST", path, {"data": {}}) for _ in range(8)]:
                    await outcome(reply)
    except Lost:
        pass


@pytest.mark.settings(
    store_waiting_max=1, drain_s=DRAIN_S, drain_reconnect_ms_min=MIN_MS, drain_reconnect_ms_max=MAX_MS
)
async def test_stop_while_the_store_is_full_still_sends_the_clients_away(server: Server) -> None:
    connections: list[Connection] = []
    async with asyncio.TaskGroup() as group, connected(server.uri, server.token("idle")) as idle:
        path = (await idle.post("/v3/Documents", {"data": {}})).ok(201)["url"]
        for number in range(CLIENTS):
            group.create_task(_press(server, f"w{number}", path, connections))
        await until(lambda: len(connections) == CLIENTS, "everybody writing")
        await asyncio.to_thread(server.stop)
        await idle.gone()
    assert _backoff_ms(idle)[0] >= MIN_MS
