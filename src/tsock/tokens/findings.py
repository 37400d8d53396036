"""What a check found, in words: one function for each thing that checks look at.

They describe, whether the check passes or not, and repeat neither secrets nor text of unknown kind.
"""

from collections.abc import Callable, Iterable
from typing import Any

from tsock.accounts.records import Service
from tsock.storage.texts import NUL, measured
from tsock.tokens import jws
from tsock.tokens.examination import GRANT_FIELDS, GRANTS, GRANTS_MAX, Examination
from tsock.tokens.wording import counted, describe, distance, span, suspect

Found = Callable[[Examination], str]


def content(e: Examination) -> str:
    """For `empty`."""
    if e.has_content():
        return "some"
    return "white space only" if e.text else "an empty text"


def size(e: Examination) -> str:
    """For `too_large`."""
    return jws.oversize(e.text) or counted(len(e.text), "character")


def form(e: Examination) -> str:
    """For `not_a_jwt`."""
    try:
        jws.parse(e.text)
    except jws.MalformedToken as flaw:
        return str(flaw)
    return "three parts, two of them JSON objects"


def header(field: str) -> Found:
    """A field of the header."""
    return lambda e: describe(e.token.header.get(field))


def claim(field: str) -> Found:
    """A claim."""
    return lambda e: suspect(e.token.claims.get(field))


def time(field: str) -> Found:
    """A claim that is to be a number of seconds."""
    return lambda e: _described_time(e.token.claims.get(field))


def _described_time(value: object) -> str:
    if isinstance(value, str) and value.strip().replace(".", "", 1).isdecimal():
        return f'the text "{value.strip()[:24]}", not a number'
    return "a text, not a number" if isinstance(value, str) else describe(value)


def kind(e: Examination) -> str:
    """For `type`."""
    return describe(e.token.header.get("typ")) + (", and crit" if "crit" in e.token.header else "")


def account(e: Examination) -> str:
    """Whether and how the account in `sub` is known."""
    if e.directory.account(e.sub) is not None:
        return f"known: {e.sub}"
    return f"{'unknown' if e.directory.account_by_test_sid(e.sub) is None else 'a test SID'}: {e.sub}"


def status(e: Examination) -> str:
    """The account's status, its owner's included."""
    found = e.directory.status(e.account)
    return found if found == e.account.status else f"{found}, like the account that owns it"


def key(e: Examination) -> str:
    """Whether the key in `iss` is known."""
    return f"{'unknown' if e.directory.key(e.iss) is None else 'known'}: {e.iss}"


def key_standing(e: Examination) -> str:
    """Whether the key was deleted, and when."""
    if e.key.revoked_ms is None:
        return "in use"
    return f"deleted {distance(e.key.revoked_ms, e.now_ms)}"


def key_owner(e: Examination) -> str:
    """Whose the key is."""
    if e.key.account_sid == e.account.sid:
        return "its own"
    if e.key.account_sid == e.account.owner_sid:
        return "the key is of the account that owns it"
    is_below = any(account.sid == e.key.account_sid for account in e.directory.subaccounts(e.account.sid))
    return "the key is of a subaccount" if is_below else "the key is of another account"


def key_kind(e: Examination) -> str:
    """Main, standard or restricted."""
    return f"a {e.key.kind} key"


def region(e: Examination) -> str:
    """The regions of token and key."""
    return f"twr {describe(e.token.header.get('twr'))}, key of {e.key.region}"


def signature(e: Examination) -> str:
    """How the signature compares with the right one."""
    found, right = len(e.token.signature), jws.HASHES[e.algorithm][1]
    if found == 0:
        return "no signature"
    if found != right:
        return f"{counted(found, 'byte')}, while {e.algorithm} makes {right}"
    return "the right one" if e.is_signed() else "another one"


def expiry(e: Examination) -> str:
    """`exp`, seen from now."""
    return distance(e.expires_ms, e.now_ms)


def starts(e: Examination) -> str:
    """`nbf` and `iat`, as given."""
    claims = e.token.claims
    given = [
        f"{name} is {_described_time(claims[name])}"
        for name in ("nbf", "iat")
        if claims.get(name) is not None
    ]
    return ", ".join(given) or "neither"


def opening(e: Examination) -> str:
    """From when on the token may be used."""
    return distance(e.opens_s * 1000, e.now_ms) if e.opens_s else "at any time"


def lifetime(e: Examination) -> str:
    """How long the token lives, by the longest reading."""
    start_ms = e.now_ms if e.start_s is None else min(e.start_s * 1000, e.now_ms)
    return span((e.expires_ms - start_ms) / 1000)


