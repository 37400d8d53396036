"""Who is told of endpoints that come and go, and when."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.hooks import URL, Told, endpoint_id, rows, token_of, told, wants
from tests.support.rig import Client, Rig
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.principal import OPERATOR
from tsock.accounts.services import create_service, delete_service
from tsock.api.sync.sdk import reachability
from tsock.storage.store import Tx

ON: dict[str, Any] = {"webhook_url": URL, "reachability_webhooks_enabled": True}
DEBOUNCED = {**ON, "reachability_debouncing_enabled": True}


def came(identity: str, endpoint: str) -> Told:
    return Told("endpoint_connected", identity, endpoint)


def left(identity: str, endpoint: str) -> Told:
    return Told("endpoint_disconnected", identity, endpoint)


def enter(rig: Rig, endpoint: str, identity: str = "alice") -> Client:
    """A connection of an endpoint that its grant names."""
    client = rig.open()
    assert client.init(token_of(rig, identity, endpoint)).header["status"]["code"] == 200
    return client


async def test_endpoint_is_told_with_the_id_of_its_continuation_token(rig: Rig) -> None:
    await wants(rig, **ON)
    client = rig.open()
    welcome = client.init(rig.token("alice"))
    client.lose()

    common = {
        "AccountSid": rig.made.account_sid,
        "ServiceSid": rig.made.sync_service_sid,
        "Identity": "alice",
        "EndpointId": endpoint_id(welcome.header["continuation_token"]),
    }
    topic = f"{rig.made.sync_service_sid}/alice"
    assert await rows(rig) == [
        (topic, URL, {**common, "EventType": "endpoint_connected"}),
        (topic, URL, {**common, "EventType": "endpoint_disconnected"}),
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"webhook_url": URL},
        {"reachability_webhooks_enabled": True},
        {**ON, "enabled": False},
        {"webhook_url": URL, "reachability_debouncing_enabled": True},
    ],
)
async def test_nothing_is_told_unless_the_service_wants_it(rig: Rig, options: dict[str, Any]) -> None:
    await wants(rig, **options)
    client = rig.open()
    client.init(rig.token())
    client.lose()
    rig.pass_s(60)
    assert await told(rig) == []


async def test_nothing_is_told_of_clients_without_a_sync_grant_or_not_let_in(rig: Rig) -> None:
    await wants(rig, **ON)
    chatting = rig.connect("alice", products={CHAT: "default"})
    refused, silent = rig.open(), rig.open()
    refused.init("bad")
    for client in (chatting, refused, silent):
        client.lose()
    assert await told(rig) == []


async def test_each_endpoint_of_an_identity_is_told_for_itself(rig: Rig) -> None:
    await wants(rig, **ON)
    phone, desk = enter(rig, "phone"), enter(rig, "desk")
    phone.lose()
    desk.lose()
    assert await told(rig) == [
        came("alice", "phone"),
        came("alice", "desk"),
        left("alice", "phone"),
        left("alice", "desk"),
    ]


async def test_endpoint_that_is_back_before_its_old_connection_is_missed_stays(rig: Rig) -> None:
    await wants(rig, **ON)
    old = rig.open()
    kept = old.init(rig.token()).header["continuation_token"]
    new = rig.open()
    new.init(rig.token(), continuation_token=kept)
    old.lose()
    assert await told(rig) == [came("alice", endpoint_id(kept))]
    new.lose()
    assert await told(rig) == [left("alice", endpoint_id(kept))]


async def test_endpoint_leaves_under_the_name_it_came_with(rig: Rig) -> None:
    await wants(rig, **ON)
    client = enter(rig, "phone")
    client.update(token_of(rig, "alice", "tablet"))
    client.init(token_of(rig, "alice", None))
    client.lose()
    assert await told(rig) == [came("alice", "phone"), left("alice", "phone")]


# Debouncing.


async def test_absence_is_told_once_and_after_the_window(rig: Rig) -> None:
    await wants(rig, **DEBOUNCED, reachability_debouncing_window_ms=3000)
    phone, desk = enter(rig, "phone"), enter(rig, "desk")
    assert await told(rig) == [came("alice", "phone"), came("alice", "desk")]
    desk.lose()
    rig.pass_s(10)
    phone.lose()
    rig.pass_s(2.9)
    assert await told(rig) == []
    rig.pass_s(0.2)
    assert await told(rig) == [left("alice", "phone")]
    rig.pass_s(60)
    enter(rig, "phone")
    assert await told(rig) == [came("alice", "phone")]


async def test_return_of_any_endpoint_inside_the_window_tells_nothing(rig: Rig) -> None:
    await wants(rig, **DEBOUNCED)
    enter(rig, "phone").lose()
    rig.pass_s(4)
    desk = enter(rig, "desk")
    rig.pass_s(60)
    assert await told(rig) == [came("alice", "phone")]
    desk.lose()
    rig.pass_s(4.9)
    assert await told(rig) == []
    rig.pass_s(0.2)
    assert await told(rig) == [left("alice", "desk")]


async def test_absence_counts_for_each_identity_and_service_apart(rig: Rig) -> None:
    other = await rig.do(create_service, rig.made.account_sid, SYNC, by=OPERATOR)
    await wants(rig, **DEBOUNCED)
    enter(rig, "phone")
    enter(rig, "phone", "bob").lose()
    elsewhere = rig.connect("bob", products={SYNC: other.sid})
    rig.pass_s(5)
    elsewhere.lose()
    rig.pass_s(60)
    assert await told(rig) == [came("alice", "phone"), came("bob", "phone"), left("bob", "phone")]


async def test_window_is_real_time(rig: Rig) -> None:
    await wants(rig, **DEBOUNCED)
    enter(rig, "phone").lose()
    rig.advance_s(3600)
    assert await told(rig) == [came("alice", "phone")]
    rig.pass_s(5)
    assert await told(rig) == [left("alice", "phone")]


# Options that change meanwhile.


async def test_service_that_begins_to_want_it_hears_of_those_who_leave(rig: Rig) -> None:
    phone, desk = enter(rig, "phone"), enter(rig, "desk")
    await wants(rig, **DEBOUNCED)
    desk.lose()
    rig.pass_s(60)
    assert await told(rig) == []
    phone.lose()
    rig.pass_s(5)
    assert await told(rig) == [left("alice", "phone")]


@pytest.mark.parametrize("options", [{"reachability_webhooks_enabled": False}, {"webhook_url": None}])
async def test_absence_is_not_told_to_a_service_that_ceased_to_want_it(
    rig: Rig, options: dict[str, Any]
) -> None:
    await wants(rig, **DEBOUNCED)
    enter(rig, "phone").lose()
    await wants(rig, **options)
    rig.pass_s(60)
    assert await told(rig) == [came("alice", "phone")]


async def test_absence_is_told_at_the_url_of_now(rig: Rig) -> None:
    await wants(rig, **DEBOUNCED)
    enter(rig, "phone").lose()
    await wants(rig, webhook_url="https://hooks.example/new")
    rig.pass_s(5)
    assert [url for _, url, _ in await rows(rig)] == [URL, "https://hooks.example/new"]


async def test_deleted_service_hears_nothing_more(rig: Rig) -> None:
    made = await rig.do(create_service, rig.made.account_sid, SYNC, by=OPERATOR)
    await wants(rig, made.sid, **ON)
    client = rig.connect(products={SYNC: made.sid})
    await told(rig)
    await rig.do(delete_service, rig.made.account_sid, SYNC, made.sid, by=OPERATOR)
    client.lose()
    assert await told(rig) == []


# The outbox takes it all, also from a crowd, while the store is busy, and at the end of the server.


@pytest.mark.settings(store_waiting_max=2)
async def test_crowd_that_comes_and_goes_at_once_is_told_in_order(rig: Rig) -> None:
    await wants(rig, **ON)
    names = [f"u{number}" for number in range(250)]
    crowd = [enter(rig, "phone", name) for name in names]
    for client in crowd:
        client.lose()
    assert await told(rig) == [came(name, "phone") for name in names] + [
        left(name, "phone") for name in names
    ]


@pytest.mark.settings(store_waiting_max=1)
async def test_what_a_busy_store_does_not_take_is_written_later_and_in_order(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reachability, "UNWRITTEN_MAX", 3)
    await wants(rig, **ON)
    _keep_busy(rig)
    with capture_logs() as logs:
        clients = [enter(rig, "phone", name) for name in ("a", "b", "c")]
    assert [(entry["event"], entry["waiting"], entry["lost"]) for entry in logs] == [
        ("reachability.postponed", 1, 0)
    ]
    await rig.store.settled()
    clients[0].lose()
    _keep_busy(rig)
    with capture_logs() as logs:
        rig.pass_s(1)
    assert [(entry["event"], entry["waiting"], entry["lost"]) for entry in logs] == [
        ("reachability.postponed", 3, 1)
    ]
    await rig.store.settled()
    rig.pass_s(1)
    assert await told(rig) == [came("b", "phone"), came("c", "phone"), left("a", "phone")]


async def test_stopping_server_tells_of_all_who_are_away(rig: Rig) -> None:
    """Those that the stop itself ended among them: nobody would wait for their return."""
    await wants(rig, **DEBOUNCED)
    enter(rig, "phone", "early").lose()
    enter(rig, "phone", "late")
    await told(rig)
    rig.gateway.drain()
    rig.gateway.drop_all()
    await rig.gateway.finish()
    assert await told(rig) == [left("early", "phone"), left("late", "phone")]


def _keep_busy(rig: Rig) -> None:
    """Fill the queue of the store until the loop turns."""
    rig.store.write(_nothing, lambda result, error: None)


def _nothing(tx: Tx) -> None:
    pass
