# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, nonecheck=True
"""The compiled twin of `wire/frame_reader.py` and `gateway/traffic.py`, which say what it has to do and why.

Frames are read in place: of acknowledgements, which are most of what arrives, no Python object is made. What
is sent goes to the socket itself, and to its transport where that has something to send already or the peer
takes no more. Nothing here allocates by itself, or keeps a pointer beyond the call in which it got it; and
what a lost connection has no more is None, whose use is an error as it is in Python (`nonecheck`).
"""

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE, PyByteArray_Resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.string cimport memcmp, memcpy

cdef extern from "sys/socket.h" nogil:
    Py_ssize_t send(int socket, const void *data, size_t size, int flags)

from time import perf_counter

import structlog

from tsock.gateway import traffic
from tsock.gateway.turns import Turns
from tsock.wire import frame_reader

log = structlog.get_logger("tsock.gateway.traffic")

ctypedef unsigned char byte

cdef enum:
    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA
    FINAL = 0x80
    MASKED = 0x80
    MASK_BYTES = 4
    ACK_FORMS = 2
    ACK_PACKET_MAX = 192
    NOTHING = 0

cdef int ACKS = frame_reader.ACKS
cdef int CUT = frame_reader.CUT
cdef int OVERSIZED = frame_reader.OVERSIZED
cdef int FLOOD = frame_reader.FLOOD
cdef int BREACH = frame_reader.BREACH
cdef uint64_t ANY_NUMBER = 1 << 62
cdef int FRAMES_AT_ONCE = frame_reader.FRAMES_AT_ONCE
cdef frozenset CLOSE_CODES = frame_reader.CLOSE_CODES

cdef struct AckForm:
    Py_ssize_t size       # of the packet
    Py_ssize_t payload    # where it starts in its frame
    byte frame_head[4]    # all of the frame before the mask
    byte head[64]
    Py_ssize_t head_size
    byte tail[128]
    Py_ssize_t tail_size

cdef AckForm ack_forms[ACK_FORMS]


cdef void copied(bytes text, byte *place, Py_ssize_t *size, Py_ssize_t size_max) except *:
    if len(text) > size_max:
        raise ValueError("an acknowledgement is longer than what is kept of it")
    memcpy(place, PyBytes_AS_STRING(text), len(text))
    size[0] = len(text)


cdef void learn_acks() except *:
    cdef Py_ssize_t head_size
    cdef AckForm *ack
    if len(frame_reader.ACK_FRAMES) != ACK_FORMS:
        raise ValueError("there are more forms of acknowledgements than are known here, or fewer")
    for number, (form, frame_head, payload, _) in enumerate(frame_reader.ACK_FRAMES):
        ack = &ack_forms[number]
        ack.size, ack.payload = form.size, payload
        if ack.size > ACK_PACKET_MAX:
            raise ValueError("an acknowledgement is longer than what is kept of it")
        copied(frame_head, ack.frame_head, &head_size, 4)
        copied(form.head, ack.head, &ack.head_size, 64)
        copied(form.tail, ack.tail, &ack.tail_size, 128)


learn_acks()


cdef inline void unmask(const byte *source, byte *target, Py_ssize_t size, const byte *mask) noexcept nogil:
    """Take a mask off, eight bytes at a time."""
    cdef uint64_t wide_mask, part
    cdef Py_ssize_t at = 0
    memcpy(&wide_mask, mask, MASK_BYTES)
    memcpy(<byte *>&wide_mask + MASK_BYTES, mask, MASK_BYTES)
    while at + 8 <= size:
        memcpy(&part, source + at, 8)
        part ^= wide_mask
        memcpy(target + at, &part, 8)
        at += 8
    while at < size:
        target[at] = source[at] ^ mask[at & 3]
        at += 1


cdef inline bint is_form(const byte *packet, Py_ssize_t size, const AckForm *form) noexcept nogil:
    return (
        size == form.size
        and memcmp(packet, form.head, form.head_size) == 0
        and memcmp(packet + size - form.tail_size, form.tail, form.tail_size) == 0
    )


cdef inline bint is_plain_ack(const byte *packet, Py_ssize_t size) noexcept nogil:
    return is_form(packet, size, &ack_forms[0]) or is_form(packet, size, &ack_forms[1])


