"""Pages of items in order of index or key, in both directions (`protocol/sync.md`, Paging)."""

from itertools import accumulate
from typing import Annotated

import msgspec

from tsock.storage import page_token
from tsock.storage.keyset import KeyText
from tsock.storage.store import Tx
from tsock.sync import permissions, refusals, roots
from tsock.sync.actor import Actor
from tsock.sync.item_tables import items_of
from tsock.sync.kinds import LIST, Kind
from tsock.sync.models import Item, Root, present


class Page(msgspec.Struct, frozen=True, gc=False):
    """Items in the order asked for, and tokens of the pages beside them.

    Either token is None exactly when nothing lies on that side, also of an empty page: clients read only
    that from them.
    """

    items: list[Item]
    size: int
    previous_token: str | None = None
    next_token: str | None = None


class Query(msgspec.Struct, frozen=True, gc=False):
    """Which page is asked for; the defaults are those of a request that does not say."""

    size: int
    token: str | None = None
    """Of an earlier page; stands for all the rest."""
    start: int | str | None = None
    """`From`, which need not exist; None is the start of the order."""
    exclusive: bool = False
    descending: bool = False


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """A page: `size` rows from `start` on, inclusive, read forward or against the order."""

    start: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | KeyText
    descending: bool
    backward: bool
    size: Annotated[int, msgspec.Meta(ge=1, le=1000)]


def of_items(tx: Tx, actor: Actor, kind: Kind, sid_or_name: str, query: Query) -> Page:
    """The page that `query` asks for.

    Raises:
        ApiError: absent; 54007 not readable; 54453 not a token of this list or map.
    """
    root = _open(tx, actor, kind, sid_or_name)
    if query.token is not None:
        return _at(tx, actor, root, _place(root, query.token))
    rows, behind, ahead = _window(
        tx,
        root,
        query.start,
        strict=query.exclusive,
        descending=query.descending,
        size=query.size,
        chars_max=actor.limits.page_chars_max,
    )
    return Page(
        rows,
        query.size,
        _token(root, behind, descending=query.descending, backward=True, size=query.size),
        _token(root, ahead, descending=query.descending, backward=False, size=query.size),
    )


def _at(tx: Tx, actor: Actor, root: Root, place: _Place) -> Page:
    size = min(place.size, actor.limits.page_rows_max)
    rows, behind, ahead = _window(
        tx,
        root,
        place.start,
        strict=False,
        descending=place.descending != place.backward,
        size=size,
        chars_max=actor.limits.page_chars_max,
    )
    if place.backward:
        rows.reverse()
        behind, ahead = ahead, behind
    return Page(
        rows,
        size,
        _token(root, behind, descending=place.descending, backward=True, size=size),
        _token(root, ahead, descending=place.descending, backward=False, size=size),
    )


def of_one(tx: Tx, actor: Actor, kind: Kind, sid_or_name: str, key: int | str, *, size: int) -> Page:
    """The page an `Index` or `Key` query answers: one row, or none when there is no such item.

    Raises:
        ApiError: absent list or map; 54007 not readable.
    """
    root = _open(tx, actor, kind, sid_or_name)
    item = present(items_of(kind).get(tx, root.sid, key), tx.now_ms)
    return Page([] if item is None else [item], size)


def _open(tx: Tx, actor: Actor, kind: Kind, sid_or_name: str) -> Root:
    root = roots.find(tx, actor, kind, sid_or_name)
    permissions.require_read(tx, actor, root)
    return root


def _window(
    tx: Tx,
    root: Root,
    start: int | str | None,
    *,
    strict: bool,
    descending: bool,
    size: int,
    chars_max: int,
) -> tuple[list[Item], int | str | None, int | str | None]:
    """Up to `size` rows, and the keys of the nearest rows before the first and after the last.

    Large rows end the page earlier: clients cope with a short page, and not with a packet of megabytes. It
    has two rows at least: a client that asks from its last row on would take that one alone for the end.
    """
    table = items_of(root.kind)
    found = table.span(tx, root.sid, start, strict=strict, descending=descending, limit=size + 1)
    fitting = sum(chars <= chars_max for chars in accumulate(len(row.data) for row in found))
    rows = found[: min(size, max(fitting, 2))]
    ahead = found[len(rows)].key if len(rows) < len(found) else None
    if start is None:
        return rows, None, ahead
    # Of an empty page, what lies before is whatever the bound left out.
    edge, beyond = (rows[0].key, True) if rows else (start, not strict)
    before = table.span(tx, root.sid, edge, strict=beyond, descending=not descending, limit=1)
    return rows, before[0].key if before else None, ahead


def _token(root: Root, start: int | str | None, *, descending: bool, backward: bool, size: int) -> str | None:
    if start is None:
        return None
    return page_token.written(root.sid.encode(), _Place(start, descending, backward, size))


def _place(root: Root, token: str) -> _Place:
    place = page_token.read(root.sid.encode(), token, _Place)
    # Anybody can write one: an engine need not compare a number with a text.
    if place is None or isinstance(place.start, int) != (root.kind is LIST):
        raise refusals.bad_query(54453, "PageToken", "one that a page of this collection gave")
    return place
