"""Pages wait until their client has worked through the events of what they show."""

import asyncio

import pytest

from tests.support.rig import Client, Rig
from tests.support.transport import Packet
from tsock.gateway.held import TIMERS_S, UNDERWAY_S
from tsock.wire.client import ack

TWO_ITEMS = [{"n": 0}, {"n": 1}]


async def subscribe(client: Client, sid: str, after: int | None = None) -> None:
    wanted = {"object_sid": sid, "object_type": "list", "last_event_id": after}
    body = {"action": "establish", "correlation_id": 1, "requests": [wanted]}
    assert (await client.request("POST", "/v4/Subscriptions", body)).status == 200


@pytest.fixture
async def items(rig: Rig) -> str:
    """Path of the items of a list that has one."""
    alice = rig.connect("alice")
    sid = (await alice.request("POST", "/v3/Lists", {})).body["sid"]
    items = f"/v3/Lists/{sid}/Items"
    await push(alice, items, 0)
    return items


@pytest.fixture
async def bob(rig: Rig, items: str) -> Client:
    """Follows that list, and has long heard of all that is in it."""
    client = rig.connect("bob")
    await subscribe(client, items.split("/")[3], after=0)
    rig.pass_s(UNDERWAY_S)
    client.take()
    return client


async def push(client: Client, items: str, number: int) -> None:
    assert (await client.request("POST", items, {"data": {"n": number}})).status == 201


async def told(rig: Rig, client: Client, items: str, number: int = 1) -> None:
    """Somebody adds an item, and `client` is sent the event."""
    await push(rig.connect("carol"), items, number)
    (packet,) = client.take()
    assert packet.payload["event"]["item_data"] == {"n": number}


def acknowledge(client: Client, packet: Packet) -> None:
    """As JS does."""
    client.raw(ack(packet.header["id"]))


def asked_for_acknowledgement(client: Client) -> Packet:
    """The ping that is all that came."""
    (packet,) = client.take()
    assert packet.header["method"] == "ping"
    return packet


def work_through(rig: Rig, client: Client, ping: Packet) -> None:
    """Acknowledge a ping that a page waits for, and the one that follows it."""
    acknowledge(client, ping)
    rig.pass_s(TIMERS_S)
    acknowledge(client, asked_for_acknowledgement(client))


def shown(client: Client, packet_id: str) -> list[dict[str, int]]:
    """The items of a page that has come."""
    return [item["data"] for item in client.answer(packet_id).body["items"]]


async def test_page_waits_until_its_client_has_worked_through_the_event_of_what_it_shows(
    rig: Rig, bob: Client, items: str
) -> None:
    await told(rig, bob, items)
    asked = bob.ask("GET", items)
    ping = asked_for_acknowledgement(bob)
    rig.pass_s(UNDERWAY_S - 0.1)
    assert bob.take() == []
    acknowledge(bob, ping)  # the event was read
    rig.pass_s(TIMERS_S - 0.001)
    acknowledge(bob, ping)
    assert bob.take() == []
    rig.pass_s(0.001)
    ping = asked_for_acknowledgement(bob)
    rig.pass_s(UNDERWAY_S - 0.1)
    assert bob.take() == []
    acknowledge(bob, ping)  # and its timer has fired
    assert shown(bob, asked) == TWO_ITEMS


async def test_page_shows_what_there_was_when_it_was_asked_for(rig: Rig, bob: Client, items: str) -> None:
    await told(rig, bob, items)
    asked = bob.ask("GET", items)
    ping = asked_for_acknowledgement(bob)
    await told(rig, bob, items, 2)
    work_through(rig, bob, ping)
    assert shown(bob, asked) == TWO_ITEMS


async def test_acknowledgement_of_something_else_lets_no_page_go(rig: Rig, bob: Client, items: str) -> None:
    await push(rig.connect("carol"), items, 1)
    (event,) = bob.take()
    first = bob.ask("GET", items)
    first_ping = asked_for_acknowledgement(bob)
    second = bob.ask("GET", items)
    second_ping = asked_for_acknowledgement(bob)
    acknowledge(bob, event)
    bob.ack("unknown")
    rig.pass_s(TIMERS_S)
    assert bob.take() == []
    bob.ack(second_ping.header["id"])  # in the form of Kotlin
    rig.pass_s(TIMERS_S)
    bob.ack(asked_for_acknowledgement(bob).header["id"])
    assert shown(bob, second) == TWO_ITEMS
    work_through(rig, bob, first_ping)
    assert shown(bob, first) == TWO_ITEMS


