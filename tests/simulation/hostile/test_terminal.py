"""What a client calls itself, or asks for, neither steers a terminal nor writes a line of its own there."""

import json
import re
import subprocess
import sys
from itertools import takewhile
from urllib.parse import quote

import httpx2
import jwt
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
FORGED = "1999-12-31T00:00:00Z [error    ] store.down"
LINE_ENDS = ("\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1e", "\x85", "\u2028", "\u2029")
OWN_LINES = "".join(f"js{end}{FORGED}" for end in LINE_ENDS)


def call_itself(server: Server, sdk: str) -> None:
    """Be refused under this name."""
    present(server, "bad", sdk)


def present(server: Server, token: str, sdk: str = "js") -> None:
    """Be refused with this token."""
    header = {"id": "TM1", "method": "init", "token": token, "metadata": {"sdk": sdk}}
    with strangers(server, 1) as (stranger,):
        stranger.sendall(UPGRADE + frame(packet_frame.encode(json.dumps(header).encode()), mask=b"mask"))
        assert b"(DN" in answer(stranger)


def _is_harmless(text: str) -> bool:
    """Whether no line is anybody else's, and nothing but line feeds is not printable."""
    return all(line.isprintable() and not line.lstrip().startswith(FORGED) for line in text.split("\n"))


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


@pytest.mark.settings(log_format="console")
def test_nobody_writes_a_line_into_what_an_operator_reads(server: Server) -> None:
    tail = [sys.executable, "-m", "tsock", "tail", "--data", str(server.data)]
    unsigned = jwt.encode(
        {
            "iss": server.account.key_sid,
            "sub": server.account.sid,
            "exp": server.now_s() + 3600,
            "grants": {"identity": f"bob{OWN_LINES}", "data_sync": {"service_sid": "default"}},
        },
        "not the secret of this key, but long enough",
        headers={"cty": "twilio-fpa;v=1"},
    )
    document = f"{server.url}/sync/v1/Services/default/Documents/a{quote(OWN_LINES)}"
    with subprocess.Popen(tail, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        try:
            assert watching.stdout is not None
            assert watching.stderr is not None
            assert "watching" in watching.stderr.readline()
            present(server, unsigned, sdk=OWN_LINES)
            httpx2.get(document, auth=(server.account.sid, server.account.auth_token))
            call_itself(server, "the last one")
            told = "".join(takewhile(lambda line: "not_a_jwt" not in line, watching.stdout))
        finally:
            watching.terminate()
    shown = [server.tsock(*command).stdout for command in (("denials",), ("alerts",))]
    stories = [server.tsock("why", sid).stdout for sid in re.findall("(?:DN|NO)[0-9a-f]{32}", "".join(shown))]
    seen = (server.log.read_text(), told, *shown, *stories)
    assert all("store.down" in text for text in (*seen[:3], "".join(stories)))
    assert all(map(_is_harmless, seen))
