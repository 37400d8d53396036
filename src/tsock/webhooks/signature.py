"""The signature by which a receiver knows that a webhook is ours (`protocol/webhooks.md`, Signature)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

HEADER = "X-Twilio-Signature"

Parameters = Mapping[str, str | Sequence[str]]
"""Form parameters; several values under one name where it is repeated."""

_NONE: Parameters = {}


def sign(auth_token: bytes, url: str, parameters: Parameters = _NONE) -> str:
    """The value of the header.

    Args:
        auth_token: of the account that owns what the webhook tells of.
        url: as configured, query included, fragment left out (`Target.url`).
        parameters: those of a POST form; nothing for GET, and nothing for JSON (`with_body_digest`).
    """
    text = url + "".join(
        name + value for name in sorted(parameters) for value in sorted(_unique(parameters[name]))
    )
    return base64.b64encode(hmac.digest(auth_token, text.encode(), "sha1")).decode()


def with_body_digest(url: str, body: bytes) -> str:
    """The URL that a JSON body is sent to, and that is signed: it names the digest of the body."""
    return f"{url}{'&' if '?' in url else '?'}bodySHA256={hashlib.sha256(body).hexdigest()}"


def _unique(value: str | Sequence[str]) -> set[str]:
    return {value} if isinstance(value, str) else set(value)
