"""Who asks over HTTP, and whether the route is for them (`protocol/rest.md`, Credentials)."""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable

from tsock.accounts import policies
from tsock.accounts.caller import Caller
from tsock.accounts.directory import Directory
from tsock.accounts.principal import Principal
from tsock.accounts.secrets import Vault
from tsock.accounts.sign_ins import SignIns
from tsock.api.guesses import Guesses
from tsock.api.request import Access, Request
from tsock.api.router import Route
from tsock.clock import Clock
from tsock.errors import ApiError
from tsock.settings import Settings
from tsock.tokens.examiner import Examiner

CHALLENGE = {"www-authenticate": 'Basic realm="Twilio API", charset="UTF-8"'}

IN_HEADER = "x-twilio-token"
"""The header that brings an Access Token."""

COOKIE = "tsock_sign_in"
"""What a browser keeps of a sign-in to pages; it opens nothing else."""
_NOBODYS = b"-" * 32
"""Compared with where there is nobody of that name, so that the time of an answer does not tell it."""
_FOR_PAGES = "expected an account's SID and its Auth Token, or a main key's SID and its secret"


class Gatekeeper:
    """Checks credentials: an account's SID and Auth Token, or a key's SID and secret."""

    def __init__(
        self,
        directory: Directory,
        vault: Vault,
        settings: Settings,
        clock: Clock,
        *,
        everybody: bool = False,
    ) -> None:
        """With `everybody`, as in development, nobody has to sign in to see pages."""
        self.everybody = everybody
        self.look: Callable[[], Awaitable[None]] = _nothing_new
        """Takes in what other nodes changed of accounts, keys and services."""
        self._directory = directory
        self._examiner = Examiner(directory, settings)
        self._now_ms = clock.now_ms
        self._sign_ins = SignIns(directory, vault, clock.now_ms)
        self._guesses = Guesses(settings, clock.monotonic_s)

    @property
    def changes(self) -> int:
        """How many changes of accounts, keys and services it knows of."""
        return self._directory.applied

    def caller(self, request: Request, route: Route) -> Caller | None:
        """Who asks by an Access Token; None where the route takes none, or none is given.

        Raises:
            ApiError: 401 with the code of the check that the token did not pass; 429/20429, this address has
                failed too often.
        """
        token = access_token(request, route)
        if token is None:
            return None
        found = self._examiner.verify(token, self._now_ms())
        if isinstance(found, Caller):
            return found
        error = ApiError(401, found.code, f"{found.title} (the header X-Twilio-Token; see /doctor)")
        raise self._guesses.failed(request.address, error)

    def asker(self, request: Request, route: Route) -> Principal | None:
        """Who asks by credentials; None where the route is for anybody.

        Raises:
            ApiError: 401/20003, no or wrong credentials; 403/20008, test credentials; 429/20429, wrong ones,
                and this address has failed too often.
        """
        access = route.access
        if access in (Access.ANYBODY, Access.CLIENT) or (access is Access.VIEWER and self.everybody):
            return None
        principal = self._counted(request)
        if principal is None and access is Access.VIEWER:
            principal = self._signed_in(request)
        if principal is None:
            raise _unauthorized("expected HTTP Basic with an account SID and its Auth Token, or a key")
        return principal

    def permit(self, principal: Principal, route: Route) -> None:
        """Refuse a route that is not for whoever asks.

        Raises:
            ApiError: 403/20403, the account is not active; 403/20006, the key's policy does not permit it;
                401/20003, the credentials are of a kind that the route is not for.
        """
        self._check_active(principal)
        key = principal.key
        if route.access is Access.VIEWER:
            if not principal.administers:
                raise _unauthorized(_FOR_PAGES)
        elif route.access is Access.OWNER:
            if key is not None:
                raise _unauthorized("expected an account's SID and an Auth Token of it, not a key")
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
        """Who looks at a page that is for anybody, and shows more to whom `Access.VIEWER` lets in.

        Raises:
            ApiError: 429/20429, wrong credentials, and this address has failed too often.
        """
        try:
            principal = self._counted(request) or self._signed_in(request)
        except ApiError as error:
            if error.status == 429:
                raise
            return None
        if principal is None or not principal.administers:
            return None
        return principal if self._directory.status(principal.account) == "active" else None

    def known(self, request: Request | None) -> Principal | None:
        """Whose the credentials are of a request that failed; it tells the debugger, and nobody who asks."""
        try:
            return None if request is None else self._holder(request) or self._signed_in(request)
        except ApiError:
            return None

    def sign_in(self, user: str, password: str, address: str) -> str:
        """What stands for these credentials in a browser's cookie, as `SignIns` judges it.

        Args:
            user: SID of an account or of a main key.
            password: its Auth Token or secret.
            address: IP address the request came from.

        Raises:
            ApiError: 401/20003, wrong ones, or such as administer nothing; 403/20403, the account is not
                active; 403/20008, test credentials; 429/20429, wrong ones, and this address has failed too
                often.
        """
        try:
            principal = self._checked(user, password.encode(), address)
        except ApiError as error:
            raise self._failed(address, error) from None
        if not principal.administers:
            raise _unauthorized(_FOR_PAGES)
        self._check_active(principal)
        return self._sign_ins.issue(principal, password.encode())

    def _counted(self, request: Request) -> Principal | None:
        """As `_holder`, for whoever asks: wrong credentials are counted."""
        try:
            return self._holder(request)
        except ApiError as error:
            raise self._failed(request.address, error) from None

    def _failed(self, address: str, error: ApiError) -> ApiError:
        """What credentials that are refused are answered; right ones of a wrong kind are not counted."""
        return self._guesses.failed(address, error) if error.status == 401 else error

    def _holder(self, request: Request) -> Principal | None:
        """Whose the credentials are, be the account active or not; None without any."""
        header = request.headers.get("authorization")
        return None if header is None else self._checked(*_basic(header), request.address)

    def _checked(self, user: str, password: bytes, address: str) -> Principal:
        principal = self._of_key(user, password, address) or self._of_account(user, password, address)
        if principal is None:
            self._refuse_test_credentials(user, password)
            raise _unauthorized("no such account or key, or not its Auth Token or secret")
        return principal

    def _signed_in(self, request: Request) -> Principal | None:
        """Whom the cookie of a sign-in stands for; None without one that holds."""
        text = cookie(request)
        return None if text is None else self._sign_ins.holder(text, request.address)

    def _check_active(self, principal: Principal) -> None:
        status = self._directory.status(principal.account)
        if status != "active":
            raise ApiError(403, 20403, f"Forbidden: the account {principal.account.sid} is {status}")

    def _of_key(self, user: str, password: bytes, address: str) -> Principal | None:
        key = self._directory.key(user)
        secret = _NOBODYS if key is None else self._directory.key_secret(key)
        if not hmac.compare_digest(secret, password) or key is None:
            return None
        account = self._directory.account(key.account_sid)
        return None if account is None or key.revoked_ms is not None else Principal(account, key, address)

    def _of_account(self, user: str, password: bytes, address: str) -> Principal | None:
        account = self._directory.account(user)
        tokens = [_NOBODYS] if account is None else self._directory.auth_tokens(account)
        matches = [hmac.compare_digest(each, password) for each in tokens]
        return Principal(account, None, address) if account is not None and any(matches) else None

    def _refuse_test_credentials(self, user: str, password: bytes) -> None:
        account = self._directory.account_by_test_sid(user)
        token = _NOBODYS if account is None else self._directory.test_token(account)
        if hmac.compare_digest(token, password) and account is not None:
            raise ApiError(
                403, 20008, "Resource not accessible with Test Account Credentials: use the live ones"
            )


def access_token(request: Request, route: Route) -> str | None:
    """The Access Token of a request, where the route takes one over HTTP."""
    return request.headers.get(IN_HEADER) if route.access is Access.MEDIA else None


def cookie(request: Request) -> str | None:
    """What the browser has kept of a sign-in."""
    for piece in request.headers.get("cookie", "").split(";"):
        name, _, value = piece.strip().partition("=")
        if name == COOKIE:
            return value
    return None


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


async def _nothing_new() -> None:
    """There is no other node."""
