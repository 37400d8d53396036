"""JSON that cannot be read is told in our own words."""

import msgspec
import pytest

from tsock.misread import found_instead


class Wanted(msgspec.Struct):
    object_sid: str
    seconds: float = 0.0
    note: str | None = None


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    requests: list[Wanted] = []


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"", "malformed text (cut short)"),
        (b'{"requests":', "malformed text (cut short)"),
        (b"x", "malformed text (at byte 0)"),
        (b'{"requests" 1}', "malformed text (at byte 12)"),
        (b"[]", "a list"),
        (b'"x"', "a text"),
        (b"true", "true or false"),
        (b'{"requests":{}}', "an object in requests, where a list belongs"),
        (b'{"requests":[{}]}', "no object_sid in requests[0]"),
        (
            b'{"requests":[{"object_sid":"x","seconds":"60"}]}',
            "a text in requests[0].seconds, where a number belongs",
        ),
        (
            b'{"requests":[{"object_sid":"x","note":5}]}',
            "a whole number in requests[0].note, where a text or null belongs",
        ),
        (b'{"more":1}', "more, which is not known"),
        (b'{"\xff":1}', "text that is not UTF-8"),
        (b'{"x":' + b"[" * 200_000, "values nested too deeply"),
    ],
)
def test_what_came_is_named(raw: bytes, found: str) -> None:
    with pytest.raises((msgspec.MsgspecError, UnicodeError, RecursionError)) as caught:
        msgspec.json.decode(raw, type=Wanted if raw.startswith(b'{"x"') else Asked)
    assert found_instead(raw, caught.value) == found
