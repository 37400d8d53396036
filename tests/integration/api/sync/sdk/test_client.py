"""The client API, reply for reply (`protocol/sync.md`, Requests)."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.rig import Client, Reply, Rig
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.services import delete_service
from tsock.sync import lists
from tsock.sync.actor import Actor
from tsock.sync.data import Json
from tsock.sync.services import ServiceOptions, create_service, update_service

NOON, LATER = "2031-05-02T12:00:00.000Z", "2031-05-02T12:00:01.000Z"
UNKNOWN = "0" * 32
HOST = "https://cds.us1.twilio.com"
KINDS = {"Documents": "ET", "Lists": "ES", "Maps": "MP", "Streams": "TO"}


@pytest.fixture
def places(rig: Rig) -> str:
    """Where the objects of the client's service are."""
    return f"{HOST}/v3/Services/{rig.made.sync_service_sid}"


async def make(client: Client, segment: str, **body: Any) -> dict[str, Any]:
    made = await client.request("POST", f"/v3/{segment}", body)
    assert made.status == 201, made
    return made.body


def common(rig: Rig, sid: str, url: str, **changes: Any) -> dict[str, Any]:
    """What every descriptor has."""
    return {
        "sid": sid,
        "unique_name": None,
        "account_sid": rig.made.account_sid,
        "service_sid": rig.made.sync_service_sid,
        "url": url,
        "date_created": NOON,
        "date_updated": NOON,
        "date_expires": None,
        "created_by": "alice",
        **changes,
    }


# Roots.


async def test_document_shows_its_data_when_read_and_not_when_written(
    rig: Rig, client: Client, places: str
) -> None:
    made = await make(client, "Documents", data={"n": 0})
    sid = made["sid"]
    shown = common(rig, sid, f"{places}/Documents/{sid}", links={}, revision="0", last_event_id=0)
    assert made == shown
    assert await client.request("GET", f"/v3/Documents/{sid}") == (200, {**shown, "data": {"n": 0}})
    rig.pass_s(1)
    changed = {**shown, "revision": "1", "last_event_id": 1, "date_updated": LATER}
    assert await client.request("POST", f"/v3/Documents/{sid}", {"data": {"n": 1}}) == (200, changed)
    assert await client.request("GET", f"/v3/Documents/{sid}") == (200, {**changed, "data": {"n": 1}})


async def test_list_and_map_and_stream_show_where_their_content_is(
    rig: Rig, client: Client, places: str
) -> None:
    for segment, parts in [("Lists", ("Items", "Context")), ("Maps", ("Items",)), ("Streams", ("Messages",))]:
        made = await make(client, segment)
        url = f"{places}/{segment}/{made['sid']}"
        counted = {} if segment == "Streams" else {"revision": "0", "last_event_id": -1}
        links = {part.lower(): f"{url}/{part}" for part in parts}
        shown = common(rig, made["sid"], url, links=links, **counted)
        assert made == shown
        assert await client.request("GET", f"/v3/{segment}/{made['sid']}") == (200, shown)


@pytest.mark.parametrize(("segment", "prefix"), KINDS.items())
async def test_root_is_the_same_by_sid_by_name_and_under_its_service(
    rig: Rig, client: Client, segment: str, prefix: str
) -> None:
    name = "a/b %\N{LATIN SMALL LETTER E WITH ACUTE}"
    made = await make(client, segment, unique_name=name)
    assert made["unique_name"] == name
    assert made["sid"].startswith(prefix)
    encoded = quote(name, safe="")
    service = f"/v3/Services/{rig.made.sync_service_sid}"
    paths = [f"/v3/{segment}/{made['sid']}", f"/v3/{segment}/{encoded}", f"{service}/{segment}/{encoded}"]
    replies = [await client.request("GET", path) for path in paths]
    assert replies[0].status == 200
    assert replies[0].body["sid"] == made["sid"]
    assert replies == [replies[0]] * 3


@pytest.mark.parametrize("segment", KINDS)
async def test_root_is_removed_once_with_its_body(client: Client, segment: str) -> None:
    made = await make(client, segment, unique_name="x")
    removed = await client.request("DELETE", f"/v3/{segment}/x", b"data_sync")
    assert removed.status == 200
    assert removed.body["sid"] == made["sid"]
    assert (await client.request("DELETE", f"/v3/{segment}/x")).error == (404, 54300)
    again = await make(client, segment, unique_name="x")
    assert again["sid"] != made["sid"]


