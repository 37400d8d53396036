"""What strangers do to a server over plain sockets, and what it costs the server."""

import contextlib
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.interop.server import Server
from tsock.bench.process import Process

PATIENCE_S = 30.0


def resident_bytes(server: Server) -> int:
    """Memory of the server that is in RAM now."""
    return Process(server.pid).resident_kib() * 1024


@contextlib.contextmanager
def strangers(server: Server, count: int) -> Iterator[Sequence[socket.socket]]:
    """So many connections."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(_connected(server)) for _ in range(count)]


def _connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)


def pushed(stranger: socket.socket, data: bytes) -> bool:
    """Send all of it, however long that takes; whether the server took it before it hung up."""
    try:
        stranger.sendall(data)
    except ConnectionError:
        return False
    return True


def answer(stranger: socket.socket) -> bytes:
    """Everything that the server says until it hangs up."""
    said = bytearray()
    with contextlib.suppress(ConnectionError):
        while piece := stranger.recv(65_536):
            said += piece
    return bytes(said)


def unread_bytes(server: Server) -> int:
    """Bytes that wait in the server's sockets, or on their way there."""
    waiting = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        sent, received = (int(part, 16) for part in queues.split(":"))
        if local.endswith(f":{server.port:04X}"):
            waiting += received
        elif remote.endswith(f":{server.port:04X}"):
            waiting += sent
    return waiting
