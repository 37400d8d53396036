"""A server of its own for each question."""

import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tsock.accounts.keys import SigningKey
from tsock.bench.process import Process, pin
from tsock.bench.server import Endpoint, Host, Server, Signer

START_S = 20.0
STOP_S = 20.0
LOG_CHARS = 2000


@contextmanager
def started(directory: Path) -> Iterator[Server]:
    """`tsock dev` on a free port and an empty data directory below `directory`, on a CPU of its own."""
    with tempfile.TemporaryDirectory(prefix="tsock-bench-", dir=directory) as place:
        data, env_file, log_file = Path(place, "data"), Path(place, "env"), Path(place, "log")
        port = _free_port()
        command = [sys.executable, "-m", "tsock", "dev", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--data", str(data), "--env-file", str(env_file)]
        with log_file.open("wb") as log:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, cwd=place)
        try:
            pin(process.pid, 0)
            _await_start(process, port, env_file, log_file)
            yield Server(Endpoint("127.0.0.1", port), _signer(env_file), Host(Process(process.pid), data))
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


def _signer(env_file: Path) -> Signer:
    """From the file that `tsock dev --env-file` writes."""
    found = dict(line.split("=", 1) for line in env_file.read_text().splitlines())
    key = SigningKey(found["TWILIO_ACCOUNT_SID"], found["TWILIO_API_KEY"], found["TWILIO_API_SECRET"])
    return Signer(key, found["TWILIO_SYNC_SERVICE_SID"], found["TWILIO_CHAT_SERVICE_SID"])


def _await_start(process: subprocess.Popen[bytes], port: int, env_file: Path, log_file: Path) -> None:
    deadline = time.monotonic() + START_S
    while not (env_file.exists() and _listens(port)):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the server did not start:\n{log_file.read_text()[-LOG_CHARS:]}")
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
