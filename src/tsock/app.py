"""A server's process: its sockets, and the order in which its parts start and stop."""

import asyncio
import contextlib
import errno
import gc
import re
import signal
import socket
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import structlog
from uvicorn import Config, Server

from tsock.accounts.bootstrap import Bootstrap, bootstrap
from tsock.api.known_hosts import KnownHosts
from tsock.assembly import Place, Surroundings, assemble, opened
from tsock.bus.opening import open_transport
from tsock.clock import Clock
from tsock.deadlines import Deadlines
from tsock.errors import ConfigError
from tsock.gateway import native
from tsock.gateway.entrance import entrance_class
from tsock.gateway.websocket import Outgoing
from tsock.ids import Ids
from tsock.installation import development, layout
from tsock.installation.installation import Installation, make_directory
from tsock.jobs.ticker import Ticker
from tsock.outbound.resolving import resolver
from tsock.settings import Loaded, Settings
from tsock.storage import progress
from tsock.storage.store import fetched, written
from tsock.telemetry.tail import Tail

log = structlog.get_logger(__name__)

_ANY = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
BACKLOG = 4096
SETTLE_S = 1.0
"""How long a stopping server waits for a moment at which nothing waits for the store."""


class Dev(msgspec.Struct, frozen=True):
    """Development: ready-made credentials, explained refusals, a movable clock."""

    seed: int | None = None
    """What the credentials follow from; None for what the data directory has drawn for itself."""
    allow_hosts: tuple[str, ...] = ()
    """Names by which it is reached, beside those of this machine."""
    clock_is_kept: bool = True
    """Whether a clock that was moved ahead stays so on the same data."""


class Ready(msgspec.Struct, frozen=True):
    """The server listens."""

    url: str
    """Where clients reach it."""
    address: str
    """What it listens on: a URL, or words where that is every address of the machine."""
    port: int
    has_accounts: bool
    ready_made: Bootstrap | None
    """The credentials of development."""
    ahead_ms: int
    """How far the clock was moved ahead on these data."""
    tail: Tail
    """Tells what happens from now on."""


async def serve(
    loaded: Loaded,
    data: Path,
    environ: Mapping[str, str],
    *,
    dev: Dev | None,
    on_ready: Callable[[Ready], None],
) -> None:
    """Run a server until it is told to stop by SIGTERM or SIGINT; a second signal cuts the drain short.

    Raises:
        ConfigError: something about settings, data directory or port makes a start impossible.
    """
    make_directory(data)
    _keep_apart(data, dev)
    async with opened(data, loaded, environ, Clock(), Ids()) as installed:
        await _keep_database_apart(installed, dev)
        with _listening(loaded.settings, data) as sockets:
            made = None
            if dev is not None:
                if not dev.clock_is_kept:
                    installed.clock.ahead_ms = 0
                    await written(installed.store, lambda tx: progress.keep_ahead(tx, 0))
                seed = dev.seed if dev.seed is not None else _own_seed(data)
                made = await written(
                    installed.store,
                    lambda tx: bootstrap(tx, installed.vault, Ids(seed), region=loaded.settings.region),
                )
            await _Running(installed, sockets, made, dev).run(on_ready)


def _keep_apart(data: Path, dev: Dev | None) -> None:
    """Keep credentials that others may know away from real users, whichever came first."""
    marked = (data / layout.DEV).exists()
    if dev is not None and not marked and (data / layout.DATABASE).exists():
        raise ConfigError(
            f"data: {data} was made by `tsock serve`; `tsock dev` would add an account whose Auth Token and "
            "key secret it shows to everybody; name another directory"
        )
    if dev is None and marked:
        raise ConfigError(
            f"data: {data} was used by `tsock dev`, so it has an account whose Auth Token and key secret "
            "others may know; name another directory"
        )
    if dev is not None:
        (data / layout.DEV).touch(0o600)  # before the database, so that a start that fails can be repeated


async def _keep_database_apart(installed: Installation, dev: Dev | None) -> None:
    """The same for a database that is not in the directory."""
    if dev is None:
        await fetched(installed.store, development.refuse_marked)
    else:
        is_here = installed.settings.database_url is None
        await written(installed.store, lambda tx: development.mark(tx, is_ours=is_here))


