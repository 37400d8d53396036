"""Push registrations over the tunnel, and what is sent to whom."""

from typing import Any

import pytest

from tests.support.rig import Client, Reply, Rig
from tsock.accounts.caller import CHAT
from tsock.errors import ConfigError
from tsock.jobs.pushes import Pushes
from tsock.storage.store import fetched

PLACE = "/v1/registrations"
TYPES = [
    "twilio.conversations.new_message",
    "twilio.conversations.added_to_conversation",
    "twilio.conversations.removed_from_conversation",
    "twilio.ipmsg.typing_indicator",
    "twilio.channel.consumption_update",
]


def enter(rig: Rig, identity: str = "alice") -> Client:
    return rig.connect(identity, products={CHAT: "default"})


async def ask(client: Client, method: str, path: str, body: Any = None) -> Reply:
    return await client.request(
        method, path, body, grant=CHAT, params={"productId": CHAT}, host="ers.us1.twilio.com"
    )


async def register(client: Client, endpoint: str, kind: str = "fcm") -> str:
    """Register as the SDK does; the registration's id."""
    reply = await ask(
        client,
        "POST",
        PLACE,
        {
            "endpoint_platform": "web",
            "channel_type": kind,
            "version": "3",
            "message_types": TYPES,
            "data": {"registration_id": endpoint},
        },
    )
    assert reply.status == 201
    return reply.body["id"]


async def registered(rig: Rig) -> list[tuple[str, str, str]]:
    sql = "SELECT identity, type, endpoint FROM chat_bindings ORDER BY created_ms, sid"
    rows = await fetched(rig.store, lambda tx: tx.all(sql, {}))
    return sorted((row[0], row[1], row[2]) for row in rows)


async def test_registration_is_replaced_moved_and_removed(rig: Rig) -> None:
    alice, bob = enter(rig), enter(rig, "bob")
    first = await register(alice, "phone")
    assert await register(alice, "phone") == first
    assert await registered(rig) == [("alice", "fcm", "phone")]
    moved = await register(bob, "phone")
    assert await registered(rig) == [("bob", "fcm", "phone")]
    assert (await ask(alice, "DELETE", f"{PLACE}/{first}")).status == 204
    assert (await ask(alice, "DELETE", f"{PLACE}/{moved}")).status == 204
    assert await registered(rig) == [("bob", "fcm", "phone")]
    assert (await ask(bob, "DELETE", f"{PLACE}/{moved}")).status == 204
    assert await registered(rig) == []


async def test_registration_is_removed_by_address(rig: Rig) -> None:
    client = enter(rig)
    await register(client, "phone")
    await register(client, "phone", "apn")
    for _ in range(2):
        body = {"binding_type": "apn", "address": "phone"}
        assert (await ask(client, "DELETE", PLACE, body)).status == 204
    assert await registered(rig) == [("alice", "fcm", "phone")]


@pytest.mark.parametrize(
    ("method", "body", "error"),
    [
        ("POST", None, (400, 20422)),
        ("POST", {"channel_type": "fcm", "data": {}}, (400, 20422)),
        ("POST", {"channel_type": "pigeon", "data": {"registration_id": "x"}}, (400, 50209)),
        ("DELETE", {"address": "phone"}, (400, 20422)),
    ],
)
async def test_malformed_registration_is_refused(
    rig: Rig, method: str, body: Any, error: tuple[int, int]
) -> None:
    assert (await ask(enter(rig), method, PLACE, body)).error == error


def test_push_url_must_be_one(rig: Rig) -> None:
    with pytest.raises(ConfigError, match="push_url: expected an absolute"):
        Pushes(rig.store, "relay.example")
