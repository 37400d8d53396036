"""What a restricted key may do: a list of permissions such as `/twilio/sync/documents/read`."""

import functools

import msgspec

from tsock.accounts import permissions
from tsock.misread import UNREADABLE

ENTRIES_MAX = 100
ENTRY_CHARS_MAX = 200


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As it is written in JSON."""

    allow: tuple[str, ...]


def parse(text: str) -> Policy | None:
    """The policy, None unless it is one of at most `ENTRIES_MAX` entries, whatever these name."""
    try:
        policy = msgspec.json.decode(text, type=Policy)
    except UNREADABLE:
        return None
    well_formed = len(policy.allow) <= ENTRIES_MAX and all(
        len(entry) <= ENTRY_CHARS_MAX for entry in policy.allow
    )
    return policy if well_formed else None


def flaw(text: str) -> str | None:
    """Why the policy may not be given to a key, in a sentence; None if it may."""
    policy = parse(text)
    if policy is not None:
        return next(filter(None, map(permissions.unknown, policy.allow)), None)
    return (
        'expected a Policy like {"allow": ["/twilio/sync/documents/read"]} of at most '
        f"{ENTRIES_MAX} permissions, each of at most {ENTRY_CHARS_MAX} characters"
    )


def allows(text: str, permission: str) -> bool:
    """Whether the policy lists the permission."""
    return permission in _permissions(text)


def is_within(text: str, own: str) -> bool:
    """Whether a policy lists nothing that `own` does not; a malformed one lists nothing."""
    return _permissions(text) <= _permissions(own)


@functools.lru_cache(maxsize=1024)
def _permissions(text: str) -> frozenset[str]:
    policy = parse(text)
    return frozenset(policy.allow) if policy else frozenset()
