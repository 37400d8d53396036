"""How an error looks to the caller: status, code, message and where to read more."""

import msgspec
import structlog

from tsock.api.request import Response
from tsock.errors import ApiError, StoreBusy, StoreDown

log = structlog.get_logger(__name__)

RETRY_AFTER_S = "1"
"""Rates let something through again within a second, and a busy store has moved on by then."""


class Problem(msgspec.Struct):
    """The error body of both APIs (`sync.md` 2.6); Kotlin clients read `status` from here."""

    status: int
    code: int
    message: str
    more_info: str


def response_to(error: Exception, base_url: str) -> Response:
    """The response for whatever a handler, rule or query raised; `base_url` is where our pages are."""
    headers: dict[str, str] = {}
    if isinstance(error, ApiError):
        status, code, message = error.status, error.code, error.message
        headers.update(error.headers)
    elif isinstance(error, StoreBusy | StoreDown):
        status, code, message = 503, 20503, "Service unavailable: the write was not stored, try again"
    else:
        log.error("request.failed", exc_info=error)
        status, code, message = 500, 20500, "Internal Server Error"
    if status in (429, 503):
        headers.setdefault("retry-after", RETRY_AFTER_S)
    body = msgspec.json.encode(Problem(status, code, message, f"{base_url}/errors/{code}"))
    return Response(status, body, headers=headers)
