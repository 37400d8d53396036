"""Sign-ins to pages: what a browser keeps in the place of credentials, and when it stops to stand for them.

Nothing is stored. The text names account and key and ends with a MAC, whose key is made of the master key
and of the very secret that was signed in with: a rotated Auth Token or a deleted key ends it at once.
"""

import hmac
from collections.abc import Callable

from tsock.accounts.directory import Directory
from tsock.accounts.principal import Principal
from tsock.accounts.secrets import Vault

LIFE_S = 12 * 3600
"""After so long a browser has to sign in again."""


class SignIns:
    """Makes and judges the texts."""

    def __init__(self, directory: Directory, vault: Vault, now_ms: Callable[[], int]) -> None:
        """`now_ms` is the time in Unix milliseconds."""
        self._directory = directory
        self._key = vault.derive("sign-in")
        self._now_ms = now_ms

    def issue(self, principal: Principal, secret: bytes) -> str:
        """What stands for whoever has shown `secret`, for `LIFE_S`; it holds no secret and fits a cookie."""
        key_sid = principal.key.sid if principal.key else ""
        subject = f"{principal.account.sid}.{key_sid}.{self._now_ms() // 1000 + LIFE_S}"
        return f"{subject}.{self._mac(subject, secret)}"

    def holder(self, text: str, address: str) -> Principal | None:
        """Whom `text` stands for, be the account active or not; None where it is not ours or holds no more.

        Args:
            text: what `issue` made, or whatever came in its place.
            address: IP address the request came from.
        """
        subject, _, mac = text.rpartition(".")
        account_sid, _, rest = subject.partition(".")
        key_sid, _, until_s = rest.partition(".")
        account, key = self._directory.account(account_sid), self._directory.key(key_sid)
        if account is None or bool(key_sid) != (key is not None):
            return None
        if key is not None and (key.account_sid != account_sid or key.revoked_ms is not None):
            return None
        principal = Principal(account, key, address)
        secrets = self._directory.auth_tokens(account) if key is None else [self._directory.key_secret(key)]
        expected = [self._mac(subject, secret).encode() for secret in secrets]
        if not any(hmac.compare_digest(each, mac.encode()) for each in expected):
            return None
        return principal if int(until_s) * 1000 > self._now_ms() else None

    def _mac(self, subject: str, secret: bytes) -> str:
        own = hmac.digest(self._key, secret, "sha256")
        return hmac.digest(own, subject.encode(), "sha256").hex()
