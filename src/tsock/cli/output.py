"""What commands print: readable and in colour on a terminal, plain in a pipe, JSON where it is asked for."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, cast

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPE_COLUMNS = 10_000
"""In a pipe nothing is wrapped or cut."""


@cache
def console(*, errors: bool = False) -> Console:
    """Standard output, or standard error."""
    stream = sys.stderr if errors else sys.stdout
    width = None if stream.isatty() else PIPE_COLUMNS
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def line(*parts: str | tuple[str, str], errors: bool = False) -> None:
    """Print one line; a part may have a style, as `("text", "bold")`."""
    text = Text()
    for part in parts:
        content, style = (part, "") if isinstance(part, str) else part
        text.append(printable(content), style)
    console(errors=errors).print(text, soft_wrap=True)


def complaint(message: str) -> None:
    """Say on standard error why a command failed."""
    line(("error: ", "bold red"), message, errors=True)


def remark(message: str) -> None:
    """Say on standard error what a user should know beside the result."""
    line(("note: ", "bold yellow"), message, errors=True)


def document(value: Any) -> None:
    """Print JSON, given as bytes or as what they are made of."""
    text = value if isinstance(value, bytes) else msgspec.json.encode(value)
    print(msgspec.json.format(text, indent=2).decode())


def record(fields: Mapping[str, Any]) -> None:
    """Print one thing, a field on each line."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in fields.items():
        grid.add_row(Text(name.replace("_", " ")), cell(value))
    _table(grid)


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print many things, one on each line, by the columns named."""
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        grid.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        grid.add_row(*(cell(row.get(column)) for column in columns))
    _table(grid)


def cell(value: Any) -> Text:
    """A value as a reader expects it."""
    if value is None:
        return Text("-", "dim")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, list):
        return Text(", ".join(printable(str(part)) for part in cast("list[object]", value)) or "-")
    return Text(printable(str(value)))


def printable(text: str) -> str:
    """`text` without what would move the cursor or turn the writing round: clients choose parts of it."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def _table(grid: Table) -> None:
    out = console()
    if out.is_terminal:
        out.print(grid)
        return
    with out.capture() as captured:
        out.print(grid)
    for each in captured.get().splitlines():
        print(each.rstrip())
