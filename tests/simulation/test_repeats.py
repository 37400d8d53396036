"""A request that is sent again to another node, since its answer was lost, has one effect."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.interop.cluster import Cluster
from tests.simulation.chat import Chat, chat_token, open_chat
from tests.simulation.client import Connection, Reply, connected, outcome
from tests.simulation.load import Target, stored
from tests.support.memory import new_database
from tsock.accounts.caller import CHAT

MESSAGES = 25
REMEMBERED_S = 600


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder: Path = tmp_path_factory.mktemp("cluster")
    cluster = Cluster(folder, database_url=new_database())
    cluster.start()
    yield cluster
    cluster.stop()


class Alice(NamedTuple):
    """One user, connected to both nodes."""

    chat: Chat
    one: Connection
    two: Connection

    async def send(self, connection: Connection, body: str, mutation_id: str) -> Any:
        message = {"body": body, "attributes": "{}"}
        return await connection.send("POST", f"{self.chat.path}/Messages", message, mutation_id=mutation_id)

    async def sent(self, connection: Connection, body: str, mutation_id: str) -> Reply:
        return await outcome(await self.send(connection, body, mutation_id))

    async def texts(self) -> list[str]:
        _, items = await stored(self.one, Target(self.chat.parts["list"], "list"))
        return [data["text"] for _, data in items.values()]


@pytest.fixture
async def alice(cluster: Cluster) -> AsyncIterator[Alice]:
    chat = await open_chat(cluster, ["alice"])
    token = chat_token(cluster, "alice")
    async with AsyncExitStack() as stack:
        one, two = [
            await stack.enter_async_context(
                connected(f"ws://127.0.0.1:{node.port}/v3/wsconnect", token, product=CHAT)
            )
            for node in cluster.nodes
        ]
        yield Alice(chat, one, two)


async def test_message_that_is_sent_to_both_nodes_at_once_is_there_once(alice: Alice) -> None:
    bodies = [f"message {number}" for number in range(MESSAGES)]
    replies = [
        [await alice.send(node, body, f"id of {body}") for node in (alice.one, alice.two)] for body in bodies
    ]
    for pair in replies:
        assert sorted([(await outcome(reply)).status for reply in pair]) == [201, 202]
    assert sorted(await alice.texts()) == sorted(bodies)


async def test_repeat_at_another_node_is_answered_with_what_the_first_has_made(alice: Alice) -> None:
    made = (await alice.sent(alice.one, "once", "m1")).ok(201)
    again = (await alice.sent(alice.two, "once", "m1")).ok(202)
    assert again["resource_url"].endswith(f"/Messages/{made['sid']}")
    assert (await alice.sent(alice.two, "another", "m2")).status == 201
    assert await alice.texts() == ["once", "another"]


async def test_both_nodes_remember_it_for_ten_minutes(cluster: Cluster, alice: Alice) -> None:
    assert (await alice.sent(alice.one, "a", "m3")).status == 201
    cluster.advance(REMEMBERED_S - 60)
    assert (await alice.sent(alice.two, "a", "m3")).status == 202
    cluster.advance(60)
    assert (await alice.sent(alice.two, "b", "m3")).status == 201
    assert await alice.texts() == ["a", "b"]
