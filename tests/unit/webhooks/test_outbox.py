"""What waits, in which order it leaves, and what is kept of what could not be delivered."""

import random

import pytest

from tests.support.box import HOOK, LANE, Box, counted
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Due, Post, Posted
from tsock.webhooks.targets import StoredUrl


def test_put_delivery_is_due_at_once_with_all_that_was_put(box: Box) -> None:
    box.put("one", topic="ET1")

    (found,) = box(outbox.of_lane, LANE, 10)

    assert (found.account_sid, found.service_sid, found.kind) == (box.account_sid, box.sync_sid, "sync")
    assert (found.topic, found.url, found.parameters) == ("ET1", HOOK, {"EventType": "one"})
    assert (found.created_ms, found.next_ms, found.attempts) == (box.now_ms, box.now_ms, 0)
    assert found.sid.startswith("WD")
    assert box.told == [Posted(found.sid), Due(LANE)]


def test_put_is_undone_with_its_transaction(box: Box) -> None:
    def rule(tx: object) -> None:
        outbox.put(box.tx, Post(box.account_sid, None, "sync", "one", "t", StoredUrl(HOOK), {}))
        raise RuntimeError("refused")

    with pytest.raises(RuntimeError):
        box(rule)

    assert box.all() == []


def test_delivery_never_shows_its_url_or_parameters_in_a_text(box: Box) -> None:
    box.put("one", url="https://user:secret@hooks.example/")

    assert "secret" not in repr(box.of("one"))
    assert "EventType" not in repr(box.of("one"))


def test_what_a_wrong_clock_put_off_is_due_again_once_it_has_gone_back(box: Box) -> None:
    right_ms = box.now_ms
    box.now_ms += 7_200_000
    box.put("one")
    box.now_ms = right_ms
    assert box.due() == []

    box(outbox.bring_forward, 7_200_000)

    assert box.due() == ["one"]
    assert box.told[-1] == Due(LANE)


# Order.


def test_deliveries_of_one_topic_leave_one_by_one_in_the_order_of_putting(box: Box) -> None:
    names = box.put(*"abcde")
    left = []
    while due := box.due():
        left += due
        box.deliver(*due)

    assert left == names
    assert box.all() == []


def test_topics_do_not_wait_for_each_other(box: Box) -> None:
    box.put("a1", "a2", topic="a")
    box.put("b1", "b2", topic="b")

    box.fail("a1")

    assert box.due() == ["b1"]


def test_one_that_moves_up_is_told_to_the_sender_under_its_own_lane(box: Box) -> None:
    box.put("one")
    box.put("two", url="http://elsewhere.example:8080/")
    assert counted(box.told) == {"Posted": 1}

    box.deliver("one")

    assert box.facts[-1] == Due("elsewhere.example:8080")
    assert box.due("elsewhere.example:8080") == ["two"]


def test_failing_delivery_holds_back_its_topic_until_it_is_told_to_move_on(box: Box) -> None:
    box.put("one", "two", "three")
    box.fail("one", again_s=60)
    assert box.due() == []

    box(outbox.move_on, box.of("one"))

    assert box.due() == ["two"]
    box.now_ms += 60_000
    assert sorted(box.due()) == ["one", "two"]
    box.deliver("one")  # late, and of no consequence to the others
    assert box.due() == ["two"]
    box.deliver("two")
    assert box.due() == ["three"]


def test_given_up_delivery_lets_the_next_one_leave_and_is_kept(box: Box) -> None:
    box.put("one", "two")

    box.give_up("one")

    assert box.due() == ["two"]
    dead = box.of("one")
    assert (dead.given_up_ms, dead.next_ms, dead.attempts) == (box.now_ms, None, 1)
    assert (dead.failure_code, dead.failure) == (11217, "answered 400")


def test_failures_are_counted_from_the_first_and_the_last_is_told(box: Box) -> None:
    box.put("one")
    first_ms = box.now_ms
    box.fail("one")
    box.now_ms += 5000
    box(outbox.failed, box.of("one"), 11203, "no answer", box.now_ms + 9000)

    found = box.of("one")

    assert (found.attempts, found.failing_since_ms, found.next_ms) == (2, first_ms, box.now_ms + 9000)
    assert (found.failure_code, found.failure) == (11203, "no answer")


