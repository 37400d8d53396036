"""Notes that explain a failure: what is around the token, what signed it, what is wrong with a time.

The notes are those of the doctor's contract; here is what each says and advises.
"""

from collections.abc import Iterable

import msgspec

from tsock.tokens.examination import Examination, is_time
from tsock.tokens.wording import is_number


class Hint(msgspec.Struct, frozen=True):
    """What a note means, where it explains the first failure."""

    causes: frozenset[str]
    """The failures it explains."""
    problem: str
    """In a sentence; empty where the failed check says it well."""
    fix: str


TIME_CAUSES = frozenset(("time_invalid", "expired", "not_yet_valid", "lifetime_too_long"))
FORM_CAUSES = frozenset(("too_large", "not_a_jwt"))
_SIGNATURE = frozenset(("signature",))
# An hour's token that expired a minute ago looks the same: there the note is only a remark.
_AHEAD = frozenset(("not_yet_valid",))

HINTS = {
    "json_wrapper": Hint(
        FORM_CAUSES,
        "The text is JSON, not the token itself.",
        "Pass only the string inside: parse the answer of the token endpoint and take its token field.",
    ),
    "init_packet": Hint(
        FORM_CAUSES,
        "The text is a packet, not the token itself.",
        "Pass only the string in its token field.",
    ),
    "markup": Hint(
        FORM_CAUSES,
        "The text is a page, not a token.",
        "Look at what the token endpoint answers; this may be its error page.",
    ),
    "jwe": Hint(
        FORM_CAUSES,
        "The text is an encrypted token (JWE), which is no Access Token.",
        "Build the token with the helper library's AccessToken class.",
    ),
    "whitespace": Hint(
        FORM_CAUSES,
        "There is white space around or inside the token.",
        "Strip the text before it is passed on.",
    ),
    "bearer_prefix": Hint(
        FORM_CAUSES,
        "The token has a Bearer prefix.",
        "Pass the token without the word before it.",
    ),
    "quoted": Hint(
        FORM_CAUSES,
        "The token stands in quotes.",
        "Pass the token without quotes; an answer that is a JSON text must be parsed.",
    ),
    "url_encoded": Hint(
        FORM_CAUSES,
        "The text is URL-encoded.",
        "Decode the parameter and pass its value alone.",
    ),
    "auth_token_as_secret": Hint(
        _SIGNATURE,
        "The token is signed with the account's Auth Token.",
        "Sign with the secret of the API key; the Auth Token cannot sign Access Tokens.",
    ),
    "secret_whitespace": Hint(
        _SIGNATURE,
        "The token is signed with the key's secret and white space around it.",
        "Strip the secret where it is read: its file or variable has a blank or line break too many.",
    ),
    "sid_as_secret": Hint(
        _SIGNATURE,
        "The token is signed with a SID in place of the secret.",
        "Check the order of account SID, key SID and key secret where the token is built.",
    ),
    "milliseconds": Hint(TIME_CAUSES, "", "Give times in seconds, not in milliseconds."),
    "negative": Hint(TIME_CAUSES, "", "Give times in seconds since 1970; no time is negative."),
    "time_zone": Hint(
        _AHEAD, "", "The clock is ahead by a time zone: mint with Unix time, which is the same everywhere."
    ),
}

_YEARS_S = 10 * 365 * 86_400
_ZONE_S_MAX = 14 * 3600
_BLANKS = (b"\n", b"\r\n", b" ", b"\t")


def remarks(notes: Iterable[str], said: str) -> list[tuple[str, str]]:
    """What each note tells beyond what is `said` already; one that adds nothing is left out."""
    told: list[tuple[str, str]] = []
    for note in notes:
        more = [text for text in (HINTS[note].problem, HINTS[note].fix) if text and text not in said]
        if more:
            told.append((note, " ".join(more)))
    return told


def secret_notes(e: Examination) -> list[str]:
    """Which well-known mistake made the signature, if one of them did.

    Only secrets of the account in `sub` are tried: the key may be another account's.
    """
    own = [e.directory.key_secret(e.key)] if e.key.account_sid == e.account.sid else []
    blanks = [
        variant
        for secret in own
        for blank in _BLANKS
        for variant in (secret + blank, blank + secret, blank + secret + blank)
    ]
    tried = {
        "auth_token_as_secret": [*e.directory.auth_tokens(e.account), e.directory.test_token(e.account)],
        "secret_whitespace": blanks,
        "sid_as_secret": [e.key.sid.encode(), e.account.sid.encode()],
    }
    return [note for note, secrets in tried.items() if any(map(e.is_signed_with, secrets))]


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
    issued = next((claims[name] for name in ("iat", "nbf") if claims.get(name) is not None), None)
    if is_time(issued) and _is_zone(abs(now_s - issued)):
        notes.append("time_zone")
    return notes


def _is_zone(off_s: float) -> bool:
    """Whether clocks that far apart differ by a time zone: half hours, give or take two minutes."""
    steps = round(off_s / 1800)
    return 2 <= steps <= _ZONE_S_MAX // 1800 and abs(off_s - steps * 1800) <= 120
