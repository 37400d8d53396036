"""How an error looks to the caller: status, code, message and where to read more."""

from http import HTTPStatus

import msgspec
import structlog

from tsock.api.request import Response
from tsock.api.site.html import page
from tsock.errors import TsockError, public

log = structlog.get_logger(__name__)

RETRY_AFTER_S = "1"
"""Rates let something through again within a second, and a busy store has moved on by then."""


class Problem(msgspec.Struct):
    """The error body of both APIs (`sync.md` 2.6); Kotlin clients read `status` from here."""

    status: int
    code: int
    message: str
    more_info: str


def response_to(error: Exception, base_url: str, *, as_page: bool = False) -> Response:
    """The response for whatever a handler, rule or query raised.

    Args:
        error: what was raised.
        base_url: where our pages are.
        as_page: whether a person is to read it, not a program.
    """
    told = public(error)
    status, headers = told.status, dict(told.headers)
    if not isinstance(error, TsockError):
        log.error("request.failed", exc_info=error)
    if status in (429, 503):
        headers.setdefault("retry-after", RETRY_AFTER_S)
    problem = Problem(status, told.code, told.message, f"{base_url}/errors/{told.code}")
    if as_page:
        return page("problem.html", status, headers, heading=HTTPStatus(status).phrase, problem=problem)
    return Response(status, msgspec.json.encode(problem), headers=headers)
