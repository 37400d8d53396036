"""The one port: request heads however they are cut, WebSockets taken in, everything else passed on."""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.timers import Loop
from tests.support.transport import AT_ONCE, Transport, frame
from tsock.api.known_hosts import KnownHosts
from tsock.debugger.incident import Rejection
from tsock.gateway.entrance import Entrance, EntrancePlaces
from tsock.gateway.websocket import WebSocket
from tsock.http.places import Places
from tsock.http.proxies import Proxies
from tsock.http.reach import Reach
from tsock.settings import Settings
from tsock.wire.frame import PacketLimits

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = base64.b64encode(
    hashlib.sha1(KEY.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
).decode()
ANSWER = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n"
).encode()
TIMEOUT_S = 10.0


def head(line: str = "GET /v3/wsconnect HTTP/1.1", **changes: str | None) -> bytes:
    """A request head; fields by name with underscores, None leaves one out."""
    fields: dict[str, str | None] = {
        "Host": "localhost",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": KEY,
        **changes,
    }
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join((line, *lines, "", "")).encode()


class Http(asyncio.Protocol):
    """Stands in for the HTTP protocol."""

    def __init__(self, head_timeout: object) -> None:
        self.head_timeout = head_timeout
        self.transport: asyncio.BaseTransport | None = None
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data


class Listener:
    limits = PacketLimits(packet_bytes_max=1000)

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def packet(self, packet: bytes) -> None:
        self.packets.append(packet)


PROXIES = Proxies(["10.0.0.1"])


LATECOMERS = 2


def places(all_max: int = 0, per_address_max: int = 0) -> Places:
    return Places(PROXIES, "strangers", "unadmitted", all_max, per_address_max)


