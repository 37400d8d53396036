"""Rules of accounts and subaccounts (`protocol/rest.md`, Accounts)."""

from typing import get_args

import msgspec
from msgspec.structs import replace

from tsock.accounts import webhook_urls
from tsock.accounts.caller import CHAT, SYNC
from tsock.accounts.principal import Author
from tsock.accounts.records import Account, AccountStatus
from tsock.accounts.secrets import Vault
from tsock.accounts.services import ensure_default
from tsock.accounts.tables import begin_change, find, newest, save
from tsock.clock import iso_ms, minute
from tsock.errors import ApiError, not_found
from tsock.ids import Ids
from tsock.settings import Settings
from tsock.storage.keyset import Cursor, Slice
from tsock.storage.store import Tx
from tsock.storage.texts import NUL, measured

NAME_CHARS_MAX = 64
DEBUGGER_URL_CHARS_MAX = 512


class Credentials(msgspec.Struct, frozen=True):
    """Live and test credentials of an account, in plain text."""

    sid: str
    auth_token: str
    test_sid: str
    test_token: str

    def __repr__(self) -> str:
        return f"Credentials({self.sid})"


def draw_credentials(ids: Tx | Ids) -> Credentials:
    """Fresh credentials."""
    return Credentials(ids.sid("AC"), ids.secret(), ids.sid("AC"), ids.secret())


def get_account(tx: Tx, sid: str) -> Account:
    """The account.

    Raises:
        ApiError: 404/20404, there is none.
    """
    account = find(tx, Account, sid)
    if account is None:
        raise not_found(f"there is no account {sid[:64]}")
    return account


def create_account(tx: Tx, vault: Vault, friendly_name: str | None = None, *, by: Author) -> Account:
    """A new main account with its default services; its Auth Token is `vault.open(sid, auth_token)`.

    Raises:
        ApiError: 400/20002, the name is empty or too long.
    """
    begin_change(tx)
    name = _checked_name(friendly_name, f"Account created at {iso_ms(tx.date_ms)}")
    return _create(tx, vault, name, None, by)


def create_subaccount(
    tx: Tx,
    vault: Vault,
    settings: Settings,
    owner_sid: str,
    friendly_name: str | None = None,
    *,
    by: Author,
) -> Account:
    """A new subaccount with an Auth Token and default services of its own.

    Raises:
        ApiError: 404/20404, no such owner; 403/20005, the owner is not active; 403/20006, the owner is a
            subaccount itself; 403/21480, it has too many; 400/20002, the name is empty or too long.
    """
    begin_change(tx)
    owner = get_account(tx, owner_sid)
    if owner.owner_sid is not None:
        raise ApiError(403, 20006, "Access Denied: a subaccount cannot have subaccounts")
    if owner.status != "active":
        raise ApiError(403, 20005, f"Account not active: {owner_sid} is {owner.status}")
    below = tx.one(
        "SELECT count(*) FROM accounts WHERE owner_sid = :owner AND status <> 'closed'", {"owner": owner_sid}
    )
    highest = settings.subaccounts_per_account_max
    if below is not None and below[0] >= highest:
        raise ApiError(
            403,
            21480,
            f"Reached maximum number of subaccounts: {owner_sid} has {highest} that are not closed "
            "(subaccounts_per_account_max)",
        )
    name = _checked_name(friendly_name, f"SubAccount Created at {minute(tx.date_ms)}")
    return _create(tx, vault, name, owner_sid, by)


def insert_account(
    tx: Tx,
    vault: Vault,
    credentials: Credentials,
    friendly_name: str,
    owner_sid: str | None = None,
    *,
    by: Author,
) -> Account:
    """Write a new, active account with these credentials; its default services are yet to be made."""
    account = Account(
        sid=credentials.sid,
        owner_sid=owner_sid,
        friendly_name=friendly_name,
        status="active",
        auth_token=vault.seal(credentials.sid, credentials.auth_token),
        test_sid=credentials.test_sid,
        test_token=vault.seal(credentials.test_sid, credentials.test_token),
        created_ms=tx.date_ms,
        updated_ms=tx.date_ms,
    )
    return save(tx, account, by)


def rename_account(tx: Tx, sid: str, friendly_name: str, *, by: Author) -> Account:
    """Give the account another name.

    Raises:
        ApiError: 404/20404, no such account; 400/20002, the name is empty or too long.
    """
    begin_change(tx)
    account = get_account(tx, sid)
    name = _checked_name(friendly_name, "")
    return save(tx, replace(account, friendly_name=name, updated_ms=tx.date_ms), by)


def set_status(tx: Tx, sid: str, status: str, *, by: Author) -> Account:
    """Suspend, reactivate or close any account, as an operator may.

    Raises:
        ApiError: 404/20404, no such account; 400/21475, no such status; 400/21479, the account is closed, and
            closed is final.
    """
    begin_change(tx)
    checked = _checked_status(status)
    return _with_status(tx, get_account(tx, sid), checked, by=by, by_operator=checked == "suspended")


def set_subaccount_status(tx: Tx, owner_sid: str, sid: str, status: str, *, by: Author) -> Account:
    """Suspend, reactivate or close a subaccount, as its owner may.

    Args:
        tx: the transaction.
        owner_sid: the account that asks for it.
        sid: the account that is to change.
        status: the new status.
        by: who asks for it.

    Raises:
        ApiError: 404/20404, no such account; 400/21475, no such status; 400/21477, this is no subaccount;
            403/20006, it is one, but not of `owner_sid`; 400/21479, it is closed, and closed is final;
            403/21476, the owner is not active; 403/21478, an operator suspended it.
    """
    begin_change(tx)
    account, checked = get_account(tx, sid), _checked_status(status)
    if account.owner_sid is None:
        raise ApiError(
            400, 21477, "Unable to update Status for parent accounts: only an operator can do that"
        )
    if account.owner_sid != owner_sid:
        raise ApiError(
            403, 20006, "Access Denied: only its parent account changes the Status of a subaccount"
        )
    owner = get_account(tx, owner_sid)
    if owner.status != "active":
        raise ApiError(
            403, 21476, f"Unable to update Status for subaccount, parent account is {owner.status}"
        )
    if account.suspended_by_operator:
        raise ApiError(
            403,
            21478,
            "Unable to update Status for subaccount, subaccount has been suspended by the operator of this "
            "server, who alone can lift that",
        )
    return _with_status(tx, account, checked, by=by, by_operator=False)


