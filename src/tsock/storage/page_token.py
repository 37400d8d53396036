"""Page tokens: a place in a list, written so that a client gives it back as it is.

A token is bound to its subject, such as a list and its filters: what was cut, altered or made for another
one is found. It grants nothing, so nothing about it is secret.
"""

import base64
import binascii
import hashlib
from typing import TypeVar

import msgspec

P = TypeVar("P", bound=msgspec.Struct)

_CHECK_BYTES = 6


def written(subject: bytes, place: msgspec.Struct) -> str:
    """The token of a place in the list that `subject` tells from others."""
    text = msgspec.json.encode(place)
    return _text(_check(subject, text) + text)


def read(subject: bytes, token: str, kind: type[P]) -> P | None:
    """The place that a token stands for; None if it was not written for `subject`."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        check, text = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        if check == _check(subject, text) and _text(raw) == token:
            return msgspec.json.decode(text, type=kind)
    except (binascii.Error, ValueError):
        pass
    return None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _check(subject: bytes, text: bytes) -> bytes:
    return hashlib.blake2s(subject + text, digest_size=_CHECK_BYTES).digest()
