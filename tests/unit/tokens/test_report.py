"""What the doctor says: the contract of `POST /doctor` and `tsock doctor --json`."""

import base64
import json
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.craft import ABSENT, claims, craft, grants, header, part, sign
from tests.support.world import NOW_S, World
from tsock.accounts.accounts import get_account
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.keys import SigningKey, delete_key
from tsock.tokens import jws
from tsock.tokens.examination import GRANTS_MAX
from tsock.tokens.jws import base64url, mac
from tsock.tokens.report import Claims, Report

UNCHANGING = World()
"""For examples of a property, which leave it as it is."""


def lines(report: Report) -> dict[str, str]:
    """Verdict by check; of checks with one id, the worst."""
    worst: dict[str, str] = {}
    for line in report.checks:
        if worst.get(line.id) != "fail":
            worst[line.id] = line.verdict
    return worst


def test_accepted_token_has_every_check_in_the_documented_order(world: World):
    report = world.examine(world.token(ttl_s=7500))
    assert (report.verdict, report.code, report.cause, report.fix) == ("accepted", None, None, None)
    assert report.summary == "The token would be accepted; it expires in 2 h 5 min."
    assert [line.id for line in report.checks] == [
        *("empty", "too_large", "not_a_jwt", "algorithm", "type", "not_access_token"),
        *("issuer_invalid", "account_invalid", "account_unknown", "test_credentials", "account_inactive"),
        *("key_unknown", "key_revoked", "key_other_account", "key_restricted", "region", "signature"),
        *("time_invalid", "expired", "time_invalid", "not_yet_valid", "lifetime_too_long"),
        *("grants_missing", "identity_invalid", "identity_missing", "identity_invalid", "identity_invalid"),
        *("grant_missing", "service_missing", "service_invalid", "service_invalid", "service_unknown"),
        *("service_other_account", "service_invalid", "service_invalid", "revoked"),
    ]
    assert {line.verdict for line in report.checks} == {"pass"}


def test_answer_as_json_has_the_fields_of_the_contract(world: World):
    world.now_ms += 3600_000 + 11_520_000
    report = json.loads(msgspec.json.encode(world.examine(craft(world, exp=NOW_S + 3600, iat=NOW_S))))
    checks = report.pop("checks")
    assert report == {
        "verdict": "denied",
        "code": 20104,
        "cause": "expired",
        "summary": "The token expired 3 h 12 min ago.",
        "fix": "Mint a new token; refresh on tokenAboutToExpire.",
        "input": "access_token",
        "notes": [],
        "claims": {
            "iss": world.key.key_sid,
            "sub": world.account_sid,
            "identity": "alice",
            "grants": {"data_sync": {"service_sid": world.sync_sid}},
            "exp": NOW_S + 3600,
            "iat": NOW_S,
        },
    }
    (expired,) = [line for line in checks if line["id"] == "expired"]
    assert expired == {
        "id": "expired",
        "verdict": "fail",
        "expected": "a time to come in exp",
        "found": "3 h 12 min ago",
        "fix": "Mint a new token; refresh on tokenAboutToExpire.",
    }
    assert {tuple(line) for line in checks if line["verdict"] != "fail"} == {
        ("id", "verdict", "expected", "found")
    }


def test_checks_go_on_after_the_first_failure(world: World):
    token = craft(world, head={"twr": "ie1"}, exp=NOW_S - 60, grants={"data_sync": {}})
    report = world.examine(token)
    assert (report.code, report.cause) == (20103, "region")
    failed = [line.id for line in report.checks if line.verdict == "fail"]
    assert failed == ["region", "expired", "identity_missing", "service_missing"]
    verdicts = lines(report)
    assert verdicts["signature"] == "pass"
    assert verdicts["service_unknown"] == "skipped"


def test_service_that_is_not_there_is_named(world: World):
    absent = "IS" + "9" * 32
    report = world.examine(craft(world, grants={"identity": "alice", "data_sync": {"service_sid": absent}}))
    assert report.cause == "service_unknown"
    assert f"data_sync: {absent} (unknown)" in report.summary


def test_checks_without_anything_to_look_at_are_skipped(world: World):
    report = world.examine("hello")
    verdicts = [line.verdict for line in report.checks]
    assert verdicts == ["pass", "pass", "fail", *["skipped"] * (len(verdicts) - 3)]
    assert (report.input, report.notes, report.claims) == ("text", [], Claims())