def rotate_auth_token(tx: Tx, vault: Vault, sid: str, *, by: Author) -> str:
    """Replace the Auth Token at once; answers the new one. A secondary one, keys and Access Tokens go on.

    Raises:
        ApiError: 404/20404, no such account.
    """
    begin_change(tx)
    account = get_account(tx, sid)
    auth_token = tx.secret()
    save(tx, replace(account, auth_token=vault.seal(sid, auth_token), updated_ms=tx.date_ms), by)
    return auth_token


def create_secondary_token(tx: Tx, vault: Vault, sid: str, *, by: Author) -> tuple[Account, str]:
    """A second Auth Token, which holds beside the first for all but signatures, and that token.

    Raises:
        ApiError: 404/20404, no such account; 400/70002, it has one.
    """
    begin_change(tx)
    account = get_account(tx, sid)
    if account.secondary_token is not None:
        raise ApiError(
            400, 70002, "Bad request: there is a secondary Auth Token already; promote it or delete it first"
        )
    auth_token = tx.secret()
    sealed = vault.seal(sid, auth_token)
    changed = replace(account, secondary_token=sealed, secondary_ms=tx.date_ms, updated_ms=tx.date_ms)
    return save(tx, changed, by), auth_token


def promote_secondary_token(tx: Tx, sid: str, *, by: Author) -> tuple[Account, Account]:
    """Put the second Auth Token in the place of the first, which is refused from now on.

    Answers the account as it was and as it is.

    Raises:
        ApiError: 404/20404, no such account, or it has no second Auth Token.
    """
    begin_change(tx)
    account, sealed = _with_secondary(tx, sid)
    changed = replace(
        account, auth_token=sealed, secondary_token=None, secondary_ms=None, updated_ms=tx.date_ms
    )
    return account, save(tx, changed, by)


def delete_secondary_token(tx: Tx, sid: str, *, by: Author) -> Account:
    """Take the second Auth Token away; only the first holds.

    Raises:
        ApiError: 404/20404, no such account, or it has no second Auth Token.
    """
    begin_change(tx)
    account, _ = _with_secondary(tx, sid)
    return save(tx, replace(account, secondary_token=None, secondary_ms=None, updated_ms=tx.date_ms), by)


def _with_secondary(tx: Tx, sid: str) -> tuple[Account, str]:
    account = get_account(tx, sid)
    if account.secondary_token is None:
        raise not_found(f"{sid} has no secondary Auth Token")
    return account, account.secondary_token


def set_debugger_url(tx: Tx, vault: Vault, sid: str, url: str | None, *, by: Author) -> Account:
    """Say where the account's alerts are sent as they happen; None for nowhere.

    Raises:
        ApiError: 404/20404, no such account; 400/11321, this is no URL.
    """
    begin_change(tx)
    account = get_account(tx, sid)
    try:
        kept = None if url is None else webhook_urls.checked(vault, sid, url, DEBUGGER_URL_CHARS_MAX)
    except ValueError as flaw:
        raise ApiError(400, 11321, f"Misconfigured webhook: {flaw}") from None
    return save(tx, replace(account, debugger_url=kept, updated_ms=tx.date_ms), by)


def list_accounts(tx: Tx, place: Cursor, size: int) -> tuple[list[Account], Slice]:
    """A page of all accounts, subaccounts and closed ones too, the newest first."""
    return newest(tx, Account, "TRUE", place, size)


def list_subaccounts(tx: Tx, owner_sid: str, place: Cursor, size: int) -> tuple[list[Account], Slice]:
    """A page of the subaccounts of an account, closed ones too, the newest first."""
    return newest(tx, Account, "owner_sid = :owner", place, size, owner=owner_sid)


def _create(tx: Tx, vault: Vault, friendly_name: str, owner_sid: str | None, by: Author) -> Account:
    account = insert_account(tx, vault, draw_credentials(tx), friendly_name, owner_sid, by=by)
    for product in (SYNC, CHAT):
        ensure_default(tx, account.sid, product, by=by)
    return account


def _checked_status(status: str) -> AccountStatus:
    for known in get_args(AccountStatus):
        if status == known:
            return known
    raise ApiError(
        400,
        21475,
        f"Unable to update Status, invalid Status: expected active, suspended or closed, not {status[:32]!r}",
    )


def _with_status(
    tx: Tx, account: Account, status: AccountStatus, *, by: Author, by_operator: bool
) -> Account:
    if account.status == "closed":
        raise ApiError(
            400,
            21479,
            "Unable to update Status for subaccount, subaccount has been closed: that is final, "
            "create another one",
        )
    changed = replace(account, status=status, suspended_by_operator=by_operator, updated_ms=tx.date_ms)
    return save(tx, changed, by)


def _checked_name(name: str | None, default: str) -> str:
    if name is None:
        return default
    if not name.strip() or len(name) > NAME_CHARS_MAX or NUL in name:
        raise ApiError(
            400,
            20002,
            f"Invalid FriendlyName: expected 1 to {NAME_CHARS_MAX} characters, not {measured(name)}",
        )
    return name
