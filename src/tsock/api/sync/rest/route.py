"""What Sync's REST routes share: their place in the table, and how they say that something is absent."""

from collections.abc import Callable
from typing import Any

from tsock.api.request import Access, Answer, Door, Read, Request, Write
from tsock.api.router import Route, RouteHandler
from tsock.errors import ApiError, not_found
from tsock.ids import canonical_sid
from tsock.storage.store import Tx

SERVICES = "/sync/v1/Services"

_KEPT = frozenset((20404, 54354))
"""Codes of 404 that REST has too; 54354 is a permission that was never set."""


def route(method: str, pattern: str, handler: RouteHandler, permission: str) -> Route:
    """One route.

    Args:
        method: of HTTP.
        pattern: what follows `/Services`: a service, an object, and what belongs to that.
        handler: is given the SIDs among these in lower case.
        permission: what a restricted key must have, such as `documents/read`.
    """
    return Route(
        Door.HTTP, method, SERVICES + pattern, _over_rest(handler), Access.DATA, f"/twilio/sync/{permission}"
    )


def _over_rest(handler: RouteHandler) -> RouteHandler:
    def handle(request: Request, *values: str) -> Answer:
        answer = handler(request, *map(canonical_sid, values[:2]), *values[2:])
        if isinstance(answer, Read):
            return Read(_telling_20404(answer.query), answer.reply)
        if isinstance(answer, Write):
            return Write(_telling_20404(answer.rule), answer.about)
        return answer

    return handle


def _telling_20404(work: Callable[[Tx], Any]) -> Callable[[Tx], Any]:
    """Over REST what is absent has one code, which applications test for."""

    def run(tx: Tx) -> Any:
        try:
            return work(tx)
        except ApiError as error:
            if error.status != 404 or error.code in _KEPT:
                raise
            raise not_found(f"{error.message}") from None

    return run
