"""Tokens that no builder would make."""

import base64
import hashlib
import hmac
import json
from typing import Any

from tests.support.world import World


class Absent:
    """Marks a member that is left out."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Any = Absent()
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def part(value: Any) -> str:
    """Base64url of bytes, text or anything JSON."""
    if not isinstance(value, str | bytes):
        value = json.dumps(value, separators=(",", ":"))
    raw = value.encode() if isinstance(value, str) else value
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def sign(header: Any, payload: Any, secret: str | bytes, algorithm: str = "HS256") -> str:
    signed = f"{part(header)}.{part(payload)}"
    key = secret.encode() if isinstance(secret, str) else secret
    return f"{signed}.{part(hmac.digest(key, signed.encode(), HASHES[algorithm]))}"


def header(**changes: Any) -> dict[str, Any]:
    return _merged({"alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1"}, changes)


def claims(world: World, **changes: Any) -> dict[str, Any]:
    whole = {
        "jti": f"{world.key.key_sid}-{world.now_s}",
        "iss": world.key.key_sid,
        "sub": world.key.account_sid,
        "exp": world.now_s + 3600,
        "grants": {"identity": "alice", "data_sync": {"service_sid": world.sync_sid}},
    }
    return _merged(whole, changes)


def craft(world: World, *, head: Any = None, **changes: Any) -> str:
    """A good token but for `changes` of its claims and `head` of its header."""
    head = header(**(head or {}))
    algorithm = head.get("alg")
    known = algorithm if isinstance(algorithm, str) and algorithm in HASHES else "HS256"
    return sign(head, claims(world, **changes), world.key.secret, known)


def grants(world: World, **changes: Any) -> dict[str, Any]:
    return _merged({"identity": "alice", "data_sync": {"service_sid": world.sync_sid}}, changes)


def _merged(whole: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**whole, **changes}
    return {name: value for name, value in merged.items() if value is not ABSENT}
