"""One route of Chat."""

from collections.abc import Callable

from tsock.api.conversations.rest.route import over_rest
from tsock.api.request import Access, Answer, Door
from tsock.api.router import Route

BASE = "/chat/v2"
IN_SERVICE = "/Services/{service}"
"""Of what is below a service, which is always named."""

Handler = Callable[..., Answer]


def route(method: str, pattern: str, handler: Handler, permission: str) -> Route:
    """One route.

    Args:
        method: of HTTP.
        pattern: what follows the version.
        handler: is given the SIDs of the path in lower case.
        permission: what a restricted key must have, such as `channels/read`.
    """
    return Route(
        Door.HTTP, method, BASE + pattern, over_rest(handler), Access.DATA, f"/twilio/chat/{permission}"
    )
