"""Finds the token inside a text with something around it, or names what is in its place.

Only explains: such a text is no token for the gateway, whatever is inside.
"""

import base64
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, cast

import msgspec

from tsock.ids import is_sid
from tsock.misread import UNREADABLE
from tsock.tokens import jws
from tsock.unset import is_unset

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
_has_five_parts = re.compile(r"ey[A-Za-z0-9_-]{8,}+(\.[A-Za-z0-9_-]*+){4}").fullmatch
_names_token = re.compile(
    r"(?:(?:access|auth|chat|id|sync|twilio)[_-]?)*+(?:token|jwt)", re.IGNORECASE
).fullmatch
"""A field of JSON in which a token belongs."""
_bearer = re.compile(r"(?:authorization:\s*)?bearer\s+(.+)", re.IGNORECASE | re.DOTALL).fullmatch
_words = re.compile(r"[A-Za-z][\w -]{0,63}?[:\s]\s*(?=[\"'`]?ey)").match
"""A word or a few, such as `Token: `, right before what begins as a token does."""
_is_form = re.compile(r"[?&#]?\w++=(?!=*$)\S++").fullmatch
_is_url = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}://\S*+").fullmatch
_decode_percents = re.compile(rb"(?:%[0-9A-Fa-f]{2})++").sub


def unwrap(text: str) -> tuple[str | None, list[str]]:
    """The token inside `text`, if there is one, and what is around it, from the outside in.

    The notes are those of the doctor's contract; where there is no token, the last one names what is there.
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


def _http(text: str) -> str | None:
    """An answer with its head, as `curl -i` prints it."""
    if not _is_http(text):
        return None
    _, _, body = text.replace("\r\n", "\n").partition("\n\n")
    return body


def _json(text: str) -> str | None:
    if not text.lstrip().startswith(("{", "[")) or _is_token(text.strip()[1:-1]):
        return None
    try:
        value = msgspec.json.decode(text)
    except UNREADABLE:
        return _searched(text) or None
    texts = _texts(value)
    found = next(filter(_find_token, islice(texts, _TEXTS_MAX)), None)
    return found or (next(texts, None) and _searched(text)) or None


def _json_alone(text: str) -> str | None:
    """JSON that no token was found in; what stands where one belongs."""
    if not text.lstrip().startswith(("{", "[")) or _is_token(text.strip()[1:-1]):
        return None
    try:
        fields = _fields(msgspec.json.decode(text))
    except UNREADABLE:
        return ""
    stand_in = next(
        (each for name, each in fields if _names_token(name) and isinstance(each, str | None)), ""
    )
    return "null" if stand_in is None else stand_in


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Every field of every object in a JSON value, those further out first."""
    waiting: deque[Any] = deque((value,))
    while waiting:
        value = waiting.popleft()
        if jws.is_object(value):
            yield from value.items()
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(cast(list[Any], value))


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
    plain = text.strip()
    return _searched(text) if plain.startswith("<") and not _is_token(plain[1:-1]) else None


def _jwe(text: str) -> str | None:
    if not _has_five_parts(text):
        return None
    try:
        header: Any = msgspec.json.decode(_from_base64(text.partition(".")[0]))
    except UNREADABLE:
        return None
    return "" if jws.is_object(header) and "enc" in header else None


def without_blanks_around(text: str) -> str:
    """`text` without white space at its ends, nor what is seen even less."""
    return text.strip(_BLANKS)


def _blanks(text: str) -> str | None:
    stripped = without_blanks_around(text)
    if text != stripped:
        return stripped
    joined = text.translate(_WITHOUT_BLANKS)
    return joined if joined != text and _is_token(joined) else None


def _prefix(text: str) -> str | None:
    found = _bearer(text)
    return found[1] if found else _prefixed(text)


def is_in_quotes(text: str) -> bool:
    """Whether it stands in quotes, not in brackets."""
    return _quotes(text) is not None and text[0] not in _BRACKETS


def _quotes(text: str) -> str | None:
    """What stands in quotes or in brackets."""
    return text[1:-1] if len(text) > 1 and text[-1] in _CLOSING.get(text[0], "") else None


def _encoded(text: str) -> str | None:
    plain = _unquoted(text)
    if plain != text:
        return plain
    return _searched(text) if _is_form(text) else None


def _url(text: str) -> str | None:
    if not _is_url(text):
        return None
    return _searched(text) or _searched(_unquoted(text))


