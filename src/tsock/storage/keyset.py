"""Pages of rows in the order of a key: what follows, or precedes, a place in that order.

A page begins behind a key and not at a number, so that rows which come or go meanwhile are neither skipped
nor repeated.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from tsock.storage.store import Row, Tx

_Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A date, an index, a counter: what a column can hold of them."""

KeyText = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$")]
"""A name: anybody can write a page token, so what stands in one is looked at as what comes in at a door."""

Key = tuple[_Number | KeyText, ...]
"""One value for each column of the order; fewer name the rows that begin with them."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a page begins: right behind `key`, or right before it and read backwards.

    Without a key it begins at the start of the order, or at its end.
    """

    key: Key = ()
    backward: bool = False

    def is_led_by(self, kind: type) -> bool:
        """Whether it can be a place where the first column is of this kind, and all others are texts."""
        return all(isinstance(value, str if column else kind) for column, value in enumerate(self.key))


START, END = Cursor(), Cursor(backward=True)


class Slice(msgspec.Struct, frozen=True):
    """Up to a page of rows, in order; a neighbour is None exactly when nothing lies on that side."""

    rows: Sequence[Row]
    previous: Cursor | None
    next: Cursor | None


class Listing(msgspec.Struct, frozen=True):
    """What a list shows, and in which order."""

    select: str
    """`SELECT … FROM …` whose first columns are those of `order`."""
    order: tuple[str, ...]
    """Columns that name a row, the first of them leading; an index has them in this order."""
    descending: bool = False


def rows_of(page_size: str, rows_max: int) -> int | None:
    """How many rows a page of this size has: as many as are asked for, up to `rows_max`.

    Libraries ask for whatever limit they were given and follow the links, so none is too large; None for 0
    and for what is no whole number.
    """
    digits = page_size.lstrip("0")
    if not (digits.isascii() and digits.isdigit()):
        return None
    return rows_max if len(digits) > len(str(rows_max)) else min(int(digits), rows_max)


def slice_at(
    tx: Tx, listing: Listing, where: str, params: Mapping[str, Any], place: Cursor, size: int
) -> Slice:
    """The rows that fulfil `where` at `place`, at most `size` (at least 1) of them."""
    rows = _rows(tx, listing, where, params, place, size + 1)
    more = len(rows) > size
    del rows[size:]
    if place.backward:
        rows.reverse()
    width = len(listing.order)
    before = Cursor(tuple(rows[0][:width]), backward=True) if rows else END
    behind = Cursor(tuple(rows[-1][:width])) if rows else START

    def unless_empty(neighbour: Cursor) -> Cursor | None:
        return neighbour if _rows(tx, listing, where, params, neighbour, 1) else None

    if place.backward:
        return Slice(rows, before if more else None, unless_empty(behind))
    return Slice(rows, unless_empty(before) if place.key else None, behind if more else None)


def _rows(
    tx: Tx, listing: Listing, where: str, params: Mapping[str, Any], place: Cursor, limit: int
) -> list[Any]:
    descending = listing.descending != place.backward
    direction = " DESC" if descending else ""
    names = [f"key{number}" for number in range(len(listing.order))]
    if place.key:
        marks = ", ".join(f":{name}" for name in names[: len(place.key)])
        columns = ", ".join(listing.order[: len(place.key)])
        where = f"{where} AND ({columns}) {'<' if descending else '>'} ({marks})"
    order = ", ".join(f"{column}{direction}" for column in listing.order)
    return tx.all(
        f"{listing.select} WHERE {where} ORDER BY {order} LIMIT :limit",
        {**params, **dict(zip(names, place.key, strict=False)), "limit": limit},
    )
