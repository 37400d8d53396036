"""HTTP requests to `Request` and answers back."""

import asyncio
import gc
import re
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.rig import BASE_URL, Rig
from tests.support.web import OPERATOR, Web, body
from tsock.api.request import Access, Answer, Door, Read, Request, Response, Write
from tsock.api.router import Route, Router
from tsock.debugger import alerts
from tsock.errors import ApiError, StoreDown
from tsock.storage.store import fetched


class Seen:
    """A route of both HTTP doors that notes what it was asked and answers as told."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.segments: list[str] = []
        self.answer: Answer = Response(200, b'{"ok":true}')
        self.router = Router()
        methods = ("GET", "POST")
        doors = (Door.HTTP, Door.OPERATOR)
        self.router.add([Route(door, method, "/seen/{what}", self) for door in doors for method in methods])

    def __call__(self, request: Request, what: str) -> Answer:
        self.requests.append(request)
        self.segments.append(what)
        return self.answer


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def web(rig: Rig, seen: Seen) -> Web:
    return Web(rig, seen.router)


async def test_request_is_decoded_once_with_the_first_of_repeated_parameters(web: Web, seen: Seen) -> None:
    target = "/seen/a%2Fb%2520?k=1&k=2&empty=&t=%C3%A9+x&%6Bey=v"
    page = await web("POST", target, b"one", b"two", headers=[("x-a", "1")])
    assert (page.status, page.json) == (200, {"ok": True})
    (request,) = seen.requests
    assert seen.segments == ["a/b%20"]
    assert request.method == "POST"
    assert request.params == {"k": "1", "empty": "", "t": "\N{LATIN SMALL LETTER E WITH ACUTE} x", "key": "v"}
    assert request.headers == {"x-a": "1"}
    assert request.body == b"onetwo"
    assert (request.caller, request.session, request.product) == (None, None, "")


async def test_socket_file_is_the_operators_door_and_the_port_is_not(web: Web, seen: Seen) -> None:
    await web("GET", "/seen/x")
    await web("GET", "/seen/x", server=OPERATOR)
    assert [request.door for request in seen.requests] == [Door.HTTP, Door.OPERATOR]


async def test_head_is_answered_as_get_without_the_body(web: Web, seen: Seen) -> None:
    page = await web("HEAD", "/seen/x")
    assert (page.status, page.body, page.headers["content-length"]) == (200, b"", "11")
    assert seen.requests[0].method == "GET"


async def test_answer_may_be_of_any_type_with_headers_of_its_own(web: Web, seen: Seen) -> None:
    seen.answer = Response(203, b"text", "text/plain", {"x-more": "1"})
    page = await web("GET", "/seen/x")
    assert page == (
        203,
        b"text",
        {
            "content-type": "text/plain",
            "content-length": "4",
            "x-more": "1",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "twilio-request-id": page.headers["twilio-request-id"],
        },
    )
    assert re.fullmatch("RQ[0-9a-f]{32}", page.headers["twilio-request-id"])


async def test_reads_and_writes_of_the_store_are_awaited(rig: Rig, web: Web, seen: Seen) -> None:
    seen.answer = Write(
        lambda tx: Response(201, str(tx.count("UPDATE progress SET ahead_ms = 7", {})).encode())
    )
    assert (await web("POST", "/seen/x"))[:2] == (201, b"1")
    seen.answer = Read(
        lambda tx: tx.one("SELECT ahead_ms FROM progress", {}), lambda row: Response(200, b"%d" % row)
    )
    assert (await web("GET", "/seen/x"))[:2] == (200, b"7")
    assert rig.metrics.requests == {("/seen/{what}", 201): 1, ("/seen/{what}", 200): 1}


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/", (404, 20404)),
        ("GET", "/seen", (404, 20404)),
        ("GET", "/seen/x/y", (404, 20404)),
        ("GET", "/nowhere%01", (404, 20404)),
        ("PUT", "/seen/x", (405, 20004)),
        ("OPTIONS", "/seen", (404, 20404)),
    ],
)
async def test_what_no_route_takes_is_404_or_405(
    web: Web, method: str, target: str, expected: tuple[int, int]
) -> None:
    page = await web(method, target)
    assert page.error == expected
    assert page.json["more_info"] == f"{BASE_URL}/errors/{expected[1]}"


async def test_options_and_405_tell_the_methods_of_a_path(web: Web, seen: Seen) -> None:
    page = await web("OPTIONS", "/seen/x")
    assert (page.status, page.body, page.headers["allow"]) == (204, b"", "GET, POST")
    assert "access-control-allow-origin" not in page.headers
    assert (await web("PUT", "/seen/x")).headers["allow"] == "GET, POST"
    assert seen.requests == []


async def test_body_beyond_the_limit_is_413_20413_without_reading_on(web: Web, seen: Seen) -> None:
    page = await web("POST", "/seen/x", b"x" * 600, b"x" * 401, b"never read")
    assert page.error == (413, 20413)
    assert page.json["message"].endswith("not 1001 or more")
    assert (await web("POST", "/seen/x", b"x" * 600, b"x" * 400)).status == 200
    assert len(seen.requests) == 1


async def test_body_that_declares_too_much_is_refused_before_it_is_read(web: Web, seen: Seen) -> None:
    await web.deliver("POST", "/seen/x", [], headers=[("content-length", "1001")])
    start, content = web.sent
    assert start["status"] == 413
    assert b"1000 bytes (http_anonymous_body_bytes_max)" in content["body"]
    assert seen.requests == []


@pytest.mark.parametrize("access", [Access.DATA, Access.ADMINISTRATION, Access.VIEWER])
async def test_body_of_a_stranger_is_never_read(rig: Rig, access: Access) -> None:
    router = Router()
    router.add([Route(Door.HTTP, "POST", "/for/some", Seen(), access)])
    web = Web(rig, router)
    for target, status in (("/for/some", 401), ("/nowhere", 404), ("/for/so%ffme", 400)):
        await web.deliver("POST", target, [])
        assert web.sent[0]["status"] == status


async def test_refused_body_makes_an_alert_of_the_account_that_sent_it(rig: Rig) -> None:
    router = Router()
    router.add([Route(Door.HTTP, "POST", "/for/some", Seen(), Access.DATA, "/x")])
    credentials = rig.made.key_sid, rig.made.key_secret
    page = await Web(rig, router)("POST", "/for/some", b"x" * 600, b"x" * 401, credentials=credentials)
    assert page.error == (413, 20413)
    await rig.settled()
    (alert,) = await fetched(rig.store, lambda tx: alerts.latest(tx, 2))
    assert (alert.account_sid, alert.code) == (rig.made.account_sid, 20413)


async def test_body_of_a_get_means_nothing_and_is_not_read(web: Web, seen: Seen) -> None:
    await web.deliver("GET", "/seen/x", [])
    assert web.sent[0]["status"] == 200
    assert seen.requests[0].body == b""


async def test_request_whose_body_never_arrived_whole_is_not_carried_out(web: Web, seen: Seen) -> None:
    *first, _ = body(b"half", b"the rest")
    await web.deliver("POST", "/seen/x", [*first, {"type": "http.disconnect"}])
    assert seen.requests == []
    assert web.sent == []


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (ApiError(409, 54301, "Unique name already exists"), (409, 54301)),
        (StoreDown("the disk is full at /secret/path"), (503, 20503)),
        (ZeroDivisionError("secret"), (500, 20500)),
    ],
)
@pytest.mark.parametrize("where", [Read, Write])
async def test_failure_is_told_by_its_documented_code_and_nothing_else(
    web: Web, seen: Seen, where: Any, failure: Exception, expected: tuple[int, int]
) -> None:
    def fail(*_: Any) -> Any:
        raise failure

    seen.answer = where(fail)
    with capture_logs() as logs:
        page = await web("GET", "/seen/x")
    assert page.error == expected
    assert b"secret" not in page.body
    assert [line["event"] for line in logs] == ["request.failed"] * (expected[0] == 500)


async def test_websocket_of_an_unknown_path_is_closed(web: Web) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        raise AssertionError("nothing is to be read")

    await web.shell({"type": "websocket"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1000}]


class Told(dict[str, Any]):
    """What a server tells of a request, as far as somebody can see that it is gone."""


@pytest.mark.parametrize("where", [Read, Write, None])
async def test_nothing_of_a_request_that_failed_waits_for_the_collector(
    web: Web, seen: Seen, where: Any
) -> None:
    def fail(*_: Any) -> Any:
        raise ApiError(404, 20404, "nothing there")

    seen.answer = Response(200) if where is None else where(fail)
    gc.collect()
    gc.disable()
    try:
        messages = [] if where is None else body(b"x")
        told = await web.deliver("POST", "/nowhere" if where is None else "/seen/x", messages, told=Told)
        assert web.sent[0]["status"] == 404
        await asyncio.sleep(0)
        assert told() is None
    finally:
        gc.enable()
