"""Push credentials of an account (`protocol/rest.md`, Bindings and push credentials).

They are kept for those who send push notifications on; what is secret of them is sealed, and never shown.
"""

from typing import cast

import msgspec
from msgspec import UNSET, UnsetType

from tsock.accounts.secrets import Vault
from tsock.conversations import bindings, refusals
from tsock.conversations.bindings import BindingType
from tsock.errors import invalid, not_found
from tsock.storage.keyset import Cursor, Listing, Slice, slice_at
from tsock.storage.store import Row, Tx
from tsock.storage.texts import refuse_nul
from tsock.sync.tables import Get

NAME_CHARS_MAX = 64
SECRET_CHARS_MAX = 16_384
CREDENTIALS_MAX = 1000
"""Of one account."""


class Credential(msgspec.Struct, gc=False):
    """One of them; fields in the order of the table's columns."""

    sid: str
    account_sid: str
    type: BindingType
    friendly_name: str | None
    sandbox: bool
    secrets: str
    """Sealed: a JSON object."""
    created_ms: int
    updated_ms: int

    def __repr__(self) -> str:
        return f"Credential({self.sid}, {self.type})"


class CredentialChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be set; what is unset keeps its value."""

    type: str | UnsetType = UNSET
    friendly_name: str | UnsetType = UNSET
    sandbox: bool | UnsetType = UNSET
    secrets: dict[str, str] = {}
    """Such as `certificate`, `private_key`, `api_key` and `secret`."""

    def __repr__(self) -> str:
        return f"CredentialChange({', '.join(sorted(self.secrets))})"


_COLUMNS = ", ".join(Credential.__struct_fields__)
_GET = f"SELECT {_COLUMNS} FROM push_credentials WHERE sid = :sid AND account_sid = :account_sid"
_PUT = (
    f"INSERT INTO push_credentials ({_COLUMNS}) "
    f"VALUES ({', '.join(f':{name}' for name in Credential.__struct_fields__)})"
)
_SAVE = (
    "UPDATE push_credentials SET type = :type, friendly_name = :friendly_name, sandbox = :sandbox, "
    "secrets = :secrets, updated_ms = :updated_ms WHERE sid = :sid"
)
_DELETE = "DELETE FROM push_credentials WHERE sid = :sid"
_COUNT = "SELECT count(*) FROM push_credentials WHERE account_sid = :account_sid"
_LISTING = Listing(
    f"SELECT created_ms, sid, {_COLUMNS} FROM push_credentials", ("created_ms", "sid"), descending=True
)


def create(tx: Tx, vault: Vault, account_sid: str, change: CredentialChange) -> Credential:
    """Keep a new one.

    Raises:
        ApiError: 50209 no such type; 50003 the name is too long; 20422 a secret is too long, or too many, or
            the name has U+0000.
    """
    tx.lock(f"push_credentials {account_sid}")  # nobody else makes one that is not counted here
    (row,) = tx.all(_COUNT, {"account_sid": account_sid})
    if row[0] >= CREDENTIALS_MAX:
        raise invalid(f"an account has at most {CREDENTIALS_MAX}: delete one first")
    sid = tx.sid("CR")
    made = Credential(
        sid=sid,
        account_sid=account_sid,
        type="fcm",
        friendly_name=None,
        sandbox=False,
        secrets=vault.seal(sid, "{}"),
        created_ms=tx.date_ms,
        updated_ms=tx.date_ms,
    )
    _apply(vault, made, change)
    tx.run(_PUT, msgspec.structs.asdict(made))
    return made


def find(tx: Tx, account_sid: str, sid: str) -> Credential:
    """The account's credential with this SID.

    Raises:
        ApiError: 20404.
    """
    return _found(tx.one, account_sid, sid)


def update(tx: Tx, vault: Vault, account_sid: str, sid: str, change: CredentialChange) -> Credential:
    """Set what the change says.

    Raises:
        ApiError: 20404; 50209, 50003, 20422 as `create`.
    """
    found = _found(tx.claim, account_sid, sid)
    _apply(vault, found, change)
    found.updated_ms = tx.date_ms
    tx.run(_SAVE, msgspec.structs.asdict(found))
    return found


def delete(tx: Tx, account_sid: str, sid: str) -> None:
    """Forget one.

    Raises:
        ApiError: 20404.
    """
    tx.run(_DELETE, {"sid": _found(tx.claim, account_sid, sid).sid})


def page(tx: Tx, account_sid: str, place: Cursor, size: int) -> tuple[list[Credential], Slice]:
    """A page of an account's, the newest first."""
    rows = slice_at(tx, _LISTING, "account_sid = :account_sid", {"account_sid": account_sid}, place, size)
    return [_credential(row[2:]) for row in rows.rows], rows


def _apply(vault: Vault, found: Credential, change: CredentialChange) -> None:
    if change.type is not UNSET:
        bindings.check_type(change.type)
        found.type = cast("BindingType", change.type)
    if change.friendly_name is not UNSET:
        if len(change.friendly_name) > NAME_CHARS_MAX:
            raise refusals.name_too_long(50003, "Friendly name", len(change.friendly_name), NAME_CHARS_MAX)
        refuse_nul(change.friendly_name, "a friendly name")
        found.friendly_name = change.friendly_name
    if change.sandbox is not UNSET:
        found.sandbox = change.sandbox
    if not change.secrets:
        return
    longest = max(map(len, change.secrets.values()))
    if longest > SECRET_CHARS_MAX:
        raise invalid(f"expected secrets of at most {SECRET_CHARS_MAX} characters, not {longest}")
    known: dict[str, str] = msgspec.json.decode(vault.open(found.sid, found.secrets))
    found.secrets = vault.seal(found.sid, msgspec.json.encode(known | change.secrets).decode())


def _found(get: Get, account_sid: str, sid: str) -> Credential:
    row = get(_GET, {"sid": sid, "account_sid": account_sid})
    if row is None:
        raise not_found(f"no credential {sid[:64]}")
    return _credential(row)


def _credential(row: Row) -> Credential:
    found = Credential(*row)
    found.sandbox = bool(found.sandbox)
    return found
