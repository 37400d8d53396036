"""Alerts and events through the official helper libraries (`protocol/rest.md`, Monitor)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.interop.conftest import Connect, OpenClient
from tests.interop.library import Api
from tests.interop.server import Account, until
from tests.interop.test_library_sync import dated, refused

DAY = timedelta(days=1)
ABSENT = f"IS{'0' * 32}"


@pytest.fixture
def denied(connect: Connect, account: Account, api: Api) -> None:
    """Five clients whose token is signed and names no service, and all of their alerts."""
    for n in range(5):
        connect(token=account.token(f"user {n}", service=ABSENT)).becomes("denied")
    # A client is answered before its alert is written.
    until(lambda: len(api.monitor.v1.alerts.list()) == 5, "five alerts")


def test_refused_token_is_found_as_an_alert(api: Api, account: Account, denied: None) -> None:
    alerts = api.monitor.v1.alerts
    listed = alerts.list()
    assert {alert["error_code"] for alert in listed} == {"51101"}
    assert {alert["resource_sid"] for alert in listed} == {account.key_sid}
    alert = dated(alerts(listed[0]["sid"]).fetch())
    assert isinstance(alert["date_generated"], datetime)
    assert (alert["log_level"], alert["account_sid"]) == ("error", account.sid)
    assert f"a service that does not exist: data_sync: {ABSENT}" in alert["alert_text"]
    assert alert["more_info"].endswith("/errors/51101")
    assert {"request_headers", "request_variables", "response_body", "response_headers"} <= set(alert)


def test_alerts_are_listed_over_three_pages_and_by_time(api: Api, denied: None) -> None:
    alerts = api.monitor.v1.alerts
    listed = alerts.list(page_size=2)
    assert len({dated(alert)["sid"] for alert in listed}) == 5
    generated = [alert["date_generated"] for alert in listed]
    assert generated == sorted(generated, reverse=True)
    assert alerts.list(limit=3) == listed[:3]
    assert alerts.stream(page_size=2, limit=4) == listed[:4]
    pages = alerts.walk("next", "next", "previous", page_size=2)
    assert pages == [listed[:2], listed[2:4], listed[4:], listed[2:4]]

    now = datetime.now(UTC)
    assert alerts.list(log_level="error", start_date=now - DAY, end_date=now + DAY) == listed
    assert alerts.list(log_level="warning") == []
    assert alerts.list(start_date=now + DAY) == []
    assert alerts.list(end_date=now - DAY) == []


def test_alert_of_another_account_is_not_found(
    api: Api, account: Account, connect: Connect, open_client: OpenClient
) -> None:
    other = account.server.new_account()
    connect(token=other.token(service=ABSENT)).becomes("denied")
    theirs = open_client(other.sid, other.auth_token).monitor.v1.alerts
    (alert,) = until(theirs.list, "their alert")
    assert api.monitor.v1.alerts.list() == []
    with refused(404, 20404):
        api.monitor.v1.alerts(alert["sid"]).fetch()


def test_change_of_a_key_is_found_as_an_event(api: Api, account: Account) -> None:
    key = api.api.v2010.accounts(account.sid).new_keys.create(friendly_name="backend")
    events = api.monitor.v1.events
    (listed,) = events.list(resource_sid=key["sid"])
    event = events(listed["sid"]).fetch()
    assert event == listed
    assert isinstance(event["event_date"], datetime)
    assert (event["event_type"], event["resource_type"]) == ("key.created", "key")
    assert (event["actor_sid"], event["actor_type"]) == (account.sid, "account")
    assert (event["source"], event["source_ip_address"]) == ("api", "127.0.0.1")
    assert set(event["links"]) == {"actor", "resource"}
    assert key["secret"] not in str(event)

    api.api.v2010.accounts(account.sid).keys(key["sid"]).delete()
    assert [event["event_type"] for event in events.list(resource_sid=key["sid"])] == [
        "key.deleted",
        "key.created",
    ]


def test_events_are_listed_over_three_pages_and_by_what_they_are(api: Api, account: Account) -> None:
    events, services = api.monitor.v1.events, api.sync.v1.services
    before = len(events.list())
    made = [services.create(friendly_name=str(n))["sid"] for n in range(5)]
    listed = events.list(event_type="service.created", actor_sid=account.sid, page_size=2)
    assert [event["resource_sid"] for event in listed] == made[::-1]
    assert events.list(source_ip_address="127.0.0.1", event_type="service.created", limit=3) == listed[:3]
    assert events.list(source_ip_address="192.0.2.1") == []
    now = datetime.now(UTC)
    assert len(events.list(start_date=now - DAY, end_date=now + DAY)) == before + 5
    assert events.list(start_date=now + DAY) == []
