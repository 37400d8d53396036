"""Webhooks where several nodes have one outbox: the leader alone sends, whoever put them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import postgres
from tests.support.post_office import BUSY, WRONG, PostOffice, Script

HOOK = "https://hooks.example/"


class Node:
    """One node's sender; who leads is said by the test."""

    def __init__(self, folder: Path, url: str) -> None:
        self.leads = False
        self.script = Script()
        self.office = PostOffice(folder, self.script, database_url=url)

    async def start(self, *, leads: bool = False) -> None:
        self.leads = leads
        await self.office.open()
        self.office.start(lambda: self.leads)

    def take_up(self) -> None:
        """Lead from now on, and look as a leader does each second."""
        self.leads = True
        self.office.deliveries.look()

    def stop_leading(self) -> None:
        self.leads = False
        self.office.deliveries.let_go()


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[tuple[Node, Node]]:
    """The first one leads."""
    url = postgres.create()
    one, two = (Node(tmp_path, url) for _ in range(2))
    await one.start(leads=True)
    await two.start()
    yield one, two
    for node in (one, two):
        await node.office.close()


async def test_delivery_that_another_node_put_is_sent_once_and_by_the_leader(
    nodes: tuple[Node, Node],
) -> None:
    one, two = nodes
    await two.office.put("a", "b", url=HOOK)
    assert one.script.attempts == []  # nobody told it
    one.take_up()
    await one.office.until_told(2)
    assert (sorted(one.script.attempts), two.script.attempts) == (["a", "b"], [])
    assert await two.office.rows() == []
    assert (one.office.metrics.webhooks_waiting, two.office.metrics.webhooks_waiting) == (0, 0)


async def test_leader_knows_how_many_wait_once_it_has_looked_and_others_say_that_none_do(
    nodes: tuple[Node, Node],
) -> None:
    one, two = nodes
    one.script.waits = lambda delivery: True
    await two.office.put("a", "b", "c", url=HOOK)
    one.take_up()
    await one.office.until(lambda: one.office.metrics.webhooks_waiting == 3, "what waits")
    assert two.office.metrics.webhooks_waiting == 0
    one.stop_leading()
    assert one.office.metrics.webhooks_waiting == 0


async def test_node_that_begins_to_lead_takes_up_what_is_due_and_waits_for_what_is_not(
    nodes: tuple[Node, Node],
) -> None:
    one, two = nodes
    one.script.outcome = lambda delivery: BUSY
    await one.office.put("a", url=HOOK)
    await one.office.until_told(1)
    one.stop_leading()
    two.take_up()
    await two.office.until(lambda: two.office.metrics.webhooks_waiting == 1, "a look")
    assert two.script.attempts == []
    for node in nodes:
        node.office.advance_s(2)
    await two.office.until_told(1)
    assert (one.script.attempts, two.script.attempts) == (["a"], ["a"])


async def test_node_that_stopped_leading_begins_no_attempt_although_it_knows_what_is_due(
    nodes: tuple[Node, Node],
) -> None:
    one, two = nodes
    one.script.waits = lambda delivery: True
    await one.office.put("a", "b", url=HOOK)  # b leaves behind a
    await one.office.until(lambda: one.script.under_way, "an attempt")
    one.leads = False  # it stood still: nobody could tell its parts
    one.script.end("a")
    await one.office.until_told(1)
    two.take_up()
    await two.office.until_told(1)
    assert (one.script.attempts, two.script.attempts) == (["a"], ["b"])


async def test_failure_of_a_former_leader_does_not_undo_what_the_next_one_noted(
    nodes: tuple[Node, Node],
) -> None:
    one, two = nodes
    one.script.waits = lambda delivery: True
    await one.office.put("a", url=HOOK)
    await one.office.until(lambda: one.script.under_way, "an attempt")
    one.stop_leading()
    two.script.outcome = lambda delivery: BUSY
    two.take_up()
    await two.office.until_told(1)
    (noted,) = await two.office.rows()
    one.script.end("a", WRONG)
    await one.office.until_told(1)
    assert await two.office.rows() == [noted]
    assert (len(one.office.reported), len(two.office.reported)) == (0, 1)


async def test_success_of_a_former_leader_counts(nodes: tuple[Node, Node]) -> None:
    one, two = nodes
    one.script.waits = lambda delivery: True
    await one.office.put("a", "b", url=HOOK)
    await one.office.until(lambda: one.script.under_way, "an attempt")
    one.stop_leading()
    two.script.outcome = lambda delivery: BUSY
    two.take_up()
    await two.office.until_told(1)
    one.script.end("a")
    await one.office.until_told(1)
    assert await two.office.names() == ["b"]


async def test_looks_find_again_and_again_what_a_leader_knows_and_send_it_once(
    nodes: tuple[Node, Node],
) -> None:
    one, two = nodes
    one.script.waits = lambda delivery: True
    await two.office.put("a", url=HOOK)
    one.take_up()
    await one.office.until(lambda: one.script.under_way, "an attempt")
    for _ in range(5):
        one.office.deliveries.look()
        await one.office.store.settled()
        await asyncio.sleep(0)
    one.script.end("a")
    await one.office.until_told(1)
    one.office.deliveries.look()
    await one.office.store.settled()
    assert one.script.attempts == ["a"]
