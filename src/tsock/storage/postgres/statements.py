"""Statements as PostgreSQL takes them: numbered arguments in place of named ones, values as text."""

import functools
import re
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

Values = list[bytes | None]

_ARGUMENT = re.compile(r"'[^']*'|(?<!:):([a-z_][a-z0-9_]*)")
_PREPARED_ARGUMENTS_MAX = 32
"""Statements with more were written for a set of a certain size, and few will be met again."""
_numbers = count()


class Statement:
    """One statement; each connection prepares it once, under the same name."""

    __slots__ = ("_arguments", "name", "text")

    def __init__(self, text: str) -> None:
        arguments: dict[str, int] = {}

        def number(found: re.Match[str]) -> str:
            name = found[1]
            return found[0] if name is None else f"${arguments.setdefault(name, len(arguments) + 1)}"

        self.text = _ARGUMENT.sub(number, text).encode()
        self._arguments = tuple(arguments)
        self.name = None if len(arguments) > _PREPARED_ARGUMENTS_MAX else b"s%d" % next(_numbers)
        """Under which it is prepared; None where it is not worth it."""

    def values(self, params: Mapping[str, Any]) -> Values:
        """The arguments in their order, as PostgreSQL reads them."""
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


def _nothing(value: None) -> None:
    return value


_WRITTEN: dict[type, Callable[[Any], bytes | None]] = {
    str: str.encode,
    int: b"%d".__mod__,
    bool: {True: b"t", False: b"f"}.__getitem__,
    float: lambda value: repr(value).encode(),
    type(None): _nothing,
}
