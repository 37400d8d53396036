"""What a client may leave unfinished on the public port, and for how long."""

import socket
from pathlib import Path

from tests.e2e.cli.conftest import Start
from tests.e2e.cli.process import PATIENCE_S, Server

HALF = {
    "nothing": b"",
    "half a head": b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
    "half a body": b"POST /dev/clock HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf",
}


def test_half_a_request_is_not_waited_for_and_a_long_head_is_refused(tmp_path: Path, start: Start) -> None:
    server = start(
        Server, tmp_path, "dev", TSOCK_HANDSHAKE_TIMEOUT_S="0.2", TSOCK_HTTP_TRANSFER_TIMEOUT_S="0.2"
    )
    address = ("127.0.0.1", server.port)
    sent = [(name, socket.create_connection(address, timeout=PATIENCE_S)) for name in HALF]
    for name, client in sent:
        client.sendall(HALF[name])
    for name, client in sent:
        with client:
            assert client.recv(1000) == b"", name
    with socket.create_connection(address, timeout=PATIENCE_S) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nCookie: " + b"x" * 17_000)
        assert client.recv(1000).startswith(b"HTTP/1.1 431 ")
    assert server.end() == 0
    assert "Traceback" not in server.err.read_text()
