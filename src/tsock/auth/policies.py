"""What a restricted key may do: a list of permissions such as `/twilio/sync/documents/read`."""

import functools

import msgspec

ENTRIES_MAX = 100


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As it is written in JSON."""

    allow: tuple[str, ...]


def parse(text: str) -> Policy | None:
    """The policy, None unless it is one of at most `ENTRIES_MAX` permissions."""
    try:
        policy = msgspec.json.decode(text, type=Policy)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    well_formed = len(policy.allow) <= ENTRIES_MAX and all(entry.startswith("/") for entry in policy.allow)
    return policy if well_formed else None


def allows(text: str, permission: str) -> bool:
    """Whether the policy lists the permission."""
    return permission in _permissions(text)


@functools.lru_cache(maxsize=1024)
def _permissions(text: str) -> frozenset[str]:
    policy = parse(text)
    return frozenset(policy.allow) if policy else frozenset()
