"""What does one more node cost the database, and what does an update at one node cost the others?

    .venv/bin/python -m bench.cluster                    # all questions, over NOTIFY and over NATS
    .venv/bin/python -m bench.cluster writes --bus nats --seconds 10

PostgreSQL runs beside the load, as with `python -m bench --postgres`. CPU time is that of whole processes,
kernel included; of what updates and checks use, what the same processes use at rest is left out.
"""

import argparse
import asyncio
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import uvloop
from psycopg.conninfo import conninfo_to_dict

from bench import postgres
from bench.server import started
from bench.table import print_row
from tests.support.nats import NatsServer
from tsock.bench.askers import Askers, open_writers
from tsock.bench.crowd import connect_all, make_documents, subscribe
from tsock.bench.figures import quantile
from tsock.bench.process import Process, allow_many_files, pin
from tsock.bench.server import Server
from tsock.storage.progress import STEP_MS

NODES = (1, 2, 4, 8)
"""At rest."""
WRITERS = (1, 16, 256)
"""At each node that writes. Of one, each update is a transaction and a message of its own."""
NOTING = (2, 10, 40, 100)
"""Connections that commit each `STEP_MS`, one for each node."""
FOLLOWERS, FOLLOWED = 100, 100
"""Who follows objects that nobody else does, and how many each."""
SETTLING_S = 5.0
WARM_UP_S = 0.5
_STATEMENT = re.compile(rb"LOG:  (?:execute [^:]*|statement):")


def main() -> None:
    """Answer the questions named on the command line, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m bench.cluster", description=__doc__)
    parser.add_argument("question", nargs="*", choices=[[], *QUESTIONS], help="default: all")
    parser.add_argument("--bus", nargs="+", choices=BUSES, default=BUSES)
    parser.add_argument("--seconds", type=float, default=5.0, help="that each case is measured")
    parser.add_argument("--rounds", type=int, default=2, help="of the cases of writes and row, in turn")
    options = parser.parse_args()
    allow_many_files()
    pin(0, -1)
    postgres.start()
    for name in options.question or QUESTIONS:
        columns, ask = QUESTIONS[name]
        print_row("bus", *columns)
        print_row(*["---"] * (1 + len(columns)))
        for bus in options.bus:
            with tempfile.TemporaryDirectory() as place, postgres.settings(0) as given, ExitStack() as stack:
                cluster = Cluster(Path(place), given, BUSES[bus](), stack)
                for row in ask(cluster, options):
                    print_row(bus, *row)
        print()


BUSES: dict[str, Callable[[], NatsServer | None]] = {"notify": lambda: None, "nats": NatsServer}


class Cluster:
    """Nodes on a database of their own, and what all of it uses."""

    def __init__(
        self, place: Path, settings: Mapping[str, str], bus: NatsServer | None, stack: ExitStack
    ) -> None:
        self.nodes = list[Server]()
        self.bus = bus
        self._place = place
        self._settings = {**settings, "TSOCK_BUS_URL": bus.url} if bus else settings
        self._stack = stack
        self.database = Database(settings["TSOCK_DATABASE_URL"])

    def grow(self, number: int) -> None:
        """Have so many nodes, and wait until they do nothing but stand there."""
        while len(self.nodes) < number:
            self.nodes.append(self._stack.enter_context(started(self._place, self._settings)))
        time.sleep(SETTLING_S)

    def at_rest(self, seconds: float) -> list[float]:
        """What is used in a second, as `rates` tells it, while nothing is asked for."""
        before = self.used()
        time.sleep(seconds)
        return rates(before, self.used())

    def used(self) -> list[float]:
        """The moment, and what was used until then: what the database tells, and the CPU of each node."""
        return [time.monotonic(), *self.database.used(), *(_process(node).cpu_s() for node in self.nodes)]


class Database:
    """What PostgreSQL and its processes tell."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = psycopg.connect(url, autocommit=True)
        self._log = Path(str(conninfo_to_dict(url)["host"]), "log")
        row = self._connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        self._first = int(Path(row[0], "postmaster.pid").read_text().split()[0])

    def used(self) -> tuple[float, ...]:
        """CPU in seconds, bytes of the write-ahead log, and transactions that wrote or notified."""
        row = self._connection.execute(
            "SELECT pg_current_wal_insert_lsn() - '0/0', pg_current_xact_id()::text::bigint"
        ).fetchone()
        assert row is not None
        return self._cpu_s(), *map(float, row)

    def _cpu_s(self) -> float:
        ended = Path(f"/proc/{self._first}/stat").read_text().rpartition(")")[2].split()[13:15]
        ended_s = sum(map(int, ended)) / os.sysconf("SC_CLK_TCK")
        return ended_s + sum(process.cpu_s() for _, process in self._processes())

    def statements(self, seconds: float) -> float:
        """Those of everybody in a second, from the server's log."""
        self._log_statements("all")
        begin = self._log.stat().st_size
        time.sleep(seconds)
        told = self._log.read_bytes()[begin:]
        self._log_statements("none")
        return len(_STATEMENT.findall(told)) / seconds

    def _log_statements(self, which: LiteralString) -> None:
        self._connection.execute(f"ALTER SYSTEM SET log_statement = '{which}'")
        self._connection.execute("SELECT pg_reload_conf()")

    def connections(self) -> int:
        """Those of others."""
        query = "SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend'"
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return row[0]

    def own_kib(self) -> float:
        """Memory that a process shares with nobody, on average."""
        sizes = [_own_kib(pid) for pid, _ in self._processes()]
        return sum(sizes) / len(sizes)

    def _processes(self) -> Iterator[tuple[int, Process]]:
        for pid in Path(f"/proc/{self._first}/task/{self._first}/children").read_text().split():
            with suppress(OSError):  # it has ended since
                yield int(pid), Process(int(pid))


