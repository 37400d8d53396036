"""What a service is told of endpoints at several nodes, by the rules alone."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.support.sync_world import ALICE, World
from tsock.storage.store import Tx
from tsock.sync import reachability
from tsock.sync.actor import Actor
from tsock.sync.reachability import START, Standing
from tsock.webhooks.targets import StoredUrl

PHONE = msgspec.structs.replace(ALICE, webhook_url=StoredUrl("https://hooks.example/"), endpoint_id="phone")
DESK = msgspec.structs.replace(PHONE, endpoint_id="desk")


@pytest.fixture
def do(world: World) -> Callable[..., None]:
    """Carries out a rule as the node would that notes what it is about."""

    def run(rule: Callable[..., None], endpoint: Actor, node: str, **named: Any) -> None:
        def locked(tx: Tx) -> None:
            reachability.lock(tx, endpoint.service_sid)
            rule(tx, endpoint, node, **named)

        world(locked)

    return run


def told(world: World) -> list[str]:
    """All that was told, in that order."""
    rows = world(
        lambda tx: tx.all("SELECT event_type, parameters FROM webhook_deliveries ORDER BY number", {})
    )
    return [
        f"{msgspec.json.decode(parameters)['EndpointId']} {event_type.removeprefix('endpoint_')}"
        for event_type, parameters in rows
    ]


def standing(
    world: World, node: str, after: Standing = START, limit: int = 10
) -> list[tuple[str, int | None]]:
    found = world(reachability.of_node, node, after, limit)
    return [(each.endpoint_id, each.away_ms) for each in found]


def test_endpoint_comes_once_and_goes_once_whatever_its_nodes(world: World, do: Any) -> None:
    do(reachability.come, PHONE, "a")
    do(reachability.come, PHONE, "b")
    do(reachability.leave, PHONE, "a")
    assert told(world) == ["phone connected"]
    assert (standing(world, "a"), standing(world, "b")) == ([], [("phone", None)])
    do(reachability.leave, PHONE, "b")
    assert told(world) == ["phone connected", "phone disconnected"]


def test_what_others_have_settled_is_not_told_again(world: World, do: Any) -> None:
    do(reachability.come, PHONE, "a")
    for _ in range(2):
        do(reachability.leave, PHONE, "a")
    assert told(world) == ["phone connected", "phone disconnected"]
    do(reachability.begin_absence, PHONE, "a", waits="a", at_ms=1)
    do(reachability.give_up, PHONE, "a", at_ms=1)
    assert len(told(world)) == 2


def test_endpoint_that_stood_before_is_told_when_it_leaves_alone(world: World, do: Any) -> None:
    do(reachability.stand, PHONE, "a")
    assert told(world) == []
    do(reachability.leave, PHONE, "a")
    assert told(world) == ["phone disconnected"]


def test_absence_is_told_when_it_is_given_up_by_the_node_that_waits(world: World, do: Any) -> None:
    do(reachability.come, PHONE, "a")
    do(reachability.begin_absence, PHONE, "a", waits="b", at_ms=1)
    assert (standing(world, "a"), standing(world, "b")) == ([], [("phone", 1)])
    do(reachability.give_up, PHONE, "a", at_ms=1)
    do(reachability.give_up, PHONE, "b", at_ms=2)
    assert told(world) == ["phone connected"]
    do(reachability.give_up, PHONE, "b", at_ms=1)
    assert told(world) == ["phone connected", "phone disconnected"]
    assert standing(world, "b") == []


@pytest.mark.parametrize("returning", [PHONE, DESK])
@pytest.mark.parametrize("node", ["a", "b"])
def test_whoever_comes_ends_the_absence_of_its_identity(
    world: World, do: Any, returning: Actor, node: str
) -> None:
    do(reachability.come, PHONE, "a")
    do(reachability.begin_absence, PHONE, "a", waits="a", at_ms=1)
    do(reachability.come, returning, node)
    do(reachability.give_up, PHONE, "a", at_ms=1)
    assert told(world) == ["phone connected"]
    assert standing(world, node) == [(returning.endpoint_id, None)]


def test_absence_begins_with_the_last_endpoint_alone(world: World, do: Any) -> None:
    do(reachability.come, PHONE, "a")
    do(reachability.come, DESK, "b")
    do(reachability.begin_absence, PHONE, "a", waits="a", at_ms=1)
    assert standing(world, "a") == []
    do(reachability.begin_absence, DESK, "b", waits="b", at_ms=2)
    do(reachability.give_up, PHONE, "a", at_ms=1)
    do(reachability.give_up, DESK, "b", at_ms=2)
    assert told(world) == ["phone connected", "desk connected", "desk disconnected"]


def test_endpoints_of_a_node_are_found_piece_by_piece(world: World, do: Any) -> None:
    bob = msgspec.structs.replace(PHONE, identity="bob")
    for endpoint, node in ((PHONE, "a"), (DESK, "a"), (bob, "a"), (DESK, "b")):
        do(reachability.come, endpoint, node)
    found: list[Standing] = []
    while page := world(reachability.of_node, "a", found[-1] if found else START, 2):
        found += page
    assert [(each.identity, each.endpoint_id) for each in found] == [
        ("alice", "desk"),
        ("alice", "phone"),
        ("bob", "phone"),
    ]


def test_identity_with_more_endpoints_than_anybody_reads_at_once(world: World, do: Any) -> None:
    crowd = [msgspec.structs.replace(PHONE, endpoint_id=f"e{number:04}") for number in range(1001)]
    for endpoint in crowd:
        do(reachability.come, endpoint, "a")
    do(reachability.come, crowd[-1], "b")
    for node in ("b", "a"):
        do(reachability.leave, crowd[-1], node)
    assert told(world)[1000:] == ["e1000 connected", "e1000 disconnected"]
