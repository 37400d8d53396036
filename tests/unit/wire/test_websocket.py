"""Frames as they are written, and where their parts are (RFC 6455, 5.2)."""

import pytest

from tsock.wire.websocket import BINARY, CONTINUATION, PING, binary_frame, frame, payload_span


@pytest.mark.parametrize(
    ("size", "start"),
    [
        (0, "82 00"),
        (1, "82 01"),
        (125, "82 7D"),
        (126, "82 7E 00 7E"),
        (256, "82 7E 01 00"),
        (65_535, "82 7E FF FF"),
        (65_536, "82 7F 00 00 00 00 00 01 00 00"),
        (1_048_576, "82 7F 00 00 00 00 00 10 00 00"),
    ],
)
def test_binary_frame_of_each_length_form_is_final_and_unmasked(size: int, start: str):
    packet = b"p" * size
    assert binary_frame(packet) == bytes.fromhex(start) + packet
    assert frame(packet) == binary_frame(packet)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("mask", [b"", b"abcd"], ids=["unmasked", "masked"])
def test_span_of_the_payload_is_known_once_the_head_is_complete(size: int, mask: bytes):
    data = b"before" + frame(b"x" * size, mask=mask) + b"behind"
    start, stop = len(data) - len(b"behind") - size, len(data) - len(b"behind")
    assert payload_span(data, 6) == (start, stop)
    assert payload_span(data[:start], 6) == (start, stop)
    assert all(payload_span(data[:end], 6) is None for end in range(6, start))


def test_frame_says_what_it_is():
    assert frame(b"hi", PING) == b"\x89\x02hi"
    assert frame(b"hi", final=False) == b"\x02\x02hi"
    assert frame(b"hi", CONTINUATION) == b"\x80\x02hi"
    assert frame(b"\0\1\2", BINARY, mask=b"\1\1\1\1") == b"\x82\x83\1\1\1\1\1\0\3"
