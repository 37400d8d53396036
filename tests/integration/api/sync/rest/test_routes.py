"""Sync over REST beside its clients: what each sees, who may ask, how often, and under which URLs."""

import re
from typing import Any

import pytest

from tests.support.backend import Backend
from tests.support.rig import BASE_URL, Client, Rig
from tsock.accounts.caller import SYNC
from tsock.accounts.keys import create_key
from tsock.api.request import Access, Door
from tsock.debugger import alerts
from tsock.gateway.held import UNDERWAY_S
from tsock.storage.store import fetched
from tsock.sync.services import ServiceOptions, update_service
from tsock.webhooks import outbox

KINDS = {"ET": "document", "ES": "list", "MP": "map", "TO": "stream"}


async def key(rig: Rig, **options: Any) -> tuple[str, str]:
    """A new key's SID and secret."""
    made, secret = await rig.do(create_key, rig.vault, rig.settings, rig.made.account_sid, **options)
    return made.sid, secret


# Clients and backend.


async def subscribe(client: Client, *sids: str) -> None:
    entries = [{"object_sid": sid, "object_type": KINDS[sid[:2]], "last_event_id": None} for sid in sids]
    body = {"event_protocol_version": 4, "action": "establish", "correlation_id": 1, "requests": entries}
    assert (await client.request("POST", "/v4/Subscriptions", body)).status == 200
    assert [packet.payload["event_type"] for packet in client.take()] == ["subscription_established"]


async def heard(rig: Rig, client: Client) -> list[tuple[str, Any]]:
    """Types and bodies of the events since the last look."""
    await rig.settled()
    return [(payload["event_type"], payload["event"]) for _, payload in client.notifications()]


async def test_changes_made_over_rest_reach_subscribed_clients_in_order(rig: Rig, backend: Backend) -> None:
    alice = rig.connect("alice")
    document = (await backend.make("/Documents", UniqueName="x"))["sid"]
    board = (await backend.make("/Lists", UniqueName="x"))["sid"]
    players = (await backend.make("/Maps", UniqueName="x"))["sid"]
    await subscribe(alice, document, board, players)

    await backend.post("/Documents/x", {"Data": '{"n":1.0}'})
    await backend.make("/Lists/x/Items", Data='{"n":2}')
    await backend.make("/Maps/x/Items", Key="a/b", Data='{"n":3}')
    await backend.post("/Maps/x/Items/a%2Fb", {"Data": '{"n":4}', "CollectionTtl": "3600"})
    await backend.delete("/Lists/x/Items/0")
    await backend.post("/Lists/x", {"Ttl": "60"})  # told to nobody
    await backend.delete("/Documents/x")
    events = await heard(rig, alice)

    assert [(kind, event["id"]) for kind, event in events] == [
        ("document_updated", 1),
        ("list_item_added", 0),
        ("map_item_added", 0),
        ("map_item_updated", 1),
        ("list_item_removed", 1),
        ("document_removed", 2),
    ]
    assert [event.get("item_data", event.get("document_data")) for _, event in events] == [
        {"n": 1.0},
        {"n": 2},
        {"n": 3},
        {"n": 4},
        {"n": 2},
        None,
    ]
    assert events[2][1]["item_key"] == "a/b"
    assert (await alice.request("GET", "/v3/Maps/x")).body["created_by"] == "system"
    rig.pass_s(UNDERWAY_S)
    (shown,) = (await alice.request("GET", "/v3/Maps/x/Items")).body["items"]
    assert (shown["created_by"], shown["revision"]) == ("system", "1")


async def test_message_sent_over_rest_reaches_subscribed_clients(rig: Rig, backend: Backend) -> None:
    alice = rig.connect("alice")
    stream = (await backend.make("/Streams", UniqueName="x"))["sid"]
    await subscribe(alice, stream)
    sent = await backend.post("/Streams/x/Messages", {"Data": '{"n":1}'})
    ((kind, event),) = await heard(rig, alice)
    assert kind == "stream_message_published"
    assert (event["message_sid"], event["message_data"]) == (sent.json["sid"], {"n": 1})


async def test_what_clients_make_is_shown_with_their_identity(rig: Rig, backend: Backend) -> None:
    alice = rig.connect("alice")
    await alice.request("POST", "/v3/Lists", {"unique_name": "x"})
    await alice.request("POST", "/v3/Lists/x/Items", {"data": {"n": 1}})
    (root,) = (await backend.get("/Lists")).json["lists"]
    (item,) = (await backend.get("/Lists/x/Items")).json["items"]
    assert (root["created_by"], item["created_by"], item["data"]) == ("alice", "alice", {"n": 1})
    changed = (await backend.post("/Lists/x/Items/0", {"Data": "{}"})).json
    assert changed["created_by"] == "alice"


