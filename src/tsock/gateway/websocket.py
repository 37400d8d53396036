"""One WebSocket on one transport: what arrives goes to a listener, what leaves goes in one write a turn."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Protocol, cast

import structlog

from tsock.gateway.turns import Turns
from tsock.settings import Settings
from tsock.wire.frame import PacketLimits
from tsock.wire.frame_reader import ACKS, BREACH, CUT, FLOOD, OVERSIZED, Found, FrameReader
from tsock.wire.websocket import BINARY, CLOSE, PING, PONG, TEXT, frame

log = structlog.get_logger(__name__)

_CLOSE_FRAME = frame(b"", CLOSE)
_LARGE_BYTES = 64 * 1024
"""A frame of this size goes to the transport at once, which bounds what waits for a slow reader; many of them
in one turn would otherwise pile up unseen."""


_UNSENT_BYTES_HIGH = 256 * 1024
"""While more than this waits for the peer, nothing more is read from it: whoever asks without reading the
answers waits for himself."""


# Why nothing more is read for now; each is one bit.
_PEER, _LISTENER, _TURN, _LEAVING = 1, 2, 4, 8


class Listener(Protocol):
    """What a WebSocket tells: complete binary messages, and its end."""

    limits: PacketLimits
    send_queue_bytes_max: int

    def packet(self, packet: bytes) -> None:
        """A complete binary message."""
        ...

    def acks(self, number: int) -> None:
        """So many plain acknowledgements (`wire/acks.py`), one after another."""
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

    def __init__(self, call_soon: Callable[[Callable[[], None]], object], settings: Settings) -> None:
        """`call_soon` runs a function behind what the current turn of the loop still does."""
        self.turns = Turns(call_soon, settings)
        """Those that have more to be read."""
        self._call_soon = call_soon
        self._sockets: list[WebSocket] = []

    def add(self, socket: "WebSocket") -> None:
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


class WebSocket(asyncio.Protocol):
    """The server's end of an opened WebSocket."""

    __slots__ = (
        "_frames",
        "_outgoing",
        "_reader",
        "_waits",
        "listener",
        "transport",
    )

    def __init__(self, transport: asyncio.Transport, outgoing: Outgoing) -> None:
        transport.set_write_buffer_limits(high=_UNSENT_BYTES_HIGH)
        self.transport = transport
        self._outgoing = outgoing
        self._waits = 0
        """Why nothing more is read for now."""
        self._frames: list[bytes] = []
        """What this turn has to send."""
        self.listener = cast(Listener, None)
        self._reader = cast(FrameReader, None)

    def listen(self, listener: Listener) -> None:
        """Set the one receiver; nothing may arrive before."""
        self.listener = listener
        self._reader = FrameReader(
            from_client=True,
            message_bytes_max=listener.limits.packet_bytes_max,
            message_frames_max=listener.limits.packet_frames_max,
            kept_bytes_max=min(listener.limits.init_bytes_max, listener.limits.packet_bytes_max),
            frames_max=listener.limits.init_frames_max,
        )

    def trust(self) -> None:
        """The peer was let in: from now on its packets are kept whole, and its frames not counted."""
        self._reader.lift()

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if self._waits:
            reader.feed(data)
            return
        turns = self._outgoing.turns
        last, stop_s = reader.frames + turns.frames_per_turn, 0.0
        found = reader.read(data)
        while True:
            if found is not None:
                kind, value = found
                if kind == ACKS:
                    self.listener.acks(value)
                elif kind == BINARY:
                    self.listener.packet(value)
                else:
                    self._unusual(found)
            if reader.hungry or self._waits:
                return
            now_s = perf_counter()  # what came alone, as nearly all does, need not know the time
            if not stop_s:
                stop_s = now_s + turns.turn_s
            if now_s > stop_s or reader.frames >= last:
                self._wait(_TURN)
                turns.add(self)
                return
            found = reader.read()

    def go_on(self) -> None:
        """Read what has arrived for one more turn."""
        self._waits &= ~_TURN
        if self._waits or self.transport.is_closing():
            return
        self.data_received(b"")
        if not (self._waits or self.transport.is_closing()):
            self.transport.resume_reading()

    def hold(self) -> None:
        """Read nothing more until `release`: the listener has enough to do."""
        self._wait(_LISTENER)

    def release(self) -> None:
        """Read again."""
        self._resume(_LISTENER)

    @property
    def behind(self) -> bool:
        """Whether the peer may have said more than was read, for no fault of its own."""
        return bool(self._waits & (_LISTENER | _TURN))

    def _wait(self, reason: int) -> None:
        if not self._waits:
            self.transport.pause_reading()
        self._waits |= reason

    def _resume(self, reason: int) -> None:
        if not self._waits & reason:
            return
        self._waits &= ~reason
        if self._waits or self.transport.is_closing():
            return
        if self._reader.hungry:
            self.transport.resume_reading()
        else:
            self._waits = _TURN
            self._outgoing.turns.add(self)

    def _unusual(self, found: Found) -> None:
        kind, value = found
        if kind == PING:
            self.send(frame(value, PONG))
        elif kind in (CLOSE, BREACH):
            self._frames.append(frame(value, CLOSE))
            self.flush()
            self.transport.close()
        elif kind == TEXT:
            self.listener.text()
        elif kind == CUT:
            self.listener.cut(*value)
        elif kind == OVERSIZED:
            self.listener.oversized()
        elif kind == FLOOD:
            self.listener.flood()

    def send(self, frame: bytes, /) -> None:
        """Queue one complete WebSocket frame, or several that are joined."""
        frames = self._frames
        frames.append(frame)
        if len(frame) >= _LARGE_BYTES:
            self.flush()
        elif len(frames) == 1:
            self._outgoing.add(self)

    def flush(self) -> None:
        """Hand everything queued to the transport, in one piece."""
        frames = self._frames
        if not frames:
            return
        transport = self.transport
        if self._waits & _LEAVING or transport.is_closing():
            pass  # nothing follows the Close frame
        elif self._waits & _PEER and transport.get_write_buffer_size() > self.listener.send_queue_bytes_max:
            self.listener.slow()
        else:
            transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
        frames.clear()

    def close(self) -> None:
        """Flush what was sent, say Close without a code, and await the peer's end.

        What still arrives is read and thrown away. Left unread, it would make the kernel reset the
        connection, and the peer would lose our last words.
        """
        if not (self._waits & _LEAVING or self.transport.is_closing()):
            self._frames.append(_CLOSE_FRAME)
            self.flush()
            self._waits |= _LEAVING
            self._reader.stop()
            self.transport.resume_reading()
            self.transport.write_eof()

    def drop(self) -> None:
        """End the connection at once; what was not sent yet is lost."""
        self._frames.clear()
        self._reader.stop()
        self.transport.abort()

    def eof_received(self) -> None:
        pass

    @property
    def unsent_bytes(self) -> int:
        """What waits for the peer to read."""
        return self.transport.get_write_buffer_size()

    def pause_writing(self) -> None:
        if not self._waits & _LEAVING:
            self._wait(_PEER)

    def resume_writing(self) -> None:
        self._resume(_PEER)

    def connection_lost(self, exc: Exception | None) -> None:
        self._frames.clear()
        self._waits = _LEAVING
        self.listener.gone()
        del self.listener, self._reader  # so that nothing waits for the garbage collector
