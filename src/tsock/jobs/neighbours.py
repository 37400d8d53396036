"""What other nodes did, taken in here: what they say, and what the database tells if they were not heard."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog

from tsock.accounts import tables as records
from tsock.accounts.directory import Directory
from tsock.accounts.records import Record
from tsock.bus.bus import Presence, Why
from tsock.bus.message import Advanced
from tsock.deadlines import Deadline, Deadlines
from tsock.events import Change, Fact
from tsock.storage.store import Seen, Store, Tx
from tsock.sync import tables as objects

log = structlog.get_logger(__name__)

LOOK_S = 0.4
"""How often it is looked whether accounts, keys, services or revocations were changed elsewhere: who lost
access keeps it for a second at most, whatever carries the news."""
AGAIN_S = 1.0
"""When numbers that could not be compared, since the database was away, are compared again."""
SIDS_PER_QUERY = 1000


class Neighbours:
    """A node's view of the others; the receiver of its bus."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        deadlines: Deadlines,
        *,
        announce: Callable[[Sequence[Fact]], None],
        followed: Callable[[], list[str]],
        catch_up: Callable[[Iterable[str], Mapping[str, int]], None],
    ) -> None:
        """Take what it is made of.

        Args:
            store: has whatever was not heard.
            directory: the accounts, as this node knows them.
            deadlines: says when to look.
            announce: announces facts here.
            followed: tells the SIDs of the objects that are followed here.
            catch_up: makes up for what was lost of some objects, given the numbers of those that exist.
        """
        self._store = store
        self._directory = directory
        self._deadlines = deadlines
        self._announce = announce
        self._followed = followed
        self._catch_up = catch_up
        self._is_checking = False
        self._is_due = False
        self._looks = False
        self._looks_again = False
        self._waiting: list[Callable[[], None]] = []
        """Who wants to know what a look finds that has not begun."""
        self._next_look: Deadline | None = None

    def start(self) -> None:
        """Begin to look for changes of the directory."""
        self._next_look = self._deadlines.after(LOOK_S, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._next_look is not None:
            self._next_look.cancel()

    # What they say

    def hear(self, node: str, facts: Sequence[Fact]) -> None:
        """Take in what another node announced."""
        advanced: dict[str, int] = {}
        others: list[Fact] = []
        for fact in facts:
            if isinstance(fact, Change):  # what two nodes say of one record may come in another order
                self._look()
            elif isinstance(fact, Advanced):
                advanced[fact.topic] = max(fact.seq, advanced.get(fact.topic, 0))
            else:
                others.append(fact)
        if others:
            self._announce(others)
        if advanced:
            self._catch_up(advanced, advanced)

    def noticed(self, node: str, presence: Presence) -> None:
        """Another node comes or goes."""
        log.info("bus.node", node=node[:8], presence=presence)

    # What the database tells

    def look(self, then: Callable[[], None]) -> None:
        """Take in what others changed of the directory by now, then go on.

        So a node refuses nobody whom another has just let in.
        """
        self._waiting.append(then)
        self._look()

    def check(self, why: Why) -> None:
        """Compare the numbers of what is followed here with those in the database."""
        if self._is_checking:
            self._is_due = True  # what was lost since that look began, it may not show
            return
        sids = self._followed()
        if not sids:
            return
        self._is_checking = True

        def query(tx: Tx) -> dict[str, int]:
            found: dict[str, int] = {}
            for start in range(0, len(sids), SIDS_PER_QUERY):
                for root in objects.by_sids(tx, sids[start : start + SIDS_PER_QUERY]):
                    found[root.sid] = root.last_event_id
            return found

        def done(found: dict[str, int] | None, error: Exception | None, seen: Seen) -> None:
            self._is_checking = False
            if found is not None:
                self._catch_up(sids, found)
            else:
                log.warning("bus.not_checked", reason=str(error), why=why)
                self._deadlines.after(AGAIN_S, lambda: self.check(why))
            if self._is_due:
                self._is_due = False
                self.check(why)

        self._store.read(query, done)

    def _look(self) -> None:
        """Take in the records that were changed since the last look."""
        if self._looks:
            self._looks_again = True
            return
        self._looks = True
        waiting, self._waiting = self._waiting, []
        known, applied = self._directory.version, self._directory.applied

        def query(tx: Tx) -> tuple[int, list[Record]]:
            version = records.version(tx)
            return version, records.changed_since(tx, known) if version > known else []

        def done(found: tuple[int, list[Record]] | None, error: Exception | None, seen: Seen) -> None:
            self._looks = False
            if found is not None and self._directory.applied != applied:
                self._looks_again = True  # what was changed here meanwhile may be newer than what was found
                self._waiting += waiting
            else:
                if found is not None:
                    self._directory.version, changed = found
                    self._announce([record for record in changed if not self._directory.knows(record)])
                for then in waiting:
                    then()
            if self._looks_again:
                self._looks_again = False
                self._look()
            else:
                self.stop()
                self.start()

        self._store.read(query, done)


async def looked(neighbours: Neighbours) -> None:
    """Await a look for changes of the directory."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def then() -> None:
        if not done.done():  # the client may have gone meanwhile
            done.set_result(None)

    neighbours.look(then)
    await done
