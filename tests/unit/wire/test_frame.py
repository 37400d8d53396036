import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.wire import frame
from tsock.wire.frame import MalformedPacket, PacketLimits

PING = bytes.fromhex(
    "54 57 49 4C 53 4F 43 4B 20 56 33 2E 30 20 34 35 0D 0A"
    "7B 22 6D 65 74 68 6F 64 22 3A 22 70 69 6E 67 22 2C 22 69 64 22 3A 22 54 4D 31 22 2C"
    "22 70 61 79 6C 6F 61 64 5F 73 69 7A 65 22 3A 30 7D"
    "0D 0A"
)


def first_line(length: int) -> bytes:
    return b"TWILSOCK V3.0 " + b"2".rjust(length - 14)


def test_encode_without_payload_ends_with_the_crlf_after_the_header():
    assert frame.encode(b'{"method":"ping","id":"TM1","payload_size":0}') == PING
    assert len(PING) == 65


def test_encode_with_payload_ends_with_a_crlf_that_no_size_counts():
    assert frame.encode(b'{"payload_size":2}', b"{}") == b'TWILSOCK V3.0 18\r\n{"payload_size":2}\r\n{}\r\n'


def test_encode_of_text_beyond_ascii_counts_bytes():
    assert frame.encode('{"id":"ü€"}'.encode()) == 'TWILSOCK V3.0 14\r\n{"id":"ü€"}\r\n'.encode()


@pytest.mark.parametrize(
    ("packet", "header", "rest"),
    [
        (PING, b'{"method":"ping","id":"TM1","payload_size":0}', b""),
        (b"TWILSOCK V3.0 2\r\n{}\r\nbody", b"{}", b"body"),
        (b"TWILSOCK V3.0 2\r\n{}\r\nbody\r\n", b"{}", b"body\r\n"),
        (b"TWILSOCK V3.0 2 \r\n{}\r\n", b"{}", b""),
        (b"TWILSOCK  V3.0   002\r\n{}\r\n", b"{}", b""),
        (b"TWILSOCK V3.0 4\r\n{\r\n}\r\n", b"{\r\n}", b""),
        (b"TWILSOCK V3.0 2\r\n{}\r\na\r\nb", b"{}", b"a\r\nb"),
        ('TWILSOCK V3.0 4\r\n"ü"\r\n'.encode(), '"ü"'.encode(), b""),
        (b"TWILSOCK V3.0 0\r\n\r\n", b"", b""),
        (first_line(64) + b"\r\n{}\r\n", b"{}", b""),
    ],
)
def test_decode_of_a_well_framed_packet_gives_header_and_rest(packet: bytes, header: bytes, rest: bytes):
    assert frame.decode(packet) == (header, rest)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\r\n",
        b"hello",
        b"GET / HTTP/1.1\r\n\r\n",
        b"TWILSOCK V3.0 2\n{}\n",
        b"TWILSOCK V3.1 2\r\n{}\r\n",
        b"TWILSOCK V2.0 2\r\n{}\r\n",
        b"twilsock v3.0 2\r\n{}\r\n",
        b" TWILSOCK V3.0 2\r\n{}\r\n",
        b"TWILSOCKV3.0 2\r\n{}\r\n",
        b"TWILSOCK V3.0\r\n{}\r\n",
        b"TWILSOCK V3.0 \r\n{}\r\n",
        b"TWILSOCK V3.0 2 2\r\n{}\r\n",
        b"TWILSOCK V3.0 -2\r\n{}\r\n",
        b"TWILSOCK V3.0 +2\r\n{}\r\n",
        b"TWILSOCK V3.0 0x2\r\n{}\r\n",
        b"TWILSOCK V3.0 2.0\r\n{}\r\n",
        "TWILSOCK V3.0 ٢\r\n{}\r\n".encode(),
        b"TWILSOCK V3.0 2\r\n",
        b"TWILSOCK V3.0 2\r\n{",
        b"TWILSOCK V3.0 2\r\n{}",
        b"TWILSOCK V3.0 2\r\n{}\r",
        b"TWILSOCK V3.0 2\r\n{}x\r\n",
        b"TWILSOCK V3.0 1\r\n{}\r\n",
        b"TWILSOCK V3.0 3\r\n{}\r\n",
        b"TWILSOCK V3.0 4\r\n{}\r\n",
        b"TWILSOCK V3.0 99999999999999999999999999999999999999\r\n{}\r\n",
        first_line(65) + b"\r\n{}\r\n",
    ],
)
def test_decode_of_a_badly_framed_packet_is_malformed(packet: bytes):
    with pytest.raises(MalformedPacket):
        frame.decode(packet)


@pytest.mark.parametrize(
    ("limits", "size_max"), [(PacketLimits(), 262_144), (PacketLimits(header_bytes_max=50), 50)]
)
def test_decode_of_the_largest_header_succeeds_and_of_one_byte_more_is_malformed(
    limits: PacketLimits, size_max: int
):
    largest = b"x" * size_max
    assert frame.decode(frame.encode(largest), limits) == (largest, b"")
    with pytest.raises(MalformedPacket, match=f"at most {size_max} bytes"):
        frame.decode(frame.encode(largest + b"x"), limits)


@pytest.mark.parametrize(
    ("limits", "size_max"), [(PacketLimits(), 1_048_576), (PacketLimits(packet_bytes_max=99), 99)]
)
def test_decode_of_the_largest_packet_succeeds_and_of_one_byte_more_is_malformed(
    limits: PacketLimits, size_max: int
):
    start = b"TWILSOCK V3.0 2\r\n{}\r\n"
    largest = start.ljust(size_max, b"x")
    assert frame.decode(largest, limits) == (b"{}", largest[len(start) :])
    with pytest.raises(MalformedPacket, match=f"at most {size_max} bytes"):
        frame.decode(largest + b"x", limits)


@pytest.mark.parametrize(("size", "payload"), [(0, b""), (3, b"abc"), (4, b"abcd"), (6, b"abcd\r\n")])
def test_payload_takes_the_announced_bytes_and_ignores_more(size: int, payload: bytes):
    assert frame.payload(b"abcd\r\n", size) == payload


def test_payload_larger_than_what_arrived_is_malformed():
    with pytest.raises(MalformedPacket, match="payload_size"):
        frame.payload(b"abcd\r\n", 7)


@given(header=st.binary(max_size=300), payload=st.binary(max_size=300), tail=st.binary(max_size=9))
def test_decode_of_what_encode_made_gives_the_same_bytes(header: bytes, payload: bytes, tail: bytes):
    read, rest = frame.decode(frame.encode(header, payload) + tail)
    assert (read, frame.payload(rest, len(payload))) == (header, payload)
