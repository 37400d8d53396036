"""Which installation a command is about, and how it is found."""

import dataclasses
import os
import socket
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Group, Parameter

from tsock.cli import runtime
from tsock.cli.choice import ANY_CASE
from tsock.cli.file_name import FILE_NAME
from tsock.cli.program import runnable
from tsock.cli.sid import SID
from tsock.errors import ConfigError
from tsock.installation import layout
from tsock.settings import Loaded, load

WHERE = Group("Where", help="By default the server on port 8080, or what `TSOCK_*` and `tsock.toml` say.")


@Parameter(name="*", group=WHERE)
@dataclasses.dataclass(frozen=True, kw_only=True)
class Location:
    """The flags that say where to look."""

    data: Annotated[str | None, Parameter(metavar="DIR")] = None
    "Data directory, whether a server runs on it or not."
    port: Annotated[str | None, Parameter(metavar="NUMBER")] = None
    "Port of a server that runs on this machine."
    config: Annotated[Path | None, FILE_NAME, Parameter(metavar="FILE")] = None
    "Settings file instead of `tsock.toml`."

    def runnable(self, text: str) -> str:
        """`text`, each command of ours that it quotes as it can be run about this installation."""
        given = {"--data": self.data, "--port": self.port, "--config": self.config and str(self.config)}
        flags = [word for name, value in given.items() if value is not None for word in (name, value)]
        return runnable(text, *flags)


HERE = Location()
"""Nothing said about it."""

InAccount: TypeAlias = Annotated[
    str | None,
    SID,
    Parameter(
        name="--account",
        metavar="AC…",
        help="The account; by default the only active main one, or what `tsock dev` made.",
    ),
]
"""The flag `--account`."""

Product: TypeAlias = Annotated[Literal["sync", "chat"], ANY_CASE]


class NoServer(ConfigError):
    """No server was found, and no data directory was named."""


class DataDirectory:
    """A data directory that was found, and the settings for whoever opens it."""

    def __init__(self, data: Path, loaded: Loaded) -> None:
        self.data = data
        self.loaded = loaded

    @property
    def socket(self) -> Path:
        """The door of the server that owns the directory."""
        return self.data / layout.SOCKET

    def is_served(self) -> bool:
        """Whether a server answers at that door."""
        return _answers(self.socket)


def locate(location: Location, *, fresh: bool = False) -> DataDirectory:
    """The installation that the flags, else the environment, else the settings file name.

    Args:
        location: the flags.
        fresh: whether a directory without data will do, if one is named.

    Raises:
        ConfigError: there is none; the text tells where it was looked for. `NoServer` where none was named.
    """
    loaded = load({"data": location.data, "port": location.port}, os.environ, location.config)
    settings = loaded.settings
    by_port = location.port is not None and location.data is None
    if settings.data is not None and not by_port:
        data = Path(settings.data)
        found = DataDirectory(data, loaded)
        # What is in PostgreSQL is there for whoever names that, or asks the server.
        is_here = settings.database_url is not None or (data / layout.DATABASE).exists()
        if not (fresh or is_here or found.is_served()):
            raise ConfigError(
                f"data: {data} (from {loaded.origins['data']}) holds no data of tsock; name the directory of "
                "a server with --data DIR, or start one on it with `tsock serve` or `tsock dev`"
            )
        return found
    link = runtime.link(settings.port)
    if not _answers(link / layout.SOCKET):
        raise NoServer(
            f"no server was found: none of yours runs on port {settings.port} of this machine, and neither "
            "--data, TSOCK_DATA nor tsock.toml names a data directory; start one with `tsock dev`, or name "
            "it with --port NUMBER or --data DIR"
        )
    return DataDirectory(link.resolve(), loaded)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
