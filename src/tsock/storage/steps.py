"""The steps that bring a database to the newest schema: `migrations/NNNN_name.sql`, for every engine."""

import sqlite3
from collections.abc import Iterator, Mapping
from importlib import resources

from tsock.errors import ConfigError


def read_steps() -> dict[int, str]:
    """The script of each step, by its number."""
    folder = resources.files("tsock.storage").joinpath("migrations")
    files = (file for file in folder.iterdir() if file.name.endswith(".sql"))
    return {int(file.name.partition("_")[0]): file.read_text("utf-8") for file in files}


def check_version(have: int, steps: Mapping[int, str]) -> None:
    """See that a database at version `have` is one that these steps lead to.

    Raises:
        ConfigError: a newer version of tsock wrote it.
    """
    newest = max(steps)
    if have > newest:
        raise ConfigError(
            f"the data directory has schema version {have}, this tsock knows versions up to {newest}: "
            "run the version that wrote it, or a newer one"
        )


def statements(script: str) -> Iterator[str]:
    """The statements of a script, each with its comments."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