def test_product_asks_for_the_grant_of_its_sdk(world: World):
    token = world.token(products={SYNC: world.sync_sid})
    assert world.examine(token).verdict == "accepted"
    report = world.examine(token, registered=[CHAT])
    assert (report.code, report.cause) == (51103, "grant_missing")
    assert "ip_messaging" in report.summary


def test_summary_of_what_is_unknown_or_not_granted_is_a_sentence(world: World):
    nobody, none = f"AC{'0' * 31}f", f"SK{'0' * 31}f"
    assert world.examine(craft(world, sub=nobody)).summary == f"The account in sub is unknown: {nobody}."
    assert world.examine(craft(world, iss=none)).summary == f"The API key in iss is unknown: {none}."
    video = craft(world, grants={"identity": "alice", "video": {}})
    assert world.examine(video, registered=[SYNC]).summary == (
        "The token lacks a grant that the client can use: "
        "it grants nothing that is served here, and the client starts data_sync."
    )


def test_sid_of_a_report_is_one_or_nothing(world: World):
    report = world.examine(craft(world, sub="someone"))
    assert (report.key_sid, report.account_sid) == (world.key.key_sid, None)
    assert world.examine("hello").key_sid is None


# What is around a token


@pytest.mark.parametrize(
    ("wrapped", "notes"),
    [
        ('{{"token":"{t}"}}', ["json_wrapper"]),
        ('{{"identity": "a.b.c", "data": [{{"accessToken": "{t}"}}]}}', ["json_wrapper"]),
        ('\n{{"token": "Bearer {t}"}}\n', ["json_wrapper", "bearer_prefix"]),
        ("{{token: '{t}'}}", ["json_wrapper"]),
        ('"{t}"', ["quoted"]),
        ("'{t}'", ["quoted"]),
        ("Bearer {t}", ["bearer_prefix"]),
        ("Authorization: bearer  {t}", ["bearer_prefix"]),
        ("{t}\n", ["whitespace"]),
        ("  {t}", ["whitespace"]),
        ('"{t}"\r\n', ["whitespace", "quoted"]),
        ("%22{t}%22", ["url_encoded", "quoted"]),
        ("Token: {t}", ["bearer_prefix"]),
        ("Bearer: '{t}'", ["bearer_prefix", "quoted"]),
        ("<AccessToken {t}>", ["object_text"]),
        ("b'{t}'", ["bytes_literal"]),
        ("\ufeff{t}", ["bom"]),
        ('\ufeff{{"token":"{t}"}}', ["bom", "json_wrapper"]),
        ("token={t}&ttl=5", ["url_encoded"]),
        ("<html><body>{t}</body></html>", ["markup"]),
        ("('{t}',)", ["quoted", "surrounded"]),
        ("\u2018{t}\u2019", ["quoted"]),
        (
            'HTTP/2 200 \ncontent-type: application/json\n\n{{"token": "{t}"}}',
            ["http_answer", "json_wrapper"],
        ),
        ("https://example.com/cb#access_token={t}&token_type=bearer", ["url"]),
        (
            'TWILSOCK V3.0 500\r\n{{"id":"TM1","method":"init","token":"{t}","payload_size":0}}\r\n',
            ["init_packet"],
        ),
    ],
)
def test_token_with_something_around_it_is_denied_but_its_checks_go_on(
    world: World, wrapped: str, notes: list[str]
):
    report = world.examine(wrapped.format(t=world.token()))
    assert (report.verdict, report.code, report.cause) == ("denied", 20101, "not_a_jwt")
    assert (report.notes, report.input) == (notes, "access_token")
    assert report.claims.identity == "alice"
    assert [line.id for line in report.checks if line.verdict == "fail"] == ["not_a_jwt"]
    assert report.summary.endswith(" The token inside has no other fault.")


def test_token_broken_over_lines_is_white_space(world: World):
    token = world.token()
    report = world.examine("\n".join(token[at : at + 64] for at in range(0, len(token), 64)))
    assert (report.notes, report.claims.identity) == (["whitespace"], "alice")


def test_fault_of_the_token_inside_is_told_too(world: World):
    report = world.examine(json.dumps({"token": craft(world, exp=NOW_S - 60)}))
    assert report.cause == "not_a_jwt"
    assert report.summary == (
        "The text is JSON, not the token itself. "
        "The token inside has another fault: the token expired 1 min ago."
    )
    assert "parse the answer" in report.fix


