"""Whoever speaks something else than HTTP/1.1 is told so, and fills no log."""

import pytest

from tests.interop.server import Server
from tests.simulation.hostile.attack import answer, strangers

ATTEMPTS = 50
SPOKEN = {
    "TLS was spoken to the plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2 was spoken": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "What came is no HTTP/1.1": b"FOO\x01BAR\r\n\r\n",
}


@pytest.mark.parametrize("told", SPOKEN)
def test_attempts_without_end_are_told_of_once_in_words(server: Server, told: str) -> None:
    with strangers(server, ATTEMPTS) as connections:
        for stranger in connections:
            stranger.sendall(SPOKEN[told])
            said = answer(stranger)
            assert said.startswith(b"HTTP/1.1 400 ")
            assert told in said.decode()
    log = server.log.read_text()
    assert (log.count(told), log.count("Invalid HTTP request"), log.count("withheld")) == (1, 0, 0)
    alerts = server.tsock("alerts").stdout
    assert told in alerts
