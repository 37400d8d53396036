"""What another node did reaches this one, whether its news come or not."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.rest import ACCOUNTS, Rest
from tests.support.rig import Client, Rig
from tests.support.sync_world import json
from tsock.accounts import accounts, keys, revocations
from tsock.accounts.records import ApiKey
from tsock.announcements import Announcements
from tsock.bus.message import Advanced
from tsock.errors import StoreDown
from tsock.jobs.neighbours import AGAIN_S, LOOK_S, Neighbours, looked
from tsock.sync import documents, roots
from tsock.sync.actor import Actor
from tsock.sync.kinds import DOCUMENT

NODE = "another"


class Node:
    """The node that is looked at, and what others do."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        hub = rig.gateway._hub
        self.news = Neighbours(
            rig.store,
            rig.directory,
            rig.deadlines,
            announce=lambda facts: rig.announcements.hear(facts),  # noqa: PLW0108 - exchanged below
            followed=hub.followed,
            catch_up=hub.check,
        )

    @contextmanager
    def elsewhere(self) -> Iterator[list[Any]]:
        """What is committed meanwhile another node commits; its facts."""
        here, self.rig.announcements = self.rig.announcements, Announcements(lambda change: None)
        first = len(self.rig.facts)
        facts: list[Any] = []
        yield facts
        self.rig.announcements = here
        facts += self.rig.facts[first:]

    async def look(self) -> None:
        """As much time passes as until the next look."""
        self.rig.pass_s(LOOK_S)
        await self.rig.settled()


@pytest.fixture
def node(rig: Rig) -> Iterator[Node]:
    node = Node(rig)
    node.news.start()
    yield node
    node.news.stop()


@pytest.fixture
def alice(rig: Rig) -> Client:
    return rig.connect("alice")


async def followed(client: Client) -> str:
    made = await client.request("POST", "/v3/Documents", {"data": {"n": 0}})
    sid = made.body["sid"]
    body = {
        "event_protocol_version": 4,
        "action": "establish",
        "correlation_id": 1,
        "requests": [{"object_sid": sid, "object_type": "", "last_event_id": 0}],
    }
    await client.request("POST", "/v4/Subscriptions", body)
    client.notifications()
    return sid


async def update(node: Node, sid: str, number: int) -> None:
    service = node.rig.made.sync_service_sid
    by = Actor(node.rig.made.account_sid, service, "bob")
    await node.rig.do(documents.update, by, sid, data=json(n=number))


async def make_key(rig: Rig) -> None:
    await rig.do(keys.create_key, rig.vault, rig.settings, rig.made.account_sid)


def told(client: Client) -> list[Any]:
    return [payload["event"]["document_data"] for _, payload in client.notifications()]


async def test_who_lost_access_elsewhere_is_disconnected_though_nobody_said_so(
    node: Node, alice: Client
) -> None:
    made = node.rig.made
    with node.elsewhere():
        await node.rig.do(revocations.revoke_identity, made.account_sid, "alice", life_ms=60_000)
    assert not alice.transport.closing
    await node.look()
    assert alice.transport.closing


async def test_key_made_elsewhere_is_known_at_the_next_look(node: Node) -> None:
    with node.elsewhere() as facts:
        await make_key(node.rig)
    (key,) = [fact for fact in facts if isinstance(fact, ApiKey)]
    assert node.rig.directory.key(key.sid) is None
    await node.look()
    assert node.rig.directory.key(key.sid) == key


async def test_news_of_a_change_has_it_looked_for_at_once(node: Node) -> None:
    with node.elsewhere() as facts:
        await make_key(node.rig)
    node.news.hear(NODE, facts)
    await node.rig.settled()
    (key,) = [fact for fact in facts if isinstance(fact, ApiKey)]
    assert node.rig.directory.key(key.sid) == key


async def test_who_looks_knows_what_others_changed_before(node: Node) -> None:
    with node.elsewhere() as facts:
        await make_key(node.rig)
    (key,) = [fact for fact in facts if isinstance(fact, ApiKey)]
    await asyncio.gather(*(looked(node.news) for _ in range(3)))
    assert node.rig.directory.key(key.sid) == key


async def test_account_that_is_active_again_elsewhere_is_refused_nothing(node: Node, rig: Rig) -> None:
    rest = Rest(rig)
    rest.web.shell._gatekeeper.look = lambda: looked(node.news)
    account = await rest.subaccount()
    token = rest.token_of(account)
    await rig.do(accounts.set_status, account.sid, "suspended")
    with node.elsewhere():
        await rig.do(accounts.set_status, account.sid, "active")
    assert (await rest.get(f"{ACCOUNTS}/{account.sid}.json", token)).status == 200


async def test_older_record_that_comes_late_does_not_undo_a_newer_one(node: Node) -> None:
    with node.elsewhere() as made:
        await make_key(node.rig)
    (key,) = [fact for fact in made if isinstance(fact, ApiKey)]
    await node.look()
    with node.elsewhere() as revoked:
        await node.rig.do(keys.delete_key, key.account_sid, key.sid)
    for facts in (revoked, made):
        node.news.hear(NODE, facts)
        await node.rig.settled()
    known = node.rig.directory.key(key.sid)
    assert known is not None
    assert known.revoked_ms is not None


async def test_events_are_delivered_as_they_are_heard(node: Node, alice: Client) -> None:
    sid = await followed(alice)
    with node.elsewhere() as facts:
        await update(node, sid, 1)
    assert told(alice) == []
    node.news.hear(NODE, facts)
    assert told(alice) == [{"n": 1}]


async def test_event_that_was_too_large_for_the_bus_is_read_from_the_store(node: Node, alice: Client) -> None:
    sid = await followed(alice)
    with node.elsewhere() as facts:
        await update(node, sid, 1)
    (event,) = [fact for fact in facts if getattr(fact, "topic", "") == sid]
    node.news.hear(NODE, [Advanced(sid, event.service_sid, event.seq)])
    await node.look()
    assert told(alice) == [{"n": 1}]


async def test_what_was_lost_is_found_by_its_number(node: Node, alice: Client) -> None:
    sid = await followed(alice)
    with node.elsewhere():
        await update(node, sid, 1)
    for _ in range(3):
        node.news.check("gap")
    await node.look()
    assert told(alice) == [{"n": 1}]


async def test_numbers_that_could_not_be_compared_are_compared_again(
    node: Node, alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = await followed(alice)
    with node.elsewhere():
        await update(node, sid, 1)
    with monkeypatch.context() as away:
        away.setattr(node.rig.store, "read", lambda query, done: done(None, StoreDown("away"), {}))
        node.news.check("connected")
    node.rig.pass_s(AGAIN_S)
    await node.rig.settled()
    await node.look()
    assert told(alice) == [{"n": 1}]


async def test_object_that_ended_unheard_is_told_to_be_gone(node: Node, alice: Client) -> None:
    sid = await followed(alice)
    by = Actor(node.rig.made.account_sid, node.rig.made.sync_service_sid, "bob")
    with node.elsewhere():
        await node.rig.do(roots.remove, by, DOCUMENT, sid)
    node.news.check("silence")
    await node.look()
    ((_, payload),) = alice.notifications()
    assert payload["event_type"] == "document_removed"
