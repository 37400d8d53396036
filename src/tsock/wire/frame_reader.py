"""WebSocket frames to messages, of either role, however the bytes are cut (RFC 6455, 5).

No I/O and no clock. What is found are plain numbers, bytes and tuples, so that a native reader can take the
place of this one; `tests/contract/test_frames.py` says what any of them has to do.
"""

from typing import Any, Final, NamedTuple

from tsock.wire import acks
from tsock.wire.acks import is_plain_ack
from tsock.wire.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FINAL,
    FINAL_BINARY,
    MASK_BYTES,
    MASKED,
    PING,
    PONG,
    TEXT,
    apply_mask,
    frame,
    payload_span,
)

ACKS: Final = 0x10
"""With their number: plain acknowledgements that came one after another."""
CUT: Final = 0x11
"""With what was kept of it, and its whole length: a binary message of more than `kept_bytes_max`."""
OVERSIZED: Final = 0x12
"""With its length as far as known: a message of more than `message_bytes_max`. Nothing follows."""
FLOOD: Final = 0x13
"""With the limit: more frames than one message, or than the whole stream, may have. Nothing follows."""
BREACH: Final = 0x14
"""With the payload of the Close frame that is due: what no peer may send. Nothing follows."""

Found = tuple[int, Any]
"""A kind and its value. Apart from those above, kinds are opcodes: BINARY, TEXT, PING, PONG and CLOSE with
their payload; nothing follows a CLOSE."""

_OPCODES = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_PROTOCOL_ERROR, _INVALID_DATA = 1002, 1007
CLOSE_CODES = frozenset((1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)))
_ANY_NUMBER = 1 << 62
FRAMES_AT_ONCE = 64


class AckFrame(NamedTuple):
    """A plain acknowledgement as a client frames it."""

    form: acks.Form
    head: bytes
    """All before the mask."""
    payload: int
    """Where it starts."""
    size: int


def _framed(form: acks.Form) -> AckFrame:
    whole = frame(bytes(form.size), mask=bytes(MASK_BYTES))
    payload = len(whole) - form.size
    head = whole[: payload - MASK_BYTES]
    return AckFrame(form, head, payload, len(whole))


ACK_FRAMES = tuple(map(_framed, acks.FORMS))


def _acks(data: bytes, begin: int) -> tuple[int, int]:
    """How many plain acknowledgements of one form begin there, of those that are all there, and their end."""
    number, position = 0, begin
    for form, head, payload, size in ACK_FRAMES:
        while data.startswith(head, position) and number < FRAMES_AT_ONCE:
            start, stop = position + payload, position + size
            if stop > len(data):
                break
            packet = apply_mask(data[start:stop], data[start - MASK_BYTES : start])
            if not (packet.startswith(form.head) and packet.endswith(form.tail)):
                break
            position = stop
            number += 1
        if number:
            break
    return number, position


