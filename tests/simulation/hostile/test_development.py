"""A page of a stranger, open in the browser of whoever develops, gets nothing of `tsock dev`."""

import httpx2
import pytest

from tests.interop.server import Server
from tests.simulation.hostile.attack import answer, strangers

TOKEN = "/dev/token?identity=mallory"
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://www.twilio.com"},
    {"Host": "evil.example"},
    {"Host": "evil.example", "Origin": "http://evil.example"},
]
"""From another site, and by a name that was made to lead here."""
UPGRADE = (
    "GET /v3/wsconnect HTTP/1.1\r\nHost: {Host}\r\nOrigin: {Origin}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", [TOKEN, "/", "/dev/clock", "/denials/DN" + "0" * 32, "/nowhere"])
def test_page_of_a_stranger_reads_nothing(shared_server: Server, headers: dict[str, str], path: str) -> None:
    for method in ("GET", "OPTIONS", "POST"):
        said = httpx2.request(method, shared_server.url + path, headers=headers)
        assert said.status_code == 403
        assert "access-control-allow-origin" not in said.headers
        assert "eyJ" not in said.text


@pytest.mark.parametrize("headers", FOREIGN)
def test_page_of_a_stranger_opens_no_socket(shared_server: Server, headers: dict[str, str]) -> None:
    head = UPGRADE.format(**{"Host": "localhost", "Origin": "http://localhost", **headers})
    with strangers(shared_server, 1) as (stranger,):
        stranger.sendall(head.encode())
        assert answer(stranger).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize("path", [TOKEN, "/v3/wsconnect"])
@pytest.mark.parametrize(
    ("base", "status"), [("http://localhost", 200), ("http://evil.example", 403), ("http://a@localhost", 400)]
)
def test_host_that_the_request_line_names_counts(
    shared_server: Server, path: str, base: str, status: int
) -> None:
    request = UPGRADE.format(Host="localhost", Origin="http://localhost").replace(
        "/v3/wsconnect", base + path
    )
    with strangers(shared_server, 1) as (stranger,):
        stranger.sendall(request.encode() if "wsconnect" in path else plain(request))
        said = stranger.recv(1000)
    assert said.startswith(b"HTTP/1.1 %d " % (101 if status == 200 and "wsconnect" in path else status))


def plain(request: str) -> bytes:
    """The same, asking for no WebSocket."""
    return request.replace("Upgrade: websocket\r\nConnection: Upgrade", "Connection: close").encode()


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1", "http://app.localhost:3000"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "sync.twilio.com"])
def test_page_of_ones_own_reads_a_token(shared_server: Server, origin: str, host: str) -> None:
    said = httpx2.get(shared_server.url + TOKEN, headers={"Origin": origin, "Host": host})
    assert said.status_code == 200
    assert said.headers["access-control-allow-origin"] == origin
    assert said.headers["vary"] == "Origin"


def test_program_needs_no_origin_and_an_answer_to_it_is_for_no_page(shared_server: Server) -> None:
    said = httpx2.get(shared_server.url + TOKEN)
    assert said.status_code == 200
    assert "access-control-allow-origin" not in said.headers
