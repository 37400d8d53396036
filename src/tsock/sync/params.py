"""Small values of requests, from what a client sent to what a rule takes."""

import re
from collections.abc import Callable

from tsock.errors import ApiError
from tsock.storage.keyset import rows_of
from tsock.sync import refusals
from tsock.sync.actor import SyncLimits
from tsock.sync.kinds import LIST, Kind
from tsock.sync.pages import Query

ABSENT = "-1"
"""The `If-Match` that holds when there is no such item."""

PAGE_SIZE = 50
"""Rows of a page when the request does not say."""

_REVISION = re.compile(r"-1|[0-9a-f]{1,16}")
_INDEX = re.compile(r"[0-9]{1,18}")


def ttl(value: object, limits: SyncLimits) -> int | None:
    """Seconds to live: None leaves the expiry as it is, 0 clears it.

    Raises:
        ApiError: 54011, not whole seconds in range.
    """
    if value is None:
        return None
    if type(value) is int and 0 <= value <= limits.ttl_s_max:
        return value
    raise refusals.bad_ttl(value, limits.ttl_s_max)


def if_match(header: str | None) -> str | None:
    """The revision an `If-Match` header names, with or without double quotes.

    Raises:
        ApiError: 54003, nothing that could be a revision.
    """
    if header is None:
        return None
    text = header.strip()
    if text.startswith('"') and text.endswith('"'):
        text = text[1:-1]
    if _REVISION.fullmatch(text) is None:
        raise refusals.bad_if_match(text)
    return text


def index(text: str) -> int:
    """The index of a list item, from a path segment, `Index` or `From`.

    Raises:
        ApiError: 54458.
    """
    if _INDEX.fullmatch(text) is None:
        raise refusals.bad_query(54458, "List Item index", "a whole number from 0")
    return int(text)


def item_key(kind: Kind, text: str, limits: SyncLimits) -> int | str:
    """The index or key that names one item; no map item has an empty key.

    Raises:
        ApiError: 54458 or 54209.
    """
    key = _key(kind, text)
    if key == "":
        raise refusals.bad_key(key, limits.key_chars_max)
    return key


def item_query(kind: Kind, parameter: Callable[[str], str | None], limits: SyncLimits) -> Query:
    """The page that `PageToken`, or `From`, `Bounds`, `Order` and `PageSize` ask for.

    Raises:
        ApiError: 54451, 54452, 54454 or 54458, one of them is malformed.
    """
    start = parameter("From")
    return Query(
        size=page_size(parameter("PageSize"), limits),
        token=parameter("PageToken"),
        start=None if start is None else _key(kind, start),
        exclusive=exclusive(parameter("Bounds")),
        descending=descending(parameter("Order")),
    )


def page_size(text: str | None, limits: SyncLimits) -> int:
    """Rows to return: what was asked for, at most `page_rows_max`.

    Raises:
        ApiError: 54454, not a whole number from 1 on.
    """
    rows = rows_of(str(PAGE_SIZE) if text is None else text, limits.page_rows_max)
    if rows is None:
        raise refusals.bad_query(54454, "PageSize", "a whole number from 1 on")
    return rows


def descending(order: str | None) -> bool:
    """Whether `Order` asks for the last item first.

    Raises:
        ApiError: 54451.
    """
    return _choice(order, "asc", "desc", refusals.bad_query(54451, "Order", "asc or desc"))


def exclusive(bounds: str | None) -> bool:
    """Whether `Bounds` leaves out the item named by `From`.

    Raises:
        ApiError: 54452.
    """
    return _choice(
        bounds, "inclusive", "exclusive", refusals.bad_query(54452, "Bounds", "inclusive or exclusive")
    )


def _key(kind: Kind, text: str) -> int | str:
    return index(text) if kind is LIST else text


def _choice(text: str | None, default: str, other: str, refusal: ApiError) -> bool:
    if text is None or text == default:
        return False
    if text == other:
        return True
    raise refusal
