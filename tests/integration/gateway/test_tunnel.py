"""Requests over the socket: each failure is an `http_status`, the connection stays."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from tests.support.rig import BASE_URL, Client, Reply, Rig
from tsock.accounts.caller import CHAT
from tsock.api.request import Answer, Ask, Door, Read, Request, Response, Streamed, Write
from tsock.api.router import Route
from tsock.errors import ApiError
from tsock.wire import frame

OK = {"code": 200, "status": "OK"}


class Seen:
    """A route that notes what it was asked."""

    def __init__(self, rig: Rig) -> None:
        self.requests: list[Request] = []
        self.segments: list[str] = []
        routes = [Route(Door.TUNNEL, method, "/seen/{what}", self) for method in ("GET", "POST", "DELETE")]
        rig.router.add(routes)

    def __call__(self, request: Request, what: str) -> Answer:
        self.requests.append(request)
        self.segments.append(what)
        return Response(200, b"{}")


@pytest.fixture
def seen(rig: Rig) -> Seen:
    return Seen(rig)


# Reading.


@pytest.mark.parametrize("wrapped", [False, True], ids=["JS", "Kotlin"])
async def test_values_are_texts_or_arrays_of_texts(client: Client, seen: Seen, wrapped: bool) -> None:
    def values(**texts: str) -> dict[str, Any]:
        return {name: [text] if wrapped else text for name, text in texts.items()}

    await client.request(
        "GET", "/seen/x", params=values(Key="a", PageSize="5"), headers=values(If_Match="1", host="ignored")
    )
    (request,) = seen.requests
    assert request.params == {"Key": "a", "PageSize": "5"}
    assert request.headers == {"if_match": "1", "host": "cds.us1.twilio.com"}


async def test_of_a_repeated_value_the_first_counts_and_none_is_empty(client: Client, seen: Seen) -> None:
    await client.request("GET", "/seen/x", params={"a": ["1", "2"], "b": []}, headers={"c": ["3", "4"]})
    (request,) = seen.requests
    assert request.params == {"a": "1", "b": ""}
    assert request.headers["c"] == "3"


async def test_path_and_parameters_are_decoded_once_and_headers_not_at_all(
    client: Client, seen: Seen
) -> None:
    await client.request(
        "GET", "/seen/a%2Fb%2525%C3%A9", params={"K%65y": "a%2Fb%2520c+d"}, headers={"X": "%41"}
    )
    assert seen.segments == ["a/b%25\N{LATIN SMALL LETTER E WITH ACUTE}"]
    (request,) = seen.requests
    assert request.params == {"Key": "a/b%20c+d"}
    assert request.headers["x"] == "%41"


async def test_handler_learns_who_asks_under_which_grant_and_over_which_connection(
    client: Client, seen: Seen
) -> None:
    await client.request("POST", "/seen/x", b"any bytes \xff")
    (request,) = seen.requests
    assert request.door is Door.TUNNEL
    assert request.caller is client.session.caller
    assert request.product == "data_sync"
    assert request.session is client.session
    assert request.body == b"any bytes \xff"


# Refusing.


def error(status: int, code: int, message: str) -> Reply:
    return Reply(
        status,
        {"status": status, "code": code, "message": message, "more_info": f"{BASE_URL}/errors/{code}"},
    )


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v3/Nothing", "/v3/Nothing"),
        ("/v3/Documents/a/b/c", "/v3/Documents/a/b/c"),
        ("/v3", "/v3"),
        ("/", "/"),
        ("/v3/Documents/a/", "/v3/Documents/a/"),
        ("//v3//Documents", "//v3//Documents"),
        ("/v3/../v3/Documents", "/v3/../v3/Documents"),
        ("/v3%2FDocuments", "/v3/Documents"),
        ("/v3/Documents%01", "/v3/Documents\\x01"),
        ("/x" * 150, ("/x" * 150)[:200]),
    ],
)
async def test_unknown_path_is_404_20404(client: Client, path: str, shown: str) -> None:
    expected = error(404, 20404, f"The requested resource {shown} was not found")
    assert await client.request("GET", path) == expected


@pytest.mark.parametrize("path", ["", "v3/Documents", "https://cds.us1.twilio.com/v3/Documents"])
async def test_path_without_a_slash_at_its_start_is_404_20404(client: Client, path: str) -> None:
    expected = error(404, 20404, f"The requested resource {path} was not found: a path starts with /")
    assert await client.request("GET", path) == expected


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v3/Documents/%FF%FE", {}),
        ("/%C3/%A9", {}),
        ("/v3/Documents/%ED%A0%80", {}),
        ("/v3/Documents/x", {"Key": "%FF"}),
        ("/v3/Documents/x", {"%FF": "Key"}),
    ],
)
async def test_path_or_parameter_that_is_not_utf8_is_400_20422(
    client: Client, path: str, params: dict[str, str]
) -> None:
    text = "Invalid Parameter: expected path and parameters to be percent-encoded UTF-8"
    assert await client.request("GET", path, params=params) == error(400, 20422, text)


@pytest.mark.parametrize("method", ["PATCH", "get", "", "OPTIONS", "CONNECT"])
async def test_unknown_method_is_405_20004(client: Client, method: str) -> None:
    expected = error(405, 20004, "Method not allowed: expected one of DELETE, GET, POST, PUT")
    assert await client.request(method, "/v3/Documents") == expected


async def test_method_that_the_path_does_not_take_is_405_20004(client: Client) -> None:
    expected = error(405, 20004, "Method not allowed: this path takes DELETE, GET, POST, not PUT")
    assert await client.request("PUT", "/v3/Documents/x", {}) == expected


@pytest.mark.parametrize(
    "request_member",
    [
        None,
        "x",
        {},
        {"path": "/v3/Documents", "method": "GET"},
        {"host": "h", "method": "GET"},
        {"host": "h", "path": 7, "method": "GET"},
        {"host": "h", "path": "/v3/Documents", "method": "GET", "params": {"a": 1}},
        {"host": "h", "path": "/v3/Documents", "method": "GET", "headers": ["a"]},
    ],
)
async def test_message_without_a_readable_request_is_400_20422(client: Client, request_member: Any) -> None:
    packet_id = client.send("message", active_grant="data_sync", http_request=request_member)
    expected = error(400, 20422, "Invalid Parameter: expected http_request with host, path and method")
    assert client.answer(packet_id) == expected


@pytest.mark.parametrize("grant", [CHAT, "notifications", "", "chat"])
async def test_product_that_was_not_granted_is_403_20106(client: Client, grant: str) -> None:
    expected = error(403, 20106, "Invalid Access Token grants: none for the product of this request")
    assert await client.request("GET", "/v3/Documents/x", grant=grant) == expected


@pytest.mark.settings(request_body_bytes_max=20_000, sync_data_bytes_max=1000, sync_message_bytes_max=1000)
async def test_body_beyond_the_limit_is_413_20413_and_one_of_just_its_size_is_read(
    client: Client, seen: Seen
) -> None:
    expected = error(413, 20413, "Request body too large: 20001 bytes, at most 20000 allowed")
    assert await client.request("POST", "/seen/x", b"x" * 20_001) == expected
    assert (await client.request("POST", "/seen/x", b"x" * 20_000)).status == 200
    assert len(seen.requests) == 1


async def test_failure_of_a_handler_or_rule_is_500_20500_logged_and_costs_nothing_but_the_request(
    rig: Rig, client: Client
) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError("secret of the handler")

    rig.router.add(
        [
            Route(Door.TUNNEL, "GET", "/fails", fail),
            Route(Door.TUNNEL, "POST", "/fails", lambda request: Write(fail)),
        ]
    )
    with capture_logs() as logs:
        for method in ("GET", "POST"):
            expected = error(500, 20500, "Internal Server Error")
            assert await client.request(method, "/fails") == expected
    assert [line["event"] for line in logs] == ["request.failed"] * 2
    assert (await client.request("GET", "/v3/Configuration")).status == 200
    assert client.session.in_flight == 0


@pytest.mark.settings(store_waiting_max=1)
async def test_write_that_the_store_has_no_room_for_is_503_20503(rig: Rig, client: Client) -> None:
    kept = client.ask("POST", "/v3/Documents", {})
    refused = client.ask("POST", "/v3/Documents", {})
    expected = error(503, 20503, "Service unavailable: the write was not stored, try again")
    assert client.answer(refused) == expected
    await asyncio.sleep(0)
    await rig.settled()
    assert client.answer(kept).status == 201


# Limits.


@pytest.mark.settings(requests_in_flight_max=2)
async def test_request_beyond_those_in_flight_waits_unread_and_is_served_in_its_order(
    rig: Rig, client: Client
) -> None:
    other = rig.connect("bob")
    asked = [client.ask("POST", "/v3/Documents", {}) for _ in range(5)]
    assert client.session.in_flight == 2
    assert not client.transport.reading
    beside = other.ask("POST", "/v3/Documents", {})
    await rig.settled()
    assert [client.answer(packet_id).status for packet_id in asked] == [201] * 5
    assert other.answer(beside).status == 201
    assert client.transport.reading
    assert (await client.request("POST", "/v3/Documents", {})).status == 201


async def test_thousands_of_requests_at_once_are_all_served(rig: Rig, client: Client) -> None:
    """As an SDK sends them that has waited for its connection."""
    sent = client.batch("GET", "/v3/Configuration", 4_000)
    await rig.settled()
    replies = {packet.header["id"]: packet.header["http_status"]["code"] for packet in client.take()}
    assert replies == dict.fromkeys(sent, 200)


@pytest.mark.settings(requests_in_flight_max=1)
async def test_client_that_waits_for_its_turn_is_not_taken_for_dead(rig: Rig, client: Client) -> None:
    client.ask("POST", "/v3/Documents", {})
    rig.pass_s(rig.settings.ping_interval_s + rig.settings.ack_timeout_s + 1)
    assert not client.transport.closing
    await rig.settled()
    assert client.transport.reading
    rig.pass_s(rig.settings.ping_interval_s + rig.settings.ack_timeout_s + 1)
    assert client.transport.aborted


@pytest.mark.settings(requests_per_connection_per_s=2, requests_per_connection_burst_s=1)
async def test_requests_of_one_connection_beyond_their_rate_are_429_51128(rig: Rig, client: Client) -> None:
    expected = error(429, 51128, "Too many requests: at most 2 per second on one connection")
    replies = [await client.request("GET", "/v3/Configuration") for _ in range(3)]
    assert [reply.status for reply in replies[:2]] == [200, 200]
    assert replies[2] == expected
    assert (await rig.connect("alice").request("GET", "/v3/Configuration")).status == 200
    rig.pass_s(0.5)
    assert (await client.request("GET", "/v3/Configuration")).status == 200
    assert await client.request("GET", "/v3/Configuration") == expected


@pytest.mark.settings(requests_per_account_per_s=2)
async def test_requests_of_one_account_beyond_their_rate_are_429_51129(rig: Rig, client: Client) -> None:
    other = rig.connect("bob")
    assert (await client.request("GET", "/v3/Configuration")).status == 200
    assert (await other.request("GET", "/v3/Configuration")).status == 200
    expected = error(429, 51129, "Too many requests: at most 2 per second in one account")
    assert await client.request("GET", "/v3/Configuration") == expected


@pytest.mark.settings(requests_per_account_per_s=5)
async def test_nodes_divide_the_requests_of_an_account(rig: Rig, client: Client) -> None:
    rig.metrics.nodes = 2
    for _ in range(3):
        assert (await client.request("GET", "/v3/Configuration")).status == 200
    text = "Too many requests: at most 5 per second in one account, divided among 2 nodes"
    assert await client.request("GET", "/v3/Configuration") == error(429, 51129, text)


# Answering.


async def test_reply_has_both_statuses_and_says_what_its_payload_is(client: Client) -> None:
    packet_id = client.ask("GET", "/v3/Configuration")
    reply = client.reply_to(packet_id)
    assert reply.header == {
        "method": "reply",
        "id": packet_id,
        "payload_type": "application/json",
        "status": OK,
        "http_status": OK,
        "http_headers": {"content-type": "application/json"},
        "payload_size": reply.header["payload_size"],
    }


async def test_writes_of_one_connection_are_done_in_the_order_they_were_asked_for(
    rig: Rig, client: Client
) -> None:
    sid = (await client.request("POST", "/v3/Lists", {})).body["sid"]
    asked = [client.ask("POST", f"/v3/Lists/{sid}/Items", {"data": {"n": n}}) for n in range(20)]
    await rig.settled()
    assert [client.answer(packet_id).body["index"] for packet_id in asked] == list(range(20))
    page = await client.request("GET", f"/v3/Lists/{sid}/Items")
    assert [item["data"]["n"] for item in page.body["items"]] == list(range(20))


async def test_read_is_answered_at_once_and_sees_what_was_answered_before(rig: Rig, client: Client) -> None:
    await client.request("POST", "/v3/Documents", {"unique_name": "d", "data": {"n": 1}})
    assert client.answer(client.ask("GET", "/v3/Documents/d")).body["data"] == {"n": 1}
    writing = client.ask("POST", "/v3/Documents/d", {"data": {"n": 2}})
    assert client.answer(client.ask("GET", "/v3/Documents/d")).body["data"] == {"n": 1}
    await rig.settled()
    assert client.answer(writing).status == 200
    assert client.answer(client.ask("GET", "/v3/Documents/d")).body["data"] == {"n": 2}


async def test_same_id_twice_is_answered_twice(client: Client) -> None:
    request = {"host": "h", "path": "/v3/Configuration", "method": "GET"}
    header = {"id": "TM1", "method": "message", "active_grant": "data_sync", "http_request": request}
    for _ in range(2):
        client.raw(frame.encode(msgspec.json.encode(header)))
    assert [(packet.header["id"], packet.header["http_status"]) for packet in client.take()] == [
        ("TM1", OK)
    ] * 2


async def test_requests_are_counted_by_route_and_status(rig: Rig, client: Client) -> None:
    await client.request("GET", "/v3/Documents/x")
    await client.request("GET", "/v3/Documents/y")
    await client.request("GET", "/nowhere")
    assert rig.metrics.requests == {("/v3/Documents/{object}", 404): 2, ("", 404): 1}


# Asking outside first.


async def turns() -> None:
    """Whatever does not wait for the world outside is done, but for commits."""
    for _ in range(20):
        await asyncio.sleep(0)


class Outside:
    """`/outside` asks something that answers when the test says so, and goes on to what the test says."""

    def __init__(self, rig: Rig) -> None:
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.then: Answer = Response(200, b'{"said":"yes"}')
        rig.router.add([Route(Door.TUNNEL, "POST", "/outside", lambda request: Ask(self._ask, self._go_on))])

    async def _ask(self) -> str:
        return await self.answer

    def _go_on(self, said: str) -> Answer:
        assert said == "go on"
        return self.then


@pytest.fixture
async def outside(rig: Rig) -> Outside:
    return Outside(rig)


@pytest.mark.parametrize("kind", ["response", "read", "write"])
async def test_what_asks_outside_is_answered_once_that_has_answered(
    rig: Rig, client: Client, outside: Outside, kind: str
) -> None:
    if kind == "read":
        outside.then = Read(lambda tx: Response(200, b'{"said":"yes"}'))
    elif kind == "write":
        outside.then = Write(lambda tx: Response(200, b'{"said":"yes"}'))
    asked = client.ask("POST", "/outside")
    await turns()
    assert client.take() == []
    outside.answer.set_result("go on")
    await rig.settled()
    await rig.settled()
    assert client.answer(asked) == (200, {"said": "yes"})
    assert rig.metrics.requests[("/outside", 200)] == 1


async def test_what_asks_outside_holds_up_nothing_behind_it_and_the_rest_keeps_its_order(
    rig: Rig, client: Client, outside: Outside
) -> None:
    done: list[str] = []

    def rule(tx: Any) -> Response:
        done.append("outside")
        return Response(200, b"{}")

    outside.then = Write(rule)
    sid = (await client.request("POST", "/v3/Lists", {})).body["sid"]
    asked = client.ask("POST", "/outside")
    behind = [client.ask("POST", f"/v3/Lists/{sid}/Items", {"data": {"n": n}}) for n in range(5)]
    async with asyncio.timeout(30):
        while client.session.in_flight > 1:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
    assert [client.answer(packet_id).body["index"] for packet_id in behind] == list(range(5))
    assert done == []
    outside.answer.set_result("go on")
    await rig.settled()
    await rig.settled()
    assert (client.answer(asked).status, done) == (200, ["outside"])


@pytest.mark.settings(requests_in_flight_max=1)
async def test_what_waits_for_something_outside_counts_as_in_flight(
    rig: Rig, client: Client, outside: Outside
) -> None:
    asked = client.ask("POST", "/outside")
    behind = client.ask("GET", "/v3/Configuration")
    await turns()
    assert client.take() == []
    outside.answer.set_result("go on")
    await rig.settled()
    await rig.settled()
    assert [client.answer(packet_id).status for packet_id in (asked, behind)] == [200, 200]


@pytest.mark.parametrize(
    ("error", "expected"),
    [(ApiError(403, 54007, "No"), (403, 54007)), (OSError("secret"), (500, 20500))],
)
async def test_question_that_fails_costs_nothing_but_its_request(
    rig: Rig, client: Client, outside: Outside, error: Exception, expected: tuple[int, int]
) -> None:
    asked = client.ask("POST", "/outside")
    outside.answer.set_exception(error)
    with capture_logs():
        await rig.settled()
    assert client.answer(asked).error == expected
    assert (await client.request("GET", "/v3/Configuration")).status == 200


async def test_connection_that_is_gone_gets_no_reply_and_the_answer_is_still_carried_out(
    rig: Rig, client: Client, outside: Outside
) -> None:
    done: list[str] = []

    def rule(tx: Any) -> Response:
        done.append("outside")
        return Response(200, b"{}")

    outside.then = Write(rule)
    client.ask("POST", "/outside")
    client.lose()
    outside.answer.set_result("go on")
    await rig.settled()
    await rig.settled()
    assert done == ["outside"]
    assert client.take() == []


async def test_what_streams_does_not_go_through_the_tunnel(
    rig: Rig, client: Client, outside: Outside
) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        yield b"x"

    outside.then = Streamed(200, pieces(), "text/plain")
    asked = client.ask("POST", "/outside")
    outside.answer.set_result("go on")
    with capture_logs():
        await rig.settled()
    assert client.answer(asked).error == (500, 20500)
