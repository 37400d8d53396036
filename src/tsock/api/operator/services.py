"""Services, as an operator makes, changes, disables and deletes them."""

from typing import Any

import msgspec

from tsock.accounts import services, webhook_urls
from tsock.accounts.accounts import get_account
from tsock.accounts.caller import SYNC
from tsock.accounts.principal import OPERATOR
from tsock.accounts.records import Service
from tsock.accounts.secrets import Vault
from tsock.accounts.services import ServiceChange
from tsock.accounts.tables import behind
from tsock.api.operator.body import PAGE_ROWS, Body, decoded, page, product
from tsock.api.request import Answer, Door, Read, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.clock import iso_ms
from tsock.errors import invalid
from tsock.storage.store import Tx
from tsock.sync import services as sync_services
from tsock.sync.services import ServiceOptions, options_of


class ServiceView(msgspec.Struct, omit_defaults=True):
    """A service; `default` is the account's default service of the product."""

    sid: str
    account_sid: str
    product: str
    unique_name: str | None
    friendly_name: str | None
    enabled: bool
    date_created: str
    date_updated: str
    date_deleted: str = ""
    acl_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    """Of a service of Sync, as all that follows."""
    webhook_url: str | msgspec.UnsetType | None = msgspec.UNSET
    webhooks_from_rest_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    reachability_webhooks_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    reachability_debouncing_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    reachability_debouncing_window_ms: int | msgspec.UnsetType = msgspec.UNSET


class ServiceBody(Body, frozen=True, omit_defaults=True):
    """What is to be set of a service."""

    friendly_name: str | msgspec.UnsetType | None = msgspec.UNSET
    acl_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    webhook_url: str | msgspec.UnsetType | None = msgspec.UNSET
    webhooks_from_rest_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    reachability_webhooks_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    reachability_debouncing_enabled: bool | msgspec.UnsetType = msgspec.UNSET
    reachability_debouncing_window_ms: int | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET

    def options(self) -> ServiceOptions:
        """The same for the rules of Sync."""
        given: dict[str, Any] = msgspec.to_builtins(self)
        return ServiceOptions(**given)

    def change(self) -> ServiceChange:
        """The same for a service of Conversations, whose own options are set over REST.

        Raises:
            ApiError: 400/20422, an option is one of Sync's.
        """
        given: dict[str, Any] = msgspec.to_builtins(self)
        own = [name for name in given if name not in ServiceChange.__struct_fields__]
        if own:
            raise invalid(f"{own[0]} is an option of Sync's services")
        return ServiceChange(**given)


class ServiceHandlers:
    """Create, show, change, delete."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        one, many = (
            "/accounts/{account}/services/{product}/{service}",
            "/accounts/{account}/services/{product}",
        )
        return [
            Route(Door.OPERATOR, "GET", many, self.every),
            Route(Door.OPERATOR, "POST", many, self.create),
            Route(Door.OPERATOR, "GET", one, self.fetch),
            Route(Door.OPERATOR, "POST", one, self.change),
            Route(Door.OPERATOR, "DELETE", one, self.delete),
        ]

    def every(self, request: Request, account: str, name: str) -> Answer:
        """The services of a product."""
        of, after = product(name), request.params.get("after", "")

        def query(tx: Tx) -> Response:
            get_account(tx, account)
            found, _ = services.list_services(tx, account, of, behind(tx, Service, after), PAGE_ROWS)
            return page("services", found, self._view)

        return Read(query)

    def create(self, request: Request, account: str, name: str) -> Answer:
        """A new service."""
        of, body = product(name), decoded(request, ServiceBody)

        def rule(tx: Tx) -> Response:
            get_account(tx, account)
            if of == SYNC:
                made = sync_services.create_service(tx, self._vault, account, of, body.options(), by=OPERATOR)
            else:
                made = services.create_service(tx, account, of, body.change(), by=OPERATOR)
            return answer(self._view(made), 201)

        return Write(rule)

    def fetch(self, request: Request, account: str, name: str, service: str) -> Answer:
        """One service, by SID or as `default`."""
        of = product(name)
        return Read(lambda tx: answer(self._view(services.get_service(tx, account, of, service))))

    def change(self, request: Request, account: str, name: str, service: str) -> Answer:
        """Set what the body names."""
        of, body = product(name), decoded(request, ServiceBody)

        def rule(tx: Tx) -> Response:
            if of == SYNC:
                changed = sync_services.update_service(
                    tx, self._vault, account, of, service, body.options(), by=OPERATOR
                )
            else:
                known = services.claim_service(tx, account, of, service)
                changed = services.change_service(tx, known, body.change(), by=OPERATOR)
            return answer(self._view(changed))

        return Write(rule)

    def delete(self, request: Request, account: str, name: str, service: str) -> Answer:
        """End the service and all it contains; a deleted default service is followed by an empty one."""
        of = product(name)

        def rule(tx: Tx) -> Response:
            return answer(self._view(services.delete_service(tx, account, of, service, by=OPERATOR)))

        return Write(rule)

    def _view(self, service: Service) -> ServiceView:
        view = ServiceView(
            sid=service.sid,
            account_sid=service.account_sid,
            product="sync" if service.product == SYNC else "chat",
            unique_name=service.unique_name,
            friendly_name=service.friendly_name,
            enabled=service.enabled,
            date_created=iso_ms(service.created_ms),
            date_updated=iso_ms(service.updated_ms),
            date_deleted="" if service.deleted_ms is None else iso_ms(service.deleted_ms),
        )
        if service.product != SYNC:
            return view
        options = options_of(service)
        url = webhook_urls.shown(self._vault, service.account_sid, options.webhook_url)
        return msgspec.structs.replace(view, **(msgspec.structs.asdict(options) | {"webhook_url": url}))
