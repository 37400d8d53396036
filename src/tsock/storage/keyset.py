"""Pages of rows in the order of a key: what follows, or precedes, a place in that order.

A page begins behind a key and not at a number, so that rows which come or go meanwhile are neither skipped
nor repeated.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tsock.storage.store import Row, Tx

Key = tuple[Any, ...]
"""One value for each column of the order."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a page begins: right behind `key`, or right before it and read backwards; () is the start."""

    key: Key = ()
    backward: bool = False


START = Place()


class Slice(msgspec.Struct, frozen=True):
    """Up to a page of rows, in order; a neighbour is None exactly when nothing lies on that side."""

    rows: Sequence[Row]
    previous: Place | None
    next: Place | None


class Listing(msgspec.Struct, frozen=True):
    """What a list shows, and in which order."""

    select: str
    """`SELECT … FROM …` whose first columns are those of `order`."""
    order: tuple[str, ...]
    """Columns that name a row, the first of them leading; an index has them in this order."""
    descending: bool = False


def slice_at(
    tx: Tx, listing: Listing, where: str, params: Mapping[str, Any], place: Place, size: int
) -> Slice:
    """The rows that fulfil `where` at `place`, at most `size` (at least 1) of them."""
    rows = _rows(tx, listing, where, params, place, size + 1)
    more = len(rows) > size
    del rows[size:]
    if place.backward:
        rows.reverse()
    width = len(listing.order)
    first, last = (tuple(rows[0][:width]), tuple(rows[-1][:width])) if rows else (place.key, place.key)
    back, forth = Place(first, backward=True), Place(last)
    if place.backward:
        return Slice(rows, back if more else None, forth if rows else START)
    return Slice(
        rows, back if _is_preceded(tx, listing, where, params, place, back) else None, forth if more else None
    )


def _is_preceded(
    tx: Tx, listing: Listing, where: str, params: Mapping[str, Any], place: Place, back: Place
) -> bool:
    return place.key != () and bool(_rows(tx, listing, where, params, back, 1))


def _rows(
    tx: Tx, listing: Listing, where: str, params: Mapping[str, Any], place: Place, limit: int
) -> list[Any]:
    descending = listing.descending != place.backward
    direction = " DESC" if descending else ""
    names = [f"key{number}" for number in range(len(listing.order))]
    if place.key:
        marks = ", ".join(f":{name}" for name in names)
        where = f"{where} AND ({', '.join(listing.order)}) {'<' if descending else '>'} ({marks})"
    order = ", ".join(f"{column}{direction}" for column in listing.order)
    return tx.all(
        f"{listing.select} WHERE {where} ORDER BY {order} LIMIT :limit",
        {**params, **dict(zip(names, place.key, strict=False)), "limit": limit},
    )
