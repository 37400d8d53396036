"""Which accounts a question about records is confined to, in SQL."""

from collections.abc import Collection
from typing import Any


def among(accounts: Collection[str] | None) -> tuple[str, dict[str, Any]]:
    """A condition on the column `account_sid`, and its parameters; None for all, and for what is of none."""
    if accounts is None:
        return "1 = 1", {}
    if not accounts:
        return "1 = 0", {}
    params = {f"account{number}": sid for number, sid in enumerate(sorted(accounts))}
    return f"account_sid IN ({', '.join(f':{name}' for name in params)})", params
