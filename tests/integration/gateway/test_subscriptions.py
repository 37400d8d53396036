"""Establish and cancel on the real store (`protocol/sync.md`, Subscriptions)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.memory import new_database
from tests.support.rig import Client, Rig
from tsock.accounts.caller import CHAT, SYNC
from tsock.sync import permissions, replay, tables
from tsock.sync.services import ServiceOptions, create_service, update_service

SYNC_EVENT = "twilio.sync.event"
KINDS = {"document": "Documents", "list": "Lists", "map": "Maps", "stream": "Streams"}
UNKNOWN = "0" * 32


@pytest.fixture
def alice(rig: Rig) -> Client:
    return rig.connect("alice")


@pytest.fixture
def bob(rig: Rig) -> Client:
    return rig.connect("bob")


async def create(client: Client, kind: str, **body: Any) -> str:
    made = await client.request("POST", f"/v3/{KINDS[kind]}", body)
    assert made.status == 201
    return made.body["sid"]


async def put(client: Client, sid: str, *keys: str) -> None:
    for key in keys:
        done = await client.request("PUT", f"/v3/Maps/{sid}/Items/{key}", {"data": {"key": key}})
        assert done.status in (200, 201)


def batch(action: str, *entries: tuple[Any, ...], version: int = 4, number: int = 7) -> dict[str, Any]:
    """A request for (SID, type, last event id) each."""
    names = ("object_sid", "object_type", "last_event_id")
    return {
        "event_protocol_version": version,
        "action": action,
        "correlation_id": number,
        "requests": [dict(zip(names, entry, strict=False)) for entry in entries],
    }


async def establish(client: Client, *entries: tuple[Any, ...], **options: Any) -> list[tuple[str, Any]]:
    """What the request brought, in order."""
    reply = await client.request("POST", "/v4/Subscriptions", batch("establish", *entries, **options))
    assert reply == (200, {"estimated_delivery_in_ms": 10_000, "max_batch_size": 1000})
    return client.notifications()


async def cancel(client: Client, *entries: tuple[Any, ...], **options: Any) -> list[tuple[str, Any]]:
    reply = await client.request("POST", "/v4/Subscriptions", batch("cancel", *entries, **options))
    assert reply == (200, {"estimated_delivery_in_ms": 10_000, "max_batch_size": 1000})
    return client.notifications()


def told(outcome: str, *entries: dict[str, Any], number: int = 7) -> tuple[str, dict[str, Any]]:
    """One subscription message."""
    return SYNC_EVENT, {
        "event_type": f"subscription_{outcome}",
        "correlation_id": number,
        "event_protocol_version": 4,
        "events": list(entries),
    }


def entry(sid: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"object_sid": sid, "object_type": kind, **more}


def completed(sid: str, kind: str, last: int | None) -> dict[str, Any]:
    return entry(sid, kind, replay_status="completed", last_event_id=last)


def interrupted(sid: str, kind: str, last: int) -> dict[str, Any]:
    return entry(sid, kind, replay_status="interrupted", last_event_id=last)


def refused(sid: str, kind: str, status: int, code: int, message: str) -> dict[str, Any]:
    """The object's SID follows the text of an absent one."""
    told = f"{message}: {sid}" if status == 404 else message
    return entry(sid, kind, error={"status": status, "code": code, "message": told})


def ids(notifications: list[tuple[str, Any]]) -> list[int]:
    """The numbers of those that are events."""
    return [payload["event"]["id"] for _, payload in notifications if "event" in payload]


async def test_fresh_objects_are_established_at_their_first_numbers(alice: Client, bob: Client) -> None:
    sids = {kind: await create(alice, kind) for kind in KINDS}
    entries = [(sid, kind, None) for kind, sid in sids.items()]
    assert await establish(bob, *entries, number=1935481230123) == [
        told(
            "established",
            completed(sids["document"], "document", 0),
            completed(sids["list"], "list", -1),
            completed(sids["map"], "map", -1),
            completed(sids["stream"], "stream", None),
            number=1935481230123,
        )
    ]