cdef Py_ssize_t acks_at(const byte *data, Py_ssize_t begin, Py_ssize_t end, Py_ssize_t *stop) noexcept nogil:
    """How many plain acknowledgements of one form begin there; where the last of them ends."""
    cdef byte packet[ACK_PACKET_MAX]
    cdef Py_ssize_t number = 0, position = begin, start
    cdef const AckForm *form
    cdef int which
    for which in range(ACK_FORMS):
        form = &ack_forms[which]
        while (
            position + form.payload + form.size <= end
            and number < FRAMES_AT_ONCE
            and memcmp(data + position, form.frame_head, form.payload - MASK_BYTES) == 0
        ):
            start = position + form.payload
            unmask(data + start, packet, form.size, data + start - MASK_BYTES)
            if not is_form(packet, form.size, form):
                break
            position = start + form.size
            number += 1
        if number:
            break
    stop[0] = position
    return number


cdef class FrameReader:
    """As `tsock.wire.frame_reader.FrameReader`."""

    cdef readonly uint64_t frames
    cdef readonly bint hungry
    cdef readonly bint ended
    cdef bint _from_client
    cdef bint _final
    cdef bint _quick
    cdef byte _opcode
    cdef byte _mask[MASK_BYTES]
    cdef uint64_t _message_bytes_max
    cdef uint64_t _message_frames_max
    cdef uint64_t _kept_bytes_max
    cdef uint64_t _frames_max
    cdef uint64_t _length
    cdef uint64_t _left
    cdef uint64_t _fragments
    cdef Py_ssize_t _position
    cdef bytes _data
    cdef bytearray _message
    cdef object _value

    def __cinit__(
        self,
        *,
        bint from_client,
        message_bytes_max,
        message_frames_max,
        kept_bytes_max=None,
        frames_max=None,
    ):
        self._from_client = from_client
        self._message_bytes_max = message_bytes_max
        self._message_frames_max = message_frames_max
        self._kept_bytes_max = message_bytes_max if kept_bytes_max is None else kept_bytes_max
        self._frames_max = ANY_NUMBER if frames_max is None else frames_max
        self._data = b""
        self.hungry = True
        self._quick = from_client

    @property
    def held_bytes(self):
        return len(self._data) - self._position + self._kept()

    cdef inline Py_ssize_t _kept(self) noexcept:
        return 0 if self._message is None else PyByteArray_GET_SIZE(self._message)

    cpdef lift(self):
        self._kept_bytes_max = self._message_bytes_max
        self._frames_max = ANY_NUMBER

    cpdef feed(self, bytes data):
        if self.ended:
            return
        if self._data:
            data = self._data[self._position :] + data
        self._data = data
        self._position = 0
        self.hungry = False

    def read(self, bytes data=b""):
        cdef int kind = self.find(data)
        return None if kind == NOTHING else (kind, self.taken())

    cdef object taken(self):
        """What goes with the kind that was found."""
        value = self._value
        self._value = None
        return value

    cdef int find(self, bytes data) except -1:
        """The kind of what comes next, whose value is to be `taken`; NOTHING where `read` finds None."""
        cdef int kind
        cdef Py_ssize_t position = 0
        if PyBytes_GET_SIZE(self._data):
            position = self._position
            if PyBytes_GET_SIZE(data):
                data = self._data[position:] + data
                position = 0
            else:
                data = self._data
        if self._quick:
            kind = self._whole(data, position)
            if kind != NOTHING:
                return kind
        elif self.ended:
            return NOTHING
        self._data, self._position, self.hungry = data, position, False
        for _ in range(FRAMES_AT_ONCE):
            kind = self._payload() if self._left else self._frame()
            if kind != NOTHING:
                return kind
            if self.hungry:
                break
        return NOTHING

    cdef inline int _whole(self, bytes data, Py_ssize_t begin) except -1:
        cdef const byte *bits = <const byte *>PyBytes_AS_STRING(data)
        cdef Py_ssize_t end = PyBytes_GET_SIZE(data), position = begin, start, number
        cdef uint64_t size
        cdef int kind
        number = acks_at(bits, begin, end, &position)
        if number:
            if self.frames + <uint64_t>number > self._frames_max:
                return NOTHING
            self.frames += <uint64_t>number
            self._value = number
            kind = ACKS
        elif begin < end and bits[begin] == (FINAL | BINARY):
            start = payload_start(bits, begin, end, &size)
            if not start or bits[begin + 1] < MASKED:
                return NOTHING
            if size > <uint64_t>(end - start) or size > self._kept_bytes_max or self.frames >= self._frames_max:
                return NOTHING
            self.frames += 1
            position = start + <Py_ssize_t>size
            self._value = unmasked(bits + start, <Py_ssize_t>size, bits + start - MASK_BYTES)
            kind = BINARY
        else:
            return NOTHING
        if position < end:
            self._data, self._position, self.hungry = data, position, False
        elif PyBytes_GET_SIZE(self._data):
            self._data, self._position, self.hungry = b"", 0, True
        return kind

    cpdef stop(self):
        self.ended = self.hungry = True
        self._quick = False
        self._data, self._position, self._left = b"", 0, 0
        self._message = None

    cdef int _frame(self) except -1:
        cdef const byte *bits = <const byte *>PyBytes_AS_STRING(self._data)
        cdef Py_ssize_t position = self._position, end = PyBytes_GET_SIZE(self._data), start
        cdef byte opcode
        cdef uint64_t size
        if end - position < 2:
            return self._starve()
        wrong = self._wrong(bits[position], bits[position + 1])
        if wrong is not None:
            return self._breach(1002, wrong)
        opcode = bits[position] & 0x0F
        start = payload_start(bits, position, end, &size)
        if not start or (opcode >= CLOSE and size > <uint64_t>(end - start)):
            return self._starve()
        self.frames += 1
        if self.frames > self._frames_max:
            return self._end(FLOOD, self._frames_max)
        if self._from_client:
            memcpy(self._mask, bits + start - MASK_BYTES, MASK_BYTES)
        if opcode >= CLOSE:
            return self._control(opcode, start, <Py_ssize_t>size)
        self._quick = False
        if opcode:
            self._opcode = opcode
        self._final = bits[position] >= FINAL
        self._fragments += 1
        self._left = size
        self._position = start
        if size >> 63:
            return self._breach(1002, b"a length below 2^63")
        self._length += size
        if self._length > self._message_bytes_max:
            return self._end(OVERSIZED, self._length)
        if self._fragments > self._message_frames_max:
            return self._end(FLOOD, self._message_frames_max)
        return self._payload()

    cdef bytes _wrong(self, byte first, byte second):
        cdef byte opcode = first & 0x0F
        if first & 0x70:
            return b"reserved bits of 0"
        if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            return b"a known opcode"
        if (second >= MASKED) != self._from_client:
            return b"a masked frame" if self._from_client else b"an unmasked frame"
        if opcode >= CLOSE:
            if first >= FINAL and second & 0x7F <= 125:
                return None
            return b"a control frame in one piece of at most 125 bytes"
        if opcode == CONTINUATION and not self._opcode:
            return b"a message to continue"
        if opcode != CONTINUATION and self._opcode:
            return b"the rest of the message that has begun"
        return None

    cdef int _control(self, byte opcode, Py_ssize_t start, Py_ssize_t size) except -1:
        cdef const byte *bits = <const byte *>PyBytes_AS_STRING(self._data) + start
        cdef bytes payload = unmasked(bits, size, self._mask)  # that of a server is all zero
        self._position = start + size
        if opcode != CLOSE:
            self._value = payload
            return opcode
        try:
            payload[2:].decode()
        except UnicodeDecodeError:
            return self._breach(1007, b"UTF-8 in the Close frame")
        if size and (size < 2 or int.from_bytes(payload[:2], "big") not in CLOSE_CODES):
            return self._breach(1002, b"a known code in the Close frame")
        return self._end(CLOSE, payload)

    cdef int _payload(self) except -1:
        cdef const byte *bits = <const byte *>PyBytes_AS_STRING(self._data)
        cdef Py_ssize_t start = self._position, end = PyBytes_GET_SIZE(self._data), had = self._kept(), size, kept
        cdef byte mask[MASK_BYTES]
        cdef bytes part
        cdef uint64_t length
        cdef int kind, at
        size = end - start
        if self._left < <uint64_t>size:
            size = <Py_ssize_t>self._left
        kept = size
        if self._kept_bytes_max - <uint64_t>had < <uint64_t>kept:
            kept = <Py_ssize_t>self._kept_bytes_max - had
        memcpy(mask, self._mask, MASK_BYTES)
        for at in range(MASK_BYTES):
            self._mask[at] = mask[(at + size) & 3]
        self._left -= <uint64_t>size
        self._position = start + size
        if had or self._left or not self._final:
            if self._message is None:
                self._message = bytearray()
            PyByteArray_Resize(self._message, had + kept)
            unmask(bits + start, <byte *>PyByteArray_AS_STRING(self._message) + had, kept, mask)
            if self._left or not self._final:
                return self._starve() if start + size == end else NOTHING
            part = bytes(self._message)
            self._message = None
        else:
            part = unmasked(bits + start, kept, mask)
        kind, length = self._opcode, self._length
        self._opcode, self._length, self._fragments = 0, 0, 0
        self._quick = self._from_client
        if start + size == end:
            self._starve()
        if length > <uint64_t>PyBytes_GET_SIZE(part):
            if kind == BINARY:
                self._value = (part, length)
                return CUT
        elif (
            kind == BINARY
            and self._from_client
            and is_plain_ack(<const byte *>PyBytes_AS_STRING(part), PyBytes_GET_SIZE(part))
        ):
            self._value = 1
            return ACKS
        self._value = part
        return kind

    cdef int _starve(self) except -1:
        self.hungry = True
        self._data = self._data[self._position :]
        self._position = 0
        return NOTHING

    cdef int _breach(self, int code, bytes expected) except -1:
        return self._end(BREACH, code.to_bytes(2, "big") + b"expected " + expected)

    cdef int _end(self, int kind, value) except -1:
        self.stop()
        self._value = value
        return kind


