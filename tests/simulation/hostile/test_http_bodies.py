"""Bodies of whoever has no credentials are neither waited for nor held."""

import pytest

from tests.interop.server import Server
from tests.simulation.hostile.attack import answer, pushed, resident_bytes, strangers

STRANGERS = 300
SENT_BYTES = 500_000
HEAD = b"%b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"POST /sync/v1/Services", 401),
        (b"GET /healthz", 200),
        (b"POST /nowhere", 404),
        (b"POST /dev/clock", 413),
    ],
)
def test_half_sent_bodies_of_strangers_are_answered_and_take_no_memory(
    server: Server, asked: bytes, status: int
) -> None:
    with strangers(server, STRANGERS) as connections:
        before = resident_bytes(server)
        for stranger in connections:
            pushed(stranger, HEAD % asked + b"x" * SENT_BYTES)
        assert resident_bytes(server) - before < STRANGERS * SENT_BYTES / 4
        for stranger in connections:
            said = answer(stranger)
            assert said.startswith(b"HTTP/1.1 %d " % status)
            assert b"connection: close\r\n" in said.lower()


def test_what_follows_a_refused_head_is_not_read_as_a_request(server: Server) -> None:
    hidden = b"GET /dev/token?identity=mallory HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with strangers(server, 1) as (stranger,):
        stranger.sendall(HEAD % b"POST /sync/v1/Services" + hidden)
        assert answer(stranger).count(b"HTTP/1.1 ") == 1