def test_page_of_a_megabyte_with_a_token_in_it_is_too_large_yet_examined(world: World):
    page = f"<html>{'ey' * 500_000}<p>{world.token()}</p></html>"
    report = world.examine(page)
    assert (report.code, report.cause, report.notes) == (20101, "too_large", ["markup"])


@pytest.mark.parametrize(
    ("text", "kind", "notes"),
    [
        ("", "nothing", []),
        (" \n", "nothing", []),
        ("<!doctype html><p>502</p>", "markup", ["markup"]),
        ('{"error": "denied"}', "json", ["json_without_token"]),
        ('{"token": null}', "json", ["json_without_token", "unset_variable"]),
        ('{"data": {"accessToken": "undefined"}}', "json", ["json_without_token", "unset_variable"]),
        ('{"jwt": "[object Promise]"}', "json", ["json_without_token", "object_text"]),
        ('[{"token": null}]', "json", ["json_without_token", "unset_variable"]),
        ('{"next_page_token": null}', "json", ["json_without_token"]),
        ('{"token": ""}', "json", ["json_without_token"]),
        (".".join((part(header(alg="dir")), "", "AAAA", "BBBB", "CCCC")), "text", []),
        (".".join((part(header(alg="dir", enc="A256GCM")), "", "AAAA", "BBBB", "CCCC")), "jwe", ["jwe"]),
        ("SK" + "0" * 32, "sid", ["sid_as_token"]),
        ("0123456789abcdef0123456789abcdef", "text", ["secret_as_token"]),
        ("undefined", "text", ["unset_variable"]),
        ('"undefined"', "text", ["quoted", "unset_variable"]),
        ("Bearer [object Object]", "text", ["bearer_prefix", "object_text"]),
        ("hello", "text", []),
        ("aGVsbG8gd29ybGQhIQ==", "text", []),
        ("INVALID_GRANT", "text", []),
        ("<your-access-token>", "text", ["placeholder"]),
        ("\u2039your token\u203a", "text", ["placeholder"]),
        ("<html>", "markup", ["markup"]),
        ("[]", "json", ["json_without_token"]),
        ("a\0b\0c\0d\0", "text", ["utf16_text"]),
        ("HTTP/1.1 404 Not Found\r\n\r\n<h1>404</h1>", "markup", ["http_answer", "markup"]),
    ],
)
def test_text_without_a_token_is_recognised(world: World, text: str, kind: str, notes: list[str]):
    report = world.examine(text)
    assert (report.input, report.notes, report.code) == (kind, notes, 20101)


def test_jwts_of_other_kinds_are_recognised(world: World):
    capability = sign(
        {"alg": "HS256", "typ": "JWT"}, {"iss": world.account_sid, "scope": "scope:client:incoming"}, "x"
    )
    validation = (
        f"{part({'alg': 'RS256', 'typ': 'JWT', 'cty': 'twilio-pkrv;v=1', 'kid': 'CR1'})}.{part({})}.AAAA"
    )
    plain = sign({"alg": "HS256", "typ": "JWT"}, {}, "x")
    for token, kind, cause in (
        (capability, "capability_token", "not_access_token"),
        (validation, "client_validation_token", "algorithm"),
        (plain, "jwt", "not_access_token"),
    ):
        report = world.examine(token)
        assert (report.input, report.code, report.cause) == (kind, 20102, cause)


# What signed it


def everybody(sid: str) -> bool:
    return True


def test_usual_mistakes_with_secrets_are_named_to_whom_may_see_the_account(world: World):
    account = world.directory.account(world.account_sid)
    assert account is not None
    secret = world.key.secret
    for wrong, note in (
        (world.auth_token, "auth_token_as_secret"),
        (world.vault.open(account.test_sid, account.test_token), "auth_token_as_secret"),
        (secret + "\n", "secret_whitespace"),
        (secret + "\r\n", "secret_whitespace"),
        (" " + secret, "secret_whitespace"),
        (world.key.key_sid, "sid_as_secret"),
        (world.account_sid, "sid_as_secret"),
        (f'"{secret}"', "quoted_secret"),
        ("\ufeff" + secret, "bom"),
        ("something else", None),
    ):
        token = world.token(key=SigningKey(world.account_sid, world.key.key_sid, wrong))
        for may_see in (everybody, lambda sid: sid == world.account_sid):
            report = world.examine(token, may_see=may_see)
            assert (report.code, report.cause, report.notes) == (20107, "signature", [note] if note else [])
        for options in ({}, {"may_see": lambda sid: sid != world.account_sid}):
            assert world.examine(token, **options).notes == []


