"""One transaction of many rules: run, committed, or undone so that they run again, each alone."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from psycopg.errors import UniqueViolation

from tsock.clock import Clock
from tsock.errors import StoreBusy, StoreDown
from tsock.events import Fact
from tsock.storage.postgres.connection import Lost
from tsock.storage.postgres.failures import (
    is_about_others,
    is_about_the_database,
    is_about_the_server,
    reason,
)
from tsock.storage.postgres.foresight import Claim, first_claim
from tsock.storage.postgres.transaction import Foreseen, RuleTx, Taken
from tsock.storage.store import Done, Lane, Tx

_RUNS_MAX = 10
"""How often a rule runs by itself whose transactions others get in the way of."""
_MET_MAX = 3
"""How often where it meets a name that it should have found: it is told so, since that is its own mistake."""


class Write:
    """One write that was asked for."""

    __slots__ = ("about", "asked_s", "done", "is_alone", "lane", "rule", "runs", "was_undone")

    def __init__(
        self, rule: Callable[[Tx], Any], done: Done, lane: Lane | None, about: str, asked_s: float
    ) -> None:
        self.rule = rule
        self.done = done
        self.lane: Lane = self if lane is None else lane
        self.about = about
        self.asked_s = asked_s
        """When it was asked for, by the monotonic clock."""
        self.runs = 0
        """How often it ran in a transaction of its own."""
        self.is_alone = False
        """Whether it needs one."""
        self.was_undone = False
        """Whether it ran in a transaction that another rule took along."""


Settled = tuple[Write, Any, Exception | None, list[Fact]]


class Landing(msgspec.Struct):
    """How a flight ended."""

    settled: list[Settled]
    """Rules that ended, with what each returned, or why it failed, and what it announces."""
    again: list[Write]
    """Those that are to run again, in the order of their lanes."""
    undo: bool = False
    """Whether the transaction still stands, and is to be undone."""
    leave: str | None = None
    """Why the connection is not worth keeping, if it is not."""
    down: str | None = None
    """Why nothing can be stored."""
    progress_ms: int | None = None
    """What the commit said of how far the database has come, if it did."""
    has_stored: bool = False
    """Whether something was stored."""


def fly(tx: RuleTx, writes: Sequence[Write], clock: Clock, due_ms: Callable[[int], int | None]) -> Landing:
    """Run rules in one transaction and commit it.

    `due_ms` tells whether a commit of that date is to say how far the database has come.
    """
    tx.begin(alone=len(writes) == 1)
    landing = Landing([], [])
    is_committing = False
    try:
        for write, foreseen in zip(writes, _foresee(tx, writes, clock), strict=True):
            if any(other.lane == write.lane for other in landing.again):
                landing.again.append(write)  # it stays behind what came before it
            else:
                _run(tx, write, clock, landing, foreseen)
        if not tx.is_untouched:
            is_committing = tx.has_written
            landing.progress_ms = due_ms(tx.date_ms) if tx.has_written else None
            tx.commit(landing.progress_ms)
            landing.has_stored = tx.has_written
    except Lost as lost:
        if is_committing:
            return down(writes, str(lost))
        return Landing([], list(writes))
    except Exception as failure:  # noqa: BLE001 - a flight always lands
        error = failure.error if isinstance(failure, _Spoilt) else failure
        if is_about_the_database(error):
            ended = down(writes, reason(error), undo=True)
            ended.leave = reason(error) if is_about_the_server(error) else None
            return ended
        if len(writes) == 1:
            return _failed_alone(writes[0], error)
        _part(writes, failure.by if isinstance(failure, _Spoilt) else None)
        return Landing([], list(writes), undo=True)
    return landing


class _Spoilt(Exception):
    """A rule failed that had written, and what it wrote cannot be undone by itself."""

    def __init__(self, error: Exception, by: Write | None) -> None:
        """Take why, and which rule it was; None where it may have been one before it."""
        super().__init__()
        self.error = error
        self.by = by


def _part(writes: Sequence[Write], by: Write | None) -> None:
    """Have rules run again by themselves: the one that took the others along, or else all."""
    for write in writes:
        write.is_alone = write.is_alone or by in (write, None) or write.was_undone
        write.was_undone = True


def _foresee(tx: RuleTx, writes: Sequence[Write], clock: Clock) -> Sequence[Foreseen | None]:
    """Claim at once what rules claim first, but for those about what one before them is about, too."""
    if len(writes) == 1:
        return [None]
    now_ms, date_ms = clock.now_ms(), clock.date_ms()
    abouts: set[str] = set()
    claims: list[Claim | None] = []
    for write in writes:
        is_first = not write.about or write.about not in abouts
        abouts.add(write.about)
        claims.append(first_claim(write.rule, tx.ids, now_ms, date_ms) if is_first else None)
    return tx.foresee(claims)


def _run(tx: RuleTx, write: Write, clock: Clock, landing: Landing, foreseen: Foreseen | None) -> None:
    tx.begin_rule(clock.now_ms(), clock.date_ms(), foreseen)
    try:
        result = write.rule(tx)
        tx.end_rule()
    except Exception as raised:
        error = tx.failure or raised
        if isinstance(error, Lost):
            raise error from raised
        if not tx.undo_rule():
            raise _Spoilt(error, write if tx.failure is None else None) from raised
        if isinstance(error, Taken):
            write.is_alone = True  # then it may wait
            landing.again.append(write)
        else:
            landing.settled.append((write, None, error, []))
    else:
        landing.settled.append((write, result, None, tx.facts))


def _failed_alone(write: Write, error: Exception) -> Landing:
    if isinstance(error, Taken) or is_about_others(error):
        write.runs += 1
        is_met = isinstance(error, UniqueViolation)
        if write.runs < (_MET_MAX if is_met else _RUNS_MAX):
            return Landing([], [write], undo=True)
        if not is_met:
            times = f"{write.runs} times ({reason(error)})"
            error = StoreBusy(f"other transactions came first {times}; try again")
    return Landing([(write, None, error, [])], [], undo=True)


def down(writes: Sequence[Write], why: str, *, undo: bool = False) -> Landing:
    """How a flight ends whose commit failed, or may have."""
    error = StoreDown(f"the store could not commit ({why}); whether anything was stored is unknown")
    return Landing([(write, None, error, []) for write in writes], [], undo=undo, down=why)
