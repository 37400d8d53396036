"""A machine's clock that is set back, and what waits for a time that was wrong."""

import pytest

from tests.support.rig import Rig
from tsock.clock import Clock
from tsock.jobs.clock_watch import ClockWatch
from tsock.storage.store import Tx, fetched
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Post
from tsock.webhooks.targets import StoredUrl

HOUR_MS = 3_600_000


@pytest.mark.parametrize(("leads", "waits_ms"), [(True, 0), (False, HOUR_MS)])
async def test_what_waits_follows_the_clock_of_the_leader_alone(rig: Rig, leads: bool, waits_ms: int) -> None:
    def put(tx: Tx) -> int:
        outbox.put(tx, Post(rig.made.account_sid, None, "sync", "x", "t", StoredUrl("http://h/"), {}))
        (found,) = outbox.page(tx, "waiting", after=0, limit=1)
        outbox.failed(tx, found, 11217, "answered 503", tx.now_ms + HOUR_MS)
        return tx.now_ms

    put_ms, back_ms = await rig.do(put), 0
    clock = Clock(lambda: put_ms - back_ms, lambda: 0.0)
    watch = ClockWatch(clock, rig.deadlines, rig.store, lambda: leads)
    watch.look()
    back_ms = HOUR_MS
    watch.look()
    await rig.settled()
    (row,) = await fetched(rig.store, lambda tx: outbox.page(tx, "waiting", after=0, limit=1))
    assert row.next_ms == put_ms + waits_ms
