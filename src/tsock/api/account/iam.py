"""API keys in IAM v1, restricted ones with their policies included (`protocol/rest.md`, IAM keys)."""

import msgspec
from msgspec import UNSET, UnsetType

from tsock.accounts import keys, policies
from tsock.accounts.records import ApiKey
from tsock.accounts.scope import account_in_scope, key_in_scope
from tsock.accounts.secrets import Vault
from tsock.api.request import Access, Answer, Door, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.asker import asker, require_no_more
from tsock.api.rest.fields import Fields
from tsock.api.router import Route, RouteHandler
from tsock.clock import rfc2822
from tsock.errors import invalid
from tsock.settings import Settings
from tsock.storage.store import Tx

ROOT = "/iam/v1/Keys"
ROWS_MAX = 1000
"""Of one page."""


class KeyView(msgspec.Struct):
    """A key by itself; its secret only once, when it is new."""

    sid: str
    friendly_name: str
    date_created: str
    date_updated: str
    policy: policies.Policy | None
    secret: str | UnsetType = UNSET


class ListedKey(msgspec.Struct):
    """A key in a list."""

    sid: str
    friendly_name: str
    date_created: str
    date_updated: str
    flags: tuple[str, ...]
    """What it is good for: `rest_api`, and `signing` of Access Tokens."""


class IamRest:
    """Create a standard or restricted key, fetch, list, rename, give another policy, delete."""

    def __init__(self, vault: Vault, settings: Settings) -> None:
        self._vault = vault
        self._settings = settings

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        one = f"{ROOT}/{{key}}"
        return [
            _route("GET", ROOT, self.every, "list"),
            _route("POST", ROOT, self.create, "create"),
            _route("GET", one, self.fetch, "read"),
            _route("POST", one, self.change, "update"),
            _route("DELETE", one, self.delete, "delete"),
        ]

    def every(self, request: Request) -> Answer:
        """The keys in use of the account named in the query."""
        query = fields.of_query(request)
        asked = paging.asked(request, query, rows_max=ROWS_MAX)
        place, account_sid, principal = asked.place, _account_sid(query), asker(request)

        def read(tx: Tx) -> Response:
            owner = account_in_scope(tx, principal, account_sid)
            found, rows = keys.list_keys(tx, owner.sid, place, asked.size)
            return paging.page(asked, "keys", [_listed(key) for key in found], rows)

        return Read(read)

    def create(self, request: Request) -> Answer:
        """A new key with its secret."""
        form, principal = fields.of_form(request), asker(request)
        account_sid, name, policy = _account_sid(form), form.text("FriendlyName"), form.text("Policy")
        kind = "standard" if form.choice("KeyType", "restricted") is None else "restricted"
        require_no_more(principal, policy if kind == "restricted" else None)

        def rule(tx: Tx) -> Response:
            owner = account_in_scope(tx, principal, account_sid)
            key, secret = keys.create_key(
                tx,
                self._vault,
                self._settings,
                owner.sid,
                kind=kind,
                friendly_name=name or "",
                policy=policy,
                by=principal.author,
            )
            return answer(_view(key, secret), 201)

        return Write(rule)

    def fetch(self, request: Request, key: str) -> Answer:
        """One key in use."""
        principal = asker(request)
        return Read(lambda tx: answer(_view(key_in_scope(tx, principal, key))))

    def change(self, request: Request, key: str) -> Answer:
        """Another name, another policy of a restricted key, or both."""
        form, principal = fields.of_form(request), asker(request)
        name, policy = form.text("FriendlyName"), form.text("Policy")
        if policy is not None:
            require_no_more(principal, policy)

        def rule(tx: Tx) -> Response:
            owner_sid = key_in_scope(tx, principal, key).account_sid
            changed = keys.update_key(
                tx, owner_sid, key, friendly_name=name, policy=policy, by=principal.author
            )
            return answer(_view(changed))

        return Write(rule)

    def delete(self, request: Request, key: str) -> Answer:
        """End the key, its tokens and the connections that they opened."""
        principal = asker(request)

        def rule(tx: Tx) -> Response:
            owner_sid = key_in_scope(tx, principal, key).account_sid
            keys.delete_key(tx, owner_sid, key, by=principal.author)
            return Response(204)

        return Write(rule)


def _account_sid(given: Fields) -> str:
    sid = given.sid("AccountSid", "AC")
    if sid is None:
        raise invalid("AccountSid is missing, expected the SID of the account whose keys are meant")
    return sid


def _view(key: ApiKey, secret: str | UnsetType = UNSET) -> KeyView:
    return KeyView(
        sid=key.sid,
        friendly_name=key.friendly_name,
        date_created=rfc2822(key.created_ms),
        date_updated=rfc2822(key.updated_ms),
        policy=None if key.policy is None else policies.parse(key.policy),
        secret=secret,
    )


def _listed(key: ApiKey) -> ListedKey:
    return ListedKey(
        sid=key.sid,
        friendly_name=key.friendly_name,
        date_created=rfc2822(key.created_ms),
        date_updated=rfc2822(key.updated_ms),
        flags=("rest_api",) if key.kind == "restricted" else ("rest_api", "signing"),
    )


def _route(method: str, pattern: str, handler: RouteHandler, action: str) -> Route:
    permission = f"/twilio/iam/keys/{action}"
    return Route(Door.HTTP, method, pattern, handler, Access.ADMINISTRATION, permission)
