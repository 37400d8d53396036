"""Alerts and audit events in Monitor v1: every filter (`protocol/rest.md`, Monitor), and whose they are."""

from typing import Any

import msgspec
import pytest

from tests.support import records
from tests.support.rest import Rest
from tests.support.rig import BASE_URL
from tsock.accounts.accounts import rename_account
from tsock.accounts.caller import SYNC
from tsock.accounts.principal import Author
from tsock.accounts.revocations import revoke_identity
from tsock.accounts.services import create_service
from tsock.api.account.monitor import ALERTS, EVENTS
from tsock.debugger import alerts
from tsock.debugger.alerts import NOBODY
from tsock.debugger.exchange import kept

NOON_MS = 1_935_489_600_000  # 2031-05-02T12:00:00Z, when the clock of the rig starts


async def alert(rest: Rest, number: int, **fields: Any) -> str:
    """An alert that happened so many seconds after noon; its SID."""
    at_ms = NOON_MS + number * 1000 + 500
    account_sid = fields.pop("account_sid", rest.sid)
    made = records.alert(f"NO{number:032x}", account_sid, at_ms, **fields)
    await rest.rig.do(alerts.record, made)
    return made.sid


async def listed(rest: Rest, root: str = ALERTS, **query: Any) -> list[str]:
    page = await rest.get(root, **query)
    assert page.status == 200, page
    return [each["sid"] for each in page.json["alerts" if root == ALERTS else "events"]]


# Alerts.


async def test_alert_has_every_documented_field_and_parts_of_the_request_only_by_itself(rest: Rest) -> None:
    sid = await alert(
        rest,
        7,
        repeats=3,
        updated_ms=NOON_MS + 9000,
        resource_sid="SK" + "1" * 32,
        service_sid="IS" + "2" * 32,
        api_version="v1",
        exchange=kept(
            "POST",
            "https://example.com/hook?x=1",
            {"ListSid": "ES" + "3" * 32}.items(),
            {"user-agent": "TwilioProxy/1.1"},
            status=500,
            response_headers={"content-type": "text/plain"},
            response_body="out of order",
        ),
    )
    single = (await rest.get(f"{ALERTS}/{sid}")).json
    assert single == {
        "sid": sid,
        "account_sid": rest.sid,
        "alert_text": "The key is not known. (3 more like it followed)",
        "api_version": "v1",
        "date_created": "2031-05-02T12:00:07Z",
        "date_generated": "2031-05-02T12:00:07Z",
        "date_updated": "2031-05-02T12:00:09Z",
        "error_code": "20103",
        "log_level": "error",
        "more_info": f"{BASE_URL}/errors/20103",
        "request_method": "POST",
        "request_url": "https://example.com/hook",
        "request_variables": f"x=%281+characters%29&ListSid=ES{'3' * 32}",
        "request_headers": "user-agent=TwilioProxy%2F1.1",
        "response_headers": "content-type=text%2Fplain",
        "response_body": "out of order",
        "resource_sid": "SK" + "1" * 32,
        "service_sid": "IS" + "2" * 32,
        "url": f"{BASE_URL}/monitor/v1/Alerts/{sid}",
    }
    (in_list,) = (await rest.get(ALERTS)).json["alerts"]
    parts = {"request_variables", "request_headers", "response_headers", "response_body"}
    assert in_list == {name: value for name, value in single.items() if name not in parts}


async def test_alert_without_a_request_says_null(rest: Rest) -> None:
    single = (await rest.get(f"{ALERTS}/{await alert(rest, 1)}")).json
    unknown = {name for name, value in single.items() if value is None}
    assert unknown == {
        "api_version",
        "request_method",
        "request_url",
        "request_variables",
        "request_headers",
        "response_headers",
        "response_body",
        "resource_sid",
        "service_sid",
    }


