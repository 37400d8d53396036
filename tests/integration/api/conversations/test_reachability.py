"""Who is told to be online, as other users see it."""

from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from tests.support.rig import Client, Rig
from tsock.accounts import services
from tsock.accounts.caller import CHAT
from tsock.accounts.principal import OPERATOR
from tsock.accounts.services import ServiceChange
from tsock.conversations import users as chat_users
from tsock.conversations.actor import ChatActor
from tsock.events import Event
from tsock.storage.store import Tx, fetched

ON: dict[str, Any] = {"reachability_enabled": True}
OFF: dict[str, Any] = {}


async def options(rig: Rig, given: dict[str, Any], *, enabled: bool = True) -> None:
    """Set the options of the service that clients of the rig use."""

    def rule(tx: Tx) -> None:
        service = services.claim_service(tx, rig.made.account_sid, CHAT, "default")
        text = msgspec.json.encode(given).decode()
        services.change_service(tx, service, ServiceChange(options=text, enabled=enabled), by=OPERATOR)

    await rig.do(rule)


def enter(rig: Rig, identity: str = "alice") -> Client:
    return rig.connect(identity, products={CHAT: "default"})


async def told(rig: Rig) -> list[tuple[str, bool]]:
    """Who came and went since the last look, in that order."""
    await rig.store.settled()
    facts, rig.facts = rig.facts, []
    found: list[tuple[str, bool]] = []
    for fact in facts:
        if isinstance(fact, Event) and fact.message_type.endswith(".map"):
            body = msgspec.json.decode(fact.body)
            if body.get("item_key") == chat_users.REACHABILITY:
                assert body["item_data"]["notifiable"] is False
                found.append((await identity_of(rig, fact.topic), body["item_data"]["online"]))
    return found


async def identity_of(rig: Rig, info_sid: str) -> str:
    sql = "SELECT identity FROM chat_users WHERE info_sid = :sid"
    row = await fetched(rig.store, lambda tx: tx.one(sql, {"sid": info_sid}))
    assert row is not None
    return row[0]


async def say_goodbye(rig: Rig, client: Client) -> None:
    client.send("close")
    await rig.settled()
    client.lose()


async def test_user_is_online_from_the_first_connection_to_the_grace_behind_the_last(rig: Rig) -> None:
    await options(rig, ON)
    phone, desk = enter(rig), enter(rig)
    assert await told(rig) == [("alice", True)]
    phone.lose()
    rig.pass_s(60)
    assert await told(rig) == []
    desk.lose()
    rig.pass_s(4.9)
    assert await told(rig) == []
    rig.pass_s(0.2)
    assert await told(rig) == [("alice", False)]


async def test_break_shorter_than_the_grace_writes_nothing(rig: Rig) -> None:
    await options(rig, ON)
    enter(rig).lose()
    rig.pass_s(4)
    enter(rig)
    rig.pass_s(60)
    assert await told(rig) == [("alice", True)]


async def test_goodbye_of_the_last_connection_counts_at_once(rig: Rig) -> None:
    await options(rig, ON)
    phone, desk = enter(rig), enter(rig)
    await say_goodbye(rig, phone)
    assert await told(rig) == [("alice", True)]
    await say_goodbye(rig, desk)
    assert await told(rig) == [("alice", False)]


@pytest.mark.settings(chat_reachability_grace_s=0)
async def test_without_a_grace_the_last_connection_still_counts(rig: Rig) -> None:
    await options(rig, ON)
    phone, desk = enter(rig), enter(rig)
    phone.lose()
    assert await told(rig) == [("alice", True)]
    desk.lose()
    assert await told(rig) == [("alice", False)]


async def test_nothing_is_written_while_the_service_does_not_want_it(rig: Rig) -> None:
    enter(rig).lose()
    rig.pass_s(60)
    assert await told(rig) == []


async def test_clients_without_a_chat_grant_are_nobodys_users(rig: Rig) -> None:
    await options(rig, ON)
    rig.connect("alice").lose()
    rig.pass_s(60)
    assert await told(rig) == []


# Options that change while clients are connected.


async def test_service_that_begins_to_want_it_sees_who_is_connected(rig: Rig) -> None:
    alice, _ = enter(rig, "alice"), enter(rig, "bob")
    await options(rig, ON)
    assert sorted(await told(rig)) == [("alice", True), ("bob", True)]
    alice.lose()
    rig.pass_s(5)
    assert await told(rig) == [("alice", False)]


