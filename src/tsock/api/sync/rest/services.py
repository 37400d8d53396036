"""Services of Sync over REST (`protocol/rest.md`, Services)."""

from typing import Any

from tsock.accounts import services
from tsock.accounts.caller import SYNC
from tsock.accounts.records import Service
from tsock.accounts.secrets import Vault
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.asker import asker
from tsock.api.rest.fields import Fields
from tsock.api.router import Route
from tsock.api.sync.rest import bodies
from tsock.api.sync.rest.route import route
from tsock.api.sync.rest.scope import RestScope
from tsock.storage.store import Tx
from tsock.sync import services as sync_services
from tsock.sync.services import WINDOW_MS_MAX, WINDOW_MS_MIN, ServiceOptions


class ServiceHandlers:
    """Create, list, fetch, change, delete; of the account that asks."""

    def __init__(self, scope: RestScope, vault: Vault) -> None:
        self._scope = scope
        self._vault = vault

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            route("POST", "", self.create, "services/create"),
            route("GET", "", self.every, "services/list"),
            route("GET", "/{service}", self.fetch, "services/read"),
            route("POST", "/{service}", self.change, "services/update"),
            route("DELETE", "/{service}", self.delete, "services/delete"),
        ]

    def create(self, request: Request) -> Answer:
        """A new service."""
        principal, options = asker(request), _options(fields.of_form(request))

        def rule(tx: Tx) -> Response:
            made = sync_services.create_service(
                tx, self._vault, principal.account.sid, SYNC, options, by=principal.author
            )
            return answer(self._shown(made, request), 201)

        return Write(rule)

    def every(self, request: Request) -> Answer:
        """A page of the services, the newest first."""
        account_sid = asker(request).account.sid
        asked = paging.asked(
            request, fields.of_query(request), rows_max=self._scope.limits.page_rows_max, codes=paging.SYNC
        )
        place = asked.place

        def query(tx: Tx) -> Response:
            found, rows = services.list_services(tx, account_sid, SYNC, place, asked.size)
            records = [self._shown(service, request) for service in found]
            return paging.page(asked, "services", records, rows)

        return Read(query)

    def fetch(self, request: Request, name: str) -> Answer:
        """One service, by SID or as `default`."""
        return answer(self._shown(self._scope.service(request, name), request))

    def change(self, request: Request, name: str) -> Answer:
        """Set the options that are given."""
        principal, options = asker(request), _options(fields.of_form(request))

        def rule(tx: Tx) -> Response:
            changed = sync_services.update_service(
                tx, self._vault, principal.account.sid, SYNC, name, options, by=principal.author
            )
            return answer(self._shown(changed, request))

        return Write(rule)

    def delete(self, request: Request, name: str) -> Answer:
        """End a service and all that it holds; a deleted default service is followed by an empty one."""
        principal = asker(request)

        def rule(tx: Tx) -> Response:
            services.delete_service(tx, principal.account.sid, SYNC, name, by=principal.author)
            return Response(204)

        return Write(rule)

    def _shown(self, service: Service, request: Request) -> bodies.ServiceView:
        return bodies.service(service, self._vault, request.base)


def _options(form: Fields) -> ServiceOptions:
    given: dict[str, Any] = {
        "friendly_name": form.text("FriendlyName"),
        "webhook_url": form.text("WebhookUrl"),
        "webhooks_from_rest_enabled": form.flag("WebhooksFromRestEnabled"),
        "reachability_webhooks_enabled": form.flag("ReachabilityWebhooksEnabled"),
        "acl_enabled": form.flag("AclEnabled"),
        "reachability_debouncing_enabled": form.flag("ReachabilityDebouncingEnabled"),
        "reachability_debouncing_window_ms": form.whole(
            "ReachabilityDebouncingWindow", WINDOW_MS_MIN, WINDOW_MS_MAX
        ),
    }
    options = {name: value for name, value in given.items() if value is not None}
    if options.get("webhook_url") == "":
        options["webhook_url"] = None  # an empty one takes it away; a name can be changed, but not taken away
    return ServiceOptions(**options)
