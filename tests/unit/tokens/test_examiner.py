"""Tokens that are accepted, and by whom they may be made."""

import functools
import hashlib
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import ChatGrant, SyncGrant, VideoGrant

from tests.support.craft import ABSENT, claims, craft, grants, header, sign
from tests.support.world import NOW_S, World
from tsock.accounts.caller import CHAT, SYNC, Caller
from tsock.accounts.directory import Directory
from tsock.accounts.records import Account, ApiKey, Service
from tsock.accounts.secrets import Vault
from tsock.settings import Settings
from tsock.tokens.examiner import Examiner, Refusal, compare_for_update

# An API key has 32 characters, whatever the algorithm.
pytestmark = pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")

AC, SK, IS = ("".join((prefix, "0" * 31, "1")) for prefix in ("AC", "SK", "IS"))
VECTOR = (
    "eyJhbGciOiJIUzI1NiIsImN0eSI6InR3aWxpby1mcGE7dj0xIiwidHlwIjoiSldUIn0.eyJqdGkiOiJTSzAwMDAwMDAwMDAwMDAwMDAwMDAw"
    "MDAwMDAwMDAwMDAxLTE3MDAwMDAwMDAiLCJncmFudHMiOnsiaWRlbnRpdHkiOiJhbGljZSIsImRhdGFfc3luYyI6eyJzZXJ2aWNlX3NpZCI6"
    "IklTMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDEifX0sImlzcyI6IlNLMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDEi"
    "LCJleHAiOjE3MDAwMDM2MDAsIm5iZiI6MTcwMDAwMDAwMCwic3ViIjoiQUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMSJ9"
    ".2R8_yy6gOCkkQFmrVPKrfq_6nItB1CW-WimdOBFF9bs"
)


UNCHANGING = World()
"""For examples of a property, which leave it as it is."""


@functools.cache
def examiner_of_the_vector() -> Examiner:
    vault = Vault(b"k" * 32)
    directory = Directory(vault)
    test_sid = AC[:-1] + "2"
    directory.apply(
        Account(
            AC, None, "", "active", vault.seal(AC, "t" * 32), test_sid, vault.seal(test_sid, "u" * 32), 1, 1
        )
    )
    secret = vault.seal(SK, "spec-example-secret-000000000000")
    directory.apply(ApiKey(SK, AC, "standard", "", secret, "us1", None, 1, 1))
    directory.apply(Service(IS, AC, SYNC, None, None, True, "{}", 1, 1))
    return Examiner(directory, Settings())


def test_published_vector_speaks_for_alice_within_its_hour():
    examiner = examiner_of_the_vector()
    assert examiner.verify(VECTOR, 1_700_000_100_000) == Caller(
        account_sid=AC,
        key_sid=SK,
        identity="alice",
        expires_ms=1_700_003_600_000,
        issued_s=1_700_000_000,
        digest=hashlib.sha256(VECTOR.encode()).digest(),
        products={SYNC: IS},
    )
    for now_s, code in ((1_699_999_000, 20105), (1_700_003_700, 20104)):
        refusal = examiner.verify(VECTOR, now_s * 1000)
        assert isinstance(refusal, Refusal)
        assert refusal.code == code


@given(place=st.integers(0, len(VECTOR) - 1), bit=st.integers(0, 7))
def test_vector_with_one_bit_flipped_is_refused_before_anything_in_it_counts(place: int, bit: int):
    flipped = VECTOR[:place] + chr(ord(VECTOR[place]) ^ 1 << bit) + VECTOR[place + 1 :]
    refusal = examiner_of_the_vector().verify(flipped, 1_700_000_100_000)
    assert isinstance(refusal, Refusal)
    assert refusal.code in (20101, 20102, 20103, 20107)


