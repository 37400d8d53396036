import json

import pytest

from tsock.errors import ApiError
from tsock.sync import data
from tsock.sync.actor import SyncLimits
from tsock.sync.kinds import DOCUMENT, LIST, MAP, STREAM, Kind

LIMITS = SyncLimits()


def code_of(raw: bytes | None, kind: Kind = DOCUMENT, limits: SyncLimits = LIMITS) -> tuple[int, int]:
    with pytest.raises(ApiError) as caught:
        data.required(raw, kind, limits)
    return caught.value.status, caught.value.code


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"a":1.0,"b":1.10,"c":-0,"d":1e999,"e":1E+2}',
        '{"long":' + "9" * 400 + "}",
        '{"twice":1,"twice":2}',
        '{"nested":{"null":null,"list":[[],{}]}}',
        '{"é":"\\u00e9 é 𝄞 \\ud834\\udd1e","quote":"\\"\\\\\\n"}',
        '  { "spaced" :\t1 }  ',
        '{"delete":"\x7f","separator":"\u2028"}',
    ],
)
def test_valid_object_is_kept_as_it_came(text: str) -> None:
    assert data.required(text.encode(), DOCUMENT, LIMITS) == text


def test_line_breaks_between_tokens_are_squeezed_out_and_values_stay() -> None:
    raw = b'{\r\n  "a": [1.0,\n\t2e5],\r"b": "x\\ny z"\n}\n'

    text = data.required(raw, DOCUMENT, LIMITS)

    assert text == '{"a":[1.0,2e5],"b":"x\\ny z"}'


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[1]", id="array"),
        pytest.param(b'"text"', id="string"),
        pytest.param(b"7", id="number"),
        pytest.param(b"true", id="boolean"),
        pytest.param(b"data_sync", id="word"),
        pytest.param(b'{"a":1', id="cut"),
        pytest.param(b'{"a":1} {"b":2}', id="two"),
        pytest.param(b'{"a":1,}', id="trailing comma"),
        pytest.param(b'{"a":01}', id="leading zero"),
        pytest.param(b'{"a":NaN}', id="not a number"),
        pytest.param(b'{"a":"\n"}', id="line break in string"),
        pytest.param(b'{"a\r":1}', id="line break in key"),
        pytest.param(b'{"a":"\\x"}', id="unknown escape"),
        pytest.param(b'{"a":"\\ud800"}', id="lone surrogate"),
        pytest.param(b'{"a":"\xff"}', id="invalid UTF-8"),
        pytest.param(b'{"a":"\xed\xa0\x80"}', id="surrogate in UTF-8"),
        pytest.param(b'{"a":"\xc0\x80"}', id="overlong UTF-8"),
        pytest.param(b'{\n"\xff":1}', id="invalid UTF-8 beside a line break"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte order mark"),
        pytest.param(b'{"a":1}\x00', id="trailing NUL"),
    ],
)
def test_anything_but_one_json_object_is_refused_with_54008(raw: bytes) -> None:
    assert code_of(raw) == (400, 54008)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"\\ud800"}',
        b'{"a":["\\uDFFF and more text"]}',
        b'{"a":"\\ud800\\u0041"}',
        b'{"\\udc00\\ud800":1}',
        b'{\n"a":"\\\\\\ud800"}',
    ],
)
def test_unpaired_surrogate_is_named_as_the_reason(raw: bytes) -> None:
    with pytest.raises(ApiError, match="unpaired surrogate") as caught:
        data.required(raw, DOCUMENT, LIMITS)
    assert caught.value.code == 54008


@pytest.mark.parametrize(
    "raw", [b'{"a":"\\\\ud800', b'{"a":"\\ud834\\udd1e",}', b'{"a":"\\ud8"}', b'{"\\ud800":']
)
def test_other_reasons_are_not_blamed_on_a_surrogate(raw: bytes) -> None:
    with pytest.raises(ApiError, match="malformed") as caught:
        data.required(raw, DOCUMENT, LIMITS)
    assert "surrogate" not in caught.value.message


def test_depth_of_100_passes_and_absurd_depth_is_refused_with_54008() -> None:
    roomy = SyncLimits(data_bytes_max=10_000_000)
    deep = b'{"a":' * 100 + b"1" + b"}" * 100
    assert data.required(deep, DOCUMENT, roomy) == deep.decode()

    assert code_of(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", DOCUMENT, roomy) == (400, 54008)


def test_depth_of_1000_is_kept_or_refused_with_54008() -> None:
    deep = b'{"a":' * 1000 + b"1" + b"}" * 1000
    try:
        outcome = data.required(deep, DOCUMENT, LIMITS)
    except ApiError as error:  # how deep a value may be depends on the interpreter
        outcome = error.code
    assert outcome in (54008, deep.decode())


@pytest.mark.parametrize(
    ("kind", "bytes_max"), [(DOCUMENT, 16_384), (LIST, 16_384), (MAP, 16_384), (STREAM, 4_096)]
)
def test_size_is_measured_in_utf8_bytes_and_holds_to_the_byte(kind: Kind, bytes_max: int) -> None:
    fits = '{"a":"é' + "x" * (bytes_max - 10) + '"}'
    assert len(fits.encode()) == bytes_max
    assert data.required(fits.encode(), kind, LIMITS) == fits

    assert code_of(fits.replace("x", "xx", 1).encode(), kind) == (413, 54006)


def test_size_is_measured_without_the_line_breaks() -> None:
    value = {"a": ["x" * 100] * 150}
    raw = json.dumps(value, indent=100).encode()
    assert len(raw) > 16_384

    assert json.loads(data.required(raw, DOCUMENT, LIMITS)) == value


@pytest.mark.parametrize(("kind", "code"), [(DOCUMENT, 54101), (LIST, 54156), (MAP, 54206), (STREAM, 54251)])
@pytest.mark.parametrize("raw", [None, b"null", b" null\n"])
def test_absent_or_null_data_has_the_code_of_the_kind(raw: bytes | None, kind: Kind, code: int) -> None:
    assert code_of(raw, kind) == (400, code)
    assert data.optional(raw, kind, LIMITS) is None