@pytest.mark.parametrize("acknowledged", [0, 1])
async def test_page_for_a_client_that_does_not_acknowledge_goes_all_the_same(
    rig: Rig, bob: Client, items: str, acknowledged: int
) -> None:
    await told(rig, bob, items)
    asked = bob.ask("GET", items)
    ping = asked_for_acknowledgement(bob)
    if acknowledged:
        acknowledge(bob, ping)
        rig.pass_s(TIMERS_S)
        ping = asked_for_acknowledgement(bob)
    rig.pass_s(UNDERWAY_S)
    assert shown(bob, asked) == TWO_ITEMS
    acknowledge(bob, ping)
    rig.pass_s(TIMERS_S)
    assert bob.take() == []


async def test_page_waits_for_replayed_events_too(rig: Rig, items: str) -> None:
    dave = rig.connect("dave")
    await subscribe(dave, items.split("/")[3], after=-1)
    dave.take()
    asked = dave.ask("GET", items)
    work_through(rig, dave, asked_for_acknowledgement(dave))
    assert shown(dave, asked) == TWO_ITEMS[:1]


async def test_page_does_not_wait_for_events_that_were_sent_long_ago(
    rig: Rig, bob: Client, items: str
) -> None:
    await told(rig, bob, items)
    rig.pass_s(UNDERWAY_S)
    assert shown(bob, bob.ask("GET", items)) == TWO_ITEMS


async def test_page_of_what_a_client_does_not_follow_is_answered_at_once(
    rig: Rig, bob: Client, items: str
) -> None:
    await told(rig, bob, items)
    dave = rig.connect("dave")
    assert shown(dave, dave.ask("GET", items)) == TWO_ITEMS
    other = (await bob.request("POST", "/v3/Lists", {})).body["sid"]
    assert shown(bob, bob.ask("GET", f"/v3/Lists/{other}/Items")) == []


async def test_nothing_else_waits_behind_events_or_a_page(rig: Rig, bob: Client, items: str) -> None:
    await told(rig, bob, items)
    page = bob.ask("GET", items)
    ping = asked_for_acknowledgement(bob)
    assert (await bob.request("GET", f"{items}/1")).body["data"] == {"n": 1}
    assert (await bob.request("GET", items.removesuffix("/Items"))).status == 200
    await push(bob, items, 2)
    assert bob.take() == []
    assert bob.session.in_flight == 0
    assert bob.transport.reading
    work_through(rig, bob, ping)
    assert shown(bob, page) == TWO_ITEMS


@pytest.mark.settings(requests_in_flight_max=2)
async def test_so_many_pages_wait_and_beyond_that_the_oldest_goes(rig: Rig, bob: Client, items: str) -> None:
    await told(rig, bob, items)
    asked = [bob.ask("GET", items) for _ in range(5)]
    assert bob.transport.reading
    for packet_id in asked[:3]:
        assert shown(bob, packet_id) == TWO_ITEMS
    assert [packet.header["method"] for packet in bob.take()] == ["ping"] * 5
    rig.pass_s(UNDERWAY_S)
    for packet_id in asked[3:]:
        assert shown(bob, packet_id) == TWO_ITEMS


async def test_page_asked_for_during_a_commit_waits_for_what_that_tells(
    rig: Rig, bob: Client, items: str
) -> None:
    carol = rig.connect("carol")
    carol.ask("POST", items, {"data": {"n": 1}})
    await asyncio.sleep(0)
    asked = bob.ask("GET", items)
    assert bob.take() == []
    await rig.settled()
    event, ping = bob.take()
    assert (event.header["method"], ping.header["method"]) == ("notification", "ping")
    assert bob.transport.reading
    work_through(rig, bob, ping)
    assert shown(bob, asked) == TWO_ITEMS


async def test_pages_that_wait_go_before_the_server_tells_their_client_to_leave(
    rig: Rig, bob: Client, items: str
) -> None:
    await told(rig, bob, items)
    bob.ask("GET", items)
    asked_for_acknowledgement(bob)
    rig.gateway.drain()
    assert [packet.header["method"] for packet in bob.take()] == ["reply", "close"]
    assert bob.session.in_flight == 0
    rig.pass_s(60)


async def test_page_of_a_client_that_is_gone_waits_no_longer(rig: Rig, bob: Client, items: str) -> None:
    await told(rig, bob, items)
    bob.ask("GET", items)
    bob.lose()
    rig.pass_s(60)
    assert bob.session.in_flight == 0
