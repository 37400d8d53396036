"""Connections that strangers hold open are counted by their address, and others still get in."""

import pytest

from tests.interop.server import Server
from tests.simulation.client import connected
from tests.simulation.hostile.attack import answer, pushed, strangers

UPGRADE = (
    b"GET /v3/wsconnect HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
GET = b"HEAD /dev/clock HTTP/1.1\r\nHost: localhost\r\n\r\n"
BUSY = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345"
"""A request that is never whole."""


@pytest.mark.settings(unadmitted_per_address_max=10, init_timeout_s=600, handshake_timeout_s=600)
async def test_sockets_without_init_are_bounded(server: Server) -> None:
    async with connected(server.uri, server.token()) as client:  # let in: it does not count
        with strangers(server, 10) as connections:
            for stranger in connections:
                stranger.sendall(UPGRADE)
                assert stranger.recv(1000).startswith(b"HTTP/1.1 101 ")
            for request in (UPGRADE, GET):
                with strangers(server, 1) as (refused,):
                    refused.sendall(request)
                    said = answer(refused)
                assert said.startswith(b"HTTP/1.1 503 ")
                assert b"unadmitted_per_address_max" in said
            with strangers(server, 50) as silent:  # those that have no place are not kept, either
                for stranger in silent[:34]:
                    assert answer(stranger) == b""
                assert_health(server)
            assert (await client.post("/v3/Documents", {})).status == 201
            server.operator("GET", "/accounts")  # its door stays open
        async with connected(server.uri, server.token()):
            pass


def assert_health(server: Server) -> None:
    for request in (HEALTH, HEALTH.replace(b"/healthz", b"/readyz")):
        with strangers(server, 1) as (check,):
            check.sendall(request)
            assert check.recv(1000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.settings(unadmitted_per_address_max=10, handshake_timeout_s=600)
@pytest.mark.parametrize("begun", [b"", b"G", UPGRADE[:-2]])
async def test_whoever_sends_no_whole_head_shuts_nobody_out(server: Server, begun: bytes) -> None:
    with strangers(server, 100) as connections:
        for stranger in connections:
            pushed(stranger, begun)
        for ended in connections[:90]:
            assert answer(ended) == b""
        assert_health(server)
        async with connected(server.uri, server.token()):
            pass


@pytest.mark.settings(http_connections_per_address_max=10)
def test_plain_http_connections_of_one_address_are_bounded_and_the_oldest_idle_one_makes_room(
    server: Server,
) -> None:
    with strangers(server, 30) as connections:
        for stranger in connections:
            stranger.sendall(GET)
            assert stranger.recv(1000).startswith(b"HTTP/1.1 200 ")
        for ended in connections[:20]:
            answer(ended)
        connections[-1].sendall(HEALTH)
        assert connections[-1].recv(1000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.settings(http_connections_max=5, http_transfer_timeout_s=600)
def test_whoever_has_all_connections_busy_is_told_and_health_is_answered_all_the_same(server: Server) -> None:
    with strangers(server, 5) as connections:
        for stranger in connections:
            stranger.sendall(BUSY)
        for _ in range(50):
            with strangers(server, 2) as (refused, check):
                refused.sendall(GET)
                assert answer(refused).startswith(b"HTTP/1.1 503 ")
                check.sendall(HEALTH)
                said = answer(check)
                assert said.startswith(b"HTTP/1.1 200 ")
                assert b"connection: close" in said.lower()


@pytest.mark.settings(http_connections_max=5, http_transfer_timeout_s=600, handshake_timeout_s=600)
def test_places_of_health_cannot_be_held(server: Server) -> None:
    with strangers(server, 45) as connections:
        for stranger in connections[:5]:
            stranger.sendall(BUSY)
        for stranger in connections[5:]:
            stranger.sendall(HEALTH[:-2])
        with strangers(server, 1) as (check,):
            check.sendall(HEALTH)
            assert answer(check).startswith(b"HTTP/1.1 200 ")


@pytest.mark.settings(
    http_connections_per_address_max=2, trusted_proxies="127.0.0.1", http_transfer_timeout_s=600
)
def test_connections_of_a_proxy_are_those_of_its_clients(server: Server) -> None:
    def of(client: int, request: bytes) -> bytes:
        return request.replace(b"Host", b"X-Forwarded-For: 192.0.2.%d\r\nHost" % client)

    with strangers(server, 5) as connections:
        for stranger in connections[:2]:
            stranger.sendall(of(1, BUSY))
        for stranger, client, request, status in zip(
            connections[2:], (1, 1, 2), (GET, HEALTH, GET), (503, 200, 200), strict=True
        ):
            stranger.sendall(of(client, request))
            assert stranger.recv(1000).startswith(b"HTTP/1.1 %d " % status)