class Port:
    """One accepted connection."""

    def __init__(
        self,
        address: str = "192.0.2.7",
        unadmitted: Places | None = None,
        known_hosts: KnownHosts | None = None,
        latecomers: Places | None = None,
    ) -> None:
        self.loop: Any = Loop()
        self.transport = Transport(address)
        self.sockets: list[WebSocket] = []
        self.http: list[Http] = []
        self.rejected: list[Rejection] = []
        self.heard = Listener()
        entrance = Entrance(
            self._make_http,
            AT_ONCE,
            self._open,
            TIMEOUT_S,
            self.loop,
            places=EntrancePlaces(unadmitted or places(), latecomers or places(LATECOMERS)),
            reach=Reach(PROXIES, "http://test", known_hosts),
            reject=self.rejected.append,
        )
        self.transport.set_protocol(entrance)
        entrance.connection_made(self.transport)

    def _make_http(self, head_timeout: asyncio.TimerHandle) -> Http:
        self.http.append(Http(head_timeout))
        return self.http[-1]

    def _open(self, socket: WebSocket, address: str, reached: str, admitted: Callable[[], None]) -> None:
        self.address, self.reached, self.admitted = address, reached, admitted
        listener: Any = self.heard
        socket.listen(listener)
        self.sockets.append(socket)

    def feed(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            if not self.transport.closing:
                protocol: Any = self.transport.get_protocol()
                protocol.data_received(chunk)

    def lose(self) -> None:
        self.transport.get_protocol().connection_lost(None)

    @property
    def outcome(self) -> tuple[int, int, bytes, bool]:
        """WebSockets opened, HTTP connections passed on, bytes answered, whether it is closed."""
        return len(self.sockets), len(self.http), bytes(self.transport.sent), self.transport.closing


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    places = sorted({place % len(data) for place in places} - {0})
    return [data[start:stop] for start, stop in zip([0, *places], [*places, len(data)], strict=True)]


PLACES = st.lists(st.integers(0, 10**6), max_size=6)


@given(places=PLACES)
def test_handshake_and_the_packets_behind_it_arrive_however_the_bytes_are_cut(places: list[int]) -> None:
    port = Port()
    port.feed(cut(head() + frame(b"one") + frame(b"two"), places))
    assert port.outcome == (1, 0, ANSWER, False)
    assert port.heard.packets == [b"one", b"two"]
    assert port.loop.timers == []


@pytest.mark.parametrize(
    "line",
    [
        "GET /v3/wsconnect HTTP/1.1",
        "GET /some/prefix/v3/wsconnect HTTP/1.1",
        "GET /v3/wsconnect?x=/other HTTP/1.1",
        "GET http://localhost:1/v3/wsconnect HTTP/1.1",
        "GET /v3/wsconnect/ HTTP/1.1",
        "GET /v3/wsconnect/?x=1 HTTP/1.1",
    ],
)
def test_any_path_that_ends_in_v3_wsconnect_is_taken_with_or_without_a_slash(line: str) -> None:
    port = Port()
    port.feed([head(line)])
    assert port.outcome == (1, 0, ANSWER, False)


@pytest.mark.parametrize("origin", [None, "https://app.example.com", "null"])
def test_any_origin_and_any_case_of_names_is_welcome(origin: str | None) -> None:
    port = Port()
    port.feed([head(Origin=origin, Upgrade="WebSocket").replace(b"Sec-WebSocket", b"sec-websocket")])
    assert port.outcome == (1, 0, ANSWER, False)


REQUESTS = [
    b"POST /v1/Services HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\n\r\nGET /readyz HTTP/1.1\r\n\r\n",
    b"GET /v3/wsconnect HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v3/wsconnect HTTP/1.1\r\nUpgrade: h2c\r\n\r\n",
    b"GET /other HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"GET /?next=/v3/wsconnect HTTP/1.1\r\n\r\n",
    b"GETTER /v3/wsconnect HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
    b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\nHost: x\n\n",
    b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no TLS here",
]


@pytest.mark.parametrize("request_bytes", REQUESTS, ids=range(len(REQUESTS)))
@given(places=PLACES)
def test_everything_else_reaches_http_untouched(request_bytes: bytes, places: list[int]) -> None:
    port = Port()
    port.feed(cut(request_bytes, places))
    assert port.outcome == (0, 1, b"", False)
    assert port.http[0].received == request_bytes
    assert port.http[0].transport is port.transport
    assert port.loop.timers == [port.http[0].head_timeout]


def refused(port: Port) -> tuple[bytes, bytes]:
    """Status line and body of a refusal, whose length must be right."""
    assert (len(port.sockets), len(port.http), port.transport.closing) == (0, 0, True)
    fields, _, body = bytes(port.transport.sent).partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(body) in fields
    assert b"Connection: close" in fields
    return fields.split(b"\r\n")[0], body


@pytest.mark.parametrize("version", ["12", "8", "", None])
def test_other_version_is_426_and_told_which_one(version: str | None) -> None:
    port = Port()
    port.feed([head(Sec_WebSocket_Version=version)])
    status, body = refused(port)
    assert status == b"HTTP/1.1 426 Upgrade Required"
    assert body == b"This is a WebSocket endpoint; it expects Sec-WebSocket-Version: 13.\n"
    assert b"\r\nSec-WebSocket-Version: 13\r\n" in port.transport.sent


@pytest.mark.parametrize(
    "key",
    [None, "", "short", KEY + "=", "x" * 24, KEY[:-3] + "===", "dGhlIHNhbXBsZSBub25jZR==", "-" + KEY[1:]],
)
def test_key_of_other_than_16_bytes_is_400(key: str | None) -> None:
    port = Port()
    port.feed([head(Sec_WebSocket_Key=key)])
    status, body = refused(port)
    assert status == b"HTTP/1.1 400 Bad Request"
    assert body == b"This is a WebSocket endpoint; it expects a Sec-WebSocket-Key of 16 bytes in base64.\n"


@given(places=PLACES)
def test_head_beyond_16_kib_is_431_however_the_bytes_are_cut(places: list[int]) -> None:
    port = Port()
    port.feed(cut(head(Cookie="x" * 16_384), places))
    status, body = refused(port)
    assert status == b"HTTP/1.1 431 Request Header Fields Too Large"
    assert body == b"This is a WebSocket endpoint; it expects a head of at most 16384 bytes.\n"


@given(places=PLACES)
def test_head_of_just_16_kib_is_taken_however_the_bytes_are_cut(places: list[int]) -> None:
    fits = head(Cookie="x" * (16_384 - len(head(Cookie=""))))
    assert len(fits) == 16_384
    port = Port()
    port.feed(cut(fits + frame(b"one"), places))
    assert port.outcome == (1, 0, ANSWER, False)
    assert port.heard.packets == [b"one"]


@pytest.mark.parametrize("begun", [b"", b"G", b"GET /v3/wsc", head()[:-2]])
def test_head_that_is_never_completed_is_given_up(begun: bytes) -> None:
    port = Port()
    port.feed([begun] if begun else [])
    (timer,) = port.loop.timers
    assert timer.delay_s == TIMEOUT_S
    timer.callback()
    assert port.outcome == (0, 0, b"", True)
    assert port.transport.aborted


def test_timer_goes_with_the_connection() -> None:
    port = Port()
    port.feed([b"GET /v3"])
    port.transport.get_protocol().connection_lost(None)
    assert port.loop.timers == []


@given(data=st.binary(max_size=60), places=PLACES)
def test_any_bytes_go_one_way_and_never_end_in_an_exception(data: bytes, places: list[int]) -> None:
    port = Port()
    port.feed(cut(b"GET " + data, places))
    assert len(port.sockets) + len(port.http) <= 1


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        ("192.0.2.7", {}, "192.0.2.7"),
        ("192.0.2.7", {"X-Forwarded-For": "203.0.113.9"}, "192.0.2.7"),
        ("10.0.0.1", {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}, "203.0.113.9"),
        ("10.0.0.1", {}, "10.0.0.1"),
        ("10.0.0.1", {"X-Forwarded-For": "10.0.0.1"}, "10.0.0.1"),
        ("10.0.0.1", {"X-Forwarded-For": "6.6.6.6\r\nX-Forwarded-For: 203.0.113.9"}, "203.0.113.9"),
        ("10.0.0.1", {"X-Forwarded-For": "203.0.113.9\r\nX-Forwarded-For: 10.0.0.1"}, "203.0.113.9"),
    ],
)
def test_address_of_the_client_is_handed_on_with_the_socket(
    peer: str, headers: dict[str, str], address: str
) -> None:
    port = Port(peer)
    port.feed([head(**headers)])
    assert port.address == address


