"""How many accounts and keys there are."""

from typing import Annotated

from tsock.settings.limit import Limit
from tsock.settings.tokens import TokenSettings


class AccountSettings(TokenSettings, frozen=True, kw_only=True):
    """Accounts."""

    subaccounts_per_account_max: Annotated[int, Limit(code=21480, low=0)] = 1_000
    """Subaccounts of one account, closed ones not counted."""
    keys_per_account_max: Annotated[int, Limit(code=70151, low=1)] = 1_000
    """API keys of one account, deleted ones not counted."""