@pytest.mark.parametrize("enabled", [False, True])
async def test_webhooks_tell_of_changes_over_rest_only_where_the_service_wants_it(
    rig: Rig, backend: Backend, enabled: bool
) -> None:
    options = ServiceOptions(webhook_url="https://hooks.example/x", webhooks_from_rest_enabled=enabled)
    await rig.do(update_service, rig.vault, rig.made.account_sid, SYNC, "default", options)
    await backend.make("/Documents")
    await backend.make("/Streams")
    waiting = await fetched(rig.store, lambda tx: outbox.page(tx, "waiting", after=0, limit=9))
    assert [(post.event_type, post.parameters["Identity"]) for post in waiting] == [
        ("document_created", "system")
    ] * enabled


# Who may ask.


async def test_every_route_needs_credentials_and_a_permission_of_the_documented_shape(
    rig: Rig, backend: Backend
) -> None:
    routes = [route for route in rig.router.routes() if route.pattern.startswith("/sync/v1/Services")]
    assert len(routes) == 5 + 4 * 5 + 1 + 2 * 5 + 3 * 4
    for route in routes:
        assert (route.door, route.access) == (Door.HTTP, Access.DATA)
        assert re.fullmatch("/twilio/sync/[a-z-]+/(create|read|list|update|delete)", route.permission)
        page = await backend.web(route.method, re.sub(r"{\w+}", "x", route.pattern))
        assert page.error == (401, 20003)
    assert len({route.permission for route in routes}) == len(routes)


async def test_restricted_key_may_do_what_its_policy_lists_and_nothing_else(
    rig: Rig, backend: Backend
) -> None:
    await backend.make("/Documents", UniqueName="x")
    policy = '{"allow":["/twilio/sync/documents/read","/twilio/sync/services/read"]}'
    reader = Backend(rig, credentials=await key(rig, kind="restricted", policy=policy))
    assert (await reader.get("/Documents/x")).status == 200
    assert (await reader.get("")).status == 200
    for refused in (
        await reader.get("/Documents"),
        await reader.post("/Documents/x", {"Data": "{}"}),
        await reader.delete("/Documents/x"),
        await reader.get("/Documents/x/Permissions"),
        await reader.get("/Maps/x"),
    ):
        assert refused.error == (403, 20006)
    assert (await backend.get("/Documents/x")).json["revision"] == "0"


@pytest.mark.parametrize("kind", ["standard", "main"])
async def test_other_keys_may_do_everything_here(rig: Rig, kind: str) -> None:
    holder = Backend(rig, credentials=await key(rig, kind=kind))
    await holder.make("/Maps", UniqueName="x")
    assert (await holder.post("", {"FriendlyName": "x"})).status == 200
    assert (await holder.delete("/Maps/x")).status == 204


async def test_change_of_a_service_is_on_record_with_who_made_it(rig: Rig, backend: Backend) -> None:
    await backend.post("", {"FriendlyName": "Board"})
    sql = "SELECT event_type, actor_sid, source, address FROM audit_events ORDER BY rowid DESC LIMIT 1"
    (event,) = await fetched(rig.store, lambda tx: tx.all(sql, {}))
    assert tuple(event) == ("service.updated", rig.made.account_sid, "api", "127.0.0.1")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/Maps/x/Items/k", "DELETE, GET, POST"),
        ("PATCH", "/Documents/x", "DELETE, GET, POST"),
        ("DELETE", "/Documents", "GET, POST"),
        ("GET", "/Streams/x/Messages", "POST"),
        ("POST", "/Maps/x/Permissions", "GET"),
    ],
)
async def test_other_method_is_20004_and_tells_which_there_are(
    backend: Backend, method: str, path: str, allowed: str
) -> None:
    refused = await backend.web(method, backend.place + path, credentials=backend.credentials)
    assert (refused.error, refused.headers["allow"]) == ((405, 20004), allowed)


# How often.

ONCE = pytest.mark.settings(
    sync_reads_per_object_per_s=1,
    sync_writes_per_object_per_s=1,
    sync_creates_per_service_per_s=3,
    sync_publishes_per_stream_per_s=1,
    sync_requests_per_permission_per_s=1,
    sync_burst_s=1,
)
FLAGS = {"Read": "true", "Write": "true", "Manage": "true"}


@ONCE
@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("GET", "/Documents/x", None),
        ("POST", "/Documents/x", {"Data": "{}"}),
        ("POST", "/Maps/x/Items", {"Key": "k", "Data": "{}"}),
        ("GET", "/Maps/x/Items", None),
        ("GET", "/Maps/x/Items/k", None),
        ("DELETE", "/Maps/x/Items/k", None),
        ("GET", "/Maps/x/Permissions", None),
        ("GET", "/Maps/x/Permissions/bob", None),
        ("POST", "/Maps/x/Permissions/bob", FLAGS),
        ("POST", "/Streams/x/Messages", {"Data": "{}"}),
    ],
)
async def test_second_request_in_a_second_is_54009_and_a_third_in_the_next_is_not(
    rig: Rig, backend: Backend, method: str, path: str, form: dict[str, str] | None
) -> None:
    for segment in ("Documents", "Maps", "Streams"):
        await backend.make(f"/{segment}", UniqueName="x")

    async def ask() -> Any:
        return await backend.web(method, backend.place + path, form=form, credentials=backend.credentials)

    first = await ask()
    assert first.status != 429
    refused = await ask()
    assert (refused.error, refused.headers["retry-after"]) == ((429, 54009), "1")
    assert re.search(r" (of|in) [a-z]+ [A-Z]{2}[0-9a-f]{32} is limited to 1/s", refused.json["message"])
    rig.pass_s(1)
    assert (await ask()).status != 429


