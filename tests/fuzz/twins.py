"""What was compiled and its reference, given the same: they find, tell, send and keep the same.

The first byte of an input chooses whether readers or whole WebSockets get the rest: four limits, the number
of steps, the steps, and the bytes that the steps hand over. A step is a byte: what to do, and how much.
"""

import contextlib
import itertools
import socket
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.support.transport import Transport
from tsock.gateway import traffic
from tsock.gateway.websocket import WebSocket
from tsock.settings import Settings
from tsock.wire import acks
from tsock.wire.frame import PacketLimits
from tsock.wire.frame_reader import FrameReader
from tsock.wire.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, binary_frame, frame

try:
    from tsock.gateway import compiled
except ImportError as error:
    sys.exit(f"There is nothing to compare with, since the twin was not built: {error}")

SOCKETS = 0x80
KERNEL = 0x40
"""Of a WebSocket: its transport has a socket, to which the twin writes by itself."""
FRAMES_PER_TURN = 0x3F
"""Of a WebSocket: these bits, and one more."""
FROM_SERVER = 0x40
"""Of a reader: it gets the frames of a server."""

AMOUNTS = (0, 1, 2, 3, 5, 7, 14, 40, 100, 147, 191, 400, 1_000, 5_000, 30_000, traffic.LARGE_BYTES)
NO_LIMIT = 0xFF
ANY_NUMBER = 1 << 40
SEND_QUEUE_BYTES_MAX = 3_000


class Script:
    """An input, taken apart."""

    def __init__(self, data: bytes) -> None:
        self.choice, largest, kept, self.message_frames_max, frames, steps = data[:6].ljust(6, b"\0")
        self.message_bytes_max = largest**2
        self.kept_bytes_max = None if kept == NO_LIMIT else kept**2
        self.frames_max = None if frames == NO_LIMIT else frames
        self.steps = [(step & 15, AMOUNTS[step >> 4]) for step in data[6 : 6 + steps]]
        self._stream = data[6 + steps :]

    def take(self, size: int | None = None) -> bytes:
        """The next bytes of the stream; all that are left, unless a number is given."""
        size = len(self._stream) if size is None else size
        taken, self._stream = self._stream[:size], self._stream[size:]
        return taken


def one_input(data: bytes) -> None:
    """Carries out one script on both."""
    script = Script(data)
    if script.choice & SOCKETS:
        compare_sockets(script)
    else:
        compare_readers(script)


def require_same(one: object, twin: object) -> None:
    assert one == twin, f"{one} with the reference, {twin} with the twin"


# Readers.


def compare_readers(script: Script) -> None:
    readers: list[FrameReader] = [
        make(
            from_client=not script.choice & FROM_SERVER,
            message_bytes_max=script.message_bytes_max,
            message_frames_max=script.message_frames_max,
            kept_bytes_max=script.kept_bytes_max,
            frames_max=script.frames_max,
        )
        for make in (FrameReader, compiled.FrameReader)
    ]

    def both(step: Callable[[FrameReader, bytes], object], data: bytes) -> None:
        require_same(*((step(reader, data), kept(reader)) for reader in readers))

    for action, amount in script.steps:
        both(READING[action], script.take(amount))
    both(read_all, script.take())


def kept(reader: FrameReader) -> tuple[object, ...]:
    return reader.frames, reader.ended, reader.hungry, reader.held_bytes


def read_all(reader: FrameReader, data: bytes) -> list[object]:
    found: list[object] = [reader.read(data)]
    while not reader.hungry:
        found.append(reader.read())
    return found


READING: tuple[Callable[[FrameReader, bytes], object], ...] = (
    *[read_all] * 7,
    *[lambda reader, data: reader.read(data)] * 4,
    *[lambda reader, data: reader.feed(data)] * 3,
    lambda reader, _: reader.lift(),
    lambda reader, _: reader.stop(),
)


# WebSockets.


def on(base: Any) -> Any:
    """`WebSocket` on one of the two; the constructor it adds only sets what no fake transport has."""
    members = {name: member for name, member in vars(WebSocket).items() if name != "__init__"}
    return type("WebSocket", (base,), members)


PYTHON = on(traffic.Traffic), traffic.Outgoing
COMPILED = on(compiled.Traffic), compiled.Outgoing