@pytest.mark.parametrize("segment", KINDS)
async def test_time_to_live_is_shown_and_cleared_by_0(client: Client, segment: str) -> None:
    made = await make(client, segment, unique_name="x", ttl=3600)
    assert made["date_expires"] == "2031-05-02T13:00:00.000Z"
    changed = await client.request("POST", f"/v3/{segment}/x", {"ttl": 60})
    assert changed.body["date_expires"] == "2031-05-02T12:01:00.000Z"
    cleared = await client.request("POST", f"/v3/{segment}/x", {"ttl": 0})
    assert (cleared.status, cleared.body["date_expires"]) == (200, None)


async def test_expired_object_is_absent_before_it_is_swept(rig: Rig, client: Client) -> None:
    made = await make(client, "Maps", unique_name="x", ttl=1)
    rig.pass_s(1)
    assert (await client.request("GET", "/v3/Maps/x")).error == (404, 54300)
    assert (await client.request("GET", f"/v3/Maps/{made['sid']}")).error == (404, 54200)


async def test_data_come_back_exactly_as_they_were_sent(client: Client) -> None:
    data = (
        b'{"big":123456789012345678901234567890,"float":1.0,"tiny":1e-7,"again":1,"again":2,'
        b'"text":"\\u00e9 \\/ \xf0\x9f\x98\x80","nothing":null,"deep":[[{}]]}'
    )
    made = await client.request("POST", "/v3/Documents", b'{"data":' + data + b"}")
    client.take()
    client.ask("GET", f"/v3/Documents/{made.body['sid']}")
    (packet,) = client.take()
    assert b'"data":' + data + b"," in packet.frame


async def test_urls_stay_on_the_host_that_was_asked_and_on_the_usual_one_if_that_is_none(
    client: Client,
) -> None:
    for host, expected in [
        ("cds.ie1.twilio.com", "https://cds.ie1.twilio.com"),
        ("localhost:9999", "https://localhost:9999"),
        ("[::1]:80", "https://[::1]:80"),
        ('x"}', HOST),
        ("", HOST),
        ("a b", HOST),
        ("host/path", HOST),
    ]:
        made = await client.request("POST", "/v3/Maps", {}, host=host)
        assert made.body["url"].startswith(f"{expected}/v3/Services/IS")
        assert made.body["links"]["items"].startswith(f"{expected}/v3/Services/IS")


async def test_configuration_has_all_links_with_literal_placeholders(
    rig: Rig, client: Client, places: str
) -> None:
    assert await client.request("GET", "/v3/Configuration") == (
        200,
        {
            "links": {
                "subscriptions": f"{HOST}/v4/Subscriptions",
                "documents": f"{HOST}/v3/Documents",
                "lists": f"{HOST}/v3/Lists",
                "list_items": f"{places}/Lists/{{listId}}/Items",
                "list_item": f"{places}/Lists/{{listId}}/Items/{{itemId}}",
                "maps": f"{HOST}/v3/Maps",
                "map_items": f"{places}/Maps/{{mapId}}/Items",
                "map_item": f"{places}/Maps/{{mapId}}/Items/{{itemId}}",
                "streams": f"{HOST}/v3/Streams",
                "stream_messages": f"{places}/Streams/{{streamId}}/Messages",
                "insights_items": f"{HOST}/v3/Insights/{{indexName}}/Items",
            }
        },
    )


# Items.


def item(rig: Rig, kind: str, sid: str, url: str, number: int, **own: Any) -> dict[str, Any]:
    return {
        **own,
        f"{kind}_sid": sid,
        "account_sid": rig.made.account_sid,
        "service_sid": rig.made.sync_service_sid,
        "url": url,
        "revision": f"{number:x}",
        "last_event_id": number,
        "date_created": NOON,
        "date_updated": NOON,
        "date_expires": None,
        "created_by": "alice",
    }


