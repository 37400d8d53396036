"""The whole table of REST with the wrong kind of credential, and what a policy can list."""

import re
from itertools import groupby
from pathlib import Path

import pytest

from tests.support.rig import Rig
from tests.support.web import Web
from tsock.accounts.accounts import set_status
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.keys import create_key
from tsock.accounts.permissions import PERMISSIONS
from tsock.accounts.principal import Principal
from tsock.api.addressing import PRODUCTS
from tsock.api.conversations.media.tickets import Tickets
from tsock.api.gatekeeper import COOKIE
from tsock.api.request import Access, Door, Read, Request, Response
from tsock.api.router import Route, Router, segments
from tsock.debugger import alerts
from tsock.debugger.alerts import NOBODY
from tsock.errors import ApiError
from tsock.storage.store import fetched

PAGE = Path(__file__).parents[3] / "docs/reference/permissions.md"
ASKED = {"{product}": "sync", "{kind}": "document", "{item}": "0", "{code}": "51215"}
"""What stands for a placeholder where not anything does."""
HEAD = """\
# Permissions

What the policy of a [restricted key](../howto/accounts-and-keys.md) can list, and the requests that each
permission is for. This page repeats the route table; a test compares the two.
"""


@pytest.fixture
def rest(everything: Router) -> list[Route]:
    """Every route of a product."""
    found = [
        route
        for route in everything.routes()
        if route.door is Door.HTTP and segments(route.pattern)[0] in PRODUCTS
    ]
    assert len(found) > 15
    return found


def target(route: Route) -> str:
    return re.sub(r"\{\w+\}", "x", route.pattern)


def test_route_of_a_product_is_for_credentials_and_has_a_permission(rest: list[Route]) -> None:
    for route in rest:
        if route.access is Access.OWNER:
            assert route.permission == ""
            continue
        assert route.access in (Access.DATA, Access.MEDIA, Access.ADMINISTRATION), route
        product = segments(route.pattern)[0]
        shape = rf"/twilio/{product}/[a-z-]+/(create|read|update|delete|list)"
        assert re.fullmatch(shape, route.permission), route


def test_permissions_that_a_policy_can_list_are_those_that_routes_ask_for(rest: list[Route]) -> None:
    assert {route.permission for route in rest if route.access is not Access.OWNER} == PERMISSIONS


def test_other_route_is_for_anybody_or_whoever_sees_pages(everything: Router, rest: list[Route]) -> None:
    for route in everything.routes():
        if route not in rest:
            assert route.access in (Access.ANYBODY, Access.VIEWER), route
            assert route.permission == ""


async def test_cookie_of_a_sign_in_opens_nothing_of_rest(rig: Rig, rest: list[Route]) -> None:
    text = rig.gatekeeper().sign_in(rig.made.account_sid, rig.made.auth_token, "192.0.2.7")
    web = Web(rig)
    for route in rest:
        page = await web(route.method, target(route), headers=[("cookie", f"{COOKIE}={text}")])
        assert page.error == (401, 20003), route


FIRST_VISIT = (
    "/Client/v1/Configuration",
    "/Client/v2/Configuration",
    "/conversations/v1/Roles",
    "/conversations/v1/Services/{service}/Roles",
    "/conversations/v1/Services/{service}/Configuration",
    "/chat/v2/Services",
    "/chat/v2/Services/{service}",
    "/chat/v2/Services/{service}/Roles",
)


async def test_no_get_answers_with_a_write(rig: Rig, everything: Router) -> None:
    """Whatever door: what a link or an image can ask for changes nothing.

    Only an SDK through its socket makes something by asking who it is: its own user; and whoever looks at the
    roles of a chat service first finds the four that every service has.
    """
    account = rig.directory.account(rig.made.account_sid)
    ticket = Tickets(rig.vault, 60).issue("ME" + "0" * 32, rig.clock.now_ms())
    known = {"{service}": rig.made.sync_service_sid, "{ticket}": ticket, **ASKED}
    client = rig.connect(products={SYNC: "default", CHAT: "default"})
    gets = [route for route in everything.routes() if route.method == "GET"]
    gets = [route for route in gets if route.pattern not in FIRST_VISIT]
    assert len(gets) > 50
    for route in gets:
        is_chat = route.pattern.startswith(("/Client/", "/conversations/", "/chat/", "/mcs/"))
        place = {"{service}": rig.made.chat_service_sid} if is_chat else {}
        path = [{**known, **place}.get(segment, segment) for segment in segments(route.pattern)]
        request = Request(
            door=route.door,
            method="GET",
            path=tuple(path),
            params={"identity": "alice", "ConversationSid": "CH" + "0" * 32},
            query=(("AccountSid", rig.made.account_sid), ("Identity", "alice")),
            headers={},
            body=b"",
            caller=client.session.caller,
            principal=account and Principal(account, None, "192.0.2.7"),
            product=CHAT if is_chat else SYNC,
            session=client.session,
        )
        found, values = everything.find(request)
        assert found is route
        try:
            answer = route.handler(request, *values)
        except ApiError as error:
            raise AssertionError(f"{route} was not asked well") from error
        assert isinstance(answer, Response | Read), route


