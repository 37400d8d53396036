"""The sender over a real store, its clock moved by hand; it makes requests, or asks a script of the test."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tsock.accounts.bootstrap import Bootstrap, bootstrap
from tsock.accounts.directory import Directory
from tsock.accounts.secrets import Vault
from tsock.accounts.webhook_urls import sealed
from tsock.announcements import Announcements
from tsock.clock import Clock
from tsock.cluster.lead import Leads, always
from tsock.deadlines import Deadlines
from tsock.ids import Ids
from tsock.jobs.deliveries import Deliveries
from tsock.jobs.ticker import Ticker
from tsock.jobs.webhook_client import WebhookClient
from tsock.settings import Settings
from tsock.storage.opening import open_store
from tsock.storage.store import fetched, written
from tsock.telemetry.metrics import Metrics
from tsock.webhooks import outbox
from tsock.webhooks.failure import DeliveryFailure, Fault, ReceivedAnswer
from tsock.webhooks.outbox import Delivery, Post, PostOrigin

T = TypeVar("T")

NOON_MS = 1_935_489_600_000
PATIENCE_S = 20.0
REFUSED = Fault(11202, "refused")
BUSY = Fault(11217, "answered 503", response=ReceivedAnswer(503, {}, ""))
WRONG = Fault(11217, "answered 400", is_final=True, response=ReceivedAnswer(400, {}, ""))


class PostOffice:
    """Made inside a running loop."""

    made: Bootstrap

    def __init__(self, folder: Path, client: Any = None, **settings: Any) -> None:
        settings.setdefault("webhook_private_targets", ("127.0.0.1",))
        settings.setdefault("close_timeout_s", 0.05)
        self.settings = Settings(**settings)
        self.clock = Clock(lambda: NOON_MS)
        self.metrics = Metrics()
        self.store = open_store(
            folder / "tsock.db", self.settings, clock=self.clock, ids=Ids(3), metrics=self.metrics
        )
        self.vault = Vault(b"m" * 32)
        self.directory = Directory(self.vault)
        self.reported: list[DeliveryFailure] = []
        self.taken: list[str] = []
        """SIDs of what was delivered."""
        self.client: Any = client or WebhookClient(self.settings, self.vault, _nobody)
        self._ticker = Ticker(asyncio.get_running_loop())
        self._errors: list[Exception] = []
        deadlines = Deadlines(self.clock, self._errors.append, self._ticker.sooner)
        self._ticker.start(deadlines)
        self.deliveries = Deliveries(
            self.store,
            directory=self.directory,
            deadlines=deadlines,
            metrics=self.metrics,
            settings=self.settings,
            client=self.client,
            report=self,
            chance=lambda: 0.5,
        )

    def webhook_delivered(self, delivery: Delivery) -> None:
        self.taken.append(delivery.sid)

    def webhook_failed(self, failure: DeliveryFailure) -> None:
        self.reported.append(failure)

    async def open(self) -> None:
        self.store.listen(Announcements(self.directory.apply, work=[self.deliveries.hear]).hear)
        self.made = await written(self.store, lambda tx: bootstrap(tx, self.vault, Ids(1), region="us1"))
        await fetched(self.store, self.directory.load)

    def start(self, leads: Leads = always) -> None:
        self._running = asyncio.create_task(self.deliveries.run(leads))

    async def stop(self) -> None:
        """Stop sending, as a server that ends does."""
        self._running.cancel()
        await asyncio.wait([self._running])

    async def close(self) -> None:
        await self.stop()
        await self.store.close()
        self._ticker.stop()
        assert self._errors == []

    async def do(self, rule: Callable[..., T], *args: Any, **named: Any) -> T:
        return await written(self.store, lambda tx: rule(tx, *args, **named))

    async def put(self, *names: str, topic: str = "MP1", url: str, kind: PostOrigin = "sync") -> None:
        """Put deliveries, named by their event type."""
        for name in names:
            account_sid, service_sid = self.made.account_sid, self.made.sync_service_sid
            kept = sealed(self.vault, account_sid, url)
            post = Post(account_sid, service_sid, kind, name, topic, kept, {"EventType": name})
            await self.do(outbox.put, post)

    async def rows(self, state: outbox.DeliveryState = "waiting") -> list[Delivery]:
        return list(await fetched(self.store, lambda tx: outbox.page(tx, state, after=0, limit=1000)))

    async def names(self, state: outbox.DeliveryState = "waiting") -> list[str]:
        return [each.event_type for each in await self.rows(state)]

    def advance_s(self, seconds: float) -> None:
        self.clock.advance(round(seconds * 1000))
        self._ticker.run_all()

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        """Let everything go on until `condition` holds."""
        end_s = asyncio.get_running_loop().time() + PATIENCE_S
        while not condition():
            await asyncio.sleep(0.001)
            assert asyncio.get_running_loop().time() < end_s, f"waited in vain for {what}"

    async def pass_s(self, seconds: float) -> None:
        """Move the clock; what is due then has been attempted when this returns, and that was noted down."""
        self.advance_s(seconds)
        await self.until(self._is_idle, "what is due")

    def _is_idle(self) -> bool:
        found: list[int] = []
        query = "SELECT count(*) FROM webhook_deliveries WHERE next_ms <= :now"
        now_ms = self.clock.now_ms()
        self.store.read(
            lambda tx: tx.all(query, {"now": now_ms})[0][0], lambda count, *_: found.append(count)
        )
        return found == [0]

    async def until_told(self, number: int) -> None:
        """Wait until so many attempts have ended and been noted down."""
        metrics = self.metrics
        await self.until(
            lambda: metrics.webhooks_sent + metrics.webhooks_failed.total() >= number, f"{number} attempts"
        )


async def _nobody(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up")


class Script:
    """A client of the test: notes the attempts, and ends each as it is told or at once."""

    def __init__(self) -> None:
        self.attempts: list[str] = []
        """Names, in the order of sending."""
        self.tokens: list[bytes] = []
        self.outcome: Callable[[Delivery], Fault | None] = lambda delivery: None
        self.under_way: dict[str, asyncio.Future[Fault | None]] = {}
        self.waits: Callable[[Delivery], bool] = lambda delivery: False
        """Whether an attempt lasts until the test ends it."""
        self.most = 0
        """Attempts that were under way at the same time."""
        self.is_closed = False

    async def post(self, delivery: Delivery, auth_token: bytes) -> Fault | None:
        name = delivery.event_type
        self.attempts.append(name)
        self.tokens.append(auth_token)
        if not self.waits(delivery):
            return self.outcome(delivery)
        self.under_way[name] = asyncio.get_running_loop().create_future()
        self.most = max(self.most, len(self.under_way))
        try:
            return await self.under_way[name]
        finally:
            self.under_way.pop(name, None)

    def end(self, name: str, fault: Fault | None = None) -> None:
        self.under_way.pop(name).set_result(fault)

    async def close(self) -> None:
        self.is_closed = True
