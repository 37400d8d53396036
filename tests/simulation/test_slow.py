"""Connections that do not keep up are dropped and named; nobody else notices, and they miss nothing."""

import asyncio
import json

import httpx2
import pytest

from tests.interop.server import Server
from tests.simulation.client import connected, until
from tests.simulation.follower import Follower
from tests.simulation.load import Target, require_agreement
from tests.simulation.proxy import proxied
from tests.simulation.views import History, View

BIG = "x" * 16_000


def _dropped(server: Server, reason: str) -> int:
    """How many connections the server's log says it ended for that reason."""
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    return sum(line["event"] == "connection.ended" and line["reason"] == reason for line in lines)


@pytest.mark.settings(log_format="json", send_queue_bytes_max=2 * 1024 * 1024)
async def test_slow_reader_is_dropped_and_misses_nothing(server: Server) -> None:
    token, history = server.token(), History()
    async with (
        connected(server.uri, token) as writer,
        proxied(server.port) as proxy,
        asyncio.TaskGroup() as group,
    ):
        made = (await writer.post("/v3/Documents", {})).ok(201), (await writer.post("/v3/Lists", {})).ok(201)
        targets = [Target(made[0]["sid"], "document"), Target(made[1]["sid"], "list", append_only=True)]
        items = made[1]["links"]["items"]
        slow, quick = [
            Follower(uri, token, [View(target.sid, target.kind, history) for target in targets])
            for uri in (proxy.uri, server.uri)
        ]
        tasks = [group.create_task(follower.follow()) for follower in (slow, quick)]
        for follower in (slow, quick):
            await follower.until(lambda follower=follower: follower.live, "both objects established")

        proxy.hold()
        pushed = 0
        while not _dropped(server, "slow_reader"):
            assert pushed < 2000, "far more than socket buffers hold was written, and nobody was dropped"
            pushed += 1
            (await writer.post(items, {"data": {"n": pushed, "big": BIG}})).ok(201)
        (await writer.post(targets[0].path, {"data": {"n": 1}})).ok()
        view = quick.views[targets[1].sid]
        await quick.until(lambda: view.last_event_id == pushed - 1, "every item")
        assert [replay.numbers for replay in view.replays] == [[]]  # all came live
        proxy.release()
        await tasks[0]

        again = group.create_task(slow.follow())
        await slow.until(lambda: slow.live, "both objects established again")
        views = [view for follower in (slow, quick) for view in follower.views.values()]
        await require_agreement(writer, targets, history, views)
        again.cancel()
        tasks[1].cancel()

    assert _dropped(server, "slow_reader") == 1
    assert "tsock_slow_readers_total 1.0" in httpx2.get(f"{server.url}/metrics").text


@pytest.mark.settings(log_format="json", ping_interval_s=0.2, ack_timeout_s=0.1)
async def test_client_that_acknowledges_nothing_is_dropped(server: Server) -> None:
    token = server.token()
    async with connected(server.uri, token) as lively, proxied(server.port) as proxy:
        async with connected(proxy.uri, token) as silent:
            (await silent.get("/v3/Configuration")).ok()
            proxy.hold()
            await until(lambda: _dropped(server, "no_ack") == 1, "the silent client dropped")
            proxy.release()
            await silent.gone()
        (await lively.get("/v3/Configuration")).ok()

    assert _dropped(server, "no_ack") == 1
