"""The opening handshake of a WebSocket, read as strictly as it has to be written (RFC 6455, 4.2.1; RFC 9112).

A head that parts of a chain can read in two ways is refused, whatever it asks for.
"""

import binascii
import hashlib
import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

import msgspec

HEAD_END = b"\r\n\r\n"

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 1.3: appended to the client's key to prove that the server speaks WebSocket."""
_request_line = re.compile(
    rb"GET (?:(?i:http|ws)s?://([^/?#@ ]++))?(/[!-\"$->@-~]*+)(\?[!-\"$-~]*+)? HTTP/1\.1"
).fullmatch
"""Authority, path and query of the target; it has no fragment (RFC 9112, 3.2)."""
_odd_percent = re.compile(rb"%(?![0-9A-Fa-f]{2})").search
_control = re.compile(rb"[\x00-\x1f\x7f]").search
_is_field = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++:[^\x00-\x08\x0a-\x1f\x7f]*+").fullmatch
_asks = re.compile(rb"^upgrade[ \t]*:[^\n]*\bwebsocket\b", re.IGNORECASE | re.MULTILINE).search
_is_key = re.compile(rb"[A-Za-z0-9+/]{21}[AQgw]==").fullmatch
"""16 bytes in base64, with nothing in the bits that fill no byte."""
_ONCE = (b"host", b"origin", b"sec-websocket-key", b"sec-websocket-version", b"content-length")
_sha1 = hashlib.sha1(usedforsecurity=False)
"""To be copied, which is sooner done than to look for a SHA-1 again."""


class BadHandshake(ValueError):
    """No handshake; `expected` says in words what it lacks, `status` and `header` what to answer."""

    def __init__(self, expected: str, status: str = "400 Bad Request", header: bytes = b"") -> None:
        super().__init__(expected)
        self.expected = expected
        self.status = status
        self.header = header


class Handshake(msgspec.Struct, frozen=True, gc=False):
    """A request for a WebSocket that can be granted."""

    fields: list[tuple[bytes, bytes]]
    """Header fields in their order, names in lower case; if the request line names a host, that is `Host`."""
    key: bytes

    @property
    def accept(self) -> bytes:
        """What proves that the request was understood."""
        sha1 = _sha1.copy()
        sha1.update(self.key + _GUID)
        return binascii.b2a_base64(sha1.digest(), newline=False)


def asks_for_websocket(head: bytes) -> bool:
    """Whether a head that is complete wants a WebSocket, well written or not."""
    return b"\nUpgrade: websocket\r" in head or _asks(head) is not None  # as nearly all write it


def read(head: bytes) -> Handshake:
    """Read a head, without the empty line at its end, that wants a WebSocket.

    Raises:
        BadHandshake: it is none.
    """
    line, *lines = head.split(b"\r\n")
    authority = _authority(line)
    fields = [_field(line) for line in lines]
    known = dict(fields)
    if len(known) < len(fields):
        known = _joined(lines, fields)
    _check(known)
    if authority is not None:  # what the header says does not count beside it (RFC 9112, 3.2.2)
        fields = [(name, authority if name == b"host" else value) for name, value in fields]
    return Handshake(fields, known[b"sec-websocket-key"])


# Clients write few lines but those with a key or an address of their own, so that most need no reading.


@lru_cache(maxsize=64)
def _authority(line: bytes) -> bytes | None:
    """The host that the request line names, if it names one."""
    asked = _request_line(line)
    if asked is None:
        raise BadHandshake("GET, a path and HTTP/1.1")
    authority, path, query = asked.groups()
    if b"%" in line:
        _check_percents(path, query or b"")
    return authority


@lru_cache(maxsize=256)
def _field(line: bytes) -> tuple[bytes, bytes]:
    """Name, in lower case, and value."""
    if _is_field(line) is None:
        raise BadHandshake("header fields of a name, a colon and a value without control characters")
    name, _, value = line.partition(b":")
    return name.lower(), value.strip(b" \t")


def _joined(lines: list[bytes], fields: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The fields of `lines` by name, where some stand in several."""
    known: dict[bytes, bytes] = {}
    for line, (name, value) in zip(lines, fields, strict=True):
        if name not in known:
            known[name] = value
        elif name in _ONCE:
            raise BadHandshake(f"one {line.partition(b':')[0].decode()}, not several")
        else:
            known[name] += b"," + value
    return known


def _check_percents(path: bytes, query: bytes) -> None:
    """Refuse codes that are none, are no UTF-8, or hide a control character in the path."""
    if _odd_percent(path) or _odd_percent(query) or _control(unquote_to_bytes(path)):
        raise BadHandshake("a path and query in which each % encodes a character")
    try:
        unquote_to_bytes(path + query).decode()
    except UnicodeDecodeError:
        raise BadHandshake("a path and query that are percent-encoded UTF-8") from None


def _check(fields: dict[bytes, bytes]) -> None:
    if not fields.get(b"host"):
        raise BadHandshake("a Host that is a name or address, and a port")
    if not _names(fields.get(b"upgrade", b""), b"websocket"):
        raise BadHandshake("Upgrade: websocket")
    if not _names(fields.get(b"connection", b""), b"upgrade"):
        raise BadHandshake("Connection: Upgrade")
    if fields.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in fields:
        raise BadHandshake("no body")
    if fields.get(b"sec-websocket-version") != b"13":
        wanted = b"Sec-WebSocket-Version: 13\r\n"
        raise BadHandshake("Sec-WebSocket-Version: 13", "426 Upgrade Required", wanted)
    if not _is_key(fields.get(b"sec-websocket-key", b"")):
        raise BadHandshake("a Sec-WebSocket-Key of 16 bytes in base64")


def _names(value: bytes, wanted: bytes) -> bool:
    """Whether it is among the words, which commas part."""
    value = value.lower()
    return value == wanted or wanted in [word.strip() for word in value.split(b",")]
