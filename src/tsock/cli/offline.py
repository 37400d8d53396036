"""A data directory that no server owns, opened by the command itself: the same routes without a socket."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tsock.api.gatekeeper import Gatekeeper
from tsock.api.router import Router
from tsock.cli.target import Place
from tsock.clock import Clock
from tsock.http.asgi import HttpShell
from tsock.ids import Ids
from tsock.installation.installation import installation
from tsock.telemetry import log
from tsock.telemetry.tail import Tail


@asynccontextmanager
async def offline(place: Place) -> AsyncGenerator[HttpShell]:
    """The application that answers the operator.

    Raises:
        DirectoryInUse: a process owns the directory.
        ConfigError: it cannot be opened.
    """
    settings = place.loaded.settings
    log.configure("warning", settings.log_format)
    async with installation(place.data, place.loaded, os.environ, Clock(), Ids()) as installed:
        router = Router()
        router.add(installed.operator_routes(Tail(installed.clock), lambda: installed.store.down))
        yield HttpShell(
            router,
            installed.store,
            Gatekeeper(installed.directory, installed.vault, settings, installed.clock),
            installed.metrics,
            installed.ids,
            settings=settings,
            base_url=settings.public_url or "",
            reject=lambda rejection: None,  # an operator sees the error itself
        )
