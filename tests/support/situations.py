"""What can be wrong with a token: for each check and each note of the doctor, texts that meet it.

Every situation is a function that makes the text, and whatever else it needs, in a world.
"""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from tests.support.craft import ABSENT, claims, craft, grants, header, part, sign
from tests.support.world import NOW_S, World
from tsock.accounts.accounts import get_account, set_status
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.keys import SigningKey, delete_key
from tsock.accounts.revocations import revoke_identity, revoke_issued_before, revoke_token
from tsock.accounts.services import delete_service
from tsock.sync.services import ServiceOptions, update_service
from tsock.tokens.jws import base64url, mac

Situation = Callable[[World], str]

NOWHERE = "0" * 31 + "9"
LIFE_MS = 86_460_000


def plain(text: str) -> Situation:
    """A text that is the same in every world."""
    return lambda world: text


def wrong(**changes: Any) -> Situation:
    """A good token but for these claims."""
    return lambda world: craft(world, **changes)


def headed(**changes: Any) -> Situation:
    """A good token but for these fields of its header."""
    return lambda world: craft(world, head=changes)


def granting(**changes: Any) -> Situation:
    """A good token but for these grants."""
    return lambda world: craft(world, grants=grants(world, **changes))


def around(form: str) -> Situation:
    """A good token, passed with something around it."""
    return lambda world: form.replace("TOKEN", world.token())


def after(rule: Callable[..., Any], *arguments: Callable[[World], Any], **named: Any) -> Situation:
    """A token that was good until then."""

    def situation(world: World) -> str:
        token = world.token()
        world(rule, *(argument(world) for argument in arguments), **named)
        return token

    return situation


def signed_with(secret: Callable[[World], str]) -> Situation:
    """A good token signed with something else."""
    return lambda world: world.token(key=replace(world.key, secret=secret(world)))


def account(world: World) -> str:
    return world.account_sid


def secret_of_test_credentials(world: World) -> str:
    found = get_account(world.tx, world.account_sid)
    return world.vault.open(found.test_sid, found.test_token)


# Keys and accounts that do not belong together


def _mixed(world: World, account_sid: str, key: SigningKey) -> str:
    return world.token(key=SigningKey(account_sid, key.key_sid, key.secret))


def key_of_the_parent(world: World) -> str:
    return _mixed(world, world.subaccount()[0].sid, world.key)


def key_of_a_subaccount(world: World) -> str:
    return _mixed(world, world.account_sid, world.subaccount()[1])


def key_of_a_stranger(world: World) -> str:
    return _mixed(world, world.account_sid, world.another_account()[1])


def key_of_another_region(world: World) -> str:
    local = world.settings
    world.settings = msgspec.structs.replace(local, region="ie1")
    key = world.another_key()
    world.settings = local
    return world.token(key=key)


def restricted_key(world: World) -> str:
    return world.token(key=world.another_key(kind="restricted", policy='{"allow": []}'))


def sid_of_test_credentials(world: World) -> str:
    return craft(world, sub=get_account(world.tx, world.account_sid).test_sid)


def owner_suspended(world: World) -> str:
    token = world.token(key=world.subaccount()[1], products={SYNC: "default"})
    world(set_status, world.account_sid, "suspended")
    return token


# Services


def service_deleted(world: World) -> str:
    sid = world.another_service()
    world(delete_service, world.account_sid, SYNC, sid)
    return world.token(products={SYNC: sid})


def service_disabled(world: World) -> str:
    world(update_service, world.vault, world.account_sid, SYNC, world.sync_sid, ServiceOptions(enabled=False))
    return world.token()


def service_of_a_stranger(world: World) -> str:
    return world.token(products={CHAT: world.another_service(CHAT, world.another_account()[0].sid)})


def two_services(world: World) -> str:
    named = {"chat": world.chat_sid, "ip_messaging": world.another_service(CHAT)}
    return craft(
        world, grants={"identity": "a", **{name: {"service_sid": sid} for name, sid in named.items()}}
    )


def token_revoked(world: World) -> str:
    token = world.token()
    digest = hashlib.sha256(token.encode()).hexdigest()
    world(revoke_token, world.account_sid, digest, life_ms=LIFE_MS)
    return token


CAPABILITY = sign(
    {"alg": "HS256", "typ": "JWT"}, {"iss": "AC" + NOWHERE, "scope": "scope:client:incoming"}, "x"
)

