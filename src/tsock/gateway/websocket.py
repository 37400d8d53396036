"""One WebSocket on one transport: frames to packets and back.

The common case, a complete, unfragmented, masked binary frame, is read in place. The first frame of any
other kind hands the connection to the `websockets` sans-I/O core, which reads it from then on: fragments,
control frames, errors and the closing handshake are its business.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from websockets.exceptions import PayloadTooBig
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, Side
from websockets.protocol import Protocol as Core

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled wheel
    from websockets.utils import apply_mask

_BINARY_FINAL = 0x82
_MASKED = 0x80
_CLOSE_FRAME = b"\x88\x00"
_LARGE_BYTES = 64 * 1024
"""A frame of this size goes to the transport at once, which bounds what waits for a slow reader; many of them
in one turn would otherwise pile up unseen."""


_UNSENT_BYTES_HIGH = 256 * 1024
"""While more than this waits for the peer, nothing more is read from it: whoever asks without reading the
answers waits for himself."""


class Listener(Protocol):
    """What a WebSocket tells: complete binary messages, and its end."""

    packet_bytes_max: int
    send_queue_bytes_max: int

    def packet(self, packet: bytes) -> None:
        """A complete binary message."""
        ...

    def text(self) -> None:
        """A text message."""
        ...

    def oversized(self) -> None:
        """A message beyond `packet_bytes_max`."""
        ...

    def slow(self) -> None:
        """More than `send_queue_bytes_max` waits for the peer, and more is to follow."""
        ...

    def gone(self) -> None:
        """The connection is lost; nothing follows."""
        ...


def _unheard(packet: bytes) -> None:
    raise AssertionError("a packet arrived before anybody listened")


class Send(Protocol):
    """Queues one complete WebSocket frame."""

    def __call__(self, frame: bytes, /) -> object:
        """Return at once; what one loop turn queues leaves together."""
        ...


class Outgoing:
    """The sockets that have something to send: each gets one write at the end of the loop's turn."""

    def __init__(self, call_soon: Callable[[Callable[[], None]], object]) -> None:
        """`call_soon` runs a function behind what the current turn of the loop still does."""
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
            socket.flush()


class WebSocket(asyncio.Protocol):
    """The server's end of an opened WebSocket."""

    __slots__ = (
        "_core",
        "_fragments",
        "_frames",
        "_held",
        "_leaving",
        "_needed",
        "_outgoing",
        "_packet",
        "_partial",
        "listener",
        "transport",
    )

    def __init__(self, transport: asyncio.Transport, outgoing: Outgoing) -> None:
        transport.set_write_buffer_limits(high=_UNSENT_BYTES_HIGH)
        self.transport = transport
        self._outgoing = outgoing
        self._held = False
        """Whether nothing more is to be read in place: the peer does not read, or is told to leave."""
        self._leaving = False
        self._frames: list[bytes] = []
        """What this turn has to send."""
        self.listener = cast(Listener, None)
        self._packet: Callable[[bytes], None] = _unheard
        self._partial: bytearray | None = None
        """What is to be read later: the beginning of a frame, or all that came for a paused socket."""
        self._needed = 0
        """Bytes of it that make another look worthwhile."""
        self._core: Core | None = None
        self._fragments = bytearray()

    def listen(self, listener: Listener) -> None:
        """Set the one receiver; nothing may arrive before."""
        self.listener = listener
        self._packet = listener.packet

    def data_received(self, data: bytes) -> None:
        if self._core is not None:
            self._read_by_core(self._core, data)
            return
        if self._held or self._partial is not None:
            whole = self._collected(data)
            if whole is None:
                return
            data = whole
        self._read_in_place(data)

    def _collected(self, data: bytes) -> bytes | None:
        """What has arrived by now, once it is worth a look."""
        if self._leaving:
            return None
        if self._partial is None:
            self._partial = bytearray()
            self._needed = 0
        partial = self._partial
        partial += data
        if self._held or len(partial) < self._needed:
            return None
        self._partial = None
        return bytes(partial)

    def _read_in_place(self, data: bytes) -> None:
        position, end = 0, len(data)
        while end - position >= 6:
            length = data[position + 1]
            if data[position] != _BINARY_FINAL or length < _MASKED:
                self._hand_over(data[position:])
                return
            length -= _MASKED
            mask = position + 2
            if length == 126:
                length = data[mask] << 8 | data[mask + 1]
                mask += 2
            elif length == 127:
                length = int.from_bytes(data[mask : mask + 8]) if end - mask >= 8 else 0
                mask += 8
            if length > self.listener.packet_bytes_max:
                self.listener.oversized()
                return
            start = mask + 4
            stop = start + length
            if stop > end:
                self._needed = stop - position
                break
            position = stop
            self._packet(apply_mask(data[start:stop], data[mask:start]))
            if self._held:
                self._needed = 0
                break
        else:
            self._needed = 6
        if position < end and not self._leaving:
            self._partial = bytearray(data[position:])

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
        if self._leaving or transport.is_closing():
            pass  # nothing follows the Close frame
        elif self._held and transport.get_write_buffer_size() > self.listener.send_queue_bytes_max:
            self.listener.slow()
        else:
            transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
        frames.clear()

    def close(self) -> None:
        """Flush what was sent, say Close without a code, and await the peer's end.

        What still arrives is read and thrown away. Left unread, it would make the kernel reset the
        connection, and the peer would lose our last words.
        """
        if not (self._leaving or self.transport.is_closing()):
            self._frames.append(_CLOSE_FRAME)
            self.flush()
            self._leaving = self._held = True
            self._partial = None
            self.transport.resume_reading()
            self.transport.write_eof()

    def drop(self) -> None:
        """End the connection at once; what was not sent yet is lost."""
        self._frames.clear()
        self.transport.abort()

    def eof_received(self) -> None:
        pass

    @property
    def unsent_bytes(self) -> int:
        """What waits for the peer to read."""
        return self.transport.get_write_buffer_size()

    def pause_writing(self) -> None:
        if not self._leaving:
            self._held = True
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        if self._leaving or self.transport.is_closing():
            return
        self._held = False
        self.transport.resume_reading()
        if self._core is None and self._partial is not None and len(self._partial) >= self._needed:
            data = bytes(self._partial)
            self._partial = None
            self._read_in_place(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._frames.clear()
        self.listener.gone()
        del self.listener, self._packet  # so that nothing waits for the garbage collector

    def _hand_over(self, data: bytes) -> None:
        core = Core(Side.SERVER, state=OPEN, max_size=self.listener.packet_bytes_max)
        self._core = core
        self._read_by_core(core, data)

    def _read_by_core(self, core: Core, data: bytes) -> None:
        if self._leaving:
            return
        core.receive_data(data)
        for event in core.events_received():
            if isinstance(event, Frame):
                self._frame(event)
        if isinstance(core.parser_exc, PayloadTooBig):  # told in a packet, as for a frame read in place
            self.listener.oversized()
            return
        self._frames += core.data_to_send()  # an empty one, at the end of the stream, adds nothing
        self.flush()
        if core.close_expected():
            self.transport.close()

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT:
            self.listener.text()
        elif frame.opcode in (Opcode.BINARY, Opcode.CONT):
            self._fragments += frame.data
            if frame.fin:
                packet = bytes(self._fragments)
                self._fragments.clear()
                self.listener.packet(packet)
