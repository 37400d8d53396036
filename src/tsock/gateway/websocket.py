"""One WebSocket on one transport: what arrives goes to a listener, what leaves goes in one write a turn."""

import asyncio

from tsock.gateway.native import Outgoing, Traffic
from tsock.gateway.traffic import LEAVING, LISTENER, PEER, TURN, Send
from tsock.wire.frame_reader import BREACH, CUT, FLOOD, OVERSIZED, Found
from tsock.wire.websocket import CLOSE, PING, PONG, TEXT, frame

__all__ = ["Outgoing", "Send", "WebSocket"]

_CLOSE_FRAME = frame(b"", CLOSE)

_UNSENT_BYTES_HIGH = 256 * 1024
"""While more than this waits for the peer, nothing more is read from it: whoever asks without reading the
answers waits for himself."""


class WebSocket(Traffic):
    """The server's end of an opened WebSocket."""

    __slots__ = ()

    def __init__(self, transport: asyncio.Transport, outgoing: Outgoing) -> None:
        transport.set_write_buffer_limits(high=_UNSENT_BYTES_HIGH)
        super().__init__(transport, outgoing)

    def go_on(self) -> None:
        """Read what has arrived for one more turn."""
        self.waits &= ~TURN
        if self.waits or self.transport.is_closing():
            return
        self.data_received(b"")
        if not (self.waits or self.transport.is_closing()):
            self.transport.resume_reading()

    def await_turn(self) -> None:
        self._wait(TURN)
        self.outgoing.turns.add(self)

    def hold(self) -> None:
        """Read nothing more until `release`: the listener has enough to do."""
        self._wait(LISTENER)

    def release(self) -> None:
        """Read again."""
        self._resume(LISTENER)

    @property
    def behind(self) -> bool:
        """Whether the peer may have said more than was read, for no fault of its own."""
        return bool(self.waits & (LISTENER | TURN))

    def _wait(self, reason: int) -> None:
        if not self.waits:
            self.transport.pause_reading()
        self.waits |= reason

    def _resume(self, reason: int) -> None:
        if not self.waits & reason:
            return
        self.waits &= ~reason
        if self.waits or self.transport.is_closing():
            return
        if self.reader.hungry:
            self.transport.resume_reading()
        else:
            self.waits = TURN
            self.outgoing.turns.add(self)

    def unusual(self, found: Found) -> None:
        kind, value = found
        if kind == PING:
            self.send(frame(value, PONG))
        elif kind in (CLOSE, BREACH):
            self.send(frame(value, CLOSE))
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

    def close(self) -> None:
        """Flush what was sent, say Close without a code, and await the peer's end.

        What still arrives is read and thrown away. Left unread, it would make the kernel reset the
        connection, and the peer would lose our last words.
        """
        if not (self.waits & LEAVING or self.transport.is_closing()):
            self.send(_CLOSE_FRAME)
            self.flush()
            self.waits |= LEAVING
            self.reader.stop()
            self.transport.resume_reading()
            self.transport.write_eof()

    def drop(self) -> None:
        """End the connection at once; what was not sent yet is lost."""
        self.forget_unsent()
        self.reader.stop()
        self.transport.abort()

    def eof_received(self) -> None:
        pass

    @property
    def unsent_bytes(self) -> int:
        """What waits for the peer to read."""
        return self.transport.get_write_buffer_size()

    def pause_writing(self) -> None:
        if not self.waits & LEAVING:
            self._wait(PEER)

    def resume_writing(self) -> None:
        self._resume(PEER)

    def connection_lost(self, exc: Exception | None) -> None:
        self.waits = LEAVING  # so nothing more is sent
        self.listener.gone()
        self.let_go()