def rates(before: Sequence[float], after: Sequence[float]) -> list[float]:
    """What was used in each second between two moments."""
    return [(now - then) / (after[0] - before[0]) for then, now in zip(before[1:], after[1:], strict=True)]


Rows = Iterator[Sequence[Any]]


def _rest(cluster: Cluster, options: argparse.Namespace) -> Rows:
    """Nodes that nobody uses."""
    for number in NODES:
        cluster.grow(number)
        database_s, log_bytes, writing, *nodes_s = cluster.at_rest(options.seconds)
        yield (
            number,
            sum(nodes_s) / number * 1e3,
            database_s * 1e3,
            cluster.database.statements(options.seconds),
            writing,
            log_bytes / 1024,
            sum(_process(node).resident_kib() for node in cluster.nodes) / number / 1024,
            cluster.database.connections(),
            cluster.database.own_kib(),
        )


def _writes(cluster: Cluster, options: argparse.Namespace) -> Rows:
    """Updates at one node or at both of two, and what they cost the other, where nobody follows them."""
    cluster.grow(2)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        writers = {
            number: [runner.run(open_writers(node, number)) for node in cluster.nodes] for number in WRITERS
        }
        time.sleep(SETTLING_S)
        rest = cluster.at_rest(options.seconds)
        for _ in range(options.rounds):
            for number, pair in writers.items():
                for busy in (pair[:1], pair):
                    yield number, len(busy), *runner.run(_updates(cluster, busy, rest, options.seconds))


async def _updates(
    cluster: Cluster, busy: Sequence[Askers], rest: Sequence[float], seconds: float
) -> Sequence[Any]:
    await asyncio.gather(*(each.run(WARM_UP_S) for each in busy))
    before = cluster.used()
    await asyncio.gather(*(each.run(seconds) for each in busy))
    used = cluster.used()
    updates = sum(len(each.latencies_s) for each in busy) / (used[0] - before[0])
    net = [more - less for more, less in zip(rates(before, used), rest, strict=True)]
    database_s, log_bytes, writing, *nodes_s = (each / updates for each in net)
    writing_s, others_s = sum(nodes_s[: len(busy)]), sum(nodes_s[len(busy) :])
    return (
        updates,
        writing_s * 1e6,
        others_s * 1e6 if len(busy) < len(nodes_s) else "",
        database_s * 1e6,
        log_bytes,
        writing,
    )


