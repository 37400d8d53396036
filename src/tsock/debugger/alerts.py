"""Alerts: what went wrong, by account (`protocol/rest.md`, Monitor)."""

from collections.abc import Collection
from typing import Literal

import msgspec

from tsock.debugger.among import among
from tsock.debugger.exchange import NOTHING, Exchange
from tsock.storage import journal
from tsock.storage.keyset import Listing
from tsock.storage.store import Row, Tx

Level = Literal["error", "warning", "notice"]
TABLE = "alerts"
NOBODY = "-"
"""Stands for the account where none is known, or nothing proves it; only operators see such alerts."""
COUNTED_MAX = 10_000
"""Rows looked at for one figure."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that went wrong, and how often it did so again right behind."""

    sid: str
    account_sid: str
    """`NOBODY` where none is known."""
    at_ms: int
    updated_ms: int
    """When the latest happened that it stands for."""
    repeats: int = 0
    """How many further ones like it, in quick succession, are counted here and not told one by one."""
    code: int
    level: Level
    text: str
    resource_sid: str | None = None
    service_sid: str | None = None
    denial_sid: str | None = None
    """The denial that it tells of, which knows more."""
    api_version: str | None = None
    exchange: Exchange = NOTHING

    @property
    def whole_text(self) -> str:
        """The text, and how often it is true."""
        return f"{self.text} ({self.repeats} more like it followed)" if self.repeats else self.text


class AlertFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts of an account are asked for; None asks for all."""

    level: str | None = None
    from_ms: int | None = None
    until_ms: int | None = None
    """Inclusive, as `from_ms`."""


_FIELDS = Alert.__struct_fields__
LISTING = Listing(f"SELECT number, {', '.join(_FIELDS)} FROM {TABLE}", ("number",), descending=True)
"""The newest first; the columns behind the first make an alert (`of_row`)."""

_PUT = (
    f"INSERT INTO {TABLE} (number, {', '.join(_FIELDS)}) "
    f"VALUES (:number, {', '.join(f':{field}' for field in _FIELDS)})"
)
_REPEAT = f"UPDATE {TABLE} SET repeats = repeats + :times, updated_ms = :at WHERE sid = :sid"
_OVERWRITE = f"DELETE FROM {TABLE} WHERE account_sid = :account AND number <= :last"


def record(tx: Tx, alert: Alert) -> None:
    """Keep an alert."""
    columns = msgspec.structs.asdict(alert)
    columns["number"] = journal.next_number(tx, TABLE, alert.account_sid)
    columns["exchange"] = msgspec.json.encode(alert.exchange).decode()
    tx.run(_PUT, columns)


def close_ring(tx: Tx, kept: int) -> None:
    """Of nobody's alerts, forget all but the `kept` newest."""
    last = journal.next_number(tx, TABLE, NOBODY) - 1 - kept
    tx.run(_OVERWRITE, {"account": NOBODY, "last": last})


def repeat(tx: Tx, sid: str, times: int, at_ms: int) -> None:
    """Note that the same happened so many times more, lastly at that time."""
    tx.run(_REPEAT, {"sid": sid, "times": times, "at": at_ms})


def find(tx: Tx, sid: str) -> Alert | None:
    """The alert with this SID, unless it was trimmed."""
    row = tx.one(f"{LISTING.select} WHERE sid = :sid", {"sid": sid})
    return None if row is None else of_row(row)


def of_row(row: Row) -> Alert:
    """The alert in a row of `LISTING`."""
    *columns, exchange = row[1:]
    fields = dict(zip(_FIELDS, columns, strict=False))
    return Alert(**fields, exchange=msgspec.json.decode(exchange, type=Exchange))


def latest(
    tx: Tx, limit: int, *, accounts: Collection[str] | None = None, code: int | None = None
) -> list[Alert]:
    """The newest alerts first; of these accounts (None: all, and those of no account), with this code."""
    where, params = among(accounts)
    if code is not None:
        where, params["code"] = f"{where} AND code = :code", code
    order = "ORDER BY at_ms DESC, number DESC"
    newest = f"SELECT sid FROM {TABLE} WHERE {where} {order} LIMIT :limit"
    rows = tx.all(f"{LISTING.select} WHERE sid IN ({newest}) {order}", {**params, "limit": limit})
    return [of_row(row) for row in rows]


def count(tx: Tx, code: int, since_ms: int, accounts: Collection[str] | None = None) -> int:
    """How often something with this code went wrong since then, repeats included; of these accounts, or all.

    At most `COUNTED_MAX` alerts are looked at.
    """
    where, params = among(accounts)
    some = f"SELECT repeats FROM {TABLE} WHERE {where} AND code = :code AND at_ms >= :since LIMIT :most"
    row = tx.one(
        f"SELECT sum(1 + repeats) FROM ({some}) AS counted",
        {**params, "code": code, "since": since_ms, "most": COUNTED_MAX},
    )
    return 0 if row is None or row[0] is None else row[0]
