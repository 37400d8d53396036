"""What becomes of things that went wrong: an alert, its webhook, a line of the feed."""

import asyncio
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from tests.support.rig import Rig
from tsock.accounts.accounts import create_subaccount, set_debugger_url
from tsock.debugger.alerts import NOBODY
from tsock.debugger.debugger import SETTLE_S
from tsock.debugger.incident import Incident, Rejection
from tsock.errors import ApiError
from tsock.storage.store import fetched
from tsock.telemetry.tail import Trouble
from tsock.webhooks import outbox
from tsock.webhooks.failure import DeliveryFailure, Fault, ReceivedAnswer, SentRequest
from tsock.webhooks.outbox import Delivery

HOOK = "https://example.com/alerts"
SLOW = Incident(code=51005, text="a slow reader", level="error")


@pytest.fixture
def slow(rig: Rig) -> Incident:
    """Something that went wrong in the main account."""
    return replace(SLOW, account_sid=rig.made.account_sid)


async def posts(rig: Rig) -> list[Delivery]:
    await rig.settled()
    return list(await fetched(rig.store, lambda tx: outbox.page(tx, "waiting", after=0, limit=100)))


async def test_incident_becomes_an_alert_of_its_account(rig: Rig, slow: Incident) -> None:
    rig.debugger.report(replace(slow, identity="alice", service_sid="IS" + "0" * 32))
    (alert,) = await rig.alerts()
    assert (alert.account_sid, alert.code, alert.level, alert.text) == (
        rig.made.account_sid,
        51005,
        "error",
        "a slow reader",
    )
    assert (alert.at_ms, alert.updated_ms, alert.repeats) == (rig.clock.now_ms(), rig.clock.now_ms(), 0)
    assert alert.service_sid == "IS" + "0" * 32


@pytest.mark.parametrize("account_sid", [None, "AC" + "f" * 32, "nonsense"])
async def test_incident_of_no_known_account_is_nobodys(rig: Rig, account_sid: str | None) -> None:
    rig.debugger.report(replace(SLOW, account_sid=account_sid))
    (alert,) = await rig.alerts()
    assert alert.account_sid == NOBODY


async def test_live_feed_shows_an_alert_while_somebody_watches(rig: Rig, slow: Incident) -> None:
    rig.tail.here.after(0)
    rig.debugger.report(replace(slow, identity="alice"))
    (alert,) = await rig.alerts()
    (happening,) = rig.tail.here.after(0)
    assert msgspec.to_builtins(happening) == {
        "number": 1,
        "at_ms": rig.clock.now_ms(),
        "kind": "alert",
        "what": "51005",
        "account": rig.made.account_sid,
        "identity": "alice",
        "topic": alert.sid,
        "detail": "a slow reader",
        "trouble": {"code": 51005},
    }


# The debugger webhook.


async def test_alert_goes_to_the_debugger_url_of_its_account(rig: Rig, slow: Incident) -> None:
    await rig.do(set_debugger_url, rig.vault, rig.made.account_sid, HOOK)
    rig.debugger.report(slow)
    (alert,) = await rig.alerts()
    (post,) = await posts(rig)
    assert (post.kind, post.url, post.account_sid) == ("debugger", HOOK, rig.made.account_sid)
    payload = msgspec.json.decode(post.parameters.pop("Payload"))
    assert post.parameters == {
        "Sid": alert.sid,
        "AccountSid": rig.made.account_sid,
        "Timestamp": "2031-05-02T12:00:00Z",
        "Level": "Error",
        "PayloadType": "application/json",
    }
    assert payload == {
        "resource_sid": None,
        "service_sid": None,
        "error_code": "51005",
        "more_info": {
            "Msg": "a slow reader",
            "ErrorCode": "51005",
            "LogLevel": "ERROR",
            "DenialSid": None,
        },
        "webhook": {
            "type": "application/json",
            "request": {"url": None, "method": None, "headers": {}, "parameters": {}},
            "response": {"status_code": None, "headers": {}, "body": ""},
        },
    }


