"""How a client that reconnects is known as the same endpoint (`protocol/twilsock.md`, Continuation tokens).

A token says which endpoint it names and for whom, and is signed; it grants nothing. A bad one is never a
reason to refuse a client: it gets a new endpoint id and is told why.
"""

from hmac import compare_digest

import msgspec

from tsock.accounts.caller import Caller
from tsock.accounts.secrets import Vault
from tsock.tokens.jws import base64url, from_base64url, mac_of_known

_FORMAT = "tsock-ct-1"
_ALGORITHM = "HS256"
_TOKEN_CHARS_MAX = 4096
_ABSENT = frozenset(("", "undefined", "null"))


class Continuation(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an `init`: the endpoint, and the token that names it next time."""

    token: str
    endpoint_id: str
    first_init_ms: int
    """When this endpoint first connected."""
    reissued: bool
    """Whether the endpoint is a new one, because of `reason`."""
    reason: str | None = None
    message: str | None = None


class _Format(msgspec.Struct, frozen=True):
    format: str


class _Content(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a token says; valid for a limited time from its issue, which is the endpoint's first init."""

    format: str
    endpoint_id: str
    account_sid: str
    identity: str
    products: dict[str, str]
    issued_ms: int


_encode = msgspec.json.Encoder().encode
_MESSAGES = {
    "MISSING": "No continuation token was given",
    "MALFORMED": "The continuation token cannot be read",
    "NOT_SUPPORTED_FORMAT": "The continuation token has a format that this server does not write",
    "WRONG_SIGNATURE": "The continuation token was not signed by this server",
    "EXPIRED": "The continuation token is too old",
    "DIFFERENT_IDENTITY": "The continuation token was issued for another identity",
    "DIFFERENT_GRANTS": "The continuation token was issued for other grants",
}
"""Reason and message of a reissue."""


class Continuations:
    """Reads and writes continuation tokens.

    Args:
        vault: gives the signing key.
        data_set: names the data; a token of another set is none of this server.
        ttl_s: how long a token is valid.
    """

    def __init__(self, vault: Vault, data_set: str, ttl_s: int) -> None:
        self._key = vault.derive(f"continuation {data_set}")
        self._ttl_ms = ttl_s * 1000

    def resume(self, token: str | None, caller: Caller, now_ms: int, fresh_id: str) -> Continuation:
        """Keep the endpoint that `token` names, or begin a new one.

        Args:
            token: what the client sent, whatever it is.
            caller: whom its Access Token speaks for.
            now_ms: Unix time in milliseconds.
            fresh_id: 32 hex digits for the id of a new endpoint.
        """
        text = token or ""
        found = self._judge(text, caller, now_ms)
        if isinstance(found, _Content):
            return Continuation(
                token=text, endpoint_id=found.endpoint_id, first_init_ms=found.issued_ms, reissued=False
            )
        content = _Content(
            format=_FORMAT,
            endpoint_id=f"twi1-{fresh_id}",
            account_sid=caller.account_sid,
            identity=caller.identity,
            products=dict(caller.products),
            issued_ms=now_ms,
        )
        body = _encode(content)
        return Continuation(
            token=f"{base64url(body)}.{base64url(mac_of_known(self._key, body, _ALGORITHM))}",
            endpoint_id=content.endpoint_id,
            first_init_ms=now_ms,
            reissued=True,
            reason=found,
            message=_MESSAGES[found],
        )

    def _judge(self, text: str, caller: Caller, now_ms: int) -> _Content | str:
        """What the token says if it may be kept, else the reason for a new one."""
        content = self._read(text)
        if isinstance(content, str):
            return content
        if now_ms >= content.issued_ms + self._ttl_ms:
            return "EXPIRED"
        if (content.account_sid, content.identity) != (caller.account_sid, caller.identity):
            return "DIFFERENT_IDENTITY"
        return content if content.products == dict(caller.products) else "DIFFERENT_GRANTS"

    def _read(self, text: str) -> _Content | str:
        if text in _ABSENT:
            return "MISSING"
        body, _, signature = text.partition(".")
        try:
            if len(text) > _TOKEN_CHARS_MAX:
                return "MALFORMED"
            raw = from_base64url(body)
            if msgspec.json.decode(raw, type=_Format).format != _FORMAT:
                return "NOT_SUPPORTED_FORMAT"
            if not compare_digest(from_base64url(signature), mac_of_known(self._key, raw, _ALGORITHM)):
                return "WRONG_SIGNATURE"
            return msgspec.json.decode(raw, type=_Content)
        except (ValueError, RecursionError):  # not base64, not UTF-8, not JSON, not these fields
            return "MALFORMED"
