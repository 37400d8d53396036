"""`tsock` as a process of its own: servers, and commands whose exit and streams matter."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tsock.wire.client import ClientConnection
from tsock.wire.headers import Registration, Reply

PATIENCE_S = 30.0
POLL_S = 0.02
TSOCK = (sys.executable, "-m", "tsock")


def environment(**variables: str) -> dict[str, str]:
    """The environment without settings of the machine, and with these variables."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TSOCK_")}
    return {**plain, **variables}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition: Any, what: str) -> Any:
    """What `condition` returns, once that is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(POLL_S)
    return found


class Process:
    """A running `tsock` whose output goes to files in its working directory."""

    program = TSOCK

    def __init__(self, directory: Path, *arguments: str, **variables: str) -> None:
        self.directory = directory
        self.out, self.err = directory / "out", directory / "err"
        variables.setdefault("XDG_RUNTIME_DIR", str(directory))
        self.environment = environment(**variables)
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self._process = subprocess.Popen(
                [*self.program, *arguments], stdout=out, stderr=err, cwd=directory, env=self.environment
            )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def until_said(self, text: str) -> None:
        """Wait for `text` on standard output."""
        until(lambda: text in self.out.read_text() or not self.running, text)
        assert text in self.out.read_text(), self.err.read_text()

    def until_watching(self) -> None:
        """Wait until `tsock tail` has begun."""
        until(lambda: "watching" in self.err.read_text() or not self.running, "the feed")
        assert self.running, self.err.read_text()

    def tell(self, number: int) -> None:
        """Send a signal, and wait for nothing."""
        self._process.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        if self.running:
            self._process.send_signal(number)
        return self._process.wait(PATIENCE_S)


class Server(Process):
    """`tsock dev` or `tsock serve`, ready; what it wrote as variables is in `credentials`."""

    def __init__(self, directory: Path, command: str = "dev", *arguments: str, **variables: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(directory, command, "--port", str(self.port), *arguments, **variables)
        try:
            self.until_said("is ready at")
        except AssertionError:
            self.end(signal.SIGKILL)
            raise

    @property
    def credentials(self) -> dict[str, str]:
        """The variables that it printed."""
        return dict(re.findall(r"^((?:TSOCK|TWILIO)_\w+)=(.*)$", self.out.read_text(), re.MULTILINE))


def tsock(
    *arguments: str, directory: Path, stdin: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    variables.setdefault("XDG_RUNTIME_DIR", str(directory))
    return subprocess.run(
        [*TSOCK, *arguments],
        capture_output=True,
        check=False,
        cwd=directory,
        env=environment(**variables),
        input=stdin,
        text=True,
        timeout=PATIENCE_S,
    )


class Client:
    """A Twilsock connection, as far as admission goes."""

    def __init__(self, url: str) -> None:
        self._connection = ClientConnection()
        self._end = contextlib.ExitStack()
        self._socket = self._end.enter_context(connect(f"ws{url.removeprefix('http')}/v3/wsconnect"))

    def init(self, token: str) -> Reply:
        """Present the token; the answer."""
        registrations = [Registration("data_sync", message_types=["twilio.sync.event"])]
        self._socket.send(self._connection.init(token, registrations=registrations).packet)
        while True:
            packet = self._socket.recv(PATIENCE_S)
            assert isinstance(packet, bytes)
            header, _ = self._connection.receive(packet)
            if isinstance(header, Reply):
                return header

    def until_closed(self) -> None:
        """Wait until the server ends the connection."""
        while True:
            try:
                self._socket.recv(PATIENCE_S)
            except ConnectionClosed:
                self.close()
                return

    def close(self) -> None:
        self._end.close()
