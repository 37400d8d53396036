"""Whoever sends or asks for much waits behind those who do not."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.server import Server
from tests.simulation.client import connected, until
from tests.simulation.hostile.attack import unread_bytes

ROOT = Path(__file__).parents[3]
REQUESTS = 150
FINISHED_MIN = 120
BUSY_BYTES = 100_000
"""So much waits in the server's sockets only while more is sent than is read."""


@contextlib.contextmanager
def attacking(server: Server, name: str, path: str) -> Iterator[None]:
    """Four clients that do nothing but this."""
    command = [sys.executable, "-m", "bench.hostile", name, "--port", str(server.port), "--path", path]
    running = [subprocess.Popen([*command, "--token", server.token()], cwd=ROOT) for _ in range(4)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.mark.parametrize("attack", ["fragments", "pings", "gets", "appends"])
async def test_four_attackers_do_not_keep_others_from_being_served(server: Server, attack: str) -> None:
    async with connected(server.uri, server.token()) as client:
        document = (await client.post("/v3/Documents", {"data": {}})).ok(201)["sid"]
        path = f"/v3/Documents/{document}"
        if attack == "appends":
            path = f"/v3/Lists/{(await client.post('/v3/Lists', {})).ok(201)['sid']}/Items"
        with attacking(server, attack, path):
            await until(lambda: unread_bytes(server) > BUSY_BYTES, "the attackers to be at it")
            answers = [await client.get(f"/v3/Documents/{document}") for _ in range(REQUESTS)]
    assert sum(answer.status == 200 for answer in answers) >= FINISHED_MIN
