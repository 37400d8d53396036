"""What the REST routes of Conversations share: two forms of address, and how absence is told."""

from tsock.api.request import Access, Answer, Door, Request
from tsock.api.rest.absence import telling_20404
from tsock.api.router import Route, RouteHandler
from tsock.ids import canonical_sid

BASE = "/conversations/v1"
SERVICES = f"{BASE}/Services"

_KEPT = frozenset((20404, 50100, 50102, 50109))
"""Codes of 404 that REST has too: a role that a parameter names."""


def route(method: str, pattern: str, handler: RouteHandler, permission: str) -> Route:
    """One route.

    Args:
        method: of HTTP.
        pattern: what follows the version.
        handler: is given the SIDs of the path in lower case.
        permission: what a restricted key must have, such as `conversations/read`.
    """
    return _route(method, BASE + pattern, over_rest(handler), permission)


def in_service(method: str, pattern: str, handler: RouteHandler, permission: str) -> list[Route]:
    """The route in both forms: below a service, and of the account's default service.

    The handler is given the name of the service first, which is None in the second form.
    """

    def of_default(request: Request, *values: str) -> Answer:
        return handler(request, None, *values)

    return [
        _route(method, BASE + pattern, over_rest(of_default), permission),
        _route(method, f"{SERVICES}/{{service}}{pattern}", over_rest(handler), permission),
    ]


def _route(method: str, pattern: str, handler: RouteHandler, permission: str) -> Route:
    return Route(Door.HTTP, method, pattern, handler, Access.DATA, f"/twilio/conversations/{permission}")


def over_rest(handler: RouteHandler) -> RouteHandler:
    """A handler that is given SIDs in lower case, and says 20404 of what is absent."""

    def handle(request: Request, *values: str) -> Answer:
        return telling_20404(handler(request, *map(canonical_sid, values)), _KEPT)

    return handle