async def test_missed_events_come_ascending_and_numbered_before_the_confirmation_and_live_ones_after(
    alice: Client, bob: Client
) -> None:
    sid = await create(alice, "map")
    await put(alice, sid, "a", "b", "c")
    *missed, confirmation = await establish(bob, (sid, "map", 0))
    assert [message_type for message_type, _ in missed] == [SYNC_EVENT] * 2
    assert [payload["correlation_id"] for _, payload in missed] == [7, 7]
    assert [payload["event_type"] for _, payload in missed] == ["map_item_added"] * 2
    assert [payload["event"]["item_data"] for _, payload in missed] == [{"key": "b"}, {"key": "c"}]
    assert ids(missed) == [1, 2]
    assert confirmation == told("established", completed(sid, "map", 2))

    await put(alice, sid, "a")
    ((message_type, payload),) = bob.notifications()
    assert message_type == "com.twilio.rtd.cds.map"
    assert set(payload) == {"event_type", "event_protocol_version", "event"}
    assert (payload["event_type"], payload["event"]["id"]) == ("map_item_updated", 3)


async def test_missed_changes_of_a_document_come_as_its_current_state(alice: Client, bob: Client) -> None:
    sid = await create(alice, "document", data={"n": 0})
    for number in (1, 2, 3):
        await alice.request("POST", f"/v3/Documents/{sid}", {"data": {"n": number}})
    state, confirmation = await establish(bob, (sid, "document", 1))
    assert state[1]["event_type"] == "document_updated"
    assert state[1]["event"]["document_data"] == {"n": 3}
    assert ids([state]) == [3]
    assert confirmation == told("established", completed(sid, "document", 3))


async def test_number_beyond_the_counter_is_established_at_the_counter(alice: Client, bob: Client) -> None:
    sid = await create(alice, "map")
    await put(alice, sid, "a")
    assert await establish(bob, (sid, "map", 10**15)) == [told("established", completed(sid, "map", 0))]
    await put(alice, sid, "b")
    assert ids(bob.notifications()) == [1]


@pytest.mark.settings(sync_replay_events_max=2)
async def test_replay_beyond_its_limit_is_interrupted_and_goes_on_at_the_next_establish(
    alice: Client, bob: Client
) -> None:
    """What happens in between is not delivered twice."""
    sid = await create(alice, "map")
    await put(alice, sid, "a", "b", "c")
    first = await establish(bob, (sid, "map", -1))
    assert ids(first) == [0, 1]
    assert first[-1] == told("established", interrupted(sid, "map", 1))
    await put(alice, sid, "d")
    assert bob.notifications() == []
    second = await establish(bob, (sid, "map", 1))
    assert ids(second) == [2, 3]
    assert second[-1] == told("established", completed(sid, "map", 3))
    await put(alice, sid, "e")
    assert ids(bob.notifications()) == [4]


@pytest.mark.settings(sync_replay_events_max=2)
async def test_subscription_that_is_interrupted_at_its_renewal_hears_nothing_live_until_it_is_done(
    alice: Client, bob: Client
) -> None:
    sid = await create(alice, "map")
    await put(alice, sid, "a", "b", "c")
    await establish(bob, (sid, "map", 2))
    assert (await establish(bob, (sid, "map", -1)))[-1] == told("established", interrupted(sid, "map", 1))
    await put(alice, sid, "d")
    assert bob.notifications() == []
    assert ids(await establish(bob, (sid, "map", 1))) == [2, 3]


