"""Sends the webhooks of the outbox: many at once, none of them at the cost of another target's.

The rows of the outbox are the truth: what is known here is only which lanes (host and port) have something
due, and what is under way. So a process that is killed loses nothing, and repeats at most what was under way.

Of several nodes the leader sends. One that stops leading begins no attempt any more; how those that are under
way end is noted down unless somebody else has attempted the same meanwhile.

A target that does not answer takes as long as the time-out allows, so it gets one attempt at a time until it
answers again, and all such targets together get a part of the attempts that may be made at once. So do those
of which nothing is known yet.
"""

import asyncio
import contextlib
import functools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import structlog

from tsock.accounts.directory import Directory
from tsock.cluster.lead import Leads, always
from tsock.deadlines import Deadline, Deadlines
from tsock.errors import StoreBusy, StoreDown
from tsock.events import Work
from tsock.settings import Settings
from tsock.storage.store import Seen, Store, Tx, fetched, written
from tsock.telemetry.metrics import Metrics
from tsock.webhooks import outbox
from tsock.webhooks.failure import DeliveryFailure, Fault
from tsock.webhooks.outbox import Backlog, Delivery, Due, Left, Posted
from tsock.webhooks.retries import Retries

log = structlog.get_logger(__name__)

STORE_PAUSE_S = 1.0
"""A store that takes no writes is asked again after this."""
SHED_PER_WRITE = 100
"""Deliveries given up in one transaction, where too many wait."""
LANES_MAX = 1000
"""So many targets are remembered although nothing waits for them."""


class Sender(Protocol):
    """What makes one attempt."""

    async def post(self, delivery: Delivery, auth_token: bytes) -> Fault | None:
        """None once the target has accepted it."""
        ...

    async def close(self) -> None:
        """End every connection."""
        ...


_Standing = Literal["silent", "new", "answering"]
"""What is known of a target: whether the latest attempt was answered, with whatever status."""

_SHARES: dict[_Standing, float] = {"silent": 0.25, "new": 0.5, "answering": 1.0}
"""Of `webhook_in_flight_max`; who must not take all is served first."""


_End = Literal["delivered", "failed", "given_up", "overtaken"]
"""How an attempt ended; or something else became of the delivery meanwhile, and stands."""


class Reporter(Protocol):
    """Hears how deliveries end."""

    def webhook_delivered(self, delivery: Delivery) -> None:
        """It was taken."""
        ...

    def webhook_failed(self, failure: DeliveryFailure) -> None:
        """It failed for the first time, or was given up."""
        ...


class _Lane:
    """One host and port."""

    __slots__ = ("deadline", "name", "standing", "under_way")

    def __init__(self, name: str) -> None:
        self.name = name
        self.under_way: set[str] = set()
        """SIDs of the deliveries that are being attempted."""
        self.standing: _Standing = "new"
        self.deadline: Deadline | None = None
        """When the next delivery is due."""


