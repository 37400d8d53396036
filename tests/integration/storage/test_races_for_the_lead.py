"""Nodes that renew, take and leave at the same time: at no moment do two of them lead."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.races import Races, Rule
from tsock.cluster import leadership
from tsock.cluster.nodes import Node
from tsock.storage.store import Tx

ONE, TWO, THREE = (Node(name * 32, name, "1.0", "127.0.0.1:1") for name in "abc")


@pytest.fixture(scope="module")
def races() -> Iterator[Races]:
    made = Races(0)
    yield made
    made.close()


def overdue(races: Races) -> Callable[[], int]:
    """Lets the first node lead, and its lease be over; the term."""

    def prepare() -> int:
        for node in (ONE, TWO, THREE):
            races(leadership.leave, node)
            races(leadership.renew, node, None)
        term = races(leadership.take, ONE)
        races(lambda tx: tx.run("UPDATE nodes SET until_ms = 0 WHERE id = :id", {"id": ONE.id}))
        assert term is not None
        return term

    return prepare


def renewing(term: int) -> Rule:
    return lambda tx: leadership.renew(tx, ONE, term).term


def taking(node: Node) -> Callable[[int], Rule]:
    return lambda term: lambda tx: leadership.take(tx, node)


def test_late_renewal_or_another_node_has_the_lead(races: Races) -> None:
    for rules in ((renewing, taking(TWO)), (taking(TWO), renewing)):
        for term, *ended in races.of(overdue(races), *rules):
            assert ended.count(None) == 1
            assert set(ended) < {None, term, term + 1}


def test_one_of_two_nodes_takes_the_lead(races: Races) -> None:
    for _, *ended in races.of(overdue(races), taking(TWO), taking(THREE)):
        assert ended.count(None) == 1


def test_former_leader_that_asks_anew_or_another_node_has_the_lead(races: Races) -> None:
    def anew(term: int) -> Rule:
        def rule(tx: Tx) -> int | None:
            leadership.renew(tx, ONE, None)
            return leadership.take(tx, ONE)

        return rule

    for rules in ((anew, taking(TWO)), (taking(TWO), anew)):
        for _, *ended in races.of(overdue(races), *rules):
            assert ended.count(None) == 1


def test_node_that_leaves_leads_no_longer_whoever_takes_its_place(races: Races) -> None:
    def leaving(term: int) -> Rule:
        return lambda tx: leadership.leave(tx, ONE)

    for rules in ((leaving, taking(TWO)), (taking(TWO), leaving)):
        for _ in races.of(overdue(races), *rules):
            ((holder,),) = races.rows("SELECT node FROM leadership")
            assert holder in (None, TWO.id)