async def test_debugger_webhook_of_a_subaccount_names_its_owner(rig: Rig, slow: Incident) -> None:
    sub = await rig.do(create_subaccount, rig.vault, rig.settings, rig.made.account_sid)
    await rig.do(set_debugger_url, rig.vault, sub.sid, HOOK)
    rig.debugger.report(slow)
    rig.debugger.report(replace(slow, account_sid=sub.sid))
    (post,) = await posts(rig)
    assert post.account_sid == post.parameters["AccountSid"] == sub.sid
    assert post.parameters["ParentAccountSid"] == rig.made.account_sid


async def test_without_a_debugger_url_nothing_is_sent(rig: Rig, slow: Incident) -> None:
    await rig.do(set_debugger_url, rig.vault, rig.made.account_sid, HOOK)
    await rig.do(set_debugger_url, rig.vault, rig.made.account_sid, None)
    rig.debugger.report(slow)
    rig.debugger.report(SLOW)
    assert len(await rig.alerts()) == 2
    assert await posts(rig) == []


# Rejected requests.


def rejection(rig: Rig, status: int = 400, code: int = 20001, **fields: Any) -> Rejection:
    return Rejection(
        **{
            "error": ApiError(status, code, f"error {code}"),
            "account_sid": rig.made.account_sid,
            "method": "POST",
            "url": "https://rt.example/sync/v1/Services",
            **fields,
        }
    )


SERVICE, DOCUMENT = "IS" + "1" * 32, "ET" + "2" * 32


async def test_alert_of_a_rejected_request_tells_which_one(rig: Rig) -> None:
    rig.debugger.request_rejected(
        rejection(
            rig,
            url=f"https://rt.example/sync/v1/Services/{SERVICE}/Documents/{DOCUMENT}?Page=x",
            headers={"content-type": "application/x-www-form-urlencoded", "authorization": "Basic x"},
            body=b"Ttl=-1&Data=%7B%7D",
            request_sid="RQ" + "3" * 32,
        )
    )
    (alert,) = await rig.alerts()
    assert (alert.resource_sid, alert.service_sid, alert.api_version) == (DOCUMENT, SERVICE, "v1")
    assert msgspec.to_builtins(alert.exchange) == {
        "method": "POST",
        "url": f"https://rt.example/sync/v1/Services/{SERVICE}/Documents/{DOCUMENT}",
        "variables": (("Page", "x"), ("Ttl", "-1"), ("Data", "(2 characters)")),
        "headers": {"content-type": "application/x-www-form-urlencoded"},
        "status": 400,
        "response_headers": {"twilio-request-id": "RQ" + "3" * 32},
    }


LEVELS = {
    400: "warning",
    401: "error",
    403: "error",
    404: "notice",
    405: "warning",
    409: "notice",
    412: "notice",
    413: "warning",
    429: "error",
    500: "error",
    503: "error",
}


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        pytest.param(asked, kept, marks=pytest.mark.settings(alert_level=asked))
        for asked, kept in {
            "off": set[str](),
            "error": {"error"},
            "warning": {"error", "warning"},
            "notice": {"error", "warning", "notice"},
        }.items()
    ],
)
async def test_rejected_requests_are_kept_from_a_level_on(rig: Rig, asked: str, kept: set[str]) -> None:
    for status in LEVELS:
        rig.debugger.request_rejected(rejection(rig, status, 30_000 + status))
    found = {alert.code - 30_000: alert.level for alert in await rig.alerts()}
    assert found == {status: level for status, level in LEVELS.items() if level in kept}


async def test_live_feed_shows_a_request_over_http_that_makes_no_alert(rig: Rig) -> None:
    rig.tail.here.after(0)
    for request_sid in ("RQ" + "3" * 32, None):  # None: over the socket
        rig.debugger.request_rejected(rejection(rig, 404, 20404, request_sid=request_sid))
    assert await rig.alerts() == []
    (happening,) = rig.tail.here.after(0)
    assert (happening.kind, happening.topic, happening.detail) == ("rejection", "", "error 20404")
    assert happening.trouble == Trouble(20404, "POST https://rt.example/sync/v1/Services")


def test_rejection_shows_no_header_in_a_log(rig: Rig) -> None:
    assert "Basic" not in repr(rejection(rig, headers={"authorization": "Basic QUM="}))


# Webhooks that were not delivered.