@pytest.mark.parametrize(("given", "enabled"), [(OFF, True), (ON, False)])
async def test_service_that_ceases_to_want_it_shows_nobody_online(
    rig: Rig, given: dict[str, Any], enabled: bool
) -> None:
    await options(rig, ON)
    for name in ("alice", "bob"):
        enter(rig, name)
    await told(rig)
    await options(rig, given, enabled=enabled)
    assert sorted(await told(rig)) == [("alice", False), ("bob", False)]
    await options(rig, ON)
    assert sorted(await told(rig)) == [("alice", True), ("bob", True)]


async def test_other_changes_of_a_service_tell_nothing(rig: Rig) -> None:
    await options(rig, ON)
    enter(rig)
    await told(rig)
    await options(rig, {**ON, "creator_role_sid": "RL" + "0" * 32})
    assert await told(rig) == []


async def test_deleted_service_is_left_alone(rig: Rig) -> None:
    await options(rig, ON)
    client = enter(rig)
    await told(rig)
    await rig.do(services.delete_service, rig.made.account_sid, CHAT, "default")
    client.lose()
    rig.pass_s(60)
    assert await told(rig) == []


# Servers that end.


async def test_restart_shorter_than_the_grace_writes_nothing(rig: Rig) -> None:
    await options(rig, ON)
    enter(rig)
    assert await told(rig) == [("alice", True)]
    rig.gateway.drain()
    rig.gateway.drop_all()
    await rig.gateway.finish()
    rig.pass_s(60)
    assert await told(rig) == []


async def test_whoever_does_not_come_back_after_a_restart_goes_offline(rig: Rig) -> None:
    await options(rig, ON)
    names = [f"u{number:03}" for number in range(250)]
    clients = {name: enter(rig, name) for name in names}
    assert sorted(await told(rig)) == [(name, True) for name in names]
    rig.gateway.drain()
    for client in clients.values():
        client.lose()
    await rig.gateway.finish()

    rig.restart()
    enter(rig, "u007")
    rig.pass_s(4.9)
    assert await told(rig) == []
    rig.pass_s(0.2)
    assert sorted(await told(rig)) == [(name, False) for name in names if name != "u007"]


async def test_break_in_which_a_new_server_looks_who_came_back_writes_nothing(rig: Rig) -> None:
    await options(rig, ON)
    rig.restart()
    client = enter(rig)
    rig.pass_s(3)
    assert await told(rig) == [("alice", True)]
    client.lose()
    rig.pass_s(3)
    assert await told(rig) == []
    client = enter(rig)
    rig.pass_s(30)
    assert await told(rig) == []
    client.lose()
    rig.pass_s(5.1)
    assert await told(rig) == [("alice", False)]


async def test_service_that_wanted_it_when_the_server_started_may_cease_to(rig: Rig) -> None:
    await options(rig, ON)
    rig.restart()
    enter(rig)
    assert await told(rig) == [("alice", True)]
    await options(rig, OFF)
    assert await told(rig) == [("alice", False)]


# Several nodes.


async def test_user_who_moves_to_another_node_stays_online(rig: Rig) -> None:
    await options(rig, ON)
    here = enter(rig)
    await rig.join()
    there = enter(rig)
    here.lose()
    rig.pass_s(60)
    assert await told(rig) == [("alice", True)]
    there.lose()
    rig.pass_s(5)
    assert await told(rig) == [("alice", False)]


async def test_break_that_ends_at_another_node_writes_nothing(rig: Rig) -> None:
    await options(rig, ON)
    enter(rig).lose()
    await rig.join()
    rig.pass_s(4)
    enter(rig)
    await rig.settled()
    rig.pass_s(60)
    assert await told(rig) == [("alice", True)]


async def test_goodbye_counts_at_once_only_if_it_is_the_last_at_any_node(rig: Rig) -> None:
    await options(rig, ON)
    phone = enter(rig)
    await rig.join()
    desk = enter(rig)
    await say_goodbye(rig, desk)
    assert await told(rig) == [("alice", True)]
    await say_goodbye(rig, phone)
    assert await told(rig) == [("alice", False)]


async def test_service_that_ceases_to_want_it_shows_nobody_online_whatever_their_node(rig: Rig) -> None:
    await options(rig, ON)
    enter(rig, "alice")
    await rig.join()
    enter(rig, "bob")
    await told(rig)
    await options(rig, OFF)
    assert sorted(await told(rig)) == [("alice", False), ("bob", False)]
    await options(rig, ON)
    assert sorted(await told(rig))[-2:] == [("alice", True), ("bob", True)]


