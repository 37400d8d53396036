"""Which of several nodes leads, on PostgreSQL, whatever becomes of them."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from tests.support import postgres
from tests.support.members import Cluster, Member, until
from tests.support.nodes_of_a_database import BEGIN_MS
from tsock.cluster.lead import MARGIN_S
from tsock.cluster.nodes import LEASE_S

OWN_S = int(LEASE_S - MARGIN_S)


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    made = Cluster()
    yield made
    await made.close()


@pytest.fixture
async def one(cluster: Cluster) -> Member:
    """Came first, and leads."""
    return await cluster.join("a")


@pytest.fixture
async def two(cluster: Cluster, one: Member) -> Member:
    return await cluster.join("b")


async def test_first_node_leads_for_as_long_as_it_runs(cluster: Cluster, one: Member, two: Member) -> None:
    await cluster.pass_s(12, one, two)

    assert (one.leads, two.leads) == (True, False)
    assert (one.looks, two.looks) == (13, 0)
    assert (one.metrics.nodes, two.metrics.nodes) == (2, 2)
    shown = await two.standings()
    assert {name: each.is_leader for name, each in shown.items()} == {"a": True, "b": False}
    assert all(each.lease_ms == 5000 for each in shown.values())


async def test_leader_and_number_of_nodes_are_figures(one: Member, two: Member) -> None:
    assert b"tsock_leader 1.0\n" in one.metrics.page()
    assert b"tsock_leader 0.0\n" in two.metrics.page()
    assert b"tsock_nodes 2.0\n" in two.metrics.page()


async def test_clock_of_every_node_follows_that_of_the_database(
    cluster: Cluster, one: Member, two: Member
) -> None:
    cluster.pass_in_database()
    for member in (one, two):
        member.passed_s += 5.0
        assert member.clock.now_ms() == BEGIN_MS + 5000
        await member.pass_s(1.0)
        assert member.clock.now_ms() == BEGIN_MS + 1000


async def test_node_that_did_not_hear_how_far_the_clock_was_moved_learns_it_with_its_renewal(
    cluster: Cluster, one: Member
) -> None:
    postgres.administer(cluster.url, "UPDATE progress SET ahead_ms = 3600000")
    await one.pass_s(1)
    assert one.clock.now_ms() == BEGIN_MS + 3_600_000


async def test_other_node_leads_once_the_lease_of_a_dead_one_is_over_and_not_before(
    cluster: Cluster, one: Member, two: Member
) -> None:
    await cluster.pass_s(4, two)
    assert not two.leads
    with capture_logs() as logs:
        await cluster.pass_s(1, two)
    assert two.leads
    assert two.looks == 1
    assert [(log["event"], log["term"]) for log in logs] == [("node.leads", 2)]
    assert two.metrics.nodes == 1


async def test_leader_that_stood_still_has_stopped_leading_before_another_begins(
    cluster: Cluster, one: Member, two: Member
) -> None:
    await cluster.pass_s(OWN_S, two)
    one.passed_s += OWN_S  # its clock goes on, and nothing else of it
    assert (one.leads, two.leads) == (False, False)
    await cluster.pass_s(1, two)
    assert (one.leads, two.leads) == (False, True)


async def test_leader_that_comes_back_after_long_does_nothing_of_a_leader(
    cluster: Cluster, one: Member, two: Member
) -> None:
    await cluster.pass_s(30, two)
    looks = one.looks
    with capture_logs() as logs:
        await one.pass_s(30)
    assert (one.leads, one.looks, one.let_gos) == (False, looks, 1)
    assert (one.returns, two.returns) == (2, 1)  # the first time is when they came
    assert [log["event"] for log in logs] == ["node.leads_no_longer"]
    await cluster.pass_s(10, one, two)
    assert (one.leads, two.leads) == (False, True)
    assert (one.metrics.nodes, two.let_gos) == (2, 0)


async def test_leader_that_stood_still_while_nobody_else_was_there_leads_anew(
    cluster: Cluster, one: Member
) -> None:
    await one.pass_s(30)
    assert (one.leads, one.let_gos) == (True, 1)


async def test_node_that_stops_is_gone_and_another_one_leads_at_its_next_renewal(
    cluster: Cluster, one: Member, two: Member
) -> None:
    await one.membership.stop()
    assert not one.leads
    assert list(await two.standings()) == ["b"]
    await two.pass_s(1)
    assert two.leads


async def test_two_nodes_that_find_the_lead_free_do_not_both_take_it(
    cluster: Cluster, one: Member, two: Member
) -> None:
    third = await cluster.join("c")
    await one.membership.stop()
    for member in (two, third):
        member.passed_s += 1
        member.deadlines.run_due()
    for member in (two, third):
        await member.store.settled()
    assert sorted((two.leads, third.leads)) == [False, True]


async def test_leader_that_is_cut_off_stops_and_says_why_until_it_reaches_the_database_again(
    cluster: Cluster, one: Member
) -> None:
    assert one.membership.problem is None
    with capture_logs() as logs, postgres.unreachable(cluster.url):
        for _ in range(OWN_S):
            assert one.leads
            await one.pass_s(1)
        assert not one.leads
        assert one.membership.problem is None  # the lease that others know of is not over yet
        await one.pass_s(1)
        problem = one.membership.problem or ""
        assert problem.startswith("this node's lease in the database has been over for 0 s, so others")
    assert [log["event"] for log in logs if log["event"].startswith("node")] == [
        "node.not_renewed",
        "node.leads_no_longer",
    ]
    for _ in range(3):
        await one.pass_s(1)
    assert one.leads
    assert one.membership.problem is None


async def test_node_that_cannot_say_that_it_stops_does_so_all_the_same(
    cluster: Cluster, one: Member, two: Member
) -> None:
    with postgres.unreachable(cluster.url):
        await one.membership.stop()
    assert list(await two.standings()) == ["a", "b"]


async def test_renewals_go_on_while_whoever_took_the_lead_stands_still_in_its_transaction(
    cluster: Cluster, one: Member, two: Member
) -> None:
    with postgres.holding(cluster.url, "SELECT * FROM leadership FOR UPDATE"):
        for _ in range(6):
            cluster.pass_in_database()
            two.passed_s += 1
            two.deadlines.run_due()
            await until(lambda: two.membership.problem is None, "a renewal")
    await two.store.settled()
    assert two.membership.problem is None
    assert two.leads


async def test_node_that_a_newer_one_has_outgrown_says_so_and_leads_no_longer(
    cluster: Cluster, one: Member, two: Member
) -> None:
    postgres.administer(cluster.url, "INSERT INTO schema_compatibility (version) VALUES (9999)")
    with capture_logs() as logs:
        await cluster.pass_s(2, one, two)
    assert (one.leads, two.leads) == (False, False)
    for node in (one, two):
        assert node.membership.problem is not None
        assert (
            "the database needs a tsock that knows schema version 9999, and this one"
            in node.membership.problem
        )
    assert [(log["event"], log["node"]) for log in logs] == [
        ("node.outgrown", "a"),
        ("node.leads_no_longer", "a"),
        ("node.outgrown", "b"),
    ]
    await cluster.pass_s(10, one, two)
    assert (one.leads, two.leads) == (False, False)


async def test_node_whose_lease_ended_unnoticed_is_told_to_say_everything_again(
    cluster: Cluster, one: Member, two: Member
) -> None:
    for _ in range(10):  # the clock of one stands still with its machine
        cluster.pass_in_database()
        await two.pass_s(1)
    await one.pass_s(1)
    assert (one.returns, two.returns) == (2, 1)
    postgres.administer(cluster.url, "DELETE FROM nodes WHERE name = 'b'")
    await two.pass_s(1)
    assert two.returns == 2