async def test_alerts_are_listed_the_newest_first_by_level_and_time(rest: Rest) -> None:
    first, second, third = [await alert(rest, number) for number in (1, 2, 3)]
    warning = await alert(rest, 4, level="warning")
    assert await listed(rest) == [warning, third, second, first]
    assert await listed(rest, LogLevel="warning") == [warning]
    assert await listed(rest, LogLevel="debug") == []
    assert await listed(rest, StartDate="2031-05-02T12:00:03Z") == [warning, third]
    assert await listed(rest, EndDate="2031-05-02T12:00:02Z") == [second, first]
    assert await listed(rest, StartDate="2031-05-02", EndDate="2031-05-02", LogLevel="error") == [
        third,
        second,
        first,
    ]
    assert await listed(rest, EndDate="2031-05-01") == []
    assert await listed(rest, StartDate="2031-05-03") == []


async def test_pages_of_alerts_neither_repeat_nor_skip_while_new_ones_come(rest: Rest) -> None:
    expected = [await alert(rest, number) for number in range(5)][::-1]
    found: list[str] = []
    page = (await rest.get(ALERTS, PageSize=2, LogLevel="error")).json
    while True:
        found += [each["sid"] for each in page["alerts"]]
        following = page["meta"]["next_page_url"]
        if following is None:
            break
        assert "LogLevel=error" in following
        await alert(rest, 100 + len(found))
        page = (await rest.get(following.removeprefix(BASE_URL))).json
    assert found == expected


async def test_alerts_of_others_and_of_nobody_do_not_exist(rest: Rest) -> None:
    sub = await rest.subaccount()
    foreign = await alert(rest, 1, account_sid=sub.sid)
    nobodys = await alert(rest, 2, account_sid=NOBODY)
    assert await listed(rest) == []
    for sid in (foreign, nobodys, "NO" + "f" * 32, "NO1"):
        assert (await rest.get(f"{ALERTS}/{sid}")).error == (404, 20404)
    of_sub = await rest.get(ALERTS, rest.token_of(sub))
    assert [each["sid"] for each in of_sub.json["alerts"]] == [foreign]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"LogLevel": "fatal"}, 20422),
        ({"StartDate": "yesterday"}, 20422),
        ({"EndDate": "2031-02-30"}, 20422),
        ({"PageSize": "0"}, 20422),
        ({"PageToken": "x"}, 21481),
    ],
)
async def test_filter_that_makes_no_sense_is_refused(rest: Rest, query: dict[str, Any], code: int) -> None:
    assert (await rest.get(ALERTS, **query)).error == (400, code)


async def test_page_may_have_a_thousand_alerts(rest: Rest) -> None:
    for number in range(3):
        await alert(rest, number)
    page = (await rest.get(ALERTS, PageSize=1000)).json
    assert (page["meta"]["page_size"], len(page["alerts"])) == (1000, 3)


# Events.


async def test_event_has_every_documented_field(rest: Rest) -> None:
    by = Author(rest.sid, "account", "api", "192.0.2.7")
    await rest.rig.do(rename_account, rest.sid, "Acme", by=by)
    (event,) = (await rest.get(EVENTS, EventType="account.updated")).json["events"]
    sid = event["sid"]
    account_url = f"{BASE_URL}/api/2010-04-01/Accounts/{rest.sid}"
    assert event == {
        "sid": sid,
        "account_sid": rest.sid,
        "actor_sid": rest.sid,
        "actor_type": "account",
        "description": None,
        "event_data": {
            "resource_properties": {"friendly_name": {"previous": "Development", "updated": "Acme"}}
        },
        "event_date": "2031-05-02T12:00:00Z",
        "event_type": "account.updated",
        "resource_sid": rest.sid,
        "resource_type": "account",
        "source": "api",
        "source_ip_address": "192.0.2.7",
        "url": f"{BASE_URL}/monitor/v1/Events/{sid}",
        "links": {"actor": account_url, "resource": account_url},
    }
    assert (await rest.get(f"{EVENTS}/{sid}")).json == event