def test_host_that_the_request_line_names_counts_and_the_header_does_not() -> None:
    port = Port()
    port.feed([head("GET http://chat.example:8080/v3/wsconnect HTTP/1.1", Host="other.example")])
    assert port.reached == "http://chat.example:8080"
    port = Port(known_hosts=KNOWN)
    port.feed([head("GET http://evil.example/v3/wsconnect HTTP/1.1")])
    assert port.transport.sent.startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("peer", "headers", "reached"),
    [
        ("192.0.2.7", {}, "http://localhost"),
        ("192.0.2.7", {"Host": "chat.example:8080"}, "http://chat.example:8080"),
        ("192.0.2.7", {"Host": "tsock.us1.twilio.com"}, "https://tsock.us1.twilio.com"),
        ("192.0.2.7", {"X-Forwarded-Proto": "https"}, "http://localhost"),
        ("10.0.0.1", {"X-Forwarded-Proto": "https"}, "https://localhost"),
        ("10.0.0.1", {"X-Forwarded-Proto": "gopher"}, "http://localhost"),
    ],
)
def test_how_the_client_reached_the_server_is_handed_on_with_the_socket(
    peer: str, headers: dict[str, str], reached: str
) -> None:
    port = Port(peer)
    port.feed([head(**headers)])
    assert port.reached == reached


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Connection": None}, "Connection: Upgrade"),
        ({"Connection": "keep-alive"}, "Connection: Upgrade"),
        ({"Connection": "Upgraded"}, "Connection: Upgrade"),
        ({"Upgrade": "foo-websocket"}, "Upgrade: websocket"),
        ({"Upgrade": "websocket-draft76"}, "Upgrade: websocket"),
        ({"Upgrade": "a websocket b"}, "Upgrade: websocket"),
        ({"Upgrade": '"websocket"'}, "Upgrade: websocket"),
        ({"Origin": "http://a\r\nOrigin: http://b"}, "one Origin"),
        ({"Host": None}, "a Host"),
        ({"Host": "a\r\nHost: b"}, "one Host"),
        ({"Sec_WebSocket_Key": f"{KEY}\r\nSec-WebSocket-Key: {KEY}"}, "one Sec-WebSocket-Key"),
        ({"Sec_WebSocket_Version": "13\r\nsec-websocket-version: 8"}, "one sec-websocket-version"),
        ({"Content_Length": "5"}, "no body"),
        ({"Content_Length": "x"}, "no body"),
        ({"Content_Length": "0\r\nContent-Length: 0"}, "one Content-Length"),
        ({"Transfer_Encoding": "chunked"}, "no body"),
        ({"X": "a\0b"}, "header fields"),
        ({"X": "a\x1bb"}, "header fields"),
        ({"X": "a\rb"}, "header fields"),
        ({"X": "a\r\n folded: x"}, "header fields"),
        ({"X": "a\r\nno colon"}, "header fields"),
        ({"X": "a\r\nblank : x"}, "header fields"),
        ({"X": "a\r\n: x"}, "header fields"),
        ({"X": "a\nY: b"}, "lines that end in CR LF"),
        ({"line": "GET /v3/wsconnect HTTP/1.0"}, "GET, a path and HTTP/1.1"),
        ({"line": "GET /v3/wsconnect HTTP/2.0"}, "GET, a path and HTTP/1.1"),
        ({"line": "GET  /v3/wsconnect HTTP/1.1"}, ""),
        ({"line": "GET /v3/wsconnect HTTP/1.1 "}, "GET, a path and HTTP/1.1"),
        ({"line": "GET /\0/v3/wsconnect HTTP/1.1"}, "GET, a path and HTTP/1.1"),
        ({"line": "GET evil/v3/wsconnect HTTP/1.1"}, "GET, a path and HTTP/1.1"),
        ({"line": "GET /x#/v3/wsconnect HTTP/1.1"}, "GET, a path and HTTP/1.1"),
        ({"line": "GET ftp://localhost/v3/wsconnect HTTP/1.1"}, "GET, a path and HTTP/1.1"),
        ({"line": "GET http://a@localhost/v3/wsconnect HTTP/1.1"}, "GET, a path and HTTP/1.1"),
        ({"line": "GET http://a*b/v3/wsconnect HTTP/1.1"}, "a Host that is a name or address"),
        ({"line": "GET /%zz/v3/wsconnect HTTP/1.1"}, "a path and query in which each %"),
        ({"line": "GET /%00/v3/wsconnect HTTP/1.1"}, "a path and query in which each %"),
        ({"line": "GET /v3/wsconnect?a=%zz HTTP/1.1"}, "a path and query in which each %"),
        ({"line": "GET /v3/wsconnect?a=%ff HTTP/1.1"}, "a path and query that are percent-encoded UTF-8"),
        ({"line": "GET /v3/wsconnect"}, "GET, a path and HTTP/1.1"),
    ],
)
def test_upgrade_that_can_be_read_in_two_ways_is_refused(changes: dict[str, Any], expected: str) -> None:
    port = Port()
    port.feed([head(**changes)])
    if expected:
        status, body = refused(port)
        assert status == b"HTTP/1.1 400 Bad Request"
        assert f"expects {expected}".encode() in body
    assert not port.sockets


