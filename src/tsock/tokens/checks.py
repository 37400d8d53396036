"""Every check of an Access Token, in the one order in which they count (`protocol/tokens.md`, Checks).

The validator, the doctor and the record of a denial all go through this table; nothing else decides.
"""

from collections.abc import Callable

import msgspec

from tsock.tokens import findings
from tsock.tokens.examination import CONTENT_TYPE, GRANTS_MAX, Examination
from tsock.tokens.jws import DEPTH_MAX, HEADER_BYTES_MAX, PAYLOAD_BYTES_MAX


class Check(msgspec.Struct, frozen=True):
    """One check: what it asks, what a failure means, and the words for both."""

    id: str
    """The cause, where this is the first check to fail; several may share one."""
    code: int
    """What a failure is answered with."""
    passes: Callable[[Examination], bool]
    needs: tuple[str, ...]
    """What earlier checks must have learned for this one to have a meaning."""
    expected: str
    """Formatted with the settings as `limits`."""
    found: findings.Found
    problem: str
    """The failure in a sentence, formatted with what was `found`."""
    fix: str


_FORM = (
    Check(
        "empty", 20101, Examination.has_content, (),
        "an Access Token", findings.content,
        "There is no token: {found}.",
        "Pass the string that the token endpoint returned; wait for it if it is a promise.",
    ),
    Check(
        "too_large", 20101, Examination.fits, (),
        "at most {limits.token_bytes_max} bytes, "
        f"of them {HEADER_BYTES_MAX} of header and {PAYLOAD_BYTES_MAX} of payload",
        findings.size,
        "The token is too large: {found}.",
        "Pass the token and nothing else; leave custom claims out of it.",
    ),
    Check(
        "not_a_jwt", 20101, Examination.is_jws, (),
        "three parts of unpadded base64url, two of them JSON objects without duplicate keys, "
        f"at most {DEPTH_MAX} deep",
        findings.form,
        "The text is no JSON Web Token: {found}.",
        "Pass the raw string that the helper library's toJwt() or to_jwt() returns.",
    ),
    Check(
        "algorithm", 20102, Examination.has_algorithm, ("token",),
        "HS256, HS384 or HS512", findings.header("alg"),
        "The token is signed by an algorithm that Access Tokens do not use: {found}.",
        "Build the token with a helper library; it signs with HS256.",
    ),
    Check(
        "type", 20102, Examination.has_type, ("token",),
        "typ JWT, and no crit", findings.kind,
        "The header does not say that this is a plain JWT: {found}.",
        "Build the token with a helper library, or set typ to JWT and leave crit out.",
    ),
    Check(
        "not_access_token", 20102, Examination.has_content_type, ("token",),
        CONTENT_TYPE, findings.header("cty"),
        "This is a JWT, but no Access Token: its cty is {found}.",
        "Build it with the helper library's AccessToken class, not as a capability token or by hand.",
    ),
)  # fmt: skip

_ISSUER = (
    Check(
        "issuer_invalid", 20103, Examination.has_issuer, ("token",),
        "an API key's SID in iss", findings.claim("iss"),
        "The issuer of the token is no API key: {found}.",
        "Give the helper library the SID of an API key (SK...), not the account's.",
    ),
    Check(
        "account_invalid", 20103, Examination.has_subject, ("token",),
        "an account's SID in sub", findings.claim("sub"),
        "The subject of the token is no account: {found}.",
        "Give the helper library the account's SID (AC...) as its first argument.",
    ),
    Check(
        "account_unknown", 20103, Examination.is_of_known_account, ("directory", "sub"),
        "an account of this server", findings.account,
        "The account in sub is {found}.",
        "Use the SID of an account that exists here; a hosted account is not known to this server.",
    ),
    Check(
        "test_credentials", 20103, Examination.is_live, ("is_test",),
        "a live account", findings.account,
        "Test credentials cannot be used in an Access Token.",
        "Use the account's live SID and an API key of it.",
    ),
    Check(
        "account_inactive", 20103, Examination.is_of_active_account, ("account",),
        "active", findings.status,
        "The account is not active: {found}.",
        "Reactivate the account, or the account that owns it; what is closed stays closed.",
    ),
    Check(
        "key_unknown", 20103, Examination.is_by_known_key, ("directory", "iss"),
        "an API key of this server", findings.key,
        "The API key in iss is {found}.",
        "Create a key here and configure its SID and its secret together.",
    ),
    Check(
        "key_revoked", 20103, Examination.is_by_standing_key, ("key",),
        "in use", findings.key_standing,
        "The API key that signed the token was deleted: {found}.",
        "Configure the key that replaced it, SID and secret together.",
    ),
    Check(
        "key_other_account", 20103, Examination.is_by_key_of_account, ("account", "key"),
        "a key of the account in sub", findings.key_owner,
        "The API key is not of the account in sub: {found}.",
        "Take account, key and secret from one account; a parent's key does not sign for a subaccount.",
    ),
    Check(
        "key_restricted", 20103, Examination.is_by_signing_key, ("key",),
        "a main or standard key", findings.key_kind,
        "A restricted API key cannot sign Access Tokens.",
        "Sign with a standard key.",
    ),
    Check(
        "region", 20103, Examination.is_of_region, ("key",),
        "region {limits.region}, in token and key", findings.region,
        "The token or its key is of another region: {found}.",
        "Leave the region out when building the token, or set this server's; use a key made here.",
    ),
    Check(
        "signature", 20107, Examination.is_signed, ("key", "algorithm"),
        "the signature that the key's secret makes", findings.signature,
        "The signature does not match the secret of the API key: {found}.",
        "Configure the key's SID and its own secret together; a new key shows its secret once.",
    ),
)  # fmt: skip

