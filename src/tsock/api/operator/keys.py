"""API keys, as an operator makes and revokes them."""

from typing import Any

import msgspec

from tsock.accounts import keys
from tsock.accounts.accounts import get_account
from tsock.accounts.principal import OPERATOR
from tsock.accounts.records import ApiKey, KeyKind
from tsock.accounts.secrets import Vault
from tsock.accounts.tables import behind
from tsock.api.operator.body import PAGE_ROWS, Body, decoded, page
from tsock.api.request import Answer, Door, Read, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.clock import iso_ms
from tsock.settings import Settings
from tsock.storage.store import Tx


class KeyView(msgspec.Struct, omit_defaults=True):
    """A key; its secret only once, when it is new."""

    sid: str
    account_sid: str
    kind: str
    friendly_name: str
    region: str
    policy: Any
    """JSON, as it was given."""
    date_created: str
    date_updated: str
    date_revoked: str = ""
    secret: str = ""


class NewKey(Body, frozen=True):
    """A restricted key needs a policy, `{"allow": ["/twilio/…", …]}`; no other has one."""

    kind: KeyKind = "standard"
    friendly_name: str = ""
    policy: dict[str, Any] | None = None


class KeyHandlers:
    """Create, show, revoke."""

    def __init__(self, vault: Vault, settings: Settings) -> None:
        self._vault = vault
        self._settings = settings

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.OPERATOR, "GET", "/accounts/{account}/keys", self.every),
            Route(Door.OPERATOR, "POST", "/accounts/{account}/keys", self.create),
            Route(Door.OPERATOR, "GET", "/accounts/{account}/keys/{key}", self.fetch),
            Route(Door.OPERATOR, "DELETE", "/accounts/{account}/keys/{key}", self.revoke),
        ]

    def every(self, request: Request, account: str) -> Answer:
        """The keys in use."""
        after = request.params.get("after", "")

        def query(tx: Tx) -> Response:
            get_account(tx, account)
            found, _ = keys.list_keys(tx, account, behind(tx, ApiKey, after), PAGE_ROWS)
            return page("keys", found, _view)

        return Read(query)

    def create(self, request: Request, account: str) -> Answer:
        """A new key with its secret."""
        body = decoded(request, NewKey)
        policy = None if body.policy is None else msgspec.json.encode(body.policy).decode()

        def rule(tx: Tx) -> Response:
            key, secret = keys.create_key(
                tx,
                self._vault,
                self._settings,
                account,
                kind=body.kind,
                friendly_name=body.friendly_name,
                policy=policy,
                by=OPERATOR,
            )
            view = _view(key)
            view.secret = secret
            return answer(view, 201)

        return Write(rule)

    def fetch(self, request: Request, account: str, key: str) -> Answer:
        """One key in use."""
        return Read(lambda tx: answer(_view(keys.get_key(tx, account, key))))

    def revoke(self, request: Request, account: str, key: str) -> Answer:
        """End the key: its tokens are refused, and the connections that they opened are closed."""
        return Write(lambda tx: answer(_view(keys.delete_key(tx, account, key, by=OPERATOR))))


def _view(key: ApiKey) -> KeyView:
    return KeyView(
        sid=key.sid,
        account_sid=key.account_sid,
        kind=key.kind,
        friendly_name=key.friendly_name,
        region=key.region,
        policy=None if key.policy is None else msgspec.json.decode(key.policy),
        date_created=iso_ms(key.created_ms),
        date_updated=iso_ms(key.updated_ms),
        date_revoked="" if key.revoked_ms is None else iso_ms(key.revoked_ms),
    )
