"""What an account has for its new conversations: timers, and what carries messages to those outside."""

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict

from tsock.conversations import states
from tsock.storage.store import Tx


class Defaults(msgspec.Struct, gc=False):
    """A row of `chat_accounts`; fields in the order of its columns."""

    account_sid: str
    messaging_service_sid: str | None = None
    inactive_after: str | None = None
    """ISO 8601 durations, as of a conversation."""
    closed_after: str | None = None


class DefaultsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be set; what is unset keeps its value, and an empty text takes it away."""

    messaging_service_sid: str | UnsetType = UNSET
    inactive_after: str | UnsetType = UNSET
    closed_after: str | UnsetType = UNSET


_COLUMNS = ", ".join(Defaults.__struct_fields__)
_GET = f"SELECT {_COLUMNS} FROM chat_accounts WHERE account_sid = :account_sid"
_SAVE = (
    f"INSERT INTO chat_accounts ({_COLUMNS}) VALUES (:account_sid, :messaging_service_sid, :inactive_after, "
    ":closed_after) ON CONFLICT (account_sid) DO UPDATE SET messaging_service_sid = :messaging_service_sid, "
    "inactive_after = :inactive_after, closed_after = :closed_after"
)


def of_account(tx: Tx, account_sid: str) -> Defaults:
    """Those of an account."""
    row = tx.one(_GET, {"account_sid": account_sid})
    return Defaults(account_sid) if row is None else Defaults(*row)


def update(tx: Tx, account_sid: str, change: DefaultsChange) -> Defaults:
    """Set what the change says.

    Raises:
        ApiError: 50375, 50376, 50379, 50380 bad timers.
    """
    tx.lock(f"chat_accounts {account_sid}")  # there may be no row yet
    known = of_account(tx, account_sid)
    if change.messaging_service_sid is not UNSET:
        known.messaging_service_sid = change.messaging_service_sid or None
    if change.inactive_after is not UNSET:
        known.inactive_after = states.checked_inactive(change.inactive_after)
    if change.closed_after is not UNSET:
        known.closed_after = states.checked_closed(change.closed_after)
    tx.run(_SAVE, asdict(known))
    return known
