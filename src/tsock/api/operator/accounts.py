"""Accounts and subaccounts, as an operator sees and changes them."""

import msgspec
from msgspec import UNSET, UnsetType

from tsock.accounts import accounts, webhook_urls
from tsock.accounts.principal import OPERATOR
from tsock.accounts.records import Account
from tsock.accounts.secrets import Vault
from tsock.accounts.tables import behind
from tsock.api.operator.body import PAGE_ROWS, Body, decoded, page
from tsock.api.request import Answer, Door, Read, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.clock import iso_ms
from tsock.errors import invalid
from tsock.settings import Settings
from tsock.storage.store import Tx


class AccountView(msgspec.Struct, omit_defaults=True):
    """An account; the credentials only where they are new."""

    sid: str
    owner_sid: str | None
    friendly_name: str
    status: str
    debugger_url: str | None
    date_created: str
    date_updated: str
    date_secondary_auth_token: str = ""
    """When a secondary Auth Token was made, if there is one."""
    auth_token: str = ""
    secondary_auth_token: str = ""
    test_sid: str = ""
    test_token: str = ""


class NewAccount(Body, frozen=True):
    """With an owner it is a subaccount."""

    friendly_name: str | None = None
    owner_sid: str | None = None


class AccountChange(Body, frozen=True):
    """What is to change; at least one of them."""

    friendly_name: str | None = None
    status: str | None = None
    debugger_url: str | UnsetType | None = UNSET
    """None takes it away."""


class AccountHandlers:
    """Create, show, rename, suspend, activate, close; replace the Auth Token; say who hears of alerts."""

    def __init__(self, vault: Vault, settings: Settings) -> None:
        self._vault = vault
        self._settings = settings

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.OPERATOR, "GET", "/accounts", self.every),
            Route(Door.OPERATOR, "POST", "/accounts", self.create),
            Route(Door.OPERATOR, "GET", "/accounts/{account}", self.fetch),
            Route(Door.OPERATOR, "POST", "/accounts/{account}", self.change),
            Route(Door.OPERATOR, "POST", "/accounts/{account}/auth_token", self.rotate),
            Route(Door.OPERATOR, "POST", "/accounts/{account}/auth_token/secondary", self.overlap),
            Route(Door.OPERATOR, "DELETE", "/accounts/{account}/auth_token/secondary", self.cancel),
            Route(Door.OPERATOR, "POST", "/accounts/{account}/auth_token/promotion", self.promote),
        ]

    def every(self, request: Request) -> Answer:
        """All accounts, or the subaccounts of `owner`."""
        owner, after = request.params.get("owner"), request.params.get("after", "")

        def query(tx: Tx) -> Response:
            place = behind(tx, Account, after)
            if owner is None:
                found, _ = accounts.list_accounts(tx, place, PAGE_ROWS)
            else:
                accounts.get_account(tx, owner)
                found, _ = accounts.list_subaccounts(tx, owner, place, PAGE_ROWS)
            return page("accounts", found, self._view)

        return Read(query)

    def create(self, request: Request) -> Answer:
        """A new account with its credentials, and default services."""
        body = decoded(request, NewAccount)

        def rule(tx: Tx) -> Response:
            if body.owner_sid is None:
                account = accounts.create_account(tx, self._vault, body.friendly_name, by=OPERATOR)
            else:
                account = accounts.create_subaccount(
                    tx, self._vault, self._settings, body.owner_sid, body.friendly_name, by=OPERATOR
                )
            view = self._view(account)
            view.auth_token = self._vault.open(account.sid, account.auth_token)
            view.test_sid = account.test_sid
            view.test_token = self._vault.open(account.test_sid, account.test_token)
            return answer(view, 201)

        return Write(rule)

    def fetch(self, request: Request, account: str) -> Answer:
        """One account."""
        return Read(lambda tx: answer(self._view(accounts.get_account(tx, account))))

    def change(self, request: Request, account: str) -> Answer:
        """Another name, another status, another debugger URL."""
        body = decoded(request, AccountChange)
        if body == AccountChange():
            raise invalid("expected a friendly_name, a status or a debugger_url")

        def rule(tx: Tx) -> Response:
            changed = accounts.get_account(tx, account)
            if body.friendly_name is not None:
                changed = accounts.rename_account(tx, account, body.friendly_name, by=OPERATOR)
            if body.status is not None:
                changed = accounts.set_status(tx, account, body.status, by=OPERATOR)
            if body.debugger_url is not UNSET:
                changed = accounts.set_debugger_url(tx, self._vault, account, body.debugger_url, by=OPERATOR)
            return answer(self._view(changed))

        return Write(rule)

    def rotate(self, request: Request, account: str) -> Answer:
        """A new Auth Token; the old one is refused from now on."""

        def rule(tx: Tx) -> Response:
            auth_token = accounts.rotate_auth_token(tx, self._vault, account, by=OPERATOR)
            view = self._view(accounts.get_account(tx, account))
            view.auth_token = auth_token
            return answer(view)

        return Write(rule)

    def overlap(self, request: Request, account: str) -> Answer:
        """A secondary Auth Token, which holds beside the first; the first goes on signing."""

        def rule(tx: Tx) -> Response:
            changed, auth_token = accounts.create_secondary_token(tx, self._vault, account, by=OPERATOR)
            view = self._view(changed)
            view.secondary_auth_token = auth_token
            return answer(view, 201)

        return Write(rule)

    def cancel(self, request: Request, account: str) -> Answer:
        """Take the secondary Auth Token away."""
        return Write(lambda tx: answer(self._view(accounts.delete_secondary_token(tx, account, by=OPERATOR))))

    def promote(self, request: Request, account: str) -> Answer:
        """The secondary Auth Token in the place of the first, which is refused from now on."""
        return Write(
            lambda tx: answer(self._view(accounts.promote_secondary_token(tx, account, by=OPERATOR)[1]))
        )

    def _view(self, account: Account) -> AccountView:
        return AccountView(
            sid=account.sid,
            owner_sid=account.owner_sid,
            friendly_name=account.friendly_name,
            status=account.status,
            debugger_url=webhook_urls.shown(self._vault, account.sid, account.debugger_url),
            date_created=iso_ms(account.created_ms),
            date_updated=iso_ms(account.updated_ms),
            date_secondary_auth_token="" if account.secondary_ms is None else iso_ms(account.secondary_ms),
        )