FORMS: dict[str, list[str]] = {
    "'{}'\n": ["quoted_secret", "secret_whitespace"],
    "'{}\n'": ["quoted_secret", "secret_whitespace"],
    ' "{}"': ["quoted_secret", "secret_whitespace"],
    "{}\u00a0": ["secret_whitespace"],
    "{};": ["wrapped_secret"],
    '"{}",': ["wrapped_secret", "quoted_secret"],
    'API_SECRET="{}"': ["wrapped_secret", "quoted_secret"],
    'b"{}"': ["bytes_literal"],
    "\ufeff{}\r\n": ["bom", "secret_whitespace"],
}
"""What a secret is made into, and what that is called whosever secret it is."""


@pytest.mark.parametrize("form", FORMS)
def test_secret_is_recognised_in_every_form_and_whosever_it_is(world: World, form: str):
    other = world.another_key()
    for secret, whose in (
        (world.key.secret, []),
        (world.auth_token, ["auth_token_as_secret"]),
        (other.secret, ["other_key_secret"]),
    ):
        signer = SigningKey(world.account_sid, world.key.key_sid, form.format(secret))
        report = world.examine(world.token(key=signer), may_see=everybody)
        assert report.notes == [*whose, *FORMS[form]]
        assert secret not in msgspec.json.encode(report).decode()


def test_secret_is_recognised_where_base64_was_made_of_a_line(world: World):
    line = base64.b64encode(f"{world.key.secret}\n".encode()).decode()
    token = world.token(key=SigningKey(world.account_sid, world.key.key_sid, line))
    assert world.examine(token, may_see=everybody).notes == ["base64_secret", "secret_whitespace"]


def test_utf_16_is_called_a_byte_order_mark_only_with_one(world: World):
    signed = world.token().rpartition(".")[0]
    for encoding, note in (("utf-16-le", "utf16_secret"), ("utf-16", "bom")):
        signature = base64url(mac(world.key.secret.encode(encoding), signed.encode(), "HS256"))
        assert world.examine(f"{signed}.{signature}", may_see=everybody).notes == [note]


def test_key_is_named_where_its_signature_has_another_fault_too(world: World):
    other = world.another_key()
    token = world.token(key=SigningKey(world.account_sid, world.key.key_sid, f"'{other.secret}'\n"))
    assert world.examine(token, may_see=everybody).summary.endswith(
        f"another key of the account. The key that signed it is {other.key_sid}."
    )
    signed, _, signature = token.rpartition(".")
    in_hex = base64.urlsafe_b64decode(signature + "=").hex()
    report = world.examine(f"{signed}.{in_hex}", may_see=everybody)
    assert report.notes == ["hex_signature", "other_key_secret", "quoted_secret", "secret_whitespace"]
    assert report.summary == (
        f"The signature is written in hexadecimal digits. The key that signed it is {other.key_sid}."
    )


@pytest.mark.parametrize("thorough", [True, False])
@pytest.mark.parametrize("length", [0, 5000])
def test_refusal_that_nothing_explains_tries_so_many_secrets(
    world: World, monkeypatch: pytest.MonkeyPatch, length: int, thorough: bool
):
    """Anybody can send such tokens: of long ones fewer are tried, and in a flood only what is likely."""
    for _ in range(30):
        world.another_key()
    signed = craft(world, head={"alg": "HS512"}, jti="j" * length).rpartition(".")[0]
    refusal: Any = world.verify(f"{signed}.{base64url(b's' * 64)}")
    tried: list[bytes] = []

    def never(secret: bytes, text: bytes, algorithm: str) -> bytes:
        tried.append(secret)
        return b""

    monkeypatch.setattr(jws, "mac", never)
    assert refusal.report(thorough=thorough).notes == []
    most = 100 if not thorough else 1000 if length == 0 else 2**21 // length
    assert most / 2 < len(tried) <= most + 3  # the signature itself is looked at as well