@ONCE
async def test_rates_count_clients_and_backend_together_each_object_apart(rig: Rig, backend: Backend) -> None:
    alice = rig.connect("alice")
    for name in ("x", "y", "z"):
        await backend.make("/Documents", UniqueName=name)
    assert (await backend.post("/Documents", {})).error == (429, 54009)
    assert (await alice.request("POST", "/v3/Documents/x", {"data": {}})).status == 200
    assert (await backend.post("/Documents/x", {"Data": "{}"})).error == (429, 54009)
    assert (await backend.post("/Documents/y", {"Data": "{}"})).status == 200
    assert (await backend.get("/Documents/x")).json["revision"] == "1"


@ONCE
async def test_refusal_names_operation_object_and_limit_and_each_object_has_an_alert(
    rig: Rig, backend: Backend
) -> None:
    made: dict[str, str] = {}
    for name in ("one", "two"):
        made[name] = (await backend.make("/Documents", UniqueName=name))["sid"]
        rig.pass_s(1)
    for name, sid in made.items():
        for path in (f"/Documents/{name}", f"/Documents/{sid}"):
            await backend.get(path)
            for _ in range(30):
                refused = await backend.get(path)
                assert refused.json["message"].startswith(
                    f"Rate limit exceeded: read of document {sid} is limited to 1/s, with a burst of 1 s"
                )
    await rig.settled()
    found = [
        alert for alert in await fetched(rig.store, lambda tx: alerts.latest(tx, 1000)) if alert.code == 54009
    ]
    assert {alert.resource_sid for alert in found} == set(made.values())
    for alert in found:
        assert str(alert.resource_sid) in alert.text
    missing = [await backend.get("/Documents/none") for _ in range(2)][-1]
    assert "read of document 'none' is limited" in missing.json["message"]


@ONCE
async def test_write_of_10_kib_or_more_counts_as_ten(rig: Rig, backend: Backend) -> None:
    """Also beside items, and however long percent-encoding makes the form."""
    await backend.make("/Documents", UniqueName="x")
    await backend.make("/Maps", UniqueName="x")
    large = '{"a":"' + '\\"' * 8000 + '"}'
    assert (await backend.post("/Documents/x", {"Data": large})).status == 200
    assert (await backend.post("/Maps/x/Items", {"Key": "k", "Data": large})).status == 201
    rig.pass_s(9)
    assert (await backend.post("/Documents/x", {"Data": "{}"})).error == (429, 54009)
    assert (await backend.delete("/Maps/x/Items/k")).error == (429, 54009)
    rig.pass_s(1)
    assert (await backend.post("/Documents/x", {"Data": "{}"})).status == 200
    assert (await backend.delete("/Maps/x/Items/k")).status == 204


@ONCE
async def test_permissions_of_one_identity_are_counted_apart(backend: Backend) -> None:
    await backend.make("/Maps", UniqueName="x")
    for identity in ("ann", "bob"):
        assert (await backend.post(f"/Maps/x/Permissions/{identity}", FLAGS)).status == 200
        assert (await backend.get(f"/Maps/x/Permissions/{identity}")).error == (429, 54009)


# URLs.


@pytest.mark.parametrize(
    ("host", "path", "base"),
    [
        (None, "/sync/v1", f"{BASE_URL}/sync/v1"),
        ("box.example:8080", "/sync/v1", "http://box.example:8080/sync/v1"),
        ("sync.box.example:8080", "/v1", "http://sync.box.example:8080/v1"),
        ("sync.twilio.com", "/v1", "https://sync.twilio.com/v1"),
        ("sync.dublin.ie1.twilio.com", "/v1", "https://sync.dublin.ie1.twilio.com/v1"),
    ],
)
async def test_urls_begin_as_the_caller_began_its_own(
    rig: Rig, backend: Backend, host: str | None, path: str, base: str
) -> None:
    backend.place = f"{path}/Services/default"
    headers = [] if host is None else [("host", host)]
    made = await backend.post("/Maps", {"UniqueName": "x"}, headers=headers)
    url = f"{base}/Services/{rig.made.sync_service_sid}/Maps/{made.json['sid']}"
    assert made.json["url"] == url
    assert made.json["links"] == {"items": f"{url}/Items", "permissions": f"{url}/Permissions"}
    item = await backend.post("/Maps/x/Items", {"Key": "k", "Data": "{}"}, headers=headers)
    assert item.json["url"] == f"{url}/Items/k"
    page = (await backend.get("/Maps?PageSize=1", headers=headers)).json
    assert page["meta"]["first_page_url"] == f"{base}/Services/default/Maps?PageSize=1&Page=0"
    service = (await backend.get("", headers=headers)).json
    assert service["links"]["maps"] == f"{base}/Services/{rig.made.sync_service_sid}/Maps"
