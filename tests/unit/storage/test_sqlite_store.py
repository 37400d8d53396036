"""What the store on SQLite promises beyond the contract."""

import asyncio
import threading
from pathlib import Path
from typing import Any

from tsock.clock import Clock
from tsock.events import Fact
from tsock.ids import Ids
from tsock.storage.sqlite.store import SqliteStore
from tsock.storage.store import Tx, fetched, written, written_aside
from tsock.telemetry.metrics import Metrics


class Note(Fact, frozen=True):
    """What is announced here."""

    text: str


async def test_a_read_asked_for_during_a_commit_shows_nothing_before_the_facts_of_that_commit(
    tmp_path: Path,
) -> None:
    store = SqliteStore(tmp_path / "tsock.db", clock=Clock(), ids=Ids(), metrics=Metrics())
    seen: list[Any] = []
    store.listen(seen.extend)
    committing, go_on = threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        tx.run("CREATE TABLE notes (text TEXT)", {})
        tx.emit(Note("1"))
        committing.set()
        go_on.wait(10)

    await written(store, lambda tx: None)
    writing = asyncio.ensure_future(written_aside(store, slow))
    await asyncio.to_thread(committing.wait, 10)
    reading = asyncio.ensure_future(
        fetched(store, lambda tx: (tx.one("SELECT count(*) FROM notes", {}), list(seen)))
    )
    await asyncio.sleep(0)
    go_on.set()
    await writing
    assert await reading == ((0,), [Note("1")])
    await store.close()
