"""The first page, signing in, and where the links of all pages lead."""

from urllib.parse import quote

import pytest

from tests.support.rig import Rig
from tests.support.visitor import Visitor
from tsock import dictionary
from tsock.accounts.keys import create_key
from tsock.accounts.principal import OPERATOR
from tsock.storage.store import written


@pytest.mark.parametrize("everybody", [False, True])
async def test_every_page_is_well_formed_and_every_link_leads_somewhere(rig: Rig, everybody: bool) -> None:
    visitor = Visitor(rig, everybody=everybody)
    waiting, places, links = ["/"], dict[str, list[str]](), set[str]()
    while waiting:
        target = waiting.pop()
        page = await visitor.see(target)
        places[target] = []
        if target.startswith("/sign-in"):
            assert page.status == 401
        elif page.headers["content-type"].startswith("text/html"):
            reading = await visitor.read(target)
            places[target] = reading.ids
            links |= set(reading.links)
            local = {link.partition("#")[0] for link in reading.links if link.startswith("/")}
            waiting += local - places.keys() - set(waiting)
        else:
            assert page.status == 200, target
    assert {f"/errors/{code}" for code in dictionary.entries()} < places.keys()
    assert {"/", "/errors", "/doctor", "/healthz", "/readyz", "/metrics"} < places.keys()
    for link in links:
        target, _, place = link.partition("#")
        assert not target or target in places or target.startswith("https://www.twilio.com/docs/api/errors/")
        assert not place or not target or place in places[target], link


async def test_stylesheet_of_the_pages_is_served(visitor: Visitor) -> None:
    page = await visitor.see("/style.css")
    assert (page.status, page.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert b'href="/style.css"' in (await visitor.see("/")).body
    assert b"prefers-color-scheme: dark" in page.body


async def test_signing_in_challenges_until_the_credentials_are_right_then_goes_on(
    rig: Rig, visitor: Visitor
) -> None:
    target = f"/sign-in?next={quote('/errors/51215?a=1&b=2')}"
    for password in (None, "wrong"):
        if password:
            visitor.sign_in(rig.made.account_sid, password)
        page = await visitor.see(target)
        assert page.status == 401
        assert page.headers["www-authenticate"].startswith("Basic realm=")
        assert "account" in (await visitor.read(target, status=401)).text
    visitor.sign_in(rig.made.account_sid, rig.made.auth_token)
    page = await visitor.see(target)
    assert (page.status, page.headers["location"], page.body) == (303, "/errors/51215?a=1&b=2", b"")
    assert (await visitor.see("/sign-in")).headers["location"] == "/"


async def test_main_key_signs_in_and_a_standard_one_does_not(rig: Rig, visitor: Visitor) -> None:
    main, secret = await written(
        rig.store,
        lambda tx: create_key(tx, rig.vault, rig.settings, rig.made.account_sid, kind="main", by=OPERATOR),
    )
    visitor.sign_in(main.sid, secret)
    assert (await visitor.see("/sign-in")).status == 303
    visitor.sign_in(rig.made.key_sid, rig.made.key_secret)
    page = await visitor.ask("GET", "/sign-in")
    assert page.error == (401, 20003)
    assert "main key" in page.json["message"]


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "evil.example",
        "javascript:alert(1)",
        "",
        "/\t/evil.example",
        "/a\nlocation: https://evil.example",
        "/a b",
        "/\N{LATIN SMALL LETTER E WITH ACUTE}",
        "/\\",
        "/a\\b",
    ],
)
async def test_signing_in_leads_to_no_other_server(rig: Rig, visitor: Visitor, target: str) -> None:
    visitor.sign_in(rig.made.account_sid, rig.made.auth_token)
    page = await visitor.ask("GET", f"/sign-in?next={quote(target, safe='')}")
    assert page.error == (400, 20422)
    assert "location" not in page.headers


async def test_what_is_not_there_is_a_page_for_people_and_json_for_programs(visitor: Visitor) -> None:
    reading = await visitor.read("/nowhere/at/all", status=404)
    assert reading.headings == [("h1", "Not Found")]
    assert "/errors/20404" in reading.links
    assert (await visitor.ask("GET", "/nowhere/at/all")).error == (404, 20404)
    reading = await visitor.read("/errors", "q=1", status=405)
    assert reading.headings == [("h1", "Method Not Allowed")]


async def test_error_of_a_rest_request_is_json_whatever_it_accepts(visitor: Visitor) -> None:
    for target in ("/sync/v1/Nothing", "/2010-04-01/Nothing"):
        assert (await visitor.see(target)).error == (404, 20404)
