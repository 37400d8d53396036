"""Well-known slips that explain a token's failure: what signed it, what is wrong with a time or a claim.

Each answers notes of the doctor's contract (`hints.py`).
"""

import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from hmac import compare_digest
from itertools import islice, starmap
from typing import Any, NamedTuple, TypeGuard

from tsock.ids import is_sid
from tsock.tokens import garbled, jws
from tsock.tokens.examination import GRANT_FIELDS, GRANTS, Examination, is_account_sid, is_key_sid, is_time
from tsock.tokens.unwrap import is_bytes_text, is_in_quotes, is_object_text, without_blanks_around
from tsock.tokens.wording import is_number, is_placeholder
from tsock.unset import is_unset

_YEARS_S = 10 * 365 * 86_400
_DAY_S = 86_400
_UNITS = {"milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
"""In which clocks count that do not count in seconds: so many in one."""
_ZONE_S_MAX = 14 * 3600
_has_control = re.compile(r"[\0-\x1f\x7f-\x9f]").search
_is_secret = re.compile("[0-9a-f]{32}").fullmatch
_is_marked = re.compile(r"<[^<>]+>").fullmatch
"""A text of any kind that only a template has."""
_OTHER_KEYS_MAX = 100
"""So many keys of the account are tried, the newest first."""
_TRIED_BYTES_MAX = 2**21
"""Of a long token fewer secrets are tried."""


# What signed it.


def signature_notes(e: Examination) -> list[str]:
    """What is peculiar about the form of the signature, whatever made it."""
    return ["hex_signature"] if _from_hex(e) is not None else []


def secret_notes(e: Examination, trials_max: int) -> list[str]:
    """Which well-known mistake made the signature, if one of so many that are tried did.

    Only secrets of the account in `sub` are tried: the key may be another account's.
    """
    signatures = [e.token.signature, *filter(None, [_from_hex(e)])]
    for suspect in islice(_suspects(e), min(trials_max, _TRIED_BYTES_MAX // len(e.token.signed))):
        made = jws.mac(suspect.secret, e.token.signed, e.algorithm)
        if any(compare_digest(made, signature) for signature in signatures):
            if suspect.signer is not None:
                e.signer = suspect.signer
            return list(suspect.notes)
    return []


class _Suspect(NamedTuple):
    """What may have signed a token, and what that would be called."""

    notes: tuple[str, ...]
    secret: bytes
    signer: str | None = None
    """The key that it belongs to, where the token names another one."""


def _suspects(e: Examination) -> Iterator[_Suspect]:
    """The likely ones first: there may be more than are tried."""
    account = e.account
    tokens = [(account.sid, token) for token in e.directory.auth_tokens(account)]
    test = (account.test_sid, e.directory.test_token(account))
    newest = sorted(e.directory.keys(account.sid), key=lambda key: -key.created_ms)[: _OTHER_KEYS_MAX + 1]
    others = [key for key in newest if key.sid != e.key.sid]

    for _, token in (*tokens, test):
        yield _Suspect(("auth_token_as_secret",), token)
    for sid in (e.key.sid, account.sid, *_granted_sids(e.token.claims)):
        yield _Suspect(("sid_as_secret",), sid.encode())
    if e.key.account_sid == account.sid:
        yield from starmap(_Suspect, garbled.garbled(e.directory.key_secret(e.key), e.key.sid))
    for key in others:
        yield _Suspect(("other_key_secret",), e.directory.key_secret(key), key.sid)
    for nothing in garbled.nothing():
        yield _Suspect(("unset_secret",), nothing)
    for sample in garbled.samples():
        yield _Suspect(("sample_secret",), sample)
    for sid, token in tokens:
        yield from _as("auth_token_as_secret", sid, token)
    for key in others:
        yield from _as("other_key_secret", key.sid, e.directory.key_secret(key), key.sid)
    yield from _as("auth_token_as_secret", *test)


def _as(note: str, sid: str, secret: bytes, signer: str | None = None) -> Iterator[_Suspect]:
    for notes, form in garbled.garbled(secret, sid):
        yield _Suspect((note, *notes), form, signer)


def _granted_sids(claims: jws.JsonObject) -> Iterator[str]:
    """The SIDs in grants of served products: arguments beside the secret where a token is built."""
    grants: Any = claims.get("grants")
    for name in GRANTS if jws.is_object(grants) else ():
        grant: Any = grants.get(name)
        for field in GRANT_FIELDS if jws.is_object(grant) else ():
            if _is_text(grant.get(field)) and is_sid(grant[field]):
                yield grant[field]


def _from_hex(e: Examination) -> bytes | None:
    """The signature that hex digits in its place stand for, written as they are or encoded like its bytes."""
    written = e.text.rpartition(".")[2].encode(errors="replace")
    for digits in (written, e.token.signature):
        if len(digits) == 2 * jws.HASHES[e.algorithm][1]:
            with suppress(ValueError):
                return binascii.unhexlify(digits)
    return None


# Its times.


def time_notes(e: Examination) -> list[str]:
    """What is peculiar about the times of a token that failed on one of them."""
    claims, now_s = e.token.claims, e.now_ms / 1000
    given: list[object] = [claims.get(name) for name in ("exp", "nbf", "iat")]
    numbers = [value for value in given if is_number(value)]
    notes: list[str] = []
    for unit, per_s in _UNITS.items():
        if any(abs(value / per_s - now_s) < _YEARS_S for value in numbers):
            notes.append(unit)
    if any(value < 0 for value in numbers):
        notes.append("negative")
    exp, *starts = given
    is_duration = is_time(exp) and 0 < exp < _YEARS_S
    if is_duration:
        notes.append("duration")
    issued = next((claims[name] for name in ("iat", "nbf") if claims.get(name) is not None), None)
    if issued is None and is_time(exp):
        # Nothing says when it was issued, so a day and a zone are a day that began in another zone.
        issued = exp - _DAY_S if exp - now_s > _DAY_S else None
    if is_time(issued) and _is_zone(abs(now_s - issued)):
        notes.append("time_zone")
    if is_time(exp) and not is_duration and any(is_time(start) and exp <= start for start in starts):
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
    if any(_is_text(text) and _is_secret(text) for text in (iss, sub)):
        notes.append("secret_as_sid")
    if any(is_object_text(text) and not is_bytes_text(text) for text in texts):
        notes.append("object_text")
    if any(is_bytes_text(text) for text in texts):
        notes.append("bytes_literal")
    if any(without_blanks_around(text) != text or _has_control(text) for text in texts):
        notes.append("claim_whitespace")
    if any(is_in_quotes(without_blanks_around(text)) for text in texts):
        notes.append("quoted_claim")
    if any(_is_text(text) and _stands_for_sid(prefix, text) for prefix, text in sids) or any(
        _is_text(text) and _is_marked(text) for text in free
    ):
        notes.append("placeholder")
    return notes


def explains_sid(note: str, cause: str, claims: jws.JsonObject) -> bool:
    """Whether a note on claims is about the one that a check of SIDs failed on; others may be odd, too."""
    if note == "swapped_sids":
        return True
    if cause != "service_invalid":
        name = "iss" if cause == "issuer_invalid" else "sub"
        return note in claim_notes({name: claims.get(name)})
    grants: Any = claims.get("grants")
    services = {
        name: {"service_sid": grants[name].get("service_sid")}
        for name in GRANTS
        if jws.is_object(grants) and jws.is_object(grants.get(name))
    }
    return note in claim_notes({"grants": services})


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
    return is_placeholder(text) or (prefix in ("RL", "CR") and not is_sid(text, prefix))
