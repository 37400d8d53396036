"""Who looks at a page and what they may see there: an operator its own, in development anybody everything."""

import msgspec

from tsock.accounts.directory import Directory
from tsock.accounts.principal import Principal
from tsock.api.gatekeeper import Gatekeeper
from tsock.api.request import Request


class Viewer(msgspec.Struct, frozen=True):
    """An operator who has signed in."""

    accounts: frozenset[str] | None
    """The SIDs of the accounts it may see; None for all, and for what is of no account."""
    signed_in: bool = False
    """Whether it came by the form, and can sign out."""

    def may_see(self, account_sid: str | None) -> bool:
        """Whether what belongs to this account is its business."""
        return self.accounts is None or account_sid in self.accounts


class Viewers:
    """Tells who looks: by the cookie of a sign-in, or by credentials, those of REST."""

    def __init__(self, gatekeeper: Gatekeeper, directory: Directory) -> None:
        self._gatekeeper = gatekeeper
        self._directory = directory

    def signed_in(self, request: Request) -> Viewer:
        """Who looks at a page that is not for anybody; `Access.VIEWER` lets nobody else get there."""
        if self._gatekeeper.everybody:
            return Viewer(None)
        assert request.principal is not None
        return self._of(request.principal, request)

    def known(self, request: Request) -> Viewer | None:
        """Who looks at what is for anybody; credentials that do not hold are as none."""
        if self._gatekeeper.everybody:
            return Viewer(None)
        principal = self._gatekeeper.viewer(request)
        return None if principal is None else self._of(principal, request)

    def _of(self, principal: Principal, request: Request) -> Viewer:
        """An account sees itself and its subaccounts, a main key its account."""
        own = principal.account.sid
        below = self._directory.subaccounts(own) if principal.key is None else []
        accounts = frozenset((own, *(account.sid for account in below)))
        return Viewer(accounts, signed_in="authorization" not in request.headers)
