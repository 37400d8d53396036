"""Two nodes on one database: who is shown online when one that users were connected to is killed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.cluster import Cluster
from tests.interop.library import Api, InPython
from tests.interop.server import Server, until
from tests.simulation.client import connected
from tests.support.memory import new_database
from tsock.accounts.caller import CHAT

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path, database_url=new_database(), chat_reachability_grace_s=1)
    cluster.start()
    yield cluster
    cluster.stop()


class Users:
    """Those of the default service, as a node shows them."""

    def __init__(self, cluster: Cluster, node: Server) -> None:
        own = cluster.account
        self._library = InPython(f"http://127.0.0.1:{node.port}", own.sid, own.auth_token, None)
        conversations = Api(self._library).conversations.v1
        self._service = conversations.services(
            conversations.configuration().fetch()["default_chat_service_sid"]
        )
        self._service.configuration().update(reachability_enabled=True)
        for identity in ("alice", "bob"):
            self._service.users.create(identity=identity)

    def online(self) -> set[str]:
        return {user["identity"] for user in self._service.users.list() if user["is_online"]}

    async def become(self, *online: str) -> None:
        await asyncio.to_thread(until, lambda: self.online() == set(online), f"{online} to be online")

    def close(self) -> None:
        self._library.close()


async def test_users_of_a_node_that_was_killed_go_offline_but_for_those_who_moved(cluster: Cluster) -> None:
    other, doomed = cluster.nodes
    users = Users(cluster, other)
    alice, bob = (cluster.account.chat_token(name) for name in ("alice", "bob"))
    async with connected(uri_of(doomed), alice, product=CHAT), connected(uri_of(doomed), bob, product=CHAT):
        await users.become("alice", "bob")
        async with connected(uri_of(other), bob, product=CHAT):
            doomed.kill()
            await users.become("bob")
        await users.become()
    users.close()
    doomed.start()


def uri_of(node: Server) -> str:
    return f"ws://127.0.0.1:{node.port}/v3/wsconnect"
