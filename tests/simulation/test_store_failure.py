"""A disk that takes nothing more fails writes, and nothing else, until it takes some again."""

import asyncio
import resource

import httpx2

from tests.interop.server import Server
from tests.simulation.client import connected, until
from tests.simulation.follower import Follower
from tests.simulation.load import Target, require_agreement
from tests.simulation.views import Change, History, View

FILE_BYTES_MAX = 100_000
"""Below the size that the log of the database has by then, and above that of the server's own log."""


def _limit_files(server: Server, size: int) -> None:
    pid = int((server.data / "lock").read_text())
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _ready(server: Server) -> int:
    return httpx2.get(f"{server.url}/readyz").status_code


def _commits(server: Server) -> float:
    """How many groups of writes the store has ended, one way or the other; its own chores are among them."""
    page = httpx2.get(f"{server.url}/metrics").text
    return float(page.partition("\ntsock_commit_seconds_count ")[2].partition("\n")[0])


async def test_failed_commits_answer_503_and_heal_without_a_restart(server: Server) -> None:
    token, history = server.token(), History()
    async with connected(server.uri, token) as client, asyncio.TaskGroup() as group:
        made = (await client.post("/v3/Documents", {})).ok(201)
        target = Target(made["sid"], "document")
        follower = Follower(server.uri, token, [View(target.sid, target.kind, history)])
        following = group.create_task(follower.follow())
        await follower.until(lambda: follower.live, "the document established")
        for number in range(1, 41):
            (await client.post(target.path, {"data": {"n": number, "filler": "x" * 8000}})).ok()

        _limit_files(server, FILE_BYTES_MAX)
        replies = [await client.post(target.path, {"data": {"n": -number}}) for number in range(1, 4)]
        assert [reply.error for reply in replies] == [(503, 20503)] * 3
        assert _ready(server) == 503
        assert httpx2.get(f"{server.url}/healthz").status_code == 200
        assert (await client.get(target.path)).ok()["data"]["n"] == 40
        # What wrote nothing, a refused request or a chore that found nothing to do, does not make it well.
        assert (await client.post("/v3/Documents/absent", {"data": {}})).error == (404, 54300)
        before = _commits(server)
        await until(lambda: _commits(server) >= before + 5, "chores and probes of two seconds")
        assert _ready(server) == 503

        _limit_files(server, resource.RLIM_INFINITY)
        await until(lambda: _ready(server) == 200, "the store commits again")
        answer = (await client.post(target.path, {"data": {"n": 41}})).ok()
        assert answer["last_event_id"] == 41  # no number was spent on what failed
        history.note(target.sid, 41, Change(None, {"n": 41}))
        view = follower.views[target.sid]
        await follower.until(lambda: view.last_event_id == 41, "the event after the failure")
        assert len(view.replays) == 1  # the connection stood throughout
        await require_agreement(client, [target], history, [view])
        following.cancel()

        server.kill()
        await asyncio.to_thread(server.start)
        async with connected(server.uri, token) as returned:
            await require_agreement(returned, [target], history, [view])