async def test_failed_delivery_is_told_with_request_and_answer(rig: Rig) -> None:
    fault = Fault(
        11217,
        "the target answered 500",
        request=SentRequest(
            HOOK, "POST", {"User-Agent": "x"}, {"DocumentSid": DOCUMENT, "DocumentData": "{}"}
        ),
        response=ReceivedAnswer(
            500, {"Content-Type": "text/html", "Set-Cookie": "a"}, "<h1>out of order</h1>"
        ),
    )
    failure = DeliveryFailure(
        sid="WD" + "4" * 32,
        account_sid=rig.made.account_sid,
        service_sid=SERVICE,
        kind="sync",
        event_type="document_created",
        attempt=1,
        is_given_up=False,
        fault=fault,
    )
    rig.debugger.webhook_failed(failure)
    (alert,) = await rig.alerts()
    assert alert.text == (
        "HTTP error response code: the target answered 500 "
        f"(document_created, attempt 1, will be tried again, delivery {failure.sid})"
    )
    assert (alert.code, alert.service_sid, alert.resource_sid) == (11217, SERVICE, failure.sid)
    assert alert.exchange.variables == (("DocumentSid", DOCUMENT), ("DocumentData", "(2 characters)"))
    assert (alert.exchange.status, alert.exchange.response_body) == (500, "<h1>out of order</h1>")
    assert alert.exchange.response_headers == {"Content-Type": "text/html"}


# Floods.


@pytest.mark.settings(alerts_per_code_per_s=1, alerts_per_code_burst=3)
async def test_flood_makes_a_few_alerts_and_the_last_of_them_counts_the_rest(
    rig: Rig, slow: Incident
) -> None:
    await rig.do(set_debugger_url, rig.vault, rig.made.account_sid, HOOK)
    for _ in range(100):
        rig.debugger.report(slow)
    noon_ms = rig.clock.now_ms()
    rig.pass_s(SETTLE_S)
    found = await rig.alerts()
    assert sorted(alert.repeats for alert in found) == [0, 0, 97]
    assert {alert.updated_ms for alert in found} == {noon_ms}
    assert len(await posts(rig)) == 3
    (counting,) = (alert for alert in found if alert.repeats)
    assert counting.whole_text == "a slow reader (97 more like it followed)"


@pytest.mark.settings(alerts_per_code_per_s=1, alerts_per_code_burst=1)
async def test_flood_that_goes_on_makes_an_alert_a_second(rig: Rig, slow: Incident) -> None:
    for _ in range(50):
        rig.debugger.report(slow)
        rig.pass_s(0.1)
    rig.pass_s(SETTLE_S)
    found = await rig.alerts()
    assert len(found) == 5
    assert sum(1 + alert.repeats for alert in found) == 50
    assert [alert.at_ms for alert in found] == sorted(alert.at_ms for alert in found)
    assert all(alert.updated_ms - alert.at_ms < 1000 for alert in found)


@pytest.mark.settings(alerts_per_code_per_s=1, alerts_per_code_burst=1)
async def test_flood_of_one_account_or_code_leaves_others_alone(rig: Rig, slow: Incident) -> None:
    sub = await rig.do(create_subaccount, rig.vault, rig.settings, rig.made.account_sid)
    for _ in range(10):
        rig.debugger.report(slow)
    rig.debugger.report(replace(slow, code=51006))
    rig.debugger.report(replace(slow, account_sid=sub.sid))
    rig.debugger.report(SLOW)
    found = {(alert.account_sid, alert.code) for alert in await rig.alerts()}
    assert found == {
        (rig.made.account_sid, 51005),
        (rig.made.account_sid, 51006),
        (sub.sid, 51005),
        (NOBODY, 51005),
    }


@pytest.mark.settings(alerts_per_code_per_s=0)
async def test_with_the_rate_off_everything_is_told(rig: Rig, slow: Incident) -> None:
    for _ in range(50):
        rig.debugger.report(slow)
    assert len(await rig.alerts()) == 50


@pytest.mark.settings(store_waiting_max=1)
async def test_nobody_fails_because_the_store_takes_no_alert(rig: Rig, slow: Incident) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            rig.debugger.report(slow)
    assert [line["event"] for line in logs] == ["debugger.not_recorded"] * 2
    await asyncio.sleep(0)
    assert len(await rig.alerts()) == 1
