"""The first page, signing in, and where the links of all pages lead."""

from urllib.parse import quote, urlencode

import pytest

from tests.support import records
from tests.support.reading import Reading
from tests.support.rig import Rig
from tests.support.visitor import Visitor
from tsock import dictionary
from tsock.accounts.accounts import rotate_auth_token, set_status
from tsock.accounts.keys import create_key
from tsock.accounts.principal import OPERATOR
from tsock.debugger import denials
from tsock.storage.store import written
from tsock.tokens.examiner import Examiner


async def test_every_page_is_well_formed_and_every_link_leads_somewhere(visitor: Visitor) -> None:
    await walk(visitor)


@pytest.mark.settings(explain=True)
async def test_every_link_leads_somewhere_in_development_too(visitor: Visitor) -> None:
    await walk(visitor, is_open=True)


async def walk(visitor: Visitor, *, is_open: bool = False) -> None:
    """Read every page that a link leads to; unless it `is_open`, denials are for those who have signed in."""
    waiting, places, links = ["/"], dict[str, list[str]](), set[str]()
    while waiting:
        target = waiting.pop()
        page = await visitor.see(target)
        places[target] = []
        if page.headers["content-type"].startswith("text/html"):
            reading = await visitor.read(target, status=page.status)
            assert page.status == (401 if target == "/denials" and not is_open else 200), target
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


async def test_signing_in_repeats_the_form_until_the_credentials_are_right_then_goes_on(
    rig: Rig, visitor: Visitor
) -> None:
    target = f"/sign-in?next={quote('/errors/51215?a=1&b=2')}"
    (form,) = (await visitor.read(target)).forms
    assert (form["method"], form["action"], form["sid"], form["secret"]) == ("post", target, "", "")
    for password in ("", "wrong", "\N{SNOWMAN}"):
        page = await visitor.fill_in(target, rig.made.account_sid, password)
        assert (page.status, "www-authenticate" in page.headers) == (401, False)
        reading = Reading(page.body)
        assert "Not signed in" in reading.text
        assert reading.forms[0]["action"] == target
    page = await visitor.fill_in(target, rig.made.account_sid, rig.made.auth_token)
    assert (page.status, page.headers["location"], page.body) == (303, "/errors/51215?a=1&b=2", b"")
    assert rig.made.auth_token not in page.headers["set-cookie"]
    assert (await visitor.see("/sign-in")).headers["location"] == "/"
    assert (await visitor.ask("POST", "/doctor", b"x")).status == 200


async def test_cookie_is_kept_from_scripts_other_sites_and_connections_without_tls(rig: Rig) -> None:
    kept = "Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"
    shown = {"sid": rig.made.account_sid, "secret": rig.made.auth_token}
    for host, secure in (("localhost:8080", ""), ("rt.twilio.com", "; Secure")):
        visitor = Visitor(rig)
        body = urlencode(shown).encode()
        page = await visitor.ask("POST", "/sign-in", body, ("host", host))
        assert page.headers["set-cookie"].partition("; ")[2] == kept + secure


async def test_signing_out_makes_the_browser_forget(rig: Rig, visitor: Visitor) -> None:
    await visitor.fill_in("/sign-in", rig.made.account_sid, rig.made.auth_token)
    for target in ("/", "/doctor", "/errors", "/errors/51215"):
        forms = (await visitor.read(target)).forms
        assert {"method": "post", "action": "/sign-out"} in forms, target
    page = await visitor.see("/sign-out", "")
    assert (page.status, page.headers["location"]) == (303, "/")
    assert page.headers["set-cookie"].startswith("tsock_sign_in=; Path=/; Max-Age=0; ")
    assert {"method": "post", "action": "/sign-out"} not in (await Visitor(rig).read("/")).forms


async def test_main_key_signs_in_and_what_administers_nothing_does_not(rig: Rig, visitor: Visitor) -> None:
    main, secret = await written(
        rig.store,
        lambda tx: create_key(tx, rig.vault, rig.settings, rig.made.account_sid, kind="main", by=OPERATOR),
    )
    assert (await visitor.fill_in("/sign-in", rig.made.key_sid, rig.made.key_secret)).status == 401
    account = rig.directory.account(rig.made.account_sid)
    assert account is not None
    test_token = rig.directory.test_token(account).decode()
    assert (await visitor.fill_in("/sign-in", account.test_sid, test_token)).status == 403
    assert (await visitor.fill_in("/sign-in", main.sid, secret)).status == 303
    assert (await visitor.ask("POST", "/doctor", b"x")).status == 200


async def test_sign_in_ends_with_the_key_the_account_or_its_time(rig: Rig, visitor: Visitor) -> None:
    await visitor.fill_in("/sign-in", rig.made.account_sid, rig.made.auth_token)
    await rig.do(set_status, rig.made.account_sid, "suspended")
    assert (await visitor.ask("POST", "/doctor", b"x")).error == (403, 20403)
    assert (await visitor.fill_in("/sign-in", rig.made.account_sid, rig.made.auth_token)).status == 403
    await rig.do(set_status, rig.made.account_sid, "active")
    assert (await visitor.ask("POST", "/doctor", b"x")).status == 200
    rig.advance_s(12 * 3600)
    assert (await visitor.ask("POST", "/doctor", b"x")).error == (401, 20003)