def test_minted_token_is_read_by_a_jose_library(world: World):
    for algorithm in ("HS256", "HS384", "HS512"):
        token = world.token(products={SYNC: "default", CHAT: world.chat_sid}, ttl_s=60, algorithm=algorithm)
        read = jwt.decode_complete(
            token, world.key.secret, algorithms=[algorithm], options={"verify_exp": False}
        )
        assert read["header"] == {"alg": algorithm, "typ": "JWT", "cty": "twilio-fpa;v=1"}
        assert read["payload"] == {
            "jti": f"{world.key.key_sid}-{NOW_S}",
            "iss": world.key.key_sid,
            "sub": world.account_sid,
            "iat": NOW_S,
            "exp": NOW_S + 60,
            "grants": {
                "identity": "alice",
                "data_sync": {"service_sid": "default"},
                "chat": {"service_sid": world.chat_sid},
            },
        }
        assert world.accepted(token).products == {SYNC: world.sync_sid, CHAT: world.chat_sid}


@given(
    algorithm=st.sampled_from(["HS256", "HS384", "HS512"]),
    identity=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40),
    extra=st.dictionaries(st.text('abc:"\\{}', max_size=4), st.text(max_size=8), max_size=3),
)
def test_token_of_a_jose_library_is_accepted(algorithm: str, identity: str, extra: dict[str, str]):
    world = UNCHANGING
    body = {**extra, **claims(world, grants=grants(world, identity=identity))}
    token = jwt.encode(body, world.key.secret, algorithm, headers={"cty": "twilio-fpa;v=1"})
    assert world.accepted(token).identity == identity


def helper_token(world: World, identity: Any = "alice", **options: Any) -> str:
    """What the official helper library makes; it takes the time from the system's clock."""
    token = AccessToken(world.account_sid, world.key.key_sid, world.key.secret, identity=identity, **options)
    token.add_grant(SyncGrant(service_sid=world.sync_sid, endpoint_id="phone"))
    token.add_grant(
        ChatGrant(service_sid=world.chat_sid, deployment_role_sid="RL1", push_credential_sid="CR1")
    )
    token.add_grant(VideoGrant(room="lobby"))
    world.now_ms = jwt.decode(token.to_jwt(), options={"verify_signature": False})["exp"] * 1000 - 1_800_000
    return token.to_jwt()


def test_token_of_the_helper_library_is_accepted_with_all_it_says(world: World):
    token = helper_token(world)
    caller = world.accepted(token)
    assert caller.products == {SYNC: world.sync_sid, CHAT: world.chat_sid}
    assert (caller.endpoint_id, caller.role_sid, caller.push_credential_sid) == ("phone", "RL1", "CR1")
    assert caller.expires_ms == world.now_ms + 1_800_000


def test_helper_library_without_nbf_is_accepted_and_its_mistakes_are_told_apart(world: World):
    assert world.accepted(helper_token(world, nbf=None))
    assert world.refusal(helper_token(world, identity=None)) == (51105, "identity_missing")
    assert world.refusal(helper_token(world, identity=42)) == (20106, "identity_invalid")
    assert world.refusal(helper_token(world, region="ie1")) == (20103, "region")
    token = helper_token(world, ttl=90_000)
    world.now_ms -= 88_200_000 - 1_000_000  # soon after it was made
    assert world.refusal(token) == (20157, "lifetime_too_long")


def test_default_means_the_accounts_own_default_service_of_the_product(world: World):
    token = world.token(products={SYNC: "default", CHAT: "default"})
    assert world.accepted(token).products == {SYNC: world.sync_sid, CHAT: world.chat_sid}
    account, key = world.subaccount()
    products = world.accepted(world.token(key=key, products={SYNC: "default"})).products
    service = world.directory.service(products[SYNC])
    assert service is not None
    assert service.account_sid == account.sid


@pytest.mark.parametrize(
    ("times", "issued_s"),
    [
        ({"iat": NOW_S - 5, "nbf": NOW_S - 9}, NOW_S - 5),
        ({"iat": None, "nbf": NOW_S - 9.5}, NOW_S - 10),
        ({"jti": f"{{key}}-{NOW_S - 7}"}, NOW_S - 7),
        ({"jti": f"{{key}}-{NOW_S * 1000}"}, NOW_S + 3600 - 86_400),
        ({"jti": "some-5"}, NOW_S + 3600 - 86_400),
        ({"jti": 5}, NOW_S + 3600 - 86_400),
        ({"jti": ABSENT}, NOW_S + 3600 - 86_400),
    ],
)
def test_issue_time_is_iat_else_nbf_else_in_jti_else_a_day_before_exp(
    world: World, times: dict[str, Any], issued_s: int
):
    if isinstance(times.get("jti"), str):
        times = {"jti": times["jti"].format(key=world.key.key_sid)}
    assert world.accepted(craft(world, **times)).issued_s == issued_s


