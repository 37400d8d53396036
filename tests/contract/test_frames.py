"""The contract of a frame reader, kept by every implementation (RFC 6455, 5; `tsock.wire.frame_reader`)."""

import tracemalloc
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.frames import CloseCode, Opcode
from websockets.frames import Frame as PeerFrame
from websockets.protocol import OPEN, Side
from websockets.protocol import Protocol as Core

from tsock.gateway import native
from tsock.wire import acks
from tsock.wire.client import ack
from tsock.wire.frame_reader import ACKS, BREACH, CUT, FLOOD, OVERSIZED, Found, FrameReader
from tsock.wire.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

SIZE_MAX = 70_000
FRAMES_MAX = 20
HEAD_BYTES_MAX = 14 + 125
"""A head, and all of a control frame, may have to be kept until it is complete."""
MASK = b"\x01\x80\xfe\x37"
ROLES = {"client": MASK, "server": b""}
"""Whose frames are read, and how it masks them."""

Make = Callable[..., FrameReader]


READERS: dict[str, Callable[..., FrameReader]] = {"python": FrameReader}
if native.missing is None:
    from tsock.gateway import compiled

    READERS["compiled"] = compiled.FrameReader


@pytest.fixture(params=[*READERS.values()], ids=[*READERS], scope="session")
def make(request: pytest.FixtureRequest) -> Make:
    """Makes a reader of some implementation."""

    def made(role: str = "client", **limits: Any) -> FrameReader:
        limits = {"message_bytes_max": SIZE_MAX, "message_frames_max": FRAMES_MAX, **limits}
        return request.param(from_client=role == "client", **limits)

    return made


def found_in(reader: FrameReader, chunks: Iterable[bytes]) -> list[Found]:
    """What is found, in order; neighbouring acknowledgements are counted together."""
    found: list[Found] = []
    for chunk in chunks:
        one = reader.read(chunk)
        while one is not None or not reader.hungry:
            if one is None:
                one = reader.read()
                continue
            if one[0] == ACKS and found and found[-1][0] == ACKS:
                one = (ACKS, found.pop()[1] + one[1])
            found.append(one)
            one = reader.read()
    return found


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """`data` in pieces, cut at these places."""
    places = sorted({place % (len(data) + 1) for place in places})
    return [data[start:stop] for start, stop in zip([0, *places], [*places, len(data)], strict=True)]


PLACES = st.lists(st.integers(0, 10**6), max_size=8)
PLAIN_ACK = ack("TM" + "7" * 32)
KOTLIN_ACK = acks.KOTLIN.head + b"7" * 32 + acks.KOTLIN.tail
PAYLOADS = (
    st.binary(max_size=150)
    | st.sampled_from([PLAIN_ACK, KOTLIN_ACK, PLAIN_ACK[:-1]])
    | st.sampled_from([0, 125, 126, 65_535, 65_536])
)
"""Bytes, or so many of them."""
Written = tuple[bytes | int, int, bool, bytes]
FRAMES = st.tuples(
    PAYLOADS,
    st.sampled_from([BINARY, BINARY, CONTINUATION, TEXT, PING, PONG, CLOSE, 0x3, 0xB]),
    st.booleans() | st.just(True),
    st.sampled_from([MASK, MASK, b"\0\0\0\0", b"abcd", b""]),
)
"""Frames as they may come from anybody, mostly sound."""


def written(frames: list[Written]) -> bytes:
    return b"".join(
        frame(b"x" * payload if isinstance(payload, int) else payload, opcode, final=final, mask=mask)
        for payload, opcode, final, mask in frames
    )


# Whatever arrives, however it is cut.