@pytest.mark.parametrize(
    "changes",
    [
        {"Connection": "keep-alive, Upgrade"},
        {"Connection": "keep-alive\r\nConnection: upgrade"},
        {"Upgrade": "h2c, WebSocket"},
        {"Upgrade": "h2c\r\nUpgrade: websocket"},
        {"line": "GET /gr%C3%BCn/v3/wsconnect?a=%20&b=|[] HTTP/1.1"},
        {"Content_Length": "0"},
        {"Sec_WebSocket_Extensions": "permessage-deflate; client_max_window_bits"},
        {"Sec_WebSocket_Protocol": "a\r\nSec-WebSocket-Protocol: b"},
        {"X": ""},
        {"X": "gr\u00fc\u00dfe \t x"},
        {"Cookie": "a=b; c=d\r\nCookie: e=f"},
    ],
)
def test_upgrade_that_is_well_written_is_granted(changes: dict[str, Any]) -> None:
    port = Port()
    port.feed([head(**changes)])
    assert port.outcome == (1, 0, ANSWER, False)


@given(places=PLACES)
def test_bare_line_feeds_are_refused_at_once_however_the_bytes_are_cut(places: list[int]) -> None:
    port = Port()
    port.feed(cut(head().replace(b"\r\n", b"\n"), places))
    status, body = refused(port)
    assert status == b"HTTP/1.1 400 Bad Request"
    assert b"expects lines that end in CR LF" in body


