"""Every setting and every limit of the server: name, unit, default, range, error code, what it bounds.

The sections are the only place where a setting is declared: a module each, such as `connections.py`. Its flag
(`--ping-interval-s`), environment variable (`TSOCK_PING_INTERVAL_S`), key in `tsock.toml` (`ping_interval_s`)
and line in `docs/reference/settings.md` all follow from the field, its `Limit` and its docstring.

Units stand last in a name, before `_min` and `_max`. A limit described with "0: off" can be switched off.
"""

import ast
import functools
import inspect
import itertools
import re
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from tsock.settings.limit import Limit
from tsock.settings.records import RecordSettings


class Settings(RecordSettings, frozen=True, kw_only=True):
    """The settings of one process; `Settings()` holds the defaults."""


_SECTIONS = [part for part in reversed(Settings.__mro__) if inspect.get_annotations(part)]
"""In the order of the page. Each extends the one before, since a struct has one base with fields."""

SECTIONS = {next(iter(inspect.get_annotations(part))): (part.__doc__ or "").rstrip(".") for part in _SECTIONS}
"""The first setting of each section, and the section's title, which is its docstring."""


class Setting(msgspec.Struct, frozen=True):
    """One line of the table, as the loader and the reference page read it."""

    name: str
    kind: type[int] | type[float] | type[str] | type[tuple[str, ...]]
    choices: tuple[str, ...]
    """The words it may be; empty where any text is welcome."""
    unit: str
    """`s`, `ms`, `h`, `days`, `bytes`, `chars`, `per_s` or `per_min`; empty for a count and for no number."""
    default: Any
    limit: Limit

    @property
    def expects(self) -> str:
        """What a value must be, in words, as errors and the reference page say it."""
        if self.kind is tuple:
            return "texts separated by commas"
        if self.kind is str:
            return " or ".join(self.choices) or "text"
        low, high = self.limit.low, self.limit.high
        words = ["a whole number" if self.kind is int else "a number"]
        if self.unit:
            words.append("of " + self.unit if "per" not in self.unit else self.unit.replace("_", " "))
        if low is not None:
            words.append(f"from {low:g}")
        if high is not None:
            words.append(f"to {high:g}")
        return " ".join(words)


def _setting(field: msgspec.structs.FieldInfo) -> Setting:
    plain, limit = field.type, Limit()
    if get_origin(plain) is Annotated:
        plain, limit = get_args(plain)
    is_number = plain in (int, float)
    return Setting(
        name=field.name,
        kind=plain if is_number else tuple if get_origin(plain) is tuple else str,
        choices=get_args(plain) if get_origin(plain) is Literal else (),
        unit=_unit(field.name) if is_number else "",
        default=field.default,
        limit=limit,
    )


def _unit(name: str) -> str:
    found = re.search(r"_(per_s|per_min|ms|s|h|days|bytes|chars)(_min|_max)?$", name)
    return found[1] if found else ""


SETTINGS = {field.name: _setting(field) for field in msgspec.structs.fields(Settings)}
"""Every setting by name, in the order of `Settings`."""


@functools.cache
def descriptions() -> dict[str, str]:
    """What each setting bounds or chooses: the docstrings of its fields, each on one line."""
    texts: dict[str, str] = {}
    for part in _SECTIONS:
        (section,) = ast.parse(inspect.getsource(part)).body
        assert isinstance(section, ast.ClassDef)
        for field, text in itertools.pairwise(section.body):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                    texts[name] = " ".join(said.split())
                case _:
                    pass
    return texts