@settings(deadline=None)
@given(frames=st.lists(FRAMES, max_size=8), junk=st.binary(max_size=20), places=PLACES)
@pytest.mark.parametrize("role", ROLES)
def test_any_cutting_of_the_stream_gives_the_same_result(
    make: Make,
    role: str,
    frames: list[Written],
    junk: bytes,
    places: list[int],
) -> None:
    data = written(frames) + junk
    whole, pieces = make(role), make(role)
    assert found_in(whole, [data]) == found_in(pieces, cut(data, places))
    assert (whole.frames, whole.ended, whole.held_bytes) == (pieces.frames, pieces.ended, pieces.held_bytes)


@settings(deadline=None)
@given(data=st.binary(max_size=80), places=PLACES)
@pytest.mark.parametrize("role", ROLES)
def test_any_bytes_are_read_without_an_exception_and_within_memory(
    make: Make, role: str, data: bytes, places: list[int]
) -> None:
    reader = make(role, message_bytes_max=50)
    for chunk in cut(data, places):
        found_in(reader, [chunk])
        assert reader.held_bytes <= 50 + HEAD_BYTES_MAX


@settings(deadline=None)
@given(frames=st.lists(FRAMES, max_size=8), places=PLACES)
def test_what_is_kept_of_messages_is_bounded(make: Make, frames: list[Written], places: list[int]) -> None:
    reader = make(kept_bytes_max=40)
    for chunk in cut(written(frames), places):
        for kind, value in found_in(reader, [chunk]):
            assert kind != BINARY or len(value) <= 40
        assert reader.held_bytes <= 40 + HEAD_BYTES_MAX


def test_byte_by_byte_is_as_good_as_at_once(make: Make) -> None:
    data = frame(b"one", mask=MASK) + frame(b"p", PING, mask=MASK) + frame(b"x" * 300, mask=MASK)
    assert found_in(make(), (bytes([byte]) for byte in data)) == [
        (BINARY, b"one"),
        (PING, b"p"),
        (BINARY, b"x" * 300),
    ]


# The parser of the websockets library as the reference.


def reference(role: str, data: bytes) -> list[Found]:
    """What that library finds; its code for a breach stands for the whole of it."""
    core = Core(Side.SERVER if role == "client" else Side.CLIENT, state=OPEN, max_size=SIZE_MAX)
    core.receive_data(data)
    found: list[Found] = []
    opcode, message = Opcode.CONT, b""
    for event in core.events_received():
        assert isinstance(event, PeerFrame)
        if event.opcode in (Opcode.PING, Opcode.PONG, Opcode.CLOSE):
            found.append((event.opcode, bytes(event.data)))
            continue
        opcode, message = event.opcode or opcode, message + event.data
        if event.fin:
            found.append((int(opcode), message))
            message = b""
    if core.close_rcvd is not None:
        if not found or found[-1][0] != CLOSE:  # it keeps the event back where the frame interrupts a message
            close = core.close_rcvd
            found.append((CLOSE, b"" if close.code == CloseCode.NO_STATUS_RCVD else close.serialize()))
    elif core.close_sent is not None:
        found.append((OVERSIZED, None) if core.close_sent.code == 1009 else (BREACH, core.close_sent.code))
    return found


def comparable(found: Found) -> list[Found]:
    kind, value = found
    if kind == BREACH and isinstance(value, bytes):
        return [(BREACH, int.from_bytes(value[:2], "big"))]
    if kind == OVERSIZED:
        return [(OVERSIZED, None)]
    if kind == ACKS:
        return [(ACKS, 1)] * value
    return [(ACKS, 1)] if found in ((BINARY, PLAIN_ACK), (BINARY, KOTLIN_ACK)) else [found]


@settings(deadline=None)
@given(frames=st.lists(FRAMES, max_size=8))
@example([(b"one", BINARY, False, MASK), (b"", CLOSE, True, MASK)])
@example([(b"one", BINARY, False, b""), (b"\x03\xe8bye", CLOSE, True, b"")])
@pytest.mark.parametrize("role", ROLES)
def test_frames_are_read_as_by_the_websockets_library(make: Make, role: str, frames: list[Written]) -> None:
    data = written(frames)
    ours = [one for found in found_in(make(role), [data]) for one in comparable(found)]
    theirs = [each for one in reference(role, data) for each in comparable(one)]
    if {*ours[-1:], *theirs[-1:]} == {(OVERSIZED, None), (BREACH, 1002)}:
        ours, theirs = ours[:-1], theirs[:-1]  # a frame too large and out of turn is refused for either
    assert ours == theirs


