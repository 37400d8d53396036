"""Makes Access Tokens."""

from collections.abc import Mapping

from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.keys import SigningKey
from tsock.tokens import jws
from tsock.tokens.examination import CONTENT_TYPE

_GRANT_BY_PRODUCT = {SYNC: "data_sync", CHAT: "chat"}


def mint(
    key: SigningKey,
    identity: str,
    products: Mapping[str, str],
    *,
    now_s: int,
    ttl_s: int = 3600,
    algorithm: str = "HS256",
) -> str:
    """An Access Token as the helper libraries make it; any `ttl_s` will do, so that refusals can be tried.

    Args:
        key: what signs it.
        identity: whom it speaks for.
        products: service SID or `default`, by product id (`data_sync`, `ip_messaging`).
        now_s: time of issue, in Unix seconds.
        ttl_s: seconds until it expires.
        algorithm: HS256, HS384 or HS512.
    """
    grants: jws.JsonObject = {"identity": identity}
    for product, service_sid in products.items():
        grants[_GRANT_BY_PRODUCT[product]] = {"service_sid": service_sid}
    claims: jws.JsonObject = {
        "jti": f"{key.key_sid}-{now_s}",
        "iss": key.key_sid,
        "sub": key.account_sid,
        "iat": now_s,
        "exp": now_s + ttl_s,
        "grants": grants,
    }
    header = {"alg": algorithm, "cty": CONTENT_TYPE, "typ": "JWT"}
    return jws.sign(header, claims, key.secret.encode())
