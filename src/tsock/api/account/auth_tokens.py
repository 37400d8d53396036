"""Auth Tokens in Accounts v1: a secondary one, and its promotion (`protocol/rest.md`, Auth Tokens).

Only an Auth Token makes another: whoever may not see one, as no key may, is given none.
"""

import msgspec

from tsock.accounts import accounts
from tsock.accounts.secrets import Vault
from tsock.api.request import Access, Answer, Door, Request, Response, Write, answer
from tsock.api.rest.asker import asker
from tsock.api.router import Route, RouteHandler
from tsock.clock import iso_s
from tsock.storage.store import Tx

SECONDARY = "/v1/AuthTokens/Secondary"
PROMOTE = "/v1/AuthTokens/Promote"


class SecondaryView(msgspec.Struct):
    """A secondary Auth Token, shown only when it is new."""

    account_sid: str
    secondary_auth_token: str
    date_created: str
    date_updated: str
    url: str


class PromotedView(msgspec.Struct):
    """What was the secondary Auth Token."""

    account_sid: str
    auth_token: str
    date_created: str
    date_updated: str
    url: str


class AuthTokenHandlers:
    """Create, promote and delete the secondary Auth Token of the caller's account."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            _route("POST", SECONDARY, self.create),
            _route("DELETE", SECONDARY, self.delete),
            _route("POST", PROMOTE, self.promote),
        ]

    def create(self, request: Request) -> Answer:
        """A second Auth Token that holds beside the first; the first goes on signing webhooks."""
        principal = asker(request)

        def rule(tx: Tx) -> Response:
            sid = principal.account.sid
            _, auth_token = accounts.create_secondary_token(tx, self._vault, sid, by=principal.author)
            now = iso_s(tx.date_ms)
            return answer(SecondaryView(sid, auth_token, now, now, f"{request.base}{SECONDARY}"), 201)

        return Write(rule)

    def delete(self, request: Request) -> Answer:
        """Only the first Auth Token holds any more."""
        principal = asker(request)

        def rule(tx: Tx) -> Response:
            accounts.delete_secondary_token(tx, principal.account.sid, by=principal.author)
            return Response(204)

        return Write(rule)

    def promote(self, request: Request) -> Answer:
        """The second Auth Token becomes the first, and what was the first is refused."""
        principal = asker(request)

        def rule(tx: Tx) -> Response:
            before, account = accounts.promote_secondary_token(tx, principal.account.sid, by=principal.author)
            return answer(
                PromotedView(
                    account_sid=account.sid,
                    auth_token=self._vault.open(account.sid, account.auth_token),
                    date_created=iso_s(before.secondary_ms or tx.date_ms),
                    date_updated=iso_s(tx.date_ms),
                    url=f"{request.base}{PROMOTE}",
                )
            )

        return Write(rule)


def _route(method: str, pattern: str, handler: RouteHandler) -> Route:
    return Route(Door.HTTP, method, f"/accounts{pattern}", handler, Access.OWNER)
