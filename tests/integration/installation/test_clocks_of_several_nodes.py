"""Two nodes on one database whose machines' clocks are ten seconds apart: one clock counts for both."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support import postgres
from tests.support.sync_world import json
from tsock.accounts.bootstrap import Bootstrap, bootstrap
from tsock.accounts.caller import SYNC
from tsock.accounts.principal import OPERATOR
from tsock.accounts.revocations import revoke_identity, token_life_ms
from tsock.accounts.webhook_urls import sealed
from tsock.assembly import opened
from tsock.clock import Clock
from tsock.conversations import media
from tsock.errors import ApiError
from tsock.ids import Ids
from tsock.installation.installation import Installation
from tsock.settings import Loaded, Settings
from tsock.storage.store import Tx, fetched, written
from tsock.sync import documents, expiry, lists, replay, roots, tables
from tsock.sync.actor import Actor
from tsock.sync.kinds import DOCUMENT, LIST
from tsock.tokens.examiner import Examiner
from tsock.tokens.mint import mint
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Post

T = TypeVar("T")

KEY = {"TSOCK_MASTER_KEY": "0a" * 32}
APART_MS = 5_000


class Nodes:
    """One whose machine's clock is ahead, and one whose clock is behind."""

    ahead: Installation
    behind: Installation
    made: Bootstrap

    @property
    def actor(self) -> Actor:
        return Actor(self.made.account_sid, self.made.sync_service_sid, "alice")

    def pass_s(self, seconds: float) -> None:
        for node in (self.ahead, self.behind):
            node.clock.advance(round(seconds * 1000))


async def do(node: Installation, rule: Callable[..., T], *args: Any, **named: Any) -> T:
    return await written(node.store, lambda tx: rule(tx, *args, **named))


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[Nodes]:
    nodes = Nodes()
    loaded = Loaded(Settings(database_url=postgres.create()), {})

    def clock(apart_ms: int) -> Clock:
        return Clock(lambda: time.time_ns() // 1_000_000 + apart_ms)

    async with AsyncExitStack() as stack:
        nodes.ahead = await stack.enter_async_context(
            opened(tmp_path / "ahead", loaded, KEY, clock(APART_MS), Ids(1))
        )
        nodes.behind = await stack.enter_async_context(
            opened(tmp_path / "behind", loaded, KEY, clock(-APART_MS), Ids(2))
        )
        nodes.made = await do(nodes.ahead, bootstrap, nodes.ahead.vault, Ids(3), region="us1")
        await fetched(nodes.behind.store, nodes.behind.directory.load)
        yield nodes


async def test_nodes_show_the_clock_of_the_database_and_say_how_far_their_machines_are_from_it(
    nodes: Nodes,
) -> None:
    assert abs(nodes.ahead.clock.now_ms() - nodes.behind.clock.now_ms()) < APART_MS
    assert "s ahead of the database's" in (nodes.ahead.clock.notice() or "")
    assert "s behind the database's" in (nodes.behind.clock.notice() or "")


async def test_client_that_came_to_one_is_replayed_what_was_changed_on_the_other_since(nodes: Nodes) -> None:
    root = await do(nodes.ahead, roots.create, nodes.actor, LIST)
    nodes.pass_s(60)
    came_ms = nodes.ahead.clock.date_ms()
    await do(nodes.behind, lists.push, nodes.actor, root.sid, json(n=1))

    def missed(tx: Tx) -> list[int | None]:
        current = tables.by_sid(tx.one, root.sid)
        assert current is not None
        after = replay.counter_at(tx, current, came_ms - replay.LATE_MS)
        return [event.seq for event in replay.since(tx, current, after, 10).events]

    assert await fetched(nodes.ahead.store, missed) == [0]


async def test_what_one_gave_a_time_to_live_ends_for_the_other_when_that_is_over(nodes: Nodes) -> None:
    root = await do(nodes.ahead, roots.create, nodes.actor, DOCUMENT, ttl=60)
    nodes.pass_s(50)
    assert not await do(nodes.behind, expiry.expire_due, 10)
    await do(nodes.behind, documents.update, nodes.actor, root.sid, data=json(n=1))
    nodes.pass_s(10)
    with pytest.raises(ApiError, match="not found"):
        await do(nodes.behind, documents.update, nodes.actor, root.sid, data=json(n=2))
    assert await do(nodes.behind, expiry.expire_due, 10)


async def test_webhook_that_failed_on_one_is_due_on_the_other_when_its_time_has_come(nodes: Nodes) -> None:
    made = nodes.made
    url = sealed(nodes.ahead.vault, made.account_sid, "https://hooks.example/")
    post = Post(made.account_sid, made.sync_service_sid, "sync", "x", "MP1", url, {})
    await do(nodes.ahead, outbox.put, post)

    def fail(tx: Tx) -> str:
        (delivery,) = outbox.page(tx, "waiting", after=0, limit=10)
        assert outbox.failed(tx, delivery, 11217, "answered 503", tx.now_ms + 60_000)
        return delivery.lane

    lane = await do(nodes.ahead, fail)

    def is_due(tx: Tx) -> bool:
        (delivery,) = outbox.of_lane(tx, lane, 10)
        assert delivery.next_ms is not None
        return delivery.next_ms <= tx.now_ms

    nodes.pass_s(50)
    assert not await fetched(nodes.behind.store, is_due)
    nodes.pass_s(10)
    assert await fetched(nodes.behind.store, is_due)


async def test_upload_that_one_expects_is_not_removed_by_the_other_before_its_time(nodes: Nodes) -> None:
    await do(nodes.behind, lambda tx: media.expect(tx, "b" * 32, tx.now_ms + 60_000))
    nodes.pass_s(50)
    assert await fetched(nodes.ahead.store, lambda tx: media.loose(tx, 10)) == []
    nodes.pass_s(10)
    assert await fetched(nodes.ahead.store, lambda tx: media.loose(tx, 10)) == ["b" * 32]


async def test_token_that_was_issued_before_one_revoked_it_is_refused_by_both(nodes: Nodes) -> None:
    settings, made = nodes.ahead.settings, nodes.made
    now_s = int(time.time())
    token = mint(made.signing_key, "alice", {SYNC: "default"}, now_s=now_s, ttl_s=3600)
    await do(
        nodes.behind,
        revoke_identity,
        made.account_sid,
        "alice",
        life_ms=token_life_ms(settings),
        by=OPERATOR,
    )
    await fetched(nodes.ahead.store, nodes.ahead.directory.load)
    for node in (nodes.ahead, nodes.behind):
        found = Examiner(node.directory, settings).verify(token, node.clock.now_ms())
        assert getattr(found, "code", None) == 51215, found
