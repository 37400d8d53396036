"""A data directory that no server owns, opened by the command itself: the same routes without a socket."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tsock.assembly import opened, operator_shell
from tsock.cli.location import DataDirectory
from tsock.clock import Clock
from tsock.http.asgi import HttpShell
from tsock.ids import Ids
from tsock.telemetry import log


@asynccontextmanager
async def offline(place: DataDirectory) -> AsyncGenerator[HttpShell]:
    """The application that answers the operator.

    Raises:
        DirectoryInUse: a process owns the directory.
        ConfigError: it cannot be opened.
    """
    log.configure("warning", place.loaded.settings.log_format)
    async with opened(place.data, place.loaded, os.environ, Clock(), Ids()) as installed:
        yield operator_shell(installed)
