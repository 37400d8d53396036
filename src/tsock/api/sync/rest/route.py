"""What Sync's REST routes share: their place in the table, and how they say that something is absent."""

from tsock.api.request import Access, Answer, Door, Request
from tsock.api.rest.absence import telling_20404
from tsock.api.router import Route, RouteHandler
from tsock.api.sync.rates import telling_which
from tsock.ids import canonical_sid

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
    asked = telling_which(handler)

    def handle(request: Request, *values: str) -> Answer:
        return telling_20404(asked(request, *map(canonical_sid, values[:2]), *values[2:]), _KEPT)

    return handle