def _checks(cluster: Cluster, options: argparse.Namespace) -> Rows:
    """Comparing the counters of what is followed, as a node does each second while it has no bus."""
    if cluster.bus is None:
        return
    cluster.grow(1)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_follow(cluster.nodes[0]))
        time.sleep(SETTLING_S)
        rest = cluster.at_rest(options.seconds)
        cluster.bus.stop()
        time.sleep(SETTLING_S)
        checking = cluster.at_rest(options.seconds)
    net = [(more - less) / FOLLOWERS / FOLLOWED for more, less in zip(checking, rest, strict=True)]
    yield FOLLOWERS * FOLLOWED, net[3] * 1e6, net[0] * 1e6


def _row(cluster: Cluster, options: argparse.Namespace) -> Rows:
    """Commits of many nodes that all note in one row how far the database has come, and such that do not."""
    if cluster.bus is not None:
        return
    cluster.grow(1)
    with psycopg.connect(cluster.database.url) as connection:
        connection.execute("CREATE TABLE bench_commits (at_ms BIGINT NOT NULL)")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for number in NOTING:
            took_s: dict[bool, list[float]] = {False: [], True: []}
            for _ in range(options.rounds):
                for notes, each in took_s.items():
                    each.extend(runner.run(_commits(cluster.database.url, number, notes, options.seconds)))
            yield number, *(quantile(each, share) * 1e3 for each in took_s.values() for share in (0.5, 0.99))


async def _commits(url: str, number: int, notes: bool, seconds: float) -> list[float]:
    """Seconds that each took of those which so many connections make, each 100 ms."""
    took_s = list[float]()

    async def commit(place: int) -> None:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            begin_s = time.monotonic() + STEP_MS / 1000 * place / number
            for turn in range(round(seconds * 1000 / STEP_MS)):
                await asyncio.sleep(begin_s + turn * STEP_MS / 1000 - time.monotonic())
                asked_s, date_ms = time.monotonic(), time.time_ns() // 1_000_000
                note = f"UPDATE progress SET date_ms = {date_ms} WHERE date_ms < {date_ms};" if notes else ""
                own = f"INSERT INTO bench_commits (at_ms) VALUES ({date_ms});"
                await connection.execute(f"BEGIN; {own} {note} COMMIT".encode())
                took_s.append(time.monotonic() - asked_s)

    async with asyncio.TaskGroup() as group:
        for place in range(number):
            group.create_task(commit(place))
    return took_s


async def _follow(node: Server) -> None:
    clients, _ = await connect_all(node, node.tokens(FOLLOWERS))
    for client in clients:
        await subscribe(client, await make_documents(node, client, FOLLOWED))


QUESTIONS: dict[str, tuple[Sequence[str], Callable[[Cluster, argparse.Namespace], Rows]]] = {
    "rest": (
        (
            "nodes",
            "CPU ms/s of a node",
            "CPU ms/s of the database",
            "statements/s",
            "writing transactions/s",
            "log KiB/s",
            "MiB of a node",
            "connections",
            "own KiB of a database process",
        ),
        _rest,
    ),
    "writes": (
        (
            "writers at a node",
            "nodes that write",
            "updates/s",
            "CPU us of an update where it is written",
            "CPU us at the other",
            "CPU us in the database",
            "log bytes",
            "writing transactions",
        ),
        _writes,
    ),
    "row": (("nodes", "commit p50 ms", "p99", "noting progress, p50", "p99"), _row),
    "checks": (("followed", "CPU us of a check for each, at the node", "CPU us in the database"), _checks),
}


def _process(node: Server) -> Process:
    assert node.process is not None
    return node.process


def _own_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


if __name__ == "__main__":
    main()
