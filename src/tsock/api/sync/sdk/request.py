"""What the handlers of Sync share, of the client API above all: bodies, and places in the route table."""

from typing import Any

import msgspec

from tsock.api.request import Answer, Door, Request
from tsock.api.router import Route, RouteHandler
from tsock.api.sync.rates import telling_which
from tsock.misread import UNREADABLE, found_instead
from tsock.sync import refusals

RouteEntry = tuple[str, str, RouteHandler]
"""Method, pattern below `/v3`, handler."""


class SdkBody(msgspec.Struct, frozen=True, gc=False):
    """Every member that a request body may have; the rest is ignored."""

    unique_name: Any = None
    key: Any = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    context: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    ttl: Any = None


def read_body(request: Request) -> SdkBody:
    """The members of a POST or PUT body.

    Raises:
        ApiError: 54008, it is not a JSON object.
    """
    if not request.body:
        return _EMPTY
    try:
        return _decode(request.body)
    except UNREADABLE as error:
        raise refusals.bad_json(found_instead(request.body, error)) from None


def present(raw: msgspec.Raw | msgspec.UnsetType) -> bytes | None:
    """The bytes of a member, None when it was left out."""
    return None if raw is msgspec.UNSET else bytes(raw)


_decode = msgspec.json.Decoder(SdkBody).decode
_EMPTY = SdkBody()


def tunnelled(table: list[RouteEntry]) -> list[Route]:
    """Every entry twice: the service may stand in the path, or be left to the grant."""
    table = [(method, pattern, telling_which(handler)) for method, pattern, handler in table]
    own = [Route(Door.TUNNEL, method, f"/v3{pattern}", handler) for method, pattern, handler in table]
    named = [
        Route(Door.TUNNEL, method, f"/v3/Services/{{service}}{pattern}", _in_own_service(handler))
        for method, pattern, handler in table
    ]
    return own + named


def _in_own_service(handler: RouteHandler) -> RouteHandler:
    """For paths that name the service: it must be the one of the grant."""

    def scoped(request: Request, service_sid: str, *values: str) -> Answer:
        caller = request.caller
        if caller is None or caller.products[request.product] != service_sid:
            raise refusals.service_out_of_reach()
        return handler(request, *values)

    return scoped
