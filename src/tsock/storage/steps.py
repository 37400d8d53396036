"""The steps that bring a database to the newest schema: `migrations/NNNN_name.sql`, for every engine."""

import sqlite3
from collections.abc import Iterator
from importlib import resources


def read_steps() -> dict[int, str]:
    """The script of each step, by its number."""
    folder = resources.files("tsock.storage").joinpath("migrations")
    files = (file for file in folder.iterdir() if file.name.endswith(".sql"))
    return {int(file.name.partition("_")[0]): file.read_text("utf-8") for file in files}


def statements(script: str) -> Iterator[str]:
    """The statements of a script, each with its comments."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
