"""What leaves the outbox, when, in which order, and at whose cost."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from tests.support.post_office import BUSY, REFUSED, WRONG, PostOffice, Script
from tests.support.receiver import OK, Receiver, answer
from tsock.accounts.accounts import rotate_auth_token
from tsock.accounts.principal import OPERATOR
from tsock.errors import StoreBusy
from tsock.storage.store import Tx
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Post
from tsock.webhooks.targets import StoredUrl

HOOK = "https://hooks.example/"
HOUR_S = 3600


def silent(host: str) -> str:
    return f"http://{host}.silent.example/"


# Real requests.


async def test_put_delivery_arrives_signed_and_leaves_the_outbox(
    real_office: PostOffice, receiver: Receiver
) -> None:
    await real_office.put("document_created", url=receiver.url)

    (request,) = await receiver.until(1)

    validator = RequestValidator(real_office.made.auth_token)
    assert request.form == {"EventType": "document_created"}
    assert validator.validate(receiver.url, request.form, request.headers["x-twilio-signature"])
    await real_office.until_told(1)
    assert await real_office.rows() == []
    assert (real_office.metrics.webhooks_sent, real_office.metrics.webhooks_waiting) == (1, 0)
    assert len(real_office.taken) == 1


async def test_deliveries_of_one_topic_arrive_in_order_however_many(
    real_office: PostOffice, receiver: Receiver
) -> None:
    names = [str(number) for number in range(40)]
    for name in names:
        await real_office.put(name, topic=f"topic {int(name) % 3}", url=receiver.url)

    requests = await receiver.until(len(names))

    arrived = [request.form["EventType"] for request in requests]
    for topic in range(3):
        assert [name for name in arrived if int(name) % 3 == topic] == names[topic::3]


async def test_repeat_carries_the_same_idempotency_token(real_office: PostOffice, receiver: Receiver) -> None:
    receiver.reply = lambda request: OK if len(receiver.requests) > 2 else answer(503)
    await real_office.put("one", url=receiver.url)
    for number in (1, 2):
        await real_office.until_told(number)
        real_office.advance_s(60)

    requests = await receiver.until(3)

    assert len({request.headers["i-twilio-idempotency-token"] for request in requests}) == 1
    await real_office.until_told(3)
    assert await real_office.rows() == []


async def test_failure_is_reported_with_request_and_answer(
    real_office: PostOffice, receiver: Receiver
) -> None:
    receiver.reply = lambda request: answer(404, b"no such page")

    await real_office.put("one", url=receiver.url)
    await real_office.until(lambda: real_office.reported, "a report")

    (failure,) = real_office.reported
    assert (failure.fault.code, failure.is_given_up) == (11217, True)
    assert failure.fault.request is not None
    assert failure.fault.request.url == receiver.url
    assert failure.fault.response is not None
    assert (failure.fault.response.status, failure.fault.response.body) == (404, "no such page")


@pytest.mark.parametrize("password", ["hunter2", "A" * 60, "%"])
async def test_password_that_cannot_be_opened_ends_its_delivery_alone(
    real_office: PostOffice, receiver: Receiver, password: str
) -> None:
    damaged = receiver.url.replace("//", f"//hook:{password}@")
    sql = "UPDATE webhook_deliveries SET url = :url"
    post = Post(real_office.made.account_sid, None, "sync", "bad", "t", StoredUrl(receiver.url), {})

    def put(tx: Tx) -> None:
        outbox.put(tx, post)
        tx.run(sql, {"url": damaged})

    await real_office.do(put)
    await real_office.put("good", topic="t", url=receiver.url.replace("//", "//hook:hunter2@"))
    (request,) = await receiver.until(1)
    assert request.form["EventType"] == "good"
    await real_office.until_told(2)

    (failure,) = real_office.reported
    assert (failure.event_type, failure.fault.code, failure.is_given_up) == ("bad", 11321, True)
    assert "cannot be opened with this master key" in failure.fault.text
    assert password not in failure.fault.text
    assert await real_office.names("dead") == ["bad"]


# Retries.


async def test_failed_delivery_is_tried_again_at_its_time_and_not_before(
    office: PostOffice, script: Script
) -> None:
    script.outcome = lambda delivery: BUSY if len(script.attempts) < 3 else None
    await office.put("one", url=HOOK)
    await office.until_told(1)
    (waiting,) = await office.rows()
    assert waiting.next_ms == office.clock.now_ms() + 1500  # half-way between 1 s and 2 s
    assert (waiting.failure_code, waiting.failure) == (11217, "answered 503")

    office.advance_s(1.4)
    await office.put("other", topic="other", url=HOOK)
    await office.until_told(2)
    assert script.attempts == ["one", "other"]
    office.advance_s(0.1)
    await office.until_told(3)
    assert script.attempts == ["one", "other", "one"]


async def test_moved_clock_lets_every_retry_happen(office: PostOffice, script: Script) -> None:
    script.outcome = lambda delivery: REFUSED
    await office.put("one", url=HOOK)
    for number in range(1, 6):
        await office.until_told(number)
        office.advance_s(HOUR_S)
    await office.until_told(6)

    assert (await office.rows())[0].attempts == 6


@pytest.mark.settings(webhook_give_up_h=2.0)
async def test_delivery_that_fails_for_too_long_is_given_up_and_reported_twice(
    office: PostOffice, script: Script
) -> None:
    script.outcome = lambda delivery: REFUSED
    await office.put("one", url=HOOK)
    while await office.rows():
        await office.pass_s(60)
    (dead,) = await office.rows("dead")
    await office.until_told(dead.attempts)

    assert dead.attempts == len(script.attempts) == office.metrics.webhooks_failed[11202] > 3
    assert dead.given_up_ms is not None
    assert dead.given_up_ms - dead.created_ms <= (2 * HOUR_S + 60) * 1000
    assert [(each.attempt, each.is_given_up) for each in office.reported] == [
        (1, False),
        (dead.attempts, True),
    ]
    assert (office.metrics.webhooks_given_up, office.metrics.webhooks_waiting) == (1, 0)


async def test_failure_that_would_repeat_is_given_up_at_once(office: PostOffice, script: Script) -> None:
    script.outcome = lambda delivery: WRONG

    await office.put("one", "two", url=HOOK)
    await office.until_told(2)

    assert script.attempts == ["one", "two"]
    assert await office.names("dead") == ["one", "two"]


async def test_url_may_limit_the_retries(office: PostOffice, script: Script) -> None:
    script.outcome = lambda delivery: BUSY
    await office.put("one", url=f"{HOOK}#rc=1")
    await office.until_told(1)
    office.advance_s(HOUR_S)
    await office.until_told(2)

    assert await office.names("dead") == ["one"]


async def test_debugger_webhook_is_tried_once_and_its_failure_reported_to_nobody(
    office: PostOffice, script: Script
) -> None:
    script.outcome = lambda delivery: BUSY
    await office.put("one", url=HOOK, kind="debugger")
    await office.until_told(1)

    assert await office.names("dead") == ["one"]
    assert office.reported == []


async def test_every_attempt_is_signed_with_the_token_of_its_moment(
    office: PostOffice, script: Script
) -> None:
    script.outcome = lambda delivery: BUSY
    await office.put("one", url=HOOK)
    await office.until_told(1)
    fresh = await office.do(rotate_auth_token, office.vault, office.made.account_sid, by=OPERATOR)
    office.advance_s(HOUR_S)
    await office.until_told(2)

    assert script.tokens == [office.made.auth_token.encode(), fresh.encode()]


async def test_mistake_of_ours_is_logged_and_pauses_like_a_failure(
    office: PostOffice, script: Script
) -> None:
    def mistake(delivery: object) -> None:
        raise KeyError("oops")

    script.outcome = mistake
    with capture_logs() as lines:
        await office.put("one", url=HOOK)
        await office.until_told(1)

    assert script.attempts == ["one"]
    assert (await office.rows())[0].failure_code == 11200
    assert "webhook.failed" in [line["event"] for line in lines]


async def test_log_names_the_target_and_never_what_is_sent(office: PostOffice, script: Script) -> None:
    script.outcome = lambda delivery: BUSY
    with capture_logs() as lines:
        await office.put("one", url="https://user:secret@hooks.example/path?key=secret")
        await office.until_told(1)

    (line,) = (line for line in lines if line["event"] == "webhook.not_delivered")
    assert (line["target"], line["code"], line["attempt"]) == ("hooks.example:443", 11217, 1)
    assert "secret" not in repr(lines)


# Order.


@pytest.mark.settings(webhook_hold_s=600.0)
async def test_failing_delivery_holds_back_its_topic_for_a_while_and_no_other(
    office: PostOffice, script: Script
) -> None:
    script.outcome = lambda delivery: BUSY if delivery.event_type == "bad" else None
    await office.put("bad", "later", topic="a", url=HOOK)
    await office.put("other", topic="b", url=HOOK)
    await office.until_told(2)
    began_ms = office.clock.now_ms()
    while "later" not in script.attempts:
        await office.pass_s(10)

    assert script.attempts[:2] == ["bad", "other"]
    passed_s = (office.clock.now_ms() - began_ms) / 1000
    assert 300 < passed_s <= 600
    assert await office.names() == ["bad"]


async def test_order_is_kept_over_an_outage(office: PostOffice, script: Script) -> None:
    script.outcome = lambda delivery: REFUSED
    await office.put(*"abc", url=HOOK)
    await office.until_told(1)
    assert script.attempts == ["a"]

    script.outcome = lambda delivery: None
    office.advance_s(60)
    await office.until_told(4)

    assert script.attempts == ["a", "a", "b", "c"]


# Limits.


@pytest.mark.settings(webhook_in_flight_per_target_max=3)
async def test_target_that_answers_gets_so_many_attempts_at_once(office: PostOffice, script: Script) -> None:
    await office.put("first", topic="first", url=HOOK)
    await office.until_told(1)
    script.waits = lambda delivery: True
    for name in "abcdefg":
        await office.put(name, topic=name, url=HOOK)
    await office.until(lambda: len(script.under_way) == 3, "three")
    await office.store.settled()
    assert list(script.under_way) == ["a", "b", "c"]

    script.end("b")
    await office.until(lambda: "d" in script.under_way, "the next")

    assert sorted(script.under_way) == ["a", "c", "d"]


async def test_target_that_has_not_answered_gets_one_attempt_at_a_time(
    office: PostOffice, script: Script
) -> None:
    script.waits = lambda delivery: True
    for name in "abc":
        await office.put(name, topic=name, url=HOOK)
    await office.until(lambda: script.under_way, "one")
    await office.store.settled()
    assert list(script.under_way) == ["a"]

    script.end("a", REFUSED)
    await office.until(lambda: list(script.under_way) == ["b"], "the next")
    await office.store.settled()
    assert list(script.under_way) == ["b"]

    script.end("b", BUSY)  # an answer, if no pleasant one
    await office.until(lambda: list(script.under_way) == ["c"], "the last")


@pytest.mark.settings(webhook_in_flight_max=8)
async def test_targets_that_do_not_answer_leave_most_attempts_to_the_others(
    office: PostOffice, script: Script
) -> None:
    script.outcome = lambda delivery: REFUSED if "silent" in delivery.lane else None
    for number in range(20):
        await office.put(f"silent {number}", topic=str(number), url=silent(str(number)))
    await office.until_told(20)
    script.waits = lambda delivery: "silent" in delivery.lane
    office.advance_s(60)
    await office.until(lambda: len(script.under_way) == 2, "a quarter")

    for number in range(50):
        await office.put(f"good {number}", topic=f"good {number}", url=HOOK)
    await office.until(lambda: office.metrics.webhooks_sent == 50, "all the good ones")

    assert (script.most, office.metrics.webhooks_waiting) == (2, 20)


@pytest.mark.settings(webhook_in_flight_max=8)
async def test_targets_of_which_nothing_is_known_get_half_of_the_attempts(
    office: PostOffice, script: Script
) -> None:
    await office.put("known", url=HOOK)
    await office.until_told(1)
    script.waits = lambda delivery: "silent" in delivery.lane
    for number in range(20):
        await office.put(f"new {number}", topic=str(number), url=silent(str(number)))
    await office.until(lambda: len(script.under_way) == 4, "half")

    for number in range(50):
        await office.put(f"good {number}", topic=f"good {number}", url=HOOK)
    await office.until(lambda: office.metrics.webhooks_sent == 51, "all the good ones")

    assert script.most == 4


@pytest.mark.settings(webhook_in_flight_max=4, webhook_in_flight_per_target_max=4)
async def test_so_many_attempts_are_under_way_altogether(office: PostOffice, script: Script) -> None:
    hosts = [f"https://{letter}.example/" for letter in "abc"]
    for host in hosts:
        await office.put(host, topic=host, url=host)
    await office.until_told(3)
    script.waits = lambda delivery: True
    for number in range(12):
        await office.put(str(number), topic=str(number), url=hosts[number % 3])
    for left in range(12, 0, -1):
        await office.until(lambda left=left: len(script.under_way) == min(4, left), "full")
        script.end(next(iter(script.under_way)))
    await office.until_told(15)

    assert script.most == 4


@pytest.mark.settings(webhook_waiting_max=5)
async def test_too_many_that_wait_lose_the_oldest_to_the_dead_letters(
    office: PostOffice, script: Script
) -> None:
    script.outcome = lambda delivery: REFUSED
    names = [str(number) for number in range(9)]
    with capture_logs() as lines:
        for name in names:
            await office.put(name, topic=name, url=HOOK)
        await office.until(lambda: office.metrics.webhooks_waiting == 5, "five")

    assert await office.names("dead") == names[:4]
    assert await office.names() == names[4:]
    assert {each.failure_code for each in await office.rows("dead")} == {11200}
    assert office.metrics.webhooks_given_up == 4
    assert "webhooks.shed" in [line["event"] for line in lines]


async def test_targets_that_nothing_waits_for_are_forgotten(
    office: PostOffice, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsock.jobs.deliveries.LANES_MAX", 3)
    for number in range(20):
        await office.put(str(number), topic=str(number), url=f"https://host{number}.example/")
    await office.until_told(20)
    await office.until(lambda: len(office.deliveries._lanes) <= 3, "few lanes")


# Starting, stopping, and a store that does not work.


async def test_what_waits_is_sent_by_the_next_process(tmp_path: Path) -> None:
    first = PostOffice(tmp_path, Script())
    first.client.outcome = lambda delivery: BUSY
    await first.open()
    first.start()
    await first.put("failed", topic="a", url=HOOK)
    await first.until_told(1)
    await first.stop()
    await first.put("later", topic="b", url=HOOK)
    await first.close()

    second = PostOffice(tmp_path, Script())
    await second.open()
    second.start()
    await second.until_told(1)
    assert second.client.attempts == ["later"]
    assert second.metrics.webhooks_waiting == 1
    second.advance_s(60)
    await second.until_told(2)
    assert second.client.attempts == ["later", "failed"]
    assert await second.rows() == []
    await second.close()


@pytest.mark.settings(close_timeout_s=20.0)
async def test_stop_lets_what_is_under_way_end(office: PostOffice, script: Script) -> None:
    script.waits = lambda delivery: True
    await office.put("one", url=HOOK)
    await office.put("two", topic="b", url=silent("x"))
    await office.until(lambda: len(script.under_way) == 2, "both")

    stopping = asyncio.create_task(office.stop())
    await asyncio.sleep(0)
    await office.put("late", topic="c", url="https://other.example/")
    script.end("one")
    script.end("two", REFUSED)
    await stopping

    assert await office.names() == ["two", "late"]
    assert "late" not in script.attempts
    assert script.is_closed


async def test_what_does_not_end_in_time_stays_due(office: PostOffice, script: Script) -> None:
    script.waits = lambda delivery: True
    await office.put("one", url=HOOK)
    await office.until(lambda: script.under_way, "the attempt")

    await office.stop()

    (left,) = await office.rows()
    assert (left.event_type, left.attempts, left.next_ms) == ("one", 0, left.created_ms)


async def test_outcome_is_written_as_soon_as_the_store_takes_it_and_nothing_is_repeated(
    office: PostOffice, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsock.jobs.deliveries.STORE_PAUSE_S", 0)
    write, refusals = office.store.write, 0

    def busy(rule: object, done: object, **options: object) -> None:
        nonlocal refusals
        refusals += 1
        raise StoreBusy("too many writes wait")

    script.waits = lambda delivery: True
    await office.put("one", url=HOOK)
    await office.until(lambda: script.under_way, "the attempt")
    monkeypatch.setattr(office.store, "write", busy)
    script.end("one")
    await office.until(lambda: refusals > 3, "some tries")
    monkeypatch.setattr(office.store, "write", write)
    await office.until_told(1)

    assert script.attempts == ["one"]
    assert await office.rows() == []


async def test_store_that_cannot_be_read_is_asked_again(
    office: PostOffice, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tsock.jobs.deliveries.STORE_PAUSE_S", 0)
    of_lane, failures = outbox.of_lane, 0

    def broken(*arguments: object) -> object:
        nonlocal failures
        failures += 1
        if failures < 4:
            raise RuntimeError("disk failed")
        return of_lane(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(outbox, "of_lane", broken)
    await office.put("one", url=HOOK)
    await office.until_told(1)

    assert script.attempts == ["one"]


async def test_resent_dead_letter_is_delivered(office: PostOffice, script: Script) -> None:
    script.outcome = lambda delivery: WRONG
    await office.put("one", url=HOOK)
    await office.until_told(1)
    (dead,) = await office.rows("dead")

    script.outcome = lambda delivery: None
    await office.do(outbox.resend, dead)
    await office.until_told(2)

    assert await office.rows("dead") == []
    assert office.metrics.webhooks_waiting == 0
