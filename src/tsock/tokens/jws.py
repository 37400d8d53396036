"""JSON Web Signatures in compact form, read strictly (`protocol/tokens.md`, Form).

Only the form is judged here: three base64url parts, the first two of them JSON objects. What header, claims
and signature an Access Token must have stands in `checks.py`.
"""

import binascii
import functools
import hmac
import json
import math
import string
from collections.abc import Callable
from typing import Any, NoReturn, TypeGuard, cast

import msgspec

from tsock.misread import UNREADABLE

HEADER_BYTES_MAX = 512
PAYLOAD_BYTES_MAX = 6 * 1024
DEPTH_MAX = 8
"""Nesting of objects and arrays, the outermost included."""

HASHES = {"HS256": ("sha256", 32), "HS384": ("sha384", 48), "HS512": ("sha512", 64)}
"""The algorithms there are, and no others: hash, and bytes of the signature."""

JsonObject = dict[str, Any]


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Whether a decoded value is a JSON object."""
    return type(value) is dict


class Unusable(msgspec.Struct, frozen=True):
    """In place of a value that JSON can write and nobody can use; of no type that a check expects."""

    what: str
    """In words."""


OUT_OF_RANGE = Unusable("a number out of range")
HALF_A_CHARACTER = Unusable("a text with half a character in it")
"""One surrogate without the other, which no encoding can write."""


class MalformedToken(ValueError):
    """A text that is no JWS; says why without repeating any of it."""


class Jws(msgspec.Struct, frozen=True, gc=False):
    """A text taken apart, nothing of it verified."""

    header: JsonObject
    """Shared between tokens: not to be changed."""
    claims: JsonObject
    signed: bytes
    """What the signature covers, as received: both parts and the dot between."""
    signature: bytes


def parse(text: str) -> Jws:
    """Take a token apart; its third part may be empty.

    Raises:
        Malformed: it is not three parts of canonical base64url without padding, of which the first two are
            JSON objects without duplicate keys, nested no deeper than `DEPTH_MAX`.
    """
    if not text.isascii():
        raise MalformedToken("a character outside ASCII")
    parts = text.encode().split(b".")
    if len(parts) != 3:
        raise MalformedToken(
            f"{len(parts)} part{'s' * (len(parts) > 1)} instead of three with dots between them"
        )
    header, payload, signature = parts
    return Jws(
        _header(header),
        _object(payload, "payload"),
        header + b"." + payload,
        _decoded(signature, "signature") if signature else b"",
    )


def oversize(text: str) -> str:
    """Which part of an otherwise well-written token is too large, in words; empty when none is."""
    if len(text) * 3 // 4 <= HEADER_BYTES_MAX:  # so no part has more
        return ""
    header, _, rest = text.partition(".")
    payload, dot, _ = rest.partition(".")
    header_bytes, payload_bytes = len(header) * 3 // 4, len(payload) * 3 // 4
    if header_bytes <= HEADER_BYTES_MAX and payload_bytes <= PAYLOAD_BYTES_MAX:
        return ""
    if not (dot and _is_base64url(header) and _is_base64url(payload)):
        return ""
    if header_bytes > HEADER_BYTES_MAX:
        return f"a header of {header_bytes} bytes"
    return f"a payload of {payload_bytes} bytes"


def sign(header: JsonObject, claims: JsonObject, secret: bytes) -> str:
    """The token that says `claims`, signed by the algorithm that `header` names."""
    signed = base64url(_encode_json(header)) + "." + base64url(_encode_json(claims))
    return signed + "." + base64url(mac(secret, signed.encode(), header["alg"]))


def mac(secret: bytes, signed: bytes, algorithm: str) -> bytes:
    """The signature of `signed`."""
    return hmac.digest(secret, signed, HASHES[algorithm][0])


def mac_of_known(secret: bytes, signed: bytes, algorithm: str) -> bytes:
    """The same, faster where the secret is used again and again."""
    keyed = _keyed(secret, algorithm).copy()
    keyed.update(signed)
    return keyed.digest()


@functools.lru_cache(maxsize=1024)
def _keyed(secret: bytes, algorithm: str) -> hmac.HMAC:
    return hmac.new(secret, None, HASHES[algorithm][0])


def base64url(raw: bytes) -> str:
    """Base64url without padding."""
    return binascii.b2a_base64(raw, newline=False).translate(_FROM_BASE64, b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes behind canonical, unpadded base64url.

    Raises:
        Malformed: it is none.
    """
    if not text.isascii():
        raise MalformedToken("a character outside ASCII")
    return _decoded(text.encode(), "text")


