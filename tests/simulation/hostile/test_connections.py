"""Connections that strangers hold open are counted by their address, and others still get in."""

import pytest

from tests.interop.server import Server
from tests.simulation.client import connected
from tests.simulation.hostile.attack import answer, strangers

UPGRADE = (
    b"GET /v3/wsconnect HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.settings(unadmitted_per_address_max=10, init_timeout_s=600, handshake_timeout_s=600)
async def test_silent_connections_and_sockets_without_init_are_bounded(server: Server) -> None:
    async with connected(server.uri, server.token()) as client:  # let in: it does not count
        with strangers(server, 10) as connections:
            for stranger in connections[:5]:
                stranger.sendall(UPGRADE)
                assert stranger.recv(1000).startswith(b"HTTP/1.1 101 ")
            with strangers(server, 1) as (refused,):
                said = answer(refused)
            assert said.startswith(b"HTTP/1.1 503 ")
            assert b"unadmitted_per_address_max" in said
            assert (await client.post("/v3/Documents", {})).status == 201
            server.operator("GET", "/accounts")  # its door stays open
        async with connected(server.uri, server.token()):
            pass


@pytest.mark.settings(http_connections_per_address_max=10)
def test_plain_http_connections_of_one_address_are_bounded(server: Server) -> None:
    with strangers(server, 11) as connections:
        for number, stranger in enumerate(connections):
            stranger.sendall(GET)
            refused = number == 10
            assert stranger.recv(1000).startswith(b"HTTP/1.1 503 " if refused else b"HTTP/1.1 200 ")


@pytest.mark.settings(http_connections_per_address_max=2, trusted_proxies="127.0.0.1")
def test_connections_of_a_proxy_are_those_of_its_clients(server: Server) -> None:
    with strangers(server, 4) as connections:
        for stranger, client, status in zip(connections, (1, 1, 1, 2), (200, 200, 503, 200), strict=True):
            stranger.sendall(GET.replace(b"Host", b"X-Forwarded-For: 192.0.2.%d\r\nHost" % client))
            assert stranger.recv(1000).startswith(b"HTTP/1.1 %d " % status)