@pytest.mark.settings(sync_replay_events_max=2)
async def test_replay_of_a_whole_request_has_one_limit(alice: Client, bob: Client) -> None:
    maps = [await create(alice, "map") for _ in range(3)]
    document = await create(alice, "document")
    await put(alice, maps[0], "a", "b")
    await put(alice, maps[1], "a")
    *missed, confirmation = await establish(
        bob, (maps[0], "map", -1), (maps[1], "map", -1), (maps[2], "map", -1), (document, "document", 0)
    )
    assert ids(missed) == [0, 1]
    assert confirmation == told(
        "established",
        completed(maps[0], "map", 1),
        interrupted(maps[1], "map", -1),
        completed(maps[2], "map", -1),
        completed(document, "document", 0),
    )


async def test_replay_stops_behind_the_event_that_reaches_a_mebibyte(alice: Client, bob: Client) -> None:
    """A thousand large items must not overflow the queue of the reader they are meant for."""
    sid = await create(alice, "map")
    for number in range(70):
        alice.ask("PUT", f"/v3/Maps/{sid}/Items/{number}", {"data": {"text": "x" * 16_000}})
    await create(alice, "document")
    heard: list[int] = []
    last, status = -1, "interrupted"
    rounds = 0
    while status == "interrupted":
        *missed, (_, confirmation) = await establish(bob, (sid, "map", last))
        (outcome,) = confirmation["events"]
        size = sum(len(payload["event"]["item_data"]["text"]) for _, payload in missed)
        assert size < 1024 * 1024 + 16_000
        heard += ids(missed)
        last, status = outcome["last_event_id"], outcome["replay_status"]
        assert last == heard[-1]
        rounds += 1
    assert heard == list(range(70))
    assert rounds == 2


async def test_without_a_number_only_what_came_since_the_endpoints_first_init_is_replayed(
    rig: Rig, alice: Client
) -> None:
    """A reconnect with the continuation token is the same endpoint."""
    sid = await create(alice, "map")
    document = await create(alice, "document", data={"n": 0})
    await put(alice, sid, "before")
    rig.pass_s(1)
    first = rig.open()
    ticket = first.init(rig.token("bob")).header["continuation_token"]
    rig.pass_s(1)
    await put(alice, sid, "after")
    await alice.request("POST", f"/v3/Documents/{document}", {"data": {"n": 1}})
    expected = [(SYNC_EVENT, 1), told("established", completed(sid, "map", 1))]

    for client in (first, again := rig.open()):
        if client is again:
            again.init(rig.token("bob"), continuation_token=ticket)
        event, confirmation = await establish(client, (sid, "map", None))
        assert [(event[0], event[1]["event"]["id"]), confirmation] == expected
    rig.pass_s(1)
    newcomer = rig.connect("bob")
    assert await establish(newcomer, (sid, "map"), (document, "document")) == [
        told("established", completed(sid, "map", 1), completed(document, "document", 1))
    ]


async def test_where_other_nodes_write_too_what_was_dated_shortly_before_is_replayed(tmp_path: Path) -> None:
    """It may have been committed since: another node's rule may have waited, or its clock be behind."""
    rig = Rig(tmp_path, database_url=new_database())
    await rig.start()
    alice = rig.connect("alice")
    sid = await create(alice, "map")
    await put(alice, sid, "long ago")
    rig.pass_s(1)
    await put(alice, sid, "before")
    rig.pass_s(replay.LATE_MS / 1000)
    bob = rig.connect("bob")
    event, confirmation = await establish(bob, (sid, "map", None))
    assert event[1]["event"]["item_key"] == "before"
    assert confirmation == told("established", completed(sid, "map", 1))
    await rig.stop()


async def test_protocol_version_3_gets_one_singular_message_for_each_object(
    alice: Client, bob: Client
) -> None:
    sid = await create(alice, "map")
    missing = f"ET{UNKNOWN}"
    arrived = await establish(bob, (sid, "map", -1), (missing, "document", 0), (sid, "map", -1), version=3)
    assert [payload for _, payload in arrived] == [
        {
            "event_type": f"subscription_{outcome}",
            "correlation_id": 7,
            "event_protocol_version": 3,
            "event": event,
        }
        for outcome, event in [
            ("established", completed(sid, "map", -1)),
            ("established", completed(sid, "map", -1)),
            (
                "failed",
                refused(missing, "document", 404, 54100, "Document not found"),
            ),
        ]
    ]
    canceled = await cancel(bob, (sid, "map"), (missing, "document"), version=3)
    assert [payload["event"] for _, payload in canceled] == [entry(sid, "map"), entry(missing, "document")]


