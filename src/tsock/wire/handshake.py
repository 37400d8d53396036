"""The opening handshake of a WebSocket, read as strictly as it has to be written (RFC 6455, 4.2.1; RFC 9112).

A head that parts of a chain can read in two ways is refused, whatever it asks for.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
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
_are_fields = re.compile(rb"(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]++:[^\x00-\x08\x0a-\x1f\x7f]*+)*+").fullmatch
_asks = re.compile(rb"^upgrade[ \t]*:[^\n]*\bwebsocket\b", re.IGNORECASE | re.MULTILINE).search
_ONCE = (b"host", b"origin", b"sec-websocket-key", b"sec-websocket-version", b"content-length")
_KEY_BYTES = 16


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
        return base64.b64encode(hashlib.sha1(self.key + _GUID, usedforsecurity=False).digest())


def asks_for_websocket(head: bytes) -> bool:
    """Whether a head that is complete wants a WebSocket, well written or not."""
    return _asks(head) is not None


def read(head: bytes) -> Handshake:
    """Read a head, without the empty line at its end, that wants a WebSocket.

    Raises:
        BadHandshake: it is none.
    """
    line, *lines = head.split(b"\r\n")
    asked = _request_line(line)
    if asked is None:
        raise BadHandshake("GET, a path and HTTP/1.1")
    authority, path, query = asked.groups()
    if b"%" in line:
        _check_percents(path, query or b"")
    if _are_fields(head, len(line)) is None:
        raise BadHandshake("header fields of a name, a colon and a value without control characters")
    fields: list[tuple[bytes, bytes]] = []
    known: dict[bytes, bytes] = {}
    for text in lines:
        own, _, value = text.partition(b":")
        name, value = own.lower(), value.strip(b" \t")
        fields.append((name, value))
        if name in known:
            if name in _ONCE:
                raise BadHandshake(f"one {own.decode()}, not several")
            value = known[name] + b"," + value
        known[name] = value
    _check(known)
    if authority is not None:  # what the header says does not count beside it (RFC 9112, 3.2.2)
        fields = [(name, authority if name == b"host" else value) for name, value in fields]
    return Handshake(fields, known[b"sec-websocket-key"])


def _check_percents(path: bytes, query: bytes) -> None:
    """Refuse codes that are none, are no UTF-8, or hide a control character in the path."""
    if _odd_percent(path) or _odd_percent(query) or _control(unquote_to_bytes(path)):
        raise BadHandshake("a path and query in which each % encodes a character")
    try:
        unquote_to_bytes(path + query).decode()
    except UnicodeDecodeError:
        raise BadHandshake("a path and query that are percent-encoded UTF-8") from None


def _check(fields: Mapping[bytes, bytes]) -> None:
    if not fields.get(b"host"):
        raise BadHandshake("a Host that is a name or address, and a port")
    upgrade = fields.get(b"upgrade", b"").lower()
    if upgrade != b"websocket" and b"websocket" not in _tokens(upgrade):
        raise BadHandshake("Upgrade: websocket")
    if b"upgrade" not in _tokens(fields.get(b"connection", b"")):
        raise BadHandshake("Connection: Upgrade")
    if fields.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in fields:
        raise BadHandshake("no body")
    if fields.get(b"sec-websocket-version") != b"13":
        wanted = b"Sec-WebSocket-Version: 13\r\n"
        raise BadHandshake("Sec-WebSocket-Version: 13", "426 Upgrade Required", wanted)
    if not _is_key(fields.get(b"sec-websocket-key", b"")):
        raise BadHandshake("a Sec-WebSocket-Key of 16 bytes in base64")


def _tokens(value: bytes) -> Iterable[bytes]:
    return [token.strip() for token in value.lower().split(b",")]


def _is_key(text: bytes) -> bool:
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return len(raw) == _KEY_BYTES and base64.b64encode(raw) == text