async def test_list_items_from_push_to_removal(rig: Rig, client: Client, places: str) -> None:
    sid = (await make(client, "Lists", unique_name="log"))["sid"]
    url = f"{places}/Lists/{sid}/Items"
    shown = item(rig, "list", sid, f"{url}/0", 0, index=0)
    assert await client.request("POST", "/v3/Lists/log/Items", {"data": {"n": 0}}) == (201, shown)
    pushed = item(rig, "list", sid, f"{url}/1", 1, index=1)
    assert await client.request("POST", f"/v3/Lists/{sid}/Items", {"data": {"n": 1}}) == (201, pushed)
    path = f"/v3/Lists/{sid}/Items/0"
    assert await client.request("GET", path) == (200, {**shown, "data": {"n": 0}})
    rig.pass_s(1)
    changed = {**shown, "revision": "2", "last_event_id": 2, "date_updated": LATER}
    assert await client.request("POST", path, {"data": {"n": 2}}) == (200, changed)
    assert await client.request("GET", path) == (200, {**changed, "data": {"n": 2}})
    rig.pass_s(1)
    removed = {**changed, "revision": "3", "last_event_id": 3, "date_updated": "2031-05-02T12:00:02.000Z"}
    assert await client.request("DELETE", path, b"data_sync") == (200, removed)
    assert (await client.request("GET", path)).error == (404, 54151)
    assert (await client.request("POST", "/v3/Lists/log/Items", {"data": {}})).body["index"] == 2


async def test_map_items_from_put_to_removal(rig: Rig, client: Client, places: str) -> None:
    """The key is percent-encoded in URLs and nowhere else."""
    sid = (await make(client, "Maps", unique_name="users"))["sid"]
    key, encoded = 'u/1 "\N{SNOWMAN}', quote('u/1 "\N{SNOWMAN}', safe="")
    url = f"{places}/Maps/{sid}/Items/{encoded}"
    path = f"/v3/Maps/users/Items/{encoded}"
    shown = item(rig, "map", sid, url, 0, key=key)
    assert await client.request("PUT", path, {"data": {"n": 0}}) == (201, shown)
    rig.pass_s(1)
    changed = {**shown, "revision": "1", "last_event_id": 1, "date_updated": LATER}
    assert await client.request("PUT", path, {"data": {"n": 1}}) == (200, changed)
    assert await client.request("GET", path) == (200, {**changed, "data": {"n": 1}})
    rig.pass_s(1)
    later = "2031-05-02T12:00:02.000Z"
    changed |= {"revision": "2", "last_event_id": 2, "date_updated": later}
    changed |= {"date_expires": "2031-05-02T12:01:02.000Z"}
    assert await client.request("POST", path, {"ttl": 60}) == (200, changed)
    removed = await client.request("DELETE", path)
    assert removed.status == 200
    assert (removed.body["last_event_id"], "data" in removed.body) == (3, False)
    assert (await client.request("DELETE", path)).error == (404, 54201)


async def test_added_map_item_must_be_new(rig: Rig, client: Client, places: str) -> None:
    """What Kotlin sends first."""
    sid = (await make(client, "Maps", unique_name="m"))["sid"]
    shown = item(rig, "map", sid, f"{places}/Maps/{sid}/Items/k", 0, key="k")
    body = {"key": "k", "data": {"n": 0}, "ttl": 0}
    assert await client.request("POST", "/v3/Maps/m/Items", body) == (201, shown)
    assert (await client.request("POST", "/v3/Maps/m/Items", body)).error == (409, 54208)


async def test_map_is_opened_with_its_first_items_where_asked_for(
    rig: Rig, client: Client, places: str
) -> None:
    sid = (await make(client, "Maps", unique_name="m"))["sid"]
    for key in ("b", "a"):
        await client.request("PUT", f"/v3/Maps/m/Items/{key}", {"data": {"k": key}})
    opened = await client.request("GET", "/v3/Maps/m", params={"Include": "items"})
    url = f"{places}/Maps/{sid}/Items"
    assert opened.body["items"] == [
        {**item(rig, "map", sid, f"{url}/a", 1, key="a"), "data": {"k": "a"}},
        {**item(rig, "map", sid, f"{url}/b", 0, key="b"), "data": {"k": "b"}},
    ]
    assert "items" not in (await client.request("GET", "/v3/Maps/m")).body


