"""Is anything kept of connections that are gone?

    .venv/bin/python -m bench.leaks                               # both questions
    .venv/bin/python -m bench.leaks memory --connections 100000

`memory` opens a million WebSockets in this process, on transports without sockets. Each gets a first packet
in pieces, is let in, acknowledges, asks and is answered; they end in four ways. The garbage collector is off:
nothing may wait for it. What it finds at the end of each row is in the table.

`sockets` has clients come to a `tsock serve`, 1,000 at a time and 50,000 in all: they follow a document, hear
of updates, acknowledge them and are gone without a word.

Rows show what the process holds after so many connections. The last column is the growth since the first row,
for each connection since then.
"""

import argparse
import asyncio
import gc
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import uvloop

from bench.server import started
from bench.table import print_row
from tests.support.transport import Transport, frame
from tsock.bench.fanout import open_fanout
from tsock.bench.process import Process, allow_many_files, pin
from tsock.bench.server import Server
from tsock.gateway.websocket import Outgoing, WebSocket
from tsock.settings import Settings
from tsock.wire import acks
from tsock.wire.frame import PacketLimits
from tsock.wire.websocket import CONTINUATION, PING, binary_frame

CONNECTIONS = {"memory": 1_000_000, "sockets": 50_000}
ROWS = 10
AT_ONCE = 1_000
UPDATES = 3

ACKS = b"".join(frame(form.head + b"7" * 32 + form.tail) * 3 for form in acks.FORMS)
FIRST, REQUEST = frame(b"i" * 700), frame(b"r" * 400)
PARTS = frame(b"a" * 200, fin=False) + frame(b"", PING) + frame(b"b" * 200, CONTINUATION)
ANSWER = binary_frame(b"a" * 300)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("question", nargs="*", choices=[[], *CONNECTIONS], help="default: both")
    parser.add_argument("--connections", type=int, help="in all")
    options = parser.parse_args()
    allow_many_files()
    for question in options.question or CONNECTIONS:
        QUESTIONS[question](options.connections or CONNECTIONS[question])


class Growth:
    """Prints rows, and knows the first."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._first: tuple[int, int] | None = None

    def note(self, connections: int, *figures: object) -> None:
        """Print one row."""
        resident_kib = self._process.resident_kib()
        first, first_kib = self._first = self._first or (connections, resident_kib)
        grown_bytes = 1024 * (resident_kib - first_kib)
        since = grown_bytes / (connections - first) if connections > first else 0.0
        print_row(connections, resident_kib, *figures, since)


# In memory.


class Session:
    """Hears of a WebSocket, and answers each packet."""

    limits = PacketLimits()
    send_queue_bytes_max = 1_000_000

    def __init__(self, its: WebSocket) -> None:
        self._its = its
        its.listen(self)

    def packet(self, packet: bytes) -> None:
        self._its.send(ANSWER)

    def premature_acks(self) -> None: ...

    def text(self) -> None: ...

    def cut(self, beginning: bytes, size: int) -> None: ...

    def oversized(self) -> None: ...

    def flood(self) -> None: ...

    def slow(self) -> None: ...

    def gone(self) -> None: ...


def memory(connections: int) -> None:
    due: list[Callable[[], None]] = []
    outgoing = Outgoing(due.append, Settings())
    growth = Growth(Process(os.getpid()))
    print_row("connections", "resident KiB", "blocks", "left to the collector", "bytes each")
    gc.collect()
    gc.disable()
    for row in range(1, ROWS + 1):
        for number in range(connections // ROWS):
            connection(outgoing, due, number)
        blocks = sys.getallocatedblocks()
        growth.note(row * (connections // ROWS), blocks, gc.collect())
    gc.enable()


def connection(outgoing: Outgoing, due: list[Callable[[], None]], number: int) -> None:
    """One from its beginning to its end."""
    its = WebSocket(Transport(), outgoing)
    Session(its)
    its.data_received(FIRST[:100])
    its.data_received(FIRST[100:])
    its.trust()
    its.data_received(ACKS[:500])
    its.data_received(ACKS[500:] + REQUEST + PARTS)
    turn(due)
    match number % 4:
        case 0:
            its.close()
        case 1:
            its.data_received(PARTS[:300])  # in the middle of a message
        case 2:
            its.data_received(b"GET / HTTP/1.1\r\n\r\n")
        case _:
            its.send(ANSWER)  # which is never flushed
            its.send(ANSWER)
            its.drop()
    its.connection_lost(None)
    turn(due)


def turn(due: list[Callable[[], None]]) -> None:
    """What the event loop would do now."""
    while due:
        due.pop()()


# Over sockets.


def sockets(connections: int) -> None:
    pin(0, -1)
    print_row("connections", "server's resident KiB", "bytes each")
    with (
        tempfile.TemporaryDirectory() as place,
        started(Path(place)) as server,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        assert server.process is not None
        growth = Growth(server.process)
        for row in range(1, ROWS + 1):
            for _ in range(max(1, connections // ROWS // AT_ONCE)):
                runner.run(crowd(server))
            growth.note(row * (connections // ROWS))


async def crowd(server: Server) -> None:
    """Many who come, hear of updates and go."""
    fanout = await open_fanout(server, AT_ONCE - 1)
    await fanout.at_rate(UPDATES, 1)
    await fanout.leave()
    server.clients.clear()


QUESTIONS = {"memory": memory, "sockets": sockets}


if __name__ == "__main__":
    main()
