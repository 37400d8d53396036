"""Routes that all kinds of Sync object have, through whichever door."""

from tsock.api.request import Answer, Request
from tsock.api.router import RouteHandler
from tsock.sync.kinds import Kind


def of_kind(kind: Kind, handler: RouteHandler) -> RouteHandler:
    """A handler that is told the kind of root its route is about."""

    def handle(request: Request, *values: str) -> Answer:
        return handler(request, kind, *values)

    return handle
