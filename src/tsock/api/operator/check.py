"""What is wrong with this installation: the store, media, disk, files, clock, limits, every setting."""

import resource
import shlex
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from tsock import __version__
from tsock.accounts.directory import Directory
from tsock.api.request import Answer, Door, Request, answer
from tsock.api.router import Route
from tsock.bus.bus import State
from tsock.clock import Clock, iso_ms
from tsock.installation import layout
from tsock.installation.modes import exposed
from tsock.settings import SETTINGS, Settings
from tsock.storage.blobs import Blobs
from tsock.urls import without_password

DISK_FREE_LOW = 0.05
"""Less of the disk than this is worth a warning."""
OTHER_FILES = 256
"""Open files beside those of connections."""
EARLIEST_MS = 1_735_689_600_000
"""The clock of a machine that shows a time before 2025 was never set."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was looked at."""

    id: str
    verdict: Literal["ok", "warning", "problem"]
    found: str
    fix: str | None = None


class SettingLine(msgspec.Struct, frozen=True):
    """A setting in force."""

    name: str
    value: object
    origin: str


class CheckReport(msgspec.Struct, frozen=True):
    """Everything that was looked at."""

    version: str
    verdict: Literal["ok", "warning", "problem"]
    """The worst of all lines."""
    checks: list[Line]
    settings: list[SettingLine]


class Premises(msgspec.Struct, frozen=True):
    """What is looked at."""

    data: Path
    master_key: str
    """Where the master key came from."""
    settings: Settings
    origins: Mapping[str, str]
    clock: Clock
    directory: Directory
    problem: Callable[[], str | None]
    """Why requests cannot be served now; None when they can."""
    blobs: Blobs
    news: Callable[[], State | None]
    """How the bus between nodes stands; None where there is none."""
    not_compiled: str | None
    """Why sockets do without the compiled part; None when they have it."""


class CheckHandlers:
    """Looks at the premises."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [Route(Door.OPERATOR, "GET", "/check", self.check)]

    def check(self, request: Request) -> Answer:
        """Look at everything."""
        of = self._premises
        checks = [
            _store(of.problem()),
            _media(of.blobs.down, layout.media_folder(of.data, of.settings).absolute()),
            _data(of.data.absolute()),
            _disk(of.data),
            *_bus(of.news()),
            Line("master_key", "ok", of.master_key),
            _clock(of.clock),
            _files(of.settings),
            _reach(of.settings),
            _sockets(of.not_compiled),
            _accounts(of.directory, of.data.absolute()),
        ]
        verdicts = {line.verdict for line in checks}
        settings = [
            SettingLine(name, _shown(getattr(of.settings, name)), of.origins[name]) for name in SETTINGS
        ]
        worst = "problem" if "problem" in verdicts else "warning" if "warning" in verdicts else "ok"
        return answer(CheckReport(__version__, worst, checks, settings))


def _store(problem: str | None) -> Line:
    if problem is None:
        return Line("store", "ok", "it commits and reads")
    fix = "see the log; what it is about is answered 503. A damaged database is put back: tsock restore"
    return Line("store", "problem", problem, fix)


def _media(down: str | None, folder: Path) -> Line:
    if down is None:
        return Line("media", "ok", "files can be stored")
    fix = f"see the log; uploads are answered 503 until the server can write to {folder}"
    return Line("media", "problem", down, fix)


def _bus(state: State | None) -> list[Line]:
    if state is None:
        return []
    since = iso_ms(state.standing.since_ms)
    if state.standing.down is not None:
        fix = (
            "meanwhile the database tells what other nodes do, within a second; not of streams, nor who types"
        )
        return [Line("bus", "warning", f"not connected since {since}: {state.standing.down}", fix)]
    lag = "" if state.lag_s is None else f", answers in {state.lag_s * 1000:.1f} ms"
    found = f"connected since {since}{lag}; other nodes heard: {state.peers}"
    if state.silent:
        return [
            Line("bus", "warning", f"{found}, of them silent: {len(state.silent)}", "see whether they run")
        ]
    return [Line("bus", "ok", found)]


def _sockets(not_compiled: str | None) -> Line:
    if not_compiled is None:
        return Line("sockets", "ok", "compiled")
    return Line("sockets", "ok", f"in pure Python, which serves fewer clients: {not_compiled}")


def _data(data: Path) -> Line:
    mode = stat.S_IMODE(data.stat().st_mode)
    found = exposed(data)
    if found is not None:
        text = f"{found.whose} may write to {found.path} (mode {found.mode:04o})"
        return Line("data", "problem", text, found.fix)
    if mode & 0o044:
        return Line("data", "warning", f"others may read {data} (mode {mode:04o})", f"chmod 700 {data}")
    return Line("data", "ok", f"{data} (mode {mode:04o})")


def _disk(data: Path) -> Line:
    usage = shutil.disk_usage(data)
    found = f"{usage.free / 2**30:.1f} GiB free of {usage.total / 2**30:.1f}"
    if usage.free < DISK_FREE_LOW * usage.total:
        return Line("disk", "warning", found, "make room: a full disk refuses every write")
    return Line("disk", "ok", found)


def _clock(clock: Clock) -> Line:
    now_ms = clock.now_ms()
    if now_ms < EARLIEST_MS:
        return Line("clock", "problem", f"it shows {iso_ms(now_ms)}", "set the machine's clock, best by NTP")
    notice = clock.notice()
    if notice is not None:
        fix = "let NTP slew the clock and not set it; nothing has to be restarted"
        return Line("clock", "warning", f"{iso_ms(now_ms)}; {notice}", fix)
    if clock.ahead_ms:
        return Line("clock", "ok", f"{iso_ms(now_ms)}, moved {clock.ahead_ms / 1000:g} s ahead by /dev/clock")
    return Line("clock", "ok", iso_ms(now_ms))


def _files(settings: Settings) -> Line:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return Line("open_files", "ok", "unlimited")
    found = f"{soft} files may be open; connections_per_node_max is {settings.connections_per_node_max}"
    if not 0 < settings.connections_per_node_max <= soft - OTHER_FILES:
        fix = "raise the hard limit (ulimit -Hn, LimitNOFILE), or lower connections_per_node_max"
        return Line("open_files", "warning", found, fix)
    return Line("open_files", "ok", found)


def _reach(settings: Settings) -> Line:
    found = f"{settings.host} port {settings.port}, for clients {settings.public_url or 'the same'}"
    if settings.public_url is None and settings.host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return Line("address", "warning", found, "set public_url to the https:// URL that clients dial")
    return Line("address", "ok", found)


def _accounts(directory: Directory, data: Path) -> Line:
    here = shlex.join(("--data", str(data)))
    active = [each for each in directory.accounts() if directory.status(each) == "active"]
    if not active:
        return Line("accounts", "warning", "no active account", f"make one: `tsock account create {here}`")
    keyless = [each.sid for each in active if not any(k.revoked_ms is None for k in directory.keys(each.sid))]
    found = f"{len(active)} active"
    if len(keyless) == len(active):
        return Line(
            "accounts", "warning", f"{found}, none with a key", f"make one: `tsock key create {here}`"
        )
    return Line("accounts", "ok", found)


def _shown(value: object) -> object:
    return without_password(value) if isinstance(value, str) else value