cdef inline bytes unmasked(const byte *source, Py_ssize_t size, const byte *mask):
    cdef bytes plain = PyBytes_FromStringAndSize(NULL, size)
    unmask(source, <byte *>PyBytes_AS_STRING(plain), size, mask)
    return plain


cdef inline Py_ssize_t payload_start(
    const byte *bits, Py_ssize_t position, Py_ssize_t end, uint64_t *size
) noexcept nogil:
    """Where the payload of the frame at `position` starts, and its size; 0 until its head is complete."""
    cdef Py_ssize_t start = position + 2
    cdef int wide = 0, at
    cdef byte length
    if end < start:
        return 0
    length = bits[position + 1] & 0x7F
    if length >= 126:
        wide = 2 if length == 126 else 8
    if bits[position + 1] & MASKED:
        if end < start + wide + MASK_BYTES:
            return 0
    elif end < start + wide:
        return 0
    size[0] = length
    if wide:
        size[0] = 0
        for at in range(wide):
            size[0] = size[0] << 8 | bits[start + at]
    return start + wide + (MASK_BYTES if bits[position + 1] & MASKED else 0)


cdef int PEER = traffic.PEER
cdef int LEAVING = traffic.LEAVING
cdef Py_ssize_t LARGE_BYTES = traffic.LARGE_BYTES


