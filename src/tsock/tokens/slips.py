"""Well-known slips that explain a token's failure: what signed it, what is wrong with a time or a claim.

Each answers notes of the doctor's contract (`hints.py`).
"""

import base64
import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from hmac import compare_digest
from typing import Any, TypeGuard

from tsock.ids import is_sid
from tsock.tokens import jws
from tsock.tokens.examination import GRANT_FIELDS, GRANTS, Examination, is_account_sid, is_key_sid, is_time
from tsock.tokens.unwrap import is_object_text
from tsock.tokens.wording import is_number, is_placeholder
from tsock.unset import is_unset

_YEARS_S = 10 * 365 * 86_400
_DAY_S = 86_400
_ZONE_S_MAX = 14 * 3600
_BLANKS = (b"\n", b"\r\n", b"\r", b" ", b"\t", b"\\n")
_QUOTES = ((b'"', b'"'), (b"'", b"'"), (b"`", b"`"), ("\u201c".encode(), "\u201d".encode()), (b"<", b">"))
_is_marked = re.compile(r"<[^<>]+>").fullmatch
"""A text of any kind that only a template has."""
_OTHER_KEYS_MAX = 100
"""So many keys of the account are tried, the newest first."""


# What signed it.


def signature_notes(e: Examination) -> list[str]:
    """What is peculiar about the form of the signature, whatever made it."""
    return ["hex_signature"] if _from_hex(e) is not None else []


def secret_notes(e: Examination) -> list[str]:
    """Which well-known mistake made the signature, if one of them did.

    Only secrets of the account in `sub` are tried: the key may be another account's.
    """
    signatures = [e.token.signature, *filter(None, [_from_hex(e)])]

    def explains(secret: bytes) -> bool:
        made = jws.mac(secret, e.token.signed, e.algorithm)
        return any(compare_digest(made, signature) for signature in signatures)

    tried = {
        "auth_token_as_secret": [*e.directory.auth_tokens(e.account), e.directory.test_token(e.account)],
        "sid_as_secret": [e.key.sid.encode(), e.account.sid.encode()],
    }
    if e.key.account_sid == e.account.sid:
        own = e.directory.key_secret(e.key)
        tried["secret_whitespace"] = [variant for blank in _BLANKS for variant in _around(own, blank, blank)]
        tried["quoted_secret"] = [variant for quotes in _QUOTES for variant in _around(own, *quotes)]
        tried["base64_secret"] = list(_recoded(own))
        tried["bom"] = [
            b"\xef\xbb\xbf" + own,
            *(own.decode().encode(f"utf-16{end}") for end in ("", "-le", "-be")),
        ]
    notes = [note for note, secrets in tried.items() if any(map(explains, secrets))]
    if notes:
        return notes
    others = sorted(e.directory.keys(e.account.sid), key=lambda key: -key.created_ms)[:_OTHER_KEYS_MAX]
    signer = next((k for k in others if k.sid != e.key.sid and explains(e.directory.key_secret(k))), None)
    if signer is None:
        return []
    e.signer = signer.sid
    return ["other_key_secret"]


def _from_hex(e: Examination) -> bytes | None:
    """The signature that hex digits in its place stand for."""
    written = e.text.rpartition(".")[2]
    if len(written) != 2 * jws.HASHES[e.algorithm][1]:
        return None
    try:
        return binascii.unhexlify(written)
    except ValueError:
        return None


def _around(secret: bytes, before: bytes, behind: bytes) -> tuple[bytes, ...]:
    return secret + behind, before + secret, before + secret + behind


def _recoded(secret: bytes) -> Iterator[bytes]:
    """What a library makes of a secret that it takes for Base64 or hexadecimal, or writes as these."""
    padded = secret + b"=" * (-len(secret) % 4)
    for decode in (base64.b64decode, base64.urlsafe_b64decode, binascii.unhexlify):
        with suppress(ValueError):
            yield decode(secret if decode is binascii.unhexlify else padded)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(secret)
        yield from (encoded, encoded.rstrip(b"="), encoded + b"\n")
    yield binascii.hexlify(secret)


# Its times.


def time_notes(e: Examination) -> list[str]:
    """What is peculiar about the times of a token that failed on one of them."""
    claims, now_s = e.token.claims, e.now_ms / 1000
    given: list[object] = [claims.get(name) for name in ("exp", "nbf", "iat")]
    numbers = [value for value in given if is_number(value)]
    notes: list[str] = []
    if any(abs(value / 1000 - now_s) < _YEARS_S for value in numbers):
        notes.append("milliseconds")
    if any(value < 0 for value in numbers):
        notes.append("negative")
    exp, *starts = given
    issued = next((claims[name] for name in ("iat", "nbf") if claims.get(name) is not None), None)
    if issued is None and is_time(exp):
        # Nothing says when it was issued, so a day and a zone are a day that began in another zone.
        issued = exp - _DAY_S if exp - now_s > _DAY_S else None
    if is_time(issued) and _is_zone(abs(now_s - issued)):
        notes.append("time_zone")
    if is_time(exp) and any(is_time(start) and exp <= start for start in starts):
        notes.append("exp_before_iat")
    return notes


def _is_zone(off_s: float) -> bool:
    """Whether clocks that far apart differ by a time zone: half hours, give or take two minutes."""
    steps = round(off_s / 1800)
    return 2 <= steps <= _ZONE_S_MAX // 1800 and abs(off_s - steps * 1800) <= 120


# Its claims.


def claim_notes(claims: jws.JsonObject) -> list[str]:
    """What stands in a claim by accident, whether the token is accepted or not."""
    iss, sub, grants = claims.get("iss"), claims.get("sub"), claims.get("grants")
    notes: list[str] = []
    if _is_text(iss) and _is_text(sub) and is_account_sid(iss) and is_key_sid(sub):
        notes.append("swapped_sids")
    sids = [("SK", iss), ("AC", sub)] if not notes else []
    free: list[Any] = [grants.get("identity")] if jws.is_object(grants) else []
    for name in GRANTS:
        grant: Any = grants.get(name) if jws.is_object(grants) else None
        if jws.is_object(grant):
            service, endpoint, role, push = (grant.get(field) for field in GRANT_FIELDS)
            sids += [("IS", service), ("RL", role), ("CR", push)]
            free.append(endpoint)
    texts = [text for text in (*(text for _, text in sids), *free) if _is_text(text)]
    if any(_is_unset_in(text) for text in texts):
        notes.append("unset_variable")
    if any(is_object_text(text) for text in texts):
        notes.append("object_text")
    if any(_is_text(text) and _stands_for_sid(prefix, text) for prefix, text in sids) or any(
        _is_text(text) and _is_marked(text) for text in free
    ):
        notes.append("placeholder")
    return notes


def _is_text(value: object) -> TypeGuard[str]:
    return type(value) is str


def _is_unset_in(text: str) -> bool:
    """Whether it, or a part of it, is what becomes of an unset variable: `chat:alice:undefined`."""
    parts = text.replace("|", ":").replace("/", ":").split(":") if len(text) <= 512 else []
    return any(map(is_unset, parts))


def _stands_for_sid(prefix: str, text: str) -> bool:
    """Whether it is no SID, but stands where one is to be put in."""
    if not text or is_unset(text) or is_object_text(text) or (prefix == "IS" and text == "default"):
        return False
    # What names something else, such as MG..., is a mistake of another kind; nobody else checks these two.
    return is_placeholder(text) or (prefix in ("RL", "CR") and not (is_sid(text) and text.startswith(prefix)))
