"""Paths that lost a part on their way: the refusal shows them, and belongs to the account that asked."""

import re

import pytest

from tests.support.rig import Rig
from tests.support.web import Web
from tsock.api.addressing import PRODUCTS
from tsock.api.request import Access, Door
from tsock.api.router import Route, Router, segments
from tsock.debugger import alerts
from tsock.debugger.alerts import NOBODY
from tsock.storage.store import fetched

SERVICES = "/sync/v1/Services"


@pytest.fixture
def web(rig: Rig) -> Web:
    return Web(rig)


@pytest.fixture
def own(rig: Rig) -> tuple[str, str]:
    return rig.made.account_sid, rig.made.auth_token


def placed(everything: Router) -> list[Route]:
    """Every route of a product that names something."""
    found = [
        route
        for route in everything.routes()
        if route.door is Door.HTTP and segments(route.pattern)[0] in PRODUCTS and "{" in route.pattern
    ]
    assert len(found) > 100
    return [route for route in found if route.access is not Access.ANYBODY]


async def test_every_404_of_a_path_with_an_empty_part_shows_the_path_and_says_so(
    everything: Router, web: Web, own: tuple[str, str]
) -> None:
    for route in placed(everything):
        path = re.sub(r"\{\w+\}", "", route.pattern)
        page = await web(route.method, path, credentials=own)
        assert page.error == (404, 20404), route
        assert re.search(f"{re.escape(path)}: the .+ (is|are) empty", page.json["message"]), page.json


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"{SERVICES}//Maps//Items", "the service and the object are empty"),
        (f"{SERVICES}/", "the service is empty"),
        (f"{SERVICES}/default/Documents/", "the object is empty"),
        (f"{SERVICES}/default/Documents//Permissions/bob", "the object is empty"),
        (f"{SERVICES}//Nothing", "a part of it is empty"),
        ("/api/2010-04-01/Accounts//Keys.json", "the account is empty"),
        ("/conversations/v1/Conversations//Messages", "the conversation is empty"),
        ("/monitor/v1/Alerts/", "the alert is empty"),
        (f"{SERVICES}/default/Documents/undefined/Permissions", "the object is 'undefined'"),
        (f"{SERVICES}/None/Maps", "the service is 'None'"),
        ("/api/2010-04-01/Accounts/null.json", "the account is 'null'"),
        (f"{SERVICES}/default/Maps/%7Bsid%7D", "the object is '{sid}'"),
        (f"{SERVICES}/default/undefined", "a part of it is 'undefined'"),
    ],
)
async def test_part_that_is_missing_or_unset_is_named(
    web: Web, own: tuple[str, str], path: str, said: str
) -> None:
    page = await web("GET", path, credentials=own)
    assert page.error == (404, 20404)
    assert f"{path}: {said}" in page.json["message"]


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("POST", f"/conversations/v1/Conversations/CH{'0' * 32}/Participants/", "the participant is empty"),
        ("POST", "/conversations/v1/Conversations//Messages", "the conversation is empty"),
        ("POST", f"{SERVICES}/default/Documents/", "the object is empty"),
        ("DELETE", "/conversations/v1/Conversations//Messages", "a part of it is empty"),
        ("GET", "//sync/v1/Services", "a part of it is empty"),
        ("POST", "//v1/Conversations", "a part of it is empty"),
        ("GET", "/v1//Services", "a part of it is empty"),
        ("POST", f"{SERVICES}//Maps/x/Items/", "the service and the item are empty"),
    ],
)
async def test_part_that_is_missing_is_told_before_anything_else(
    web: Web, own: tuple[str, str], method: str, path: str, said: str
) -> None:
    page = await web(method, path, form={"Identity": "x"} if method == "POST" else None, credentials=own)
    assert page.error == (404, 20404)
    assert path in page.json["message"]
    assert said in page.json["message"]


async def test_whoever_may_not_ask_is_told_that_first(web: Web) -> None:
    page = await web("GET", f"{SERVICES}//Maps", credentials=("AC" + "0" * 32, "wrong"))
    assert page.error == (401, 20003)


async def test_object_that_is_called_so_is_found(rig: Rig, web: Web, own: tuple[str, str]) -> None:
    made = await web(
        "POST", f"{SERVICES}/default/Documents", form={"UniqueName": "undefined"}, credentials=own
    )
    found = await web("GET", f"{SERVICES}/default/Documents/undefined", credentials=own)
    assert (made.status, found.status) == (201, 200)
    other = await web("GET", f"{SERVICES}/default/Documents/other", credentials=own)
    assert "/Documents/other" not in other.json["message"]


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("Lists/undefined/Items/", (400, 54458), "the item is empty"),
        ("Lists/undefined/Items/undefined", (400, 54458), "the item is 'undefined'"),
        ("Maps/undefined/Items/", (400, 54209), "the item is empty"),
        ("Maps/undefined/Items/null", (404, 20404), "the item is 'null'"),
        ("Documents/undefined/Permissions/undefined", (404, 54354), "the identity is 'undefined'"),
    ],
)
async def test_name_at_the_end_is_blamed_where_its_object_is_there(
    web: Web, own: tuple[str, str], path: str, error: tuple[int, int], said: str
) -> None:
    kind = path.partition("/")[0]
    await web("POST", f"{SERVICES}/default/{kind}", form={"UniqueName": "undefined"}, credentials=own)
    page = await web("GET", f"{SERVICES}/default/{path}", credentials=own)
    assert page.error == error
    assert f"({SERVICES}/default/{path}: {said}" in page.json["message"]
    assert "object" not in page.json["message"].partition("(")[2]
    named = path.rpartition("/")[0] + "/bob"
    assert "/bob" not in (await web("GET", f"{SERVICES}/default/{named}", credentials=own)).json["message"]


@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize(
    "path", [f"{SERVICES}/default/Documents/50%", f"{SERVICES}?a=%zz", f"{SERVICES}/default/Documents/%ff"]
)
async def test_request_that_is_refused_before_it_is_routed_is_an_alert_of_whoever_asked(
    rig: Rig, web: Web, own: tuple[str, str], path: str, wrong: bool
) -> None:
    credentials = (own[0], "0" * 32) if wrong else own
    assert (await web("GET", path, credentials=credentials)).error == (400, 20422)
    await rig.settled()
    (alert,) = await fetched(rig.store, lambda tx: alerts.latest(tx, 2))
    assert alert.account_sid == (NOBODY if wrong else own[0])
