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


@pytest.mark.settings(
    chat_registration_id_chars_max=5, chat_binding_message_types_max=2, chat_message_type_chars_max=3
)
@pytest.mark.parametrize(
    ("endpoint", "types", "said"),
    [
        ("", [], "1 to 5 characters (chat_registration_id_chars_max), this 0"),
        ("tablet", [], "1 to 5 characters (chat_registration_id_chars_max), this 6"),
        ("phone", ["a", "b", "c"], "2 message types of at most 3 characters each"),
        ("phone", ["a", "bcde"], "chat_message_type_chars_max), not 2 of up to 4"),
    ],
)
async def test_bounds_of_a_registration_are_settings(
    rig: Rig, endpoint: str, types: list[str], said: str
) -> None:
    client = enter(rig)
    for name, kinds, status in (("phone", ["abc", "d"], 201), (endpoint, types, 400)):
        body = {"channel_type": "fcm", "data": {"registration_id": name}, "message_types": kinds}
        reply = await ask(client, "POST", PLACE, body)
        assert reply.status == status
    assert reply.body["code"] == 20422
    assert said in reply.body["message"]


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
        Pushes(rig.store, rig.vault, "relay.example")
