import pytest

from tsock.wire.websocket import binary_frame


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