def test_secret_never_shows_in_a_signing_key(world: World):
    assert world.key.secret not in repr(world.key) + str(world.key)


@pytest.mark.parametrize(
    ("change", "forbidden"),
    [
        ({}, None),
        ({"key_sid": SK, "expires_ms": 1, "issued_s": 9, "endpoint_id": "e", "digest": b"2"}, None),
        ({"account_sid": AC, "identity": "bob"}, "account"),
        ({"identity": "Alice"}, "identity"),
        ({"products": {SYNC: "IS1", CHAT: "IS2"}}, "product"),
        ({"products": {CHAT: "IS1"}}, "product"),
        ({"products": {SYNC: "IS2"}}, "instance"),
    ],
)
def test_update_may_change_key_and_times_but_not_whom_it_speaks_for(
    change: dict[str, Any], forbidden: str | None
):
    old = {
        "account_sid": "AC0",
        "key_sid": "SK0",
        "identity": "alice",
        "expires_ms": 5,
        "issued_s": 1,
        "digest": b"1",
        "products": {SYNC: "IS1"},
    }
    assert compare_for_update(Caller(**old), Caller(**{**old, **change})) == forbidden


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**60) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
HEADER_NAMES = st.sampled_from(["alg", "typ", "cty", "twr", "crit", "kid"])
CLAIM_NAMES = st.sampled_from(["iss", "sub", "exp", "nbf", "iat", "jti", "grants"])
GRANT_NAMES = st.sampled_from(["identity", "data_sync", "chat", "ip_messaging", "voice"])
FIELD_NAMES = st.sampled_from(["service_sid", "endpoint_id", "deployment_role_sid"])
SERVICE = st.sampled_from(["default", "SYNC", "CHAT", IS, "", None]) | JSON


@given(
    head=st.dictionaries(HEADER_NAMES, JSON, max_size=1),
    changed=st.dictionaries(
        CLAIM_NAMES, JSON | st.sampled_from([NOW_S, NOW_S + 60, NOW_S + 90_000]), max_size=2
    ),
    granted=st.dictionaries(
        GRANT_NAMES, JSON | st.dictionaries(FIELD_NAMES, SERVICE, max_size=2), max_size=3
    ),
    secret=st.sampled_from([None, None, None, "x"]),
    registered=st.sampled_from([(), (SYNC,), (CHAT,)]),
)
def test_verdict_of_gateway_and_doctor_always_agree(
    head: Any, changed: Any, granted: Any, secret: str | None, registered: Any
):
    world = UNCHANGING
    for grant in granted.values():
        if isinstance(grant, dict) and grant.get("service_sid") in ("SYNC", "CHAT"):
            grant["service_sid"] = world.sync_sid if grant["service_sid"] == "SYNC" else world.chat_sid
    body = claims(world, grants=grants(world, **granted))
    token = sign(header(**head), {**body, **changed}, secret or world.key.secret)
    verdict = world.verify(token, registered=registered)
    report = world.examine(token, registered=registered, may_see=lambda sid: True)
    failed = [line.id for line in report.checks if line.verdict == "fail"]
    if isinstance(verdict, Caller):
        assert (report.verdict, report.code, report.cause, failed) == ("accepted", None, None, [])
        assert {line.verdict for line in report.checks} == {"pass"}
    else:
        assert (report.verdict, report.code, report.cause) == ("denied", verdict.code, verdict.cause)
        assert failed[0] == verdict.cause


@given(st.text(max_size=200) | st.from_regex(r"ey[\w.\-={}\":,% ]{0,80}", fullmatch=True))
def test_any_text_is_judged_alike_by_gateway_and_doctor(text: str):
    world = UNCHANGING
    verdict, report = world.verify(text), world.examine(text)
    assert isinstance(verdict, Refusal)
    assert (report.code, report.cause) == (verdict.code, verdict.cause)
