"""Rules of API keys (`rest.md` 3, `tokens.md` 5)."""

import msgspec
from msgspec.structs import replace

from tsock.auth.accounts import NAME_CHARS_MAX, get_account
from tsock.auth.principal import Author
from tsock.auth.records import ApiKey, KeyKind
from tsock.auth.secrets import Vault
from tsock.auth.tables import find, page, save
from tsock.errors import ApiError
from tsock.storage.store import Tx

KEYS_MAX = 1000
"""Of one account, not counting deleted ones."""
POLICY_ENTRIES_MAX = 100


class _Policy(msgspec.Struct, forbid_unknown_fields=True):
    allow: list[str]


def create_key(
    tx: Tx,
    vault: Vault,
    account_sid: str,
    *,
    region: str,
    kind: KeyKind = "standard",
    friendly_name: str = "",
    policy: str | None = None,
    by: Author,
) -> tuple[ApiKey, str]:
    """A new key, and its secret, which is never shown again.

    Args:
        tx: the transaction.
        vault: seals the secret.
        account_sid: the account it belongs to.
        region: the one it is valid in.
        kind: main and standard keys sign Access Tokens, restricted ones only do what their policy allows.
        friendly_name: at most `NAME_CHARS_MAX` characters.
        policy: JSON `{"allow": ["/twilio/…", …]}` of a restricted key, and of no other.
        by: who asks for it.

    Raises:
        ApiError: 404/20404, no such account; 400/20002, the name is too long; 400/70001, the policy is
            missing, out of place or malformed; 400/70151, the account has too many keys.
    """
    get_account(tx, account_sid)
    count = tx.one(
        "SELECT count(*) FROM api_keys WHERE account_sid = :account AND revoked_ms IS NULL",
        {"account": account_sid},
    )
    if count is not None and count[0] >= KEYS_MAX:
        raise ApiError(400, 70151, f"Maximum Number Of API Keys Exceeded: {KEYS_MAX}; delete one first")
    _check(kind, friendly_name, policy)
    sid, secret = tx.sid("SK"), tx.secret()
    key = ApiKey(
        sid=sid,
        account_sid=account_sid,
        kind=kind,
        friendly_name=friendly_name,
        secret=vault.seal(sid, secret),
        region=region,
        policy=policy,
        created_ms=tx.now_ms,
        updated_ms=tx.now_ms,
    )
    return save(tx, key, by), secret


def get_key(tx: Tx, account_sid: str, sid: str) -> ApiKey:
    """A key of the account that is in use.

    Raises:
        ApiError: 404/20404, there is none.
    """
    key = find(tx, ApiKey, sid)
    if key is None or key.account_sid != account_sid or key.revoked_ms is not None:
        raise ApiError(404, 20404, f"The requested resource was not found: {account_sid} has no key {sid}")
    return key


def list_keys(tx: Tx, account_sid: str, *, after: str = "", limit: int) -> list[ApiKey]:
    """The keys of an account that are in use, in the order of their SIDs, from behind `after` on."""
    where = "account_sid = :account AND sid > :after AND revoked_ms IS NULL"
    return page(tx, ApiKey, where, limit, account=account_sid, after=after)


def delete_key(tx: Tx, account_sid: str, sid: str, *, by: Author) -> ApiKey:
    """Revoke the key: what it signed is refused from now on, and open connections end (`tokens.md` 8).

    Raises:
        ApiError: 404/20404, no such key.
    """
    key = get_key(tx, account_sid, sid)
    return save(tx, replace(key, revoked_ms=tx.now_ms, updated_ms=tx.now_ms), by)


def _check(kind: KeyKind, friendly_name: str, policy: str | None) -> None:
    if len(friendly_name) > NAME_CHARS_MAX:
        raise ApiError(
            400,
            20002,
            f"Invalid FriendlyName: expected at most {NAME_CHARS_MAX} characters, not {len(friendly_name)}",
        )
    if (kind == "restricted") != (policy is not None):
        raise ApiError(
            400, 70001, "Validation Failed: a restricted key needs a Policy, and no other key has one"
        )
    if policy is not None and not _is_policy(policy):
        raise ApiError(
            400,
            70001,
            'Validation Failed: expected a Policy like {"allow": ["/twilio/sync/documents/read"]} '
            f"of at most {POLICY_ENTRIES_MAX} entries",
        )


def _is_policy(text: str) -> bool:
    try:
        policy = msgspec.json.decode(text, type=_Policy)
    except (msgspec.MsgspecError, UnicodeError):
        return False
    return len(policy.allow) <= POLICY_ENTRIES_MAX and all(entry.startswith("/") for entry in policy.allow)