@pytest.mark.parametrize(
    ("prefix", "kind", "code", "message"),
    [
        ("ET", "document", 54100, "Document not found"),
        ("ES", "list", 54150, "List not found"),
        ("MP", "map", 54200, "Map not found"),
        ("TO", "stream", 54250, "Message Stream not found"),
    ],
)
async def test_unknown_or_malformed_sid_fails_with_404_and_the_code_of_its_type(
    alice: Client, prefix: str, kind: str, code: int, message: str
) -> None:
    """ET000 is what the Kotlin tests send."""
    unknown, malformed = prefix + UNKNOWN, f"{prefix}000"
    assert await establish(alice, (unknown, kind, 0), (malformed, kind, 0)) == [
        told(
            "failed",
            refused(unknown, kind, 404, code, message),
            refused(malformed, kind, 404, code, message),
        )
    ]


async def test_object_of_another_type_or_service_or_grant_or_one_removed_is_not_found(
    rig: Rig, alice: Client
) -> None:
    sid, removed = await create(alice, "map"), await create(alice, "map")
    await alice.request("DELETE", f"/v3/Maps/{removed}")
    lists = (sid, "list", 0)
    not_found = refused(removed, "map", 404, 54200, "Map not found")
    assert await establish(alice, lists, (removed, "map", 0)) == [
        told("failed", refused(sid, "list", 404, 54150, "List not found"), not_found)
    ]
    other = await rig.do(create_service, rig.vault, rig.made.account_sid, SYNC)
    stranger = rig.connect("alice", products={SYNC: other.sid})
    not_found = refused(sid, "map", 404, 54200, "Map not found")
    assert await establish(stranger, (sid, "map", 0)) == [told("failed", not_found)]
    talker = rig.connect("alice", products={SYNC: "default", CHAT: "default"})
    reply = await talker.request("POST", "/v4/Subscriptions", batch("establish", (sid, "map", 0)), grant=CHAT)
    assert reply.status == 200
    assert talker.notifications() == [told("failed", not_found)]


async def test_live_query_fails_since_there_is_no_index(alice: Client) -> None:
    assert await establish(alice, ("q-77", "live_query", 3)) == [
        told("failed", refused("q-77", "live_query", 400, 54502, "Query index not found"))
    ]


async def test_mixed_batch_confirms_the_good_and_fails_the_bad_under_one_number(
    alice: Client, bob: Client
) -> None:
    sid, missing = await create(alice, "list"), f"MP{UNKNOWN}"
    assert await establish(bob, (missing, "map", 0), (sid, "list", -1), number=12) == [
        told("established", completed(sid, "list", -1), number=12),
        told("failed", refused(missing, "map", 404, 54200, "Map not found"), number=12),
    ]


async def test_thousand_entries_are_all_confirmed_in_one_message(alice: Client, bob: Client) -> None:
    for _ in range(1000):
        alice.ask("POST", "/v3/Documents", {})
    await create(alice, "map")
    sids = [packet.payload["sid"] for packet in alice.take()]
    ((_, payload),) = await establish(bob, *((sid, "document", 0) for sid in sids))
    assert payload["events"] == [completed(sid, "document", 0) for sid in sids]