@settings(deadline=None)
@given(data=st.binary(max_size=80))
@pytest.mark.parametrize("role", ROLES)
def test_any_bytes_are_read_as_by_the_websockets_library(make: Make, role: str, data: bytes) -> None:
    ours = [one for found in found_in(make(role), [data]) for one in comparable(found)]
    theirs = [each for one in reference(role, data) for each in comparable(one)]
    if ours and ours[-1][0] in (BREACH, OVERSIZED):  # theirs is told later, and of several faults another one
        ours, theirs = ours[:-1], [one for one in theirs if one[0] not in (BREACH, OVERSIZED)]
    assert ours == theirs


# The rules, one by one.


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_message_of_each_form_of_length_is_found(make: Make, role: str, size: int) -> None:
    data = frame(b"x" * size, mask=ROLES[role])
    assert found_in(make(role), [data * 2]) == [(BINARY, b"x" * size)] * 2


@pytest.mark.parametrize("head", [b"\x82\xfe\x00\x02", b"\x82\xff" + b"\0" * 7 + b"\x02"])
def test_length_in_a_longer_form_than_needed_is_taken(make: Make, head: bytes) -> None:
    assert found_in(make(), [head + b"\0\0\0\0hi"]) == [(BINARY, b"hi")]


def test_fragments_are_joined_and_control_frames_between_them_found_first(make: Make) -> None:
    data = (
        frame(b"a", final=False, mask=MASK)
        + frame(b"1", PING, mask=MASK)
        + frame(b"", CONTINUATION, final=False, mask=MASK)
        + frame(b"2", PONG, mask=MASK)
        + frame(b"b", CONTINUATION, mask=b"wxyz")
    )
    assert found_in(make(), [data]) == [(PING, b"1"), (PONG, b"2"), (BINARY, b"ab")]


@pytest.mark.parametrize("parts", [[b"hello"], [b"hel", b"lo"]])
def test_text_is_told_from_binary(make: Make, parts: list[bytes]) -> None:
    last = len(parts) - 1
    data = b"".join(
        frame(part, CONTINUATION if number else TEXT, final=number == last, mask=MASK)
        for number, part in enumerate(parts)
    )
    assert found_in(make(), [data]) == [(TEXT, b"hello")]


@pytest.mark.parametrize(
    "garbage",
    [
        frame(b"not masked"),
        frame(b"x" * 10, 0x3, mask=MASK),
        frame(b"x" * 10, 0xB, mask=MASK),
        b"\xf2" + frame(b"compressed", mask=MASK)[1:],
        frame(b"no message begun", CONTINUATION, mask=MASK),
        frame(b"begun", final=False, mask=MASK) + frame(b"begun again", mask=MASK),
        frame(b"begun", final=False, mask=MASK) + frame(PLAIN_ACK, mask=MASK),
        frame(b"x" * 126, PING, mask=MASK),
        frame(b"cut", PING, final=False, mask=MASK),
        frame(b"\x03", CLOSE, mask=MASK),
        frame(b"\x03\xed", CLOSE, mask=MASK),
        b"\x82\xff\x80" + b"\0" * 7 + MASK,
    ],
    ids=[
        "unmasked",
        "opcode",
        "control opcode",
        "reserved bit",
        "continuation",
        "interrupted",
        "interrupted by an ack",
        "long ping",
        "cut ping",
        "half a close code",
        "close code",
        "top bit of the length",
    ],
)
def test_breach_ends_the_stream_with_1002(make: Make, garbage: bytes) -> None:
    reader = make()
    before, breach = found_in(reader, [frame(b"before", mask=MASK), garbage, frame(b"after", mask=MASK)])
    assert before == (BINARY, b"before")
    assert (breach[0], breach[1][:2]) == (BREACH, b"\x03\xea")
    assert 2 < len(breach[1]) <= 125
    assert breach[1][2:].decode().isprintable()
    assert (reader.ended, reader.hungry, reader.held_bytes) == (True, True, 0)


