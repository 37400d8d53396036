"""How long does a well-behaved client wait beside others that take all they can get?

    .venv/bin/python -m bench.hostile                # every attack, by one and by four
    .venv/bin/python -m bench.hostile pages --by 4

One client sends 150 requests, one after another, half of them updates: first alone, then beside the
attackers. Each of those is a process of its own. `fragments` and `pings` come without a token, at 4 MB/s;
`gets`, `pages` (256 KiB each) and `appends` (15 KB each) are requests of an accepted client that never waits
for an answer.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import uvloop

from bench.server import started
from tsock.bench.client import HOST, Client, LoadError
from tsock.bench.crowd import connect, disconnect, make_documents
from tsock.bench.figures import quantile
from tsock.bench.process import allow_many_files, pin
from tsock.bench.server import Server
from tsock.wire.client import ClientConnection
from tsock.wire.headers import HttpRequest, Values
from tsock.wire.websocket import BINARY, CONTINUATION, PING, frame

REQUESTS = 150
EVERY_S = 0.02
PATIENCE_S = 30.0
UNASKED_BYTES_PER_S = 4_000_000
WARM_UP_S = 0.5
MASK = b"\x37\xfa\x21\x3d"
UPGRADE = (
    b"GET /v3/wsconnect HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
ATTACKS = ("fragments", "pings", "gets", "pages", "appends")


def main() -> None:
    options = _options()
    if options.port:
        _attack(options.attack[0], options.port, options.token, options.path)
        return
    allow_many_files()
    pin(0, -1)
    print("| attack | attackers | finished | p50 ms | p99 ms | p99 alone ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in options.attack or ATTACKS:
        for number in (options.by,) if options.by else (1, 4):
            print(_measured(name, number, options.disk), flush=True)


def _measured(name: str, attackers: int, disk: Path | None) -> str:
    with (
        tempfile.TemporaryDirectory(dir=disk) as place,
        started(Path(place)) as target,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(_row(target, name, attackers))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__)
    parser.add_argument("attack", nargs="*", choices=[[], *ATTACKS], help="default: all")
    parser.add_argument("--by", type=int, help="so many attackers; default: 1, then 4")
    parser.add_argument("--disk", type=Path, help="directory on the disk to commit to")
    for hidden in ("--port", "--token", "--path"):
        parser.add_argument(hidden, type=int if hidden == "--port" else str, help=argparse.SUPPRESS)
    return parser.parse_args()


async def _row(target: Server, name: str, attackers: int) -> str:
    client = await connect(target, target.tokens(1)[0])
    try:
        path = await _object(client, name)
        sid = (await make_documents(target, client, 1))[0][0]
        alone = await _latencies_s(client, sid)
        with _attacking(target, name, attackers, path):
            await asyncio.sleep(WARM_UP_S)
            beside = await _latencies_s(client, sid)
    except LoadError as error:
        return f"| {name} | {attackers} | {error} |"
    finally:
        await disconnect([client])
    finished = f"{len(beside)} of {REQUESTS}"
    cells = (finished, *(f"{1000 * quantile(beside, share):.1f}" for share in (0.5, 0.99)))
    return f"| {name} | {attackers} | {' | '.join(cells)} | {1000 * quantile(alone, 0.99):.1f} |"


async def _object(client: Client, name: str) -> str:
    """What the attackers ask for."""
    if name == "pages":
        made = await client.ask("POST", "/v3/Maps", {})
        for n in range(100):
            body = {"key": str(n), "data": {"x": "y" * 2600}}
            await client.ask("POST", f"/v3/Maps/{made['sid']}/Items", body)
        return f"/v3/Maps/{made['sid']}/Items"
    if name == "appends":
        return f"/v3/Lists/{(await client.ask('POST', '/v3/Lists', {}))['sid']}/Items"
    return f"/v3/Documents/{(await client.ask('POST', '/v3/Documents', {}))['sid']}"


async def _latencies_s(client: Client, sid: str) -> list[float]:
    """Of the requests that are answered in time, one every now and then."""
    took_s: list[float] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            for n in range(REQUESTS):
                began = time.perf_counter()
                if n % 2:
                    await client.ask("GET", f"/v3/Documents/{sid}")
                else:
                    await client.ask("POST", f"/v3/Documents/{sid}", {"data": {"n": n}})
                took_s.append(time.perf_counter() - began)
                await asyncio.sleep(max(0.0, EVERY_S - took_s[-1]))
    return took_s


@contextmanager
def _attacking(target: Server, name: str, attackers: int, path: str) -> Iterator[None]:
    command = [
        sys.executable,
        "-m",
        "bench.hostile",
        name,
        "--port",
        str(target.endpoint.port),
        "--path",
        path,
    ]
    running = [subprocess.Popen([*command, "--token", token]) for token in target.tokens(attackers)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


# The attackers.


def _attack(name: str, port: int, token: str, path: str) -> None:
    os.nice(5)  # what is measured is the server, not who of the load gets the CPU
    data, per_s = _stream(name, path)
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(UPGRADE)
            peer.recv(4096)
            if per_s is None:
                peer.sendall(frame(ClientConnection().init(token).packet, mask=MASK))
                peer.recv(65_536)
                threading.Thread(target=_read, args=(peer,), daemon=True).start()
            elif name == "fragments":
                peer.sendall(frame(b"T", BINARY, final=False, mask=MASK))
            elif name == "pings":
                threading.Thread(target=_read, args=(peer,), daemon=True).start()
            while True:
                peer.sendall(data)
                if per_s:
                    time.sleep(len(data) / per_s)


def _stream(name: str, path: str) -> tuple[bytes, int | None]:
    """What is sent again and again, and how fast."""
    if name == "fragments":
        return frame(b"", CONTINUATION, final=False, mask=MASK) * 10_000, UNASKED_BYTES_PER_S
    if name == "pings":
        return frame(b"", PING, mask=MASK) * 10_000, UNASKED_BYTES_PER_S
    ids = (f"TM{n:032x}" for n in itertools.count())
    protocol = ClientConnection(ids)
    params: Values = {"PageSize": "100"} if name == "pages" else {}
    request = HttpRequest(HOST, path, "POST" if name == "appends" else "GET", params, {})
    body = msgspec.json.encode({"data": {"x": "y" * 15_000}}) if name == "appends" else b""
    one = b"".join(frame(protocol.message("data_sync", request, body).packet, mask=MASK) for _ in range(200))
    return one, None


def _read(peer: socket.socket) -> None:
    """Take every answer, so that the server is never held up by this side."""
    with contextlib.suppress(OSError):
        while peer.recv(1 << 20):
            pass


if __name__ == "__main__":
    main()
