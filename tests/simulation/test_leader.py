"""Two servers on one database: what becomes of the lead when the one that has it stands still, or ends."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.cli.process import PATIENCE_S, Client, Server, until
from tests.interop.library import Api, InPython
from tests.interop.receiver import Hook, receiving
from tests.interop.server import Server as Development
from tests.simulation.nodes import IS_LONG, running
from tests.support import postgres

pytestmark = pytest.mark.timeout(120)

STILL_S = 30.0 if IS_LONG else 0.0
"""How long at least the leader stands still."""


class Node(Server):
    """A server for real users, on a database that others serve, too."""

    def __init__(self, folder: Path, name: str, database_url: str) -> None:
        directory = folder / name
        directory.mkdir()
        arguments = ("serve", "--data", str(directory / "data"), "--node-name", name)
        shared = {"TSOCK_DATABASE_URL": database_url, "TSOCK_MASTER_KEY": "0a" * 32}
        super().__init__(directory, *arguments, **shared)

    @property
    def is_ready(self) -> bool:
        return httpx2.get(f"{self.url}/readyz").status_code == 200


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[Node, Node]]:
    """The first one leads."""
    url = postgres.create()
    one = Node(tmp_path, "one", url)
    until(lambda: leads(one), "a leader")
    two = Node(tmp_path, "two", url)
    yield one, two
    for node in (one, two):
        node.end(signal.SIGKILL)


def test_leader_that_stood_still_finds_another_in_its_place_and_is_followed_when_that_ends(
    nodes: tuple[Node, Node],
) -> None:
    one, two = nodes
    assert (leads(one), leads(two)) == (True, False)

    one.tell(signal.SIGSTOP)
    until(lambda: leads(two), "another leader")
    one.tell(signal.SIGCONT)
    assert (leads(one), leads(two)) == (False, True)
    until(lambda: one.is_ready, "its lease")
    assert (leads(one), leads(two)) == (False, True)

    assert two.end() == 0
    until(lambda: leads(one), "a leader after that")


def test_other_node_leads_after_the_leader_was_killed(nodes: tuple[Node, Node]) -> None:
    one, two = nodes
    one.end(signal.SIGKILL)
    until(lambda: leads(two), "another leader")
    assert two.is_ready


@pytest.mark.soak
def test_leader_that_stood_still_repeats_no_webhook_but_what_was_under_way_and_keeps_nobody_who_lost_access(
    tmp_path: Path,
) -> None:
    answers = threading.Event()

    def wait(hook: Hook) -> None:
        answers.wait(STILL_S + PATIENCE_S)

    with running(tmp_path, database_url=postgres.create()) as cluster, receiving() as receiver:
        leader, other = cluster.nodes
        until(lambda: leads(leader), "a leader")
        key = cluster.account.new_key()
        visitor = Client(address(leader))
        visitor.init(key.token())
        receiver.decide = wait
        service = telling(other, cluster.credentials, receiver.url)
        for _ in range(5):
            service.documents.create()
        under_way = receiver.next()  # to a target that never answered yet goes one at a time

        os.kill(leader.pid, signal.SIGSTOP)
        goes_on_s = time.monotonic() + STILL_S
        for _ in range(5):
            service.documents.create()
        other.operator("DELETE", f"/accounts/{key.sid}/keys/{key.key_sid}")
        until(lambda: leads(other), "another leader")
        answers.set()
        hooks = [under_way, *(receiver.next() for _ in range(10))]
        time.sleep(max(0.0, goes_on_s - time.monotonic()))
        os.kill(leader.pid, signal.SIGCONT)

        assert (leads(leader), leads(other)) == (False, True)
        visitor.until_closed()
        for _ in range(5):
            service.documents.create()
        hooks += [receiver.next() for _ in range(5)]
        until(lambda: "\ntsock_webhooks_waiting 0.0\n" in metrics(other), "nothing to wait")
        while not receiver.empty():
            hooks.append(receiver.next())
    times = Counter(hook.headers["i-twilio-idempotency-token"] for hook in hooks)
    again = under_way.headers["i-twilio-idempotency-token"]
    assert sorted(times.values()) == [1] * 14 + [2]
    assert times[again] == 2


def telling(node: Development, credentials: dict[str, str], url: str) -> Any:
    """A service whose webhooks tell of changes over REST, which are asked of this node."""
    account = credentials["TWILIO_ACCOUNT_SID"], credentials["TWILIO_AUTH_TOKEN"]
    services = Api(InPython(address(node), *account, None)).sync.v1.services
    return services(services.create(webhook_url=url, webhooks_from_rest_enabled=True)["sid"])


def address(node: Server | Development) -> str:
    """Of that node itself, whatever is in front."""
    return f"http://127.0.0.1:{node.port}"


def metrics(node: Server | Development) -> str:
    return httpx2.get(f"{address(node)}/metrics").text


def leads(node: Server | Development) -> bool:
    return "\ntsock_leader 1.0\n" in metrics(node)