def test_report_of_a_refusal_is_the_operators(world: World):
    token = world.token(key=SigningKey(world.account_sid, world.key.key_sid, world.auth_token))
    refusal: Any = world.verify(token)
    assert refusal.report(thorough=True) == world.examine(token, may_see=everybody)
    assert refusal.report(thorough=True).summary == "The token is signed with the account's Auth Token."


# What is wrong with a time


@pytest.mark.parametrize(
    ("times", "cause", "notes"),
    [
        ({"exp": (NOW_S + 3600) * 1000}, "lifetime_too_long", ["milliseconds"]),
        ({"iat": NOW_S * 1000, "exp": (NOW_S + 3600) * 1000}, "not_yet_valid", ["milliseconds"]),
        ({"exp": (NOW_S + 3600) * 1_000_000}, "lifetime_too_long", ["microseconds"]),
        ({"exp": (NOW_S + 3600) * 1_000_000_000}, "time_invalid", ["nanoseconds"]),
        ({"exp": 86_400}, "expired", ["duration"]),
        ({"iat": NOW_S, "exp": 3600}, "expired", ["duration"]),
        ({"exp": 0}, "expired", []),
        ({"exp": NOW_S + 30 * 86_400}, "lifetime_too_long", []),
        ({"exp": -3600}, "time_invalid", ["negative"]),
        ({"exp": "soon"}, "time_invalid", []),
        ({"iat": NOW_S + 7200, "exp": NOW_S + 10_800}, "not_yet_valid", ["time_zone"]),
        ({"iat": NOW_S + 19_800 - 119, "exp": NOW_S + 30_000}, "not_yet_valid", ["time_zone"]),
        ({"nbf": NOW_S - 36_000 + 100, "exp": NOW_S - 32_400}, "expired", ["time_zone"]),
        ({"iat": NOW_S + 1800, "exp": NOW_S + 5400}, "not_yet_valid", []),
        ({"iat": NOW_S + 1800, "exp": NOW_S + 600}, "not_yet_valid", ["exp_before_iat"]),
        ({"nbf": NOW_S - 60, "exp": NOW_S - 60}, "expired", ["exp_before_iat"]),
        ({"exp": NOW_S + 86_400 + 19_800}, "lifetime_too_long", ["time_zone"]),
        ({"iat": NOW_S, "exp": NOW_S + 86_400 + 19_800}, "lifetime_too_long", []),
        ({"exp": str(NOW_S + 3600)}, "time_invalid", []),
        ({"iat": NOW_S + 7200 + 121, "exp": NOW_S + 10_800}, "not_yet_valid", []),
        ({"iat": NOW_S - 7200, "exp": NOW_S + 3600}, None, []),
    ],
)
def test_notes_on_times_explain_a_failure_of_a_time(
    world: World, times: dict[str, Any], cause: str | None, notes: list[str]
):
    report = world.examine(craft(world, **times))
    assert (report.cause, report.notes) == (cause, notes)


def test_fix_speaks_of_milliseconds_and_zones_where_they_explain_it(world: World):
    assert "milliseconds" in world.examine(craft(world, exp=(NOW_S + 3600) * 1000)).fix
    assert "nanoseconds" in world.examine(craft(world, exp=(NOW_S + 3600) * 10**9)).fix
    assert "time zone" in world.examine(craft(world, iat=NOW_S + 7200)).fix
    never = world.examine(craft(world, iat=NOW_S, exp=NOW_S - 60))
    assert "never be valid" in never.summary
    assert "iat plus" in never.fix
    assert "refresh" in world.examine(craft(world, iat=NOW_S - 3700, exp=NOW_S - 100)).fix


# What stands in a claim by accident


def test_a_time_that_is_a_text_is_told_as_one(world: World):
    assert world.examine(craft(world, exp=str(NOW_S + 3600))).summary == (
        f'The token does not say when it expires: exp is the text "{NOW_S + 3600}", not a number.'
    )
    assert "nbf is a text, not a number" in world.examine(craft(world, nbf="now")).summary


def test_identity_outside_of_the_grants_is_found(world: World):
    report = world.examine(craft(world, identity="alice", grants=grants(world, identity=ABSENT)))
    assert (report.cause, "there is one outside of grants" in report.summary) == ("identity_missing", True)
    inside = {"data_sync": {"service_sid": "default", "identity": "alice"}, "identity": ABSENT}
    assert (
        "there is one inside data_sync" in world.examine(craft(world, grants=grants(world, **inside))).summary
    )


