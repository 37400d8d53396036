"""A server of its own for each question."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tsock.accounts.keys import SigningKey
from tsock.bench.process import Process, pin
from tsock.bench.server import Endpoint, Host, Server, Signer

START_S = 20.0
STOP_S = 20.0
LOG_CHARS = 2000
NONE: Mapping[str, str] = {}
TSOCK = (sys.executable, "-m", "tsock")


@contextmanager
def started(directory: Path, settings: Mapping[str, str] = NONE) -> Iterator[Server]:
    """`tsock serve` on a free port and an empty data directory below `directory`, on a CPU of its own.

    `settings` are environment variables.
    """
    with tempfile.TemporaryDirectory(prefix="tsock-bench-", dir=directory) as place:
        data, log_file, port = Path(place, "data"), Path(place, "log"), _free_port()
        command = [*TSOCK, "serve", "--host", "127.0.0.1", "--port", str(port), "--data", str(data)]
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=log, cwd=place, env=os.environ | settings
            )
        try:
            pin(process.pid, 0)
            _await_start(process, port)
            yield Server(
                Endpoint("127.0.0.1", port), _signer(data, settings), Host(Process(process.pid), data)
            )
        except Exception as error:
            error.add_note("The server's last words:\n" + log_file.read_text()[-LOG_CHARS:])
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _signer(data: Path, settings: Mapping[str, str]) -> Signer:
    """An account with a key and a service of each product, made for the load."""

    def made(kind: str, *options: str) -> dict[str, str]:
        command = [*TSOCK, kind, "create", "bench", *options, "--data", str(data), "--json"]
        told = subprocess.run(command, check=True, capture_output=True, env=os.environ | settings)
        return json.loads(told.stdout)

    account = made("account")
    own = ("--account", account["sid"])  # another node may have made one, too
    key = made("key", *own)
    services = {product: made("service", "--product", product, *own)["sid"] for product in ("sync", "chat")}
    return Signer(SigningKey(account["sid"], key["sid"], key["secret"]), services["sync"], services["chat"])


def _await_start(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_S
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the server did not start")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
