"""Every way to be refused (`protocol/tokens.md`, Checks). `World.refusal` also asks the doctor each time."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.support.craft import ABSENT, claims, craft, grants, header, part, sign
from tests.support.world import NOW_S, World
from tsock.accounts.accounts import set_status
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.keys import SigningKey, delete_key
from tsock.accounts.revocations import revoke_identity
from tsock.accounts.services import delete_service
from tsock.settings import Settings
from tsock.sync.services import ServiceOptions, update_service
from tsock.tokens import jws
from tsock.tokens.examiner import Examiner, Refusal

AC, SK, IS = ("".join((prefix, "0" * 31, "9")) for prefix in ("AC", "SK", "IS"))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "empty"),
        (" \t\n", "empty"),
        ("undefined", "not_a_jwt"),
        ("[object Object]", "not_a_jwt"),
        ("é.é.é", "not_a_jwt"),
        ("..", "not_a_jwt"),
        (f"{part(header())}.{part({})}", "not_a_jwt"),
        (f"{part(header())}.{part({})}.A.A", "not_a_jwt"),
        (f"{part([1])}.{part({})}.", "not_a_jwt"),
        (f"{part(header())}.{part('null')}.", "not_a_jwt"),
        (f"{part(header())}.{part('{')}.", "not_a_jwt"),
        ("x" * 8193, "too_large"),
    ],
)
def test_text_that_is_no_jwt_is_20101(world: World, text: str, cause: str):
    assert world.refusal(text) == (20101, cause)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":2}',
        b'{"a" :1,"a":2}',
        b'{"b":{"x":[{"a":1,"a":1}]}}',
        b'{"a":"\xff"}',
        b'{"\\ud800":1}',
        b'{"a":1e400,"a":1}',
        b'{"a":1e400,"b":NaN}',
        b'{"a":1e400,"b":-Infinity}',
        b'{"a":1e400}x',
        b'{"a":NaN}',
        b'{"a":1}x',
        b'{"a":' + b"[" * 8 + b"]" * 8 + b"}",
        b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}",
    ],
)
def test_payload_that_is_no_plain_object_is_20101(world: World, payload: bytes):
    assert world.refusal(sign(header(), payload, world.key.secret)) == (20101, "not_a_jwt")


def test_payload_with_colons_in_texts_and_seven_levels_below_it_is_accepted(world: World):
    token = craft(world, note="a:b:c", deep=[[[[[[[]]]]]]], grants=grants(world, identity="user:42"))
    assert world.accepted(token).identity == "user:42"


@pytest.mark.parametrize("padding", ["=", "==", "\n", " "])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_part_with_anything_behind_it_is_20101(world: World, padding: str, place: int):
    parts = world.token().split(".")
    parts[place] += padding
    assert world.refusal(".".join(parts)) == (20101, "not_a_jwt")


def test_signature_with_unused_bits_set_is_20101(world: World):
    token = world.token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = alphabet[alphabet.index(token[-1]) + 1]  # another spelling of the same 32 bytes
    assert world.refusal(token[:-1] + twin) == (20101, "not_a_jwt")


def test_token_in_the_alphabet_of_plain_base64_is_20101(world: World):
    token = craft(world, blob="???>>>")
    assert set("-_") & set(token)
    assert world.refusal(token.replace("-", "+").replace("_", "/")) == (20101, "not_a_jwt")


def test_header_above_512_bytes_is_too_large(world: World):
    fits, exceeds = craft(world, head={"x": "y" * 400}), craft(world, head={"x": "y" * 500})
    assert world.accepted(fits)
    assert world.refusal(exceeds) == (20101, "too_large")


def test_payload_above_6_kib_is_too_large_whatever_the_limit_of_a_token(world: World):
    world.settings = Settings(token_bytes_max=100_000)
    assert world.accepted(craft(world, x="y" * 5800))
    assert world.refusal(craft(world, x="y" * 6144)) == (20101, "too_large")


@pytest.mark.parametrize(
    "alg",
    ["none", "None", "NONE", "RS256", "ES256", "PS256", "hs256", "HS1", "", 5, ["HS256"], None, ABSENT],
    ids=repr,
)
@pytest.mark.parametrize("signature", ["", "QUJD"])
def test_any_other_algorithm_is_20102_signed_or_not(world: World, alg: Any, signature: str):
    token = f"{part(header(alg=alg))}.{part(claims(world))}.{signature}"
    assert world.refusal(token) == (20102, "algorithm")


@pytest.mark.parametrize(
    ("head", "cause"),
    [
        ({"typ": "jwt"}, "type"),
        ({"typ": ABSENT}, "type"),
        ({"crit": ["exp"]}, "type"),
        ({"crit": None}, "type"),
        ({"cty": ABSENT}, "not_access_token"),
        ({"cty": "twilio-fpa;v=2"}, "not_access_token"),
        ({"cty": "TWILIO-FPA;V=1"}, "not_access_token"),
        ({"cty": "twilio-pkrv;v=1"}, "not_access_token"),
        ({"cty": ["twilio-fpa;v=1"]}, "not_access_token"),
    ],
)
def test_header_of_something_else_is_20102(world: World, head: dict[str, Any], cause: str):
    assert world.refusal(craft(world, head=head)) == (20102, cause)


@pytest.mark.parametrize("name", ["kid", "jku", "jwk", "x5u", "x5c"])
def test_header_that_points_to_a_key_is_not_followed(world: World, name: str):
    assert world.accepted(craft(world, head={name: "/etc/passwd"}))


@pytest.mark.parametrize(
    "sid", [ABSENT, None, 1, "", "AC" + "0" * 32, "SK" + "0" * 31, SK + "\n", "SK" + "g" * 32]
)
def test_issuer_that_is_no_key_sid_is_20103(world: World, sid: Any):
    assert world.refusal(craft(world, iss=sid)) == (20103, "issuer_invalid")


@pytest.mark.parametrize("sid", [ABSENT, None, {}, "", "SK" + "0" * 32, AC + "0"])
def test_subject_that_is_no_account_sid_is_20103(world: World, sid: Any):
    assert world.refusal(craft(world, sub=sid)) == (20103, "account_invalid")


def test_unknown_account_comes_before_unknown_key(world: World):
    assert world.refusal(craft(world, iss=SK, sub=AC)) == (20103, "account_unknown")
    assert world.refusal(craft(world, iss=SK)) == (20103, "key_unknown")


def test_test_credentials_are_20103(world: World):
    account = world.directory.account(world.account_sid)
    assert account is not None
    assert world.refusal(craft(world, sub=account.test_sid)) == (20103, "test_credentials")


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_account_that_is_not_active_is_20103(world: World, status: str):
    token = world.token()
    world(set_status, world.account_sid, status)
    assert world.refusal(token) == (20103, "account_inactive")


def test_subaccount_of_a_suspended_account_is_20103_until_that_is_active_again(world: World):
    account, key = world.subaccount()
    token = world.token(key=key, products={SYNC: "default"})
    world(set_status, world.account_sid, "suspended")
    assert world.refusal(token) == (20103, "account_inactive")
    world(set_status, world.account_sid, "active")
    assert world.accepted(token).account_sid == account.sid


def test_deleted_key_is_20103(world: World):
    token = world.token()
    world(delete_key, world.account_sid, world.key.key_sid)
    assert world.refusal(token) == (20103, "key_revoked")


def test_key_of_parent_or_subaccount_or_stranger_does_not_sign_for_another(world: World):
    sub, sub_key = world.subaccount()
    other, other_key = world.another_account()
    for account_sid, key in (
        (sub.sid, world.key),
        (world.account_sid, sub_key),
        (other.sid, world.key),
        (world.account_sid, other_key),
    ):
        mixed = SigningKey(account_sid, key.key_sid, key.secret)
        assert world.refusal(world.token(key=mixed)) == (20103, "key_other_account")


def counted(made: Callable[..., bytes], calls: list[None]) -> Callable[..., bytes]:
    return lambda *args: (calls.append(None), made(*args))[1]


def test_time_does_not_tell_unknown_foreign_and_restricted_keys_apart(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    made: list[None] = []
    for name in ("mac", "mac_of_known"):
        monkeypatch.setattr(jws, name, counted(getattr(jws, name), made))
    other, other_key = world.another_account()
    restricted = world.another_key(kind="restricted", policy='{"allow": []}')
    for _ in range(20):
        world.another_key()
        world.key_made(other.sid)
    secret, account_sid = "f" * 32, world.account_sid
    effort: set[int] = set()
    for key in (
        SigningKey("AC" + "9" * 32, world.key.key_sid, secret),
        SigningKey(account_sid, "SK" + "9" * 32, secret),
        SigningKey(account_sid, other_key.key_sid, secret),
        SigningKey(account_sid, restricted.key_sid, secret),
    ):
        text = world.token(key=key)
        made.clear()
        refused = Examiner(world.directory, world.settings).verify(text, NOW_S * 1000)
        assert isinstance(refused, Refusal)
        assert refused.code == 20103
        assert len(made) == 1
        refused.report(thorough=True)
        effort.add(len(made))
    assert max(effort) <= 3  # however many keys an account has


def test_restricted_key_cannot_sign_but_main_and_standard_can(world: World):
    restricted = world.another_key(kind="restricted", policy='{"allow": []}')
    assert world.refusal(world.token(key=restricted)) == (20103, "key_restricted")
    for kind in ("main", "standard"):
        assert world.accepted(world.token(key=world.another_key(kind=kind)))


def test_region_must_be_the_servers_in_token_and_key(world: World):
    assert world.accepted(craft(world, head={"twr": "us1"}))
    assert world.refusal(craft(world, head={"twr": "ie1"})) == (20103, "region")
    assert world.refusal(craft(world, head={"twr": ["us1"]})) == (20103, "region")
    world.settings = Settings(region="ie1")
    key = world.another_key()
    world.settings = Settings()
    assert world.refusal(world.token(key=key)) == (20103, "region")
    world.settings = Settings(region_aliases=("ie1",))
    assert world.accepted(craft(world, head={"twr": "ie1"}))


def test_signature_by_anything_but_the_secret_is_20107(world: World):
    for secret in (world.auth_token, world.key.secret + "\n", "", world.another_key().secret):
        key = replace(world.key, secret=secret)
        assert world.refusal(world.token(key=key)) == (20107, "signature")


@pytest.mark.parametrize("size", [0, 3, 31, 33, 48])
def test_signature_of_another_length_is_20107(world: World, size: int):
    signed, _, signature = world.token().rpartition(".")
    longer = base64.urlsafe_b64decode(signature + "=") + b"\0" * 32
    assert world.refusal(f"{signed}.{part(longer[:size])}") == (20107, "signature")


def test_signature_of_another_algorithm_than_the_header_names_is_20107(world: World):
    token = sign(header(alg="HS512"), claims(world), world.key.secret, "HS256")
    assert world.refusal(token) == (20107, "signature")


@pytest.mark.parametrize(
    "exp",
    [ABSENT, None, "1700003600", True, -1, 2**53 + 1, 1e300, {}, [], 10**30],
    ids=lambda value: f"{value!r:.20}",
)
def test_expiry_that_is_no_usable_number_is_20104(world: World, exp: Any):
    assert world.refusal(craft(world, exp=exp)) == (20104, "time_invalid")


def raw_claims(world: World, name: str, literal: bytes) -> str:
    """A token one of whose claims or grants is written as Python cannot."""
    body = json.dumps(claims(world, iat=NOW_S, nbf=NOW_S), separators=(",", ":")).encode()
    old = re.search(rb'"%s":("[^"]*"|\d+)' % name.encode(), body)
    assert old is not None
    return sign(header(), body[: old.start(1)] + literal + body[old.end(1) :], world.key.secret)


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1" * 400, b"1" * 5000], ids=len)
@pytest.mark.parametrize(("claim", "code"), [("exp", 20104), ("iat", 20105), ("nbf", 20105)])
def test_time_that_no_number_can_hold_is_told_as_a_time(world: World, claim: str, number: bytes, code: int):
    token = raw_claims(world, claim, number)
    assert world.refusal(token) == (code, "time_invalid")
    (line,) = [line for line in world.examine(token).checks if line.verdict == "fail"]
    assert "a number out of range" in line.found
    assert claim not in json.loads(msgspec.json.encode(world.examine(token)))["claims"]


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("iss", (20103, "issuer_invalid")),
        ("sub", (20103, "account_invalid")),
        ("identity", (20106, "identity_invalid")),
        ("service_sid", (20106, "grants_missing")),
    ],
)
def test_text_with_half_a_character_is_told_by_its_place(world: World, name: str, refusal: tuple[int, str]):
    assert world.refusal(raw_claims(world, name, b'"ali\\ud800ce"')) == refusal


def test_unusable_value_of_no_meaning_here_does_not_matter(world: World):
    body = json.dumps(claims(world)).encode()
    for extra in (rb'"a":"\ud800"', rb'"a":1e400', rb'"a":[{"b":["\udc00x"]},1e999,1.5,7,"\u00e9:"]'):
        token = sign(header(), body[:-1] + b"," + extra + b"}", world.key.secret)
        assert world.accepted(token).expires_ms == (NOW_S + 3600) * 1000


def test_token_is_expired_from_the_very_millisecond_of_exp_on(world: World):
    token = craft(world, exp=NOW_S + 0.5)
    world.now_ms = NOW_S * 1000 + 499
    assert world.accepted(token).expires_ms == NOW_S * 1000 + 500
    world.now_ms += 1
    assert world.refusal(token) == (20104, "expired")
    world.settings = Settings(token_exp_skew_s=5)
    assert world.accepted(token)


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("value", ["soon", False, -5, 2**54, []])
def test_start_that_is_no_usable_number_is_20105(world: World, name: str, value: Any):
    assert world.refusal(craft(world, **{name: value})) == (20105, "time_invalid")


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_start_may_lie_ahead_by_the_skew_and_no_more(world: World, name: str):
    assert world.accepted(craft(world, **{name: NOW_S + 60}))
    assert world.refusal(craft(world, **{name: NOW_S + 60.001})) == (20105, "not_yet_valid")
    assert world.refusal(craft(world, **{name: NOW_S + 300})) == (20105, "not_yet_valid")
    assert world.refusal(craft(world, **{"iat": NOW_S, "nbf": NOW_S, name: NOW_S + 61})) == (
        20105,
        "not_yet_valid",
    )


@pytest.mark.parametrize(
    ("times", "is_accepted"),
    [
        ({"exp": NOW_S + 86_460}, True),
        ({"exp": NOW_S + 86_461}, False),
        ({"iat": NOW_S - 3600, "exp": NOW_S + 82_860}, True),
        ({"iat": NOW_S - 3600, "exp": NOW_S + 82_861}, False),
        ({"nbf": NOW_S - 3600, "exp": NOW_S + 82_861}, False),
        ({"iat": NOW_S, "nbf": NOW_S - 3600, "exp": NOW_S + 86_400}, True),
        ({"iat": NOW_S + 60, "exp": NOW_S + 86_461}, False),
        ({"exp": (NOW_S + 3600) * 1000}, False),
    ],
)
def test_lifetime_counts_from_iat_else_nbf_and_from_now(
    world: World, times: dict[str, int], is_accepted: bool
):
    token = craft(world, **times)
    if is_accepted:
        assert world.accepted(token)
    else:
        assert world.refusal(token) == (20157, "lifetime_too_long")


@pytest.mark.parametrize(
    "given",
    [
        ABSENT,
        None,
        [],
        "data_sync",
        {"identity": "alice", "data_sync": []},
        {"identity": "alice", "data_sync": "default"},
        {"identity": "alice", "chat": True},
        {"identity": "alice", "data_sync": {"service_sid": 5}},
        {"identity": "alice", "ip_messaging": {"endpoint_id": {}}},
        {"identity": 7, "data_sync": {"service_sid": False}},
        {f"x{number}": {} for number in range(33)},
    ],
)
def test_grants_that_cannot_be_read_are_20106(world: World, given: Any):
    assert world.refusal(craft(world, grants=given)) == (20106, "grants_missing")


@pytest.mark.parametrize("identity", [7, 0, 1.5, True, False, [], ["alice"], {}])
def test_identity_that_is_no_text_is_20106(world: World, identity: Any):
    assert world.refusal(craft(world, grants=grants(world, identity=identity))) == (20106, "identity_invalid")


@pytest.mark.parametrize("given", [{}, {"identity": None}, {"identity": ""}])
def test_identity_that_is_missing_is_51105(world: World, given: dict[str, Any]):
    assert world.refusal(craft(world, grants=given)) == (51105, "identity_missing")


def test_identity_and_endpoint_have_at_most_256_characters(world: World):
    def token(identity: str, endpoint_id: str) -> str:
        grant = {"service_sid": world.sync_sid, "endpoint_id": endpoint_id}
        return craft(world, grants={"identity": identity, "data_sync": grant})

    caller = world.accepted(token("ü" * 256, "e" * 256))
    assert (caller.identity, caller.endpoint_id) == ("ü" * 256, "e" * 256)
    assert world.refusal(token("a" * 257, "e" * 257)) == (51003, "identity_invalid")
    assert world.refusal(token("a", "e" * 257)) == (51004, "identity_invalid")


@pytest.mark.parametrize(
    "extra", [{}, {"voice": {}}, {"video": {"room": "r"}}, {"data_sync": None, "chat": None}]
)
def test_no_grant_of_a_served_product_is_51103(world: World, extra: dict[str, Any]):
    assert world.refusal(craft(world, grants={"identity": "alice", **extra})) == (51103, "grant_missing")


def test_client_that_registers_for_what_is_not_granted_is_51103(world: World):
    token = world.token(products={SYNC: world.sync_sid})
    assert world.refusal(token, registered=[CHAT]) == (51103, "grant_missing")
    for registered in ([SYNC], [CHAT, SYNC], ["notifications"], []):
        assert world.accepted(token, registered=registered)


def test_grants_of_other_products_never_matter(world: World):
    others = {
        "voice": {"incoming": {"allow": True}},
        "video": [],
        "task_router": "?",
        "player": 5,
        "flex": None,
    }
    assert world.accepted(craft(world, grants=grants(world, **others))).products == {SYNC: world.sync_sid}


@pytest.mark.parametrize("sid", [ABSENT, None, ""])
def test_grant_without_service_is_51104(world: World, sid: Any):
    grant = {} if sid is ABSENT else {"service_sid": sid}
    assert world.refusal(craft(world, grants=grants(world, data_sync=grant))) == (51104, "service_missing")


@pytest.mark.parametrize("sid", ["MG" + "0" * 32, "IS123", "Default", "default ", IS.lower()])
def test_grant_for_what_is_no_service_is_51101(world: World, sid: str):
    assert world.refusal(world.token(products={CHAT: sid})) == (51101, "service_invalid")


def test_every_grant_is_judged_not_only_the_one_in_use(world: World):
    token = world.token(products={CHAT: world.chat_sid, SYNC: IS})
    assert world.refusal(token, registered=[CHAT]) == (51101, "service_unknown")


def test_service_of_the_other_product_is_51106(world: World):
    assert world.refusal(world.token(products={CHAT: world.sync_sid})) == (51106, "service_invalid")
    assert world.refusal(world.token(products={SYNC: world.chat_sid})) == (51106, "service_invalid")


def test_deleted_service_is_51101_and_disabled_is_51108(world: World):
    sid = world.another_service()
    token = world.token(products={SYNC: sid})
    world(update_service, world.vault, world.account_sid, SYNC, sid, ServiceOptions(enabled=False))
    assert world.refusal(token) == (51108, "service_invalid")
    world(delete_service, world.account_sid, SYNC, sid)
    assert world.refusal(token) == (51101, "service_unknown")


def test_service_of_another_account_is_51101(world: World):
    other, _ = world.another_account()
    token = world.token(products={SYNC: world.another_service(SYNC, other.sid)})
    assert world.refusal(token) == (51101, "service_other_account")


def test_chat_and_ip_messaging_must_name_one_service(world: World):
    def token(chat: str | None, ip_messaging: str | None) -> str:
        named = {"chat": chat, "ip_messaging": ip_messaging}
        return craft(
            world,
            grants={"identity": "a", **{name: {"service_sid": sid} for name, sid in named.items() if sid}},
        )

    for pair in ((world.chat_sid, None), (None, world.chat_sid), (world.chat_sid, "default")):
        assert world.accepted(token(*pair)).products == {CHAT: world.chat_sid}
    assert world.refusal(token(world.chat_sid, world.another_service(CHAT))) == (51110, "service_invalid")


def test_revoked_token_is_51215_after_everything_else(world: World):
    token = world.token("alice")
    unknown_service = world.token("alice", products={SYNC: IS})
    world(revoke_identity, world.account_sid, "alice", life_ms=86_460_000)
    assert world.refusal(token) == (51215, "revoked")
    assert world.refusal(unknown_service) == (51101, "service_unknown")
    assert world.accepted(world.token("bob"))


def test_refusal_tells_the_client_the_published_title_only(world: World):
    refusal: Any = world.verify(craft(world, iss=SK))
    assert refusal.title == "Invalid Access Token issuer/subject"
    assert repr(refusal) == "Refusal(20103, 'key_unknown')"