@cache
def settings(frames_per_turn: int) -> Settings:
    """A turn ends after that many frames, and never because time is up."""
    return Settings(socket_turn_ms=1e9, socket_frames_per_turn=frames_per_turn)


class Kernel(Transport):
    """Writes to a socket, as those of event loops do, and keeps what that does not take."""

    def __init__(self) -> None:
        super().__init__()
        self._own, self._peer = socket.socketpair()
        self._own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        self._own.setblocking(False)
        self._peer.setblocking(False)
        self._extra["socket"] = self._own

    def write(self, data: Any) -> None:
        if not self.closing:
            was_empty = not self.sent
            self.sent += data
            if was_empty:
                self.write_more()

    def write_more(self) -> None:
        """What a loop does once the socket takes more."""
        with contextlib.suppress(BlockingIOError):
            del self.sent[: self._own.send(self.sent)]

    def write_eof(self) -> None:
        """The peer may still say something."""

    def get_write_buffer_size(self) -> int:
        return len(self.sent)

    def take(self) -> bytes:
        """What has arrived at the peer, whose socket takes more from then on."""
        arrived = bytearray()
        with contextlib.suppress(BlockingIOError):
            while True:
                arrived += self._peer.recv(1 << 20)
        return bytes(arrived)

    def release(self) -> None:
        self._own.close()
        self._peer.close()


class World:
    """One WebSocket, what it is told by its peer and its listener, and what came of it."""

    def __init__(self, implementation: tuple[Any, Any], script: Script) -> None:
        make, outgoing = implementation
        self.due: list[Callable[[], None]] = []
        self.transport = Kernel() if script.choice & KERNEL else Transport()
        rounds = outgoing(self.due.append, settings(1 + (script.choice & FRAMES_PER_TURN)))
        self.socket: WebSocket = make(self.transport, rounds)
        self.told: list[object] = []
        self.socket.listen(Listener(self.socket, self.told, script))

    def round(self) -> None:
        """One of the event loop."""
        if isinstance(self.transport, Kernel):
            self.transport.write_more()
        due = self.due[:]
        self.due.clear()
        for function in due:
            function()

    def receive(self, data: bytes) -> None:
        if self.transport.stuck or not self.transport.closing:
            self.socket.data_received(data)

    def wait(self, amount: int) -> None:
        """So much waits for the peer; as long as it is odd, a closed socket stays for it."""
        self.transport.waiting_bytes = amount
        self.transport.stuck = bool(amount & 1)

    def seen(self) -> tuple[object, ...]:
        """What came of it since the last look."""
        told = self.told[:]
        self.told.clear()
        transport, its = self.transport, self.socket
        state = transport.reading, transport.closing, transport.aborted, its.waits, its.heard, len(self.due)
        return told, transport.take(), state


class Listener:
    """Notes what a WebSocket tells, and answers as a session might."""

    def __init__(self, its: WebSocket, told: list[object], script: Script) -> None:
        kept, frames = script.kept_bytes_max, script.frames_max
        self.limits = PacketLimits(
            packet_bytes_max=script.message_bytes_max,
            packet_frames_max=script.message_frames_max,
            init_bytes_max=script.message_bytes_max if kept is None else kept,
            init_frames_max=ANY_NUMBER if frames is None else frames,
        )
        self.send_queue_bytes_max = SEND_QUEUE_BYTES_MAX
        self._its = its
        self._told = told

    def packet(self, packet: bytes) -> None:
        self._told.append(packet)
        ANSWERS[len(packet) % len(ANSWERS)](self._its, packet)

    def premature_acks(self) -> None:
        self._told.append("acks")

    def text(self) -> None:
        self._told.append("text")
        self._its.close()

    def cut(self, beginning: bytes, size: int) -> None:
        self._told.append((beginning, size))

    def oversized(self) -> None:
        self._told.append("oversized")
        self._its.close()

    def flood(self) -> None:
        self._told.append("flood")
        self._its.close()

    def slow(self) -> None:
        self._told.append("slow")
        self._its.drop()

    def gone(self) -> None:
        self._told.append("gone")


