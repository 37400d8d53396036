"""Rules of API keys (`protocol/rest.md`, Keys)."""

import msgspec
from msgspec.structs import replace

from tsock.accounts import policies
from tsock.accounts.accounts import NAME_CHARS_MAX, get_account
from tsock.accounts.principal import Author
from tsock.accounts.records import ApiKey, KeyKind
from tsock.accounts.secrets import Vault
from tsock.accounts.tables import begin_change, find, newest, save
from tsock.errors import ApiError, not_found
from tsock.settings import Settings
from tsock.storage.keyset import Cursor, Slice
from tsock.storage.store import Tx
from tsock.storage.texts import NUL, measured


class SigningKey(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """What signs Access Tokens: an account, one of its API keys, and the key's secret."""

    account_sid: str
    key_sid: str
    secret: str

    def __repr__(self) -> str:
        return f"SigningKey({self.account_sid}, {self.key_sid})"


def create_key(
    tx: Tx,
    vault: Vault,
    settings: Settings,
    account_sid: str,
    *,
    kind: KeyKind = "standard",
    friendly_name: str = "",
    policy: str | None = None,
    by: Author,
) -> tuple[ApiKey, str]:
    """A new key, and its secret, which is never shown again.

    Args:
        tx: the transaction.
        vault: seals the secret.
        settings: name the region it is valid in, and how many keys an account may have.
        account_sid: the account it belongs to.
        kind: main and standard keys sign Access Tokens, restricted ones only do what their policy allows.
        friendly_name: at most `NAME_CHARS_MAX` characters.
        policy: JSON `{"allow": ["/twilio/…", …]}` of a restricted key, and of no other.
        by: who asks for it.

    Raises:
        ApiError: 404/20404, no such account; 403/20005, it is closed; 400/20002, the name is too long;
            400/70001, the policy is missing, out of place, malformed or lists what there is not; 400/70151,
            the account has too many keys.
    """
    begin_change(tx)
    if get_account(tx, account_sid).status == "closed":
        raise ApiError(403, 20005, f"Account not active: {account_sid} is closed, and that is final")
    count = tx.one(
        "SELECT count(*) FROM api_keys WHERE account_sid = :account AND revoked_ms IS NULL",
        {"account": account_sid},
    )
    highest = settings.keys_per_account_max
    if count is not None and count[0] >= highest:
        raise ApiError(
            400,
            70151,
            f"Maximum Number Of API Keys Exceeded: {account_sid} has {highest} (keys_per_account_max); "
            "delete one first",
        )
    _check_kind(kind, policy)
    _check(friendly_name, policy)
    sid, secret = tx.sid("SK"), tx.secret()
    key = ApiKey(
        sid=sid,
        account_sid=account_sid,
        kind=kind,
        friendly_name=friendly_name,
        secret=vault.seal(sid, secret),
        region=settings.region,
        policy=policy,
        created_ms=tx.date_ms,
        updated_ms=tx.date_ms,
    )
    return save(tx, key, by), secret


def get_key(tx: Tx, account_sid: str, sid: str) -> ApiKey:
    """A key of the account that is in use.

    Raises:
        ApiError: 404/20404, there is none.
    """
    key = find(tx, ApiKey, sid)
    if key is None or key.account_sid != account_sid or key.revoked_ms is not None:
        raise not_found(f"{account_sid} has no key {sid[:64]}")
    return key


def list_keys(tx: Tx, account_sid: str, place: Cursor, size: int) -> tuple[list[ApiKey], Slice]:
    """A page of the keys of an account that are in use, the newest first."""
    where = "account_sid = :account AND revoked_ms IS NULL"
    return newest(tx, ApiKey, where, place, size, account=account_sid)


def update_key(
    tx: Tx,
    account_sid: str,
    sid: str,
    *,
    friendly_name: str | None = None,
    policy: str | None = None,
    by: Author,
) -> ApiKey:
    """Give the key another name, or a restricted one another policy; what is None stays as it is.

    Raises:
        ApiError: 404/20404, no such key; 400/20002, the name is too long; 400/70001, the policy is malformed
            or names no permission, or the key is not restricted.
    """
    begin_change(tx)
    key = get_key(tx, account_sid, sid)
    changed = replace(
        key,
        friendly_name=key.friendly_name if friendly_name is None else friendly_name,
        policy=key.policy if policy is None else policy,
        updated_ms=tx.date_ms,
    )
    _check_kind(changed.kind, changed.policy)
    _check(changed.friendly_name, policy)
    return save(tx, changed, by)


def delete_key(tx: Tx, account_sid: str, sid: str, *, by: Author) -> ApiKey:
    """Revoke the key: what it signed is refused from now on, and open connections end.

    Raises:
        ApiError: 404/20404, no such key.
    """
    begin_change(tx)
    key = get_key(tx, account_sid, sid)
    return save(tx, replace(key, revoked_ms=tx.date_ms, updated_ms=tx.date_ms), by)


def _check_kind(kind: KeyKind, policy: str | None) -> None:
    if (kind == "restricted") != (policy is not None):
        raise ApiError(
            400, 70001, "Validation Failed: a restricted key needs a Policy, and no other key has one"
        )


def _check(friendly_name: str, policy: str | None) -> None:
    if len(friendly_name) > NAME_CHARS_MAX or NUL in friendly_name:
        raise ApiError(
            400,
            20002,
            f"Invalid FriendlyName: expected at most {NAME_CHARS_MAX} characters, "
            f"not {measured(friendly_name)}",
        )
    flaw = None if policy is None else policies.flaw(policy)
    if flaw is not None:
        raise ApiError(400, 70001, f"Validation Failed: {flaw}")
