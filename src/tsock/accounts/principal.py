"""Who a REST request speaks for, and who stands behind a change."""

from typing import Literal

import msgspec

from tsock.accounts.records import Account, ApiKey


class Author(msgspec.Struct, frozen=True, gc=False):
    """Who caused a change of accounts, keys or services, as the audit events tell it."""

    sid: str | None
    """The account whose credential was used; None for whoever runs the installation."""
    kind: Literal["account", "operator"]
    source: Literal["api", "twilio"]
    """`api` for REST; `twilio`, the platform itself, for the command line."""
    address: str | None = None
    """IP address the request came from."""


OPERATOR = Author(sid=None, kind="operator", source="twilio")
"""The command line, and the server itself."""


class Principal(msgspec.Struct, frozen=True, gc=False):
    """An account, by its Auth Token or by one of its keys."""

    account: Account
    key: ApiKey | None
    """None for the Auth Token."""
    address: str
    """IP address the request came from."""

    @property
    def administers(self) -> bool:
        """Whether accounts and keys are its business: the Auth Token's and a main key's."""
        return self.key is None or self.key.kind == "main"

    @property
    def author(self) -> Author:
        """Who is recorded behind what it changes."""
        return Author(self.account.sid, "account", "api", self.address)
