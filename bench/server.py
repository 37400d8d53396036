"""The server under load: one that is started here for the purpose, or one that runs already."""

import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.client import LoadError
from bench.process import Process, pin
from tsock.auth.caller import SYNC
from tsock.auth.tokens import SigningKey, mint

START_S = 20.0
STOP_S = 20.0
LOG_CHARS = 2000


class Target(msgspec.Struct, frozen=True):
    """Where the load goes, and whose it is."""

    host: str
    port: int
    key: SigningKey
    service_sid: str
    process: Process | None = None
    """None when the server runs elsewhere: nothing is known of its CPU and memory."""
    data: Path | None = None
    """Its data directory, where it is known."""

    def tokens(self, number: int) -> list[str]:
        """Access Tokens of that many identities."""
        now_s = int(time.time())
        products = {SYNC: self.service_sid}
        return [mint(self.key, f"user{n}", products, now_s=now_s) for n in range(number)]


@contextmanager
def started(directory: Path) -> Iterator[Target]:
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
            key, service_sid = credentials(env_file)
            yield Target("127.0.0.1", port, key, service_sid, Process(process.pid), data)
        except LoadError as error:
            error.add_note("The server's last words:\n" + log_file.read_text()[-LOG_CHARS:])
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def credentials(env_file: Path) -> tuple[SigningKey, str]:
    """What mints tokens, and the Sync service, from the file that `tsock dev --env-file` writes."""
    lines = (line.partition("=") for line in env_file.read_text().splitlines())
    found = {name: value.strip("\"'") for name, _, value in lines}
    key = SigningKey(found["TWILIO_ACCOUNT_SID"], found["TWILIO_API_KEY"], found["TWILIO_API_SECRET"])
    return key, found["TWILIO_SYNC_SERVICE_SID"]


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
