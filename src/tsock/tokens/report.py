"""The doctor's answer: every check of one token, the first failure, and what explains it.

It never repeats the text that was examined, a signature or a secret.
"""

import re
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import msgspec

from tsock.accounts.directory import DEFAULT
from tsock.ids import is_sid
from tsock.settings import Settings
from tsock.tokens import jws
from tsock.tokens.checks import CHECKS, TOO_LARGE, Check
from tsock.tokens.examination import CONTENT_TYPE, GRANT_FIELDS, GRANTS, GRANTS_MAX, Examination
from tsock.tokens.hints import FORM_CAUSES, HINTS, SID_CAUSES, TIME_CAUSES, Hint
from tsock.tokens.slips import claim_notes, explains_sid, secret_notes, signature_notes, time_notes
from tsock.tokens.unwrap import unwrap
from tsock.tokens.wording import describe, distance, is_number

_KINDS = {CONTENT_TYPE: "access_token", "twilio-pkrv;v=1": "client_validation_token"}
_KINDS_BY_NOTE = {
    "jwe": "jwe",
    "markup": "markup",
    "json_wrapper": "json",
    "json_without_token": "json",
    "init_packet": "packet",
}
IDENTITY_CHARS_MAX = 256
_is_grant_name = re.compile("[a-z_]{1,32}").fullmatch


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a report."""

    id: str
    verdict: Literal["pass", "fail", "skipped"]
    """`skipped` where an earlier failure left nothing to look at."""
    expected: str
    found: str
    fix: str | None = None
    """Of a failed check."""


class Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a token says, as far as it cannot be a secret; nothing of it need be true."""

    iss: str | None = None
    sub: str | None = None
    identity: str | None = None
    grants: dict[str, dict[str, str]] | None = None
    """The fields of each grant that is served here; of others the names, up to `GRANTS_MAX` of them."""
    # As the token says them: a whole one would else come back from a record with a point.
    exp: int | float | None = None
    nbf: int | float | None = None
    iat: int | float | None = None


class Report(msgspec.Struct, frozen=True):
    """The doctor's contract; as JSON it is the answer of `POST /doctor`."""

    verdict: Literal["accepted", "denied"]
    """What the gateway would do now with the text as it was given."""
    code: int | None
    cause: str | None
    """Id of the first failed check."""
    summary: str
    fix: str | None
    input: str
    """What was examined, leaving out what was around it: `access_token`, `capability_token`,
    `client_validation_token`, `jwt`; where no token was found `jwe`, `markup`, `json`, `packet`, `sid`,
    `nothing` or `text`."""
    notes: list[str]
    claims: Claims
    checks: list[Finding]

    @property
    def key_sid(self) -> str | None:
        """What `iss` says, if that has the form of a SID."""
        return _as_sid(self.claims.iss)

    @property
    def account_sid(self) -> str | None:
        """What `sub` says, if that has the form of a SID."""
        return _as_sid(self.claims.sub)

    @property
    def is_signed(self) -> bool:
        """Whether a key of the account in `sub` has signed the token, whatever else is wrong with it."""
        passed = {line.id for line in self.checks if line.verdict == "pass"}
        return {"signature", "key_other_account"} <= passed


class Effort(NamedTuple):
    """How much is done to explain a token that is refused: anybody can send one that nothing explains."""

    trials_max: int = 1000
    """So many secrets are tried."""
    unwrapped_chars_max: int | None = None
    """So much of a text that is no token is searched for one; None is all."""


WHOLE = Effort()


def report(e: Examination, may_see: Callable[[str], bool], effort: Effort = WHOLE) -> Report:
    """Run every check that has something to look at.

    Args:
        e: a fresh examination.
        may_see: whether the asker may see the account with this SID; only then are its secrets tried for an
            explanation.
        effort: how much is done to explain a failure.
    """
    notes: list[str] = []
    lines: list[Finding] = []
    failed: list[tuple[Check, str]] = []
    for check in CHECKS:
        line = _look(check, e)
        lines.append(line)
        if line.verdict == "fail":
            failed.append((check, check.problem.format(found=line.found)))
            notes += _explain(check, e, may_see, effort)
    if any(check.id in TIME_CAUSES for check, _ in failed):
        notes += time_notes(e)
    if hasattr(e, "token"):
        notes += [note for note in claim_notes(e.token.claims) if note not in notes]
    first = failed[0][0] if failed else None
    hint = _hint(e, first, notes)
    return Report(
        verdict="denied" if first else "accepted",
        code=first and first.code,
        cause=first and first.id,
        summary=_summary(e, failed, hint),
        fix=hint.fix if hint else first and first.fix,
        input=_input(e, notes),
        notes=notes,
        claims=_claims(e.token.claims) if hasattr(e, "token") else Claims(),
        checks=lines,
    )