async def test_page_has_rows_with_data_and_tokens_where_more_follows(client: Client) -> None:
    await make(client, "Lists", unique_name="l")
    for n in range(5):
        await client.request("POST", "/v3/Lists/l/Items", {"data": {"n": n}})

    async def page(**params: str) -> tuple[list[int], dict[str, Any]]:
        reply = await client.request("GET", "/v3/Lists/l/Items", params=params)
        assert reply.status == 200
        assert [row["data"] for row in reply.body["items"]] == [
            {"n": row["index"]} for row in reply.body["items"]
        ]
        return [row["index"] for row in reply.body["items"]], reply.body["meta"]

    everything = {"key": "items", "page_size": 50, "previous_token": None, "next_token": None}
    assert await page() == ([0, 1, 2, 3, 4], everything)
    assert await page(Index="3", HideExpired="true") == (
        [3],
        {**everything, "previous_token": (await page(Index="3"))[1]["previous_token"]}
        | {"next_token": (await page(Index="3"))[1]["next_token"]},
    )
    assert (await page(Index="9"))[0] == []
    first, meta = await page(PageSize="2")
    assert (first, meta["page_size"], meta["previous_token"]) == ([0, 1], 2, None)
    second, middle = await page(PageToken=meta["next_token"])
    assert (second, middle["page_size"]) == ([2, 3], 2)
    assert (await page(PageToken=middle["previous_token"]))[0] == [0, 1]
    assert (await page(From="3", Order="desc", Bounds="exclusive", PageSize="2"))[0] == [2, 1]


async def test_context_of_a_list_is_read_beside_its_items(rig: Rig, client: Client) -> None:
    made = await make(client, "Lists", unique_name="l", context={"topic": "x"}, purpose="p")
    path = "/v3/Lists/l/Context"
    assert await client.request("GET", path) == (200, {"data": {"topic": "x"}, "last_event_id": -1})
    system = Actor(rig.made.account_sid, rig.made.sync_service_sid)
    await rig.do(lists.set_context, system, made["sid"], Json('{"topic":"y"}'))
    assert await client.request("GET", path) == (200, {"data": {"topic": "y"}, "last_event_id": 0})
    await make(client, "Lists", unique_name="bare")
    reply = await client.request("GET", "/v3/Lists/bare/Context")
    assert reply == (200, {"data": {}, "last_event_id": -1})


async def test_message_of_a_stream_is_answered_with_its_sid_and_data(client: Client) -> None:
    await make(client, "Streams", unique_name="s")
    reply = await client.request("POST", "/v3/Streams/s/Messages", {"data": {"x": 1}})
    assert reply.status == 201
    assert reply.body == {"sid": reply.body["sid"], "data": {"x": 1}}
    assert reply.body["sid"].startswith("TZ")


# Refusals.


TEN = {"data": {"text": "x" * (16_384 - len('{"text":""}'))}}
MESSAGE = {"data": {"text": "x" * (4_096 - len('{"text":""}'))}}