def test_failure_of_an_attempt_that_another_overtook_changes_nothing(box: Box) -> None:
    box.put("one")
    before = box.of("one")
    box.fail("one")
    found = box.of("one")

    assert not box(outbox.failed, before, 11203, "no answer", box.now_ms)
    assert not box(outbox.give_up, before, 11203, "no answer")

    assert box.of("one") == found


def test_delivery_that_arrived_is_forgotten_whoever_attempted_it_meanwhile(box: Box) -> None:
    box.put("one", "two")
    before = box.of("one")
    box.fail("one")

    box(outbox.delivered, before)

    assert box.due() == ["two"]


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_each_topic_has_one_first_as_long_as_it_has_any_behind(box: Box, seed: int) -> None:
    """And nothing is lost: what was put is delivered, waits or is dead."""
    chance = random.Random(seed)
    put, gone = 0, 0
    for _ in range(300):
        waiting = [each for each in box.all() if each.next_ms is not None]
        what = chance.choice(["put", "put", "deliver", "fail", "give up", "move on", "resend", "shed"])
        if what == "put":
            box.put(str(put), topic=chance.choice("abc"))
            put += 1
        elif what == "shed":
            box(outbox.shed, 11200, "too many", 1)
        elif what == "resend":
            dead = box(outbox.page, "dead", after=0, limit=1000)
            if dead:
                box(outbox.resend, chance.choice(dead))
        elif waiting:
            one = chance.choice(waiting)
            if what == "deliver":
                box.deliver(one.event_type)
                gone += 1
            elif what == "fail":
                box.fail(one.event_type)
            elif what == "give up":
                box.give_up(one.event_type)
            else:
                box(outbox.move_on, one)
        left = box.all()
        assert len(left) == put - gone
        for topic in "abc":
            of_topic = [each for each in left if each.topic == topic and each.given_up_ms is None]
            behind = [each for each in of_topic if each.next_ms is None]
            assert sum(each.is_first for each in of_topic) <= 1
            assert not behind or any(each.is_first for each in of_topic)


def test_facts_count_what_waits(box: Box) -> None:
    box.put("one", "two", "three")
    assert counted(box.told) == {"Posted": 3, "Due": 1}
    box.deliver("one")
    assert counted(box.facts) == {"Left": 1, "Due": 1}
    box.give_up("two")
    assert counted(box.facts) == {"Left": 1, "Due": 1}
    box.fail("three")
    assert counted(box.facts) == {}
    box(outbox.resend, box.of("two"))
    assert counted(box.facts) == {"Posted": 1}

    assert box(outbox.backlog).waiting == 2


def test_outcome_of_one_that_was_given_up_meanwhile_counts_once(box: Box) -> None:
    box.put("one", "two", "three")
    sent = box.of("one")
    box(outbox.shed, 11200, "too many", 1)

    box(outbox.failed, sent, 11203, "no answer", box.now_ms + 1)
    assert box.of("one").failure_code == 11200
    assert not box(outbox.give_up, sent, 11203, "no answer")
    box(outbox.delivered, sent)

    assert counted(box.facts) == {}
    assert [each.event_type for each in box.all()] == ["two", "three"]
    assert box.due() == ["two"]
    box(outbox.delivered, sent)  # once more, as after an outcome that was written twice


# What a sender that starts is told.


def test_standing_names_every_lane_with_its_earliest_time(box: Box) -> None:
    box.put("one", topic="a")
    box.put("two", "three", topic="b", url="http://10.0.0.1/")
    box.put("four", topic="c", url="http://[fe80::1]:9000/x")
    box.put("five", topic="d", url="nonsense")
    box.fail("one", again_s=5)

    told = box(outbox.backlog)

    now_ms = box.now_ms
    assert told.waiting == 5
    assert told.lanes == {LANE: now_ms + 5000, "10.0.0.1:80": now_ms, "[fe80::1]:9000": now_ms, "": now_ms}


def test_lane_gives_the_earliest_first(box: Box) -> None:
    for name, again_s in (("one", 30), ("two", 10), ("three", 20)):
        box.put(name, topic=name)
        box.fail(name, again_s=again_s)

    assert [each.event_type for each in box(outbox.of_lane, LANE, 2)] == ["two", "three"]


