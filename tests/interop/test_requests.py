"""The client API as such: routing, addressing, headers, links and the form of errors."""

import pytest

from tests.interop.bare import HOST, Bare
from tests.interop.conftest import Connect
from tests.interop.sdk import SdkObject
from tests.interop.server import Server

UNKNOWN = "0" * 31 + "f"


def test_configuration_has_every_link_below_the_service(bare: Bare, server: Server) -> None:
    service = server.credentials["TWILIO_SYNC_SERVICE_SID"]

    links = bare.get("/v3/Configuration").ok()["links"]

    below = f"{HOST}/v3/Services/{service}"
    assert links == {
        "subscriptions": f"{HOST}/v4/Subscriptions",
        "documents": f"{HOST}/v3/Documents",
        "lists": f"{HOST}/v3/Lists",
        "list_items": below + "/Lists/{listId}/Items",
        "list_item": below + "/Lists/{listId}/Items/{itemId}",
        "maps": f"{HOST}/v3/Maps",
        "map_items": below + "/Maps/{mapId}/Items",
        "map_item": below + "/Maps/{mapId}/Items/{itemId}",
        "streams": f"{HOST}/v3/Streams",
        "stream_messages": below + "/Streams/{streamId}/Messages",
        "insights_items": HOST + "/v3/Insights/{indexName}/Items",
    }


def test_reply_is_typed_json(bare: Bare) -> None:
    reply = bare.post("/v3/Documents", {"data": {}})

    assert reply.headers["content-type"].startswith("application/json")
    assert reply.body["sid"].startswith("ET")


def test_headers_and_parameters_as_arrays_are_accepted(bare: Bare) -> None:
    document = bare.post("/v3/Documents", {"data": {}}).ok(201)
    items = bare.post("/v3/Lists", {}).ok(201)["links"]["items"]
    for n in range(3):
        bare.post(items, {"data": {"n": n}}).ok(201)

    stale = bare.post(document["url"], {"data": {"x": 1}}, if_match=["f"])
    page = bare.get(items + "?PageSize=2&PageSize=2").ok()

    assert stale.error == (412, 54103)
    assert len(page["items"]) == 2


def test_name_with_special_characters_opens_the_same_object(
    alice: SdkObject, bob: SdkObject, name: str
) -> None:
    odd = f"a/b é%2F+ ?#{name}"

    first = alice.document(odd)
    second = bob.document({"id": odd, "mode": "open_existing"})

    assert second.sid == first.sid
    assert second.properties["uniqueName"] == odd


def test_document_is_found_below_its_service_too(bare: Bare, server: Server, name: str) -> None:
    made = bare.post("/v3/Documents", {"unique_name": name, "data": {"x": 1}}).ok(201)
    service = server.credentials["TWILIO_SYNC_SERVICE_SID"]

    short = bare.get(f"/v3/Documents/{made['sid']}").ok()
    long = bare.get(f"/v3/Services/{service}/Documents/{made['sid']}").ok()

    assert short == long


def test_path_of_a_foreign_service_is_refused(bare: Bare) -> None:
    assert bare.get(f"/v3/Services/IS{UNKNOWN}/Documents/x").error == (403, 54056)


@pytest.mark.parametrize("kind", ["Documents", "Lists", "Maps", "Streams"])
def test_urls_are_absolute_and_repeat_the_host_of_the_request(bare: Bare, kind: str) -> None:
    host = "https://cds.ie1.twilio.com"

    made = bare.post(f"{host}/v3/{kind}", {"data": {}}).ok(201)

    assert all(url.startswith(f"{host}/v3/Services/") for url in [made["url"], *made["links"].values()])
    assert made["sid"] in made["url"]
    assert bare.get(made["url"]).ok()["url"] == made["url"]


@pytest.mark.parametrize(
    "path", ["/v3/Nothing", "/v3/Documents/a/b/c", "/v1/Services", "/dev/clock", "/healthz"]
)
def test_unknown_path_is_not_found(bare: Bare, path: str) -> None:
    assert bare.get(path).error == (404, 20404)


def test_unknown_method_of_a_known_path_is_refused(bare: Bare) -> None:
    assert bare.put("/v3/Configuration", {}).error == (405, 20004)


def test_request_under_a_grant_the_token_lacks_is_refused(bare: Bare) -> None:
    reply = bare.request("get", "/v3/Configuration", {}, "ip_messaging")

    assert reply.error == (403, 20106)


def test_error_body_has_the_members_that_clients_read(bare: Bare) -> None:
    body = bare.get("/v3/Documents/nobody-made-this").body

    assert (body["status"], body["code"]) == (404, 54300)
    assert body["message"] == "Unique name not found: there is no document named nobody-made-this"
    assert not body.get("description")
    assert "reason" not in body


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"data":}', '{"data":{}}x'])
def test_body_that_is_no_json_object_is_refused(bare: Bare, text: str) -> None:
    reply = bare.request("post", "/v3/Documents", {}, text)

    assert reply.status == 400
    assert reply.body["code"] in (54008, 54101)


def test_unknown_members_of_a_body_are_ignored(bare: Bare) -> None:
    made = bare.post("/v3/Documents", {"data": {"x": 1}, "colour": "red"}).ok(201)

    assert bare.get(made["url"]).ok()["data"] == {"x": 1}


def test_requests_made_before_the_connection_stands_are_served_after_it(connect: Connect, name: str) -> None:
    document = connect("dora").document(name)

    assert document.sid.startswith("ET")
