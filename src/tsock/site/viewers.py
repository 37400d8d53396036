"""Who looks at a page and what they may see there: an operator its own, in development anybody everything."""

import msgspec

from tsock.accounts.directory import Directory
from tsock.api.gatekeeper import CHALLENGE, Gatekeeper
from tsock.api.request import Request
from tsock.errors import ApiError


class Viewer(msgspec.Struct, frozen=True):
    """An operator who has signed in."""

    accounts: frozenset[str] | None
    """The SIDs of the accounts it may see; None for all, and for what is of no account."""

    def may_see(self, account_sid: str | None) -> bool:
        """Whether what belongs to this account is its business."""
        return self.accounts is None or account_sid in self.accounts


class Viewers:
    """Tells who looks by the credentials of a request, those of REST."""

    def __init__(self, gatekeeper: Gatekeeper, directory: Directory, *, everybody: bool) -> None:
        """With `everybody`, as in development, nobody needs credentials and everybody sees everything."""
        self._gatekeeper = gatekeeper
        self._directory = directory
        self._everybody = everybody

    def signed_in(self, request: Request) -> Viewer:
        """Who looks at what is not for anybody.

        An account sees itself and its subaccounts, a main key its account.

        Raises:
            ApiError: 401/20003 without credentials, and with such as administer nothing; else as
                `Gatekeeper.principal`.
        """
        if self._everybody:
            return Viewer(None)
        principal = self._gatekeeper.principal(request.headers, request.address)
        if principal is None or not principal.administers:
            raise ApiError(
                401,
                20003,
                "Authenticate: expected HTTP Basic with an account's SID and its Auth Token, or with a main "
                "key's SID and its secret",
                CHALLENGE,
            )
        own = principal.account.sid
        below = self._directory.subaccounts(own) if principal.key is None else []
        return Viewer(frozenset((own, *(account.sid for account in below))))

    def known(self, request: Request) -> Viewer | None:
        """Who looks at what is for anybody; credentials that do not hold are as none."""
        try:
            return self.signed_in(request)
        except ApiError:
            return None
