"""Whose media a request may reach: those of the service of its Access Token, or of the account that asks."""

from tsock.accounts.caller import CHAT
from tsock.accounts.directory import DEFAULT, Directory
from tsock.accounts.records import Service
from tsock.api.request import Access, Door, Request
from tsock.api.rest.asker import asker
from tsock.api.router import Route, RouteHandler
from tsock.conversations.actor import ChatActor, ChatLimits
from tsock.conversations.services import options_of
from tsock.errors import ApiError, not_found

SERVICE = "/mcs/v1/Services/{service}"


def route(method: str, pattern: str, handler: RouteHandler, permission: str) -> Route:
    """One route.

    Args:
        method: of HTTP.
        pattern: what follows the service.
        handler: is given the request, the service and what else the pattern leaves open.
        permission: what a restricted key must have, such as `media/read`.
    """
    return Route(
        Door.HTTP,
        method,
        SERVICE + pattern,
        handler,
        Access.MEDIA,
        f"/twilio/mcs/{permission}",
        cross_origin=True,
    )


class MediaScope:
    """Names the actor of a request."""

    def __init__(self, directory: Directory, limits: ChatLimits) -> None:
        self._directory = directory
        self._limits = limits

    def actor(self, request: Request, name: str) -> ChatActor:
        """Who asks, in a service by its SID, or the default one by its unique name.

        Raises:
            ApiError: 403/20106, the token's chat grant is not for this service; 404/20404, the account has no
                such service of Conversations; 403/54056, an operator disabled it.
        """
        caller = request.caller
        account_sid = asker(request).account.sid if caller is None else caller.account_sid
        service = self._service(account_sid, name)
        if caller is not None and (service is None or caller.products.get(CHAT) != service.sid):
            raise ApiError(
                403, 20106, "Invalid Access Token grants: expected a chat grant for the service of the path"
            )
        if service is None:
            raise not_found(f"no service {name[:64]}")
        if not service.enabled:
            raise ApiError(403, 54056, "Account cannot access requested Service Instance")
        options = options_of(service)
        if caller is None:
            return ChatActor(account_sid, service.sid, options=options, limits=self._limits)
        return ChatActor(account_sid, service.sid, caller.identity, options, self._limits, source="SDK")

    def stands(self, service_sid: str) -> bool:
        """Whether a service is to be reached at all, and its account active."""
        service = self._directory.service(service_sid)
        if service is None or service.deleted_ms is not None or not service.enabled:
            return False
        account = self._directory.account(service.account_sid)
        return account is not None and self._directory.status(account) == "active"

    def _service(self, account_sid: str, name: str) -> Service | None:
        if name == DEFAULT:
            return self._directory.default_service(account_sid, CHAT)
        service = self._directory.service(name)
        if service is None or service.deleted_ms is not None:
            return None
        return service if (service.account_sid, service.product) == (account_sid, CHAT) else None
