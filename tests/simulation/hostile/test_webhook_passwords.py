"""Whoever gets hold of the database, but not of the master key, learns no password of a webhook."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from twilio.request_validator import RequestValidator

from tests.interop.server import Server
from tests.support.receiver import OK, Receiver, Request, answer

PASSWORD = "hunter2:zwei"
BASIC = "Basic " + base64.b64encode(f"hook:{PASSWORD}".encode()).decode()
CHAT = "/conversations/v1"
EVENTS = ["onMessageAdd", "onMessageAdded"]
TELL = {"X-Twilio-Webhook-Enabled": "true"}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def api(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    account = server.account
    async with httpx2.AsyncClient(base_url=server.url, auth=(account.sid, account.auth_token)) as client:
        yield client


def with_password(receiver: Receiver, path: str) -> str:
    return f"http://hook:{PASSWORD}@127.0.0.1:{receiver.port}/{path}?a=b"


def locked(request: Request) -> bytes:
    return OK if request.headers.get("authorization") == BASIC else answer(401, WWW_Authenticate="Basic")


async def done(client: httpx2.AsyncClient, path: str, **form: Any) -> Any:
    said = await client.post(path, data=form)
    assert said.is_success, said.text
    return said.json()


def leaks(server: Server) -> list[str]:
    """Files below the data directory, and of the log, that hold the password."""
    files = [*server.data.rglob("*"), server.log]
    return [path.name for path in files if path.is_file() and PASSWORD.encode() in path.read_bytes()]


async def test_passwords_of_webhooks_are_sealed_at_rest_and_used_after_a_crash(
    server: Server, api: httpx2.AsyncClient, receiver: Receiver
) -> None:
    receiver.reply = lambda request: answer(503)
    names = ("sync", "pre", "chat", "own", "account", "alerts")
    url = {name: with_password(receiver, name) for name in names}

    # Each place that takes one, and shows it as it was given.
    services = "/sync/v1/Services"
    options = {"WebhookUrl": url["sync"], "WebhooksFromRestEnabled": "true"}
    service = f"{services}/{(await done(api, services, **options))['sid']}"
    assert (await done(api, service, **options))["webhook_url"] == url["sync"]
    listed = (await api.get(services)).json()["services"]
    assert url["sync"] in [each["webhook_url"] for each in listed]
    of_account = f"{CHAT}/Configuration/Webhooks"
    shown = await done(api, of_account, PostWebhookUrl=url["account"], Filters=EVENTS)
    assert shown["post_webhook_url"] == url["account"]
    default = (await api.get(f"{CHAT}/Configuration")).json()["default_chat_service_sid"]
    of_service = f"{CHAT}/Services/{default}/Configuration/Webhooks"
    await done(api, of_service, PreWebhookUrl=url["pre"], PostWebhookUrl=url["chat"], Filters=EVENTS)
    by_its_other_name = (await api.get(f"/chat/v2/Services/{default}")).json()
    assert [by_its_other_name[f"{name}_webhook_url"] for name in ("pre", "post")] == [url["pre"], url["chat"]]
    conversation = f"{CHAT}/Conversations/{(await done(api, f'{CHAT}/Conversations'))['sid']}"
    own = {"Target": "webhook", "Configuration.Url": url["own"], "Configuration.Filters": EVENTS[1]}
    scoped = await done(api, f"{conversation}/Webhooks", **own)
    changed = await done(api, f"{conversation}/Webhooks/{scoped['sid']}", **{"Configuration.Method": "POST"})
    assert changed["configuration"]["url"] == url["own"]
    account = f"/accounts/{server.account.sid}"
    server.operator("POST", account, {"debugger_url": url["alerts"]})
    assert server.operator("GET", account)["debugger_url"] == url["alerts"]

    # What is told waits, with its URL; what is asked first is refused.
    await done(api, f"{service}/Documents", UniqueName="doc")
    assert (await api.post(f"{conversation}/Messages", data={"Body": "no"}, headers=TELL)).status_code == 403
    await done(api, of_service, PreWebhookUrl="")
    assert (await api.post(f"{conversation}/Messages", data={"Body": "hi"}, headers=TELL)).status_code == 201
    await receiver.until(len(names))
    assert leaks(server) == []

    server.kill()
    assert leaks(server) == []
    receiver.reply = locked
    server.start()
    server.advance(600)
    told: dict[str, Request] = {}
    while not told.keys() >= {"sync", "chat", "own", "account"}:
        arrived = await receiver.until(len(receiver.requests) + 1)
        told |= {each.path[1:].partition("?")[0]: each for each in arrived if "authorization" in each.headers}
    validator = RequestValidator(server.account.auth_token)
    for name, request in told.items():
        assert validator.compute_signature(url[name], request.form) == request.headers["x-twilio-signature"]
    server.stop()
    assert leaks(server) == []