async def refused(
    rig: Rig,
    routes: list[Route],
    expected: tuple[int, int],
    *,
    credentials: tuple[str, str] | None = None,
    authorization: str | None = None,
) -> None:
    """Every one of these routes refuses, and nothing changes."""
    web = Web(rig)
    before = list(rig.facts)
    headers = [] if authorization is None else [("authorization", authorization)]
    for route in routes:
        page = await web(route.method, target(route), headers=headers, credentials=credentials)
        assert page.error == expected, route
        assert ("www-authenticate" in page.headers) == (expected[0] == 401)
    assert rig.facts == before


@pytest.mark.settings(credential_failures_per_address_per_s=0)
@pytest.mark.parametrize("kind", ["none", "access token", "wrong password", "deleted key"])
async def test_rest_takes_no_credentials_but_valid_ones(rig: Rig, rest: list[Route], kind: str) -> None:
    authorization = f"Bearer {rig.token()}" if kind == "access token" else None
    credentials = {
        "wrong password": (rig.made.account_sid, "wrong"),
        "deleted key": ("SK" + "0" * 32, "wrong"),
    }.get(kind)
    await refused(rig, rest, (401, 20003), credentials=credentials, authorization=authorization)


async def test_test_credentials_open_nothing(rig: Rig, rest: list[Route]) -> None:
    account = rig.directory.account(rig.made.account_sid)
    assert account is not None
    credentials = account.test_sid, rig.directory.test_token(account).decode()
    await refused(rig, rest, (403, 20008), credentials=credentials)


async def test_standard_key_opens_no_administration(rig: Rig, rest: list[Route]) -> None:
    credentials = rig.made.key_sid, rig.made.key_secret
    routes = [route for route in rest if route.access in (Access.ADMINISTRATION, Access.OWNER)]
    await refused(rig, routes, (401, 20003), credentials=credentials)


async def test_restricted_key_opens_nothing_that_its_policy_does_not_list(
    rig: Rig, rest: list[Route]
) -> None:
    options = {"kind": "restricted", "policy": '{"allow": ["/twilio/other"]}'}
    key, secret = await rig.do(create_key, rig.vault, rig.settings, rig.made.account_sid, **options)
    owner = [route for route in rest if route.access is Access.OWNER]
    others = [route for route in rest if route not in owner]
    await refused(rig, others, (403, 20006), credentials=(key.sid, secret))
    await refused(rig, owner, (401, 20003), credentials=(key.sid, secret))


@pytest.mark.parametrize("kind", ["restricted key", "standard key", "suspended account", "wrong secret"])
async def test_refused_credentials_make_an_alert_of_their_account_if_they_are_valid(
    rig: Rig, kind: str
) -> None:
    account_sid, credentials = rig.made.account_sid, (rig.made.key_sid, rig.made.key_secret)
    if kind == "restricted key":
        options = {"kind": "restricted", "policy": '{"allow": ["/twilio/other"]}'}
        key, secret = await rig.do(create_key, rig.vault, rig.settings, account_sid, **options)
        credentials = key.sid, secret
    elif kind == "suspended account":
        await rig.do(set_status, account_sid, "suspended")
    elif kind == "wrong secret":
        credentials = rig.made.key_sid, "wrong"
    page = await Web(rig)("GET", "/api/2010-04-01/Accounts.json", credentials=credentials)
    assert page.status in (401, 403)
    await rig.settled()
    (alert,) = await fetched(rig.store, lambda tx: alerts.latest(tx, 2))
    assert alert.account_sid == (NOBODY if kind == "wrong secret" else account_sid)


@pytest.mark.parametrize("asked", [("PUT", "/sync/v1/Services"), ("GET", "/sync/v1/Nothing")])
async def test_request_that_no_route_takes_makes_an_alert_of_the_account_that_asked(
    rig: Rig, asked: tuple[str, str]
) -> None:
    credentials = rig.made.key_sid, rig.made.key_secret
    page = await Web(rig)(*asked, credentials=credentials)
    assert page.status in (404, 405)
    await rig.settled()
    found = await fetched(rig.store, lambda tx: alerts.latest(tx, 2))
    # What is absent is only a notice, below the level that is kept.
    assert [alert.account_sid for alert in found] == [rig.made.account_sid] * (page.status == 405)


def test_page_of_permissions_repeats_the_table(rest: list[Route]) -> None:
    routes = [route for route in rest if route.permission]
    assert PAGE.read_text("utf-8") == page_of(routes), f"replace it by:\n{page_of(routes)}"


def page_of(routes: list[Route]) -> str:
    """The reference page, as Markdown."""
    text = HEAD
    ordered = sorted(routes, key=lambda route: (segments(route.pattern)[0], route.permission))
    for product, of_product in groupby(ordered, lambda route: segments(route.pattern)[0]):
        text += f"\n## {product}\n\n| Permission | Requests |\n| --- | --- |\n"
        for permission, same in groupby(of_product, lambda route: route.permission):
            requests = ", ".join(f"{route.method} `{route.pattern}`" for route in same)
            text += f"| `{permission}` | {requests} |\n"
    return text
