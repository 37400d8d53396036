"""The error dictionary over HTTP: what every error body's `more_info` points to."""

import msgspec

from tsock import dictionary
from tsock.api.request import Answer, Door, Request, Response
from tsock.api.router import Route
from tsock.errors import ApiError


def routes() -> list[Route]:
    """The part of the route table that is served here."""
    return [Route(Door.HTTP, "GET", "/errors/{code}", entry)]


def entry(request: Request, code: str) -> Answer:
    """One entry: what the error means, what causes it, how to fix it."""
    found = dictionary.lookup(int(code)) if code.isdecimal() and len(code) < 10 else None
    if found is None:
        raise ApiError(
            404, 20404, f"The requested resource was not found: no error {code[:16]} in the dictionary"
        )
    return Response(200, msgspec.json.encode(found))
