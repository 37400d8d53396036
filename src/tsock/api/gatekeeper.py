"""Who asks over HTTP, and whether the route is for them (`protocol/rest.md`, Credentials)."""

import base64
import binascii
import hmac
from collections.abc import Mapping

from tsock.accounts import policies
from tsock.accounts.directory import Directory
from tsock.accounts.principal import Principal
from tsock.api.request import Access, Request
from tsock.api.router import Route
from tsock.errors import ApiError

CHALLENGE = {"www-authenticate": 'Basic realm="Twilio API", charset="UTF-8"'}


class Gatekeeper:
    """Checks credentials: an account's SID and Auth Token, or a key's SID and secret."""

    def __init__(self, directory: Directory, *, everybody: bool = False) -> None:
        """With `everybody`, as in development, nobody needs credentials to see pages."""
        self.everybody = everybody
        self._directory = directory

    def asker(self, request: Request, route: Route) -> Principal | None:
        """Who asks; None where the route is for anybody.

        Raises:
            ApiError: 401/20003, no or wrong credentials; 403/20008, test credentials.
        """
        access = route.access
        if access in (Access.ANYBODY, Access.CLIENT) or (access is Access.VIEWER and self.everybody):
            return None
        principal = self._holder(request.headers, request.address)
        if principal is None:
            raise _unauthorized("expected HTTP Basic with an account SID and its Auth Token, or a key")
        return principal

    def permit(self, principal: Principal, route: Route) -> None:
        """Refuse a route that is not for whoever asks.

        It is a step of its own so that the refusal becomes an alert of the asker's account.

        Raises:
            ApiError: 403/20403, the account is not active; 403/20006, the key's policy does not permit it;
                401/20003, the credentials are of a kind that the route is not for.
        """
        self._check_active(principal)
        key = principal.key
        if route.access is Access.VIEWER:
            if not principal.administers:
                raise _unauthorized(
                    "expected an account's SID and its Auth Token, or a main key's SID and its secret"
                )
        elif key is not None and key.kind == "restricted":
            if not policies.allows(key.policy or "", route.permission):
                raise ApiError(
                    403, 20006, f"Access Denied: the policy of key {key.sid} does not list {route.permission}"
                )
        elif route.access is Access.ADMINISTRATION and not principal.administers:
            raise _unauthorized(
                "expected the Auth Token or a Main key, not a Standard key, for accounts and keys"
            )

    def viewer(self, request: Request) -> Principal | None:
        """Who looks at a page that is for anybody, and shows more to whom `Access.VIEWER` lets in."""
        principal = self.known(request)
        if principal is None or not principal.administers:
            return None
        return principal if self._directory.status(principal.account) == "active" else None

    def known(self, request: Request | None) -> Principal | None:
        """Whose the credentials are of a request that failed before anybody asked for them."""
        try:
            return None if request is None else self._holder(request.headers, request.address)
        except ApiError:
            return None

    def _holder(self, headers: Mapping[str, str], address: str) -> Principal | None:
        """Whose the credentials are, be the account active or not; None without any."""
        header = headers.get("authorization")
        if header is None:
            return None
        user, password = _basic(header)
        principal = self._of_key(user, password, address) or self._of_account(user, password, address)
        if principal is None:
            self._refuse_test_credentials(user, password)
            raise _unauthorized("no such account or key, or not its Auth Token or secret")
        return principal

    def _check_active(self, principal: Principal) -> None:
        status = self._directory.status(principal.account)
        if status != "active":
            raise ApiError(403, 20403, f"Forbidden: the account {principal.account.sid} is {status}")

    def _of_key(self, user: str, password: bytes, address: str) -> Principal | None:
        key = self._directory.key(user)
        if key is None or not hmac.compare_digest(self._directory.key_secret(key), password):
            return None
        account = self._directory.account(key.account_sid)
        return None if account is None or key.revoked_ms is not None else Principal(account, key, address)

    def _of_account(self, user: str, password: bytes, address: str) -> Principal | None:
        account = self._directory.account(user)
        if account is None or not hmac.compare_digest(self._directory.auth_token(account), password):
            return None
        return Principal(account, None, address)

    def _refuse_test_credentials(self, user: str, password: bytes) -> None:
        account = self._directory.account_by_test_sid(user)
        if account is not None and hmac.compare_digest(self._directory.test_token(account), password):
            raise ApiError(
                403, 20008, "Resource not accessible with Test Account Credentials: use the live ones"
            )


def _basic(header: str) -> tuple[str, bytes]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise _unauthorized("expected HTTP Basic, not another scheme; an Access Token opens no REST route")
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        if colon:
            return user.decode(), password
    except (binascii.Error, ValueError):
        pass
    raise _unauthorized("expected the base64 of user name, colon and password")


def _unauthorized(problem: str) -> ApiError:
    return ApiError(401, 20003, f"Authenticate: {problem}", CHALLENGE)
