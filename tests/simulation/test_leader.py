"""Two servers on one database: what becomes of the lead when the one that has it stands still, or ends."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.e2e.cli.process import Server, until
from tests.support import postgres

pytestmark = pytest.mark.timeout(60)


class Node(Server):
    """A server for real users, on a database that others serve, too."""

    def __init__(self, folder: Path, name: str, database_url: str) -> None:
        directory = folder / name
        directory.mkdir()
        arguments = ("serve", "--data", str(directory / "data"), "--node-name", name)
        shared = {"TSOCK_DATABASE_URL": database_url, "TSOCK_MASTER_KEY": "0a" * 32}
        super().__init__(directory, *arguments, **shared)

    @property
    def leads(self) -> bool:
        return "\ntsock_leader 1.0\n" in httpx2.get(f"{self.url}/metrics").text

    @property
    def is_ready(self) -> bool:
        return httpx2.get(f"{self.url}/readyz").status_code == 200


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[Node, Node]]:
    """The first one leads."""
    url = postgres.create()
    one = Node(tmp_path, "one", url)
    until(lambda: one.leads, "a leader")
    two = Node(tmp_path, "two", url)
    yield one, two
    for node in (one, two):
        node.end(signal.SIGKILL)


def test_leader_that_stood_still_finds_another_in_its_place_and_is_followed_when_that_ends(
    nodes: tuple[Node, Node],
) -> None:
    one, two = nodes
    assert (one.leads, two.leads) == (True, False)

    one.tell(signal.SIGSTOP)
    until(lambda: two.leads, "another leader")
    one.tell(signal.SIGCONT)
    assert (one.leads, two.leads) == (False, True)
    until(lambda: one.is_ready, "its lease")
    assert (one.leads, two.leads) == (False, True)

    assert two.end() == 0
    until(lambda: one.leads, "a leader after that")


def test_other_node_leads_after_the_leader_was_killed(nodes: tuple[Node, Node]) -> None:
    one, two = nodes
    one.end(signal.SIGKILL)
    until(lambda: two.leads, "another leader")
    assert two.is_ready
