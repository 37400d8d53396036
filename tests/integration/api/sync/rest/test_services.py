"""Services of Sync over REST (`protocol/rest.md`, Services)."""

from typing import Any

import pytest

from tests.support.backend import Backend
from tests.support.rig import BASE_URL, Rig
from tsock.accounts.accounts import create_subaccount
from tsock.accounts.caller import CHAT, SYNC
from tsock.sync.services import ServiceOptions, create_service, update_service

NOON, LATER = "2031-05-02T12:00:00Z", "2031-05-02T12:00:01Z"
NOT_FOUND = (404, 20404)


@pytest.fixture
def services(backend: Backend) -> Backend:
    """A backend that begins its paths at the services."""
    backend.place = "/sync/v1/Services"
    return backend


def shown(rig: Rig, sid: str, **changes: Any) -> dict[str, Any]:
    """Every member of a service, as it is when it was made without any option."""
    url = f"{BASE_URL}/sync/v1/Services/{sid}"
    return {
        "sid": sid,
        "unique_name": None,
        "account_sid": rig.made.account_sid,
        "friendly_name": None,
        "date_created": NOON,
        "date_updated": NOON,
        "url": url,
        "webhook_url": None,
        "webhooks_from_rest_enabled": False,
        "reachability_webhooks_enabled": False,
        "acl_enabled": False,
        "reachability_debouncing_enabled": False,
        "reachability_debouncing_window": 5000,
        "links": {
            "documents": f"{url}/Documents",
            "lists": f"{url}/Lists",
            "maps": f"{url}/Maps",
            "streams": f"{url}/Streams",
        },
        **changes,
    }


async def test_default_service_exists_from_the_start(rig: Rig, services: Backend) -> None:
    sid = rig.made.sync_service_sid
    expected = shown(rig, sid, unique_name="default", friendly_name="Sync default service")
    for name in ("default", sid, sid[:2] + sid[2:].upper()):
        found = await services.get(f"/{name}")
        assert (found.status, found.json) == (200, expected)


async def test_service_is_created_changed_and_deleted(rig: Rig, services: Backend) -> None:
    made = await services.make("")
    sid = made["sid"]
    assert sid.startswith("IS")
    assert made == shown(rig, sid)
    assert (await services.get(f"/{sid}")).json == made
    rig.pass_s(1)
    form = {
        "FriendlyName": "Board",
        "WebhookUrl": "https://hooks.example/sync?x=1",
        "WebhooksFromRestEnabled": "true",
        "ReachabilityWebhooksEnabled": "True",
        "AclEnabled": "true",
        "ReachabilityDebouncingEnabled": "true",
        "ReachabilityDebouncingWindow": "30000",
    }
    changed = await services.post(f"/{sid}", form)
    expected = shown(
        rig,
        sid,
        friendly_name="Board",
        webhook_url="https://hooks.example/sync?x=1",
        webhooks_from_rest_enabled=True,
        reachability_webhooks_enabled=True,
        acl_enabled=True,
        reachability_debouncing_enabled=True,
        reachability_debouncing_window=30_000,
        date_updated=LATER,
    )
    assert (changed.status, changed.json) == (200, expected)
    other = await services.make("", **form)
    assert {**other, "date_created": NOON} == {
        **expected,
        "sid": other["sid"],
        "url": other["url"],
        "links": other["links"],
    }
    partly = await services.post(f"/{sid}", {"AclEnabled": "false", "WebhookUrl": ""})
    assert partly.json == {**expected, "acl_enabled": False, "webhook_url": None}
    removed = await services.delete(f"/{sid}")
    assert (removed.status, removed.body) == (204, b"")
    assert (await services.get(f"/{sid}")).error == NOT_FOUND
    assert (await services.post(f"/{sid}", {"AclEnabled": "true"})).error == NOT_FOUND
    assert (await services.delete(f"/{sid}")).error == NOT_FOUND
    assert (await services.get(f"/{sid}/Documents")).error == NOT_FOUND


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"FriendlyName": ""}, (400, 54053)),
        ({"FriendlyName": "x" * 256}, (400, 54053)),
        ({"WebhookUrl": "https://hooks.example/" + "x" * 491}, (400, 54051)),
        ({"WebhookUrl": "hooks.example"}, (400, 54051)),
        ({"WebhookUrl": "ftp://hooks.example"}, (400, 54051)),
        ({"ReachabilityDebouncingWindow": "999"}, (400, 20422)),
        ({"ReachabilityDebouncingWindow": "30001"}, (400, 20422)),
        ({"ReachabilityDebouncingWindow": "long"}, (400, 20422)),
        ({"AclEnabled": "yes"}, (400, 20422)),
        ({"WebhooksFromRestEnabled": ""}, (400, 20422)),
    ],
)
async def test_refused_option_changes_nothing(
    services: Backend, form: dict[str, str], error: tuple[int, int]
) -> None:
    before = (await services.get("")).body
    assert (await services.post("", form)).error == error
    assert (await services.post("/default", {"AclEnabled": "true", **form})).error == error
    assert (await services.get("")).body == before


