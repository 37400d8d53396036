"""What becomes of a secret on its way from where it is kept to where it signs.

Copying, files, variables, encodings and JWT libraries each do something to it. Every form comes with the
notes of the doctor's contract that name what was done, the likely ones first.
"""

import base64
import binascii
from collections.abc import Iterator
from contextlib import suppress
from itertools import product

from tsock.tokens.unwrap import UNSEEN
from tsock.unset import WRITTEN

Form = tuple[tuple[str, ...], bytes]
"""Notes, and what they make of a secret."""

_BLANKS = ("\n", "\r\n", "\r", " ", "\t", "\\n", "\u00a0")
_ENDS = ("\n", "\r\n", " ")
"""What also stands at the end of something else that was done."""
_QUOTES = (('"', '"'), ("'", "'"), ("`", "`"), ("\u201c", "\u201d"), ("\u2018", "\u2019"), ("<", ">"))
_NAMES = ("TWILIO_API_SECRET", "TWILIO_API_KEY_SECRET", "TWILIO_AUTH_TOKEN", "API_SECRET", "SECRET")
"""What documentation and samples call the variable."""
_SAMPLES = (
    *("your-256-bit-secret", "your-384-bit-secret", "your-512-bit-secret"),  # jwt.io, for years
    "a-string-secret-at-least-256-bits-long",  # and now
    *(f"a-valid-string-secret-that-is-at-least-{bits}-bits-long" for bits in (256, 384)),
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    *("your_api_key_secret", "your_api_secret", "your-api-key-secret", "your-api-secret"),
    *("YOUR_API_KEY_SECRET", "YOUR_API_SECRET", "your_auth_token", "x" * 32),
    *("secret", "your-secret", "your-secret-key", "your_secret_key", "mysecret", "changeme"),
)
"""What debuggers, documentation and samples sign with until somebody puts the secret there."""
_BLANK, _QUOTED, _WRAPPED, _ENCODED = "secret_whitespace", "quoted_secret", "wrapped_secret", "base64_secret"


def nothing() -> Iterator[bytes]:
    """What is signed with where there is no secret."""
    for word, (before, behind) in product(("", *WRITTEN), (("", ""), *_QUOTES[:2])):
        yield f"{before}{word}{behind}".encode()
        yield f"{before}{word}{behind}\n".encode()
    for name, form in product(_NAMES, ("{}", "${}", "${{{}}}", "{{{{{}}}}}", "%{}%", "process.env.{}")):
        yield form.format(name).encode()


def samples() -> Iterator[bytes]:
    """What is signed with where a sample was left as it was."""
    yield from map(str.encode, _SAMPLES)


def garbled(secret: bytes, sid: str) -> Iterator[Form]:
    """Every form of a secret, but for the right one; `sid` names what it belongs to."""
    text = secret.decode()
    for notes, form in (*_spaced(text), *_quoted(text)):
        yield notes, form.encode()
    yield from _recoded(secret)
    for notes, form in (*_wrapped(text, sid), *_printed(text), *_cut(text)):
        yield notes, form.encode()
    yield from _in_other_encodings(text)
    for mark in UNSEEN.replace("\0", ""):  # HMAC itself puts NULs behind a key
        for form in (f"{text}{mark}", f"{mark}{text}"):
            yield (_BLANK,), form.encode()


def _spaced(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for blank in _BLANKS:
        for form in _around(text, blank, blank):
            yield (_BLANK,), form


def _quoted(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for before, behind in _QUOTES:
        for form in _around(text, before, behind):
            yield (_QUOTED,), form
        for end in _ENDS:
            yield (_QUOTED, _BLANK), f"{before}{text}{behind}{end}"
            yield (_QUOTED, _BLANK), f"{before}{text}{end}{behind}"
        yield (_QUOTED, _BLANK), f" {before}{text}{behind}"
        yield (_QUOTED, _BLANK), f"{before} {text}{behind}"
        yield (_QUOTED, _BLANK), f"{before} {text} {behind}"


def _wrapped(text: str, sid: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for mark in (",", ";"):
        yield (_WRAPPED,), f"{text}{mark}"
        yield (_WRAPPED, _BLANK), f"{text}{mark}\n"
        for before, behind in _QUOTES[:2]:
            yield (_WRAPPED, _QUOTED), f"{before}{text}{behind}{mark}"
    for between in (":", ",", ";", " ", "\t", "\n", ": ", "="):
        yield (_WRAPPED,), f"{sid}{between}{text}"
    yield (_WRAPPED, _BLANK), f"{sid}:{text}\n"
    for name in _NAMES:
        for start in ("{}=", "{}: ", "export {}="):
            yield (_WRAPPED,), f"{start.format(name)}{text}"
        yield (_WRAPPED, _BLANK), f"{name}={text}\n"
        for before, behind in _QUOTES[:2]:
            yield (_WRAPPED, _QUOTED), f"{name}={before}{text}{behind}"


def _printed(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for before, behind in _QUOTES[:2]:
        yield ("bytes_literal",), f"b{before}{text}{behind}"
        yield ("bytes_literal", _BLANK), f"b{before}{text}\\n{behind}"
    for other in {text.upper(), text.lower()} - {text}:
        yield ("secret_case",), other
        yield ("secret_case", _BLANK), f"{other}\n"


def _cut(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """What selecting it by hand leaves out."""
    for form in (text[1:], text[:-1]):
        yield ("cut_secret",), form


def _recoded(secret: bytes) -> Iterator[Form]:
    """What a library makes of a secret that it takes for Base64 or hexadecimal, or writes as these."""
    padded = secret + b"=" * (-len(secret) % 4)
    for decode in (base64.b64decode, base64.urlsafe_b64decode, binascii.unhexlify):
        with suppress(ValueError):
            yield (_ENCODED,), decode(secret if decode is binascii.unhexlify else padded)
    for inner, encode in product(("", *_ENDS), (base64.b64encode, base64.urlsafe_b64encode)):
        encoded = encode(secret + inner.encode())
        notes = (_ENCODED, _BLANK) if inner else (_ENCODED,)
        yield from ((notes, form) for form in (encoded, encoded.rstrip(b"="), encoded + b"\n"))
    yield (_ENCODED,), binascii.hexlify(secret)


def _in_other_encodings(text: str) -> Iterator[Form]:
    for end in ("", "\n", "\r\n"):
        more = (_BLANK,) if end else ()
        yield ("bom", *more), f"{text}{end}".encode("utf-8-sig")
        for order in ("le", "be"):
            yield ("bom", *more), f"\ufeff{text}{end}".encode(f"utf-16-{order}")
            yield ("utf16_secret", *more), f"{text}{end}".encode(f"utf-16-{order}")


def _around(text: str, before: str, behind: str) -> tuple[str, ...]:
    return text + behind, before + text, before + text + behind