# What an operator is told and does.


def test_pages_are_by_state_account_and_service_in_the_order_of_putting(box: Box) -> None:
    other, _ = box.another_account()
    box.put("one", "two", "three", "four")
    box.put("five", account_sid=other.sid, service_sid="IS2")
    for name in ("four", "five", "two"):
        box.give_up(name)

    def names(state: outbox.DeliveryState, **filters: str) -> list[str]:
        return [each.event_type for each in box(outbox.page, state, after=0, limit=10, **filters)]

    assert names("waiting") == ["one", "three"]
    assert names("dead") == ["two", "four", "five"]
    assert names("dead", account_sid=box.account_sid) == ["two", "four"]
    assert names("dead", account_sid=other.sid, service_sid="IS2") == ["five"]
    assert names("dead", account_sid=other.sid, service_sid=box.sync_sid) == []


def test_next_page_begins_behind_the_last_number(box: Box) -> None:
    box.put(*"abcde")

    first = box(outbox.page, "waiting", after=0, limit=3)
    second = box(outbox.page, "waiting", after=first[-1].number, limit=3)

    assert [each.event_type for each in (*first, *second)] == list("abcde")


def test_resent_delivery_begins_anew(box: Box) -> None:
    box.put("one")
    box.fail("one")
    box.give_up("one")
    box.now_ms += 1000

    box(outbox.resend, box.of("one"))

    assert box.due() == ["one"]
    fresh = box.of("one")
    assert (fresh.attempts, fresh.failing_since_ms, fresh.given_up_ms) == (0, None, None)


def test_resent_deliveries_keep_their_order_and_come_before_what_was_put_later(box: Box) -> None:
    box.put("one", "two")
    box.give_up("one")
    box.give_up("two")
    box.put("three", "four")
    for name in ("two", "one"):
        box(outbox.resend, box.of(name))
    left = []
    while due := box.due():
        left += due
        box.deliver(*due)

    assert left == ["three", "one", "two", "four"]  # the third was first already


# Limits.


def test_dead_letters_are_trimmed_by_age_and_number_and_waiting_ones_never(box: Box) -> None:
    box.put(*"abcdef")
    for name in "abcd":
        box.give_up(name)
        box.now_ms += 1000

    def dead() -> list[str]:
        return [each.event_type for each in box(outbox.page, "dead", after=0, limit=10)]

    while box(outbox.trim, 0, 3, 1):
        pass
    assert dead() == ["b", "c", "d"]
    while box(outbox.trim, box.of("d").given_up_ms, 3, 1):
        pass
    assert dead() == ["d"]
    assert [each.event_type for each in box.all()] == ["e", "f", "d"]


def test_oldest_of_too_many_are_given_up_with_the_reason(box: Box) -> None:
    box.put("one", "two", topic="a")
    box.put("three", topic="b")

    box(outbox.shed, 11200, "too many wait", 2)

    assert [each.event_type for each in box(outbox.page, "dead", after=0, limit=10)] == ["one", "two"]
    assert (box.of("two").failure_code, box.of("two").failure, box.of("two").attempts) == (
        11200,
        "too many wait",
        0,
    )
    assert box.due() == ["three"]


@pytest.mark.sqlite
def test_every_question_on_the_way_of_a_delivery_is_answered_by_an_index(box: Box) -> None:
    statements: set[str] = set()
    box.database.set_trace_callback(statements.add)
    box.put("one", "two", "three")
    box.fail("one")
    box(outbox.move_on, box.of("one"))
    box.deliver("two")
    box.give_up("three")
    box(outbox.resend, box.of("three"))
    box(outbox.page, "waiting", account_sid=box.account_sid, service_sid="IS1", after=1, limit=1)
    box(outbox.page, "dead", account_sid=box.account_sid, after=1, limit=1)
    box(outbox.shed, 11200, "too many", 1)
    box.due()
    box.database.set_trace_callback(None)

    asked = [sql for sql in statements if "webhook_deliveries" in sql and not sql.startswith("INSERT")]
    plans = {sql: str(box.database.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()) for sql in asked}

    assert len(plans) > 10
    assert {sql: plan for sql, plan in plans.items() if "SCAN" in plan or "TEMP B-TREE" in plan} == {}
