"""NATS for tests: the server comes in a wheel."""

import atexit
import os
import select
import socket
import subprocess
import sysconfig
import time
from pathlib import Path

PROGRAM = Path(sysconfig.get_path("scripts")) / "nats-server"
START_S = 10


class NatsServer:
    """A server on a port of its own, which it keeps when it goes and comes back."""

    def __init__(self, *options: str) -> None:
        self._options = options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.stop)
        self.start()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        command = [str(PROGRAM), "-a", "127.0.0.1", "-p", str(self.port), *self._options]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE)
        _await_line(self._process, b"Server is ready")

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _await_line(process: subprocess.Popen[bytes], expected: bytes) -> None:
    assert process.stderr is not None
    said = b""
    until = time.monotonic() + START_S
    while expected not in said:
        assert select.select([process.stderr], [], [], max(0, until - time.monotonic()))[0], said.decode()
        chunk = os.read(process.stderr.fileno(), 4096)
        assert chunk, said.decode()
        said += chunk
