"""Who is told of endpoints that come and go, and when."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.hooks import URL, Told, endpoint_id, rows, token_of, told, wants
from tests.support.rig import Client, Rig
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.principal import OPERATOR
from tsock.accounts.services import create_service, delete_service
from tsock.api import backlog
from tsock.storage.store import Tx
from tsock.sync import reachability as rules
from tsock.sync.actor import Actor

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
    monkeypatch.setattr(backlog, "UNWRITTEN_MAX", 3)
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
    assert await told(rig) == [came("b", "phone"), came("c", "phone")]
    clients[1].lose()
    assert await told(rig) == [left("b", "phone")]


@pytest.mark.settings(store_waiting_max=1)
async def test_absence_that_a_busy_store_did_not_take_is_told_nonetheless(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "UNWRITTEN_MAX", 0)
    await wants(rig, **DEBOUNCED)
    phone = enter(rig, "phone")
    await told(rig)
    _keep_busy(rig)
    phone.lose()
    await rig.store.settled()
    rig.pass_s(1)
    await rig.store.settled()
    rig.pass_s(60)
    assert await told(rig) == [left("alice", "phone")]


async def test_endpoint_of_which_nothing_can_be_written_keeps_no_other_from_being_told(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await wants(rig, **ON)
    whole = rules.come

    def failing(tx: Tx, endpoint: Actor, node: str) -> None:
        if endpoint.identity == "bob":
            raise LookupError
        whole(tx, endpoint, node)

    monkeypatch.setattr(rules, "come", failing)
    with capture_logs() as logs:
        for name in ("alice", "bob", "carol", "dave"):
            enter(rig, "phone", name)
        assert await told(rig) == [came(name, "phone") for name in ("alice", "carol", "dave")]
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["reachability.lost"]


async def stop(rig: Rig) -> None:
    rig.gateway.drain()
    rig.gateway.drop_all()
    await rig.gateway.finish()


async def test_stopping_server_tells_of_all_whom_it_sends_away(rig: Rig) -> None:
    await wants(rig, **ON)
    enter(rig, "phone")
    await stop(rig)
    assert await told(rig) == [came("alice", "phone"), left("alice", "phone")]


async def test_absence_outlasts_a_restart(rig: Rig) -> None:
    await wants(rig, **DEBOUNCED)
    for name in ("early", "late", "gone"):
        enter(rig, "phone", name)
    enter(rig, "phone", "before").lose()
    await told(rig)
    await stop(rig)
    rig.pass_s(60)
    assert await told(rig) == []

    rig.restart()
    enter(rig, "phone", "early")  # before the new server has looked
    await rig.settled()
    enter(rig, "phone", "late")
    rig.pass_s(5.1)
    assert sorted(await told(rig)) == [left("before", "phone"), left("gone", "phone")]


async def test_whoever_was_connected_when_a_server_was_killed_is_told_of_at_the_next_start(rig: Rig) -> None:
    await wants(rig, **ON)
    names = [f"u{number:03}" for number in range(250)]
    for name in names:
        enter(rig, "phone", name)
    await told(rig)
    rig.restart()
    assert await told(rig) == [left(name, "phone") for name in names]
    enter(rig, "phone", "u007")
    assert await told(rig) == [came("u007", "phone")]


async def test_service_that_ceased_to_want_it_is_told_nothing_of_those_whom_a_killed_server_left(
    rig: Rig,
) -> None:
    await wants(rig, **ON)
    enter(rig, "phone")
    await wants(rig, reachability_webhooks_enabled=False)
    rig.restart()
    await wants(rig, **ON)
    rig.pass_s(60)
    assert await told(rig) == [came("alice", "phone")]


# Several nodes.


async def test_endpoint_that_moves_to_another_node_stays(rig: Rig) -> None:
    await wants(rig, **ON)
    here = enter(rig, "phone")
    await rig.join()
    there = enter(rig, "phone")
    here.lose()
    assert await told(rig) == [came("alice", "phone")]
    there.lose()
    assert await told(rig) == [left("alice", "phone")]


async def test_other_endpoint_at_another_node_is_told_for_itself(rig: Rig) -> None:
    await wants(rig, **ON)
    phone = enter(rig, "phone")
    await rig.join()
    desk = enter(rig, "desk")
    phone.lose()
    await rig.settled()
    desk.lose()
    assert await told(rig) == [
        came("alice", "phone"),
        came("alice", "desk"),
        left("alice", "phone"),
        left("alice", "desk"),
    ]


@pytest.mark.parametrize("returning", ["phone", "desk"])
async def test_return_to_another_node_inside_the_window_tells_nothing(rig: Rig, returning: str) -> None:
    await wants(rig, **DEBOUNCED)
    enter(rig, "phone").lose()
    await rig.settled()
    await rig.join()
    rig.pass_s(4)
    client = enter(rig, returning)
    rig.pass_s(60)
    assert await told(rig) == [came("alice", "phone")]
    client.lose()
    rig.pass_s(4.9)
    assert await told(rig) == []
    rig.pass_s(0.2)
    assert await told(rig) == [left("alice", returning)]


async def test_absence_does_not_begin_while_another_node_has_an_endpoint(rig: Rig) -> None:
    await wants(rig, **DEBOUNCED)
    phone = enter(rig, "phone")
    await rig.join()
    desk = enter(rig, "desk")
    await told(rig)
    phone.lose()
    rig.pass_s(60)
    assert await told(rig) == []
    desk.lose()
    rig.pass_s(5.1)
    assert await told(rig) == [left("alice", "desk")]


async def test_endpoints_of_a_node_that_vanished_are_gone_but_for_those_that_moved(rig: Rig) -> None:
    await wants(rig, **ON)
    first = rig.parts
    for name in ("alice", "bob"):
        enter(rig, "phone", name)
    await rig.join()
    enter(rig, "phone", "bob")
    await told(rig)
    rig.look()
    assert await told(rig) == []
    await rig.vanish(first)
    rig.look()
    assert await told(rig) == [left("alice", "phone")]


async def test_window_begins_when_a_node_is_found_to_have_vanished(rig: Rig) -> None:
    await wants(rig, **DEBOUNCED)
    first = rig.parts
    enter(rig, "phone", "alice")
    enter(rig, "phone", "bob")
    enter(rig, "phone", "carol").lose()
    await rig.join()
    await told(rig)
    await rig.vanish(first)
    rig.pass_s(4)
    rig.look()
    await rig.settled()
    enter(rig, "desk", "bob")
    rig.pass_s(4.9)
    assert await told(rig) == []
    rig.pass_s(0.2)
    assert await told(rig) == [left("alice", "phone"), left("carol", "phone")]


async def test_node_that_was_taken_for_absent_says_again_whom_it_has(rig: Rig) -> None:
    await wants(rig, **ON)
    first = rig.parts
    clients = {name: enter(rig, "phone", name) for name in ("alice", "bob")}
    other = await rig.join()
    await told(rig)
    await rig.vanish(first)
    rig.look()
    assert sorted(await told(rig)) == [left("alice", "phone"), left("bob", "phone")]

    clients["bob"].lose()
    await rig.come_back(first)
    assert await told(rig) == [came("alice", "phone")]
    rig.use(other)
    clients["alice"].lose()
    assert await told(rig) == [left("alice", "phone")]


async def test_node_that_is_back_in_time_was_never_absent(rig: Rig) -> None:
    await wants(rig, **ON)
    first = rig.parts
    phone = enter(rig, "phone")
    await rig.join()
    await rig.vanish(first)
    await rig.come_back(first)
    rig.look()
    assert await told(rig) == [came("alice", "phone")]
    phone.lose()
    assert await told(rig) == [left("alice", "phone")]


def _keep_busy(rig: Rig) -> None:
    """Fill the queue of the store until the loop turns."""
    rig.store.write(_nothing, lambda result, error: None)


def _nothing(tx: Tx) -> None:
    pass