@pytest.mark.parametrize("host", ["", "a b", "a/b", "user@host", "[::1", "x" * 300])
def test_host_that_is_none_is_400(host: str) -> None:
    port = Port()
    port.feed([head(Host=host)])
    status, body = refused(port)
    assert status == b"HTTP/1.1 400 Bad Request"
    assert b"expects a Host that is a name or address, and a port" in body


def filled(address: str, unadmitted: Places, count: int) -> list[Port]:
    """So many WebSockets that are not let in yet."""
    ports = [Port(address, unadmitted) for _ in range(count)]
    for port in ports:
        port.feed([head()])
    assert [len(port.sockets) for port in ports] == [1] * count
    return ports


def is_refused(port: Port) -> bool:
    """Whether there is no place, which its first bytes are answered by 503 in JSON."""
    port.feed([head()])
    sockets, http, sent, closed = port.outcome
    assert closed == sent.startswith(b"HTTP/1.1 503 Service Unavailable\r\n") == (b'"code":20503' in sent)
    assert not closed or (sockets, http) == (0, 0)
    return closed


def test_connections_of_one_address_that_are_not_let_in_are_counted() -> None:
    unadmitted = places(per_address_max=2)
    first, _ = filled("192.0.2.1", unadmitted, 2)
    third = Port("192.0.2.1", unadmitted)
    assert is_refused(third)
    assert b"at most 2 strangers of one address (unadmitted_per_address_max)" in third.transport.sent
    assert third.loop.timers == []
    assert not is_refused(Port("192.0.2.2", unadmitted))
    third.lose()
    assert is_refused(Port("192.0.2.1", unadmitted))
    first.admitted()
    assert not is_refused(Port("192.0.2.1", unadmitted))


@pytest.mark.parametrize("begun", [b"", b"G", head()[:-1]])
def test_the_oldest_without_a_whole_head_makes_room_of_the_address_that_has_too_many(begun: bytes) -> None:
    unadmitted = places(all_max=3, per_address_max=2)
    other = Port("192.0.2.2", unadmitted)
    ports: list[Port] = []
    for _ in range(9):
        ports.append(Port("192.0.2.1", unadmitted))
        ports[-1].feed([begun])
    assert [port.transport.closing for port in ports] == [True] * 7 + [False] * 2
    assert not other.transport.closing
    for port in ports[:7]:
        port.lose()
    for port in ports[7:]:
        port.feed([head()[len(begun) :]])
        assert len(port.sockets) == 1
    assert is_refused(Port("192.0.2.1", unadmitted))
    Port("192.0.2.3", unadmitted)
    assert other.transport.closing


def test_whoever_has_no_place_is_heard_out_whether_it_came_for_health() -> None:
    unadmitted, latecomers = places(all_max=1), places(LATECOMERS)
    filled("192.0.2.1", unadmitted, 1)
    silent = [Port("192.0.2.1", unadmitted, latecomers=latecomers) for _ in range(9)]
    assert [port.transport.closing for port in silent] == [True] * 7 + [False] * 2
    for port in silent:
        assert port.outcome[:3] == (0, 0, b"")
    for request in (b"GET /healthz HTTP/1.1\r\n", b"HEAD /readyz?a HTTP/1.0\r\n\r\n"):
        port = Port("192.0.2.3", unadmitted, latecomers=latecomers)
        port.feed([request])
        assert port.outcome == (0, 1, b"", False)
        assert port.http[0].received == request
    for request in (b"GET / HTTP/1.1\r\n\r\n", b"POST /healthz HTTP/1.1\r\n\r\n", b"G", head()):
        port = Port("192.0.2.3", unadmitted, latecomers=latecomers)
        port.feed([request])
        assert refused(port)[0] == b"HTTP/1.1 503 Service Unavailable"


def test_connections_of_one_ipv6_network_are_counted_together_and_keep_their_addresses() -> None:
    unadmitted = places(per_address_max=2)
    (first,) = filled("2001:db8:0:7::1", unadmitted, 1)
    filled("2001:db8:0:7::2", unadmitted, 1)
    assert is_refused(Port("2001:db8:0:7::3", unadmitted))
    assert not is_refused(Port("2001:db8:0:8::1", unadmitted))
    assert first.address == "2001:db8:0:7::1"


