"""Pages of REST lists: what is asked for, tokens, and both envelopes (`protocol/rest.md`, Paging)."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from tsock.api.request import Request, Response, answer
from tsock.api.rest.fields import PAGING, Fields, shown
from tsock.errors import ApiError
from tsock.storage import page_token
from tsock.storage.keyset import START, Cursor, Slice, rows_of

ROWS = 50
"""Of a page when the request does not say."""


class Codes(msgspec.Struct, frozen=True):
    """The errors of a product for what is no page."""

    size: int
    token: int


COMMON = Codes(20422, 21481)
SYNC = Codes(54454, 54453)


class Asked(msgspec.Struct, frozen=True):
    """Which page of a list is asked for."""

    request: Request
    filters: tuple[tuple[str, str], ...]
    """What else the query says; repeated in every link."""
    size: int
    number: int
    """Zero-based; informative."""
    token: str | None
    codes: Codes

    @property
    def place(self) -> Cursor:
        """Where the page begins in a list whose order is that of dates, indices or numbers.

        Raises:
            ApiError: 400, the token was not made for this list.
        """
        return self._place(int)

    @property
    def place_by_name(self) -> Cursor:
        """The same in a list whose order is that of names or SIDs."""
        return self._place(str)

    def _place(self, leading: type) -> Cursor:
        place = START if self.token is None else page_token.read(self.subject, self.token, Cursor)
        # Anybody can write one: an engine need not compare a number with a text.
        if place is None or not place.is_led_by(leading):
            raise ApiError(
                400, self.codes.token, "Invalid PageToken: expected one that a page of this list gave"
            )
        return place

    @property
    def subject(self) -> bytes:
        """What a token is bound to: the list and its filters."""
        return repr((self.request.path, self.filters)).encode()


def asked(request: Request, query: Fields, *, rows_max: int, codes: Codes = COMMON) -> Asked:
    """Read `PageSize`, `Page` and `PageToken`.

    Args:
        request: the list's URL.
        query: its parameters.
        rows_max: the list's largest page; whoever asks for more gets that.
        codes: the product's errors.

    Raises:
        ApiError: 400, the size is no number from 1 on, or a number or token is malformed.
    """
    text = query.text("PageSize")
    size = rows_of(str(ROWS) if text is None else text, rows_max)
    if size is None:
        expected = f"expected a whole number from 1 on, not {shown(text or '')}"
        raise ApiError(400, codes.size, f"Invalid PageSize: {expected}")
    number = query.whole("Page", 0, 10**9) or 0
    filters = tuple((name, value) for name in sorted(query.names - PAGING) for value in query.texts(name))
    return Asked(request, filters, size, number, query.text("PageToken"), codes)


def page(asked: Asked, key: str, records: Sequence[Any], rows: Slice) -> Response:
    """A list of a product: `key` names the records, links are absolute."""
    previous, next_ = _tokens(asked, rows)
    return token_page(asked, key, records, previous, next_)


def token_page(
    asked: Asked, key: str, records: Sequence[Any], previous: str | None, next_: str | None
) -> Response:
    """The same, where tokens are already made."""
    request = asked.request
    path = request.base + "".join(f"/{quote(segment, safe='')}" for segment in request.path[1:])
    links = _links(asked, path, previous, next_)
    return answer(
        {
            key: records,
            "meta": {
                "key": key,
                "page": asked.number,
                "page_size": asked.size,
                "first_page_url": links.first,
                "previous_page_url": links.previous,
                "url": links.own,
                "next_page_url": links.next,
            },
        }
    )


def flat_page(asked: Asked, key: str, records: Sequence[Any], rows: Slice) -> Response:
    """A list of the 2010 API: links are relative to the host; any further member breaks clients."""
    path = "".join(f"/{quote(segment, safe='')}" for segment in asked.request.path[1:]) + ".json"
    links = _links(asked, path, *_tokens(asked, rows))
    start = asked.number * asked.size
    return answer(
        {
            key: records,
            "page": asked.number,
            "page_size": asked.size,
            "start": start,
            "end": start + max(len(records) - 1, 0),
            "uri": links.own,
            "first_page_uri": links.first,
            "previous_page_uri": links.previous,
            "next_page_uri": links.next,
        }
    )


class _Links(msgspec.Struct, frozen=True):
    own: str
    first: str
    previous: str | None
    next: str | None


def _links(asked: Asked, path: str, previous: str | None, next_: str | None) -> _Links:
    def link(number: int, token: str | None) -> str:
        query = [*asked.filters, ("PageSize", str(asked.size)), ("Page", str(number))]
        return (
            f"{path}?{urlencode(query if token is None else [*query, ('PageToken', token)], quote_via=quote)}"
        )

    return _Links(
        own=link(asked.number, asked.token),
        first=link(0, None),
        previous=None if previous is None else link(max(asked.number - 1, 0), previous),
        next=None if next_ is None else link(asked.number + 1, next_),
    )


def _tokens(asked: Asked, rows: Slice) -> tuple[str | None, str | None]:
    def token(place: Cursor | None) -> str | None:
        return None if place is None else page_token.written(asked.subject, place)

    return token(rows.previous), token(rows.next)