def longer(body: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"text": body["data"]["text"] + "x"}}


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/v3/Documents/none", None, (404, 54300)),
        ("GET", f"/v3/Documents/ET{UNKNOWN}", None, (404, 54100)),
        ("GET", f"/v3/Lists/ES{UNKNOWN}", None, (404, 54150)),
        ("GET", f"/v3/Maps/MP{UNKNOWN}", None, (404, 54200)),
        ("GET", f"/v3/Streams/TO{UNKNOWN}", None, (404, 54250)),
        ("GET", "/v3/Streams/TO111", None, (404, 54300)),
        ("POST", "/v3/Documents", {"unique_name": "doc"}, (409, 54301)),
        ("POST", "/v3/Documents", {"unique_name": ""}, (400, 54302)),
        ("POST", "/v3/Documents", {"unique_name": "x" * 321}, (400, 54302)),
        ("POST", "/v3/Documents", {"unique_name": f"AC{UNKNOWN}"}, (400, 54302)),
        ("POST", "/v3/Documents", {"unique_name": 7}, (400, 54302)),
        ("POST", "/v3/Documents", {"ttl": -1}, (400, 54011)),
        ("POST", "/v3/Documents", {"ttl": 31_536_001}, (400, 54011)),
        ("POST", "/v3/Documents", {"ttl": "60"}, (400, 54011)),
        ("POST", "/v3/Documents", {"data": [1]}, (400, 54008)),
        ("POST", "/v3/Documents", {"data": "x"}, (400, 54008)),
        ("POST", "/v3/Documents", b"[]", (400, 54008)),
        ("POST", "/v3/Documents", b"{", (400, 54008)),
        ("POST", "/v3/Documents", b"data_sync", (400, 54008)),
        ("POST", "/v3/Documents", b'{"data":{"a":"\xff"}}', (400, 54008)),
        ("POST", "/v3/Documents", b'{"data":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}", (400, 54008)),
        ("POST", "/v3/Documents", b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", (400, 54008)),
        ("POST", "/v3/Documents", longer(TEN), (413, 54006)),
        ("POST", "/v3/Documents/doc", {}, (400, 54010)),
        ("POST", "/v3/Documents/doc", b"", (400, 54010)),
        ("POST", "/v3/Documents/none", {"data": {}}, (404, 54300)),
        ("POST", "/v3/Lists/list", {}, (400, 54010)),
        ("POST", "/v3/Lists/list/Items", {}, (400, 54156)),
        ("POST", "/v3/Lists/list/Items", {"data": None}, (400, 54156)),
        ("POST", "/v3/Lists/none/Items", {"data": {}}, (404, 54300)),
        ("POST", "/v3/Lists/list/Items/7", {"data": {}}, (404, 54151)),
        ("POST", "/v3/Lists/list/Items/x", {"data": {}}, (400, 54458)),
        ("GET", "/v3/Lists/list/Items/-1", None, (400, 54458)),
        ("DELETE", "/v3/Lists/list/Items/7", b"data_sync", (404, 54151)),
        ("GET", "/v3/Lists/none/Context", None, (404, 54300)),
        ("PUT", "/v3/Maps/map/Items/k", {}, (400, 54206)),
        ("PUT", f"/v3/Maps/map/Items/{'k' * 321}", {"data": {}}, (400, 54209)),
        ("PUT", "/v3/Maps/map/Items/k", longer(TEN), (413, 54006)),
        ("PUT", "/v3/Maps/none/Items/k", {"data": {}}, (404, 54300)),
        ("PUT", "/v3/Maps/map/Items/", {"data": {}}, (400, 54209)),
        ("POST", "/v3/Maps/map/Items/", {"data": {}}, (400, 54209)),
        ("GET", "/v3/Maps/map/Items/", None, (400, 54209)),
        ("DELETE", "/v3/Maps/map/Items/", b"data_sync", (400, 54209)),
        ("PUT", "/v3/Maps/map/Items/%FF", {"data": {}}, (400, 20422)),
        ("POST", "/v3/Maps/map/Items", {"data": {}}, (400, 54209)),
        ("POST", "/v3/Maps/map/Items", {"key": "", "data": {}}, (400, 54209)),
        ("POST", "/v3/Maps/map/Items", {"key": 7, "data": {}}, (400, 54209)),
        ("POST", "/v3/Maps/map/Items/none", {"data": {}}, (404, 54201)),
        ("GET", "/v3/Maps/map/Items/none", None, (404, 54201)),
        ("DELETE", "/v3/Maps/map/Items/none", b"data_sync", (404, 54201)),
        ("POST", "/v3/Streams/stream/Messages", {}, (400, 54251)),
        ("POST", "/v3/Streams/stream/Messages", longer(MESSAGE), (413, 54006)),
        ("POST", "/v3/Streams/none/Messages", {"data": {}}, (404, 54300)),
        ("POST", "/v3/Insights/tr-worker/Items", {"type": "live_query"}, (400, 54502)),
        ("GET", f"/v3/Services/IS{UNKNOWN}/Documents/doc", None, (403, 54056)),
        ("GET", f"/v3/Services/IS{UNKNOWN}/Configuration", None, (403, 54056)),
    ],
)
async def test_refusal_has_the_documented_status_and_code(
    client: Client, method: str, path: str, body: Any, expected: tuple[int, int]
) -> None:
    for segment, name in [("Documents", "doc"), ("Lists", "list"), ("Maps", "map"), ("Streams", "stream")]:
        await make(client, segment, unique_name=name)
    assert (await client.request(method, path, body)).error == expected


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"PageSize": "0"}, 54454),
        ({"PageSize": "-1"}, 54454),
        ({"PageSize": "x"}, 54454),
        ({"PageToken": "x"}, 54453),
        ({"PageToken": "\N{SNOWMAN}"}, 54453),
        ({"Index": "-1"}, 54458),
        ({"Index": "x"}, 54458),
        ({"From": "x"}, 54458),
        ({"Order": "up"}, 54451),
        ({"Bounds": "open"}, 54452),
    ],
)
async def test_bad_parameter_of_a_page_is_400_with_its_own_code(
    client: Client, params: dict[str, str], code: int
) -> None:
    await make(client, "Lists", unique_name="l")
    assert (await client.request("GET", "/v3/Lists/l/Items", params=params)).error == (400, code)


