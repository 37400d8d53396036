"""How an error looks to the caller: status, code, message and where to read more."""

from collections.abc import Callable, Mapping

import msgspec
import structlog

from tsock.api.request import Response
from tsock.errors import TsockError, public

log = structlog.get_logger(__name__)

RETRY_AFTER_S = "1"
"""Rates let something through again within a second, and a busy store has moved on by then."""


class Problem(msgspec.Struct):
    """The error body of both APIs; Kotlin clients read `status` from here."""

    status: int
    code: int
    message: str
    more_info: str


Show = Callable[[Problem, Mapping[str, str]], Response]
"""Makes the response of a problem and further headers."""


def as_json(problem: Problem, headers: Mapping[str, str]) -> Response:
    """What programs read."""
    return Response(problem.status, msgspec.json.encode(problem), headers=headers)


def response_to(error: Exception, base_url: str, show: Show = as_json) -> Response:
    """The response for whatever a handler, rule or query raised; `base_url` is where our pages are."""
    told = public(error)
    status, headers = told.status, dict(told.headers)
    if not isinstance(error, TsockError):
        log.error("request.failed", exc_info=error)
    if status in (429, 503):
        headers.setdefault("retry-after", RETRY_AFTER_S)
    return show(Problem(status, told.code, told.message, f"{base_url}/errors/{told.code}"), headers)
