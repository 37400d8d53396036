"""Who a valid Access Token speaks for."""

from collections.abc import Mapping

import msgspec

SYNC = "data_sync"
"""Product id of Sync: grant, `active_grant` and registration alike."""
CHAT = "ip_messaging"
"""Product id of Conversations; its grant is `chat` or `ip_messaging`."""

PRODUCTS = frozenset((SYNC, CHAT))
"""What is served here."""


class Caller(msgspec.Struct, frozen=True, gc=False):
    """The outcome of a successful token examination."""

    account_sid: str
    key_sid: str
    identity: str
    expires_ms: int
    """The moment of `exp`."""
    issued_s: int
    """Issue time in Unix seconds, which a revocation by time goes by (`protocol/tokens.md`, Revocation)."""
    digest: bytes
    """SHA-256 of the token's text; identifies it for revocation without keeping it."""
    products: Mapping[str, str]
    """Service SID by product id (`data_sync`, `ip_messaging`), aliases such as `default` resolved."""
    endpoint_id: str | None = None
    role_sid: str | None = None
    push_credential_sid: str | None = None