async def test_unpaired_surrogate_in_data_is_400_54008_and_named(client: Client) -> None:
    reply = await client.request("POST", "/v3/Documents", b'{"data":{"a":"\\ud800"}}')
    assert reply.error == (400, 54008)
    assert "unpaired surrogate" in reply.body["message"]


async def test_empty_key_of_a_map_page_is_400_54209(client: Client) -> None:
    await make(client, "Maps", unique_name="m")
    assert (await client.request("GET", "/v3/Maps/m/Items", params={"Key": ""})).error == (400, 54209)


async def test_data_of_just_the_largest_size_are_taken(client: Client) -> None:
    assert (await client.request("POST", "/v3/Documents", TEN)).status == 201
    await make(client, "Streams", unique_name="s")
    assert (await client.request("POST", "/v3/Streams/s/Messages", MESSAGE)).status == 201


async def test_refusal_has_exactly_the_members_that_clients_read(client: Client) -> None:
    reply = await client.request("GET", "/v3/Documents/none")
    assert reply.body == {
        "status": 404,
        "code": 54300,
        "message": "Unique name not found: there is no document named none",
        "more_info": "https://tsock.example/errors/54300",
    }


@pytest.mark.parametrize("revision", ["7", '"7"'])
@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", "/v3/Documents/doc", 54103),
        ("POST", "/v3/Lists/list/Items/0", 54155),
        ("DELETE", "/v3/Lists/list/Items/0", 54155),
        ("POST", "/v3/Maps/map/Items/k", 54205),
        ("PUT", "/v3/Maps/map/Items/k", 54205),
        ("PUT", "/v3/Maps/map/Items/none", 54205),
        ("DELETE", "/v3/Maps/map/Items/k", 54205),
    ],
)
async def test_other_revision_than_the_expected_is_412_and_changes_nothing(
    client: Client, method: str, path: str, code: int, revision: str
) -> None:
    await make(client, "Documents", unique_name="doc", data={"n": 0})
    await make(client, "Lists", unique_name="list")
    await make(client, "Maps", unique_name="map")
    await client.request("POST", "/v3/Lists/list/Items", {"data": {"n": 0}})
    await client.request("PUT", "/v3/Maps/map/Items/k", {"data": {"n": 0}})
    before = await client.request("GET", path)
    headers = {"If-Match": revision}
    assert (await client.request(method, path, {"data": {"n": 1}}, headers=headers)).error == (412, code)
    assert await client.request("GET", path) == before
    if before.status == 200:
        headers = {"If-Match": revision.replace("7", "0")}
        assert (await client.request(method, path, {"data": {"n": 1}}, headers=headers)).status == 200


async def test_minus_one_asks_for_an_absent_map_item(client: Client) -> None:
    await make(client, "Maps", unique_name="m")
    replies = [
        await client.request("PUT", "/v3/Maps/m/Items/k", {"data": {}}, headers={"If-Match": "-1"})
        for _ in range(2)
    ]
    assert replies[0].status == 201
    assert replies[1].error == (412, 54205)


@pytest.mark.parametrize("revision", ["", "x", "*", '"', "0, 1"])
async def test_if_match_that_is_no_revision_is_400_54003(client: Client, revision: str) -> None:
    await make(client, "Documents", unique_name="d")
    reply = await client.request("POST", "/v3/Documents/d", {"data": {}}, headers={"If-Match": revision})
    assert reply.error == (400, 54003)


