"""Whose Sync objects a REST request may reach: those of the account that asks."""

from tsock.accounts.caller import SYNC
from tsock.accounts.directory import DEFAULT, Directory
from tsock.accounts.records import Service
from tsock.api.request import Request
from tsock.api.rest.asker import asker
from tsock.api.sync.links import Links
from tsock.errors import not_found
from tsock.sync import refusals
from tsock.sync.actor import Actor, SyncLimits
from tsock.sync.services import options_of


class SyncRestScope:
    """Finds the service that a path names, and names the actor of a request."""

    def __init__(self, directory: Directory, limits: SyncLimits) -> None:
        self._directory = directory
        self.limits = limits

    def service(self, request: Request, name: str) -> Service:
        """The service with this SID, or the default one under its unique name.

        Raises:
            ApiError: 404/20404, the account that asks has none of Sync that is called so.
        """
        account_sid = asker(request).account.sid
        if name == DEFAULT:
            service = self._directory.default_service(account_sid, SYNC)
        else:
            service = self._directory.service(name)
        if (
            service is None
            or service.deleted_ms is not None
            or (service.account_sid, service.product) != (account_sid, SYNC)
        ):
            raise not_found(f"no service {name[:64]}")
        return service

    def actor(self, request: Request, service: str) -> Actor:
        """Who asks for objects of a service: the system, which no permission binds.

        Raises:
            ApiError: 404/20404, see `service`; 403/54056, an operator disabled it.
        """
        found = self.service(request, service)
        if not found.enabled:
            raise refusals.service_out_of_reach()
        options = options_of(found)
        return Actor(
            account_sid=found.account_sid,
            service_sid=found.sid,
            webhook_url=options.webhook_url if options.webhooks_from_rest_enabled else None,
            limits=self.limits,
        )


def links(request: Request, actor: Actor) -> Links:
    """URLs that begin as the caller began its own."""
    return Links(actor.account_sid, actor.service_sid, request.base, "v1")