def test_masked_frame_from_a_server_is_a_breach(make: Make) -> None:
    ((kind, value),) = found_in(make("server"), [frame(b"masked", mask=MASK)])
    assert (kind, value[:2]) == (BREACH, b"\x03\xea")


def test_reason_of_a_close_that_is_no_text_is_a_breach_with_1007(make: Make) -> None:
    ((kind, value),) = found_in(make(), [frame(b"\x03\xe8\xff", CLOSE, mask=MASK)])
    assert (kind, value[:2]) == (BREACH, b"\x03\xef")


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe8bye", b"\x0f\xa0"])
def test_nothing_follows_a_close(make: Make, payload: bytes) -> None:
    reader = make()
    data = frame(payload, CLOSE, mask=MASK) + frame(b"after", mask=MASK)
    assert found_in(reader, [data, data]) == [(CLOSE, payload)]
    assert (reader.ended, reader.held_bytes) == (True, 0)


# Acknowledgements.


def test_plain_acks_are_counted_and_others_are_messages(make: Make) -> None:
    plain, odd = frame(PLAIN_ACK, mask=MASK), PLAIN_ACK.replace(b"200", b"400")
    data = plain * 3 + frame(odd, mask=b"abcd") + frame(PLAIN_ACK, mask=b"\0\0\0\0") * 2 + plain[:9]
    reader = make()
    assert found_in(reader, [data, plain[9:]]) == [(ACKS, 3), (BINARY, odd), (ACKS, 3)]
    assert reader.frames == 7


def test_plain_acks_of_both_clients_are_counted(make: Make) -> None:
    one, other = frame(PLAIN_ACK, mask=MASK), frame(KOTLIN_ACK, mask=b"abcd")
    assert found_in(make(), [one * 2 + other * 3 + one]) == [(ACKS, 6)]


def test_little_is_looked_at_at_once(make: Make) -> None:
    """So that whoever has much to be read can wait his turn."""
    for data in (frame(PLAIN_ACK, mask=MASK), frame(KOTLIN_ACK, mask=MASK), frame(b"", PONG, mask=MASK)):
        reader = make()
        found = reader.read(data * 500)
        assert reader.frames <= 64
        assert found in ((ACKS, reader.frames), (PONG, b""))
        assert not reader.hungry
    reader = make(message_frames_max=1000)
    empty = frame(b"", CONTINUATION, final=False, mask=MASK)
    assert reader.read(frame(b"a", final=False, mask=MASK) + empty * 500) is None
    assert (reader.frames <= 64, reader.hungry) == (True, False)


def test_what_was_fed_is_found_in_its_place(make: Make) -> None:
    reader = make()
    one, two, plain = (frame(text, mask=MASK) for text in (b"one", b"two", PLAIN_ACK))
    reader.feed(plain + one[:4])
    assert not reader.hungry
    reader.feed(one[4:] + two)
    assert found_in(reader, [plain]) == [(ACKS, 1), (BINARY, b"one"), (BINARY, b"two"), (ACKS, 1)]


def test_server_acknowledges_nothing_by_sight(make: Make) -> None:
    assert found_in(make("server"), [frame(PLAIN_ACK)]) == [(BINARY, PLAIN_ACK)]


# Limits.


def test_message_of_the_largest_size_is_found_and_one_byte_more_is_oversized(make: Make) -> None:
    data = frame(b"x" * SIZE_MAX, mask=MASK) + frame(b"y" * (SIZE_MAX + 1), mask=MASK)
    assert found_in(make(), [data]) == [(BINARY, b"x" * SIZE_MAX), (OVERSIZED, SIZE_MAX + 1)]


