"""Webhooks over REST: those of accounts, services and conversations (`protocol/rest.md`, Chat webhooks)."""

from msgspec import UNSET

from tsock.accounts import services, webhook_urls
from tsock.accounts.accounts import get_account
from tsock.accounts.caller import CHAT
from tsock.accounts.records import Account, Service
from tsock.accounts.secrets import Vault
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest import fields as given
from tsock.api.conversations.rest.route import in_service, route
from tsock.api.conversations.rest.scope import Links, RestScope, links
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.asker import asker
from tsock.api.rest.fields import Fields
from tsock.api.router import Route
from tsock.clock import iso_s
from tsock.conversations import hook_settings, scoped_webhooks
from tsock.conversations.hook_settings import HooksChange
from tsock.conversations.hooks import of_account
from tsock.conversations.scoped_tables import ScopedWebhook
from tsock.conversations.scoped_webhooks import NewWebhook, WebhookChange
from tsock.conversations.services import Hooks, options_of
from tsock.storage.store import Tx

_OF_ACCOUNT, _OF_SERVICE = "/Configuration/Webhooks", "/Services/{service}/Configuration/Webhooks"
REPLAY_AFTER_MAX = 2**31 - 1


class WebhookHandlers:
    """Fetch and change those of account and service; make, list, fetch, change, remove a conversation's."""

    def __init__(self, scope: RestScope, vault: Vault) -> None:
        self._scope = scope
        self._vault = vault

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many = "/Conversations/{conversation}/Webhooks"
        one = f"{many}/{{webhook}}"
        return [
            route("GET", _OF_ACCOUNT, self.fetch_account, "configuration-webhooks/read"),
            route("POST", _OF_ACCOUNT, self.change_account, "configuration-webhooks/update"),
            route("GET", _OF_SERVICE, self.fetch_service, "service-configuration-webhooks/read"),
            route("POST", _OF_SERVICE, self.change_service, "service-configuration-webhooks/update"),
            *in_service("POST", many, self.create, "webhooks/create"),
            *in_service("GET", many, self.every, "webhooks/list"),
            *in_service("GET", one, self.fetch, "webhooks/read"),
            *in_service("POST", one, self.change, "webhooks/update"),
            *in_service("DELETE", one, self.remove, "webhooks/delete"),
        ]

    def fetch_account(self, request: Request) -> Answer:
        """Those of the account."""
        account_sid = asker(request).account.sid

        def query(tx: Tx) -> Response:
            return answer(self._of_account(get_account(tx, account_sid), request.base))

        return Read(query)

    def change_account(self, request: Request) -> Answer:
        """Set what is given."""
        principal, form = asker(request), fields.of_form(request)
        change = _hooks(form, form.text("Target"))

        def rule(tx: Tx) -> Response:
            account = hook_settings.change_of_account(
                tx, self._vault, principal.account.sid, change, by=principal.author
            )
            return answer(self._of_account(account, request.base))

        return Write(rule)

    def fetch_service(self, request: Request, name: str) -> Answer:
        """Those of a service."""
        account_sid = asker(request).account.sid

        def query(tx: Tx) -> Response:
            return answer(self._of_service(services.get_service(tx, account_sid, CHAT, name), request.base))

        return Read(query)

    def change_service(self, request: Request, name: str) -> Answer:
        """Set what is given."""
        principal, change = asker(request), _hooks(fields.of_form(request), None)

        def rule(tx: Tx) -> Response:
            known = services.claim_service(tx, principal.account.sid, CHAT, name)
            service = hook_settings.change_of_service(tx, self._vault, known, change, by=principal.author)
            return answer(self._of_service(service, request.base))

        return Write(rule)

    def create(self, request: Request, service: str | None, conversation: str) -> Answer:
        """A new one of a conversation."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        new = NewWebhook(
            target=form.text("Target"),
            url=form.text("Configuration.Url"),
            method=form.text("Configuration.Method") or "POST",
            filters=tuple(form.texts("Configuration.Filters")),
            triggers=tuple(form.texts("Configuration.Triggers")),
            flow_sid=form.text("Configuration.FlowSid"),
            replay_after=form.whole("Configuration.ReplayAfter", 0, REPLAY_AFTER_MAX),
        )
        shown = links(request, actor, service)

        def rule(tx: Tx) -> Response:
            made = scoped_webhooks.create(tx, self._vault, actor, conversation, new)
            return answer(self._scoped(shown, made), 201)

        return Write(rule, about=conversation)

    def every(self, request: Request, service: str | None, conversation: str) -> Answer:
        """Those of a conversation, the oldest first."""
        actor = self._scope.actor(request, service)
        asked = paging.asked(request, fields.of_query(request), rows_max=scoped_webhooks.WEBHOOKS_MAX)
        place, shown = asked.place, links(request, actor, service)

        def query(tx: Tx) -> Response:
            found, rows = scoped_webhooks.page(tx, actor, conversation, place, asked.size)
            return paging.page(asked, "webhooks", [self._scoped(shown, hook) for hook in found], rows)

        return Read(query)

    def fetch(self, request: Request, service: str | None, conversation: str, sid: str) -> Answer:
        """One of them."""
        actor = self._scope.actor(request, service)
        shown = links(request, actor, service)

        def query(tx: Tx) -> Response:
            return answer(self._scoped(shown, scoped_webhooks.find(tx, actor, conversation, sid)))

        return Read(query)

    def change(self, request: Request, service: str | None, conversation: str, sid: str) -> Answer:
        """Set what is given."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        change = WebhookChange(
            url=given.text(form, "Configuration.Url"),
            method=given.text(form, "Configuration.Method"),
            filters=tuple(form.texts("Configuration.Filters")) or UNSET,
            triggers=tuple(form.texts("Configuration.Triggers")) or UNSET,
            flow_sid=given.text(form, "Configuration.FlowSid"),
        )
        shown = links(request, actor, service)

        def rule(tx: Tx) -> Response:
            changed = scoped_webhooks.update(tx, self._vault, actor, conversation, sid, change)
            return answer(self._scoped(shown, changed))

        return Write(rule, about=conversation)

    def remove(self, request: Request, service: str | None, conversation: str, sid: str) -> Answer:
        """End one."""
        actor = self._scope.actor(request, service)

        def rule(tx: Tx) -> Response:
            scoped_webhooks.remove(tx, actor, conversation, sid)
            return Response(204)

        return Write(rule, about=conversation)

    def _of_account(self, account: Account, base: str) -> bodies.Body:
        hooks = of_account(account)
        return {
            "account_sid": account.sid,
            **self._shown(account.sid, hooks),
            "target": hooks.target,
            "url": f"{base}/v1{_OF_ACCOUNT}",
        }

    def _of_service(self, service: Service, base: str) -> bodies.Body:
        return {
            "account_sid": service.account_sid,
            "chat_service_sid": service.sid,
            **self._shown(service.account_sid, options_of(service).webhooks),
            "url": f"{base}/v1/Services/{service.sid}/Configuration/Webhooks",
        }

    def _shown(self, account_sid: str, hooks: Hooks) -> bodies.Body:
        return {
            "method": hooks.method,
            "filters": hooks.filters,
            "pre_webhook_url": webhook_urls.shown(self._vault, account_sid, hooks.pre_url),
            "post_webhook_url": webhook_urls.shown(self._vault, account_sid, hooks.post_url),
        }

    def _scoped(self, shown: Links, hook: ScopedWebhook) -> bodies.Body:
        told = hook.configuration
        url = webhook_urls.shown(self._vault, shown.account_sid, told.url)
        configuration: bodies.Body = {"url": url, "method": told.method}
        if hook.target == "studio":
            configuration = {"flow_sid": told.flow_sid}
        elif hook.target == "trigger":
            configuration["triggers"] = told.triggers
        else:
            configuration["filters"] = told.filters
        return {
            "sid": hook.sid,
            **shown.owned(),
            "conversation_sid": hook.conversation_sid,
            "target": hook.target,
            "configuration": configuration,
            "date_created": iso_s(hook.created_ms),
            "date_updated": iso_s(hook.updated_ms),
            "url": f"{shown.url}/Conversations/{hook.conversation_sid}/Webhooks/{hook.sid}",
        }


def _hooks(form: Fields, target: str | None) -> HooksChange:
    filters = form.texts("Filters")
    return HooksChange(
        pre_url=given.text(form, "PreWebhookUrl"),
        post_url=given.text(form, "PostWebhookUrl"),
        # An empty one alone is how a form says that there are none.
        filters=tuple(name for name in filters if name) if filters else UNSET,
        method=given.text(form, "Method"),
        target=UNSET if target is None else target,
    )
