"""Requests that are sent without waiting for answers wait as bytes, and only a few of them."""

import contextlib
import threading

from tests.interop.server import Server
from tests.simulation.hostile.attack import pushed, resident_bytes, strangers

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
MIB = 1024 * 1024


def test_million_requests_on_one_connection_take_no_memory(server: Server) -> None:
    before = resident_bytes(server)
    with strangers(server, 1) as (stranger,):
        sender = threading.Thread(target=lambda: [pushed(stranger, GET * 1000) for _ in range(1000)])
        sender.start()
        answered = 0
        while answered < 5_000:  # then it answers nobody who does not read
            answered += stranger.recv(65_536).count(b"HTTP/1.1 200 OK")
        assert resident_bytes(server) - before < 16 * MIB
        stranger.shutdown(2)
        sender.join()
    assert resident_bytes(server) - before < 16 * MIB


def test_requests_of_many_who_read_no_answer_take_little_memory(server: Server) -> None:
    count = 100
    with strangers(server, count) as connections:
        before = resident_bytes(server)
        for stranger in connections:
            stranger.settimeout(0.01)
            with contextlib.suppress(TimeoutError):  # it is not read any more
                pushed(stranger, GET * 100_000)
        assert resident_bytes(server) - before < count * MIB / 2
