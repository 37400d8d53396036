"""A clock of the database that a test moves: leases are judged by it, and time passes when a test says so."""

from tsock.storage.store import Tx

BEGIN_MS = 1_935_489_600_000


def hold_clock(tx: Tx) -> None:
    """Put a clock that stands still in the place of the database's own."""
    tx.run("DROP VIEW store_clock", {})
    tx.run("CREATE TABLE store_clock (now_ms BIGINT NOT NULL)", {})
    tx.run("INSERT INTO store_clock (now_ms) VALUES (:now)", {"now": BEGIN_MS})


def pass_s(tx: Tx, seconds: float) -> None:
    """Let time pass there."""
    tx.run("UPDATE store_clock SET now_ms = now_ms + :by", {"by": round(seconds * 1000)})