cdef class Outgoing:
    """As `tsock.gateway.traffic.Outgoing`."""

    cdef readonly object turns
    cdef object _call_soon
    cdef list _sockets

    def __init__(self, call_soon, settings):
        self.turns = Turns(call_soon, settings)
        self._call_soon = call_soon
        self._sockets = []

    cdef int add(self, Traffic socket) except -1:
        self._sockets.append(socket)
        if len(self._sockets) == 1:
            self._call_soon(self._flush)
        return 0

    def _flush(self):
        cdef Traffic socket
        sockets, self._sockets = self._sockets, []
        for socket in sockets:
            try:
                socket.hand_over()
            except Exception:  # one connection fails, never what others are to be sent
                log.exception("socket.failed")
                socket.drop()


cdef class Traffic:
    """As `tsock.gateway.traffic.Traffic`."""

    cdef readonly object transport
    cdef readonly object listener
    cdef readonly FrameReader reader
    cdef readonly Outgoing outgoing
    cdef public int waits
    cdef public bint heard
    cdef bint _is_trusted
    cdef bint _transport_is_empty  # known only after a look: others write to it, too, before a WebSocket does
    cdef int _socket               # -1 where bytes are not sent as they are
    cdef bytes _frame
    cdef list _more

    def __init__(self, transport, Outgoing outgoing):
        self.transport = transport
        self.outgoing = outgoing
        self._socket = -1
        socket = transport.get_extra_info("socket")
        if socket is not None and transport.get_extra_info("sslcontext") is None:
            self._socket = socket.fileno()

    def listen(self, listener):
        self.listener = listener
        limits = listener.limits
        self.reader = FrameReader(
            from_client=True,
            message_bytes_max=limits.packet_bytes_max,
            message_frames_max=limits.packet_frames_max,
            kept_bytes_max=min(limits.init_bytes_max, limits.packet_bytes_max),
            frames_max=limits.init_frames_max,
        )

    def trust(self):
        self._is_trusted = True
        self.reader.lift()

    def data_received(self, bytes data):
        cdef FrameReader reader = self.reader
        cdef uint64_t before = reader.frames
        cdef double stop_s = 0, now_s
        cdef int kind
        if self.waits:
            reader.feed(data)
            return
        kind = reader.find(data)
        while True:
            if kind == ACKS:
                reader.taken()
                self.heard = True
                if not self._is_trusted:
                    self.listener.premature_acks()
            elif kind == BINARY:
                self.heard = True
                self.listener.packet(reader.taken())
            elif kind != NOTHING:
                self.unusual((kind, reader.taken()))
            if reader.hungry or self.waits:
                return
            now_s = perf_counter()  # what came alone, as nearly all does, need not know the time
            turns = self.outgoing.turns
            if not stop_s:
                stop_s = now_s + <double>turns.turn_s
            if now_s > stop_s or reader.frames >= before + <uint64_t>turns.frames_per_turn:
                self.await_turn()
                return
            kind = reader.find(b"")

    def send(self, bytes frame, /):
        self.queue(frame)

    def flush(self):
        self.hand_over()

    def forget_unsent(self):
        self._frame = self._more = None

    # What Python calls by the names above; a subclass may not redefine it, which here costs nothing to know.

    cdef int queue(self, bytes frame) except -1:
        if self._frame is None:
            self._frame = frame
            if PyBytes_GET_SIZE(frame) < LARGE_BYTES:
                return self.outgoing.add(self)
        elif self._more is None:
            self._more = [self._frame, frame]
        else:
            self._more.append(frame)
        return self.hand_over() if PyBytes_GET_SIZE(frame) >= LARGE_BYTES else 0

    cdef int hand_over(self) except -1:
        if self._frame is None:
            return 0
        if self.waits & LEAVING or self.transport.is_closing():
            pass  # nothing follows the Close frame
        elif self.waits & PEER and self.transport.get_write_buffer_size() > self.listener.send_queue_bytes_max:
            self.listener.slow()
        else:
            self.write(self._frame if self._more is None else b"".join(self._more))
        self._frame = self._more = None
        return 0

    cdef int write(self, bytes data) except -1:
        cdef Py_ssize_t sent = 0
        if self._socket >= 0:
            if not self._transport_is_empty:
                self._transport_is_empty = not self.transport.get_write_buffer_size()
            if self._transport_is_empty:
                sent = send(self._socket, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), 0)
                if sent == PyBytes_GET_SIZE(data):
                    return 0
                self._transport_is_empty = False
        # It finds out for itself what is wrong, where anything is.
        self.transport.write(data[sent:] if sent > 0 else data)
        return 0

    def let_go(self):
        self._frame = self._more = None
        self.listener = self.reader = None


def send_to_all(audience, bytes frame, list authors):
    """As `tsock.gateway.traffic.send_to_all`."""
    cdef list found = []
    for subscriber in audience:
        if authors and subscriber.number in authors:
            found.append(subscriber)
        else:
            subscriber.send(frame)
    return found
