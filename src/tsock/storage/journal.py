"""Tables that grow at one end and are trimmed at the other: numbered within each account, newest kept.

Each has the columns `sid`, `account_sid`, `number` and `at_ms`, with indexes on (`account_sid`, `number`) and
on `at_ms`. Numbers make it cheap to know how many an account has, so that none pushes out what is another's.
"""

from typing import Any

import msgspec

from tsock.storage.store import Tx

_TIMES = {"from_ms": "at_ms >= :from_ms", "until_ms": "at_ms <= :until_ms"}


def selected(account_sid: str, wanted: msgspec.Struct) -> tuple[str, dict[str, Any]]:
    """The condition under which a row of the account is wanted, and its parameters.

    Each field of `wanted` that is not None names a column and its value; `from_ms` and `until_ms` are the
    first and the last moment.
    """
    asked = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not None}
    conditions = ["account_sid = :account_sid", *(_TIMES.get(name, f"{name} = :{name}") for name in asked)]
    return " AND ".join(conditions), {"account_sid": account_sid, **asked}


def next_number(tx: Tx, table: str, account_sid: str) -> int:
    """The number of the account's next row, which nobody else is given meanwhile."""
    tx.lock(f"{table} {account_sid}")
    return _newest(tx, table, account_sid) + 1


def forget_before(tx: Tx, table: str, before_ms: int, limit: int) -> bool:
    """Delete up to `limit` rows from before that time, the oldest first; whether more are."""
    oldest = f"SELECT sid FROM {table} WHERE at_ms < :before ORDER BY at_ms LIMIT :limit"
    return (
        tx.count(f"DELETE FROM {table} WHERE sid IN ({oldest})", {"before": before_ms, "limit": limit})
        == limit
    )


def forget_beyond(tx: Tx, table: str, kept: int, limit: int, after: str) -> str | None:
    """Of the account that follows `after`, delete up to `limit` rows beyond the `kept` newest.

    Returns:
        where to go on: the account, or `after` when it has more to delete; None behind the last account.
    """
    row = tx.one(f"SELECT min(account_sid) FROM {table} WHERE account_sid > :after", {"after": after})
    if row is None or row[0] is None:
        return None
    account_sid: str = row[0]
    last = _newest(tx, table, account_sid) - kept
    oldest = f"SELECT sid FROM {table} WHERE account_sid = :account AND number <= :last LIMIT :limit"
    params = {"account": account_sid, "last": last, "limit": limit}
    return after if tx.count(f"DELETE FROM {table} WHERE sid IN ({oldest})", params) == limit else account_sid


def _newest(tx: Tx, table: str, account_sid: str) -> int:
    row = tx.one(f"SELECT max(number) FROM {table} WHERE account_sid = :account", {"account": account_sid})
    return 0 if row is None or row[0] is None else row[0]