class Deliveries:
    """Runs until cancelled; then what is under way gets `close_timeout_s` to end."""

    def __init__(
        self,
        store: Store,
        *,
        directory: Directory,
        deadlines: Deadlines,
        metrics: Metrics,
        settings: Settings,
        client: Sender,
        report: Reporter,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`report` hears how deliveries end; not of failures of the debugger's own."""
        self._store = store
        self._directory = directory
        self._deadlines = deadlines
        self._metrics = metrics
        self._settings = settings
        self._client = client
        self._report = report
        self._retries = Retries(settings, chance)
        self._lanes: dict[str, _Lane] = {}
        self._due: dict[_Standing, dict[str, _Lane]] = {standing: {} for standing in _SHARES}
        """Lanes with something due and room for it, in the order in which they are served."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._shares: Counter[_Standing] = Counter()
        """Tasks by the standing that their lane had when they were started."""
        self._wake = asyncio.Event()
        self._is_shedding = False
        self._leads: Leads = always
        self._is_looking = False

    # What commits announce.

    def hear(self, facts: Sequence[Work]) -> None:
        """Learn from the facts of one commit what may leave."""
        if not self._leads():
            return
        for fact in facts:
            if isinstance(fact, Due):
                self._note_due(fact.lane)
            elif isinstance(fact, Posted):
                self._metrics.webhooks_waiting += 1
            elif isinstance(fact, Left):
                self._metrics.webhooks_waiting -= 1
        if self._metrics.webhooks_waiting > self._settings.webhook_waiting_max:
            self._shed()

    def _note_due(self, name: str) -> None:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane(name)
        self._queue(lane)

    def _queue(self, lane: _Lane) -> None:
        """Look at a lane soon, unless it has no room: then whatever ends there queues it again."""
        if self._room(lane) > 0:
            self._due[lane.standing][lane.name] = lane
            self._wake.set()

    def _room(self, lane: _Lane) -> int:
        most = self._settings.webhook_in_flight_per_target_max if lane.standing == "answering" else 1
        return most - len(lane.under_way)

    # Running.

    async def run(self, leads: Leads = always) -> None:
        """Send whatever falls due, as long as this node leads."""
        self._leads = leads
        if leads():
            self.look()
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while (lane := self._next_lane()) is not None:
                    await self._serve(lane)
        finally:
            await self._finish()

    def look(self) -> None:
        """Look at everything that waits: others may have put some of it, or may have sent before."""
        if not self._is_looking:
            self._is_looking = True
            self._store.read(outbox.backlog, self._begin)

    def let_go(self) -> None:
        """This node leads no longer: know nothing of what waits."""
        self._metrics.webhooks_waiting = 0
        for lane in self._lanes.values():
            if lane.deadline is not None:
                lane.deadline.cancel()

    def _begin(self, backlog: Backlog | None, error: Exception | None, seen: Seen) -> None:
        # On SQLite this runs right behind the query, and all that the query saw was announced: so what is put
        # from now on counts once. The store's contract allows a snapshot that is ahead of the announcements;
        # what it is ahead by counts twice until the next look.
        self._is_looking = False
        if not self._leads():
            return
        if backlog is None:
            log.error("webhooks.unreadable", reason=str(error))
            self._deadlines.after(STORE_PAUSE_S, self.look)
            return
        self._metrics.webhooks_waiting = backlog.waiting
        for name, next_ms in backlog.lanes.items():
            self._lanes.setdefault(name, _Lane(name))
            self._await(self._lanes[name], next_ms)

    def _await(self, lane: _Lane, next_ms: int) -> None:
        if lane.deadline is not None:
            lane.deadline.cancel()
        lane.deadline = self._deadlines.at(next_ms, functools.partial(self._note_due, lane.name))

    def _next_lane(self) -> _Lane | None:
        most = self._settings.webhook_in_flight_max
        if len(self._tasks) >= most:
            return None
        for standing, share in _SHARES.items():
            lanes = self._due[standing]
            while lanes and self._shares[standing] < max(1, int(share * most)):
                lane = lanes.pop(next(iter(lanes)))
                if lane.standing == standing:
                    return lane
                self._queue(lane)  # it has changed since, and waits with its like
        return None

    async def _serve(self, lane: _Lane) -> None:
        """Start what is due in a lane, as far as there is room, and learn when to look again."""
        room = min(self._room(lane), self._settings.webhook_in_flight_max - len(self._tasks))
        if room <= 0:
            return

        def query(tx: Tx) -> tuple[int, list[Delivery]]:
            return tx.now_ms, outbox.of_lane(tx, lane.name, len(lane.under_way) + room + 1)

        try:
            now_ms, found = await fetched(self._store, query)
        except Exception:
            log.exception("webhooks.unreadable", target=lane.name)
            self._deadlines.after(STORE_PAUSE_S, lambda: self._queue(lane))
            return
        if not self._leads():
            return
        idle = [delivery for delivery in found if delivery.sid not in lane.under_way]
        due = [delivery for delivery in idle if (delivery.next_ms or 0) <= now_ms]
        for delivery in due[:room]:
            self._start(lane, delivery)
        if len(due) > room:
            self._queue(lane)
        elif len(idle) > len(due):
            self._await(lane, idle[len(due)].next_ms or 0)
        elif len(self._lanes) > LANES_MAX and not self._is_busy(lane):
            del self._lanes[lane.name]

    def _is_busy(self, lane: _Lane) -> bool:
        return bool(lane.under_way) or any(lane.name in lanes for lanes in self._due.values())

    def _start(self, lane: _Lane, delivery: Delivery) -> None:
        self._shares[lane.standing] += 1
        lane.under_way.add(delivery.sid)
        task = asyncio.create_task(self._carry(lane, delivery))
        self._tasks.add(task)
        task.add_done_callback(functools.partial(self._ended, lane, delivery.sid, lane.standing))

    def _ended(self, lane: _Lane, sid: str, standing: _Standing, task: asyncio.Task[None]) -> None:
        self._shares[standing] -= 1
        lane.under_way.discard(sid)
        self._tasks.discard(task)
        self._queue(lane)

    # One attempt.

    async def _carry(self, lane: _Lane, delivery: Delivery) -> None:
        if not self._leads():  # it stood still since this was started
            return
        try:
            fault = await self._attempt(delivery)
            lane.standing = "answering" if fault is None or fault.response is not None else "silent"
            end = await self._record(delivery, fault)
            self._tell(delivery, fault, end)
        except Exception:
            log.exception("webhook.failed", sid=delivery.sid)
            await asyncio.sleep(STORE_PAUSE_S)  # it is still due, and must not be sent without a pause

    async def _attempt(self, delivery: Delivery) -> Fault | None:
        try:
            account = self._directory.account(delivery.account_sid)
            assert account is not None, "accounts are never deleted"
            return await self._client.post(delivery, self._directory.auth_token(account))
        except Exception:  # a mistake of ours must not have it attempted over and over without a pause
            log.exception("webhook.failed", sid=delivery.sid)
            return Fault(11200, "the request could not be made; the server's log says more")

    async def _record(self, delivery: Delivery, fault: Fault | None) -> _End:
        """Write down how the attempt ended, however long that takes."""

        def rule(tx: Tx) -> _End:
            if fault is None:
                outbox.delivered(tx, delivery)
                return "delivered"
            again = self._retries.after(delivery, fault, tx.now_ms)
            if again is None:
                is_given_up = outbox.give_up(tx, delivery, fault.code, fault.text)
                return "given_up" if is_given_up else "overtaken"
            if not outbox.failed(tx, delivery, fault.code, fault.text, again.next_ms):
                return "overtaken"
            if not again.holds_topic:
                outbox.move_on(tx, delivery)
            return "failed"

        while True:
            try:
                return await written(self._store, rule)
            except (StoreBusy, StoreDown) as error:
                log.warning("webhook.unrecorded", sid=delivery.sid, reason=str(error))
                await asyncio.sleep(STORE_PAUSE_S)

    def _tell(self, delivery: Delivery, fault: Fault | None, end: _End) -> None:
        """Count, log and report how it ended."""
        metrics, attempt, is_given_up = self._metrics, delivery.attempts + 1, end == "given_up"
        if fault is None:
            metrics.webhooks_sent += 1
            self._report.webhook_delivered(delivery)
            return
        metrics.webhooks_failed[fault.code] += 1
        metrics.webhooks_given_up += is_given_up
        log.warning(
            "webhook.given_up" if is_given_up else "webhook.not_delivered",
            sid=delivery.sid,
            account=delivery.account_sid,
            event_type=delivery.event_type,
            target=delivery.lane,
            code=fault.code,
            reason=fault.text,
            attempt=attempt,
        )
        if delivery.kind != "debugger" and end != "overtaken" and (attempt == 1 or is_given_up):
            self._report.webhook_failed(
                DeliveryFailure(
                    sid=delivery.sid,
                    account_sid=delivery.account_sid,
                    service_sid=delivery.service_sid,
                    kind=delivery.kind,
                    event_type=delivery.event_type,
                    attempt=attempt,
                    is_given_up=is_given_up,
                    fault=fault,
                )
            )

    # Too many.

    def _shed(self) -> None:
        """Give up the oldest, where more wait than `webhook_waiting_max`."""
        most = self._settings.webhook_waiting_max
        number = min(self._metrics.webhooks_waiting - most, SHED_PER_WRITE)
        if self._is_shedding:
            return

        def done(_result: object, error: Exception | None) -> None:
            self._is_shedding = False
            if error is None:
                self._metrics.webhooks_given_up += number
                log.warning("webhooks.shed", given_up=number, waiting=self._metrics.webhooks_waiting)

        text = f"given up because more than {most} deliveries waited (webhook_waiting_max)"
        with contextlib.suppress(StoreBusy):  # the next delivery that is put tries it again
            self._store.write(lambda tx: outbox.shed(tx, 11200, text, number), done)
            self._is_shedding = True

    # Stopping.

    async def _finish(self) -> None:
        for lane in self._lanes.values():
            if lane.deadline is not None:
                lane.deadline.cancel()
        tasks = list(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=self._settings.close_timeout_s)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()