@pytest.mark.settings(sync_subscriptions_max=2)
async def test_subscription_beyond_the_limit_fails_with_54419_and_those_that_stand_may_be_renewed(
    alice: Client, bob: Client
) -> None:
    first, second, third = [await create(alice, "map") for _ in range(3)]
    too_many = refused(third, "map", 400, 54419, "Too many subscriptions: one connection may have 2")
    assert await establish(bob, (first, "map", -1), (second, "map", -1), (third, "map", -1)) == [
        told("established", completed(first, "map", -1), completed(second, "map", -1)),
        told("failed", too_many),
    ]
    assert await establish(bob, (second, "map", -1), (third, "map", -1)) == [
        told("established", completed(second, "map", -1)),
        told("failed", too_many),
    ]
    await cancel(bob, (first, "map"))
    assert await establish(bob, (third, "map", -1)) == [told("established", completed(third, "map", -1))]


async def test_cancel_is_confirmed_also_for_what_is_unknown_and_ends_delivery(
    alice: Client, bob: Client
) -> None:
    sid, unknown = await create(alice, "map"), f"ET{UNKNOWN}"
    await establish(bob, (sid, "map", -1))
    assert await cancel(bob, (sid, "map"), (unknown, "document"), number=8) == [
        told("canceled", entry(sid, "map"), entry(unknown, "document"), number=8)
    ]
    await put(alice, sid, "a")
    assert bob.notifications() == []


@pytest.mark.parametrize("last_action", ["establish", "cancel"])
async def test_establish_and_cancel_take_effect_in_the_order_they_arrived(
    alice: Client, bob: Client, last_action: str
) -> None:
    """Even when all of them wait for the disk."""
    sid = await create(alice, "map")
    actions = ["establish", "cancel"] if last_action == "cancel" else ["cancel", "establish"]
    alice.ask("PUT", f"/v3/Maps/{sid}/Items/a", {"data": {}})
    await asyncio.sleep(0)  # its commit is on the way
    for number, action in enumerate([*actions, *actions]):
        bob.ask("POST", "/v4/Subscriptions", batch(action, (sid, "map", -1), number=number))
    assert bob.take() == []
    await put(alice, sid, "b")
    order = [
        (packet.payload["correlation_id"], packet.payload["event_type"])
        for packet in bob.take()
        if "correlation_id" in packet.payload and "events" in packet.payload
    ]
    past = {"establish": "subscription_established", "cancel": "subscription_canceled"}
    assert order == [(number, past[action]) for number, action in enumerate([*actions, *actions])]
    await put(alice, sid, "c")
    assert ids(bob.notifications()) == ([2] if last_action == "establish" else [])


async def test_change_under_way_while_establishing_is_delivered_once(alice: Client, bob: Client) -> None:
    sid = await create(alice, "map")
    alice.ask("PUT", f"/v3/Maps/{sid}/Items/a", {"data": {}})
    await asyncio.sleep(0)
    bob.ask("POST", "/v4/Subscriptions", batch("establish", (sid, "map", -1)))
    alice.ask("PUT", f"/v3/Maps/{sid}/Items/b", {"data": {}})
    await put(alice, sid, "c")
    events = [packet.payload["event"]["id"] for packet in bob.take() if "event" in packet.payload]
    assert events == [0, 1, 2]


async def test_establishing_again_does_not_double_the_delivery(alice: Client, bob: Client) -> None:
    """The same object twice in one request counts as establishing again."""
    sid = await create(alice, "map")
    await establish(bob, (sid, "map", -1), (sid, "map", -1))
    await put(alice, sid, "a")
    await establish(bob, (sid, "map", 0))
    bob.take()
    await put(alice, sid, "b")
    assert ids(bob.notifications()) == [1]


async def test_failed_renewal_ends_the_subscription_that_stood(alice: Client, bob: Client) -> None:
    sid = await create(alice, "map")
    await establish(bob, (sid, "map", -1))
    await establish(bob, (sid, "list", -1))
    await put(alice, sid, "a")
    assert bob.notifications() == []


