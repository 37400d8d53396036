"""`tsock version`: what this is and what it runs on."""

import platform
import sqlite3

from tsock import __version__
from tsock.cli import output
from tsock.cli.output import AsJson


def version(*, json: AsJson = False) -> None:
    """Show the versions of tsock and of what it runs on."""
    versions = {
        "tsock": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "platform": platform.platform(),
    }
    output.record(versions, json=json)