@pytest.mark.settings(credential_failures_per_address_per_s=0.1, credential_failures_per_address_burst=2)
async def test_whoever_guesses_is_told_to_wait_and_locks_nobody_out(rig: Rig, visitor: Visitor) -> None:
    said = [(await visitor.fill_in("/sign-in", rig.made.account_sid, "wrong")).status for _ in range(3)]
    assert said == [401, 401, 429]
    assert (await visitor.fill_in("/sign-in", rig.made.key_sid, rig.made.key_secret)).status == 401
    assert (await visitor.fill_in("/sign-in", rig.made.account_sid, rig.made.auth_token)).status == 303
    assert (await visitor.fill_in("/sign-in", rig.made.account_sid, "wrong")).status == 429
    rig.pass_s(20)
    assert (await visitor.fill_in("/sign-in", rig.made.account_sid, "wrong")).status == 401


@pytest.mark.settings(public_url="https://rt.example.com/tsock")
async def test_cookie_is_kept_from_connections_without_tls_where_a_proxy_ends_it(
    rig: Rig, visitor: Visitor
) -> None:
    signed_in = await visitor.fill_in("/sign-in", rig.made.account_sid, rig.made.auth_token)
    assert signed_in.headers["set-cookie"].endswith("; HttpOnly; SameSite=Strict; Secure")


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
    target = f"/sign-in?next={quote(target, safe='')}"
    shown = urlencode({"sid": rig.made.account_sid, "secret": rig.made.auth_token}).encode()
    for method, body in (("GET", b""), ("POST", shown)):
        page = await visitor.ask(method, target, body)
        assert page.error == (400, 20422)
        assert not {"location", "set-cookie"} & page.headers.keys()


async def test_what_is_not_there_is_a_page_for_people_and_json_for_programs(visitor: Visitor) -> None:
    reading = await visitor.read("/nowhere/at/all", status=404)
    assert reading.headings[0] == ("h1", "Not Found")
    assert "/errors/20404" in reading.links
    assert (await visitor.ask("GET", "/nowhere/at/all")).error == (404, 20404)
    reading = await visitor.read("/errors", "q=1", status=405)
    assert reading.headings == [("h1", "Method Not Allowed")]


async def test_error_of_a_rest_request_is_json_whatever_it_accepts(visitor: Visitor) -> None:
    for target in ("/sync/v1/Nothing", "/2010-04-01/Nothing"):
        assert (await visitor.see(target)).error == (404, 20404)


# The first page in development


@pytest.mark.settings(explain=True)
async def test_first_page_has_all_that_is_needed_to_connect(rig: Rig) -> None:
    visitor = Visitor(rig)
    reading = await visitor.read("/")
    made = rig.made
    for told in (
        made.account_sid,
        made.auth_token,
        made.key_sid,
        made.key_secret,
        made.sync_service_sid,
        made.chat_service_sid,
        "/v3/wsconnect",
        "new SyncClient(token,",
    ):
        assert told in reading.text
    assert {"method": "get", "action": "/dev/token", "identity": "alice"} in reading.forms
    assert "Nobody was refused yet" in reading.text
    sid = f"DN{7:032x}"
    report = Examiner(rig.directory, rig.settings).examine("hello", rig.clock.now_ms())
    denial = records.denial(sid, made.account_sid, rig.clock.now_ms(), report)
    await written(rig.store, lambda tx: denials.record(tx, denial))
    assert f"/denials/{sid}" in (await visitor.read("/")).links


@pytest.mark.settings(explain=True)
async def test_first_page_shows_the_auth_token_that_holds_now(rig: Rig) -> None:
    sid, old = rig.made.account_sid, rig.made.auth_token
    await written(rig.store, lambda tx: rotate_auth_token(tx, rig.vault, sid, by=OPERATOR))
    account = rig.directory.account(sid)
    assert account is not None
    page = await Visitor(rig).read("/")
    assert old not in page.text
    assert rig.directory.auth_token(account).decode() in page.text


async def test_first_page_shows_no_credentials_to_anybody_in_production(rig: Rig, visitor: Visitor) -> None:
    for _ in ("stranger", "operator"):
        page = await visitor.see("/")
        for secret in (rig.made.auth_token, rig.made.key_secret, rig.made.key_sid):
            assert secret.encode() not in page.body
        visitor.sign_in(rig.made.account_sid, rig.made.auth_token)


async def test_path_that_is_not_there_leads_to_what_is(visitor: Visitor) -> None:
    reading = await visitor.read("/docter", status=404)
    assert "Did you mean" in reading.text
    assert {"/", "/doctor", "/denials", "/errors", "/errors/20404"} <= set(reading.links)
    assert "/v3/wsconnect" in reading.text


@pytest.mark.parametrize("place", ["/", "/errors", "/errors/51215", "/doctor"])
async def test_page_that_is_open_is_marked(visitor: Visitor, place: str) -> None:
    body = (await visitor.see(place)).body.decode()
    current = "/" + place.split("/")[1]
    assert body.count('aria-current="page"') == 1
    assert f'href="{current}" aria-current="page"' in body


async def test_icon_and_script_are_served(visitor: Visitor) -> None:
    for path, kind in (("/icon.svg", "image/svg+xml"), ("/page.js", "text/javascript; charset=utf-8")):
        page = await visitor.see(path)
        assert (page.status, page.headers["content-type"]) == (200, kind)
    assert (await visitor.see("/favicon.ico")).headers["location"] == "/icon.svg"