async def test_own_change_is_not_sent_back_but_reaches_the_identitys_other_connection(
    rig: Rig, alice: Client
) -> None:
    laptop = rig.connect("alice")
    sid = await create(alice, "map")
    for client in (alice, laptop):
        await establish(client, (sid, "map", -1))
    await put(alice, sid, "a")
    await put(laptop, sid, "b")
    assert ids(alice.notifications()) == [1]
    assert ids(laptop.notifications()) == [0]


async def test_removed_object_is_told_and_followed_no_more(alice: Client, bob: Client) -> None:
    sid = await create(alice, "map")
    await establish(bob, (sid, "map", -1))
    await alice.request("DELETE", f"/v3/Maps/{sid}", b"data_sync")
    ((message_type, payload),) = bob.notifications()
    assert (message_type, payload["event_type"]) == ("com.twilio.rtd.cds.map", "map_removed")
    assert bob.session.subscriptions == {}
    assert await cancel(bob, (sid, "map")) == [told("canceled", entry(sid, "map"))]


async def test_connection_that_was_lost_before_the_answer_follows_nothing(
    rig: Rig, alice: Client, bob: Client
) -> None:
    sid = await create(alice, "map")
    session = bob.session
    alice.ask("PUT", f"/v3/Maps/{sid}/Items/a", {"data": {}})
    await asyncio.sleep(0)
    bob.ask("POST", "/v4/Subscriptions", batch("establish", (sid, "map", -1)))
    bob.lose()
    deliveries = rig.metrics.deliveries
    await put(alice, sid, "b")
    assert session.subscriptions == {}
    assert rig.metrics.deliveries == deliveries


async def test_lost_connection_is_delivered_to_no_more(rig: Rig, alice: Client, bob: Client) -> None:
    sid = await create(alice, "map")
    await establish(bob, (sid, "map", -1))
    bob.lose()
    await put(alice, sid, "a")
    assert rig.metrics.deliveries == 0
    assert bob.session.subscriptions == {}


async def test_unknown_members_are_ignored(alice: Client) -> None:
    sid = await create(alice, "map")
    asked = batch("establish", (sid, "map", -1))
    asked |= {"retried_requests": 0, "ttl_in_s": -1, "reason": "ttl"}
    asked["requests"][0]["type"] = "com.example.Entry"
    assert (await alice.request("POST", "/v4/Subscriptions", asked)).status == 200
    assert alice.notifications() == [told("established", completed(sid, "map", -1))]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"action":"renew","correlation_id":1,"requests":[]}',
        b'{"action":"establish","requests":[]}',
        b'{"action":"establish","correlation_id":1,"requests":[{"object_type":"map"}]}',
        b'{"action":"establish","correlation_id":1,"requests":[{"object_sid":7}]}',
        b'{"action":"establish","correlation_id":1,"requests":[{"object_sid":"\xff"}]}',
        b'{"action":"establish","correlation_id":1,"requests":[],"x":' + b"[" * 100_000,
    ],
)
async def test_body_that_is_no_subscription_request_is_400(alice: Client, body: bytes) -> None:
    reply = await alice.request("POST", "/v4/Subscriptions", body)
    assert reply.error == (400, 20422)
    assert reply.body["message"].startswith("Invalid Parameter: expected a subscription request, ")
    assert alice.notifications() == []


async def test_empty_batch_is_answered_and_tells_nothing(alice: Client) -> None:
    assert await establish(alice) == []


@pytest.mark.settings(sync_subscription_batch_max=2)
async def test_batch_larger_than_the_announced_size_is_400(alice: Client) -> None:
    entries = [(f"MP{UNKNOWN}", "map", 0)] * 3
    reply = await alice.request("POST", "/v4/Subscriptions", batch("establish", *entries))
    assert reply.error == (400, 20422)
    assert reply.body["message"] == "Invalid Parameter: 3 requests, at most 2 allowed"


async def acl(rig: Rig, *, on: bool) -> None:
    options = ServiceOptions(acl_enabled=on)
    await rig.do(update_service, rig.vault, rig.made.account_sid, SYNC, "default", options)