def unread(found: str, settings: Settings) -> Report:
    """What is known of a token that was too large to be kept; `found` is that."""
    check = TOO_LARGE
    problem, expected = check.problem.format(found=found), check.expected.format(limits=settings)
    return Report(
        verdict="denied",
        code=check.code,
        cause=check.id,
        summary=problem,
        fix=check.fix,
        input="text",
        notes=[],
        claims=Claims(),
        checks=[Finding(check.id, "fail", expected, found, check.fix)],
    )


def _look(check: Check, e: Examination) -> Finding:
    expected = check.expected.format(limits=e.settings)
    if not all(hasattr(e, need) for need in check.needs):
        return Finding(check.id, "skipped", expected, "")
    if check.passes(e):
        return Finding(check.id, "pass", expected, check.found(e))
    return Finding(check.id, "fail", expected, check.found(e), check.fix)


def _explain(check: Check, e: Examination, may_see: Callable[[str], bool], effort: Effort) -> list[str]:
    """Notes on a failure just met; after `not_a_jwt` the examination goes on with the token inside."""
    if check.id == "not_a_jwt" and e.has_content():
        inner, notes = unwrap(e.text[: effort.unwrapped_chars_max])
        if inner is not None:
            e.text = inner
            e.is_jws()
        return notes
    if check.id == "signature":
        may_try = hasattr(e, "account") and may_see(e.account.sid)
        return signature_notes(e) + (secret_notes(e, effort.trials_max) if may_try else [])
    return []


def _hint(e: Examination, first: Check | None, notes: list[str]) -> Hint | None:
    """The note that explains the first failure: of a token its outermost layer, else what is in its place."""
    explaining = [HINTS[note] for note in notes if first is not None and _explains(e, note, first.id)]
    if not explaining:
        return None
    return explaining[0] if hasattr(e, "token") else explaining[-1]


def _explains(e: Examination, note: str, cause: str) -> bool:
    if cause in SID_CAUSES and not explains_sid(note, cause, e.token.claims):
        return False
    return cause in HINTS[note].causes


def _summary(e: Examination, failed: list[tuple[Check, str]], hint: Hint | None) -> str:
    if not failed:
        return f"The token would be accepted; it expires {distance(e.expires_ms, e.now_ms)}."
    first, problem = failed[0]
    problem = (hint and hint.problem) or problem
    if hasattr(e, "signer"):
        problem = f"{problem} The key that signed it is {e.signer}."
    if first.id not in FORM_CAUSES or not hasattr(e, "token"):
        return problem
    inside = next((problem for check, problem in failed if check.id not in FORM_CAUSES), None)
    if inside is None:
        return f"{problem} The token inside has no other fault."
    return f"{problem} The token inside has another fault: {inside[0].lower()}{inside[1:]}"


def _input(e: Examination, notes: list[str]) -> str:
    if hasattr(e, "token"):
        content_type, claims = e.token.header.get("cty"), e.token.claims
        if isinstance(content_type, str) and content_type in _KINDS:
            return _KINDS[content_type]
        return "capability_token" if "scope" in claims or "policies" in claims else "jwt"
    by_note = [_KINDS_BY_NOTE[note] for note in notes if note in _KINDS_BY_NOTE]
    if by_note:
        return by_note[0]
    if not e.has_content():
        return "nothing"
    return "sid" if is_sid(e.text.strip()) else "text"


def _claims(claims: jws.JsonObject) -> Claims:
    shown: dict[str, Any] = {name: describe(claims[name]) for name in ("iss", "sub") if name in claims}
    grants: Any = claims.get("grants")
    if jws.is_object(grants):
        if isinstance(grants.get("identity"), str):
            shown["identity"] = grants["identity"][:IDENTITY_CHARS_MAX]
        names = (name for name in grants if name != "identity" and _is_grant_name(name))
        # Those that count come first, whatever a token has before them.
        named = sorted(names, key=lambda name: name not in GRANTS)[:GRANTS_MAX]
        shown["grants"] = {name: _grant(name, grants[name]) for name in named}
    shown |= {name: claims[name] for name in ("exp", "nbf", "iat") if is_number(claims.get(name))}
    return Claims(**shown)


def _as_sid(text: str | None) -> str | None:
    return text if text is not None and is_sid(text) else None


def _grant(name: str, grant: Any) -> dict[str, str]:
    if name not in GRANTS or not jws.is_object(grant):
        return {}
    return {
        field: DEFAULT if grant[field] == DEFAULT else describe(grant[field])
        for field in GRANT_FIELDS
        if grant.get(field) is not None
    }
