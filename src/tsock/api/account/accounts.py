"""Accounts in the 2010 API (`protocol/rest.md`, Accounts)."""

from typing import get_args

import msgspec

from tsock.accounts import accounts
from tsock.accounts.principal import Principal
from tsock.accounts.records import Account, AccountStatus
from tsock.accounts.scope import account_in_scope, accounts_in_scope
from tsock.accounts.secrets import Vault
from tsock.api.request import Access, Answer, Door, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.asker import asker
from tsock.api.router import Route, RouteHandler
from tsock.clock import rfc2822
from tsock.settings import Settings
from tsock.storage.store import Tx

ROOT = "/2010-04-01/Accounts"
ROWS_MAX = 1000
"""Of one page of the 2010 API."""


class AccountView(msgspec.Struct):
    """An account, as the published schema has it."""

    sid: str
    owner_account_sid: str
    """Of a main account its own SID."""
    friendly_name: str
    status: str
    type: str
    auth_token: str
    """Empty for whoever did not come with one: a key would otherwise be worth the whole account."""
    date_created: str
    date_updated: str
    uri: str
    subresource_uris: dict[str, str]


class AccountHandlers:
    """Fetch and list; create a subaccount; rename; suspend, reactivate and close subaccounts.

    There is no DELETE: an account is closed.
    """

    def __init__(self, vault: Vault, settings: Settings) -> None:
        self._vault = vault
        self._settings = settings

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        one = f"{ROOT}/{{account}}"
        return [
            _route("GET", ROOT, self.every, "list"),
            _route("POST", ROOT, self.create, "create"),
            _route("GET", one, self.fetch, "read"),
            _route("POST", one, self.change, "update"),
        ]

    def every(self, request: Request) -> Answer:
        """The caller's account and its subaccounts."""
        query = fields.of_query(request)
        asked = paging.asked(request, query, rows_max=ROWS_MAX)
        place, principal = asked.place, asker(request)
        name, status = query.text("FriendlyName"), query.choice("Status", *get_args(AccountStatus))

        def read(tx: Tx) -> Response:
            found, rows = accounts_in_scope(
                tx, principal, place, asked.size, friendly_name=name, status=status
            )
            return paging.flat_page(
                asked, "accounts", [self._view(account, principal) for account in found], rows
            )

        return Read(read)

    def create(self, request: Request) -> Answer:
        """A new subaccount of the caller's account."""
        name, principal = fields.of_form(request).text("FriendlyName"), asker(request)

        def rule(tx: Tx) -> Response:
            account = accounts.create_subaccount(
                tx, self._vault, self._settings, principal.account.sid, name, by=principal.author
            )
            return answer(self._view(account, principal), 201)

        return Write(rule)

    def fetch(self, request: Request, account: str) -> Answer:
        """One account."""
        principal = asker(request)
        return Read(lambda tx: answer(self._view(account_in_scope(tx, principal, account), principal)))

    def change(self, request: Request, account: str) -> Answer:
        """Another name, another status of a subaccount, or both."""
        form, principal = fields.of_form(request), asker(request)
        name, status = form.text("FriendlyName"), form.text("Status")

        def rule(tx: Tx) -> Response:
            changed = account_in_scope(tx, principal, account)
            if name is not None:
                changed = accounts.rename_account(tx, account, name, by=principal.author)
            if status is not None:
                changed = accounts.set_subaccount_status(
                    tx, principal.account.sid, account, status, by=principal.author
                )
            return answer(self._view(changed, principal))

        return Write(rule)

    def _view(self, account: Account, principal: Principal) -> AccountView:
        path = f"{ROOT}/{account.sid}"
        return AccountView(
            sid=account.sid,
            owner_account_sid=account.owner_sid or account.sid,
            friendly_name=account.friendly_name,
            status=account.status,
            type="Full",
            auth_token="" if principal.key else self._vault.open(account.sid, account.auth_token),
            date_created=rfc2822(account.created_ms),
            date_updated=rfc2822(account.updated_ms),
            uri=f"{path}.json",
            subresource_uris={"keys": f"{path}/Keys.json", "signing_keys": f"{path}/SigningKeys.json"},
        )


def _route(method: str, pattern: str, handler: RouteHandler, action: str) -> Route:
    permission = f"/twilio/api/accounts/{action}"
    return Route(Door.HTTP, method, f"/api{pattern}", handler, Access.ADMINISTRATION, permission)