_TIME = (
    Check(
        "time_invalid", 20104, Examination.has_expiry, ("token",),
        "Unix seconds in exp", findings.time("exp"),
        "The token does not say when it expires: exp is {found}.",
        "Set exp to a number of seconds since 1970, at most a day ahead.",
    ),
    Check(
        "expired", 20104, Examination.is_unexpired, ("expires_ms",),
        "a time to come in exp", findings.expiry,
        "The token expired {found}.",
        "Mint a new token; refresh on tokenAboutToExpire.",
    ),
    Check(
        "time_invalid", 20105, Examination.has_usable_start, ("token",),
        "Unix seconds in nbf and iat, where given", findings.starts,
        "The token does not say from when it is valid: {found}.",
        "Leave nbf and iat to the helper library.",
    ),
    Check(
        "not_yet_valid", 20105, Examination.has_begun, ("opens_s",),
        "at most {limits.token_skew_s} s ahead of this server's clock", findings.opening,
        "The token becomes valid only {found}.",
        "Set the clock of the machine that mints tokens; leave nbf out or set it to now.",
    ),
    Check(
        "lifetime_too_long", 20157, Examination.is_short_lived, ("expires_ms", "opens_s"),
        "at most {limits.token_lifetime_s_max} s", findings.lifetime,
        "The token lives too long: {found}.",
        "Use a ttl of at most 86400, in seconds.",
    ),
)  # fmt: skip

_GRANTS = (
    Check(
        "grants_missing", 20106, Examination.has_grants, ("token",),
        f"an object of objects with text without U+0000 in their fields, at most {GRANTS_MAX}",
        findings.grants,
        "The grants cannot be read: {found}.",
        "Add grants with the helper library's addGrant() or add_grant(), before the token is made.",
    ),
    Check(
        "identity_invalid", 20106, Examination.has_textual_identity, ("grants",),
        "a text without U+0000", findings.identity,
        "The identity is not a text that can be stored: {found}.",
        "Turn the user's id into a text, without the character U+0000, before it goes into the token.",
    ),
    Check(
        "identity_missing", 51105, Examination.has_identity, ("identity",),
        "a text of at least one character", findings.identity,
        "The token has no identity: {found}.",
        "Set the identity when building the token; look for an unset variable.",
    ),
    Check(
        "identity_invalid", 51003, Examination.has_short_identity, ("identity",),
        "at most {limits.identity_chars_max} characters", findings.identity,
        "The identity is too long: {found}.",
        "Use a short, stable id of the user.",
    ),
    Check(
        "identity_invalid", 51004, Examination.has_short_endpoint, ("served",),
        "an endpoint_id of at most {limits.identity_chars_max} characters", findings.endpoints,
        "The endpoint_id is too long: {found}.",
        "Leave endpoint_id out, or shorten it.",
    ),
    Check(
        "grant_missing", 51103, Examination.has_product, ("served",),
        "a grant for what the client starts", findings.products,
        "The token lacks a grant that the client can use: {found}.",
        "Add a SyncGrant or a ChatGrant before the token is made.",
    ),
)  # fmt: skip

_SERVICE = (
    Check(
        "service_missing", 51104, Examination.names_services, ("served",),
        "a service_sid in each grant", findings.service_sids,
        "A grant names no service: {found}.",
        "Set service_sid; look for an unset variable. The account's default service is called default.",
    ),
    Check(
        "service_invalid", 51101, Examination.names_service_sids, ("account", "service_sids"),
        "the SID of a service (IS...), or default", findings.service_sids,
        "A grant names something that is no service: {found}.",
        "Use a service's SID; it starts with IS.",
    ),
    Check(
        "service_invalid", 51106, Examination.names_services_of_product, ("services",),
        "a service of the grant's own product", findings.service_products,
        "A grant names a service of the other product: {found}.",
        "Put the Sync service into the SyncGrant and the Conversations service into the ChatGrant.",
    ),
    Check(
        "service_unknown", 51101, Examination.names_known_services, ("services",),
        "a service that exists", findings.service_standing,
        "A grant names a service that does not exist: {found}.",
        "Use the SID of a service that exists here, or default.",
    ),
    Check(
        "service_other_account", 51101, Examination.names_own_services, ("services",),
        "a service of the account in sub", findings.service_owners,
        "A grant names a service of another account: {found}.",
        "Take account, key and service from one account.",
    ),
    Check(
        "service_invalid", 51110, Examination.names_one_service_each, ("services",),
        "one service for each product", findings.service_count,
        "The token names two services for one product: {found}.",
        "Give chat and ip_messaging the same service_sid, or keep only one of them.",
    ),
    Check(
        "service_invalid", 51108, Examination.names_enabled_services, ("services",),
        "enabled", findings.service_switches,
        "A grant names a service that is disabled: {found}.",
        "Enable the service, or use another one.",
    ),
    Check(
        "revoked", 51215, Examination.is_unrevoked,
        ("account", "key", "expires_ms", "opens_s", "identity", "products"),
        "not revoked", findings.revocation,
        "The token was revoked: {found}.",
        "Sign in again to get a new token.",
    ),
)  # fmt: skip

CHECKS = _FORM + _ISSUER + _TIME + _GRANTS + _SERVICE
"""In order: the first that fails decides."""

TOO_LARGE = next(check for check in CHECKS if check.id == "too_large")
"""The one that a token can fail without having been read."""
