"""What a restricted key may do: a list of permissions such as `/twilio/sync/documents/read`."""

import functools

import msgspec

ENTRIES_MAX = 100
ENTRY_CHARS_MAX = 200


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As it is written in JSON."""

    allow: tuple[str, ...]


def parse(text: str) -> Policy | None:
    """The policy, None unless it is one of at most `ENTRIES_MAX` permissions.

    A permission need not be one that a route asks for: policies are also written for products that are not
    served here.
    """
    try:
        policy = msgspec.json.decode(text, type=Policy)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    well_formed = len(policy.allow) <= ENTRIES_MAX and all(map(_is_permission, policy.allow))
    return policy if well_formed else None


def allows(text: str, permission: str) -> bool:
    """Whether the policy lists the permission."""
    return permission in _permissions(text)


def _is_permission(entry: str) -> bool:
    return entry.startswith("/") and len(entry) <= ENTRY_CHARS_MAX


def is_within(text: str, own: str) -> bool:
    """Whether a policy lists nothing that `own` does not; a malformed one lists nothing."""
    return _permissions(text) <= _permissions(own)


@functools.lru_cache(maxsize=1024)
def _permissions(text: str) -> frozenset[str]:
    policy = parse(text)
    return frozenset(policy.allow) if policy else frozenset()
