"""Connections that must end: revocations on standing connections, and the end of the server."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.rig import Client, Rig
from tests.support.transport import frames
from tsock.accounts.accounts import create_subaccount, set_status
from tsock.accounts.keys import SigningKey, create_key, delete_key
from tsock.accounts.revocations import revoke_identity, revoke_issued_before, revoke_token, token_life_ms
from tsock.gateway.gateway import SENT_AWAY_PER_TURN

CLOSE = b"\x88\x00"


async def new_key(rig: Rig, account_sid: str) -> SigningKey:
    key, secret = await rig.do(create_key, rig.vault, rig.settings, account_sid)
    return SigningKey(account_sid, key.sid, secret)


def ended_without_a_packet(client: Client) -> bool:
    """Whether the socket was closed with a WebSocket close alone, which makes clients come back at once."""
    sent = client.transport.take()
    assert sent in (b"", CLOSE)
    assert client.transport.closing == (sent == CLOSE)
    return client.transport.closing


def code_on_return(rig: Rig, token: str) -> int | None:
    return rig.open().init(token).header["status"].get("errorCode")


def life(rig: Rig) -> int:
    return token_life_ms(rig.settings)


async def suspend(rig: Rig, victim: Client) -> None:
    await rig.do(set_status, victim.session.caller.account_sid, "suspended")


async def close_account(rig: Rig, victim: Client) -> None:
    await rig.do(set_status, victim.session.caller.account_sid, "closed")


async def remove_key(rig: Rig, victim: Client) -> None:
    caller = victim.session.caller
    await rig.do(delete_key, caller.account_sid, caller.key_sid)


async def revoke_one(rig: Rig, victim: Client) -> None:
    caller = victim.session.caller
    await rig.do(revoke_token, caller.account_sid, caller.digest.hex(), life_ms=life(rig))


async def revoke_whom(rig: Rig, victim: Client) -> None:
    caller = victim.session.caller
    await rig.do(revoke_identity, caller.account_sid, caller.identity, life_ms=life(rig))


async def revoke_old(rig: Rig, victim: Client) -> None:
    caller = victim.session.caller
    before_s = rig.clock.now_ms() // 1000 + 1
    await rig.do(
        revoke_issued_before, caller.account_sid, before_s, key_sid=caller.key_sid, life_ms=life(rig)
    )


@pytest.mark.parametrize(
    ("revoke", "code"),
    [
        (suspend, 20103),
        (close_account, 20103),
        (remove_key, 20103),
        (revoke_one, 51215),
        (revoke_whom, 51215),
        (revoke_old, 51215),
    ],
)
async def test_what_stands_no_longer_ends_its_connections_and_is_refused_on_return(
    rig: Rig, revoke: Callable[[Rig, Client], Awaitable[None]], code: int
) -> None:
    """The connections of others, and of accounts beside, stay."""
    sub = await rig.do(create_subaccount, rig.vault, rig.settings, rig.made.account_sid)
    key = await new_key(rig, sub.sid)
    token = rig.token("alice", key=key)
    victim, bystander = rig.open(), rig.connect("alice")
    victim.init(token)
    await revoke(rig, victim)
    assert ended_without_a_packet(victim)
    assert not ended_without_a_packet(bystander)
    assert code_on_return(rig, token) == code


async def test_suspended_owner_takes_its_subaccounts_along(rig: Rig) -> None:
    sub = await rig.do(create_subaccount, rig.vault, rig.settings, rig.made.account_sid)
    of_owner, of_sub = rig.connect(), rig.connect(key=await new_key(rig, sub.sid))
    await rig.do(set_status, rig.made.account_sid, "suspended")
    assert ended_without_a_packet(of_owner)
    assert ended_without_a_packet(of_sub)
    await rig.settled()
    assert rig.gateway.standing == 0


async def test_revocation_meets_the_token_a_connection_stands_on_now(rig: Rig) -> None:
    updated, kept = rig.connect("alice"), rig.connect("alice")
    digest = updated.session.caller.digest.hex()
    assert kept.session.caller.digest.hex() == digest
    rig.advance_s(1)
    updated.update(rig.token("alice"))
    await rig.do(revoke_token, rig.made.account_sid, digest, life_ms=life(rig))
    assert not ended_without_a_packet(updated)
    assert ended_without_a_packet(kept)


async def test_other_changes_of_an_account_end_nothing(rig: Rig) -> None:
    client = rig.connect()
    await new_key(rig, rig.made.account_sid)
    await rig.do(set_status, rig.made.account_sid, "active")
    await rig.do(revoke_identity, rig.made.account_sid, "bob", life_ms=life(rig))
    assert not ended_without_a_packet(client)


async def test_ended_connection_hears_no_event_any_more(rig: Rig) -> None:
    alice, bob = rig.connect("alice"), rig.connect("bob")
    sid = (await alice.request("POST", "/v3/Maps", {})).body["sid"]
    wanted = {"object_sid": sid, "object_type": "map", "last_event_id": -1}
    body = {"action": "establish", "correlation_id": 1, "requests": [wanted]}
    await bob.request("POST", "/v4/Subscriptions", body)
    bob.take()
    await revoke_whom(rig, bob)
    await alice.request("PUT", f"/v3/Maps/{sid}/Items/a", {"data": {}})
    assert ended_without_a_packet(bob)


# The end of the server.


def backoff(client: Client) -> tuple[int, int]:
    """From the one packet that came, which must tell the client to move."""
    (packet,) = client.take()
    assert packet.header["method"] == "close"
    status = packet.header["status"]
    assert (status["code"], status["status"]) == (308, "TEMPORARY_REDIRECT")
    assert "errorCode" not in status
    policy = packet.payload["backoff_policy"]
    return policy["reconnect_min_ms"], policy["reconnect_max_ms"]


@pytest.mark.settings(drain_reconnect_ms_min=500, drain_reconnect_ms_max=10_000)
async def test_stopping_server_sends_every_client_away_at_a_moment_of_its_own(rig: Rig) -> None:
    clients = [rig.connect() for _ in range(50)]
    rig.gateway.drain()
    moments = [backoff(client) for client in clients]
    assert all(500 <= low < high == 10_000 for low, high in moments)
    assert len({low for low, _ in moments}) > 25
    assert not rig.gateway.emptied.is_set()
    for client in clients[1:]:
        client.lose()
    rig.pass_s(4.9)
    assert not clients[0].transport.closing
    rig.pass_s(0.2)
    await rig.settled()
    assert clients[0].transport.take() == CLOSE
    assert rig.gateway.emptied.is_set()
    assert rig.gateway.standing == 0


@pytest.mark.settings(drain_reconnect_ms_min=500, drain_reconnect_ms_max=10_000)
async def test_stopping_server_tells_many_clients_in_several_turns_and_has_all_back_in_time(rig: Rig) -> None:
    clients = [rig.connect(f"user {number}") for number in range(SENT_AWAY_PER_TURN + 20)]
    rig.gateway.drain()
    told, left = [
        [each for each in clients if bool(each.transport.sent) is is_told] for is_told in (True, False)
    ]
    assert len(told) == SENT_AWAY_PER_TURN
    rig.passed_ms += 9_000  # so long, others had the loop
    await rig.settled()
    assert {high for _, high in map(backoff, told)} == {10_000}
    assert all(500 <= low < high == 1_000 for low, high in map(backoff, left))


async def test_stopping_server_without_clients_is_done_at_once(rig: Rig) -> None:
    rig.gateway.drain()
    assert rig.gateway.emptied.is_set()


async def test_socket_that_comes_too_late_is_closed_and_forgotten(rig: Rig) -> None:
    rig.gateway.drain()
    late = rig.open()
    late.send("init", token=rig.token())
    await rig.settled()
    assert [frame.opcode for frame in frames(late.transport.take())] == [8]
    assert late.lost
    assert rig.gateway.standing == 0


async def test_socket_that_has_not_said_init_is_closed_by_a_stopping_server(rig: Rig) -> None:
    early = rig.open()
    rig.gateway.drain()
    early.send("init", token=rig.token())
    await rig.settled()
    assert early.transport.take() == CLOSE
    assert rig.gateway.emptied.is_set()


async def test_those_that_stay_are_dropped_in_the_end(rig: Rig) -> None:
    stays, says_nothing = rig.connect(), rig.open()
    rig.gateway.drop_all()
    assert stays.transport.aborted
    assert says_nothing.transport.aborted
    await rig.settled()
    assert rig.gateway.standing == 0


async def test_live_feed_tells_of_connections_denials_and_events_while_somebody_watches(rig: Rig) -> None:
    client = rig.connect("alice")
    rig.tail.here.after(0)
    made = await client.request("POST", "/v3/Maps", {})
    await client.request("PUT", f"/v3/Maps/{made.body['sid']}/Items/a", {"data": {"private": 1}})
    stream = await client.request("POST", "/v3/Streams", {})
    await client.request("POST", f"/v3/Streams/{stream.body['sid']}/Messages", {"data": {"private": 1}})
    rig.open().init("bad")
    client.lose()
    told: list[Any] = [
        (entry.kind, entry.what, entry.account, entry.identity) for entry in rig.tail.here.after(0)
    ]
    assert told == [
        ("event", "map_item_added", rig.made.account_sid, ""),
        ("event", "stream_message_published", rig.made.account_sid, ""),
        ("denial", "not_a_jwt", "", ""),
        ("connection", "refused", "", ""),
        ("connection", "closed", rig.made.account_sid, "alice"),
    ]
    assert "private" not in repr(rig.tail.here.after(0))