async def test_names_and_urls_of_the_largest_size_are_taken(services: Backend) -> None:
    url = "https://hooks.example/" + "x" * 490
    assert len(url) == 512
    made = await services.make("", FriendlyName="x" * 255, WebhookUrl=url)
    assert (made["friendly_name"], made["webhook_url"]) == ("x" * 255, url)


async def test_update_without_an_option_is_54010(services: Backend) -> None:
    for form in ({}, {"UniqueName": "x"}):
        assert (await services.post("/default", form)).error == (400, 54010)


async def test_services_are_listed_the_newest_first_in_pages(rig: Rig, services: Backend) -> None:
    sids = [rig.made.sync_service_sid]
    for _ in range(4):
        rig.pass_s(1)
        sids.append((await services.make(""))["sid"])
    gone = sids.pop(2)
    await services.delete(f"/{gone}")
    pages = await services.walk(f"{BASE_URL}/sync/v1/Services?PageSize=3", "services")
    assert [[service["sid"] for service in page] for page in pages] == [sids[:0:-1], sids[:1]]
    assert pages[1][0] == (await services.get("/default")).json


async def test_deleted_default_service_is_followed_by_an_empty_one(rig: Rig, backend: Backend) -> None:
    await backend.make("/Documents", UniqueName="x")
    assert (await backend.delete("")).status == 204
    fresh = (await backend.get("")).json
    assert fresh["sid"] != rig.made.sync_service_sid
    assert fresh["unique_name"] == "default"
    assert (await backend.get("/Documents")).json["documents"] == []


async def test_service_of_another_account_or_product_is_absent(rig: Rig, services: Backend) -> None:
    other = await rig.do(create_subaccount, rig.vault, rig.settings, rig.made.account_sid)
    theirs = await rig.do(create_service, rig.vault, other.sid, SYNC)
    chat = await rig.do(create_service, rig.vault, rig.made.account_sid, CHAT)
    for sid in (theirs.sid, chat.sid, rig.made.chat_service_sid, "IS" + "0" * 32, "nothing", ""):
        answers = [
            await services.get(f"/{sid}"),
            await services.post(f"/{sid}", {"AclEnabled": "true"}),
            await services.delete(f"/{sid}"),
            await services.get(f"/{sid}/Documents"),
            await services.post(f"/{sid}/Documents", {}),
        ]
        assert [answer.error for answer in answers] == [NOT_FOUND] * 5, sid
    listed = (await services.get("")).json["services"]
    assert [service["sid"] for service in listed] == [rig.made.sync_service_sid]


async def test_subaccount_has_services_and_objects_of_its_own(rig: Rig, backend: Backend) -> None:
    made = await rig.do(create_subaccount, rig.vault, rig.settings, rig.made.account_sid)
    token = rig.directory.auth_token(made).decode()
    below = Backend(rig, credentials=(made.sid, token))
    document = await below.make("/Documents", UniqueName="x")
    assert document["account_sid"] == made.sid
    assert (await backend.get("/Documents/x")).error == NOT_FOUND
    assert (await backend.get(f"/Documents/{document['sid']}")).error == NOT_FOUND
    foreign = Backend(rig, rig.made.sync_service_sid, credentials=(made.sid, token))
    assert (await foreign.get("/Documents")).error == NOT_FOUND


async def test_objects_of_a_service_that_an_operator_disabled_are_out_of_reach(
    rig: Rig, backend: Backend
) -> None:
    """As for clients; the service itself is still shown, and can be deleted."""
    await backend.make("/Maps", UniqueName="x")
    await rig.do(
        update_service, rig.vault, rig.made.account_sid, SYNC, "default", ServiceOptions(enabled=False)
    )
    for path in ("/Maps", "/Maps/x", "/Maps/x/Items", "/Maps/x/Items/k", "/Maps/x/Permissions/bob"):
        assert (await backend.get(path)).error == (403, 54056)
    assert (await backend.post("/Maps", {})).error == (403, 54056)
    assert (await backend.get("")).status == 200
