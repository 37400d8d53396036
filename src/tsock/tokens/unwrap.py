"""Finds the token inside a text that was pasted or passed with something around it.

Only explains: such a text is no token for the gateway, whatever is inside.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, cast

import msgspec

from tsock.tokens import jws

_LAYERS_MAX = 8
_TEXTS_MAX = 10_000
"""So many texts of a JSON value are looked at one by one."""
# Of a long text each character is looked at a few times only: a token starts where a word starts, or behind
# a percent code, and no pattern tries a run of characters at a second length.
_PATTERN = (
    r"ey(?:(?<![A-Za-z0-9_-]ey)|(?<=%[0-9A-Fa-f]{2}ey))"
    r"[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{4,}+\.[A-Za-z0-9_-]*"
)
_is_token = re.compile(_PATTERN).fullmatch
_find_token = re.compile(_PATTERN).search
_is_jwe = re.compile(r"ey[A-Za-z0-9_-]{8,}+(\.[A-Za-z0-9_-]*+){4}").fullmatch
_bearer = re.compile(r"(?:authorization:\s*)?bearer\s+(.+)", re.IGNORECASE | re.DOTALL).fullmatch
_quoted = re.compile(r"""(["'`])(.*)\1""", re.DOTALL).fullmatch
_is_form = re.compile(r"[?&]?\w++=\S++").fullmatch
_decode_percents = re.compile(rb"(?:%[0-9A-Fa-f]{2})++").sub


def unwrap(text: str) -> tuple[str | None, list[str]]:
    """The token inside `text`, if there is one, and what is around it, from the outside in.

    The notes are those of the doctor's contract: `json_wrapper`, `quoted`, `bearer_prefix`, `whitespace`,
    `url_encoded`, `markup`, `init_packet`; and `jwe`, which is never unwrapped.
    """
    notes: list[str] = []
    for _ in range(_LAYERS_MAX):
        if _is_token(text):
            return text, notes
        note, inner = next(_peeled(text), ("", None))
        if note and note not in notes:
            notes.append(note)
        if inner is None:
            break
        text = inner
    return None, notes


def _peeled(text: str) -> Iterator[tuple[str, str | None]]:
    """The outermost layer and what is inside; None when that is no token, however wrapped."""
    for note, peel in _PEELS.items():
        inner = peel(text)
        if inner is not None:
            yield note, inner or None


# Each answers None when the text has no such layer, and an empty text when nothing of use is inside.


def _packet(text: str) -> str | None:
    return _searched(text) if text.lstrip().startswith("TWILSOCK V") else None


def _json(text: str) -> str | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _searched(text)
    texts = _texts(value)
    found = next(filter(_find_token, islice(texts, _TEXTS_MAX)), None)
    return found or (_searched(text) if next(texts, None) else "")


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, in the order of writing."""
    waiting: list[Any] = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif jws.is_object(value):
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(cast(list[Any], value))


def _markup(text: str) -> str | None:
    return _searched(text) if text.lstrip().startswith("<") else None


def _jwe(text: str) -> str | None:
    return "" if _is_jwe(text) else None


def _blanks(text: str) -> str | None:
    if text != text.strip():
        return text.strip()
    joined = "".join(text.split())
    return joined if joined != text and _is_token(joined) else None


def _prefix(text: str) -> str | None:
    found = _bearer(text)
    return found and found[1]


def _quotes(text: str) -> str | None:
    found = _quoted(text)
    return found and found[2]


def _encoded(text: str) -> str | None:
    plain = _unquoted(text)
    if plain != text:
        return plain
    return _searched(text) if _is_form(text) else None


def _unquoted(text: str) -> str:
    """As the standard library's `unquote`, in a time that depends on the length alone."""
    if "%" not in text:
        return text
    raw = text.encode(errors="replace")
    decoded = _decode_percents(lambda found: bytes.fromhex(found[0].replace(b"%", b"").decode()), raw)
    return decoded.decode(errors="replace")


def _searched(text: str) -> str:
    found = _find_token(text)
    return found[0] if found else ""


_PEELS: dict[str, Callable[[str], str | None]] = {
    "init_packet": _packet,
    "json_wrapper": _json,
    "markup": _markup,
    "jwe": _jwe,
    "whitespace": _blanks,
    "bearer_prefix": _prefix,
    "quoted": _quotes,
    "url_encoded": _encoded,
}
