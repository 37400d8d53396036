"""One route of Chat."""

from collections.abc import Callable

from tsock.api.conversations.rest.route import over_rest
from tsock.api.request import Access, Answer, Door
from tsock.api.router import Route

BASE = "/chat/v2"

Handler = Callable[..., Answer]


def route(method: str, pattern: str, handler: Handler, permission: str) -> Route:
    """One route below a service, which is always named.

    Args:
        method: of HTTP.
        pattern: what follows the services.
        handler: is given the SIDs of the path in lower case, that of the service first.
        permission: what a restricted key must have, such as `channels/read`.
    """
    return of_account(method, f"/Services{pattern}", handler, permission)


def of_account(method: str, pattern: str, handler: Handler, permission: str) -> Route:
    """The same of what belongs to no service."""
    return Route(
        Door.HTTP, method, BASE + pattern, over_rest(handler), Access.DATA, f"/twilio/chat/{permission}"
    )
