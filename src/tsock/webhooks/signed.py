"""The request that a webhook makes: its parameters in place, signed (`protocol/webhooks.md`, Request)."""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from tsock.webhooks import signature
from tsock.webhooks.failure import SentRequest
from tsock.webhooks.outbox import Method
from tsock.webhooks.targets import Target


class SignedRequest(msgspec.Struct, frozen=True):
    """What is sent."""

    method: Method
    target: Target
    headers: Mapping[str, str]
    body: bytes
    sent: SentRequest
    """The same, as records show it."""


def signed(
    target: Target, method: Method, parameters: Mapping[str, str], auth_token: bytes, sid: str
) -> SignedRequest:
    """A webhook on its way to `target`.

    Args:
        target: as configured.
        method: with GET the parameters go into the query, and are signed as part of the URL.
        parameters: what it tells.
        auth_token: of the account that owns what it tells of.
        sid: of the delivery.
    """
    form = urlencode(parameters)
    headers = {
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
        "I-Twilio-Idempotency-Token": idempotency_token(sid),
    }
    if method == "GET":
        target, body = target.with_query(form), b""
        headers[signature.HEADER] = signature.sign(auth_token, target.url)
    else:
        body = form.encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        headers[signature.HEADER] = signature.sign(auth_token, target.url, parameters)
    shown = SentRequest(target.public_url, method, {"Host": target.authority, **headers}, parameters)
    return SignedRequest(method, target, headers, body, shown)


def idempotency_token(sid: str) -> str:
    """The UUID of a delivery: the same at every attempt, by which a receiver knows a repeat."""
    digits = sid[2:]
    variant = f"{int(digits[16], 16) & 3 | 8:x}"
    parts = digits[:8], digits[8:12], f"4{digits[13:16]}", f"{variant}{digits[17:20]}", digits[20:]
    return "-".join(parts)