ANSWERS: tuple[Callable[[WebSocket, bytes], object], ...] = (
    *[lambda its, packet: its.send(binary_frame(packet))] * 5,
    *[lambda its, _: None] * 5,
    lambda its, _: its.trust(),
    lambda its, _: its.hold(),
    lambda its, _: its.release(),
    lambda its, _: its.flush(),
    lambda its, _: its.close(),
    lambda its, _: its.drop(),
)


def compare_sockets(script: Script) -> None:
    worlds = World(PYTHON, script), World(COMPILED, script)

    def both(step: Callable[[World, bytes, int], object], data: bytes = b"", amount: int = 0) -> None:
        require_same(*((step(world, data, amount), world.seen()) for world in worlds))
        require_same(*(kept(world.socket.reader) for world in worlds))

    for action, amount in script.steps:
        both(DRIVING[action], script.take(amount), amount)
    both(lambda world, data, _: world.receive(data), script.take())
    both(lambda world, *_: world.wait(0))
    while any(world.due or world.transport.get_write_buffer_size() for world in worlds):
        both(lambda world, *_: world.round())
    for world in worlds:
        world.socket.connection_lost(None)
        if isinstance(world.transport, Kernel):
            world.transport.release()
    require_same(*(world.told for world in worlds))


DRIVING: tuple[Callable[[World, bytes, int], object], ...] = (
    *[lambda world, data, _: world.receive(data)] * 6,
    lambda world, data, amount: world.socket.send(b"s" * amount),
    lambda world, data, amount: world.socket.send(b"t" * amount),
    lambda world, *_: world.socket.flush(),
    lambda world, *_: world.socket.trust(),
    lambda world, *_: world.round(),
    lambda world, data, amount: world.wait(amount),
    lambda world, *_: world.socket.pause_writing(),
    lambda world, *_: world.socket.resume_writing(),
    lambda world, *_: world.socket.release() if world.socket.behind else world.socket.hold(),
    lambda world, data, amount: world.socket.drop() if amount & 1 else world.socket.close(),
)


# What is often said.


def _seeds() -> list[bytes]:
    js, kotlin = (form.head + b"7" * 32 + form.tail for form in acks.FORMS)
    masked = b"mask"

    def client(payload: bytes, opcode: int = BINARY, *, final: bool = True, mask: bytes = masked) -> bytes:
        return frame(payload, opcode, final=final, mask=mask)

    streams = (
        client(js) * 3
        + client(kotlin, mask=b"\0\0\0\0") * 2
        + client(js[:-1] + b"!")
        + client(js, mask=b"wxyz"),
        client(js) * 70 + client(kotlin) * 70,
        client(js[:50], final=False) + client(b"p", PING) + client(js[50:], CONTINUATION, mask=b"wxyz"),
        client(b"one")
        + client(b"", PONG)
        + client(b"x" * 126)
        + client(b"y" * 700)
        + client(b"\x03\xe8bye", CLOSE),
        client(b"a", final=False) + client(b"", CONTINUATION, final=False) * 9 + client(b"b", CONTINUATION),
        client(b"hel", TEXT, final=False) + client(b"lo", CONTINUATION) + client(b"\x03\xe8\xff", CLOSE),
        b"\x82\xfe\x00\x02maskhi" + b"\x82\xff" + (2).to_bytes(8, "big") + b"maskhi",
        b"\x82\xff" + (2**63).to_bytes(8, "big") + masked,
        frame(js) + frame(b"p", PING) + frame(b"x" * 700, final=False) + frame(b"y", CONTINUATION),
    )
    limits = (200, 200, 50, 250), (100, NO_LIMIT, 5, NO_LIMIT), (20, 10, 50, NO_LIMIT)
    steps = (
        b"",
        b"\x40\x50\x90\xb0",
        b"\x7b\x7b\x0d\x3e\xa0",
        b"\x09\x96\xc0\x0a\xb1\x7a",
        b"\xf6\x87\x08\x0a\x96\x08\x0a",
        b"\x0c\xf6\xdb\x07\xa0\x0d\x0a",
    )
    choices = 0, FROM_SERVER, SOCKETS, SOCKETS | 7, SOCKETS | KERNEL
    return [
        bytes((choice, *limit, len(step))) + step + stream
        for choice, limit, step, stream in itertools.product(choices, limits, steps, streams)
    ]


SEEDS = _seeds()
"""What clients and servers write, in pieces."""
