"""A server in this process: what surrounds `app.serve` from the command to the exit."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

import uvloop

from tsock import app
from tsock.app import Dev, Ready
from tsock.bench.process import allow_many_files
from tsock.cli import feed, runtime
from tsock.settings import Loaded
from tsock.telemetry import log


def run(loaded: Loaded, data: Path, *, dev: Dev | None, on_ready: Callable[[Ready], None]) -> None:
    """Serve `data` until SIGTERM or SIGINT. In development what happens is told for reading, unless in JSON.

    Raises:
        ConfigError: the server cannot start.
    """
    level, style = loaded.settings.log_level, loaded.settings.log_format
    is_told = dev is not None and style != "json"
    if is_told:
        log.configure(level, "console", without=feed.TOLD)
    else:
        log.configure(level, style)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    allow_many_files()
    with contextlib.ExitStack() as until_exit:

        def ready(server: Ready) -> None:
            until_exit.enter_context(runtime.announced(server.port, data))
            on_ready(server)
            if is_told:
                connections = level in ("debug", "info")
                server.tail.listen(feed.Feed(server.port, connections=connections).hear)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(app.serve(loaded, data, os.environ, dev=dev, on_ready=ready))
