"""Which nodes there are, as an operator is told."""

from pathlib import Path

import pytest

from tests.support.nodes_of_a_database import BEGIN_MS, hold_clock, pass_s
from tests.support.operators_door import OperatorsDoor
from tsock.clock import iso_ms
from tsock.cluster import leadership
from tsock.cluster.nodes import Node

NODES = [Node(name * 32, name, "1.0", f"127.0.0.1:{port}") for name, port in (("a", 1), ("b", 2))]


@pytest.fixture
def on_database(tmp_path: Path) -> OperatorsDoor:
    door = OperatorsDoor(tmp_path, database_url="postgresql:///tsock")
    hold_clock(door.world)
    return door


def test_installation_on_sqlite_is_one_node(door: OperatorsDoor) -> None:
    assert door("GET", "/cluster") == {"may_have_several": False, "nodes": []}


def test_database_without_a_server_has_no_nodes(on_database: OperatorsDoor) -> None:
    assert on_database("GET", "/cluster") == {"may_have_several": True, "nodes": []}


def test_nodes_are_shown_with_what_is_left_of_their_leases_and_who_leads(on_database: OperatorsDoor) -> None:
    world = on_database.world
    for node in NODES:
        world(leadership.renew, node, None)
    world(leadership.take, NODES[1])
    pass_s(world, 3)
    world(leadership.renew, NODES[0], None)
    one = {"id": "a" * 32, "name": "a", "version": "1.0", "address": "127.0.0.1:1", "lease_ms": 5000}
    two = {"id": "b" * 32, "name": "b", "version": "1.0", "address": "127.0.0.1:2", "lease_ms": 2000}
    since = {"date_started": iso_ms(BEGIN_MS)}
    assert on_database("GET", "/cluster")["nodes"] == [
        {**one, **since, "is_leader": False},
        {**two, **since, "is_leader": True},
    ]


def test_leader_whose_lease_is_over_does_not_lead(on_database: OperatorsDoor) -> None:
    world = on_database.world
    world(leadership.renew, NODES[0], None)
    world(leadership.take, NODES[0])
    pass_s(world, 6)
    (shown,) = on_database("GET", "/cluster")["nodes"]
    assert (shown["lease_ms"], shown["is_leader"]) == (-1000, False)
