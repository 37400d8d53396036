"""One look at one token: the question that each check asks, and what has been learned so far.

A question answers whether the check passes, and keeps what it learned for those after it. Their order, the
codes and the words stand in `checks.py`.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from hmac import compare_digest
from typing import Any, TypeGuard

from tsock.accounts.caller import CHAT, SYNC, Caller
from tsock.accounts.directory import DEFAULT, Directory
from tsock.accounts.records import Account, ApiKey, Revocation, Service
from tsock.settings import Settings
from tsock.storage.texts import NUL
from tsock.tokens import jws

CONTENT_TYPE = "twilio-fpa;v=1"
"""The `cty` of an Access Token."""
GRANTS = {"data_sync": SYNC, "chat": CHAT, "ip_messaging": CHAT}
"""Product by grant, of those that are served; other grants are ignored."""
GRANT_FIELDS = ("service_sid", "endpoint_id", "deployment_role_sid", "push_credential_sid")
GRANTS_MAX = 32

_SERVED = frozenset(GRANTS.values())
_NUMBER_MAX = 2**53
_DUMMY_SECRET = b"belongs to no key"

# Most tokens name one of a few.
is_key_sid = lru_cache(256)(re.compile("SK[0-9a-fA-F]{32}").fullmatch)
is_account_sid = lru_cache(256)(re.compile("AC[0-9a-fA-F]{32}").fullmatch)
is_service_sid = lru_cache(256)(re.compile("IS[0-9a-fA-F]{32}").fullmatch)
_is_serial = re.compile("[0-9]{1,16}").fullmatch


def is_time(value: object) -> TypeGuard[float]:
    """Whether a claim is usable as Unix seconds."""
    return (type(value) is int or type(value) is float) and 0 <= value <= _NUMBER_MAX


class Examination:
    """What is known of the token under examination.

    The attributes below `settings` have no value until a question was answered that teaches it.
    """

    text: str
    now_ms: int
    registered: Collection[str]
    """Products that the client registers for; at least one of those served must be granted."""
    directory: Directory
    settings: Settings

    token: jws.Jws
    algorithm: str
    iss: str
    sub: str
    is_test: bool
    """Whether `sub` is the SID of test credentials; set once `sub` is known at all."""
    account: Account
    key: ApiKey
    signer: str
    """SID of the account's key that signed it, where that is not the one in `iss`."""
    expires_ms: int
    start_s: float | None
    """`iat`, else `nbf`, else None."""
    opens_s: float
    """The later of `nbf` and `iat`, else 0."""
    grants: jws.JsonObject
    served: list[tuple[str, jws.JsonObject]]
    """The grants of served products, by their name in the token."""
    identity: str
    """Empty when the token has none."""
    service_sids: list[str]
    """What each of `served` names."""
    services: list[tuple[str, Service | None]]
    """Of each grant the product, and the service it names if there is one."""
    products: Mapping[str, str]
    caller: Caller
    revocation: Revocation | None

    def __init__(
        self,
        text: str,
        now_ms: int,
        registered: Collection[str],
        directory: Directory | None,
        settings: Settings,
    ) -> None:
        """Without a directory only what needs none can be asked."""
        self.text = text
        self.now_ms = now_ms
        self.registered = registered
        if directory is not None:
            self.directory = directory
        self.settings = settings

    # Form

    def has_content(self) -> bool:
        return bool(self.text) and not self.text.isspace()

    def fits(self) -> bool:
        return len(self.text) <= self.settings.token_bytes_max and not jws.oversize(self.text)

    def is_jws(self) -> bool:
        try:
            self.token = jws.parse(self.text)
        except jws.MalformedToken:
            return False
        return True

    def has_algorithm(self) -> bool:
        algorithm = self.token.header.get("alg")
        if type(algorithm) is not str or algorithm not in jws.HASHES:
            return False
        self.algorithm = algorithm
        return True

    def has_type(self) -> bool:
        header = self.token.header
        return header.get("typ") == "JWT" and "crit" not in header

    def has_content_type(self) -> bool:
        return self.token.header.get("cty") == CONTENT_TYPE

    # Issuer and subject

    def has_issuer(self) -> bool:
        iss = self.token.claims.get("iss")
        if type(iss) is not str or not is_key_sid(iss):
            return False
        self.iss = iss
        return True

    def has_subject(self) -> bool:
        sub = self.token.claims.get("sub")
        if type(sub) is not str or not is_account_sid(sub):
            return False
        self.sub = sub
        return True

    def is_of_known_account(self) -> bool:
        account = self.directory.account(self.sub)
        if account is not None:
            self.account = account
        elif self.directory.account_by_test_sid(self.sub) is None:
            return False
        self.is_test = account is None
        return True

    def is_live(self) -> bool:
        return not self.is_test

    def is_of_active_account(self) -> bool:
        return self.directory.status(self.account) == "active"

    def is_by_known_key(self) -> bool:
        key = self.directory.key(self.iss)
        if key is None:
            return False
        self.key = key
        return True

    def is_by_standing_key(self) -> bool:
        return self.key.revoked_ms is None

    def is_by_key_of_account(self) -> bool:
        return self.key.account_sid == self.account.sid

    def is_by_signing_key(self) -> bool:
        return self.key.kind != "restricted"

    def is_of_region(self) -> bool:
        settings = self.settings
        region = self.token.header.get("twr", settings.region)
        if region in settings.region_aliases:
            region = settings.region
        return region == settings.region == self.key.region

    def is_signed(self) -> bool:
        token = self.token
        expected = jws.mac_of_known(self.directory.key_secret(self.key), token.signed, self.algorithm)
        # compare_digest refuses another length at once; the length an algorithm has is no secret.
        return compare_digest(expected, token.signature)

    def spend_a_signature(self) -> None:
        """Take as long as a check of the signature: time is not to tell which accounts and keys there are."""
        jws.mac_of_known(_DUMMY_SECRET, self.token.signed, getattr(self, "algorithm", "HS256"))

    # Time

    def has_expiry(self) -> bool:
        exp = self.token.claims.get("exp")
        if not is_time(exp):
            return False
        self.expires_ms = int(exp * 1000)
        return True

    def is_unexpired(self) -> bool:
        return self.expires_ms + self.settings.token_exp_skew_s * 1000 > self.now_ms

    def has_usable_start(self) -> bool:
        iat, nbf = self.token.claims.get("iat"), self.token.claims.get("nbf")
        if not (iat is None or is_time(iat)) or not (nbf is None or is_time(nbf)):
            return False
        self.start_s = nbf if iat is None else iat
        self.opens_s = max(iat or 0, nbf or 0)
        return True

    def has_begun(self) -> bool:
        return self.opens_s * 1000 <= self.now_ms + self.settings.token_skew_s * 1000

    def is_short_lived(self) -> bool:
        start_ms = self.now_ms if self.start_s is None else self.start_s * 1000
        longest_ms = (self.settings.token_lifetime_s_max + self.settings.token_skew_s) * 1000
        return self.expires_ms - min(start_ms, self.now_ms) <= longest_ms

    # Grants

    def has_grants(self) -> bool:
        grants: Any = self.token.claims.get("grants")
        if not jws.is_object(grants) or len(grants) > GRANTS_MAX:
            return False
        served: list[tuple[str, jws.JsonObject]] = []
        for name in GRANTS:
            grant = grants.get(name)
            if grant is None:
                continue
            if not jws.is_object(grant):
                return False
            for field, value in grant.items():
                if value is None or field not in GRANT_FIELDS:
                    continue
                if type(value) is not str or NUL in value:
                    return False
            served.append((name, grant))
        self.grants, self.served = grants, served
        return True

    def has_textual_identity(self) -> bool:
        identity = self.grants.get("identity")
        if identity is not None and (type(identity) is not str or NUL in identity):
            return False
        self.identity = identity or ""
        return True

    def has_identity(self) -> bool:
        return bool(self.identity)

    def has_short_identity(self) -> bool:
        return len(self.identity) <= self.settings.identity_chars_max

    def has_short_endpoint(self) -> bool:
        for _, grant in self.served:
            if len(grant.get("endpoint_id") or "") > self.settings.identity_chars_max:
                return False
        return True

    def has_product(self) -> bool:
        if not self.registered:
            return bool(self.served)
        wanted = _SERVED.intersection(self.registered)
        granted = {GRANTS[name] for name, _ in self.served}
        return bool(wanted & granted if wanted else granted)

    # Services. Each question goes over all grants, so the first that any of them fails decides. Nothing is
    # asked by `all`, whose generator costs more than one grant or two.

    def names_services(self) -> bool:
        sids: list[str] = []
        for _, grant in self.served:
            sid = grant.get("service_sid")
            if not sid:
                return False
            sids.append(sid)
        self.service_sids = sids
        return True

    def names_service_sids(self) -> bool:
        services: list[tuple[str, Service | None]] = []
        for (name, _), sid in zip(self.served, self.service_sids, strict=True):
            product = GRANTS[name]
            if sid == DEFAULT:
                service = self.directory.default_service(self.account.sid, product)
            elif is_service_sid(sid):
                service = self.directory.service(sid)
            else:
                return False
            services.append((product, service))
        self.services = services
        return True

    def names_services_of_product(self) -> bool:
        for product, service in self.services:
            if service is not None and service.product != product:
                return False
        return True

    def names_known_services(self) -> bool:
        for _, service in self.services:  # noqa: SIM110 - see above
            if service is None or service.deleted_ms is not None:
                return False
        return True

    def names_own_services(self) -> bool:
        account_sid = self.account.sid
        for _, service in self.services:
            if service is not None and service.account_sid != account_sid:
                return False
        return True

    def names_one_service_each(self) -> bool:
        products: dict[str, str] = {}
        for product, service in self.services:
            if service is not None and products.setdefault(product, service.sid) != service.sid:
                return False
        self.products = _shared(tuple(products.items()))
        return True

    def names_enabled_services(self) -> bool:
        for _, service in self.services:  # noqa: SIM110 - see above
            if service is not None and not service.enabled:
                return False
        return True

    # Revocation

    def is_unrevoked(self) -> bool:
        self.caller = self._caller()
        self.revocation = self.directory.revocation(self.caller)
        return self.revocation is None

    def _caller(self) -> Caller:
        grants = dict(self.served)
        chat = grants.get("chat") or grants.get("ip_messaging") or {}
        sync = grants.get("data_sync") or {}
        return Caller(
            account_sid=self.account.sid,
            key_sid=self.key.sid,
            identity=self.identity,
            expires_ms=self.expires_ms,
            issued_s=self._issued_s(),
            digest=hashlib.sha256(self.text.encode()).digest(),
            products=self.products,
            endpoint_id=sync.get("endpoint_id") or chat.get("endpoint_id") or None,
            role_sid=chat.get("deployment_role_sid") or None,
            push_credential_sid=chat.get("push_credential_sid") or None,
        )

    def _issued_s(self) -> int:
        """When it was issued, for revocation."""
        if self.start_s is not None:
            return int(self.start_s)
        exp_s = self.expires_ms // 1000
        jti: Any = self.token.claims.get("jti")
        if type(jti) is str:
            serial = jti.removeprefix(f"{self.iss}-")
            if serial != jti and _is_serial(serial) and int(serial) <= exp_s:
                return int(serial)
        return exp_s - self.settings.token_lifetime_s_max


@lru_cache(256)
def _shared(products: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """One mapping for all callers of the same services; each of their own would be larger than a caller."""
    return dict(products)
