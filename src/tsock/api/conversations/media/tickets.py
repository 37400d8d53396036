"""What a temporary URL ends in: which media it is for and until when, signed; it needs nothing else.

It opens one download to whoever has it, and only for minutes, since it ends up where URLs do.
"""

import hmac
import re
from hmac import compare_digest

from tsock.accounts.secrets import Vault
from tsock.errors import ApiError
from tsock.tokens.jws import base64url

_TICKET = re.compile(r"(ME[0-9a-f]{32})\.([0-9]{1,13})\.([A-Za-z0-9_-]{43})")


class Tickets:
    """Makes tickets, and judges them."""

    def __init__(self, vault: Vault, ttl_s: int) -> None:
        self._key = vault.derive("media")
        self._ttl_ms = ttl_s * 1000

    def issue(self, sid: str, now_ms: int) -> str:
        """A ticket for media, for so long from now."""
        until_ms = now_ms + self._ttl_ms
        return f"{sid}.{until_ms}.{self._signature(sid, until_ms)}"

    def admitted(self, ticket: str, now_ms: int) -> tuple[str, int]:
        """The SID of the media that it is for, and for how many milliseconds yet.

        Raises:
            ApiError: 403/20403, it is not one of ours, or too old.
        """
        found = _TICKET.fullmatch(ticket)
        if found is None:
            raise _refused("it is not whole")
        sid, until_ms = found[1], int(found[2])
        if not compare_digest(found[3], self._signature(sid, until_ms)):
            raise _refused("this server has not made it")
        if now_ms >= until_ms:
            raise _refused("it has expired")
        return sid, until_ms - now_ms

    def _signature(self, sid: str, until_ms: int) -> str:
        return base64url(hmac.digest(self._key, f"{sid} {until_ms}".encode(), "sha256"))


def _refused(why: str) -> ApiError:
    return ApiError(
        403, 20403, f"Forbidden: {why}; ask for the media again to get a new temporary URL", fix=""
    )
