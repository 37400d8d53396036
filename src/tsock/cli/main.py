"""Temporary entry."""

import asyncio
import os
import sys
import argparse
import tempfile
from pathlib import Path

import uvloop

from tsock.app import Dev, Ready, serve
from tsock.settings import load
from tsock.telemetry.log import configure


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("cmd")
    p.add_argument("--host")
    p.add_argument("--port")
    p.add_argument("--data")
    p.add_argument("--env-file")
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    loaded = load({"host": a.host, "port": a.port, "data": a.data}, os.environ, dev=True)
    configure(loaded.settings.log_level, loaded.settings.log_format)
    data = Path(loaded.settings.data or tempfile.mkdtemp(prefix="tsock-"))

    def ready(r: Ready) -> None:
        m = r.ready_made
        text = f"""TSOCK_URL={r.url}
TSOCK_WS={r.url.replace("http", "ws", 1)}/v3/wsconnect
TWILIO_ACCOUNT_SID={m.account_sid}
TWILIO_AUTH_TOKEN={m.auth_token}
TWILIO_API_KEY={m.key_sid}
TWILIO_API_SECRET={m.key_secret}
TWILIO_SYNC_SERVICE_SID={m.sync_service_sid}
TWILIO_CHAT_SERVICE_SID={m.chat_service_sid}
"""
        if a.env_file:
            Path(a.env_file).write_text(text)
        print(text, flush=True)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as r:
        r.run(serve(loaded.settings, data, os.environ, dev=Dev(a.seed), on_ready=ready))
