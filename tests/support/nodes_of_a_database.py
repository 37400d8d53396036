"""A clock of the database that a test moves: leases are judged by it, and time passes when a test says so."""

from tests.support.memory import Memory

BEGIN_MS = 1_935_489_600_000


def hold_clock(memory: Memory) -> None:
    """Put a clock that stands still in the place of the database's own."""
    memory.database.execute("DROP VIEW store_clock")
    memory.database.execute("CREATE TABLE store_clock (now_ms BIGINT NOT NULL)")
    memory.database.execute(f"INSERT INTO store_clock (now_ms) VALUES ({BEGIN_MS})")


def pass_s(memory: Memory, seconds: float) -> None:
    """Let time pass there."""
    memory.database.execute(f"UPDATE store_clock SET now_ms = now_ms + {round(seconds * 1000)}")
