"""Audit events: who changed which account, key, service or revocation, and how (`protocol/rest.md`, Monitor).

They are written where the records are (`tables.save`), so no change of these goes without one.
"""

from typing import Any, Literal, cast

import msgspec

from tsock.accounts.principal import Author
from tsock.accounts.records import Account, ApiKey, Record, Revocation, Service
from tsock.storage import journal
from tsock.storage.keyset import Listing
from tsock.storage.store import Row, Tx
from tsock.urls import without_password

Source = Literal["api", "twilio"]


class AuditEvent(msgspec.Struct, frozen=True, gc=False):
    """One change."""

    sid: str
    account_sid: str
    """Who may read it: the account that the resource belongs to, and of a subaccount its owner, since a
    subaccount that was closed can read nothing any more."""
    number: int
    """Counts up within the account."""
    at_ms: int
    event_type: str
    """`<resource type>.<action>`, such as `account.created`, `key.deleted`, `service.updated`. Revocations
    are told too (`revocation.created`): they end connections, and somebody will ask who did that."""
    resource_type: str
    resource_sid: str
    actor_sid: str | None
    """None for whoever runs the installation."""
    actor_type: str
    source: Source
    address: str | None
    """IP address that the change was asked from."""
    description: str | None
    properties: str
    """What changed: a JSON object of `{"previous": …, "updated": …}` by the name of the property."""


_TYPES: dict[type[Record], str] = {
    Account: "account",
    ApiKey: "key",
    Service: "service",
    Revocation: "revocation",
}
_SEALED = {"auth_token", "secondary_token", "test_token", "secret"}
"""Fields that no event shows; `_description` says what became of an Auth Token."""
_TOLD_ELSEWHERE = {
    "sid",
    "account_sid",
    "test_sid",
    "created_ms",
    "updated_ms",
    "revoked_ms",
    "deleted_ms",
    "suspended_by_operator",
    "secondary_ms",
}
"""By the event itself."""
_NAMES = {
    "owner_sid": "owner_account_sid",
    "reachability_debouncing_window_ms": "reachability_debouncing_window",
}
"""What a property is called over REST, where that is something else."""

TABLE = "audit_events"
FIELDS = AuditEvent.__struct_fields__
_PUT = f"INSERT INTO {TABLE} ({', '.join(FIELDS)}) VALUES ({', '.join(f':{field}' for field in FIELDS)})"


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events of an account are asked for; None asks for all."""

    actor_sid: str | None = None
    event_type: str | None = None
    resource_sid: str | None = None
    address: str | None = None
    from_ms: int | None = None
    until_ms: int | None = None
    """Inclusive, as `from_ms`."""


LISTING = Listing(f"SELECT number, {', '.join(FIELDS)} FROM {TABLE}", ("number",), descending=True)
"""The newest first; the columns behind the first make an event (`of_row`)."""


def find(tx: Tx, sid: str) -> AuditEvent | None:
    """The event with this SID, unless it was trimmed."""
    row = tx.one(f"{LISTING.select} WHERE sid = :sid", {"sid": sid})
    return None if row is None else of_row(row)


def of_row(row: Row) -> AuditEvent:
    """The event in a row of `LISTING`."""
    return AuditEvent(*row[1:])


def latest(
    tx: Tx, limit: int, *, account_sid: str | None = None, resource_sid: str | None = None
) -> list[AuditEvent]:
    """The newest events first; of one account, of one resource, or all."""
    asked = {"account_sid": account_sid, "resource_sid": resource_sid}
    params = {name: value for name, value in asked.items() if value is not None}
    where = " AND ".join(f"{name} = :{name}" for name in params) or "1 = 1"
    rows = tx.all(
        f"{LISTING.select} WHERE {where} ORDER BY at_ms DESC, number DESC LIMIT :limit",
        {**params, "limit": limit},
    )
    return [of_row(row) for row in rows]


def record(tx: Tx, previous: Record | None, updated: Record, by: Author) -> None:
    """Keep the change of a record; `previous` is None for a new one."""
    resource = _TYPES[type(updated)]
    before = {} if previous is None else _fields(previous)
    after = _fields(updated)
    changed = [name for name, value in after.items() if value != before.get(name)]
    reader = _reader(updated)
    event = AuditEvent(
        sid=tx.sid("AE"),
        account_sid=reader,
        number=journal.next_number(tx, TABLE, reader),
        at_ms=tx.date_ms,
        event_type=f"{resource}.{_action(previous, updated)}",
        resource_type=resource,
        resource_sid=updated.sid,
        actor_sid=by.sid,
        actor_type=by.kind,
        source=by.source,
        address=by.address,
        description=_description(after, changed) if previous else None,
        properties=_properties(before, after, changed),
    )
    tx.run(_PUT, msgspec.structs.asdict(event))


def _fields(record: Record) -> dict[str, Any]:
    """By name; the options of a service each by its own."""
    fields = msgspec.structs.asdict(record)
    options = msgspec.json.decode(fields.pop("options", "{}"))
    return {**fields, **options}


def _reader(record: Record) -> str:
    return (record.owner_sid or record.sid) if isinstance(record, Account) else record.account_sid


def _action(previous: Record | None, updated: Record) -> str:
    if previous is None:
        return "created"
    gone = isinstance(updated, ApiKey) and updated.revoked_ms is not None
    gone = gone or (isinstance(updated, Service) and updated.deleted_ms is not None)
    return "deleted" if gone else "updated"


def _description(after: dict[str, Any], changed: list[str]) -> str | None:
    if "auth_token" in changed:
        return "The Auth Token was replaced."
    if "secondary_token" in changed:
        return f"The secondary Auth Token was {'made' if after['secondary_token'] else 'deleted'}."
    return None


def _properties(before: dict[str, Any], after: dict[str, Any], changed: list[str]) -> str:
    told = {
        _NAMES.get(name, name): {"previous": shown(before.get(name)), "updated": shown(after[name])}
        for name in changed
        if name not in _SEALED and name not in _TOLD_ELSEWHERE
    }
    return msgspec.json.encode(told).decode()


def shown(value: Any) -> Any:
    """A JSON value as events show it: its URLs without credentials, also those of what it holds."""
    if isinstance(value, str):
        return without_password(value)
    if isinstance(value, dict):
        return {name: shown(each) for name, each in cast("dict[str, Any]", value).items()}
    return [shown(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value
