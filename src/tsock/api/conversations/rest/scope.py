"""Whose conversations a REST request may reach: those of the account that asks."""

import msgspec

from tsock.accounts.caller import CHAT
from tsock.accounts.directory import DEFAULT, Directory
from tsock.accounts.records import Service
from tsock.api.conversations.rates import ChatRates
from tsock.api.conversations.webhook_header import asks_for_webhooks
from tsock.api.request import Request
from tsock.api.rest.asker import asker
from tsock.conversations.actor import ChatActor, ChatLimits, limited
from tsock.conversations.hooks import levels
from tsock.conversations.services import options_of
from tsock.errors import ApiError, not_found

_IN_DEFAULT, _IN_SERVICE = 2, 4
"""Segments of a path before those that say what it is about, in its two forms."""


class RestScope:
    """Finds the service that a path names, and names the actor of a request."""

    def __init__(self, directory: Directory, limits: ChatLimits, rates: ChatRates) -> None:
        self._directory = directory
        self._rates = rates
        self.limits = limits

    def service(self, request: Request, name: str | None) -> Service:
        """The service with this SID; the default one without a name.

        Raises:
            ApiError: 404/20404, the account that asks has none of Conversations that is called so.
        """
        account_sid = asker(request).account.sid
        if name is None or name == DEFAULT:
            service = self._directory.default_service(account_sid, CHAT)
        else:
            service = self._directory.service(name)
        if (
            service is None
            or service.deleted_ms is not None
            or (service.account_sid, service.product) != (account_sid, CHAT)
        ):
            raise not_found(f"no service {(name or DEFAULT)[:64]}")
        return service

    def actor(self, request: Request, name: str | None) -> ChatActor:
        """Who asks for something of a service: the system, which no role binds.

        Raises:
            ApiError: 404/20404, see `service`; 403/54056, an operator disabled it; 429/50063, too often.
        """
        service = self.service(request, name)
        if not service.enabled:
            raise ApiError(403, 54056, "Account cannot access requested Service Instance")
        options = options_of(service)
        actor = ChatActor(
            account_sid=service.account_sid,
            service_sid=service.sid,
            options=options,
            limits=limited(self.limits, options),
            webhooks=levels(self._directory, service) if asks_for_webhooks(request) else None,
        )
        place = request.path[_IN_DEFAULT if name is None else _IN_SERVICE :]
        self._rates.count(actor, request.method, place)
        return actor


class Links(msgspec.Struct, frozen=True, gc=False):
    """Where things of one service are; URLs repeat the form of address that was used."""

    account_sid: str
    service_sid: str
    url: str
    """What all of them begin with."""
    in_service: bool
    """Whether that names the service."""

    def owned(self) -> dict[str, str]:
        """The members that tell account and service; the service is told where the address has it."""
        told = {"account_sid": self.account_sid}
        return told | {"chat_service_sid": self.service_sid} if self.in_service else told


def links(request: Request, actor: ChatActor, name: str | None) -> Links:
    """URLs that begin as the caller began its own."""
    url = f"{request.base}/v1"
    if name is not None:
        url += f"/Services/{actor.service_sid}"
    return Links(actor.account_sid, actor.service_sid, url, in_service=name is not None)
