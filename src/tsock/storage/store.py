"""The narrow interface between rules and a database.

A rule is a plain synchronous function of a transaction. It reads rows, decides, writes rows and emits
facts; it may be run again, so it has no other effect. What it returned reaches the caller, and what it
emitted reaches the store's listener, only after the commit.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

Row = Sequence[Any]
"""One result row; columns in the order of the SELECT or RETURNING clause."""

Done = Callable[[Any, Exception | None], None]
"""Receives `(result, None)` after success or `(None, error)` after failure, on the event loop."""


class Tx(Protocol):
    """One transaction, as a rule sees it.

    SQL is portable text with named parameters (`:name`).
    """

    now_ms: int
    """Wall time of this transaction in milliseconds; never lower than that of an earlier commit."""

    def one(self, sql: str, params: Mapping[str, Any]) -> Row | None:
        """The first row, or None."""
        ...

    def all(self, sql: str, params: Mapping[str, Any]) -> list[Any]:
        """Every row. The statement carries its own bound (`LIMIT`)."""
        ...

    def run(self, sql: str, params: Mapping[str, Any]) -> int:
        """Execute a statement that writes; the number of rows it changed."""
        ...

    def emit(self, fact: object) -> None:
        """Hand `fact` to the store's listener after the commit, in commit order."""
        ...

    def sid(self, prefix: str) -> str:
        """A fresh SID."""
        ...

    def secret(self) -> str:
        """A fresh secret of 32 hex digits."""
        ...


class Store(Protocol):
    """Runs rules and queries; the contract every implementation is tested against.

    - Writes commit in the order in which `write` was called.
    - `done` runs after the commit, in commit order. Then the listener hears of all that the rules of that
      commit emitted, so that a reply is never overtaken by the event it caused.
    - A rule that raises leaves no trace; the error goes to `done`, and the rules beside it are unaffected.
    - A query sees every commit whose facts were handed to the listener, and no other.
    - When a commit fails, every rule of its group ends with `StoreDown` and nothing is announced.
    """

    def write(self, rule: Callable[[Tx], Any], done: Done) -> None:
        """Run `rule` in a transaction.

        Raises:
            StoreBusy: too many writes wait already (`store_waiting_max`).
        """
        ...

    def write_aside(self, rule: Callable[[Tx], Any], done: Done) -> None:
        """Like `write`, for a rule that touches many rows: it runs off the event loop.

        Other writes wait while it runs, so it works in small chunks.
        """
        ...

    def read(self, query: Callable[[Tx], Any], done: Done) -> None:
        """Run a bounded `query`, which must not write."""
        ...

    def listen(self, listener: Callable[[Sequence[object]], None]) -> None:
        """Set the one receiver of the facts of each commit; it runs on the event loop and must not raise."""
        ...

    @property
    def down(self) -> str | None:
        """Why the last commit failed; None while the store commits."""
        ...

    @property
    def waiting(self) -> int:
        """How many writes wait to run."""
        ...

    async def settled(self) -> None:
        """Wait until everything that was asked for has been answered, and nothing new came meanwhile."""
        ...

    async def close(self) -> None:
        """Finish what was asked for, then let go of the database."""
        ...


async def written(store: Store, rule: Callable[[Tx], T]) -> T:
    """Await a write; raises what the rule raised, `StoreBusy` or `StoreDown`."""
    return await _awaited(store.write, rule)


async def written_aside(store: Store, rule: Callable[[Tx], T]) -> T:
    """Await a write that runs off the event loop."""
    return await _awaited(store.write_aside, rule)


async def fetched(store: Store, query: Callable[[Tx], T]) -> T:
    """Await a read."""
    return await _awaited(store.read, query)


async def _awaited(ask: Callable[[Callable[[Tx], T], Done], None], work: Callable[[Tx], T]) -> T:
    answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def done(result: Any, error: Exception | None) -> None:
        if answer.done():  # the caller was cancelled meanwhile
            return
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)

    ask(work, done)
    return await answer
