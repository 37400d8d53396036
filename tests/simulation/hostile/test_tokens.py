"""Tokens made to cost: what is kept of them is little, whatever is in them, and their page can be read."""

import base64
import json
import sqlite3
from typing import Any

import httpx2
import pytest

from tests.interop.server import Server
from tests.simulation.client import connected
from tests.simulation.hostile.attack import strangers
from tests.simulation.hostile.test_handshakes import head
from tsock.installation import layout
from tsock.wire import frame
from tsock.wire.websocket import frame as websocket_frame

RECORD_BYTES_MAX = 16 * 1024


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def token(server: Server, grants: Any, **claims: Any) -> str:
    """One that says this, and whose signature is none."""
    account = server.account
    said = {
        "iss": account.key_sid,
        "sub": account.sid,
        "exp": server.now_s() + 3600,
        "grants": grants,
        **claims,
    }
    return f"{part({'alg': 'HS256', 'typ': 'JWT', 'cty': 'twilio-fpa;v=1'})}.{part(said)}.{'A' * 43}"


def refused(server: Server, text: str) -> bytes:
    """What the server says to an `init` with it."""
    header = {"id": "TM1", "method": "init", "token": text, "capabilities": [], "payload_size": 0}
    packet = frame.encode(json.dumps(header, separators=(",", ":")).encode())
    with strangers(server, 1) as (stranger,):
        stranger.sendall(head() + websocket_frame(packet, mask=b"\1\2\3\4"))
        said = b""
        while b'"reply"' not in said:
            piece = stranger.recv(65_536)
            assert piece, said
            said += piece
    return said


def names(number: int) -> dict[str, Any]:
    return {
        f"g{number:x}".translate(str.maketrans("0123456789", "ghijklmnop")): {} for number in range(number)
    }


GRANTS = [
    names(15_000),
    names(500),
    {"exp": {}},
    {"identity": {"exp": 1}, "data_sync": {"service_sid": "x" * 4000}},
    {name: {"service_sid": {"a": [[[{}]]]}} for name in ("chat", "data_sync", "iat", "nbf")},
    ["data_sync"],
    7,
]


@pytest.mark.parametrize("grants", GRANTS, ids=range(len(GRANTS)))
async def test_record_of_a_refusal_is_small_and_its_page_can_be_read(server: Server, grants: Any) -> None:
    async with connected(server.uri, server.token()) as client:
        for _ in range(20):
            assert b"UNAUTHORIZED" in refused(server, token(server, grants))
        assert (await client.post("/v3/Documents", {})).status == 201
    denials = server.operator("GET", "/denials?limit=20")["denials"]
    assert len(denials) == 20
    with sqlite3.connect(f"file:{server.data / layout.DATABASE}?mode=ro", uri=True) as database:
        (largest,) = database.execute("SELECT max(length(story)) FROM denials").fetchone()
    assert largest < RECORD_BYTES_MAX
    page = httpx2.get(f"{server.url}/denials/{denials[0]['sid']}", headers={"accept": "text/html"})
    assert page.status_code == 200
    report = httpx2.post(f"{server.url}/doctor", content=token(server, grants))
    assert report.status_code == 200
