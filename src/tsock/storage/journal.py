"""Tables that grow at one end and are trimmed at the other: numbered within each account, newest kept.

Each has the columns `sid`, `account_sid`, `number` and `at_ms`, with indexes on (`account_sid`, `number`) and
on `at_ms`. Numbers make it cheap to know how many an account has, so that none pushes out what is another's.
"""

from tsock.storage.store import Tx


def next_number(tx: Tx, table: str, account_sid: str) -> int:
    """The number of the account's next row."""
    row = tx.one(f"SELECT max(number) FROM {table} WHERE account_sid = :account", {"account": account_sid})
    return 1 if row is None or row[0] is None else row[0] + 1


def forget_before(tx: Tx, table: str, before_ms: int, limit: int) -> bool:
    """Delete up to `limit` rows from before that time, the oldest first; whether more are."""
    oldest = f"SELECT sid FROM {table} WHERE at_ms < :before ORDER BY at_ms LIMIT :limit"
    return (
        tx.run(f"DELETE FROM {table} WHERE sid IN ({oldest})", {"before": before_ms, "limit": limit}) == limit
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
    last = next_number(tx, table, account_sid) - 1 - kept
    oldest = f"SELECT sid FROM {table} WHERE account_sid = :account AND number <= :last LIMIT :limit"
    params = {"account": account_sid, "last": last, "limit": limit}
    return after if tx.run(f"DELETE FROM {table} WHERE sid IN ({oldest})", params) == limit else account_sid
