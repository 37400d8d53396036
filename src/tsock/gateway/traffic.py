"""What arrives and leaves on a WebSocket, as Python: the hot part, and what its compiled twin has to do.

`compiled.pyx` has the same classes; `native.py` chooses. What a socket does beyond that stands once, in
`websocket.py`.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from time import perf_counter
from typing import Protocol, cast

import structlog

from tsock.api.live import Subscriber
from tsock.gateway.turns import Turns
from tsock.settings import Settings
from tsock.wire.frame import PacketLimits
from tsock.wire.frame_reader import ACKS, Found, FrameReader
from tsock.wire.websocket import BINARY

log = structlog.get_logger(__name__)

LARGE_BYTES = 64 * 1024
"""A frame of this size goes to the transport at once, which bounds what waits for a slow reader; many of them
in one turn would otherwise pile up unseen."""

PEER, LISTENER, TURN, LEAVING = 1, 2, 4, 8
"""Why nothing more is read for now; each is one bit."""


class Listener(Protocol):
    """What a WebSocket tells: complete binary messages, and its end."""

    limits: PacketLimits
    send_queue_bytes_max: int

    def packet(self, packet: bytes) -> None:
        """A complete binary message."""
        ...

    def premature_acks(self) -> None:
        """Plain acknowledgements (`wire/acks.py`) before `trust`; later ones are not told."""
        ...

    def text(self) -> None:
        """A text message."""
        ...

    def cut(self, beginning: bytes, size: int) -> None:
        """What was kept of a message of `size` bytes, beyond `init_bytes_max` and before `trust`."""
        ...

    def oversized(self) -> None:
        """A message beyond `packet_bytes_max`; nothing is read after it."""
        ...

    def flood(self) -> None:
        """More frames than a message, or all before `trust`, may have; nothing is read after them."""
        ...

    def slow(self) -> None:
        """More than `send_queue_bytes_max` waits for the peer, and more is to follow."""
        ...

    def gone(self) -> None:
        """The connection is lost; nothing follows."""
        ...


class Send(Protocol):
    """Queues one complete WebSocket frame."""

    def __call__(self, frame: bytes, /) -> object:
        """Return at once; what one loop turn queues leaves together."""
        ...


class Outgoing:
    """The sockets that have something to send: each gets one write at the end of the loop's turn."""

    __slots__ = ("_call_soon", "_sockets", "turns")

    def __init__(self, call_soon: Callable[[Callable[[], None]], object], settings: Settings) -> None:
        """`call_soon` runs a function behind what the current turn of the loop still does."""
        self.turns = Turns(call_soon, settings)
        """Those that have more to be read."""
        self._call_soon = call_soon
        self._sockets: list[Traffic] = []

    def add(self, socket: "Traffic") -> None:
        """Flush `socket` at the end of the turn."""
        self._sockets.append(socket)
        if len(self._sockets) == 1:
            self._call_soon(self._flush)

    def _flush(self) -> None:
        sockets, self._sockets = self._sockets, []
        for socket in sockets:
            try:
                socket.flush()
            except Exception:  # one connection fails, never what others are to be sent
                log.exception("socket.failed")
                socket.drop()


class Traffic(asyncio.Protocol, ABC):
    """What a `WebSocket` does all the time."""

    __slots__ = ("_frames", "_is_trusted", "heard", "listener", "outgoing", "reader", "transport", "waits")

    def __init__(self, transport: asyncio.Transport, outgoing: Outgoing) -> None:
        self.transport = transport
        self.waits = 0
        """Why nothing more is read for now."""
        self.heard = False
        """Set by any packet, for whoever cleared it."""
        self.listener = cast(Listener, None)
        self.reader = cast(FrameReader, None)
        self.outgoing = outgoing
        self._frames: list[bytes] = []
        """What this turn has to send."""
        self._is_trusted = False

    def listen(self, listener: Listener) -> None:
        """Set the one receiver; nothing may arrive before."""
        self.listener = listener
        limits = listener.limits
        self.reader = FrameReader(
            from_client=True,
            message_bytes_max=limits.packet_bytes_max,
            message_frames_max=limits.packet_frames_max,
            kept_bytes_max=min(limits.init_bytes_max, limits.packet_bytes_max),
            frames_max=limits.init_frames_max,
        )

    def trust(self) -> None:
        """The peer was let in: from now on its packets are kept whole, and its frames not counted."""
        self._is_trusted = True
        self.reader.lift()

    def data_received(self, data: bytes) -> None:
        reader = self.reader
        if self.waits:
            reader.feed(data)
            return
        turns = self.outgoing.turns
        last, stop_s = reader.frames + turns.frames_per_turn, 0.0
        found = reader.read(data)
        while True:
            if found is not None:
                kind, value = found
                if kind == ACKS:
                    self.heard = True
                    if not self._is_trusted:
                        self.listener.premature_acks()
                elif kind == BINARY:
                    self.heard = True
                    self.listener.packet(value)
                else:
                    self.unusual(found)
            if reader.hungry or self.waits:
                return
            now_s = perf_counter()  # what came alone, as nearly all does, need not know the time
            if not stop_s:
                stop_s = now_s + turns.turn_s
            if now_s > stop_s or reader.frames >= last:
                self.await_turn()
                return
            found = reader.read()

    @abstractmethod
    def unusual(self, found: Found) -> None:
        """Act on what is neither acknowledgements nor a binary message."""

    @abstractmethod
    def await_turn(self) -> None:
        """Read no further before others have been read."""

    @abstractmethod
    def drop(self) -> None:
        """End the connection at once; what was not sent yet is lost."""

    def send(self, frame: bytes, /) -> None:
        """Queue one complete WebSocket frame, or several that are joined."""
        frames = self._frames
        frames.append(frame)
        if len(frame) >= LARGE_BYTES:
            self.flush()
        elif len(frames) == 1:
            self.outgoing.add(self)

    def flush(self) -> None:
        """Hand everything queued to the transport, in one piece."""
        frames = self._frames
        if not frames:
            return
        transport = self.transport
        if self.waits & LEAVING or transport.is_closing():
            pass  # nothing follows the Close frame
        elif self.waits & PEER and transport.get_write_buffer_size() > self.listener.send_queue_bytes_max:
            self.listener.slow()
        else:
            transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
        frames.clear()

    def forget_unsent(self) -> None:
        """Send nothing of what is queued."""
        self._frames.clear()

    def let_go(self) -> None:
        """Keep nothing of the connection, which is lost, so that nothing waits for the garbage collector."""
        self._frames.clear()
        del self.listener, self.reader


def send_to_all(audience: Collection[Subscriber], frame: bytes, authors: Collection[int]) -> list[Subscriber]:
    """Queue a frame for everybody but those of these numbers, who are handed back."""
    found: list[Subscriber] = []
    for subscriber in audience:
        if subscriber.number in authors:
            found.append(subscriber)
        else:
            subscriber.send(frame)
    return found
