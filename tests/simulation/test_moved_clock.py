"""`/dev/clock` at one of two nodes moves both, also one that starts later."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.interop.cluster import Cluster
from tests.support.memory import new_database

HOUR_S = 3600


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path, database_url=new_database())
    cluster.start()
    yield cluster
    cluster.stop()


def ahead_s(cluster: Cluster) -> list[float]:
    return [httpx2.get(f"http://127.0.0.1:{each.port}/dev/clock").json()["ahead_s"] for each in cluster.nodes]


@pytest.mark.timeout(120)
def test_clock_that_is_moved_at_one_node_is_moved_at_all(cluster: Cluster) -> None:
    for times in (1, 2, 3):
        cluster.advance(HOUR_S)  # at whichever node the balancer chooses
        assert ahead_s(cluster) == [times * HOUR_S, times * HOUR_S]
    cluster.others[0].kill()
    cluster.advance(HOUR_S)
    cluster.others[0].start()
    assert ahead_s(cluster) == [4 * HOUR_S, 4 * HOUR_S]
