"""Which nodes a database has, and who of them leads, by the rules alone."""

import pytest

from tests.support.memory import Memory
from tests.support.nodes_of_a_database import BEGIN_MS, hold_clock, pass_s
from tsock.cluster import leadership, nodes
from tsock.cluster.leadership import Renewal
from tsock.cluster.nodes import KEPT_S, LEASE_S, Node, Standing

ONE, TWO = (Node(name * 32, name, "1.0", f"127.0.0.1:{port}") for name, port in (("a", 1), ("b", 2)))


@pytest.fixture
def do() -> Memory:
    memory = Memory(0, seed=1)
    hold_clock(memory)
    return memory


def leads(do: Memory, node: Node) -> int:
    """Let a node come and lead; its term."""
    do(leadership.renew, node, None)
    term = do(leadership.take, node)
    assert term is not None
    return term


def test_node_is_known_from_its_first_renewal_to_its_end(do: Memory) -> None:
    assert do(leadership.renew, ONE, None) == Renewal(True, None, True, 1, BEGIN_MS, 0)
    pass_s(do, 2)
    do(leadership.renew, TWO, None)
    assert do(nodes.standings) == [
        Standing(ONE, BEGIN_MS, 3000, False),
        Standing(TWO, BEGIN_MS + 2000, 5000, False),
    ]
    do(leadership.leave, ONE)
    assert [each.node for each in do(nodes.standings)] == [TWO]


def test_lease_that_is_renewed_begins_anew_and_its_node_is_as_old_as_before(do: Memory) -> None:
    do(leadership.renew, ONE, None)
    pass_s(do, 4)
    do(leadership.renew, ONE, None)
    assert do(nodes.standings) == [Standing(ONE, BEGIN_MS, 5000, False)]


def test_node_whose_lease_is_over_is_shown_and_does_not_count(do: Memory) -> None:
    do(leadership.renew, ONE, None)
    pass_s(do, LEASE_S + 3)
    assert do(leadership.renew, TWO, None).nodes == 1
    assert [each.lease_ms for each in do(nodes.standings)] == [-3000, 5000]


def test_leader_forgets_nodes_that_ended_long_ago_without_a_word(do: Memory) -> None:
    do(leadership.renew, ONE, None)
    term = leads(do, TWO)
    pass_s(do, LEASE_S + KEPT_S)
    do(leadership.renew, TWO, term)
    assert len(do(nodes.standings)) == 2
    pass_s(do, 0.001)
    do(leadership.renew, TWO, term)
    assert [each.node for each in do(nodes.standings)] == [TWO]


def test_node_that_was_forgotten_and_comes_back_counts_again(do: Memory) -> None:
    do(leadership.renew, ONE, None)
    do(nodes.remove, ONE.id)
    assert do(leadership.renew, ONE, None).nodes == 1


def test_first_node_leads_and_the_second_does_not(do: Memory) -> None:
    assert leads(do, ONE) == 1
    assert do(leadership.renew, TWO, None) == Renewal(True, None, False, 2, BEGIN_MS, 0)
    assert do(leadership.take, TWO) is None
    assert [each.is_leader for each in do(nodes.standings)] == [True, False]


def test_leader_leads_in_one_term_however_often_it_renews(do: Memory) -> None:
    term = leads(do, ONE)
    for times in (1, 2, 3):
        pass_s(do, LEASE_S - 0.001)
        assert do(leadership.renew, ONE, term) == Renewal(False, term, False, 1, BEGIN_MS + 4999 * times, 0)


def test_nobody_takes_the_lead_before_the_lease_is_over(do: Memory) -> None:
    term = leads(do, ONE)
    pass_s(do, LEASE_S - 0.001)
    assert not do(leadership.renew, TWO, None).is_vacant
    assert do(leadership.take, TWO) is None
    pass_s(do, 0.001)
    assert do(leadership.renew, TWO, None).is_vacant
    assert do(leadership.take, TWO) == term + 1


def test_former_leader_learns_that_another_node_leads(do: Memory) -> None:
    term = leads(do, ONE)
    pass_s(do, LEASE_S)
    do(leadership.take, TWO)
    assert do(leadership.renew, ONE, term) == Renewal(True, None, False, 2, BEGIN_MS + 5000, 0)
    assert do(leadership.take, ONE) is None


def test_leader_whose_place_nobody_took_meanwhile_still_leads(do: Memory) -> None:
    term = leads(do, ONE)
    pass_s(do, LEASE_S + 1)
    assert do(leadership.renew, ONE, term) == Renewal(True, term, False, 1, BEGIN_MS + 6000, 0)
    do(leadership.renew, TWO, None)
    assert do(leadership.take, TWO) is None


def test_node_that_leads_no_longer_by_its_own_clock_leads_anew_in_another_term(do: Memory) -> None:
    term = leads(do, ONE)
    assert do(leadership.renew, ONE, None).is_vacant
    assert do(leadership.take, ONE) == term + 1
    assert do(leadership.renew, ONE, term).term is None


def test_lead_is_free_at_once_when_its_node_stops(do: Memory) -> None:
    term = leads(do, ONE)
    do(leadership.renew, TWO, None)
    do(leadership.leave, ONE)
    assert do(leadership.renew, TWO, None).is_vacant
    assert do(leadership.take, TWO) == term + 1


def test_node_that_stops_and_does_not_lead_leaves_the_leader_alone(do: Memory) -> None:
    term = leads(do, ONE)
    do(leadership.renew, TWO, None)
    do(leadership.leave, TWO)
    assert do(leadership.renew, ONE, term) == Renewal(False, term, False, 1, BEGIN_MS, 0)


def note(do: Memory, *names: str) -> None:
    """Have nodes note a user who is connected to them."""
    sql = "INSERT INTO chat_presence (service_sid, identity, node) VALUES ('IS1', :identity, :node)"
    for name in names:
        for identity in ("alice", "bob"):
            do(lambda tx, name=name, identity=identity: tx.run(sql, {"identity": identity, "node": name}))


def test_node_that_noted_something_is_absent_once_its_lease_is_over(do: Memory) -> None:
    for node in (ONE, TWO):
        do(leadership.renew, node, None)
    assert do(nodes.absent, "chat_presence", ONE.id) == []
    note(do, ONE.id, TWO.id, "", "c")
    assert do(nodes.absent, "chat_presence", ONE.id) == ["", "c"]
    pass_s(do, LEASE_S)
    assert do(nodes.absent, "chat_presence", ONE.id) == ["", TWO.id, "c"]
    do(leadership.renew, TWO, None)
    assert do(nodes.absent, "chat_presence", ONE.id) == ["", "c"]


def test_node_is_spoken_for_by_itself_and_while_it_is_absent(do: Memory) -> None:
    for node in (ONE, TWO):
        do(leadership.renew, node, None)
    assert do(nodes.spoken_for, [TWO.id, "c"], ONE.id) == {ONE.id, "c"}
    pass_s(do, LEASE_S)
    assert do(nodes.spoken_for, [TWO.id, "c"], ONE.id) == {ONE.id, TWO.id, "c"}
