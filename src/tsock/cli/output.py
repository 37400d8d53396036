"""What commands print: readable and in colour on a terminal, plain in a pipe, JSON where it is asked for."""

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Annotated, Any, TypeAlias, cast

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tsock.telemetry.printable import printable, printable_json

AsJson: TypeAlias = Annotated[
    bool, Parameter(name="--json", negative="", show_default=False, help="Print JSON.")
]
"""The flag `--json`."""

Part = str | tuple[str, str]
"""Text, or text with a style, such as `("denied", "bold red")`."""

_is_whole = re.compile(r"[A-Z]{2}[0-9a-f]{32}|[\dT:.Z-]{10,}|\w{1,16}").fullmatch
"""An id, a date, or a short word such as a code: not to be broken."""

PIPE_COLUMNS = 10_000
"""In a pipe nothing is wrapped or cut."""


def console(*, errors: bool = False) -> Console:
    """Standard output, or standard error."""
    stream = sys.stderr if errors else sys.stdout
    width = None if stream.isatty() else PIPE_COLUMNS
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def line(*parts: Part, errors: bool = False) -> None:
    """Print one line, at once."""
    text = Text()
    for part in parts:
        content, style = (part, "") if isinstance(part, str) else part
        text.append(printable(content), style)
    out = console(errors=errors)
    try:
        if out.is_terminal:
            out.print(text, soft_wrap=True)
        else:
            print(text.plain, file=out.file, flush=True)
    except BrokenPipeError:
        if not errors:
            raise
        # Nobody reads the complaints. The exit code says as much, and it is to stay.
        discard(sys.stderr)


def discard(stream: IO[str]) -> None:
    """Drop what `stream` holds for a reader who has enough, so that it does not fail once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def paragraph(content: str, before: str = "") -> None:
    """Print a text that, on a terminal, is wrapped at words and kept to the right of `before`."""
    out = console()
    if not out.is_terminal:
        line(before, content)
        return
    grid = Table.grid()
    grid.add_row(Text(before), Text(printable(content)))
    out.print(grid)


def complaint(message: str) -> None:
    """Say on standard error why a command failed."""
    line(("error: ", "bold red"), message, errors=True)


def remark(message: str) -> None:
    """Say on standard error what a user should know beside the result."""
    line(("note: ", "bold yellow"), message, errors=True)


def document(value: object, *, indent: int = 2) -> None:
    """Print JSON, at once; without an indent on one line."""
    encoded = msgspec.json.encode(value)
    print(
        printable_json((msgspec.json.format(encoded, indent=indent) if indent else encoded).decode()),
        flush=True,
    )


def record(fields: Mapping[str, Any], *, json: bool) -> None:
    """Print one thing, a field on each line."""
    if json:
        document(fields)
        return
    out = console()
    names = max((len(name) for name in fields), default=0)
    if out.is_terminal and names + 2 + _width("", [_cell(value) for value in fields.values()]) > out.width:
        for name, value in fields.items():
            line((_words(name), "cyan"))
            line(_cell(value).plain)
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in fields.items():
        grid.add_row(_words(name), _cell(value))
    _table(grid)


def nothing_of(records: str, **filters: object) -> str:
    """Says that a filtered list is empty: `no alert of code 54007 is on record`."""
    of = "".join(f" of {name} {value}" for name, value in filters.items() if value is not None)
    return f"no {records}{of} is on record"


def table(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    json: bool = False,
    none: str = "nothing to list",
) -> None:
    """Print many things, one on each line by the columns named; as JSON with everything they have.

    On a terminal that is too narrow for the ids in them, each gets lines of its own: an id is never cut.
    With no rows a note says `none`.
    """
    if json:
        document(rows)
        return
    if not rows:
        remark(none)
        return
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [_width(_words(column), [row[place] for row in cells]) for place, column in enumerate(columns)]
    out = console()
    if out.is_terminal and sum(widths) + 2 * len(columns) > out.width:
        for row in rows:
            record({column: row.get(column) for column in columns}, json=False)
            line()
        return
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        grid.add_column(_words(column), overflow="fold", min_width=width)
    for row in cells:
        grid.add_row(*row)
    _table(grid)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _width(heading: str, cells: Iterable[Text]) -> int:
    """The least that a column may have: its heading whole, and what must not be broken."""
    words = [word for cell in cells for word in cell.plain.split() if _is_whole(word)]
    return max(map(len, (*heading.split(), *words)), default=0)


def _cell(value: object) -> Text:
    match value:
        case None | "":
            return Text("-", "dim")
        case bool():
            return Text("yes" if value else "no")
        case list():
            return Text(", ".join(printable(str(part)) for part in cast("list[object]", value)) or "-")
        case dict():
            return Text(printable(msgspec.json.encode(value).decode()))
        case _:
            return Text(printable(str(value)))


def _table(grid: Table) -> None:
    out = console()
    if out.is_terminal:
        out.print(grid)
        return
    with out.capture() as captured:
        out.print(grid)
    for each in captured.get().splitlines():
        print(each.rstrip())
