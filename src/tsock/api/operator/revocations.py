"""Ending tokens before their time: one, an identity's, all issued before a moment."""

import hashlib
from typing import Any

import msgspec

from tsock.accounts import revocations
from tsock.accounts.accounts import get_account
from tsock.accounts.principal import OPERATOR
from tsock.accounts.records import Revocation
from tsock.api.operator.body import PAGE_ROWS, decoded, page
from tsock.api.request import Answer, Door, Read, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.clock import iso_ms
from tsock.settings import Settings
from tsock.storage.store import Tx


class RevocationView(msgspec.Struct, omit_defaults=True):
    """A revocation in force."""

    sid: str
    account_sid: str
    kind: str
    date_created: str
    date_expires: str
    """From then on no token is left that it could meet."""
    digest: str | None = None
    identity: str | None = None
    key_sid: str | None = None
    issued_before: str | None = None


class OneToken(msgspec.Struct, frozen=True, tag_field="kind", tag="token", forbid_unknown_fields=True):
    """One token, by its text or by the SHA-256 of that in hex."""

    token: str = ""
    digest: str = ""

    def __repr__(self) -> str:
        return "OneToken()"


class OneIdentity(msgspec.Struct, frozen=True, tag_field="kind", tag="identity", forbid_unknown_fields=True):
    """Every token of an identity that was issued up to now."""

    identity: str


class IssuedBefore(
    msgspec.Struct, frozen=True, tag_field="kind", tag="issued_before", forbid_unknown_fields=True
):
    """Every token of the account, or of one of its keys, issued before a moment; by default now."""

    before_s: int | None = None
    """Unix seconds."""
    key_sid: str | None = None


Wanted = OneToken | OneIdentity | IssuedBefore
_WANTED: Any = Wanted  # a union is no `type` to the checker


class OperatorRevocations:
    """Revoke, and show what is revoked."""

    def __init__(self, settings: Settings) -> None:
        self._life_ms = revocations.token_life_ms(settings)

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.OPERATOR, "GET", "/accounts/{account}/revocations", self.every),
            Route(Door.OPERATOR, "POST", "/accounts/{account}/revocations", self.revoke),
        ]

    def every(self, request: Request, account: str) -> Answer:
        """The revocations that can still meet a token."""
        after = request.params.get("after", "")

        def query(tx: Tx) -> Response:
            get_account(tx, account)
            found = revocations.list_revocations(tx, account, after=after, limit=PAGE_ROWS)
            return page("revocations", found, _view)

        return Read(query)

    def revoke(self, request: Request, account: str) -> Answer:
        """Refuse tokens from now on, and close the connections that they opened."""
        body: Wanted = decoded(request, _WANTED)
        life_ms = self._life_ms

        def rule(tx: Tx) -> Response:
            match body:
                case OneToken():
                    digest = body.digest or hashlib.sha256(body.token.encode()).hexdigest()
                    made = revocations.revoke_token(tx, account, digest, life_ms=life_ms, by=OPERATOR)
                case OneIdentity():
                    made = revocations.revoke_identity(
                        tx, account, body.identity, life_ms=life_ms, by=OPERATOR
                    )
                case IssuedBefore():
                    # Issue times are whole seconds: those of the running one may lie before this moment.
                    before_s = tx.now_ms // 1000 + 1 if body.before_s is None else body.before_s
                    made = revocations.revoke_issued_before(
                        tx, account, before_s, key_sid=body.key_sid, life_ms=life_ms, by=OPERATOR
                    )
            return answer(_view(made), 201)

        return Write(rule)


def _view(revocation: Revocation) -> RevocationView:
    before_s = revocation.before_s
    return RevocationView(
        sid=revocation.sid,
        account_sid=revocation.account_sid,
        kind=revocation.kind,
        date_created=iso_ms(revocation.at_ms),
        date_expires=iso_ms(revocation.until_ms),
        digest=revocation.digest,
        identity=revocation.identity,
        key_sid=revocation.key_sid,
        issued_before=None if before_s is None else iso_ms(before_s * 1000),
    )
