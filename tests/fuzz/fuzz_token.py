"""Fuzzes the examiner: whatever is given for a token is judged, never an exception, and by both ways alike.

The first byte of an input chooses the form of the rest. It is the text itself; or header and claims with a
line break between them, which are then encoded and signed as they should be, since no mutation gets a
signature right.
"""

import base64
import hmac
from typing import Any

from tests.fuzz.engine import fuzz, instrumented

with instrumented("tsock.tokens"):
    import msgspec

    from tests.support.world import World
    from tsock.accounts.caller import CHAT, SYNC, Caller
    from tsock.tokens.examiner import Examiner
    from tsock.tokens.jws import HASHES

SIGNED = 0x80
ALGORITHMS = (*HASHES, "none")
REGISTERED = ((), (SYNC,), (CHAT,), ("notifications", SYNC))

WORLD = World()
EXAMINER = Examiner(WORLD.directory, WORLD.settings)
ACCOUNT, KEY = WORLD.key.account_sid, WORLD.key.key_sid
SECRETS = (WORLD.key.secret, WORLD.auth_token)


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _seeds() -> list[bytes]:
    token = WORLD.token()
    texts = [
        token,
        f"Bearer {token}",
        f'{{"token":"{token}"}}',
        f'"{token}"',
        f"<html><body>{token}</body></html>",
        "[object Object]",
        "a.b.c.d.e",
        KEY,
    ]
    head = {"alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1"}
    sync = {"identity": "alice", "data_sync": {"service_sid": "default"}}
    both = {**sync, "chat": {"service_sid": WORLD.chat_sid, "endpoint_id": "e", "push_credential_sid": "CR1"}}
    now_s = WORLD.now_s
    claims = {"jti": f"{KEY}-{now_s}", "iss": KEY, "sub": ACCOUNT, "exp": now_s + 3600}
    parts = [
        (head, {**claims, "grants": sync}),
        (head, {**claims, "nbf": now_s, "iat": now_s, "grants": both}),
        (
            {**head, "twr": "us1", "kid": "x"},
            {**claims, "grants": {"ip_messaging": {"service_sid": "default"}}},
        ),
        ({"typ": "JWT", "alg": "HS512"}, {**claims, "scope": "scope:client:outgoing", "grants": {}}),
    ]
    seeds = [b"\x00" + text.encode() for text in texts]
    return seeds + [bytes([SIGNED | n]) + _json(h) + b"\n" + _json(c) for n, (h, c) in enumerate(parts)]


SEEDS = _seeds()
"""What people give for a token."""


def one_input(data: bytes) -> None:
    """Judges one text as the gateway and as the doctor would."""
    choice, rest = (data[0], data[1:]) if data else (0, b"")
    text = signed(choice, rest) if choice & SIGNED else rest.decode("utf-8", "replace")
    registered = REGISTERED[choice >> 2 & 3]
    verdict = EXAMINER.verify(text, WORLD.now_ms, registered=registered)
    open_report = EXAMINER.examine(text, WORLD.now_ms, registered=registered, may_see=lambda sid: True)
    closed_report = EXAMINER.examine(text, WORLD.now_ms, registered=registered)
    for report in (open_report, closed_report):
        if isinstance(verdict, Caller):
            assert (report.verdict, report.code, report.cause) == ("accepted", None, None)
        else:
            assert (report.verdict, report.code, report.cause) == ("denied", verdict.code, verdict.cause)
        written = _json(report).decode()
        assert not any(secret in written for secret in SECRETS)
    if not isinstance(verdict, Caller):
        assert verdict.title
        if verdict.cause != "too_large":  # of that, the gateway looks no further
            assert _json(verdict.report(thorough=True)) == _json(open_report)
    elif SYNC in verdict.products:
        assert WORLD.directory.permits(verdict)


def signed(choice: int, parts: bytes) -> str:
    """A token that says what the input says, with the signature it should have."""
    head, _, claims = parts.partition(b"\n")
    algorithm = ALGORITHMS[choice & 3]
    said = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (head, claims))
    if algorithm not in HASHES:
        return said.decode() + "."
    mac = hmac.digest(WORLD.key.secret.encode(), said, HASHES[algorithm][0])
    return f"{said.decode()}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


if __name__ == "__main__":
    fuzz(one_input, SEEDS)
