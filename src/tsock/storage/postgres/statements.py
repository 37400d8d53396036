"""Statements as PostgreSQL takes them: numbered arguments in place of named ones, values as text."""

import functools
import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

Values = list[bytes | None]

_ARGUMENT = re.compile(r"'[^']*'|(?<!:):([a-z_][a-z0-9_]*)")
_NAMES_ITS_ROW = re.compile(r"SELECT sid, [a-z_, ]+ FROM [a-z_]+ WHERE (?!.*(?:JOIN|SELECT))")
_PREPARED_ARGUMENTS_MAX = 32
"""Statements with more were written for a set of a certain size, and few will be met again."""


class Statement:
    """One statement; each connection prepares it once, under the same name."""

    __slots__ = ("_arguments", "has_limit", "is_read", "name", "names_its_row", "text")

    def __init__(self, text: str) -> None:
        arguments: dict[str, int] = {}

        def number(found: re.Match[str]) -> str:
            name = found[1]
            return found[0] if name is None else f"${arguments.setdefault(name, len(arguments) + 1)}"

        self.text = _ARGUMENT.sub(number, text).encode()
        self._arguments = tuple(arguments)
        self.name = None if len(arguments) > _PREPARED_ARGUMENTS_MAX else _named(self.text)
        """Under which it is prepared; None where it is not worth it."""
        self.is_read = text.startswith(("SELECT", "WITH"))
        """Whether it changes nothing."""
        self.has_limit = " LIMIT " in text
        """Whether others take the place of rows that it passes over."""
        self.names_its_row = _NAMES_ITS_ROW.match(text) is not None and not self.has_limit
        """Whether it finds rows of one table whose first column is their SID."""

    def values(self, params: Mapping[str, Any]) -> Values:
        """The arguments in their order, as PostgreSQL reads them.

        Raises:
            ValueError: one is a text that PostgreSQL cannot store.
        """
        values = [params[name] for name in self._arguments]
        return [_WRITTEN[type(value)](value) for value in values]


@functools.lru_cache(maxsize=4096)
def plain(sql: str) -> Statement:
    """The statement as it is."""
    return Statement(sql)


@functools.lru_cache(maxsize=256)
def claiming(sql: str) -> Statement:
    """The same `SELECT`, which waits until its rows are nobody else's, and holds them."""
    # Rows that refer to a claimed one may be inserted meanwhile; it alone stays as it is.
    return Statement(f"{sql} FOR NO KEY UPDATE")


@functools.lru_cache(maxsize=256)
def claiming_free(sql: str) -> Statement:
    """The same, without those that are somebody else's."""
    return Statement(f"{sql} FOR NO KEY UPDATE SKIP LOCKED")


def _named(text: bytes) -> bytes:
    """Always the same, so that a statement that was forgotten here is not prepared again."""
    return blake2b(text, digest_size=12).hexdigest().encode()


def _text(value: str) -> bytes:
    if "\0" in value:  # what is behind it would be lost
        raise ValueError("PostgreSQL stores no text with U+0000: expected it to be refused at the door")
    return value.encode()


def _nothing(value: None) -> None:
    return value


_WRITTEN: dict[type, Callable[[Any], bytes | None]] = {
    str: _text,
    int: b"%d".__mod__,
    bool: {True: b"t", False: b"f"}.__getitem__,
    float: lambda value: repr(value).encode(),
    type(None): _nothing,
}