async def grant(rig: Rig, sid: str, identity: str, *, read: bool) -> None:
    def rule(tx: Any) -> None:
        root = tables.by_sid(tx.one, sid)
        assert root is not None
        permissions.grant(tx, root, identity, read=read, write=False, manage=False)

    await rig.do(rule)


async def test_with_acl_on_only_what_may_be_read_is_established(rig: Rig, alice: Client, bob: Client) -> None:
    """Streams are open to all."""
    await acl(rig, on=True)
    shown, hidden, stream = (
        await create(alice, "map"),
        await create(alice, "map"),
        await create(alice, "stream"),
    )
    await grant(rig, shown, "bob", read=True)
    entries = [(shown, "map", -1), (hidden, "map", -1), (stream, "stream", None)]
    forbidden = f"Access forbidden for identity: bob has no read permission on {hidden}"
    assert await establish(bob, *entries) == [
        told("established", completed(shown, "map", -1), completed(stream, "stream", None)),
        told("failed", refused(hidden, "map", 403, 54007, forbidden)),
    ]
    ((_, own),) = await establish(alice, *entries)
    assert own["event_type"] == "subscription_established"


async def test_withdrawn_permission_stops_delivery_without_a_word(
    rig: Rig, alice: Client, bob: Client
) -> None:
    await acl(rig, on=True)
    sid = await create(alice, "map")
    await grant(rig, sid, "bob", read=True)
    await establish(bob, (sid, "map", -1))
    await put(alice, sid, "a")
    assert ids(bob.notifications()) == [0]
    await grant(rig, sid, "bob", read=False)
    await put(alice, sid, "b")
    assert bob.take() == []


async def test_permission_withdrawn_while_acl_is_off_changes_nothing(
    rig: Rig, alice: Client, bob: Client
) -> None:
    sid = await create(alice, "map")
    await establish(bob, (sid, "map", -1))
    await grant(rig, sid, "bob", read=True)
    await grant(rig, sid, "bob", read=False)
    await put(alice, sid, "a")
    assert ids(bob.notifications()) == [0]


async def test_acl_switched_on_ends_what_permissions_forbid_and_nothing_else(
    rig: Rig, alice: Client, bob: Client
) -> None:
    shown, hidden = await create(alice, "map"), await create(alice, "map")
    stream = await create(alice, "stream")
    await grant(rig, shown, "bob", read=True)
    await establish(bob, (shown, "map", -1), (hidden, "map", -1), (stream, "stream", None))
    await acl(rig, on=True)
    await rig.settled()
    assert set(bob.session.subscriptions) == {shown, stream}
    assert bob.take() == []


async def test_subscribe_that_waits_for_acl_to_be_switched_on_is_judged_by_it(
    rig: Rig, alice: Client, bob: Client
) -> None:
    sid = await create(alice, "map")
    switching = asyncio.ensure_future(acl(rig, on=True))
    await asyncio.sleep(0)
    while rig.store.waiting:  # noqa: ASYNC110 - once nothing waits, the commit is under way
        await asyncio.sleep(0)
    bob.ask("POST", "/v4/Subscriptions", batch("establish", (sid, "map", -1)))
    await switching
    await rig.settled()
    assert bob.session.subscriptions == {}


async def test_event_committed_together_with_the_loss_of_its_permission_is_not_delivered(
    rig: Rig, alice: Client, bob: Client
) -> None:
    await acl(rig, on=True)
    sid = await create(alice, "map")
    await grant(rig, sid, "bob", read=True)
    await establish(bob, (sid, "map", -1))
    withdrawing = asyncio.ensure_future(grant(rig, sid, "bob", read=False))
    await asyncio.sleep(0)
    alice.ask("PUT", f"/v3/Maps/{sid}/Items/secret", {"data": {}})
    await withdrawing
    await rig.settled()
    assert bob.take() == []
