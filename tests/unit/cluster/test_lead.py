"""How long a node may take itself for the leader."""

import pytest

from tests.support.waiting import Waiting
from tsock.cluster.lead import MARGIN_S, Lead
from tsock.cluster.nodes import LEASE_S

OWN_S = LEASE_S - MARGIN_S


@pytest.fixture
def time() -> Waiting:
    return Waiting()


@pytest.fixture
def lead(time: Waiting) -> Lead:
    return Lead(time.now_s)


def test_node_does_not_lead_until_it_was_told(lead: Lead) -> None:
    assert (lead.is_held(), lead.term) == (False, None)


def test_lead_lasts_from_the_moment_of_asking_to_a_margin_before_the_lease_is_over(
    time: Waiting, lead: Lead
) -> None:
    asked_s = time.now_s()
    time.pass_s(3)  # the answer took that long
    lead.hold(7, asked_s)
    time.pass_s(OWN_S - 3.001)
    assert (lead.is_held(), lead.term) == (True, 7)
    time.pass_s(0.001)
    assert (lead.is_held(), lead.term) == (False, None)


def test_answer_that_comes_too_late_is_worth_nothing(time: Waiting, lead: Lead) -> None:
    asked_s = time.now_s()
    time.pass_s(OWN_S)
    lead.hold(7, asked_s)
    assert not lead.is_held()


def test_answers_in_another_order_do_not_shorten_it(time: Waiting, lead: Lead) -> None:
    first_s = time.now_s()
    time.pass_s(1)
    lead.hold(7, time.now_s())
    lead.hold(7, first_s)
    time.pass_s(OWN_S - 0.001)
    assert lead.is_held()


def test_lead_that_was_let_go_is_not_held(time: Waiting, lead: Lead) -> None:
    lead.hold(7, time.now_s())
    lead.let_go()
    assert not lead.is_held()