def _beside(text: str) -> str | None:
    half = text[: len(text) // 2]
    if _is_token(half) and text == half * 2:  # what is found first ends in the middle of the second
        return half
    return _searched(text) or None


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


def _utf16(text: str) -> str | None:
    """ASCII in UTF-16 that was read as UTF-8 or Latin-1: a NUL beside each character."""
    mark = _mark_of_utf16(text)
    plain = text[mark.end() if mark else 0 :]
    is_utf16 = len(plain) > 3 and any(not half.strip("\0") for half in (plain[0::2], plain[1::2]))
    return plain.replace("\0", "").strip() if is_utf16 else None


def _mark(text: str) -> str | None:
    """A byte order mark, also one that was read in another encoding."""
    return next((text[len(mark) :] for mark in _MARKS if text.startswith(mark)), None)


def _padded(text: str) -> str | None:
    if _is_padded(text) is None:
        return None
    plain = text.replace("=", "").translate(_TO_URL)
    return plain if _is_token(plain) else None


def is_bytes_text(text: str) -> bool:
    """Whether it is what a language writes of bytes, be their text in it or not."""
    plain = text.strip()
    return _bytes_literal(plain) is not None or _is_array(plain) is not None


def _bytes(text: str) -> str | None:
    """The literal, or the numbers, that languages write of bytes."""
    literal = _bytes_literal(text.strip())
    if literal is not None:
        return literal["text"]
    if _is_array(text.strip()):
        return ""
    numbers = _byte_numbers(text.strip())
    if numbers is None:
        return None
    base = 10 if numbers["decimal"] else 16
    values = [
        int(each, base) for each in re.split(r"[,\s]+", (numbers["decimal"] or numbers["hex"]).strip(", "))
    ]
    return bytes(values).decode("latin-1") if max(values) < 256 else None


def is_object_text(text: str) -> bool:
    """Whether it is what a language writes of an object that is no text."""
    return _is_object(text.lstrip()) is not None


def _object(text: str) -> str | None:
    return _searched(text) if is_object_text(text) else None


def _unset(text: str) -> str | None:
    return "" if is_unset(text) else None


def _sid(text: str) -> str | None:
    return "" if is_sid(text.strip()) else None


def _secret(text: str) -> str | None:
    plain = text.strip()
    basic = _basic(plain)
    inside = _from_base64(basic[1] if basic else plain[:_SECRET_CHARS_MAX])
    is_pair = basic is not None and ":" in inside
    return "" if is_pair or _is_secret(plain) or _is_secret(inside.strip()) else None


def _placeholder(text: str) -> str | None:
    return "" if _is_placeholder(text.strip()) else None


def _recoded(text: str) -> str | None:
    """A token that was taken for bytes, and written as Base64 or hexadecimal digits."""
    plain = "".join(text.split())
    with suppress(ValueError):
        inside = bytes.fromhex(plain).decode()
        return inside if _find_token(inside) else None
    inside = _from_base64(plain)
    return inside if _find_token(inside) else None


def _from_base64(text: str) -> str:
    """The text behind either kind of Base64; empty when it is none."""
    plain = text.rstrip("=").translate(_FROM_URL)
    with suppress(ValueError):
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    return ""


def _prefixed(text: str) -> str | None:
    found = _words(text)
    return text[found.end() :] if found and _find_token(text, found.end()) else None


_mark_of_utf16 = re.compile("(?:\ufeff|\ufffe|\ufffd\ufffd|\u00ff\u00fe|\u00fe\u00ff)?").match
"""As it is, read as UTF-8 or read as Latin-1."""
_MARKS = ("\ufeff", "\u00ef\u00bb\u00bf", "\ufffe")
_TO_URL, _FROM_URL = str.maketrans("+/", "-_"), str.maketrans("-_", "+/")
UNSEEN = "\0\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
_BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + UNSEEN
"""White space, and what is seen even less."""
_WITHOUT_BLANKS = str.maketrans("", "", _BLANKS)
_BRACKETS = "<([{"
_CLOSING = dict(zip(f"\"'`{_BRACKETS}", "\"'`>)]}", strict=True)) | {
    "\u201c": "\u201d",
    "\u201d": "\u201d",
    "\u201e": "\u201c\u201d",
    "\u00ab": "\u00bb",
    "\u2018": "\u2019",
    "\u2019": "\u2019",
    "\u201a": "\u2018\u2019",
    "\u00bb": "\u00ab",
    "\u2039": "\u203a",
    "\u203a": "\u2039",
}
"""What ends that which each of these begins."""
_is_http = re.compile(r"\s*HTTP/\d").match
_is_padded = re.compile(r"(?=.*[=+/])[A-Za-z0-9+/_-]+={0,2}(?:\.[A-Za-z0-9+/_-]+={0,2}){2}").fullmatch
_bytes_literal = re.compile(
    r"(?:bytearray\(|bytes\()?[bB](?P<quote>[\"'])(?P<text>.*)(?P=quote)\)?", re.DOTALL
).fullmatch
_is_array = re.compile(
    r"\[[BC]@[0-9a-f]+|System\.(?:Byte|Char)\[\]|\[object (?:ArrayBuffer|\w*Array)\]"
).fullmatch
_byte_numbers = re.compile(
    r"(?:\{\"type\":\s*\"Buffer\",\s*\"data\":\s*)?"
    r"(?:(?:Uint8Array\(\d+\) |\[\]byte|&)?[\[{]?\s*"
    r"(?P<decimal>\d{1,3}(?:(?:,\s*|\s+)\d{1,3}){15,}+)\s*[\]}]{0,2}"
    r"|<Buffer (?P<hex>[0-9a-f]{2}(?: [0-9a-f]{2}){7,}+)(?: \.\.\.[^>]*)?>)"
).fullmatch
_is_object = re.compile(
    r"\[object \w+\]"  # JavaScript
    r"|\[(?:Async)?Function\b|(?:async )?function\b|async \(|\(\) ?=>|Promise ?\{|AccessToken ?[({]"
    r"|<[\w.]+ (?:object )?at 0x|<(?:coroutine|function|bound|built-in|(?:async_)?generator|Task|Future)\b"
    r"|<(?:Response|class)[ \[]|<[\w.]*AccessToken\b"  # Python
    r"|#<"  # Ruby
    r"|(?:\w+[.\\])+\w+(?:\$\w+)*@[0-9a-f]+\b|(?:\w+\.)+CompletableFuture"  # Java
    r"|System\.\w|Twilio\.\w"  # C#
    r"|Instance of '|Optional\(|Some\(|Ok\("  # Dart, Swift, Rust
    r"|Object\(|stdClass\b|Array\b(?=\s*(?:\(|$))"  # PHP
    r"|&\{|map\[|0xc0[0-9a-f]{8}\b"  # Go
).match
_SECRET_CHARS_MAX = 200
"""A pair of SID and secret in Base64 is shorter."""
_is_secret = re.compile(
    r"(?:[A-Z]{2}[0-9a-fA-F]{32}[:;,\s]\s*|(?:export )?\w{1,40}\s?[=:]\s?)?"
    r"[\"']?[0-9a-fA-F]{32}[\"']?[;,]?"
).fullmatch
_basic = re.compile(r"(?:authorization:\s*)?basic\s+(\S+)", re.IGNORECASE).fullmatch
_is_placeholder = re.compile(
    r"[<\u2039\[{](?!html\b|null\b|true\b|false\b)[a-z][\w .,'-]{0,60}[>\u203a\]}]"  # <your-access-token>
    r"|(?:your|my|insert|paste|put|enter|replace|add)[\w -]{0,40}?(?:token|jwt)[\w -]{0,40}"
    r"|[\w -]{1,40}[_ -]here|\w{0,20}(?:changeme|placeholder)\w{0,20}"
    r"|(?:twilio_?|access_?|sync_?|chat_?|my_?)*(?:token|jwt)"  # TWILIO_ACCESS_TOKEN
    r"|[x*.?#_\u2026-]{3,40}"
    r"|ey[\w-]{0,40}(?:\.{3}|\u2026)[\w.-]{0,40}",  # one that documentation cuts short
    re.IGNORECASE,
).fullmatch

# The outermost layer comes first; what is more specific before what also looks like it.
_PEELS: dict[str, Callable[[str], str | None]] = {
    "utf16_text": _utf16,
    "bom": _mark,
    "init_packet": _packet,
    "http_answer": _http,
    "bytes_literal": _bytes,
    "object_text": _object,
    "unset_variable": _unset,
    "placeholder": _placeholder,
    "json_wrapper": _json,
    "json_without_token": _json_alone,
    "markup": _markup,
    "jwe": _jwe,
    "whitespace": _blanks,
    "bearer_prefix": _prefix,
    "quoted": _quotes,
    "sid_as_token": _sid,
    "secret_as_token": _secret,
    "padded_base64": _padded,
    "encoded_token": _recoded,
    "url": _url,
    "url_encoded": _encoded,
    "surrounded": _beside,
}