def test_grant_outside_of_the_grants_and_misspelt_service_are_found(world: World):
    outside = world.examine(craft(world, grants=ABSENT, data_sync={"service_sid": "default"}))
    assert (outside.cause, "data_sync outside of grants" in outside.summary) == ("grants_missing", True)
    misspelt = world.examine(craft(world, grants=grants(world, data_sync={"serviceSid": "default"})))
    assert (misspelt.cause, "there is serviceSid" in misspelt.summary) == ("service_missing", True)


@pytest.mark.parametrize(
    ("grant", "notes"),
    [
        ({"identity": "undefined"}, ["unset_variable"]),
        ({"identity": "None"}, ["unset_variable"]),
        ({"identity": "[object Object]"}, ["object_text"]),
        ({"identity": "<identity>"}, ["placeholder"]),
        ({"chat": {"service_sid": "default", "push_credential_sid": "kkk"}}, ["placeholder"]),
        ({"chat": {"service_sid": "default", "deployment_role_sid": "null"}}, ["unset_variable"]),
        ({"chat": {"service_sid": "default", "endpoint_id": "app:alice:undefined"}}, ["unset_variable"]),
        ({"chat": {"service_sid": "default", "push_credential_sid": "CR" + "1" * 32}}, []),
        ({"identity": "nobody@example.com"}, []),
        ({"identity": "my-user_here"}, []),
        ({"identity": "TWILIO_USER"}, []),
        ({"identity": "alice\n"}, ["claim_whitespace"]),
        ({"identity": " "}, ["claim_whitespace"]),
        ({"identity": "alice\u200b"}, ["claim_whitespace"]),
        ({"identity": "al\nice"}, ["claim_whitespace"]),
        ({"identity": "b'alice'"}, ["bytes_literal"]),
        ({"identity": "[B@1b6d3586"}, ["bytes_literal"]),
        ({"identity": "[object Uint8Array]"}, ["bytes_literal"]),
        ({"identity": "0123456789abcdef0123456789abcdef"}, []),
        ({"identity": '"alice"'}, ["quoted_claim"]),
        ({"identity": "\u2018alice\u2019\n"}, ["claim_whitespace", "quoted_claim"]),
        ({"chat": {"service_sid": "default", "endpoint_id": "b'phone'"}}, ["bytes_literal"]),
        ({"identity": "Alice B. (work) [x]"}, []),
        ({"identity": "O'Brien"}, []),
        ({"identity": "\U0001f469\u200d\U0001f680"}, []),
    ],
)
def test_text_by_accident_is_noted_on_a_token_that_is_accepted(
    world: World, grant: dict[str, Any], notes: list[str]
):
    token = craft(world, grants=grants(world, **grant))
    report = world.examine(token)
    assert (report.verdict, report.notes) == ("accepted", notes)
    world.accepted(token)


def test_text_by_accident_is_noted_on_a_refusal_too(world: World):
    refusal: Any = world.verify(craft(world, exp=NOW_S - 60, grants=grants(world, identity='"alice"\n')))
    report = refusal.report(thorough=True)
    assert (report.cause, report.notes) == ("expired", ["claim_whitespace", "quoted_claim"])


def test_text_by_accident_explains_only_the_claim_that_it_stands_in(world: World):
    for wrong in ({"iss": world.account_sid}, {"sub": "nobody"}):
        report = world.examine(craft(world, **wrong, grants=grants(world, identity="b'alice'")))
        assert report.notes == ["bytes_literal"]
        assert "Give the helper library" in report.fix
    service = {"data_sync": {"service_sid": "MG" + "0" * 32}}
    report = world.examine(craft(world, grants=grants(world, identity="[object Object]", **service)))
    assert (report.cause, report.notes) == ("service_invalid", ["object_text"])
    assert "it starts with IS" in report.fix


@pytest.mark.parametrize(
    "value",
    [
        "<your-twilio-api-key-sid>",
        "YOUR_API_KEY_SID",
        "SKxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "TWILIO_API_KEY",
    ],
)
def test_placeholder_is_told_and_not_repeated(world: World, value: str):
    report = world.examine(craft(world, iss=value))
    assert (report.cause, report.notes) == ("issuer_invalid", ["placeholder"])
    assert "looks like a placeholder" in report.summary
    assert value not in repr(report)


