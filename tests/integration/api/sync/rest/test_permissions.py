"""Permissions of documents, lists and maps over REST (`protocol/rest.md`, Roots and items)."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.backend import Backend
from tests.support.rig import Rig
from tsock.accounts.caller import SYNC
from tsock.sync.services import ServiceOptions, update_service
from tsock.telemetry.tail import Trouble

ALL = {"Read": "true", "Write": "true", "Manage": "true"}
IDENTITIES = ["a/b", "50%", "+15551234567", "two words", "\N{GRINNING FACE}", "user.json", "#1", "x" * 256]

roots = pytest.mark.parametrize(
    ("segment", "whose"), [("Documents", "document_sid"), ("Lists", "list_sid"), ("Maps", "map_sid")]
)


@roots
async def test_permission_is_set_fetched_listed_and_taken_back(
    backend: Backend, segment: str, whose: str
) -> None:
    root = await backend.make(f"/{segment}", UniqueName="x")
    place = f"/{segment}/x/Permissions"
    assert (await backend.get(f"{place}/bob")).error == (404, 54354)
    granted = await backend.post(f"{place}/bob", {"Read": "true", "Write": "TRUE", "Manage": "false"})
    expected: dict[str, Any] = {
        "account_sid": backend.rig.made.account_sid,
        "service_sid": backend.rig.made.sync_service_sid,
        whose: root["sid"],
        "identity": "bob",
        "read": True,
        "write": True,
        "manage": False,
        "url": f"{backend.url}/{segment}/{root['sid']}/Permissions/bob",
    }
    assert (granted.status, granted.json) == (200, expected)
    fetched = await backend.get(f"/{segment}/{root['sid']}/Permissions/bob")
    assert (fetched.status, fetched.json) == (200, expected)
    replaced = await backend.post(f"{place}/bob", {"Read": "false", "Write": "false", "Manage": "true"})
    expected.update(read=False, write=False, manage=True)
    assert replaced.json == expected
    assert (await backend.get(place)).json["permissions"] == [expected]
    removed = await backend.delete(f"{place}/bob")
    assert (removed.status, removed.body) == (204, b"")
    assert (await backend.get(f"{place}/bob")).error == (404, 54354)
    assert (await backend.delete(f"{place}/bob")).error == (404, 54354)
    assert (await backend.get(place)).json["permissions"] == []


async def test_identity_of_any_characters_has_permissions(backend: Backend) -> None:
    root = await backend.make("/Maps", UniqueName="x")
    for identity in IDENTITIES:
        path = f"/Maps/x/Permissions/{quote(identity, safe='')}"
        assert (await backend.post(path, ALL)).json["identity"] == identity
        url = f"{backend.url}/Maps/{root['sid']}/Permissions/{quote(identity, safe='')}"
        assert (await backend.get(path)).json["url"] == url
    pages = await backend.walk(
        f"https://tsock.example{backend.place}/Maps/x/Permissions?PageSize=3", "permissions"
    )
    assert [permission["identity"] for page in pages for permission in page] == sorted(IDENTITIES)


@pytest.mark.parametrize(
    ("identity", "form", "error"),
    [
        ("", ALL, (400, 54351)),
        ("x" * 257, ALL, (400, 54351)),
        ("bob", {}, (400, 20422)),
        ("bob", {"Read": "true", "Write": "true"}, (400, 20422)),
        ("bob", {**ALL, "Read": "yes"}, (400, 20422)),
        ("bob", {**ALL, "Manage": ""}, (400, 20422)),
    ],
)
async def test_refused_permission_is_not_set(
    backend: Backend, identity: str, form: dict[str, str], error: tuple[int, int]
) -> None:
    await backend.make("/Lists", UniqueName="x")
    assert (await backend.post(f"/Lists/x/Permissions/{identity}", form)).error == error
    assert (await backend.get("/Lists/x/Permissions")).json["permissions"] == []


@roots
async def test_permissions_of_an_absent_root_are_20404(backend: Backend, segment: str, whose: str) -> None:
    place = f"/{segment}/nothing/Permissions"
    answers = [
        await backend.get(place),
        await backend.get(f"{place}/bob"),
        await backend.post(f"{place}/bob", ALL),
        await backend.delete(f"{place}/bob"),
    ]
    assert [answer.error for answer in answers] == [(404, 20404)] * 4


async def test_stream_has_no_permissions(backend: Backend) -> None:
    await backend.make("/Streams", UniqueName="x")
    assert (await backend.get("/Streams/x/Permissions")).error == (404, 20404)


async def test_client_learns_which_right_is_missing_and_the_operator_how_it_is_granted(
    rig: Rig, backend: Backend
) -> None:
    account, service = rig.made.account_sid, rig.made.sync_service_sid
    await rig.do(update_service, rig.vault, account, SYNC, "default", ServiceOptions(acl_enabled=True))
    sid = (await backend.make("/Documents", UniqueName="x"))["sid"]
    rig.tail.here.after(0)

    told = (await rig.connect("alice").request("GET", "/v3/Documents/x")).body["message"]

    assert told == f"Access forbidden for identity: alice has no read permission on {sid}"
    fix = f"Grant it with `tsock permission set {sid} alice --read --service {service} --account {account}`"
    (alert,) = await rig.alerts()
    assert alert.text == f"{told}. {fix}"
    (happening,) = [each for each in rig.tail.here.after(0) if each.kind == "alert"]
    assert (happening.detail, happening.trouble) == (told, Trouble(54007, "GET /v3/Documents/x", fix))


async def test_permissions_bind_clients_and_never_the_backend(rig: Rig, backend: Backend) -> None:
    await rig.do(
        update_service, rig.vault, rig.made.account_sid, SYNC, "default", ServiceOptions(acl_enabled=True)
    )
    client = rig.connect("alice")
    await backend.make("/Documents", UniqueName="x", Data='{"n":1}')
    assert (await client.request("GET", "/v3/Documents/x")).error == (403, 54007)
    await backend.post(
        "/Documents/x/Permissions/alice", {"Read": "true", "Write": "false", "Manage": "false"}
    )
    assert (await client.request("GET", "/v3/Documents/x")).body["data"] == {"n": 1}
    assert (await client.request("POST", "/v3/Documents/x", {"data": {}})).error == (403, 54007)
    await backend.delete("/Documents/x/Permissions/alice")
    assert (await client.request("GET", "/v3/Documents/x")).error == (403, 54007)
    assert (await backend.post("/Documents/x", {"Data": "{}"})).status == 200
    assert (await backend.delete("/Documents/x")).status == 204