def test_message_is_oversized_as_soon_as_it_is_announced(make: Make) -> None:
    assert found_in(make(), [b"\x82\xff" + (2**62).to_bytes(8, "big") + MASK]) == [(OVERSIZED, 2**62)]
    parts = frame(b"x" * SIZE_MAX, final=False, mask=MASK) + frame(b"y", CONTINUATION, mask=MASK)[:6]
    assert found_in(make(), [parts]) == [(OVERSIZED, SIZE_MAX + 1)]


def test_message_of_too_many_fragments_is_a_flood_however_empty(make: Make) -> None:
    begun, empty = frame(b"a", final=False, mask=MASK), frame(b"", CONTINUATION, final=False, mask=MASK)
    last = frame(b"b", CONTINUATION, mask=MASK)
    reader = make()
    assert found_in(reader, [begun + empty * (FRAMES_MAX - 2) + last]) == [(BINARY, b"ab")]
    assert found_in(reader, [begun + empty * (FRAMES_MAX - 1) + last]) == [(FLOOD, FRAMES_MAX)]
    assert reader.ended


@pytest.mark.parametrize("opcode", [BINARY, PING])
def test_more_frames_than_there_may_be_are_a_flood_until_the_limit_is_lifted(make: Make, opcode: int) -> None:
    one = frame(b"x", opcode, mask=MASK)
    assert found_in(make(frames_max=3), [one * 5]) == [(opcode, b"x")] * 3 + [(FLOOD, 3)]
    reader = make(frames_max=3)
    assert found_in(reader, [one * 3]) == [(opcode, b"x")] * 3
    reader.lift()
    assert found_in(reader, [one * 5]) == [(opcode, b"x")] * 5


@pytest.mark.parametrize("fragments", [1, 3])
def test_of_a_long_message_the_beginning_is_kept_and_the_rest_passes_by(make: Make, fragments: int) -> None:
    text = bytes(range(256)) * 120
    parts = cut(text, range(0, len(text), len(text) // fragments))[1:]
    last = len(parts) - 1
    data = b"".join(
        frame(part, CONTINUATION if number else BINARY, final=number == last, mask=MASK)
        for number, part in enumerate(parts)
    )
    reader = make(kept_bytes_max=1000)
    for chunk in cut(data, range(0, len(data) - 1, 777)):
        assert (found := found_in(reader, [chunk])) == [] or found == [(CUT, (text[:1000], len(text)))]
        assert reader.held_bytes <= 1000 + HEAD_BYTES_MAX
    assert reader.held_bytes == 0
    reader.lift()
    assert found_in(reader, [data]) == [(BINARY, text)]


def test_nothing_is_held_between_messages_nor_more_than_arrived_within_one(make: Make) -> None:
    reader = make(message_bytes_max=2**20)
    data = frame(b"x" * 2**20, mask=MASK)
    one, two, rest = data[: 2**16], data[2**16 : 2**17], data[2**17 :]
    tracemalloc.start()
    try:
        found_in(reader, [one, two])
        assert tracemalloc.get_traced_memory()[0] <= 1.25 * 2**17
        assert [(kind, len(value)) for kind, value in found_in(reader, [rest])] == [(BINARY, 2**20)]
        assert (reader.held_bytes, tracemalloc.get_traced_memory()[0] < 2**12) == (0, True)
    finally:
        tracemalloc.stop()


def test_reader_that_is_stopped_finds_nothing_more(make: Make) -> None:
    reader = make()
    reader.feed(frame(b"one", mask=MASK) * 2 + frame(b"two", mask=MASK)[:4])
    assert reader.read() == (BINARY, b"one")
    reader.stop()
    assert reader.read() is None
    assert found_in(reader, [frame(b"three", mask=MASK)]) == []
    assert (reader.ended, reader.held_bytes) == (True, 0)