def test_blanks_around_a_sid_are_told(world: World):
    report = world.examine(craft(world, iss=f" {world.key.key_sid}"))
    assert "with blanks in it" in report.summary


def test_key_that_signed_in_place_of_the_one_named_is_named(world: World):
    other = world.another_key()
    token = world.token(key=SigningKey(world.account_sid, world.key.key_sid, other.secret))
    report = world.examine(token, may_see=everybody)
    assert report.notes == ["other_key_secret"]
    assert report.summary.endswith(f"another key of the account. The key that signed it is {other.key_sid}.")
    _, foreign = world.another_account()
    token = world.token(key=SigningKey(world.account_sid, world.key.key_sid, foreign.secret))
    assert world.examine(token, may_see=everybody).notes == []


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_recoded_secrets_and_signatures_are_recognised_with_every_algorithm(world: World, algorithm: str):
    secret = world.key.secret.encode()
    signed = craft(world, head={"alg": algorithm}).rpartition(".")[0]

    def examined(signature: str) -> list[str]:
        return world.examine(f"{signed}.{signature}", may_see=everybody).notes

    for wrong in (
        base64.b64decode(secret),
        base64.urlsafe_b64decode(secret),
        bytes.fromhex(secret.decode()),
        base64.b64encode(secret),
    ):
        assert examined(base64url(mac(wrong, signed.encode(), algorithm))) == ["base64_secret"]
    assert examined(mac(secret, signed.encode(), algorithm).hex()) == ["hex_signature"]
    quoted = mac(b"'" + secret + b"'", signed.encode(), algorithm).hex().upper()
    for written in (quoted, base64url(quoted.encode())):
        assert examined(written) == ["hex_signature", "quoted_secret"]


# What must not be told


def secrets_of(world: World) -> list[str]:
    account = get_account(world.tx, world.account_sid)
    return [world.key.secret, world.auth_token, world.vault.open(account.test_sid, account.test_token)]


def test_report_repeats_no_pasted_text_no_signature_and_no_secret(world: World):
    secrets = secrets_of(world)
    deleted = world.another_key()
    world(delete_key, world.account_sid, deleted.key_sid)
    pasted = [
        *secrets,
        world.token(),
        f'{{"token": "{world.token()}", "secret": "{world.key.secret}"}}',
        quote(f'"{world.key.secret}"'),
        world.token(key=deleted),
        craft(world, iss=world.key.secret, sub=world.auth_token, twr=world.key.secret),
        craft(world, head={"cty": world.key.secret}),
        craft(
            world,
            grants=grants(world, data_sync={"service_sid": world.key.secret}, voice={"p": world.auth_token}),
        ),
        craft(world, grants={world.auth_token: {}, "chat": {"endpoint_id": world.auth_token}}),
        craft(world, exp=world.auth_token, jti=world.auth_token, custom=world.auth_token),
        sign(header(), claims(world), world.auth_token),
    ]
    for text in pasted:
        told = msgspec.json.encode(world.examine(text, may_see=everybody)).decode()
        assert text not in told
        assert text.rpartition(".")[2] not in told or "." not in text
        assert not any(secret in told for secret in secrets)


@given(st.binary(max_size=60))
def test_report_of_any_bytes_is_json(raw: bytes):
    report = UNCHANGING.examine(raw.decode("latin-1"))
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


def test_claims_are_shown_as_far_as_they_are_harmless(world: World):
    token = craft(
        world,
        iss="x" * 40,
        sub=ABSENT,
        nbf="yesterday",
        grants={
            "identity": "i" * 300,
            "voice": {"params": {"pin": "1234"}},
            "chat": {"service_sid": "default"},
            "V!": {},
        },
    )
    assert world.examine(token).claims == Claims(
        iss="a text of 40 characters",
        identity="i" * 256,
        grants={"voice": {}, "chat": {"service_sid": "default"}},
        exp=NOW_S + 3600,
    )


def test_of_many_grants_a_few_are_named_and_those_that_count_among_them(world: World):
    named = {f"g_{'abcdefghij'[n % 10]}{'abcdefghij'[n // 10]}": {} for n in range(100)}
    report = world.examine(craft(world, grants={**named, **grants(world)}))
    assert report.claims.grants is not None
    assert len(report.claims.grants) == GRANTS_MAX
    assert "data_sync" in report.claims.grants
