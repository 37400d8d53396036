"""Which accounts and keys a REST request may be about (`protocol/rest.md`, Credentials).

Those of the caller's account and, where it came with the Auth Token or a Main key, of the subaccounts below.
What lies outside is not found, whether it exists or not: nobody learns which SIDs other accounts have.
"""

from tsock.accounts.principal import Principal
from tsock.accounts.records import Account, ApiKey
from tsock.accounts.tables import find, newest
from tsock.errors import ApiError, not_found
from tsock.storage.keyset import Cursor, Slice
from tsock.storage.store import Tx


def account_in_scope(tx: Tx, principal: Principal, sid: str) -> Account:
    """The account.

    Raises:
        ApiError: 404/20404, there is none that the principal may see.
    """
    account = find(tx, Account, sid)
    if account is None or not _sees(principal, account):
        raise _not_found("account", sid)
    return account


def accounts_in_scope(
    tx: Tx, principal: Principal, place: Cursor, size: int, *, friendly_name: str | None, status: str | None
) -> tuple[list[Account], Slice]:
    """A page of the accounts that the principal may see, the newest first.

    Args:
        tx: the transaction.
        principal: who asks.
        place: where the page begins.
        size: its most records.
        friendly_name: only accounts with exactly this name.
        status: only accounts with this status of their own.
    """
    is_family = principal.administers and principal.account.owner_sid is None
    conditions = ["coalesce(owner_sid, sid) = :account" if is_family else "sid = :account"]
    if friendly_name is not None:
        conditions.append("friendly_name = :friendly_name")
    if status is not None:
        conditions.append("status = :status")
    return newest(
        tx,
        Account,
        " AND ".join(conditions),
        place,
        size,
        account=principal.account.sid,
        friendly_name=friendly_name,
        status=status,
    )


def key_in_scope(tx: Tx, principal: Principal, sid: str) -> ApiKey:
    """The key, which is in use.

    Raises:
        ApiError: 404/20404, there is none that the principal may see.
    """
    key = find(tx, ApiKey, sid)
    account = None if key is None or key.revoked_ms is not None else find(tx, Account, key.account_sid)
    if key is None or account is None or not _sees(principal, account):
        raise _not_found("key", sid)
    return key


def _sees(principal: Principal, account: Account) -> bool:
    own = principal.account.sid
    return account.sid == own or (principal.administers and account.owner_sid == own)


def _not_found(what: str, sid: str) -> ApiError:
    return not_found(
        f"these credentials see no {what} {sid[:64]}",
    )
