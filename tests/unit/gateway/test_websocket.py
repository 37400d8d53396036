"""WebSocket frames to packets, however the bytes are cut (RFC 6455)."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.transport import AT_ONCE, Frame, Transport, frame, frames
from tsock.gateway.websocket import Outgoing, WebSocket
from tsock.settings import Settings
from tsock.wire.client import ack
from tsock.wire.frame import PacketLimits
from tsock.wire.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

SIZE_MAX = 70_000
FRAMES_MAX = 50
INIT_SIZE_MAX = 500
INIT_FRAMES_MAX = 5
SEND_QUEUE_BYTES = 100_000
GOODBYE = b"\x88\x00"


class Heard:
    """Notes what a WebSocket tells, in order, and ends it as a session does."""

    def __init__(self, socket: WebSocket, packet_bytes_max: int) -> None:
        self.limits = PacketLimits(
            packet_bytes_max=packet_bytes_max,
            packet_frames_max=FRAMES_MAX,
            init_bytes_max=INIT_SIZE_MAX,
            init_frames_max=INIT_FRAMES_MAX,
        )
        self.send_queue_bytes_max = SEND_QUEUE_BYTES
        self.on_packet: Callable[[], None] = lambda: None
        self.told: list[object] = []
        self._socket = socket

    def packet(self, packet: bytes) -> None:
        self.told.append(bytes(packet))
        self.on_packet()

    def premature_acks(self) -> None:
        self.told.append("acks")

    def text(self) -> None:
        self.told.append("text")
        self._socket.close()

    def cut(self, beginning: bytes, size: int) -> None:
        self.told.append((beginning, size))

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
    """A client on one WebSocket, which was let in unless a test says otherwise."""

    def __init__(
        self, packet_bytes_max: int = SIZE_MAX, outgoing: Outgoing = AT_ONCE, *, trusted: bool = True
    ) -> None:
        self.transport = Transport()
        self.socket = WebSocket(self.transport, outgoing)
        self.heard = Heard(self.socket, packet_bytes_max)
        self.socket.listen(self.heard)
        if trusted:
            self.socket.trust()

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


def test_little_is_kept_of_a_packet_until_the_peer_is_let_in() -> None:
    peer = Peer(trusted=False)
    text = bytes(range(250)) * 4
    peer.feed([frame(text[:300], fin=False), frame(text[300:], CONTINUATION), frame(text[:500])])
    assert peer.told == [(text[:INIT_SIZE_MAX], len(text)), text[:500]]
    peer.socket.trust()
    peer.feed([frame(text)])
    assert peer.told[2:] == [text]


@pytest.mark.parametrize("opcode", [PING, PONG])
def test_more_frames_than_an_init_needs_are_a_flood_until_the_peer_is_let_in(opcode: int) -> None:
    peer = Peer(trusted=False)
    peer.feed([frame(b"", opcode) * INIT_FRAMES_MAX])
    assert peer.told == []
    peer.feed([frame(b"", opcode)])
    assert peer.told == ["flood"]
    trusted = Peer()
    trusted.feed([frame(b"", opcode) * 100])
    assert trusted.told == []


def test_plain_acknowledgements_are_a_sign_of_life_and_nothing_else() -> None:
    peer = Peer()
    plain = frame(ack("TM" + "0" * 32))
    for pieces in ([plain * 3], [plain[:100], plain[100:]], [frame(b"one")]):
        peer.socket.heard = False
        peer.feed(pieces)
        assert peer.socket.heard
    assert peer.told == [b"one"]


def test_plain_acknowledgements_of_who_was_not_let_in_are_told_in_their_place() -> None:
    peer = Peer(trusted=False)
    peer.feed([frame(b"one") + frame(ack("TM" + "0" * 32)) * 2 + frame(b"two")])
    assert peer.told == [b"one", "acks", b"two"]


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
    socket = WebSocket(transport, Outgoing(lambda flush: None, Settings()))
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


def test_use_after_the_end_is_an_error_and_harms_nobody_else() -> None:
    peer = Peer()
    peer.socket.connection_lost(None)
    with pytest.raises(AttributeError):
        peer.socket.trust()
    with pytest.raises(AttributeError):
        peer.socket.data_received(frame(b"too late"))


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
    socket = WebSocket(transport, Outgoing(turns.append, Settings()))
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
    socket = WebSocket(transport, Outgoing(turns.append, Settings()))
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


# Turns.


class Rounds:
    """A loop whose rounds are run by hand."""

    def __init__(self, **settings: Any) -> None:
        self.due: list[Callable[[], None]] = []
        self.outgoing = Outgoing(self.due.append, Settings(**settings))

    def run(self) -> None:
        due = self.due[:]
        self.due.clear()
        for function in due:
            function()


def numbered(letter: bytes, count: int) -> bytes:
    return b"".join(frame(b"%b%d" % (letter, n)) for n in range(count))


def test_socket_is_read_a_turn_at_a_time_and_not_at_all_in_between() -> None:
    rounds = Rounds(socket_frames_per_turn=2, socket_turn_ms=1e-3)
    peer = Peer(outgoing=rounds.outgoing)
    peer.feed([numbered(b"a", 7)])
    seen = [len(peer.told)]
    while peer.socket.behind:
        assert not peer.transport.reading
        rounds.run()
        seen.append(len(peer.told))
    assert peer.told == [b"a%d" % n for n in range(7)]
    assert seen[0] <= 2
    assert all(after - before <= 2 for before, after in pairwise(seen))
    assert peer.transport.reading


def test_whoever_speaks_little_need_not_wait_for_those_with_more() -> None:
    rounds = Rounds(socket_frames_per_turn=2)
    busy, quiet = Peer(outgoing=rounds.outgoing), Peer(outgoing=rounds.outgoing)
    busy.feed([numbered(b"a", 1000)])
    quiet.feed([numbered(b"b", 1)])
    assert quiet.told == [b"b0"]
    assert len(busy.told) <= 2


def test_sockets_with_more_to_be_read_take_turns() -> None:
    rounds = Rounds(socket_frames_per_turn=2)
    told: list[bytes] = []
    peers = [Peer(outgoing=rounds.outgoing) for _ in range(3)]
    for peer in peers:
        peer.heard.on_packet = lambda peer=peer: told.append(peer.told[-1])  # type: ignore[misc]
    for letter, peer in zip((b"a", b"b", b"c"), peers, strict=True):
        peer.feed([numbered(letter, 40)])
    while rounds.due:
        rounds.run()
    assert [len(peer.told) for peer in peers] == [40] * 3
    for n in range(0, len(told), 6):
        assert {one[:1] for one in told[n : n + 6]} == {b"a", b"b", b"c"}


def test_what_arrives_while_a_socket_waits_is_read_in_its_order() -> None:
    rounds = Rounds(socket_frames_per_turn=2)
    peer = Peer(outgoing=rounds.outgoing)
    peer.feed([numbered(b"a", 5), numbered(b"b", 5)])
    while rounds.due:
        rounds.run()
    assert peer.told == [*(b"a%d" % n for n in range(5)), *(b"b%d" % n for n in range(5))]


def test_empty_fragments_and_acknowledgements_take_turns_too() -> None:
    rounds = Rounds(socket_frames_per_turn=100)
    peer = Peer(outgoing=rounds.outgoing)
    peer.feed([frame(ack("TM" + "0" * 32)) * 1000])
    assert peer.socket.reader.frames <= 200
    assert peer.socket.behind


@pytest.mark.parametrize("end", ["close", "drop", "lose", "leave"])
def test_socket_may_end_while_it_waits_for_its_turn(end: str) -> None:
    rounds = Rounds(socket_frames_per_turn=2)
    peer = Peer(outgoing=rounds.outgoing)
    peer.feed([numbered(b"a", 100)])
    told = len(peer.told)
    {
        "close": peer.socket.close,
        "drop": peer.socket.drop,
        "lose": lambda: peer.socket.connection_lost(None),
        "leave": peer.transport.close,
    }[end]()
    while rounds.due:
        rounds.run()
    assert len([one for one in peer.told if one != "gone"]) == told


def test_peer_that_does_not_read_loses_its_turn_until_it_does() -> None:
    rounds = Rounds(socket_frames_per_turn=2)
    peer = Peer(outgoing=rounds.outgoing)
    peer.feed([numbered(b"a", 10)])
    told = len(peer.told)
    peer.socket.pause_writing()
    while rounds.due:
        rounds.run()
    assert len(peer.told) == told
    peer.socket.resume_writing()
    while rounds.due:
        rounds.run()
    assert len(peer.told) == 10
    assert peer.transport.reading


def test_listener_may_hold_a_socket_and_release_it() -> None:
    peer = Peer()
    peer.heard.on_packet = peer.socket.hold
    peer.feed([numbered(b"a", 3)])
    assert (peer.told, peer.transport.reading, peer.socket.behind) == ([b"a0"], False, True)
    peer.heard.on_packet = lambda: None
    peer.socket.release()
    assert (len(peer.told), peer.transport.reading, peer.socket.behind) == (3, True, False)
