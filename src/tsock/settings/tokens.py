"""What an Access Token may be, and how long it lives."""

from typing import Annotated, Literal

from tsock.settings.connections import ConnectionSettings
from tsock.settings.limit import Limit


class TokenSettings(ConnectionSettings, frozen=True, kw_only=True):
    """Access Tokens."""

    token_bytes_max: Annotated[int, Limit(code=20101, low=1024)] = 8 * 1024
    """One Access Token."""
    identity_chars_max: Annotated[int, Limit(code=51003, low=1)] = 256
    """An identity; in a token, `endpoint_id` too (51004)."""
    token_skew_s: Annotated[int, Limit(code=20105, low=0, high=3600)] = 60
    """Tolerance for `nbf`, `iat` and the lifetime, since clocks differ."""
    token_exp_skew_s: Annotated[int, Limit(code=20104, low=0, high=3600)] = 0
    """Tolerance for `exp`."""
    token_lifetime_s_max: Annotated[int, Limit(code=20157, low=1, high=86_400)] = 86_400
    """Longest life of an Access Token."""
    token_about_to_expire_s: Annotated[float, Limit(low=0)] = 180.0
    """How long before `exp` the client is told."""
    token_expiry: Literal["close", "drop"] = "close"  # noqa: S105
    """What a client meets at `exp`: `close` sends 410/51207, as the hosted service does; `drop` ends the
    socket only, and lets an app call `updateToken` inside `tokenExpired`."""
    continuation_ttl_s: Annotated[int, Limit(low=0)] = 86_400
    """Life of a continuation token."""
