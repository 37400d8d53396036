"""The narrow interface between rules and a database.

A rule is a plain synchronous function of a transaction. It claims the root it is about, reads rows, decides,
writes rows and emits facts; it may be run again, so it has no other effect. What it returned reaches the
caller, and what it emitted reaches the store's listener, only after the commit.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from tsock.events import Fact

T = TypeVar("T")

Row = Sequence[Any]
"""One result row; columns in the order of the SELECT or RETURNING clause."""

Seen = Mapping[str, int]
"""The roots that a query read: SID and counter of each, as `Tx.saw` noted them."""

Done = Callable[[Any, Exception | None], None]
"""Receives `(result, None)` after success or `(None, error)` after failure, on the event loop."""

Fetched = Callable[[Any, Exception | None, Seen], None]
"""The same for a query, with the roots that it saw."""

Lane = Hashable
"""Whose writes keep their order, such as a connection."""


CLOSED = "the store is closed, and nothing was stored: the server ends"
"""Why what comes too late is refused with `StoreDown`."""


class Tx(Protocol):
    """One transaction, as a rule or query sees it.

    SQL is portable text with named parameters (`:name`).
    """

    now_ms: int
    """What the clock shows, in milliseconds: judges what is due or over. It may have been set back."""
    date_ms: int
    """What this transaction's rows are dated: as `now_ms`, but never lower than an earlier commit's."""

    def one(self, sql: str, params: Mapping[str, Any]) -> Row | None:
        """The first row, or None."""
        ...

    def claim(self, sql: str, params: Mapping[str, Any]) -> Row | None:
        """The first row, which nobody else changes until this transaction has ended; or None.

        A rule claims a root before it reads what it decides by, and several roots in the order of their SIDs.
        """
        ...

    def claim_all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        """Every row, each claimed; in the order in which the statement puts them (`ORDER BY`)."""
        ...

    def lock(self, name: str) -> None:
        """Have nobody else who locks this name go on until this transaction has ended.

        For what has no row to claim, such as the next number of a table. Claims come first.
        """
        ...

    def all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        """Every row. The statement carries its own bound (`LIMIT`)."""
        ...

    def run(self, sql: str, params: Mapping[str, Any]) -> None:
        """Execute a statement that writes; it may be carried out later, and its error is then the rule's."""
        ...

    def count(self, sql: str, params: Mapping[str, Any]) -> int:
        """Execute a statement that writes, at once; the number of rows that it changed."""
        ...

    def saw(self, root_sid: str, counter: int) -> None:
        """Note that a root was read, and at which number: the reply shows that much of it."""
        ...

    def emit(self, fact: Fact) -> None:
        """Announce `fact` with the commit, in commit order; from a query only what is never stored."""
        ...

    def sid(self, prefix: str) -> str:
        """A fresh SID."""
        ...

    def secret(self) -> str:
        """A fresh secret of 32 hex digits."""
        ...


Listener = Callable[[Sequence[Fact]], None]
"""Hears all facts of one commit; runs on the event loop and must not raise."""


class Store(Protocol):
    """Runs rules and queries; the contract every implementation is tested against.

    - Writes of one lane commit in the order in which `write` was called; those of different lanes in any.
    - Of each commit the listener hears all facts, in commit order, before `done` of its rules runs: so what
      subscribers are to see is queued before any reply that shows it.
    - A rule that raises leaves no trace; the error goes to `done`, and the rules beside it are unaffected. A
      rule may run again, or up to the first thing that it asks, and only its last run counts; so it lets pass
      whatever is raised that is no `Exception`.
    - A query sees one snapshot. It holds every commit that was answered or announced here before `read` was
      called, and may hold later ones that are not announced here yet: `Seen` tells. Queries of one lane are
      answered in order.
    - When a commit fails, each of its rules ends with `StoreDown`: whether anything was stored is unknown,
      and nothing of it is announced.
    """

    def write(
        self, rule: Callable[[Tx], Any], done: Done, *, lane: Lane | None = None, about: str = ""
    ) -> None:
        """Run `rule` in a transaction.

        Args:
            rule: what to run.
            done: hears of the end.
            lane: whose order it keeps; without one it is in nobody's.
            about: the object as the caller named it: a hint for grouping, never for correctness.

        Raises:
            StoreBusy: too many writes wait already (`store_waiting_max`).
        """
        ...

    def write_aside(self, rule: Callable[[Tx], Any], done: Done) -> None:
        """Like `write`, for a rule that touches many rows: it runs off the event loop.

        Other writes wait while it runs, so it works in small chunks.
        """
        ...

    def read(self, query: Callable[[Tx], Any], done: Fetched, *, lane: Lane | None = None) -> None:
        """Run a bounded `query`, which must not write."""
        ...

    def listen(self, listener: Listener) -> None:
        """Set the one receiver of what is announced."""
        ...

    @property
    def down(self) -> str | None:
        """Why the last commit failed; None while the store commits."""
        ...

    @property
    def spreads_queries(self) -> bool:
        """Whether queries that waited run over several turns of the loop, however many there are.

        Where they all run in one, whoever asks for many is to ask for one after another.
        """
        ...

    @property
    def unreadable(self) -> str | None:
        """Why a query failed that the database should have answered; None while all are.

        It stays once the database is found damaged.
        """
        ...

    @property
    def waiting(self) -> int:
        """How many writes wait to run."""
        ...

    async def settled(self) -> None:
        """Wait until everything that was asked for has been answered, and nothing new came meanwhile."""
        ...

    async def close(self) -> None:
        """Finish what was asked for, then let go of the database; what comes later ends with `StoreDown`."""
        ...


async def written(store: Store, rule: Callable[[Tx], T], *, about: str = "") -> T:
    """Await a write in a lane of its own; raises what the rule raised, `StoreBusy` or `StoreDown`."""
    answer, done = _answer()
    store.write(rule, done, about=about)
    return await answer


async def written_aside(store: Store, rule: Callable[[Tx], T]) -> T:
    """Await a write that runs off the event loop."""
    answer, done = _answer()
    store.write_aside(rule, done)
    return await answer


async def fetched(store: Store, query: Callable[[Tx], T]) -> T:
    """Await a read."""
    answer, done = _answer()
    store.read(query, lambda result, error, seen: done(result, error))
    return await answer


def _answer() -> tuple[asyncio.Future[Any], Done]:
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def done(result: Any, error: Exception | None) -> None:
        if answer.done():  # the caller was cancelled meanwhile
            return
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)

    return answer, done
