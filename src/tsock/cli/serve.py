"""`tsock serve`: a server for real users, which refuses to start unsafely."""

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from tsock import __version__
from tsock.app import Ready, where_to_listen
from tsock.cli import output, process
from tsock.cli.file_name import FILE_NAME
from tsock.cli.flags import NO_FLAGS, SettingFlags
from tsock.cli.program import command
from tsock.errors import ConfigError
from tsock.installation.modes import exposed
from tsock.settings import Settings, load
from tsock.urls import is_loopback


def serve(
    *,
    config: Annotated[Path | None, FILE_NAME, Parameter(metavar="FILE")] = None,
    flags: SettingFlags = NO_FLAGS,
) -> None:
    """Start a server for production. It needs `--data` and has nothing of `tsock dev`.

    It speaks plain HTTP, so it starts only where tokens cannot be overheard: on a loopback address, or on
    another one when `public_url` says by `https://` that a proxy in front of it ends TLS.

    Args:
        config: Settings file instead of `tsock.toml`.
        flags: Every setting.
    """
    loaded = load(flags.given(), os.environ, config)
    data = safe_data(loaded.settings)

    def ready(server: Ready) -> None:
        if not server.has_accounts:
            here = ("account", "create", "--data", str(data))
            output.line("There is no account yet, so nobody can connect. Make one: ", command(*here))
        if server.address != server.url:
            output.line(f"It listens on {server.address}, which clients reach as {server.url}.")
        output.line((f"tsock {__version__}", "bold"), " is ready at ", (server.url, "bold green"))

    process.run(loaded, data, dev=None, on_ready=ready)


def safe_data(settings: Settings) -> Path:
    """The data directory, if everything about these settings is safe.

    Raises:
        ConfigError: data would be lost, tokens could be overheard, others could change the data,
            or it is no host where it is to listen.
    """
    url = settings.public_url
    if url is not None and not url.startswith("https://") and not is_loopback(urlsplit(url).hostname or ""):
        raise ConfigError(
            "public_url: expected https://, since Access Tokens pass over it, "
            f"got {url}; let a proxy in front of tsock end TLS"
        )
    if not is_loopback(settings.host) and not (url or "").startswith("https://"):
        where_to_listen(settings)  # what is no host at all is told as that
        raise ConfigError(
            f"host: {settings.host} can be reached from other machines, and tsock itself speaks plain HTTP, "
            "so tokens could be overheard; listen on 127.0.0.1, or put a proxy that ends TLS in front of it "
            "and tell its URL with --public-url https://…"
        )
    if settings.data is None:
        raise ConfigError(
            "data: expected a directory that keeps everything, got none; give one with --data DIR "
            "(a server without data to keep is `tsock dev`)"
        )
    data = Path(settings.data)
    found = exposed(data)
    if found is not None:
        raise ConfigError(
            f"data: {found.whose} may write to {found.path}, and so change or replace data; run {found.fix}"
        )
    return data
