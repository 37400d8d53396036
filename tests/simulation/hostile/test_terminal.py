"""What a client calls itself steers no terminal that shows the log or the command line's answers."""

import json
import subprocess
import sys

import pytest

from tests.interop.server import Server
from tests.simulation.hostile.attack import answer, strangers
from tsock.wire import frame as packet_frame
from tsock.wire.websocket import frame

UPGRADE = (
    b"GET /v3/wsconnect HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SDK = "\x1b[2J\x1b]0;owned\x07\x9b2J\u202edcba\u2066\x7f"


def call_itself(server: Server, sdk: str) -> None:
    """Be refused under this name."""
    header = {"id": "TM1", "method": "init", "token": "bad", "metadata": {"sdk": sdk}}
    with strangers(server, 1) as (stranger,):
        stranger.sendall(UPGRADE + frame(packet_frame.encode(json.dumps(header).encode()), mask=b"mask"))
        assert b"(DN" in answer(stranger)


def _is_harmless(text: str) -> bool:
    return all(character.isprintable() or character == "\n" for character in text)


@pytest.mark.settings(log_format="console")
def test_name_of_an_sdk_reaches_neither_log_nor_answers_as_it_is(server: Server) -> None:
    call_itself(server, SDK)
    shown = {}
    for flags in ([], ["--json"]):
        command = [sys.executable, "-m", "tsock", "why", *flags, "--data", str(server.data)]
        shown[*flags] = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert all("owned" in text for text in shown.values())
    assert all(_is_harmless(text) for text in (server.log.read_text(), *shown.values()))
    assert json.loads(shown["--json",])["sdk"] == SDK
