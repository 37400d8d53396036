"""Webhooks of Conversations over REST (`protocol/rest.md`, Chat webhooks)."""

import pytest

from tests.support.backend import Backend
from tests.support.rig import Rig
from tsock.storage.store import fetched
from tsock.webhooks import outbox

URL = "https://hooks.example.test/"
LOUD = [("x-twilio-webhook-enabled", "true")]


@pytest.fixture
def chat(backend: Backend) -> Backend:
    """A backend that begins its paths at the version."""
    backend.place = "/conversations/v1"
    return backend


async def urls(rig: Rig) -> list[str]:
    """Where posts wait to go, in the order of putting."""
    return [
        each.url
        for each in await fetched(rig.store, lambda tx: outbox.page(tx, "waiting", after=0, limit=100))
    ]


async def test_each_level_is_set_shown_and_told(chat: Backend, rig: Rig) -> None:
    given = {"PostWebhookUrl": f"{URL}a", "Filters": "onMessageAdded"}
    account = (await chat.post("/Configuration/Webhooks", given)).json
    assert (account["post_webhook_url"], account["filters"], account["method"], account["target"]) == (
        f"{URL}a",
        ["onMessageAdded"],
        "POST",
        "webhook",
    )
    assert (await chat.get("/Configuration/Webhooks")).json == account

    sid = rig.made.chat_service_sid
    place = f"/Services/{sid}/Configuration/Webhooks"
    given = {"PostWebhookUrl": f"{URL}s", "Filters": "onMessageAdded", "Method": "get"}
    service = (await chat.post(place, given)).json
    assert (service["chat_service_sid"], service["method"], service["pre_webhook_url"]) == (sid, "GET", None)
    assert (await chat.get(place)).json == service

    conversation = await chat.make("/Conversations")
    hooks = f"/Conversations/{conversation['sid']}/Webhooks"
    given = {"Configuration.Url": f"{URL}c", "Configuration.Filters": "onMessageAdded"}
    made = await chat.make(hooks, Target="webhook", **given)
    assert made["configuration"] == {"url": f"{URL}c", "method": "POST", "filters": ["onMessageAdded"]}
    assert (await chat.get(f"{hooks}/{made['sid']}")).json == made

    messages = f"/Conversations/{conversation['sid']}/Messages"
    await chat.post(messages, {"Body": "nobody is told"})
    assert await urls(rig) == []
    await chat.post(messages, {"Body": "x"}, headers=LOUD)
    assert await urls(rig) == [f"{URL}a", f"{URL}s", f"{URL}c"]


async def test_webhook_of_a_conversation_changes_and_ends(chat: Backend) -> None:
    conversation = await chat.make("/Conversations")
    hooks = f"/Services/default/Conversations/{conversation['sid']}/Webhooks"
    given = {"Configuration.Url": URL, "Configuration.Triggers": "help"}
    made = await chat.make(hooks, Target="trigger", **given)
    assert made["chat_service_sid"] == conversation["chat_service_sid"]
    changed = (await chat.post(f"{hooks}/{made['sid']}", {"Configuration.Method": "GET"})).json
    assert changed["configuration"] == {"url": URL, "method": "GET", "triggers": ["help"]}
    assert [each["sid"] for each in (await chat.get(hooks)).json["webhooks"]] == [made["sid"]]
    assert (await chat.delete(f"{hooks}/{made['sid']}")).status == 204
    gone = await chat.get(f"{hooks}/{made['sid']}")
    assert (gone.status, gone.json["code"]) == (404, 20404)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"PreWebhookUrl": "ftp://x"}, 50077),
        ({"PostWebhookUrl": "nowhere"}, 50078),
        ({"Method": "PUT"}, 50055),
        ({"Filters": "onTea"}, 50054),
        ({"Target": "mail"}, 50054),
    ],
)
async def test_bad_settings_are_refused(chat: Backend, given: dict[str, str], code: int) -> None:
    before = (await chat.get("/Configuration/Webhooks")).json
    refused = await chat.post("/Configuration/Webhooks", given)
    assert (refused.status, refused.json["code"]) == (400, code)
    assert (await chat.get("/Configuration/Webhooks")).json == before


async def test_settings_are_taken_away_by_empty_values(chat: Backend) -> None:
    await chat.post("/Configuration/Webhooks", {"PostWebhookUrl": URL, "Filters": "onMessageAdded"})
    left = (await chat.post("/Configuration/Webhooks", {"PostWebhookUrl": "", "Filters": ""})).json
    assert (left["post_webhook_url"], left["filters"]) == (None, [])