def _own_seed(data: Path) -> str:
    """What the credentials of this directory follow from: drawn once, and kept in the file that marks it."""
    marker = data / layout.DEV
    seed = marker.read_text()
    if not seed:
        seed = Ids().secret() + Ids().secret()
        marker.write_text(seed)
    return seed


class _Running:
    """A server on an open data directory, from its first connection to its last."""

    def __init__(
        self,
        installed: Installation,
        sockets: list[socket.socket],
        made: Bootstrap | None,
        dev: Dev | None,
    ) -> None:
        settings = installed.settings
        known_hosts = dev and KnownHosts(dev.allow_hosts, settings, installed.clock.monotonic_s)
        self._installed = installed
        self._sockets = sockets
        self._made = made
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._url = settings.public_url or _url(sockets[0])
        self._ticker = Ticker(self._loop)
        self._deadlines = Deadlines(installed.clock, _report, self._ticker.sooner)
        self._look_ups = ThreadPoolExecutor(settings.webhook_in_flight_max, "resolve")
        self._parts = assemble(
            installed,
            Surroundings(
                deadlines=self._deadlines,
                base_url=self._url,
                problem=self._problem,
                resolve=resolver(self._look_ups),
                run_due=self._ticker.run_all,
                ready_made=made,
                explain=made is not None,
                known_hosts=known_hosts,
                transport=open_transport(settings, installed.data_set),
                place=_place_of(sockets[0], settings),
            ),
        )
        self._gateway = self._parts.gateway
        installed.store.listen(self._parts.hear)
        self._started = asyncio.Event()
        self._server = _QuietServer(
            self._started,
            Config(
                self._parts.shell,
                http=entrance_class(
                    Outgoing(self._loop.call_soon, settings),
                    self._gateway.open,
                    settings,
                    self._url,
                    self._parts.context.debugger.request_rejected,
                    known_hosts,
                ),
                ws="none",
                lifespan="off",
                log_config=None,
                proxy_headers=False,
                access_log=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=settings.http_idle_timeout_s,
                timeout_graceful_shutdown=max(1, int(settings.close_timeout_s)),
            ),
        )

    async def run(self, on_ready: Callable[[Ready], None]) -> None:
        """Serve until told to stop, then let clients go."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._stop)
        self._ticker.start(self._deadlines)
        self._parts.clock_watch.look()
        self._parts.news.start()
        leads, membership = self._parts.leads, self._parts.membership
        if membership is not None:
            membership.start()
        jobs = (self._parts.chores, self._parts.deliveries, self._parts.pushes)
        beside = [asyncio.create_task(job.run(leads)) for job in jobs]
        for task in beside:
            task.add_done_callback(_tell_end)
        serving = asyncio.create_task(self._server.serve(self._sockets))
        try:
            started = asyncio.create_task(self._started.wait())
            await asyncio.wait((started, serving), return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                started.cancel()
                serving.result()
            _spare_the_collector()
            if native.missing is not None:
                log.info("sockets.in_pure_python", why=native.missing)
            on_ready(
                Ready(
                    url=self._url,
                    address=_place(self._sockets[0]),
                    port=self._sockets[0].getsockname()[1],
                    has_accounts=next(self._installed.directory.accounts(), None) is not None,
                    ready_made=self._made,
                    ahead_ms=self._installed.clock.ahead_ms,
                    tail=self._parts.context.tail,
                )
            )
            await self._stopping.wait()
            await self._drain()
        finally:
            self._server.should_exit = True
            await serving
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            if membership is not None:
                await membership.stop()
            await self._parts.hook_client.close()
            await self._parts.news.stop()
            self._look_ups.shutdown(wait=False, cancel_futures=True)
            self._ticker.stop()

    def _stop(self) -> None:
        if self._stopping.is_set():
            self._gateway.drop_all()
        self._stopping.set()

    async def _drain(self) -> None:
        """Take in nobody, finish what was asked for, send clients away, wait for them."""
        log.info("server.draining", connections=self._gateway.standing)
        for server in self._server.servers:
            server.close()
        with contextlib.suppress(TimeoutError):
            # What was asked for before is answered now; where more and more comes, clients are told in time.
            async with asyncio.timeout(SETTLE_S):
                await self._installed.store.settled()
        self._gateway.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._installed.settings.drain_s):
                await self._gateway.emptied.wait()
        self._gateway.drop_all()
        self._parts.context.debugger.settle()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._installed.settings.close_timeout_s):
                await self._gateway.finish()

    def _problem(self) -> str | None:
        if self._stopping.is_set():
            return "the server is stopping"
        membership = self._parts.membership
        return (
            self._installed.store.down
            or self._installed.store.unreadable
            or (membership and membership.problem)
        )


class _QuietServer(Server):
    """uvicorn's server, with signals left to us: a stop begins with the clients, not with the listener."""

    def __init__(self, listens: asyncio.Event, config: Config) -> None:
        super().__init__(config)
        self._listens = listens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listens.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@contextlib.contextmanager
