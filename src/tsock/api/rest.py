"""What the routes of REST have in common: who asks, and JSON in answer."""

import msgspec

from tsock.api.request import Request, Response
from tsock.auth.principal import Principal


def asker(request: Request) -> Principal:
    """Who asks; the gatekeeper has let nobody else reach a route that is not for anybody."""
    assert request.principal is not None
    return request.principal


def answer(value: object, status: int = 200) -> Response:
    """`value` as JSON."""
    return Response(status, msgspec.json.encode(value))