def test_connections_of_all_addresses_are_counted_too() -> None:
    unadmitted = places(all_max=2)
    for number in range(2):
        filled(f"192.0.2.{number}", unadmitted, 1)
    last = Port("192.0.2.3", unadmitted)
    assert is_refused(last)
    assert b"at most 2 strangers (unadmitted_max)" in last.transport.sent


def test_websocket_is_counted_until_it_is_let_in_and_plain_http_until_its_head() -> None:
    unadmitted = places(all_max=1)
    (port,) = filled("192.0.2.7", unadmitted, 1)
    assert is_refused(Port(unadmitted=unadmitted))
    port.admitted()
    port = Port(unadmitted=unadmitted)
    port.feed([b"POST / HTTP/1.1\r\n"])
    assert len(port.http) == 1
    assert not is_refused(Port(unadmitted=unadmitted))
    assert not port.transport.closing


def test_connections_of_a_trusted_proxy_are_of_the_clients_that_their_heads_name() -> None:
    unadmitted = places(all_max=4, per_address_max=1)
    ports = [Port("10.0.0.1", unadmitted) for _ in range(4)]
    for port, client in zip(ports, ("192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"), strict=True):
        port.feed([head(X_Forwarded_For=client)])
    assert [port.transport.closing for port in ports] == [False, True, False, False]
    assert b"at most 1 strangers of one address (unadmitted_per_address_max)" in ports[1].transport.sent
    assert not is_refused(Port("10.0.0.1", unadmitted))
    assert is_refused(Port("10.0.0.1", unadmitted))
    ports[0].admitted()
    again = Port("10.0.0.1", unadmitted)
    again.feed([head(X_Forwarded_For="192.0.2.1")])
    assert len(again.sockets) == 1


def test_forwarded_address_of_anybody_else_is_not_believed() -> None:
    unadmitted = places(per_address_max=1)
    for number, closed in ((1, False), (2, True)):
        port = Port("192.0.2.9", unadmitted)
        port.feed([head(X_Forwarded_For=f"192.0.2.{number}")])
        assert port.transport.closing == closed


KNOWN = KnownHosts(["dev.example"], Settings(), lambda: 0.0)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8080", None),
        ("sync.localhost", "http://127.0.0.1:5173"),
        ("127.0.0.1", "https://app.localhost"),
        ("[::1]:8080", "http://[::1]"),
        ("tsock.us1.twilio.com", "http://localhost:3000"),
        ("tsock.us1.twilio.com", "https://tsock.us1.twilio.com"),
        ("dev.example:8080", "https://dev.example"),
        ("DEV.example", "http://localhost"),
    ],
)
def test_development_takes_in_its_own_names_and_pages(host: str, origin: str | None) -> None:
    port = Port(known_hosts=KNOWN)
    port.feed([head(Host=host, Origin=origin)])
    assert len(port.sockets) == 1


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example", None),
        ("evil.example", "http://evil.example"),
        ("192.168.1.5:8080", None),
        ("localhost.evil.example", None),
        ("twilio.com.evil.example", None),
        ("eviltwilio.com", None),
        ("localhost", "https://evil.example"),
        ("localhost", "https://www.twilio.com"),
        ("localhost", "http://localhost.evil.example"),
        ("localhost", "http://localhost@evil.example"),
        ("localhost", "null"),
        ("localhost", "http://[x"),
        ("localhost", ""),
        ("localhost", "http://evil.example\\@localhost"),
        ("localhost", "//localhost"),
        ("localhost", "http://localhost/"),
        ("localhost", "http://localhost:x"),
        ("localhost", "ftp://localhost"),
        ("localhost", "http://localhost http://localhost"),
    ],
)
def test_development_refuses_other_names_and_pages_and_says_what_to_do(host: str, origin: str | None) -> None:
    port = Port(known_hosts=KNOWN)
    port.feed([head(Host=host, Origin=origin)])
    assert port.sockets == []
    said = bytes(port.transport.sent)
    assert said.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b'"code":20403' in said
    (rejection,) = port.rejected
    assert (rejection.error.code, rejection.url) == (20403, "/v3/wsconnect")
    if "evil.example" in host:
        assert f"--allow-host {host}" in said.decode()
