"""What the routes of the operator have in common: JSON bodies, pages, names of products.

Field names are those of the records, in snake_case; dates are ISO 8601; nothing sealed is ever shown.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from tsock.accounts.caller import CHAT, SYNC
from tsock.api.request import Request, Response, answer
from tsock.errors import invalid
from tsock.misread import UNREADABLE, found_instead
from tsock.storage.texts import refuse_nul

PAGE_ROWS = 500
"""Entries of one page; `next` is where the following one begins, null after the last."""

PRODUCTS = {"sync": SYNC, "chat": CHAT}
"""Products by the names an operator uses."""

T = TypeVar("T", bound=msgspec.Struct)


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a request says; a member that no request has is an error."""


def decoded(request: Request, kind: type[T]) -> T:
    """The body of a request.

    Raises:
        ApiError: 400/20422, it is not what `kind` says, or a text in it has U+0000.
    """
    try:
        body = msgspec.json.decode(request.body or b"{}", type=kind)
    except UNREADABLE as error:
        raise invalid(f"expected a JSON object, found {found_instead(request.body, error)}") from None
    for name, value in msgspec.structs.asdict(body).items():
        if isinstance(value, str):
            refuse_nul(value, name)
    return body


def page(name: str, records: Sequence[Any], view: Callable[[Any], object], key: str = "sid") -> Response:
    """One page of a list, under `name`; the following one begins behind the `key` of its last record."""
    last = getattr(records[-1], key) if len(records) == PAGE_ROWS else None
    return answer({name: [view(record) for record in records], "next": last})


def product(name: str) -> str:
    """The product with this name.

    Raises:
        ApiError: 400/20422, there is none.
    """
    if name not in PRODUCTS:
        raise invalid(f"a product is sync or chat, not {name[:32]}")
    return PRODUCTS[name]