async def test_link_leads_to_the_resource_as_the_caller_reaches_it(rest: Rest) -> None:
    service = await rest.rig.do(create_service, rest.sid, SYNC)
    key_sid, _ = await rest.key_of()
    revoked = await rest.rig.do(revoke_identity, rest.sid, "alice", life_ms=1000)

    async def link(resource_sid: str, root: str, host: str) -> Any:
        headers = [("host", host)]
        page = await rest.web(
            "GET", f"{root}?ResourceSid={resource_sid}", headers=headers, credentials=rest.auth_token
        )
        (event,) = page.json["events"]
        return event["links"]["resource"]

    assert (
        await link(service.sid, EVENTS, "rt.example") == f"http://rt.example/sync/v1/Services/{service.sid}"
    )
    assert await link(service.sid, "/v1/Events", "monitor.twilio.com") == (
        f"https://sync.twilio.com/v1/Services/{service.sid}"
    )
    assert await link(key_sid, "/v1/Events", "monitor.rt.example:81") == (
        f"http://api.rt.example:81/2010-04-01/Accounts/{rest.sid}/Keys/{key_sid}"
    )
    assert await link(revoked.sid, EVENTS, "rt.example") is None


async def test_events_are_found_by_actor_kind_resource_address_and_time(rest: Rest) -> None:
    by = Author(rest.sid, "account", "api", "192.0.2.7")
    service = await rest.rig.do(create_service, rest.sid, SYNC, by=by)
    rest.rig.advance_s(3600)
    await rest.rig.do(rename_account, rest.sid, "Acme")
    everything = await listed(rest, EVENTS)
    renamed, created, *_ = everything
    assert len(everything) == 6  # account, key, two default services
    assert await listed(rest, EVENTS, ActorSid=rest.sid) == [created]
    assert await listed(rest, EVENTS, EventType="account.updated") == [renamed]
    assert await listed(rest, EVENTS, ResourceSid=service.sid) == [created]
    assert await listed(rest, EVENTS, SourceIpAddress="192.0.2.7") == [created]
    assert await listed(rest, EVENTS, StartDate="2031-05-02T13:00:00Z") == [renamed]
    assert await listed(rest, EVENTS, EndDate="2031-05-02T12:00:00Z") == everything[1:]
    assert await listed(rest, EVENTS, ActorSid="US" + "0" * 32) == []
    for same in ("2031-05-02T15:00:00+0200", "2031-05-02 13:00", "2031-05-02T13:00:00.123456789Z"):
        assert await listed(rest, EVENTS, StartDate=same) == [renamed]


async def test_events_of_others_do_not_exist(rest: Rest) -> None:
    sub = await rest.subaccount()
    of_sub = (await rest.get(EVENTS, rest.token_of(sub))).json["events"]
    assert [event["event_type"] for event in of_sub] == ["service.created"] * 2
    for event in of_sub:
        assert event["sid"] not in await listed(rest, EVENTS)
        assert (await rest.get(f"{EVENTS}/{event['sid']}")).error == (404, 20404)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"ActorSid": "me"}, 20423),
        ({"ResourceSid": "AC1"}, 20423),
        ({"StartDate": "2031-05-02T12:00:00.Z"}, 20422),
        ({"PageSize": "0"}, 20422),
    ],
)
async def test_event_filter_that_makes_no_sense_is_refused(
    rest: Rest, query: dict[str, Any], code: int
) -> None:
    assert (await rest.get(EVENTS, **query)).error == (400, code)


# Who may.


async def test_standard_key_may_read_and_a_restricted_one_as_its_policy_says(rest: Rest) -> None:
    await alert(rest, 1)
    assert (await rest.get(ALERTS, await rest.key_of())).status == 200
    policy = msgspec.json.encode({"allow": ["/twilio/monitor/alerts/list"]}).decode()
    restricted = await rest.key_of(kind="restricted", policy=policy)
    assert (await rest.get(ALERTS, restricted)).status == 200
    assert (await rest.get(EVENTS, restricted)).error == (403, 20006)
