"""The record of every refusal: what was decided, about whom, and why; never the token itself."""

from collections.abc import Collection
from typing import Any

import msgspec

from tsock.clock import iso_ms
from tsock.debugger.among import among
from tsock.errors import ApiError, not_found
from tsock.storage.store import Row, Tx
from tsock.tokens.report import Report


class Denial(msgspec.Struct, frozen=True, omit_defaults=True):
    """One refusal of a token or a connection."""

    sid: str
    """`DN` and 32 hex digits; the client is told it, at the end of the status text."""
    at_ms: int
    code: int
    cause: str
    """Id of the failed check, or the limit that was reached."""
    summary: str
    address: str
    sdk: str
    """Name, version and platform as the client gave them."""
    account_sid: str | None = None
    """Of the token's `sub`, where that is an account here."""
    identity: str | None = None
    digest: str | None = None
    """SHA-256 of the token's text in hex, where a token was at fault: what `tsock revoke token` takes."""
    report: Report | None = None
    """Every check, where a token was examined."""
    proven: bool = True
    """Whether a secret stands for it: a key of the account has signed the token, or the connection was let in
    before. Otherwise anybody can have made it up, the account included."""


_PUT = (
    "INSERT INTO denials (sid, at_ms, code, cause, account_sid, story, ring_number) "
    "VALUES (:sid, :at, :code, :cause, :account, :story, :number)"
)
_LAST_IN_RING = "SELECT max(ring_number) FROM denials"
_OVERWRITE = "DELETE FROM denials WHERE ring_number <= :last"
_GET = "SELECT story FROM denials WHERE sid = :sid"
_OLDEST_KEPT = (
    "SELECT at_ms FROM denials WHERE ring_number IS NULL ORDER BY at_ms DESC LIMIT 1 OFFSET :others"
)
_TRIM = (
    "DELETE FROM denials WHERE sid IN "
    "(SELECT sid FROM denials WHERE at_ms < :before AND (ring_number IS NULL OR at_ms < :forgotten) "
    "ORDER BY at_ms LIMIT :limit)"
)


def record(tx: Tx, denial: Denial) -> None:
    """Keep a refusal."""
    if not denial.proven:
        tx.lock("denials")  # the numbers of the ring are given one after another
    tx.run(
        _PUT,
        {
            "sid": denial.sid,
            "at": denial.at_ms,
            "code": denial.code,
            "cause": denial.cause,
            "account": denial.account_sid,
            "story": msgspec.json.encode(denial).decode(),
            "number": None if denial.proven else _last_in_ring(tx) + 1,
        },
    )


def close_ring(tx: Tx, kept: int) -> None:
    """Of the refusals that nothing proves, forget all but the `kept` newest."""
    tx.run(_OVERWRITE, {"last": _last_in_ring(tx) - kept})


def find(tx: Tx, sid: str) -> Denial | None:
    """The refusal with this id, unless it was trimmed."""
    row = tx.one(_GET, {"sid": sid})
    return None if row is None else _denial(row)


def latest(
    tx: Tx, limit: int, *, accounts: Collection[str] | None = None, code: int | None = None
) -> list[Denial]:
    """The newest refusals first; of these accounts (None: all, and those of no account), with this code."""
    where, params = among(accounts)
    if code is not None:
        where, params["code"] = f"{where} AND code = :code", code
    query = f"SELECT story FROM denials WHERE {where} ORDER BY at_ms DESC, sid LIMIT :limit"
    return [_denial(row) for row in tx.all(query, {**params, "limit": limit})]


def trim(tx: Tx, before_ms: int, kept: int, limit: int) -> bool:
    """Forget up to `limit` refusals from before that time or beyond the `kept` newest; whether more are.

    What is in the ring neither counts nor is forgotten before its time: the ring bounds itself.
    """
    oldest = tx.one(_OLDEST_KEPT, {"others": kept - 1})
    last_ms = max(before_ms, oldest[0]) if oldest else before_ms
    return tx.count(_TRIM, {"before": last_ms, "forgotten": before_ms, "limit": limit}) == limit


def recorded(tx: Tx, sid: str) -> Denial:
    """The refusal with this id.

    Raises:
        ApiError: 404/20404, none is on record.
    """
    found = find(tx, sid)
    if found is None:
        raise unknown(sid)
    return found


def story(denial: Denial) -> dict[str, object]:
    """The record, its time as a date."""
    fields: dict[str, object] = msgspec.to_builtins(denial)
    del fields["at_ms"]
    return {"sid": fields.pop("sid"), "date": iso_ms(denial.at_ms), **fields, "proven": denial.proven}


def unknown(sid: str) -> ApiError:
    """404/20404 for a refusal that is not on record, or not for whoever asks."""
    return not_found(
        f"no denial {sid[:64]} is on record; old ones are forgotten (denials_max, denials_days)",
    )


def _last_in_ring(tx: Tx) -> int:
    row = tx.one(_LAST_IN_RING, {})
    return 0 if row is None or row[0] is None else row[0]


def _denial(row: Row) -> Denial:
    story: Any = row[0]
    return msgspec.json.decode(story, type=Denial)