def grants(e: Examination) -> str:
    """The grants of served products, or what is wrong with them."""
    given: Any = e.token.claims.get("grants")
    if not jws.is_object(given):
        return describe(given) + _misplaced(e.token.claims, GRANTS, "grants")
    if len(given) > GRANTS_MAX:
        return f"{len(given)} entries"
    for name in GRANTS:
        grant = given.get(name)
        if jws.is_object(grant):
            for field in GRANT_FIELDS:
                value = grant.get(field)
                if not isinstance(value, str | None):
                    return f"{field} in {name}: {describe(value)}"
                if value and NUL in value:
                    return f"{field} in {name}: {measured(value)}"
        elif grant is not None:
            return f"{name}: {describe(grant)}"
    return ", ".join(name for name in GRANTS if given.get(name) is not None) or "none of a served product"


def identity(e: Examination) -> str:
    """The identity, described."""
    given: Any = e.grants.get("identity")
    if given and isinstance(given, str):
        return measured(given) if NUL in given else counted(len(given), "character")
    if given:
        return describe(given)
    inside = next((name for name, grant in e.served if grant.get("identity")), None)
    within = "" if inside is None else f", but there is one inside {inside}"
    return describe(given) + (_misplaced(e.token.claims, ("identity",), "grants") or within)


def endpoints(e: Examination) -> str:
    """The length of the longest `endpoint_id`."""
    longest = max((len(grant.get("endpoint_id") or "") for _, grant in e.served), default=0)
    return counted(longest, "character") if longest else "none"


def products(e: Examination) -> str:
    """The served products that are granted, and those the client starts."""
    granted = ", ".join(name for name, _ in e.served) or "nothing that is served here"
    wanted = ", ".join(sorted(set(GRANTS.values()).intersection(e.registered)))
    return f"it grants {granted}" + (f", and the client starts {wanted}" if wanted else "")


def service_sids(e: Examination) -> str:
    """What each grant names as its service."""
    return _for_each(e, [_service_sid(e, grant) for _, grant in e.served])


def service_products(e: Examination) -> str:
    """The product of each service."""
    return _of_services(e, ["unknown" if s is None else f"a service of {s.product}" for _, s in e.services])


def service_standing(e: Examination) -> str:
    """Whether each service exists."""
    return _of_services(e, [_standing(e, service) for _, service in e.services])


def service_owners(e: Examination) -> str:
    """Whose each service is."""
    own = e.account.sid
    owners = [None if service is None else service.account_sid for _, service in e.services]
    return _of_services(
        e, ["unknown" if o is None else "own" if o == own else "of another account" for o in owners]
    )


def service_count(e: Examination) -> str:
    """The services, resolved."""
    return _for_each(e, ["unknown" if service is None else service.sid for _, service in e.services])


def service_switches(e: Examination) -> str:
    """Whether each service is enabled."""
    return _of_services(
        e, ["unknown" if s is None else "enabled" if s.enabled else "disabled" for _, s in e.services]
    )


def revocation(e: Examination) -> str:
    """What revoked the token."""
    found = e.revocation
    if found is None:
        return "nothing"
    what = {
        "token": "this token",
        "identity": "the identity's tokens",
        "issued_before": "everything issued before a time" + (" by this key" if found.key_sid else ""),
    }[found.kind]
    return f"{what}, revoked {distance(found.at_ms, e.now_ms)}"


def _service_sid(e: Examination, grant: jws.JsonObject) -> str:
    given: Any = grant.get("service_sid")
    if given:
        return suspect(given)
    other = next((name for name in ("serviceSid", "ServiceSid", "service", "sid") if grant.get(name)), None)
    if other is not None:
        return f"{describe(given)}, but there is {other}, which is to be called service_sid"
    return describe(given) + _misplaced(e.token.claims, ("service_sid",), "the grant")


def _misplaced(claims: jws.JsonObject, names: Iterable[str], place: str) -> str:
    """What stands at the top of the token, although it belongs elsewhere."""
    found = next((name for name in names if claims.get(name)), None)
    return "" if found is None else f", but there is {_article(found)} outside of {place}"


def _article(name: str) -> str:
    return "one" if name == "identity" else name


def _standing(e: Examination, service: Service | None) -> str:
    if service is None:
        return "unknown"
    return "exists" if service.deleted_ms is None else f"deleted {distance(service.deleted_ms, e.now_ms)}"


def _of_services(e: Examination, words: list[str]) -> str:
    """What each grant names as its service, and a word about that."""
    named = zip(e.service_sids, words, strict=True)
    return _for_each(e, [f"{sid} ({word})" for sid, word in named])


def _for_each(e: Examination, words: list[str]) -> str:
    """One word for each grant of a served product."""
    named = zip(e.served, words, strict=True)
    return ", ".join(f"{name}: {word}" for (name, _), word in named) or "no grant"