class FrameReader:
    """What one peer sends: takes bytes, finds what is in them, and never raises."""

    __slots__ = (
        "_data",
        "_final",
        "_fragments",
        "_frames_max",
        "_from_client",
        "_kept_bytes_max",
        "_left",
        "_length",
        "_mask",
        "_message",
        "_message_bytes_max",
        "_message_frames_max",
        "_opcode",
        "_position",
        "_quick",
        "ended",
        "frames",
        "hungry",
    )

    def __init__(
        self,
        *,
        from_client: bool,
        message_bytes_max: int,
        message_frames_max: int,
        kept_bytes_max: int | None = None,
        frames_max: int | None = None,
    ) -> None:
        """Read masked frames from a client, or unmasked ones from a server.

        Args:
            from_client: whose frames these are.
            message_bytes_max: of one message; what exceeds it is OVERSIZED as soon as that is announced.
            message_frames_max: fragments of one message.
            kept_bytes_max: of one message, until `lift`; the rest passes by. None keeps all.
            frames_max: over all, until `lift`; None is no limit.
        """
        self._from_client = from_client
        self._message_bytes_max = message_bytes_max
        self._message_frames_max = message_frames_max
        self._kept_bytes_max = message_bytes_max if kept_bytes_max is None else kept_bytes_max
        self._frames_max = _ANY_NUMBER if frames_max is None else frames_max
        self.frames = 0
        """Frames begun."""
        self.hungry = True
        """Whether nothing more will be found until more is fed."""
        self.ended = False
        """Whether something was found that nothing follows."""
        self._data: bytes = b""
        self._position: int = 0
        self._opcode: int = CONTINUATION
        """Of the message that has begun; CONTINUATION when none has."""
        self._message = bytearray()
        """What is kept of it, without what `read` is looking at."""
        self._length: int = 0
        """Announced for it by its frames so far."""
        self._fragments = 0
        self._final = False
        self._left: int = 0
        """Bytes of the current frame's payload that have not arrived."""
        self._mask: bytes = b""
        self._quick = from_client
        """Whether a message of a client that arrived in one frame needs no further look at the state."""

    @property
    def held_bytes(self) -> int:
        """What is kept in memory until more arrives."""
        return len(self._data) - self._position + len(self._message)

    def lift(self) -> None:
        """From now on keep messages whole, and take any number of frames."""
        self._kept_bytes_max = self._message_bytes_max
        self._frames_max = _ANY_NUMBER

    def feed(self, data: bytes) -> None:
        """Take what arrived, for a later `read`."""
        if self.ended:
            return
        if self._data:
            data = self._data[self._position :] + data
        self._data = data
        self._position = 0
        self.hungry = False

    def read(self, data: bytes = b"") -> Found | None:
        """Take what arrived, and find what comes next, in the order of arrival.

        Few frames are looked at, so that the caller may turn to others in between. None means that they
        brought nothing: ask again, or, once the reader is hungry, with what arrives next.
        """
        position = 0
        if self._data:
            position = self._position
            if data:
                data = self._data[position:] + data
                position = 0
            else:
                data = self._data
        if self._quick:
            found = self._whole(data, position)
            if found is not None:
                return found
        elif self.ended:
            return None
        self._data, self._position, self.hungry = data, position, False
        for _ in range(FRAMES_AT_ONCE):
            found = self._payload() if self._left else self._frame()
            if found is not None:
                return found
            if self.hungry:
                break
        return None

    def _whole(self, data: bytes, begin: int) -> Found | None:
        """The common cases at a glance: acknowledgements, or a message in one frame that is all there."""
        number, position = _acks(data, begin)
        if number:
            if self.frames + number > self._frames_max:
                return None
            self.frames += number
            found = ACKS, number
        elif position < len(data) and data[begin] == FINAL_BINARY and (span := payload_span(data, begin)):
            start, position = span
            if data[begin + 1] < MASKED or position > len(data) or position - start > self._kept_bytes_max:
                return None
            if self.frames >= self._frames_max:
                return None
            self.frames += 1
            found = BINARY, apply_mask(data[start:position], data[start - MASK_BYTES : start])
        else:
            return None
        if position < len(data):
            self._data, self._position, self.hungry = data, position, False
        elif self._data:
            self._data, self._position, self.hungry = b"", 0, True
        return found

    def stop(self) -> None:
        """Read no further, and keep nothing."""
        self.ended = self.hungry = True
        self._quick = False
        self._data, self._position, self._left = b"", 0, 0
        self._message = bytearray()

    def _frame(self) -> Found | None:
        """Take the head of the next frame, and what there is of its payload."""
        data, position = self._data, self._position
        if len(data) - position < 2:
            return self._starve()
        first, second = data[position : position + 2]
        wrong = self._wrong(first, second)
        if wrong:
            return self._breach(_PROTOCOL_ERROR, wrong)
        span = payload_span(data, position)
        opcode = first & 0x0F
        if span is None or (opcode >= CLOSE and span[1] > len(data)):
            return self._starve()
        start, stop = span
        self.frames += 1
        if self.frames > self._frames_max:
            return self._end(FLOOD, self._frames_max)
        self._mask = data[start - MASK_BYTES : start] if self._from_client else b""
        if opcode >= CLOSE:
            return self._control(opcode, start, stop)
        self._quick = False
        self._opcode = opcode or self._opcode
        self._final = first >= FINAL
        self._fragments += 1
        self._left = stop - start
        self._length += self._left
        self._position = start
        return self._too_much() or self._payload()

    def _too_much(self) -> Found | None:
        """What of the message that has begun exceeds a limit."""
        if self._left >> 63:
            return self._breach(_PROTOCOL_ERROR, "a length below 2^63")
        if self._length > self._message_bytes_max:
            return self._end(OVERSIZED, self._length)
        if self._fragments > self._message_frames_max:
            return self._end(FLOOD, self._message_frames_max)
        return None

    def _wrong(self, first: int, second: int) -> str:
        """What was expected of the first two bytes of a frame, if they are not like that."""
        opcode = first & 0x0F
        if first & 0x70:
            return "reserved bits of 0"
        if opcode not in _OPCODES:
            return "a known opcode"
        if (second >= MASKED) is not self._from_client:
            return "a masked frame" if self._from_client else "an unmasked frame"
        if opcode >= CLOSE:
            whole = first >= FINAL and second & 0x7F <= 125
            return "" if whole else "a control frame in one piece of at most 125 bytes"
        if opcode == CONTINUATION and not self._opcode:
            return "a message to continue"
        if opcode != CONTINUATION and self._opcode:
            return "the rest of the message that has begun"
        return ""

    def _control(self, opcode: int, start: int, stop: int) -> Found | None:
        payload = self._data[start:stop]
        if self._mask:
            payload = apply_mask(payload, self._mask)
        self._position = stop
        if opcode != CLOSE:
            return opcode, payload
        try:
            payload[2:].decode()
        except UnicodeDecodeError:
            return self._breach(_INVALID_DATA, "UTF-8 in the Close frame")
        if payload and (len(payload) < 2 or int.from_bytes(payload[:2], "big") not in CLOSE_CODES):
            return self._breach(_PROTOCOL_ERROR, "a known code in the Close frame")
        return self._end(CLOSE, payload)

    def _payload(self) -> Found | None:
        """Take what there is of the current frame's payload."""
        data, message, start = self._data, self._message, self._position
        stop = min(start + self._left, len(data))
        part = data[start : min(stop, start + self._kept_bytes_max - len(message))]
        if self._mask:
            part = apply_mask(part, self._mask)
            phase = (stop - start) % MASK_BYTES
            self._mask = self._mask[phase:] + self._mask[:phase]
        self._left -= stop - start
        self._position = stop
        if self._left or not self._final:
            message += part
            return self._starve() if stop == len(data) else None
        if message:
            part = b"%b%b" % (message, part)
            self._message = bytearray()
        kind, length = self._opcode, self._length
        self._opcode = self._length = self._fragments = 0
        self._quick = self._from_client
        if stop == len(data):
            self._starve()
        if length > len(part):
            return CUT if kind == BINARY else kind, (part, length) if kind == BINARY else part
        return (ACKS, 1) if kind == BINARY and self._from_client and is_plain_ack(part) else (kind, part)

    def _starve(self) -> None:
        """Wait for more, and keep no more than what has not been looked at."""
        self.hungry = True
        self._data = self._data[self._position :]
        self._position = 0

    def _breach(self, code: int, expected: str) -> Found:
        return self._end(BREACH, code.to_bytes(2, "big") + b"expected " + expected.encode())

    def _end(self, kind: int, value: int | bytes) -> Found:
        self.stop()
        return kind, value
