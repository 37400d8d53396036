"""Whose conversations a request of an SDK may reach, and where it is told that they are."""

from collections.abc import Callable

from tsock.accounts.caller import CHAT
from tsock.accounts.directory import Directory
from tsock.api.addressing import tunnelled_base
from tsock.api.conversations.rates import ChatRates
from tsock.api.request import Answer, Door, Request
from tsock.api.router import Route
from tsock.conversations.actor import ChatActor, ChatLimits, limited
from tsock.conversations.hooks import levels
from tsock.conversations.services import options_of
from tsock.errors import ApiError, not_found

AIM_HOST = "aim.us1.twilio.com"
PLACE = "/Client/v2/Services/{service}"

_IN_SERVICE = 4
"""Segments of a path that name the service."""

Handler = Callable[..., Answer]
RouteEntry = tuple[str, str, Handler]
"""Method, pattern below a service, handler; the handler is not told which service it is."""


class ChatScope:
    """Names the actor of a tunnelled request."""

    def __init__(self, directory: Directory, limits: ChatLimits, rates: ChatRates) -> None:
        self._directory = directory
        self._rates = rates
        self.limits = limits

    def actor(self, request: Request) -> ChatActor:
        """Who asks, in the service of its chat grant.

        Raises:
            ApiError: 20106, the request is made under another grant; 50050, the service was deleted
                meanwhile; 54056, it was disabled; 50063, this is asked too often.
        """
        caller = request.caller
        assert caller is not None
        if request.product != CHAT:
            raise ApiError(
                403, 20106, "Invalid Access Token grants: expected the request to be made under ip_messaging"
            )
        service = self._directory.service(caller.products[CHAT])
        if service is None or service.deleted_ms is not None:
            raise ApiError(404, 50050, "Service Instance not found")
        if not service.enabled:
            raise ApiError(403, 54056, "Account cannot access requested Service Instance")
        options = options_of(service)
        actor = ChatActor(
            account_sid=caller.account_sid,
            service_sid=service.sid,
            identity=caller.identity,
            options=options,
            limits=limited(self.limits, options),
            source="SDK",
            webhooks=levels(self._directory, service),
        )
        self._rates.count(actor, request.method, request.path[_IN_SERVICE:])
        return actor


def in_service(table: list[RouteEntry]) -> list[Route]:
    """Routes below a service, which must be the one of the grant."""
    return [
        Route(Door.TUNNEL, method, f"{PLACE}{pattern}", _scoped(handler))
        for method, pattern, handler in table
    ]


def base(request: Request) -> str:
    """Scheme and host of URLs in answers: that of the request, so that `region` clients stay on it."""
    return tunnelled_base(request.headers.get("host", ""), AIM_HOST)


def service_url(request: Request, actor: ChatActor) -> str:
    """The URL that everything of the service lies below."""
    return f"{base(request)}/Client/v2/Services/{actor.service_sid}"


def _scoped(handler: Handler) -> Handler:
    def scoped(request: Request, service_sid: str, *values: str) -> Answer:
        caller = request.caller
        if caller is None or caller.products.get(CHAT) != service_sid:
            raise not_found(f"no service {service_sid[:64]} in the grant of the token")
        return handler(request, *values)

    return scoped
