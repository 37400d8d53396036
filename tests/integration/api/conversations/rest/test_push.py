"""Devices, credentials and the configuration of notifications over REST."""

from typing import Any

import pytest

from tests.support.backend import Backend
from tests.support.rig import BASE_URL, Rig
from tsock.conversations import bindings
from tsock.conversations.actor import ChatActor
from tsock.conversations.bindings import NewBinding
from tsock.storage.store import fetched

NOON = "2031-05-02T12:00:00Z"
NOT_FOUND = (404, 20404)


@pytest.fixture
def chat(backend: Backend) -> Backend:
    backend.place = "/conversations/v1"
    return backend


async def register(rig: Rig, identity: str, kind: str = "fcm") -> str:
    actor = ChatActor(rig.made.account_sid, rig.made.chat_service_sid, identity, source="SDK")
    new = NewBinding(type=kind, endpoint=f"{identity}-{kind}", message_types=["a", "b"])
    return (await rig.do(bindings.register, actor, new)).sid


def place(rig: Rig) -> str:
    return f"/Services/{rig.made.chat_service_sid}"


async def test_binding_is_shown_and_deleted(rig: Rig, chat: Backend) -> None:
    sid = await register(rig, "alice")
    one = f"{place(rig)}/Bindings/{sid}"
    reply = await chat.get(one)
    assert reply.status == 200
    assert reply.json == {
        "sid": sid,
        "account_sid": rig.made.account_sid,
        "chat_service_sid": rig.made.chat_service_sid,
        "credential_sid": None,
        "endpoint": "alice-fcm",
        "identity": "alice",
        "binding_type": "fcm",
        "message_types": ["a", "b"],
        "date_created": NOON,
        "date_updated": NOON,
        "url": f"{BASE_URL}/conversations/v1{one}",
    }
    assert (await chat.delete(one)).status == 204
    assert (await chat.get(one)).error == NOT_FOUND
    assert (await chat.delete(one)).error == NOT_FOUND


async def test_bindings_are_listed_by_type_and_identity(rig: Rig, chat: Backend) -> None:
    for identity, kind in (("alice", "fcm"), ("alice", "apn"), ("bob", "apn")):
        await register(rig, identity, kind)

    async def found(query: str) -> set[str]:
        reply = await chat.get(f"{place(rig)}/Bindings{query}")
        return {one["endpoint"] for one in reply.json["bindings"]}

    assert await found("") == {"alice-fcm", "alice-apn", "bob-apn"}
    assert await found("?BindingType=apn&Identity=alice") == {"alice-apn"}
    assert await found("?BindingType=apn&BindingType=fcm&Identity=bob&Identity=carol") == {"bob-apn"}
    assert await found("?BindingType=twilsock") == set()
    assert (await chat.get(f"{place(rig)}/Bindings?BindingType=pigeon")).error == (400, 50209)


async def test_credential_is_kept_sealed_and_shown_without_its_secrets(rig: Rig, chat: Backend) -> None:
    made = await chat.post(
        "/Credentials",
        {"Type": "apn", "FriendlyName": "phones", "Sandbox": "true", "PrivateKey": "key-1"},
    )
    assert made.status == 201
    sid = made.json["sid"]
    shown: dict[str, Any] = {
        "sid": sid,
        "account_sid": rig.made.account_sid,
        "friendly_name": "phones",
        "type": "apn",
        "sandbox": "true",
        "date_created": NOON,
        "date_updated": NOON,
        "url": f"{BASE_URL}/conversations/v1/Credentials/{sid}",
    }
    assert made.json == shown
    changed = await chat.post(
        f"/Credentials/{sid}", {"FriendlyName": "all", "Sandbox": "false", "Certificate": "cert"}
    )
    assert changed.json == shown | {"friendly_name": "all", "sandbox": "false"}
    assert (await chat.get("/Credentials")).json["credentials"] == [changed.json]
    assert (await chat.get(f"/Credentials/{sid}")).json == changed.json

    row = await fetched(rig.store, lambda tx: tx.one("SELECT secrets FROM push_credentials", {}))
    assert row is not None
    assert "key-1" not in row[0]
    assert rig.vault.open(sid, row[0]) == '{"private_key":"key-1","certificate":"cert"}'

    assert (await chat.delete(f"/Credentials/{sid}")).status == 204
    assert (await chat.get(f"/Credentials/{sid}")).error == NOT_FOUND


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, (400, 50209)),
        ({"Type": "pigeon"}, (400, 50209)),
        ({"Type": "fcm", "FriendlyName": "x" * 65}, (400, 50003)),
        ({"Type": "fcm", "Secret": "x" * 16_385}, (400, 20422)),
    ],
)
async def test_credential_that_cannot_be_is_refused(
    chat: Backend, form: dict[str, str], error: tuple[int, int]
) -> None:
    assert (await chat.post("/Credentials", form)).error == error


async def test_notifications_are_off_until_they_are_configured(rig: Rig, chat: Backend) -> None:
    one = f"{place(rig)}/Configuration/Notifications"
    off = (await chat.get(one)).json
    message = off["new_message"]
    assert message == {
        "enabled": False,
        "template": "${CONVERSATION}:${PARTICIPANT}: ${MESSAGE}",
        "sound": "",
        "badge_count_enabled": False,
        "with_media": {"enabled": False, "template": "${CONVERSATION}:${PARTICIPANT}: ${MEDIA}"},
    }
    given = {
        "NewMessage.Enabled": "true",
        "NewMessage.BadgeCountEnabled": "true",
        "NewMessage.WithMedia.Enabled": "true",
        "NewMessage.WithMedia.Template": "${MEDIA}",
        "AddedToConversation.Enabled": "true",
        "AddedToConversation.Sound": "ping",
        "RemovedFromConversation.Template": "bye",
        "LogEnabled": "true",
    }
    changed = await chat.post(one, given)
    assert changed.status == 200
    assert changed.json == off | {
        "log_enabled": True,
        "new_message": message
        | {
            "enabled": True,
            "badge_count_enabled": True,
            "with_media": {"enabled": True, "template": "${MEDIA}"},
        },
        "added_to_conversation": off["added_to_conversation"] | {"enabled": True, "sound": "ping"},
        "removed_from_conversation": off["removed_from_conversation"] | {"template": "bye"},
    }
    assert (await chat.get(one)).json == changed.json


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"NewMessage.Enabled": "maybe"}, (400, 20422)),
        ({"NewMessage.WithMedia.Template": "x" * 2049}, (400, 50058)),
        ({"RemovedFromConversation.Sound": "x" * 257}, (400, 50059)),
    ],
)
async def test_notifications_that_cannot_be_are_refused(
    rig: Rig, chat: Backend, form: dict[str, str], error: tuple[int, int]
) -> None:
    assert (await chat.post(f"{place(rig)}/Configuration/Notifications", form)).error == error
