"""API keys in the 2010 API: the same keys as `Keys` and as `SigningKeys` (`protocol/rest.md`, Keys)."""

import msgspec
from msgspec import UNSET, UnsetType

from tsock.accounts import keys
from tsock.accounts.records import ApiKey
from tsock.accounts.scope import account_in_scope
from tsock.accounts.secrets import Vault
from tsock.api.account.accounts import ROOT, ROWS_MAX
from tsock.api.request import Access, Answer, Door, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.asker import asker, require_no_more
from tsock.api.router import Route, RouteHandler
from tsock.clock import rfc2822
from tsock.settings import Settings
from tsock.storage.store import Tx

_LISTS = {"Keys": "keys", "SigningKeys": "signing_keys"}
"""Either name of the resource in a path, and of its records on a page."""


class KeyView(msgspec.Struct):
    """A key, as the published schema has it; its secret only once, when it is new."""

    sid: str
    friendly_name: str
    date_created: str
    date_updated: str
    secret: str | UnsetType = UNSET


class KeysRest:
    """Create a standard key, fetch, list, rename, delete; of the caller's account or a subaccount."""

    def __init__(self, vault: Vault, settings: Settings) -> None:
        self._vault = vault
        self._settings = settings

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            route
            for many in (f"{ROOT}/{{account}}/{name}" for name in _LISTS)
            for route in (
                _route("GET", many, self.every, "list"),
                _route("POST", many, self.create, "create"),
                _route("GET", f"{many}/{{key}}", self.fetch, "read"),
                _route("POST", f"{many}/{{key}}", self.rename, "update"),
                _route("DELETE", f"{many}/{{key}}", self.delete, "delete"),
            )
        ]

    def every(self, request: Request, account: str) -> Answer:
        """The keys in use, of every kind."""
        asked = paging.asked(request, fields.of_query(request), rows_max=ROWS_MAX)
        place, principal = asked.place, asker(request)

        def read(tx: Tx) -> Response:
            owner = account_in_scope(tx, principal, account)
            found, rows = keys.list_keys(tx, owner.sid, place, asked.size)
            return paging.flat_page(asked, _LISTS[request.path[-1]], [_view(key) for key in found], rows)

        return Read(read)

    def create(self, request: Request, account: str) -> Answer:
        """A new standard key with its secret."""
        name, principal = fields.of_form(request).text("FriendlyName"), asker(request)
        require_no_more(principal, None)

        def rule(tx: Tx) -> Response:
            owner = account_in_scope(tx, principal, account)
            key, secret = keys.create_key(
                tx, self._vault, self._settings, owner.sid, friendly_name=name or "", by=principal.author
            )
            return answer(_view(key, secret), 201)

        return Write(rule)

    def fetch(self, request: Request, account: str, key: str) -> Answer:
        """One key in use."""
        principal = asker(request)

        def read(tx: Tx) -> Response:
            owner = account_in_scope(tx, principal, account)
            return answer(_view(keys.get_key(tx, owner.sid, key)))

        return Read(read)

    def rename(self, request: Request, account: str, key: str) -> Answer:
        """Another name."""
        name, principal = fields.of_form(request).text("FriendlyName"), asker(request)

        def rule(tx: Tx) -> Response:
            owner = account_in_scope(tx, principal, account)
            changed = keys.update_key(tx, owner.sid, key, friendly_name=name, by=principal.author)
            return answer(_view(changed))

        return Write(rule)

    def delete(self, request: Request, account: str, key: str) -> Answer:
        """End the key, its tokens and the connections that they opened."""
        principal = asker(request)

        def rule(tx: Tx) -> Response:
            owner = account_in_scope(tx, principal, account)
            keys.delete_key(tx, owner.sid, key, by=principal.author)
            return Response(204)

        return Write(rule)


def _view(key: ApiKey, secret: str | UnsetType = UNSET) -> KeyView:
    return KeyView(
        sid=key.sid,
        friendly_name=key.friendly_name,
        date_created=rfc2822(key.created_ms),
        date_updated=rfc2822(key.updated_ms),
        secret=secret,
    )


def _route(method: str, pattern: str, handler: RouteHandler, action: str) -> Route:
    permission = f"/twilio/api/keys/{action}"
    return Route(Door.HTTP, method, f"/api{pattern}", handler, Access.ADMINISTRATION, permission)
