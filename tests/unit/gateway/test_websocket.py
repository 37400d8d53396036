"""WebSocket frames to packets, however the bytes are cut (RFC 6455; `twilsock.md` 1)."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.transport import AT_ONCE, Frame, Transport, frame, frames
from tsock.gateway.websocket import Outgoing, WebSocket
from tsock.wire.client import ack
from tsock.wire.frame import Limits
from tsock.wire.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

SIZE_MAX = 70_000
FRAMES_MAX = 50
SEND_QUEUE_BYTES = 100_000
GOODBYE = b"\x88\x00"


class Heard:
    """Notes what a WebSocket tells, in order, and ends it as a session does."""

    def __init__(self, socket: WebSocket, packet_bytes_max: int) -> None:
        self.limits = Limits(packet_bytes_max=packet_bytes_max, packet_frames_max=FRAMES_MAX)
        self.send_queue_bytes_max = SEND_QUEUE_BYTES
        self.on_packet: Callable[[], None] = lambda: None
        self.told: list[object] = []
        self._socket = socket

    def packet(self, packet: bytes) -> None:
        self.told.append(bytes(packet))
        self.on_packet()

    def acks(self, number: int) -> None:
        self.told += ["ack"] * number

    def text(self) -> None:
        self.told.append("text")
        self._socket.close()

    def oversized(self) -> None:
        self.told.append("oversized")
        self._socket.close()

    def flood(self) -> None:
        self.told.append("flood")
        self._socket.close()

    def slow(self) -> None:
        self.told.append("slow")
        self._socket.drop()

    def gone(self) -> None:
        self.told.append("gone")


class Peer:
    """A client on one WebSocket."""

    def __init__(self, packet_bytes_max: int = SIZE_MAX) -> None:
        self.transport = Transport()
        self.socket = WebSocket(self.transport, AT_ONCE)
        self.heard = Heard(self.socket, packet_bytes_max)
        self.socket.listen(self.heard)

    def feed(self, chunks: Iterable[bytes]) -> None:
        """Deliver bytes; a closed transport reads no more."""
        for chunk in chunks:
            if not self.transport.closing:
                self.socket.data_received(chunk)

    @property
    def told(self) -> list[object]:
        return self.heard.told

    def answered(self) -> list[Frame]:
        return frames(bytes(self.transport.sent))


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """`data` in pieces, cut at these places."""
    places = sorted({place % (len(data) + 1) for place in places})
    return [data[start:stop] for start, stop in zip([0, *places], [*places, len(data)], strict=True)]


PLACES = st.lists(st.integers(0, 10**6), max_size=8)
PACKETS = st.lists(
    st.binary(max_size=200) | st.sampled_from([b"", b"x" * 125, b"x" * 126, b"x" * 65_535, b"x" * 65_536]),
    max_size=5,
)
MASKS = st.binary(min_size=4, max_size=4)


@given(packets=PACKETS, places=PLACES, mask=MASKS)
def test_packets_arrive_whole_and_in_order_however_the_bytes_are_cut(
    packets: list[bytes], places: list[int], mask: bytes
) -> None:
    peer = Peer()
    peer.feed(cut(b"".join(frame(packet, mask=mask) for packet in packets), places))
    assert peer.told == packets
    assert peer.transport.sent == b""


MESSAGES = st.lists(
    st.tuples(
        st.lists(st.binary(max_size=40), min_size=1, max_size=4),
        st.booleans(),
    ),
    max_size=5,
)


@given(messages=MESSAGES, places=PLACES)
def test_fragments_are_joined_and_pings_between_them_answered(
    messages: list[tuple[list[bytes], bool]], places: list[int]
) -> None:
    sent = bytearray()
    pings: list[Frame] = []
    for parts, with_ping in messages:
        for number, part in enumerate(parts):
            opcode = BINARY if number == 0 else CONTINUATION
            sent += frame(part, opcode, fin=number == len(parts) - 1)
            if with_ping:
                said = b"%d of %d" % (number, len(parts))
                sent += frame(said, PING)
                pings.append(Frame(PONG, said))
    peer = Peer()
    peer.feed(cut(bytes(sent), places))
    assert peer.told == [b"".join(parts) for parts, _ in messages]
    assert peer.answered() == pings
    assert not peer.transport.closing


def test_byte_by_byte_is_as_good_as_at_once() -> None:
    peer = Peer()
    data = frame(b"one") + frame(b"p", PING) + frame(b"two") + frame(b"x" * 300)
    peer.feed(bytes([byte]) for byte in data)
    assert peer.told == [b"one", b"two", b"x" * 300]
    assert peer.answered() == [Frame(PONG, b"p")]


def test_pong_is_ignored() -> None:
    peer = Peer()
    peer.feed([frame(b"", PONG), frame(b"after")])
    assert peer.told == [b"after"]
    assert peer.transport.sent == b""


def test_packet_of_the_largest_size_is_taken_and_one_byte_more_is_oversized() -> None:
    peer = Peer(packet_bytes_max=1000)
    peer.feed([frame(b"x" * 1000) + frame(b"y" * 1001)])
    assert peer.told == [b"x" * 1000, "oversized"]
    assert peer.transport.sent == GOODBYE
    assert peer.transport.closing


def test_oversized_packet_is_refused_by_its_announced_size_before_it_arrives() -> None:
    peer = Peer(packet_bytes_max=1000)
    peer.feed([b"\x82\xff" + (2**62).to_bytes(8, "big") + b"mask"])
    assert peer.told == ["oversized"]


@pytest.mark.parametrize("sizes", [(600, 401), (1001, 0), (0, 600, 401)])
def test_fragments_that_together_exceed_the_size_are_oversized(sizes: tuple[int, ...]) -> None:
    peer = Peer(packet_bytes_max=1000)
    for number, size in enumerate(sizes):
        opcode = BINARY if number == 0 else CONTINUATION
        peer.feed([frame(b"x" * size, opcode, fin=number == len(sizes) - 1)])
    assert peer.told == ["oversized"]
    assert peer.transport.sent == GOODBYE


def test_packet_of_too_many_frames_is_a_flood() -> None:
    peer = Peer()
    fragments = [frame(b"a", fin=False)] + [frame(b"", CONTINUATION, fin=False)] * (FRAMES_MAX - 2)
    peer.feed([*fragments, frame(b"b", CONTINUATION)])
    assert peer.told == [b"ab"]
    peer.feed([*fragments, frame(b"", CONTINUATION, fin=False) * 2, frame(b"b", CONTINUATION)])
    assert peer.told == [b"ab", "flood"]
    assert peer.transport.sent == GOODBYE


def test_plain_acknowledgements_are_counted_in_their_place() -> None:
    peer = Peer()
    plain = frame(ack("TM" + "0" * 32))
    peer.feed([plain * 3 + frame(b"one") + plain, plain[:100], plain[100:] + frame(b"two")])
    assert peer.told == ["ack", "ack", "ack", b"one", "ack", "ack", b"two"]


@pytest.mark.parametrize("parts", [[b"hello"], [b"hel", b"lo"]])
def test_text_message_is_told_as_such(parts: list[bytes]) -> None:
    peer = Peer()
    for number, part in enumerate(parts):
        opcode = TEXT if number == 0 else CONTINUATION
        peer.feed([frame(part, opcode, fin=number == len(parts) - 1)])
    assert peer.told == ["text"]
    assert peer.transport.sent == GOODBYE


@pytest.mark.parametrize(
    "garbage",
    [
        frame(b"not masked", mask=b""),
        frame(b"x" * 10, 0x3),
        b"\xf2" + frame(b"compressed")[1:],
        frame(b"no message begun", CONTINUATION),
        frame(b"begun", fin=False) + frame(b"begun again"),
        frame(b"x" * 126, PING),
        frame(b"cut", PING, fin=False),
    ],
    ids=["unmasked", "opcode", "reserved bit", "continuation", "interrupted", "long ping", "cut ping"],
)
def test_breach_of_the_websocket_protocol_closes_with_1002(garbage: bytes) -> None:
    peer = Peer()
    peer.feed([frame(b"before"), garbage, frame(b"after")])
    assert peer.told == [b"before"]
    assert [(one.opcode, one.payload[:2]) for one in peer.answered()] == [(CLOSE, b"\x03\xea")]
    assert peer.transport.closing


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe8bye"])
def test_close_of_the_client_is_answered_in_kind_and_ends_the_socket(payload: bytes) -> None:
    peer = Peer()
    peer.feed([frame(b"before") + frame(payload, CLOSE) + frame(b"after")])
    assert peer.told == [b"before"]
    assert peer.answered() == [Frame(CLOSE, payload)]
    assert peer.transport.closing


def test_large_frames_do_not_pile_up_until_the_turn_ends() -> None:
    """One turn may carry out many requests, each answered with a page of a megabyte."""
    transport = Transport()
    socket = WebSocket(transport, Outgoing(lambda flush: None))
    socket.send(b"small")
    assert transport.sent == b""
    socket.send(large := b"x" * 1024 * 1024)
    assert transport.sent == b"small" + large


def test_close_flushes_what_was_sent_and_is_said_once() -> None:
    peer = Peer()
    peer.socket.send(b"\x82\x01x")
    peer.socket.close()
    peer.socket.close()
    assert peer.transport.sent == b"\x82\x01x" + GOODBYE
    assert not peer.transport.aborted


def test_drop_says_nothing() -> None:
    peer = Peer()
    peer.socket.drop()
    assert peer.transport.sent == b""
    assert peer.transport.aborted


def test_end_is_told() -> None:
    peer = Peer()
    assert peer.socket.eof_received() is None
    peer.socket.connection_lost(None)
    assert peer.told == ["gone"]


def test_peer_that_does_not_read_is_not_read_until_it_does() -> None:
    peer = Peer()
    peer.socket.pause_writing()
    peer.feed([frame(b"one"), frame(b"two")[:4]])
    assert (peer.told, peer.transport.reading) == ([], False)
    peer.socket.resume_writing()
    assert (peer.told, peer.transport.reading) == ([b"one"], True)
    peer.feed([frame(b"two")[4:]])
    assert peer.told == [b"one", b"two"]


def test_pause_within_a_chunk_leaves_the_rest_for_later() -> None:
    peer = Peer()
    peer.heard.on_packet = peer.socket.pause_writing
    peer.feed([frame(b"one") + frame(b"two")])
    assert peer.told == [b"one"]
    peer.heard.on_packet = lambda: None
    peer.socket.resume_writing()
    assert peer.told == [b"one", b"two"]


def test_peer_is_slow_once_more_is_to_follow_than_may_wait() -> None:
    peer = Peer()
    peer.transport.waiting_bytes = SEND_QUEUE_BYTES
    peer.socket.pause_writing()
    peer.socket.send(b"fits")
    assert peer.told == []
    peer.transport.waiting_bytes = SEND_QUEUE_BYTES + 1
    peer.socket.send(b"too much")
    assert peer.told == ["slow"]
    assert bytes(peer.transport.sent) == b"fits"


@given(data=st.binary(max_size=80), places=PLACES)
def test_any_bytes_end_in_packets_or_a_close_and_never_in_an_exception(
    data: bytes, places: list[int]
) -> None:
    peer = Peer(packet_bytes_max=50)
    peer.feed(cut(data, places))
    assert len(peer.told) <= len(data)
    assert all(one.opcode in (PONG, CLOSE) for one in peer.answered())


class Writes(Transport):
    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))


def test_frames_of_one_turn_leave_in_one_write_in_their_order() -> None:
    turns: list[Any] = []
    transport = Writes()
    socket = WebSocket(transport, Outgoing(turns.append))
    socket.send(b"one")
    socket.send(b"two")
    assert (transport.writes, len(turns)) == ([], 1)
    turns.pop()()
    socket.send(b"three")
    turns.pop()()
    assert transport.writes == [b"onetwo", b"three"]


def test_frames_queued_before_the_close_leave_before_it_and_none_after() -> None:
    turns: list[Any] = []
    transport = Transport()
    socket = WebSocket(transport, Outgoing(turns.append))
    socket.listen(Heard(socket, SIZE_MAX))
    socket.send(b"last words")
    socket.close()
    socket.send(b"too late")
    turns.pop()()
    assert bytes(transport.sent) == b"last words\x88\x00"


def test_what_arrives_behind_the_close_is_read_and_thrown_away() -> None:
    peer = Peer()
    peer.transport.stuck = True
    peer.socket.close()
    peer.socket.data_received(frame(b"too late"))
    assert (peer.told, peer.transport.reading, bytes(peer.transport.sent)) == ([], True, b"\x88\x00")
