"""Every route through every door: each opens through its own and through no other."""

import re

import pytest

from tests.support.rig import Client, Rig
from tests.support.web import OPERATOR, PUBLIC, Web
from tsock.accounts.caller import CHAT, SYNC
from tsock.api.request import Door, Request, Response
from tsock.api.router import Route, Router

NOT_FOUND = (404, 20404)


def path_of(route: Route) -> str:
    return re.sub(r"\{\w+\}", "x", route.pattern)


async def test_no_route_of_another_door_is_reachable_through_the_tunnel(rig: Rig, everything: Router) -> None:
    client = rig.connect(products={SYNC: "default", CHAT: "default"})
    others = [route for route in everything.routes() if route.door is not Door.TUNNEL]
    assert {route.door for route in others} == {Door.HTTP, Door.OPERATOR}
    for route in others:
        for method in (route.method, "GET", "POST", "PUT", "DELETE"):
            for grant in (SYNC, CHAT):
                if method in ("GET", "POST", "PUT", "DELETE"):
                    reply = await client.request(method, path_of(route), {}, grant=grant)
                    assert reply.error == NOT_FOUND, route


@pytest.mark.parametrize(("door", "server"), [(Door.HTTP, PUBLIC), (Door.OPERATOR, OPERATOR)])
async def test_no_route_of_another_door_is_reachable_over_http(
    rig: Rig, everything: Router, door: Door, server: tuple[str, int | None]
) -> None:
    web = Web(rig)
    own = {route.pattern for route in everything.routes() if route.door is door}
    others = [route for route in everything.routes() if route.door is not door and route.pattern not in own]
    assert len(others) > 60
    for route in others:
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            page = await web(method, path_of(route), b"{}", server=server)
            assert page.error == NOT_FOUND, route


async def test_access_token_opens_nothing_over_http(rig: Rig) -> None:
    web = Web(rig)
    token = rig.token()
    for headers in ([("authorization", f"Bearer {token}")], [("x-twilio-token", token)]):
        page = await web("GET", "/v3/Configuration", headers=headers)
        assert page.error == NOT_FOUND


@pytest.mark.parametrize("path", ["/v1/Services", "/2010-04-01/Accounts.json", "/v2/Services", "/console"])
async def test_rest_and_pages_are_unknown_to_the_tunnel(rig: Rig, path: str) -> None:
    client: Client = rig.connect()
    assert (await client.request("GET", path)).error == NOT_FOUND


async def test_each_route_is_found_by_its_own_door(everything: Router) -> None:
    """The table has no route that another one hides."""
    for route in everything.routes():
        request = Request(
            door=route.door,
            method=route.method,
            path=tuple(path_of(route).strip("/").split("/")),
            params={},
            headers={},
            body=b"",
        )
        found, values = everything.find(request)
        assert found is route
        assert values == ["x"] * route.pattern.count("{")


def test_two_routes_for_one_place_are_a_mistake_told_at_start() -> None:
    def handler(request: object) -> Response:
        raise AssertionError

    router = Router()
    route = Route(Door.HTTP, "GET", "/a/{b}", handler)
    router.add(
        [route, Route(Door.TUNNEL, "GET", "/a/{b}", handler), Route(Door.HTTP, "PUT", "/a/{b}", handler)]
    )
    with pytest.raises(ValueError, match="two routes for"):
        router.add([Route(Door.HTTP, "GET", "/a/{other}", handler)])