_ALIKE = frozenset(string.ascii_letters + string.digits)
# Base64url to base64; what base64url lacks becomes a byte that no decoder takes.
_TO_BASE64 = bytes(
    byte if chr(byte) in _ALIKE else {ord("-"): ord("+"), ord("_"): ord("/")}.get(byte, 0)
    for byte in range(256)
)
_FROM_BASE64 = bytes.maketrans(b"+/", b"-_")
# Characters that may end a part whose last group has this many: the bits that fill no byte must be clear.
_FULL = frozenset(range(256))
_LAST = {0: _FULL, 1: frozenset[int](), 2: frozenset(b"AQgw"), 3: frozenset(b"AEIMQUYcgkosw048")}
_PADDING = (b"", b"", b"==", b"=")

_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder().decode
_decode_base64 = msgspec.json.Decoder(bytes).decode
"""Reads it as a JSON text, in half the time that `binascii` takes."""


def _decoded(part: bytes, name: str) -> bytes:
    if not part:
        raise MalformedToken(f"an empty {name}")
    group = len(part) % 4
    if part[-1] in _LAST[group]:
        try:
            return _decode_base64(b'"%b%b"' % (part.translate(_TO_BASE64), _PADDING[group]))
        except msgspec.DecodeError:
            pass
    raise MalformedToken(f"a {name} that is not canonical, unpadded base64url")


def _is_base64url(part: str) -> bool:
    try:
        from_base64url(part)
    except MalformedToken:
        return False
    return True


def _object(part: bytes, name: str) -> JsonObject:
    raw = _decoded(part, name)
    try:
        fields = _decode_json(raw)
    except UNREADABLE:
        fields = _decode_unusual(raw, name)
    if not is_object(fields):
        raise MalformedToken(f"a {name} that is not a JSON object")
    # What repeats a key cannot come back as the same bytes. Most builders write this compact form.
    if raw.count(b"{") + raw.count(b"[") <= DEPTH_MAX and _encode_json(fields) == raw:
        return fields
    # Every key has its colon. As many colons as keys were kept means that no key was given twice; a text
    # with a colon in it, and only that, costs one more look.
    if _count_keys(fields, 1) != raw.count(b":") and _has_duplicates(raw):
        raise MalformedToken(f"a {name} with a duplicate key")
    return fields


def _decode_unusual(raw: bytes, name: str) -> Any:
    """What the fast decoder refuses and JSON allows, so that a check can name the claim at fault."""
    try:
        value = json.loads(
            raw.decode(),
            parse_int=functools.partial(_number, int),
            parse_float=functools.partial(_number, float),
            parse_constant=_no_number,
        )
        return _without_halves(value)
    except (ValueError, RecursionError):
        raise MalformedToken(f"a {name} that is not JSON") from None


def _number(kind: type[int] | type[float], text: str) -> object:
    return kind(text) if math.isfinite(float(text)) else OUT_OF_RANGE


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _without_halves(value: Any) -> Any:
    if type(value) is str:
        return value if _is_whole(value) else HALF_A_CHARACTER
    if type(value) is list:
        return [_without_halves(item) for item in cast("list[Any]", value)]
    if not is_object(value):
        return value
    if not all(map(_is_whole, value)):
        raise ValueError("half a character in a key")
    return {key: _without_halves(item) for key, item in value.items()}


def _is_whole(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


@functools.lru_cache(maxsize=64)
def _header(part: bytes) -> JsonObject:
    # Builders write one of a few headers, so most need no decoding.
    return _object(part, "header")


_type_of: Callable[[object], type] = type


def _count_keys(value: Any, depth: int) -> int:
    if depth > DEPTH_MAX:
        raise MalformedToken(f"JSON nested deeper than {DEPTH_MAX}")
    count = 0
    if _type_of(value) is dict:
        count = len(value)
        value = value.values()
    for item in value:
        kind = _type_of(item)
        if kind is dict or kind is list:
            count += _count_keys(item, depth + 1)
    return count


def _has_duplicates(raw: bytes) -> bool:
    found = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({key for key, _ in pairs}) < len(pairs)

    # Numbers are of no interest here, and one of thousands of digits would be refused.
    json.loads(raw, object_pairs_hook=look, parse_int=len, parse_float=len)
    return found
