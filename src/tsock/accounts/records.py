"""What is known of accounts, API keys, services and revocations: one struct for each row.

A record is also the fact announced when it changes: rules emit the new record itself.
"""

from typing import Literal

from tsock.accounts.caller import Caller
from tsock.events import Change
from tsock.webhooks.targets import StoredUrl

AccountStatus = Literal["active", "suspended", "closed"]
KeyKind = Literal["main", "standard", "restricted"]


class Account(Change, frozen=True):
    """An account or, with an owner, a subaccount."""

    sid: str
    owner_sid: str | None
    """The account it is a subaccount of."""
    friendly_name: str
    status: AccountStatus
    """Its own; whether it may be used also depends on its owner (`Directory.status`)."""
    auth_token: str
    """Sealed."""
    test_sid: str
    """The user name of the test credentials, a SID of its own."""
    test_token: str
    """Sealed."""
    created_ms: int
    updated_ms: int
    debugger_url: StoredUrl | None = None
    """Is told of every alert of the account."""
    suspended_by_operator: bool = False
    """Whether it is suspended, and that by an operator: then its owner cannot lift it."""
    options: str = "{}"
    """What products have for the whole account: a JSON object, each member read by its product alone."""
    secondary_token: str | None = None
    """Sealed: a second Auth Token, which opens what the first does, and signs nothing."""
    secondary_ms: int | None = None
    """When that was made."""


class ApiKey(Change, frozen=True):
    """An API key; a deleted one stays on record."""

    sid: str
    account_sid: str
    kind: KeyKind
    friendly_name: str
    secret: str
    """Sealed."""
    region: str
    """The region it was created in, the only one it is valid in."""
    policy: str | None
    """What a restricted key may do, as JSON."""
    created_ms: int
    updated_ms: int
    revoked_ms: int | None = None
    """When it was deleted."""


class Service(Change, frozen=True):
    """A service of Sync or Conversations."""

    sid: str
    account_sid: str
    product: str
    """`data_sync` or `ip_messaging`."""
    unique_name: str | None
    """`default` for the account's default service of the product."""
    friendly_name: str | None
    enabled: bool
    """False after an operator disabled it."""
    options: str
    """What is its product's own, as a JSON object that only the product reads."""
    created_ms: int
    updated_ms: int
    deleted_ms: int | None = None


class Revocation(Change, frozen=True):
    """What ends tokens of an account before their time."""

    sid: str
    account_sid: str
    kind: Literal["token", "identity", "issued_before"]
    at_ms: int
    until_ms: int
    """From then on every token it could meet has expired, and it may be forgotten."""
    digest: str | None = None
    """The one token, by the SHA-256 of its text in hex."""
    identity: str | None = None
    key_sid: str | None = None
    """Only tokens signed by this key."""
    before_s: int | None = None
    """Only tokens issued before this second."""

    def meets(self, caller: Caller) -> bool:
        """Whether the caller's token is revoked by this."""
        return (
            caller.account_sid == self.account_sid
            and (self.digest is None or caller.digest.hex() == self.digest)
            and (self.identity is None or caller.identity == self.identity)
            and (self.key_sid is None or caller.key_sid == self.key_sid)
            and (self.before_s is None or caller.issued_s < self.before_s)
        )


Record = Account | ApiKey | Service | Revocation