def _listening(settings: Settings, data: Path) -> Generator[list[socket.socket]]:
    """The public port, and the operator's socket file."""
    with contextlib.ExitStack() as stack:
        public = stack.enter_context(_public_socket(settings))
        operator = stack.enter_context(socket.socket(socket.AF_UNIX))
        path = data / layout.SOCKET
        path.unlink(missing_ok=True)  # left by a process that was killed; the lock proves that it is gone
        _bind(operator, path)
        stack.callback(path.unlink, missing_ok=True)
        yield [public, operator]


def _bind(operator: socket.socket, path: Path) -> None:
    try:
        operator.bind(str(path))
    except OSError as error:
        raise ConfigError(
            f"data: the socket file {path} cannot be made: {error.strerror or error} "
            "(the whole path may have about 100 bytes)"
        ) from None
    path.chmod(0o600)


def where_to_listen(settings: Settings) -> tuple[int, int, int, str, Any]:
    """The address of the host that is set, as `socket.getaddrinfo` describes it.

    Raises:
        ConfigError: it has none.
    """
    try:
        return socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:  # the latter of a name that cannot be asked for
        reason = getattr(error, "strerror", None) or error
        said = f"host: {settings.host!r:.80} is neither an address nor a name that is known here ({reason})"
        raise ConfigError(f"{said}{_beside_host(settings.host)}") from None


def _beside_host(host: str) -> str:
    """What else is in it than a host."""
    if "://" in host:
        return "; give it without the scheme, http:// or another, and a port with --port"
    if re.search(r"^[^:]*:\d*$|\]", host):
        return "; give it without brackets and without the port, which is given with --port"
    return ""


def _public_socket(settings: Settings) -> socket.socket:
    family, kind, protocol, _, address = where_to_listen(settings)
    try:
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError as error:
        raise ConfigError(_not_listening(settings, error)) from None
    return bound


def _not_listening(settings: Settings, error: OSError) -> str:
    """Why nothing can listen there, by the setting that is to be changed."""
    host, port, reason = settings.host, settings.port, error.strerror or str(error)
    if error.errno == errno.EADDRNOTAVAIL:
        return f"host: {host} is no address of this machine; 127.0.0.1 is, and 0.0.0.0 stands for all of them"
    if error.errno == errno.EACCES:
        return f"port: {port} is not for everybody ({reason}); choose one above 1023 with --port"
    where = f"cannot listen on {host} port {port}"
    return f"port: {where}: {reason}; stop what uses it, or choose another with --port"


def _place(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"port {port} of every address of this machine" if host in _ANY else _url(bound)


def _place_of(bound: socket.socket, settings: Settings) -> Place:
    """Where this process serves, among others on the same database."""
    host, port = bound.getsockname()[:2]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Place(settings.node_name or f"{socket.gethostname()}:{port}", address)


def _url(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    if host in _ANY:
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _spare_the_collector() -> None:
    """Look for cyclic garbage seldom: connections leave none, and every look walks all that stand."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _tell_end(job: asyncio.Task[None]) -> None:
    """Say that something which is to run as long as the server has ended by a mistake of ours."""
    if not job.cancelled() and (error := job.exception()) is not None:
        log.error("job.ended", exc_info=error)


def _report(error: Exception) -> None:
    log.error("deadline.failed", exc_info=error)