# Services.


async def test_service_that_was_disabled_or_deleted_meanwhile_is_refused(rig: Rig) -> None:
    service = await rig.do(create_service, rig.vault, rig.made.account_sid, SYNC)
    client = rig.connect(products={SYNC: service.sid})
    path = f"/v3/Services/{service.sid}/Documents"
    assert (await client.request("POST", path, {})).status == 201
    options = ServiceOptions(enabled=False)
    await rig.do(update_service, rig.vault, rig.made.account_sid, SYNC, service.sid, options)
    assert (await client.request("POST", path, {})).error == (403, 54056)
    await rig.do(delete_service, rig.made.account_sid, SYNC, service.sid)
    assert (await client.request("POST", path, {})).error == (404, 54050)


async def test_what_is_behind_conversations_can_be_read_and_not_written(rig: Rig) -> None:
    """The store of a Chat service is its own."""
    client = rig.connect(products={SYNC: "default", CHAT: "default"})
    await make(client, "Documents", unique_name="d")

    async def ask(method: str, path: str, body: Any = None) -> Reply:
        return await client.request(method, path, body, grant=CHAT)

    assert (await ask("GET", "/v3/Documents/d")).error == (404, 54300)
    for method, path in [
        ("POST", "/v3/Documents"),
        ("DELETE", "/v3/Documents/d"),
        ("PUT", "/v3/Maps/m/Items/Subscription"),
        ("POST", "/v3/Insights/x/Items"),
    ]:
        assert (await ask(method, path, {})).error == (403, 54007)
    configuration = await ask("GET", "/v3/Configuration")
    links = configuration.body["links"]
    assert links["map_items"] == f"{HOST}/v3/Services/{rig.made.chat_service_sid}/Maps/{{mapId}}/Items"


# Quotas.


@pytest.mark.settings(sync_writes_per_object_per_s=1, sync_burst_s=2)
async def test_writes_of_one_object_beyond_their_rate_are_429_54009(rig: Rig, client: Client) -> None:
    await make(client, "Maps", unique_name="a")
    await make(client, "Maps", unique_name="b")
    for key in ("x", "y"):
        assert (await client.request("PUT", f"/v3/Maps/a/Items/{key}", {"data": {}})).status == 201
    other = rig.connect("bob")
    assert (await other.request("PUT", "/v3/Maps/a/Items/z", {"data": {}})).error == (429, 54009)
    assert (await other.request("POST", "/v3/Maps/a", {"ttl": 1})).error == (429, 54009)
    assert (await other.request("PUT", "/v3/Maps/b/Items/z", {"data": {}})).status == 201
    assert (await other.request("GET", "/v3/Maps/a")).status == 200
    rig.pass_s(1)
    assert (await client.request("DELETE", "/v3/Maps/a")).status == 200


@pytest.mark.settings(sync_reads_per_object_per_s=1, sync_burst_s=1)
async def test_reads_of_one_object_beyond_their_rate_are_429_54009(client: Client) -> None:
    await make(client, "Lists", unique_name="a")
    assert (await client.request("GET", "/v3/Lists/a")).status == 200
    for path in ("/v3/Lists/a", "/v3/Lists/a/Items", "/v3/Lists/a/Items/0", "/v3/Lists/a/Context"):
        assert (await client.request("GET", path)).error == (429, 54009)


@pytest.mark.settings(sync_creates_per_service_per_s=1, sync_publishes_per_stream_per_s=1, sync_burst_s=1)
async def test_creates_and_messages_beyond_their_rates_are_429_54009(rig: Rig, client: Client) -> None:
    await make(client, "Streams", unique_name="s")
    assert (await client.request("POST", "/v3/Documents", {})).error == (429, 54009)
    assert (await client.request("POST", "/v3/Streams/s/Messages", {"data": {}})).status == 201
    assert (await client.request("POST", "/v3/Streams/s/Messages", {"data": {}})).error == (429, 54009)
    rig.pass_s(1)
    assert (await client.request("POST", "/v3/Documents", {})).status == 201
