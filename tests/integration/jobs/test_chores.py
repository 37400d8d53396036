"""What the server does without being asked, on the real store."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.rig import Client, Rig
from tsock.accounts import audit
from tsock.accounts.accounts import rename_account
from tsock.accounts.caller import SYNC
from tsock.accounts.revocations import revoke_identity, token_life_ms
from tsock.accounts.services import create_service, delete_service
from tsock.debugger import alerts, denials
from tsock.debugger.alerts import NOBODY
from tsock.debugger.denials import Denial
from tsock.debugger.incident import Incident
from tsock.errors import StoreDown
from tsock.events import Event
from tsock.jobs.chores import Chores
from tsock.storage.store import Tx, fetched, written
from tsock.sync import roots
from tsock.sync.actor import Actor
from tsock.sync.kinds import DOCUMENT
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Post
from tsock.webhooks.targets import StoredUrl

DAY_S = 86_400


@pytest.fixture
def chores(rig: Rig) -> Chores:
    return Chores(rig.store, rig.installed.blobs, rig.directory, rig.clock, rig.settings)


async def filled_map(rig: Rig, client: Client, items: int, **body: Any) -> str:
    sid = (await client.request("POST", "/v3/Maps", {})).body["sid"]
    for number in range(items):
        client.ask("PUT", f"/v3/Maps/{sid}/Items/{number}", {"data": {}, **body})
    await rig.settled()
    client.take()
    rig.facts.clear()
    return sid


async def count(rig: Rig, table: str) -> int:
    return (await fetched(rig.store, lambda tx: tx.all(f"SELECT count(*) FROM {table}", {})))[0][0]


def events(rig: Rig) -> list[tuple[str, int | None]]:
    return [(fact.kind, fact.seq) for fact in rig.facts if isinstance(fact, Event)]


# Expiry.


async def test_sweep_announces_everything_that_has_expired_however_much(
    rig: Rig, client: Client, chores: Chores
) -> None:
    await filled_map(rig, client, 450, ttl=10)
    document = await client.request("POST", "/v3/Documents", {"ttl": 20})
    rig.pass_s(10)
    await chores.sweep()
    assert [number for kind, number in events(rig) if kind == "map_item_removed"] == list(range(450, 900))
    rig.facts.clear()
    rig.pass_s(9.999)
    await chores.sweep()
    assert events(rig) == []
    rig.pass_s(0.001)
    await chores.sweep()
    assert events(rig) == [("document_removed", 1)]
    assert (await client.request("GET", f"/v3/Documents/{document.body['sid']}")).error == (404, 54100)


async def test_sweep_writes_nothing_while_nothing_is_due(rig: Rig, client: Client, chores: Chores) -> None:
    await filled_map(rig, client, 1, ttl=10)
    commits = sum(rig.metrics.group_rules.counts)
    await chores.sweep()
    assert sum(rig.metrics.group_rules.counts) == commits


# Emptying.


async def test_rows_of_removed_objects_are_deleted_however_many(
    rig: Rig, client: Client, chores: Chores
) -> None:
    sid = await filled_map(rig, client, 600)
    kept = await filled_map(rig, client, 3)
    await client.request("DELETE", f"/v3/Maps/{sid}")
    assert await count(rig, "sync_map_items") == 603
    await chores.clean_up()
    assert await count(rig, "sync_map_items") == 3
    assert await count(rig, "sync_leftovers") == 0
    assert len((await client.request("GET", f"/v3/Maps/{kept}/Items")).body["items"]) == 3


async def test_content_of_a_deleted_service_goes_with_an_event_for_each_object(
    rig: Rig, client: Client, chores: Chores
) -> None:
    service = await rig.do(create_service, rig.made.account_sid, SYNC)
    owner = rig.connect("alice", products={SYNC: service.sid})
    for number in range(120):
        owner.ask("POST", "/v3/Documents", {"unique_name": str(number)})
    kept = await client.request("POST", "/v3/Documents", {})
    await rig.do(delete_service, rig.made.account_sid, SYNC, service.sid)
    rig.facts.clear()
    await chores.clean_up()
    assert events(rig) == [("document_removed", 1)] * 120
    assert await count(rig, "sync_objects") == 1
    assert (await client.request("GET", f"/v3/Documents/{kept.body['sid']}")).status == 200


async def test_what_was_being_made_while_its_service_was_deleted_goes_in_the_end(
    rig: Rig, chores: Chores
) -> None:
    service = await rig.do(create_service, rig.made.account_sid, SYNC)
    await rig.do(delete_service, rig.made.account_sid, SYNC, service.sid)
    await chores.clean_up()
    await rig.do(roots.create, Actor(rig.made.account_sid, service.sid), DOCUMENT)
    await chores.trim()
    await chores.clean_up()
    assert await count(rig, "sync_objects") == 0


# Forgetting.


@pytest.mark.settings(sync_tombstone_days=2.0)
async def test_removed_items_are_forgotten_after_their_days(rig: Rig, client: Client, chores: Chores) -> None:
    sid = await filled_map(rig, client, 300)
    for number in range(300):
        client.ask("DELETE", f"/v3/Maps/{sid}/Items/{number}")
    await rig.settled()
    rig.advance_s(2 * DAY_S - 1)
    await chores.trim()
    assert await count(rig, "sync_map_items") == 300
    rig.advance_s(2)
    await chores.trim()
    assert await count(rig, "sync_map_items") == 0


@pytest.mark.settings(denials_days=1.0, denials_max=3)
async def test_refusals_are_forgotten_by_age_and_number(rig: Rig, chores: Chores) -> None:
    async def refuse(number: int) -> None:
        denial = Denial(f"DN{number}", rig.clock.now_ms(), 20101, "empty", "", "", "")
        await rig.do(denials.record, denial)

    async def kept() -> list[str]:
        await chores.trim_denials()
        return [denial.sid for denial in await rig.denials()]

    for number in range(5):
        await refuse(number)
        rig.advance_s(1)
    assert await kept() == ["DN2", "DN3", "DN4"]
    rig.advance_s(DAY_S - 2)
    assert await kept() == ["DN3", "DN4"]
    rig.advance_s(DAY_S)
    assert await kept() == []


@pytest.mark.settings(denials_days=1.0, denials_max=2)
async def test_refusals_that_nothing_proves_push_out_none_that_something_does(
    rig: Rig, chores: Chores
) -> None:
    async def refuse(sid: str, *, proven: bool) -> None:
        rig.advance_s(1)
        denial = Denial(sid, rig.clock.now_ms(), 20101, "empty", "", "", "", proven=proven)
        await rig.do(denials.record, denial)

    await refuse("DNa", proven=True)
    for number in range(5):
        await refuse(f"DN{number}", proven=False)
    await chores.trim_denials()
    assert len(await rig.denials()) == 6
    rig.advance_s(DAY_S + 1)
    await chores.trim_denials()
    assert await rig.denials() == []


@pytest.mark.settings(alerts_days=1.0, alerts_max=3, alerts_per_code_per_s=0)
async def test_alerts_are_forgotten_by_age_and_by_number_within_their_account(
    rig: Rig, chores: Chores
) -> None:
    async def kept() -> dict[str, int]:
        await chores.trim()
        found = await fetched(rig.store, lambda tx: alerts.latest(tx, 100))
        return dict(Counter(alert.account_sid for alert in found))

    own = rig.made.account_sid
    rig.debugger.report(Incident(code=51005, text="", level="error"))
    for _ in range(5):
        rig.debugger.report(Incident(code=51005, text="", level="error", account_sid=own))
    assert await kept() == {own: 3, NOBODY: 1}
    rig.advance_s(DAY_S)
    rig.debugger.report(Incident(code=51005, text="", level="error", account_sid=own))
    assert await kept() == {own: 3, NOBODY: 1}
    rig.advance_s(1)
    assert await kept() == {own: 1}


@pytest.mark.settings(audit_events_days=1.0, audit_events_max=3)
async def test_audit_events_are_forgotten_by_age_and_number(rig: Rig, chores: Chores) -> None:
    async def kept() -> list[str]:
        await chores.trim()
        found = await fetched(rig.store, lambda tx: audit.latest(tx, 100))
        return [event.event_type for event in found]

    rig.advance_s(1)
    await rig.do(rename_account, rig.made.account_sid, "Acme")
    assert await kept() == ["account.updated", "service.created", "service.created"]
    rig.advance_s(DAY_S)
    assert await kept() == ["account.updated"]
    rig.advance_s(1)
    assert await kept() == []


async def test_revocations_are_forgotten_in_memory_and_on_disk_once_they_can_meet_no_token(
    rig: Rig, client: Client, chores: Chores
) -> None:
    caller = client.session.caller
    life_ms = token_life_ms(rig.settings)
    await rig.do(revoke_identity, rig.made.account_sid, "alice", life_ms=life_ms)
    rig.advance_s(life_ms / 1000)
    await chores.trim()
    await chores.forget()
    assert rig.directory.revocation(caller) is not None
    assert await count(rig, "revocations") == 1
    rig.advance_s(1)
    await chores.trim()
    await chores.forget()
    assert rig.directory.revocation(caller) is None
    assert await count(rig, "revocations") == 0


# Running.


@pytest.mark.settings(sync_sweep_interval_s=0.001)
async def test_chore_that_fails_is_logged_and_tried_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    chores = Chores(rig.store, rig.installed.blobs, rig.directory, rig.clock, rig.settings)
    failures: list[Exception] = [StoreDown("disk full"), RuntimeError("a mistake")]
    succeeded = asyncio.Event()

    async def sweep() -> None:
        if failures:
            raise failures.pop(0)
        succeeded.set()

    monkeypatch.setattr(chores, "sweep", sweep)
    with capture_logs() as logs:
        running = asyncio.create_task(chores.run())
        async with asyncio.timeout(10):
            await succeeded.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("chore.postponed", "warning"),
        ("chore.failed", "error"),
    ]
    assert logs[0]["reason"] == "disk full"


@pytest.mark.settings(sync_sweep_interval_s=0.001)
async def test_node_that_does_not_lead_leaves_the_store_alone(
    rig: Rig, client: Client, chores: Chores, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled_map(rig, client, 1, ttl=10)
    rig.pass_s(10)
    leads, asked = False, asyncio.Semaphore(0)

    def is_leader() -> bool:
        asked.release()
        return leads

    running = asyncio.create_task(chores.run(is_leader))
    for _ in range(3):
        await asked.acquire()
    await rig.settled()
    assert events(rig) == []
    leads = True
    async with asyncio.timeout(10):
        while not events(rig):
            await rig.settled()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.settings(sync_sweep_interval_s=0.001)
async def test_chore_ends_where_the_node_stops_leading_and_goes_on_where_another_begins(
    rig: Rig, client: Client, chores: Chores
) -> None:
    await filled_map(rig, client, 450, ttl=10)
    rig.pass_s(10)
    answers = [True, True]  # to begin, and for the first part
    with capture_logs() as logs:
        running = asyncio.create_task(chores.run(lambda: bool(answers) and answers.pop()))
        async with asyncio.timeout(10):
            while not logs:
                await rig.settled()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [(line["event"], line["chore"]) for line in logs] == [("chore.left", "sweep")]
    assert [number for _, number in events(rig)] == list(range(450, 650))
    await Chores(rig.store, rig.installed.blobs, rig.directory, rig.clock, rig.settings).sweep()
    assert [number for _, number in events(rig)] == list(range(450, 900))


async def test_dead_letters_are_forgotten_when_old_and_waiting_webhooks_never(
    rig: Rig, chores: Chores
) -> None:
    def put_two(tx: Tx) -> None:
        for topic in ("dead", "waiting"):
            outbox.put(tx, Post(rig.made.account_sid, None, "sync", "x", topic, StoredUrl("http://h/"), {}))
        dead, _ = outbox.page(tx, "waiting", after=0, limit=2)
        outbox.give_up(tx, dead, 11217, "the target answered 404")

    await written(rig.store, put_two)
    rig.advance_s(30 * DAY_S - 1)
    await chores.trim()
    assert await count(rig, "webhook_deliveries") == 2
    rig.advance_s(2)
    await chores.trim()
    left = await fetched(rig.store, lambda tx: outbox.page(tx, "waiting", after=0, limit=9))
    assert ([each.topic for each in left], await count(rig, "webhook_deliveries")) == (["waiting"], 1)