CHECKS: dict[tuple[str, int], dict[str, Situation]] = {
    ("empty", 20101): {"nothing": plain(""), "white space": plain(" \t\n")},
    ("too_large", 20101): {
        "a long text": plain("x" * 8193),
        "a large header": headed(x="y" * 500),
        "a large payload": wrong(x="y" * 6144),
    },
    ("not_a_jwt", 20101): {
        "an unset variable": plain("undefined"),
        "a promise": plain("[object Promise]"),
        "an object": plain("[object Object]"),
        "JSON": around('{"token": "TOKEN"}'),
        "quotes": around('"TOKEN"'),
        "a Bearer prefix": around("Bearer TOKEN"),
        "an error page": plain("<!doctype html><h1>502 Bad Gateway</h1>"),
        "a key twice": lambda world: sign(header(), b'{"a":1,"a":2}', world.key.secret),
    },
    ("algorithm", 20102): {
        "none": lambda world: f"{part(header(alg='none'))}.{part(claims(world))}.",
        "RS256": headed(alg="RS256"),
        "a missing one": headed(alg=ABSENT),
    },
    ("type", 20102): {"another": headed(typ="jwt"), "crit": headed(crit=["exp"])},
    ("not_access_token", 20102): {"no cty": headed(cty=ABSENT), "a capability token": plain(CAPABILITY)},
    ("issuer_invalid", 20103): {"an account": wrong(iss="AC" + NOWHERE), "nothing": wrong(iss=ABSENT)},
    ("account_invalid", 20103): {"a key": wrong(sub="SK" + NOWHERE), "nothing": wrong(sub=ABSENT)},
    ("account_unknown", 20103): {"an account of elsewhere": wrong(sub="AC" + NOWHERE)},
    ("test_credentials", 20103): {"their SID": sid_of_test_credentials},
    ("account_inactive", 20103): {
        "suspended": after(set_status, account, plain("suspended")),
        "closed": after(set_status, account, plain("closed")),
        "its owner suspended": owner_suspended,
    },
    ("key_unknown", 20103): {"a key of elsewhere": wrong(iss="SK" + NOWHERE)},
    ("key_revoked", 20103): {"deleted": after(delete_key, account, lambda world: world.key.key_sid)},
    ("key_other_account", 20103): {
        "of the parent": key_of_the_parent,
        "of a subaccount": key_of_a_subaccount,
        "of a stranger": key_of_a_stranger,
    },
    ("key_restricted", 20103): {"a restricted key": restricted_key},
    ("region", 20103): {"of the token": headed(twr="ie1"), "of the key": key_of_another_region},
    ("signature", 20107): {
        "another key's secret": signed_with(lambda world: world.another_key().secret),
        "the Auth Token": signed_with(lambda world: world.auth_token),
        "no secret": signed_with(plain("")),
        "none at all": lambda world: world.token().rpartition(".")[0] + ".",
    },
    ("time_invalid", 20104): {"no exp": wrong(exp=ABSENT), "a text": wrong(exp="1700003600")},
    ("expired", 20104): {"a minute ago": wrong(exp=NOW_S - 60), "this very moment": wrong(exp=NOW_S)},
    ("time_invalid", 20105): {"nbf": wrong(nbf="soon"), "iat": wrong(iat=-5)},
    ("not_yet_valid", 20105): {"nbf": wrong(nbf=NOW_S + 61), "iat": wrong(iat=NOW_S + 61)},
    ("lifetime_too_long", 20157): {"two days": wrong(exp=NOW_S + 172_800)},
    ("grants_missing", 20106): {
        "none": wrong(grants=ABSENT),
        "a text": granting(data_sync="default"),
        "U+0000": granting(data_sync={"service_sid": "default", "endpoint_id": "a\0b"}),
    },
    ("identity_invalid", 20106): {"a number": granting(identity=7), "U+0000": granting(identity="a\0b")},
    ("identity_missing", 51105): {"none": granting(identity=ABSENT), "empty": granting(identity="")},
    ("identity_invalid", 51003): {"too long": granting(identity="a" * 257)},
    ("identity_invalid", 51004): {
        "endpoint_id": granting(data_sync={"service_sid": "default", "endpoint_id": "e" * 257})
    },
    ("grant_missing", 51103): {
        "none of a served product": granting(data_sync=ABSENT, video={"room": "r"}),
        "not the SDK's, which is Conversations'": granting(),
    },
    ("service_missing", 51104): {
        "none": granting(data_sync={}),
        "empty": granting(data_sync={"service_sid": ""}),
    },
    ("service_invalid", 51101): {"a messaging service": granting(data_sync={"service_sid": "MG" + NOWHERE})},
    ("service_invalid", 51106): {
        "Sync's in the ChatGrant": lambda world: world.token(products={CHAT: world.sync_sid}),
        "Conversations' in the SyncGrant": lambda world: world.token(products={SYNC: world.chat_sid}),
    },
    ("service_unknown", 51101): {
        "of elsewhere": granting(data_sync={"service_sid": "IS" + NOWHERE}),
        "deleted": service_deleted,
    },
    ("service_other_account", 51101): {"of a stranger": service_of_a_stranger},
    ("service_invalid", 51110): {"two for one product": two_services},
    ("service_invalid", 51108): {"disabled": service_disabled},
    ("revoked", 51215): {
        "the token": token_revoked,
        "the identity": after(revoke_identity, account, plain("alice"), life_ms=LIFE_MS),
        "all before now": after(revoke_issued_before, account, lambda world: NOW_S + 1, life_ms=LIFE_MS),
    },
}  # fmt: skip
"""By the id and the code of a check, which is the first to fail in each of its situations."""

