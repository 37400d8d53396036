"""What exists only in development: tokens for the asking, and a clock that can be moved."""

from typing import Any

import msgspec
import pytest

from tests.support.rig import Rig
from tests.support.web import Web
from tsock.accounts import keys
from tsock.accounts.caller import CHAT, SYNC, Caller
from tsock.accounts.principal import OPERATOR
from tsock.storage.store import written
from tsock.tokens.examiner import Examiner

AS_JSON = [("content-type", "application/json")]


def judged(rig: Rig, token: str) -> Caller:
    caller = Examiner(rig.directory, rig.settings).verify(token, rig.clock.now_ms())
    assert isinstance(caller, Caller)
    return caller


async def test_token_is_the_raw_string_and_lets_its_bearer_in(rig: Rig, web: Web) -> None:
    page = await web("GET", "/dev/token?identity=alice%20b")
    assert page.status == 200
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert page.headers["access-control-allow-origin"] == "*"
    caller = judged(rig, page.body.decode())
    assert caller.identity == "alice b"
    assert set(caller.products) == {SYNC, CHAT}
    assert caller.expires_ms == rig.clock.now_ms() + 3_600_000
    assert rig.open().init(page.body.decode()).header["status"]["code"] == 200


async def test_token_is_json_where_that_is_asked_for(rig: Rig, web: Web) -> None:
    page = await web("GET", "/dev/token?identity=a", headers=[("accept", "application/json, */*")])
    assert judged(rig, page.json["token"]).identity == "a"
    assert page.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("grants", "products"),
    [("sync", {SYNC}), ("chat", {CHAT}), ("chat,sync", {SYNC, CHAT}), (",sync,", {SYNC})],
)
async def test_grants_and_life_are_chosen_by_parameters(
    rig: Rig, web: Web, grants: str, products: set[str]
) -> None:
    page = await web("GET", f"/dev/token?identity=a&grants={grants}&ttl=60")
    caller = judged(rig, page.body.decode())
    assert set(caller.products) == products
    assert caller.expires_ms == rig.clock.now_ms() + 60_000


async def test_token_that_has_expired_can_be_had_to_try_a_refusal(rig: Rig, web: Web) -> None:
    page = await web("GET", "/dev/token?identity=a&ttl=-1")
    assert rig.open().init(page.body.decode()).header["status"]["errorCode"] == 20104


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "Invalid Parameter: expected an identity, as in /dev/token?identity=alice"),
        ("?identity=", "Invalid Parameter: expected an identity, as in /dev/token?identity=alice"),
        ("?identity=a&grants=video", "Invalid Parameter: grants are sync and chat, not video"),
        ("?identity=a&ttl=1.5", "Invalid Parameter: ttl is in whole seconds, not 1.5"),
        ("?identity=a&ttl=", "Invalid Parameter: ttl is in whole seconds, not "),
    ],
)
async def test_bad_parameter_is_400_20422(web: Web, query: str, message: str) -> None:
    page = await web("GET", f"/dev/token{query}")
    assert page.error == (400, 20422)
    assert page.json["message"] == message


@pytest.mark.parametrize("ttl", [10**9, 10**20, -(10**20), 10**400])
async def test_absurd_life_is_no_failure_of_the_server(web: Web, ttl: int) -> None:
    page = await web("GET", f"/dev/token?identity=a&ttl={ttl}")
    assert page.status in (200, 400)


async def test_clock_is_shown_and_moved_and_what_is_due_happens_before_the_answer(rig: Rig, web: Web) -> None:
    client = rig.connect(ttl_s=60)
    made = await client.request("POST", "/v3/Maps", {"ttl": 30})
    shown = {"now": "2031-05-02T12:00:00.000Z", "ahead_s": 0.0}
    assert (await web("GET", "/dev/clock")).json == shown
    page = await web("POST", "/dev/clock", b'{"advance_s":60.5}', headers=AS_JSON)
    assert page.json == {"now": "2031-05-02T12:01:00.500Z", "ahead_s": 60.5}
    assert [packet.header["method"] for packet in client.take()] == ["client_update", "close"]
    assert any(getattr(fact, "topic", "") == made.body["sid"] for fact in rig.facts)
    assert (await web("GET", "/dev/clock")).json == page.json
    assert (await web("POST", "/dev/clock", b'{"advance_s":0}', headers=AS_JSON)).json == page.json


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"60",
        b'{"advance_s":"60"}',
        b'{"advance_s":-1}',
        b'{"advance_s":1e300}',
        b'{"advance_s":NaN}',
        b'{"advance_s":1,"x":"\xff',
        b'{"advance_s":1,"x":' + b"[" * 400,
    ],
)
async def test_clock_that_cannot_be_moved_like_that_is_400_20422_and_stays(
    rig: Rig, web: Web, content: bytes
) -> None:
    assert (await web("POST", "/dev/clock", content, headers=AS_JSON)).error == (400, 20422)
    assert rig.clock.ahead_ms == 0


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "text/plain; application/json",
    ],
)
async def test_clock_is_not_moved_by_what_any_page_may_send_without_asking(
    rig: Rig, web: Web, content_type: str | None
) -> None:
    headers = [] if content_type is None else [("content-type", content_type)]
    page = await web("POST", "/dev/clock", b'{"advance_s":60}', headers=headers)
    assert page.error == (400, 20422)
    assert page.json["message"] == (
        "Invalid Parameter: expected the header content-type: application/json, which a web page cannot send "
        "to another origin unasked"
    )
    assert rig.clock.ahead_ms == 0


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json ;x"]
)
async def test_clock_is_moved_by_json_however_it_is_written(rig: Rig, web: Web, content_type: str) -> None:
    headers = [("content-type", content_type)]
    assert (await web("POST", "/dev/clock", b'{"advance_s":60}', headers=headers)).status == 200
    assert rig.clock.ahead_ms == 60_000


async def test_token_of_a_key_that_was_revoked_meanwhile_is_not_handed_out(rig: Rig, web: Web) -> None:
    await written(
        rig.store, lambda tx: keys.delete_key(tx, rig.made.account_sid, rig.made.key_sid, by=OPERATOR)
    )
    page = await web("GET", "/dev/token?identity=a")
    assert page.error == (409, 20409)
    assert page.json["message"] == (
        f"The key {rig.made.key_sid} that signs these tokens was revoked; "
        "start `tsock dev` again, or sign tokens with a key of `tsock key create`"
    )


@pytest.mark.settings(http_anonymous_body_bytes_max=10**6)
async def test_body_nested_without_end_is_400_20422(web: Web) -> None:
    nested = b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b',"advance_s":1}'
    assert (await web("POST", "/dev/clock", nested, headers=AS_JSON)).error == (400, 20422)


def test_nothing_of_it_repeats_the_secret(rig: Rig) -> None:
    routes: list[Any] = [route for route in rig.router.routes() if route.pattern.startswith("/dev")]
    assert len(routes) == 3
    assert rig.made.key_secret not in repr(routes)
    assert rig.made.key_secret not in repr(msgspec.structs.asdict(routes[0]))


async def test_clock_stays_where_dates_have_four_digits_of_year(rig: Rig, web: Web) -> None:
    ten_years = b'{"advance_s":315360000}'
    for _ in range(1000):
        page = await web("POST", "/dev/clock", ten_years, headers=AS_JSON)
        if page.status != 200:
            break
    assert page.error == (400, 20422)
    assert "9999-01-01" in page.json["message"]
    assert (await web("GET", "/dev/clock")).json["now"].startswith("999")
