"""Upgrade requests that can be read in another way get no WebSocket, and an answer at once."""

import pytest

from tests.interop.server import Server
from tests.simulation.hostile.attack import answer, strangers

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
FIELDS = {
    "Host": "127.0.0.1",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}
LINE = "GET /v3/wsconnect HTTP/1.1"


def head(line: str = LINE, *more: str, end: str = "\r\n", **changes: str | None) -> bytes:
    """A head with changes by name, underscores for dashes; None leaves a field out."""
    fields = {**FIELDS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    lines = [line, *(f"{name}: {value}" for name, value in fields.items() if value is not None), *more]
    return (end.join(lines) + end * 2).encode("latin-1")


REFUSED = [
    *(
        head(f"GET /v3/wsconnect {version}")
        for version in ("HTTP/1.0", "HTTP/0.9", "HTTP/2", "HTTP/1.1x", "http/1.1")
    ),
    *(head(Connection=value) for value in (None, "", "close", "Upgrades", "up grade")),
    *(head(Host=value) for value in (None, "", "a b", "a\x01b", "a/b")),
    *(head(LINE, f"Host: {value}") for value in ("127.0.0.1", "other.example")),
    *(
        head(Upgrade=value)
        for value in ("foo-websocket", "websocket-draft76", "a websocket b", '"websocket"', "websocket/13")
    ),
    *(head(Sec_WebSocket_Version=value) for value in (None, "", "8", "13.0", "013", "13, 13")),
    *(
        head(Sec_WebSocket_Key=value)
        for value in (None, "", "x", KEY[:-2], KEY + "=", f"{KEY}, {KEY}", KEY.replace("=", "A"))
    ),
    *(head(LINE, f"{name}: {FIELDS[name]}") for name in ("Sec-WebSocket-Version", "Sec-WebSocket-Key")),
    head(LINE, "Origin: http://localhost", Origin="http://localhost"),
    *(head(LINE, f"Content-Length: {value}") for value in ("1", "-1", "x", "0x0", "00", "+0", "0, 0")),
    *(head(LINE, f"Transfer-Encoding: {value}") for value in ("chunked", "identity", "x")),
    *(head(LINE, f"X: a{chr(code)}b") for code in (0, 1, 11, 12, 13, 27, 31, 127)),
    *(
        head(LINE, line)
        for line in ("no colon", ": no name", "X : y", " folded: x", "\tfolded", "X[: y", "\x00: y")
    ),
    *(
        head(line)
        for line in ("GET /v3/wsconnect", f"{LINE} ", f"{LINE} x", "GET /\x7f/v3/wsconnect HTTP/1.1")
    ),
    *(
        head(f"GET {target} HTTP/1.1")
        for target in (
            "evil/v3/wsconnect",
            "/x#/v3/wsconnect",
            "/%zz/v3/wsconnect",
            "/%00/v3/wsconnect",
            "/%ff/v3/wsconnect",
            "/v3/wsconnect?a=%zz",
            "/v3/wsconnect?a#b",
            "ftp://127.0.0.1/v3/wsconnect",
            "http:///v3/wsconnect",
            "http://a@127.0.0.1/v3/wsconnect",
        )
    ),
    head(end="\n"),
    head().replace(b"\r\nUpgrade", b"\nUpgrade"),
]


def test_only_what_reads_in_one_way_gets_a_websocket(server: Server) -> None:
    for number, request in enumerate(REFUSED):
        with strangers(server, 1) as (stranger,):
            stranger.sendall(request)
            said = answer(stranger)
        assert said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 426 ", b"HTTP/1.1 404 ")), (
            number,
            request,
            said[:80],
        )
        assert b"101" not in said.split(b"\r\n")[0]


@pytest.mark.parametrize("opcode", [0x88, 0x89, 0x8A])
def test_unmasked_control_frame_is_answered_at_once(server: Server, opcode: int) -> None:
    with strangers(server, 1) as (stranger,):
        stranger.sendall(head())
        assert stranger.recv(1000).startswith(b"HTTP/1.1 101 ")
        stranger.sendall(bytes((opcode, 5)))  # and nothing of its payload
        assert answer(stranger)[:1] == b"\x88"
