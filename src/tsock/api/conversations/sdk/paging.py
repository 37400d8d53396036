"""Pages of lists that the SDKs walk: tokens are null exactly at the ends, or clients go on for ever."""

from collections.abc import Sequence
from typing import Any

from tsock.api.request import Request, Response, answer
from tsock.errors import ApiError, invalid
from tsock.ids import is_sid
from tsock.storage.keyset import rows_of

PAGE_SIZE_MAX = 100


def position(request: Request, prefix: str, size: int) -> tuple[str, int]:
    """Behind which SID a page begins, and how many rows it has; the token is that SID.

    Raises:
        ApiError: 19038, the token is none of this list; 20422, the size is none.
    """
    token = request.params.get("PageToken", "")
    if token and not is_sid(token, prefix):
        raise ApiError(400, 19038, "Invalid PageToken: expected one that a page of this list gave")
    text = request.params.get("PageSize")
    if text is None:
        return token, size
    rows = rows_of(text, PAGE_SIZE_MAX)
    if rows is None:
        raise invalid("PageSize is a whole number from 1 on")
    return token, rows


def page(key: str, rows: Sequence[Any], last: str | None) -> Response:
    """A page; `last` is the SID that the next one begins behind, None if there is none."""
    return answer({key: rows, "meta": {"key": key, "previous_token": None, "next_token": last}})