async def test_users_of_a_node_that_vanished_go_offline_after_the_grace_but_for_those_who_moved(
    rig: Rig,
) -> None:
    await options(rig, ON)
    first = rig.parts
    for name in ("alice", "bob", "carol"):
        enter(rig, name)
    await rig.join()
    enter(rig, "bob")
    await told(rig)
    rig.look()
    rig.pass_s(20)
    assert await told(rig) == []

    await rig.vanish(first)
    rig.look()
    rig.pass_s(4)
    enter(rig, "carol")
    rig.look()
    rig.pass_s(0.9)
    assert await told(rig) == []
    rig.pass_s(0.2)
    assert await told(rig) == [("alice", False)]


async def test_node_that_was_taken_for_absent_says_again_whom_it_has(rig: Rig) -> None:
    await options(rig, ON)
    first = rig.parts
    alice, bob = enter(rig, "alice"), enter(rig, "bob")
    await rig.join()
    await rig.vanish(first)
    rig.look()
    rig.pass_s(5)
    await told(rig)

    bob.lose()
    await rig.come_back(first)
    assert await told(rig) == [("alice", True)]
    rig.pass_s(60)
    assert await told(rig) == []
    alice.lose()
    rig.pass_s(5)
    assert await told(rig) == [("alice", False)]


async def test_node_that_is_back_in_time_was_never_absent(rig: Rig) -> None:
    await options(rig, ON)
    first = rig.parts
    enter(rig)
    await rig.join()
    await rig.vanish(first)
    rig.look()
    rig.pass_s(4)
    await rig.come_back(first)
    rig.pass_s(60)
    assert await told(rig) == [("alice", True)]


async def test_user_who_was_away_while_others_took_the_node_for_absent_is_online_when_back(rig: Rig) -> None:
    await options(rig, ON)
    first = rig.parts
    alice = enter(rig)
    await rig.join()
    await rig.vanish(first)
    rig.look()
    rig.pass_s(4)
    alice.lose()
    rig.pass_s(2)
    assert await told(rig) == [("alice", True), ("alice", False)]
    await rig.come_back(first)
    await rig.settled()
    rig.use(first)
    enter(rig)
    assert await told(rig) == [("alice", True)]


# Options that change while somebody is away.


async def test_user_who_is_away_while_the_service_changes_its_mind_twice_is_online_when_back(
    rig: Rig,
) -> None:
    await options(rig, ON)
    enter(rig).lose()
    await told(rig)
    await options(rig, OFF)
    await options(rig, ON)
    await told(rig)
    enter(rig)
    assert await told(rig) == [("alice", True)]


async def test_absence_is_not_cut_short_by_one_from_before_the_service_ceased_to_want_it(rig: Rig) -> None:
    await options(rig, ON)
    enter(rig).lose()
    await options(rig, OFF)
    rig.pass_s(1)
    again = enter(rig)
    await options(rig, ON)
    await told(rig)
    rig.pass_s(1)
    again.lose()
    rig.pass_s(4.9)
    assert await told(rig) == []
    rig.pass_s(0.2)
    assert await told(rig) == [("alice", False)]


# The store.


async def test_user_of_whom_nothing_can_be_written_keeps_nobody_else_from_being_told(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await options(rig, ON)
    whole = chat_users.ensure

    def failing(tx: Tx, actor: ChatActor, identity: str, **named: Any) -> Any:
        if identity == "bob":
            raise LookupError
        return whole(tx, actor, identity, **named)

    monkeypatch.setattr(chat_users, "ensure", failing)
    with capture_logs() as logs:
        for name in ("alice", "bob", "carol"):
            enter(rig, name)
        assert await told(rig) == [("alice", True), ("carol", True)]
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["reachability.lost"]


@pytest.mark.settings(store_waiting_max=1, chat_reachability_grace_s=0)
async def test_what_a_busy_store_does_not_take_is_told_later_as_it_is_by_then(rig: Rig) -> None:
    await options(rig, ON)
    rig.store.write(_nothing, lambda result, error: None)
    with capture_logs() as logs:
        enter(rig, "alice")
        enter(rig, "bob").lose()
    assert [(entry["event"], entry["waiting"]) for entry in logs] == [("reachability.postponed", 1)]
    rig.pass_s(0.9)
    assert await told(rig) == []
    rig.pass_s(0.2)
    assert await told(rig) == [("alice", True)]


def _nothing(tx: Tx) -> None:
    pass