REGISTERED = {"not the SDK's, which is Conversations'": (CHAT,)}
"""Situations in which the client registers for a product."""


def padded(part: str) -> str:
    """A part of a token in standard Base64."""
    return base64.b64encode(base64.urlsafe_b64decode(part + "==")).decode()


def _basic(name: str, password: str) -> str:
    return base64.b64encode(f"{name}:{password}".encode()).decode()


def _signed_by(world: World, secret: bytes) -> str:
    """A good token, signed with bytes that need not be text."""
    signed = world.token().rpartition(".")[0]
    return f"{signed}.{base64url(mac(secret, signed.encode(), 'HS256'))}"


def signed_in_hex(world: World) -> str:
    """A good token, but for how its signature is written."""
    signed, _, signature = world.token().rpartition(".")
    return f"{signed}.{base64.urlsafe_b64decode(signature + '==').hex()}"


def signed_in_hex_text(world: World) -> str:
    """The same, and those digits encoded as a signature's bytes are."""
    signed, _, signature = world.token().rpartition(".")
    return f"{signed}.{base64url(base64.urlsafe_b64decode(signature + '==').hex().encode())}"


NOTES: dict[str, dict[str, Situation]] = {
    "json_wrapper": {
        "an answer": around('{"token": "TOKEN"}'),
        "a list": around('["TOKEN"]'),
        "loose": around("{token: 'TOKEN'}"),
    },
    "json_without_token": {
        "an error": plain('{"error": "not found"}'),
        "an empty list": plain("[]"),
        "cut off": plain('{"error": "not'),
        "another field": plain('{"token": 7, "status": "ok"}'),
    },
    "utf16_text": {
        "of PowerShell": lambda w: f"{w.token()}\r\n".encode("utf-16").decode(errors="replace"),
        "big end first": lambda w: f"{w.token()}\r\n".encode("utf-16-be").decode(),
        "read as Latin-1": lambda w: w.token().encode("utf-16").decode("latin-1"),
        "marked": lambda w: "\ufeff" + w.token().encode("utf-16-le").decode(),
    },
    "quoted": {
        "double": around('"TOKEN"'),
        "single": around("'TOKEN'"),
        "back": around("`TOKEN`"),
        "curly": around("\u201cTOKEN\u201d"),
        "angle": around("<TOKEN>"),
        "bracket": around("[TOKEN]"),
    },
    "bearer_prefix": {
        "short": around("Bearer TOKEN"),
        "a header": around("Authorization: bearer  TOKEN"),
        "another word": around("Token: TOKEN"),
    },
    "whitespace": {
        "behind": around("TOKEN\n"),
        "before": around("  TOKEN"),
        "inside": lambda w: w.token()[:64] + "\n" + w.token()[64:],
        "of no width": around("\u200bTOKEN"),
        "of no width, inside": lambda w: w.token()[:64] + "\u200b" + w.token()[64:],
    },
    "url_encoded": {
        "quotes": around("%22TOKEN%22"),
        "a parameter": around("token=TOKEN&ttl=5"),
        "a fragment": around("#access_token=TOKEN"),
    },
    "url": {
        "with the token": around("https://example.com/chat?token=TOKEN&room=1"),
        "of the endpoint": plain("https://example.com/token"),
    },
    "http_answer": {"as curl prints it": around("HTTP/1.1 200 OK\r\nX-A: b.c.d\r\n\r\nTOKEN")},
    "encoded_token": {
        "Base64": lambda world: base64.b64encode(world.token().encode()).decode(),
        "base64url": lambda world: base64url(world.token().encode()),
        "hexadecimal": lambda world: world.token().encode().hex(),
    },
    "surrounded": {
        "a full stop": around("TOKEN."),
        "a comma": around("TOKEN,"),
        "a dot before": around(".TOKEN"),
        "a shell": around("export JWT=TOKEN"),
        "a program": around('const token = "TOKEN";'),
        "JSONP": around('callback({"token": "TOKEN"});'),
        "another": around("alice,TOKEN,3600"),
        "itself": around("TOKENTOKEN"),
        "itself on two lines": around("TOKEN\nTOKEN"),
    },
    "markup": {
        "a page": around("<html><body>TOKEN</body></html>"),
        "an error page": plain("<!doctype html><p>502</p>"),
    },
    "init_packet": {
        "init": around('TWILSOCK V3.0 500\r\n{"method":"init","token":"TOKEN","payload_size":0}\r\n')
    },
    "jwe": {
        "five parts": plain(".".join((part(header(alg="dir", enc="A256GCM")), "", "AAAA", "BBBB", "CCCC")))
    },
    "bom": {"a file": around("\ufeffTOKEN"), "read otherwise": around("\u00ef\u00bb\u00bfTOKEN")},
    "object_text": {
        "a promise": plain("[object Promise]"),
        "an object": plain("[object Object]"),
        "of Python": around("<AccessToken TOKEN>"),
        "a coroutine": plain("<coroutine object token at 0x7f0c3b508050>"),
        "of Java": plain("com.twilio.jwt.accesstoken.AccessToken@6d06d69c"),
        "of C#": plain("System.Threading.Tasks.Task`1[System.String]"),
        "a key": wrong(iss="[object Object]"),
        "a service": granting(data_sync={"service_sid": "[object Object]"}),
    },
    "bytes_literal": {
        "of Python": around("b'TOKEN'"),
        "a secret": signed_with(lambda world: f"b'{world.key.secret}'"),
        "numbers": lambda world: ",".join(map(str, world.token().encode())),
        "a buffer": lambda world: f"<Buffer {world.token().encode().hex(' ')}>",
        "of Java": plain("[B@6d06d69c"),
        "a key": lambda world: craft(world, iss=f"b'{world.key.key_sid}'"),
        "an account": lambda world: craft(world, sub=f"b'{world.account_sid}'"),
        "a service": lambda world: craft(
            world, grants=grants(world, data_sync={"service_sid": f"b'{world.sync_sid}'"})
        ),
    },
    "padded_base64": {"standard": lambda world: ".".join(map(padded, world.token().split(".")))},
    "unset_variable": {
        "JavaScript": plain("undefined"),
        "Python": plain("None"),
        "a template": plain("{{ token }}"),
        "a service": granting(data_sync={"service_sid": "undefined"}),
    },
    "sid_as_token": {"account": account, "key": lambda world: world.key.key_sid},
    "secret_as_token": {
        "Auth Token": lambda world: world.auth_token,
        "a pair": lambda world: f"{world.key.key_sid}:{world.key.secret}",
        "a pair in Base64": lambda world: _basic(world.account_sid, world.auth_token),
        "HTTP Basic": lambda world: f"Basic {_basic(world.key.key_sid, world.key.secret)}",
        "a line": lambda world: f"TWILIO_AUTH_TOKEN={world.auth_token}",
    },
    "auth_token_as_secret": {
        "live": signed_with(lambda world: world.auth_token),
        "test": signed_with(secret_of_test_credentials),
    },
    "secret_whitespace": {
        "a line break": signed_with(lambda world: world.key.secret + "\n"),
        "a blank before": signed_with(lambda world: " " + world.key.secret),
        "of no width": signed_with(lambda world: world.key.secret + "\u200b"),
        "a direction before": signed_with(lambda world: "\u200e" + world.key.secret),
    },
    "sid_as_secret": {
        "key": signed_with(lambda world: world.key.key_sid),
        "account": signed_with(account),
        "a service of a grant": lambda world: world.token(
            products={SYNC: world.sync_sid}, key=replace(world.key, secret=world.sync_sid)
        ),
    },
    "other_key_secret": {"of the account": signed_with(lambda world: world.another_key().secret)},
    "quoted_secret": {
        "double": signed_with(lambda world: f'"{world.key.secret}"'),
        "single": signed_with(lambda world: f"'{world.key.secret}'"),
    },
    "base64_secret": {
        "encoded": signed_with(lambda world: base64.b64encode(world.key.secret.encode()).decode())
    },
    "wrapped_secret": {
        "its name": signed_with(lambda world: f"TWILIO_API_SECRET={world.key.secret}"),
        "its SID": signed_with(lambda world: f"{world.key.key_sid}:{world.key.secret}"),
        "a comma": signed_with(lambda world: f"{world.key.secret},"),
    },
    "cut_secret": {
        "its first character": signed_with(lambda world: world.key.secret[1:]),
        "its last character": signed_with(lambda world: world.key.secret[:-1]),
    },
    "sample_secret": {
        "of jwt.io": signed_with(plain("your-256-bit-secret")),
        "of jwt.io later": signed_with(plain("a-string-secret-at-least-256-bits-long")),
        "of documentation": signed_with(plain("your_api_key_secret")),
    },
    "secret_case": {"capitals": signed_with(lambda world: world.key.secret.upper())},
    "utf16_secret": {
        "little end first": lambda world: _signed_by(world, world.key.secret.encode("utf-16-le")),
        "big end first": lambda world: _signed_by(world, world.key.secret.encode("utf-16-be")),
    },
    "unset_secret": {
        "empty": signed_with(plain("")),
        "JavaScript": signed_with(plain("undefined")),
        "Python": signed_with(plain("None")),
        "JSON": signed_with(plain("null")),
        "a template": signed_with(plain("${TWILIO_API_SECRET}")),
    },
    "hex_signature": {"of the right secret": signed_in_hex, "of PHP": signed_in_hex_text},
    "swapped_sids": {"both": lambda world: craft(world, iss=world.account_sid, sub=world.key.key_sid)},
    "secret_as_sid": {
        "swapped": lambda world: sign(header(), claims(world, iss=world.key.secret), world.key.key_sid),
        "of the account": lambda world: craft(world, sub=world.auth_token),
    },
    "claim_whitespace": {
        "a line break": lambda world: craft(world, iss=f"{world.key.key_sid}\n"),
        "a blank": lambda world: craft(world, sub=f" {world.account_sid}"),
        "of a service": lambda world: craft(
            world, grants=grants(world, data_sync={"service_sid": f"{world.sync_sid}\u00a0"})
        ),
    },
    "quoted_claim": {"a key": lambda world: craft(world, iss=f'"{world.key.key_sid}"')},
    "placeholder": {
        "of a template": wrong(iss="<your-twilio-api-key-sid>"),
        "crosses": wrong(sub="AC" + "x" * 32),
        "a service": granting(data_sync={"service_sid": "ISxxxxxxxx"}),
        "a token in brackets": plain("<paste token here>"),
        "a token's name": plain("YOUR_ACCESS_TOKEN"),
        "words": plain("your-token-here"),
        "letters": plain("xxxxxxxx"),
        "one cut short": plain("eyJhbGciOi..."),
    },
    "milliseconds": {
        "exp": wrong(exp=(NOW_S + 3600) * 1000),
        "all of them": wrong(iat=NOW_S * 1000, nbf=NOW_S * 1000, exp=(NOW_S + 3600) * 1000),
    },
    "microseconds": {"exp": wrong(exp=(NOW_S + 3600) * 1_000_000)},
    "nanoseconds": {
        "exp": wrong(exp=(NOW_S + 3600) * 1_000_000_000),
        "all of them": wrong(iat=NOW_S * 10**9, nbf=NOW_S * 10**9, exp=(NOW_S + 3600) * 10**9),
    },
    "duration": {
        "an hour": wrong(exp=3600),
        "a day, with a start": wrong(iat=NOW_S, exp=86_400),
    },
    "negative": {"exp": wrong(exp=-3600), "nbf": wrong(nbf=-1)},
    "time_zone": {
        "two hours ahead": wrong(iat=NOW_S + 7200, exp=NOW_S + 10_800),
        "five and a half, by nbf": wrong(nbf=NOW_S + 19_800, exp=NOW_S + 23_400),
        "ten behind": wrong(iat=NOW_S - 36_000, exp=NOW_S - 32_400),
        "a day and a zone": wrong(exp=NOW_S + 86_400 + 19_800),
    },
    "exp_before_iat": {
        "iat": wrong(iat=NOW_S + 1800, exp=NOW_S + 600),
        "expired": wrong(iat=NOW_S - 60, exp=NOW_S - 60),
    },
}
"""By the note that each of the situations gets."""
