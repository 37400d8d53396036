"""PostgreSQL for the servers of the benchmark: on the load's CPU, and as far away as is asked for."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from psycopg.conninfo import conninfo_to_dict

from tests.support import postgres
from tests.support.postgres_server import PostgresServer

START_S = 10
SOCKET = ".s.PGSQL.5432"


def start() -> None:
    """Start PostgreSQL where this process may run, with its files as durable as SQLite's."""
    if "TEST_POSTGRES" not in os.environ:
        server = PostgresServer(fsync="on", deadlock_timeout="1s", max_connections="500")
        os.environ["TEST_POSTGRES"] = server.conninfo


@contextmanager
def settings(round_trip_ms: float) -> Iterator[Mapping[str, str]]:
    """The settings, as environment variables, of a server on a database of its own."""
    url = postgres.create_bare()
    key = {"TSOCK_MASTER_KEY": secrets.token_hex(32)}
    if not round_trip_ms:
        yield {"TSOCK_DATABASE_URL": url, **key}
        return
    there = conninfo_to_dict(url)
    with tempfile.TemporaryDirectory(prefix="tsock-bench-") as place:
        listening, target = Path(place, SOCKET), Path(str(there["host"]), SOCKET)
        way = subprocess.Popen(
            [sys.executable, "-m", "bench.round_trip", listening, target, str(round_trip_ms)]
        )
        try:
            until_s = time.monotonic() + START_S
            while not listening.exists() and time.monotonic() < until_s:
                time.sleep(0.05)
            options = urlencode({"host": place, "user": there["user"]})
            yield {"TSOCK_DATABASE_URL": f"postgresql:///{there['dbname']}?{options}", **key}
        finally:
            way.kill()
            way.wait()
