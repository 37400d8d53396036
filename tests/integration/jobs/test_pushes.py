"""What waits to be sent to devices becomes deliveries, also behind the back of a server that ended."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.rig import Rig
from tsock.cluster.lead import Leads, always
from tsock.conversations import bindings, conversations, messages, participants
from tsock.conversations.actor import ChatActor, ChatLimits
from tsock.conversations.bindings import NewBinding
from tsock.conversations.messages import NewMessage
from tsock.conversations.notifications import MessageNotice, Notifications
from tsock.conversations.participants import NewParticipant
from tsock.conversations.push import NEW_MESSAGE
from tsock.conversations.services import ChatOptions
from tsock.errors import StoreDown
from tsock.jobs import pushes
from tsock.storage.store import Tx, fetched

URL = "https://relay.example/push"
OPTIONS = ChatOptions(notifications=Notifications(new_message=MessageNotice("${MESSAGE}", enabled=True)))
PEOPLE = 60
"""Of more than two steps."""


def actor(rig: Rig) -> ChatActor:
    limits = ChatLimits(is_push_configured=True)
    return ChatActor(rig.made.account_sid, rig.made.chat_service_sid, options=OPTIONS, limits=limits)


async def crowd(rig: Rig) -> str:
    """A conversation of people with a device each."""
    rest = actor(rig)

    def rule(tx: Tx) -> str:
        sid = conversations.create(tx, rest).row.sid
        for number in range(PEOPLE):
            identity = f"u{number}"
            participants.add(tx, rest, sid, NewParticipant(identity=identity))
            user = ChatActor(rest.account_sid, rest.service_sid, identity)
            new = NewBinding(type="fcm", endpoint=identity, message_types=[NEW_MESSAGE])
            bindings.register(tx, user, new)
        return sid

    return await rig.do(rule)


async def put(rig: Rig) -> list[str]:
    """Devices that something waits for."""
    rows = await fetched(
        rig.store, lambda tx: tx.all("SELECT parameters FROM webhook_deliveries ORDER BY number", {})
    )
    return [row[0].partition('"Endpoint":"')[2].partition('"')[0] for row in rows]


async def waiting(rig: Rig) -> int:
    (row,) = await fetched(rig.store, lambda tx: tx.all("SELECT count(*) FROM chat_pushes", {}))
    return row[0]


@contextlib.asynccontextmanager
async def running(rig: Rig, leads: Leads = always) -> AsyncIterator[None]:
    job = asyncio.create_task(rig.parts.pushes.run(leads))
    yield
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)


async def done(rig: Rig) -> None:
    """Nothing waits any more."""
    async with asyncio.timeout(20):
        while await waiting(rig):
            await rig.settled()


@pytest.mark.settings(push_url=URL)
async def test_message_reaches_every_device_once(rig: Rig) -> None:
    sid = await crowd(rig)
    async with running(rig):
        await rig.do(messages.send, actor(rig), sid, NewMessage(body="one"))
        await done(rig)
        assert sorted(await put(rig)) == sorted(f"u{number}" for number in range(PEOPLE))
        await rig.do(messages.send, actor(rig), sid, NewMessage(body="two"))
        await done(rig)
        assert len(await put(rig)) == 2 * PEOPLE


@pytest.mark.settings(push_url=URL)
async def test_what_a_server_left_is_sent_by_the_next(rig: Rig) -> None:
    sid = await crowd(rig)
    await rig.do(messages.send, actor(rig), sid, NewMessage(body="one"))
    assert await waiting(rig) == 1
    async with running(rig):
        await done(rig)
    assert len(await put(rig)) == PEOPLE


async def test_what_waits_is_forgotten_without_a_push_url(rig: Rig) -> None:
    sid = await crowd(rig)
    await rig.do(messages.send, actor(rig), sid, NewMessage(body="one"))
    async with running(rig):
        await done(rig)
    assert await put(rig) == []


@pytest.mark.settings(push_url=URL)
async def test_store_that_takes_nothing_is_asked_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushes, "STORE_PAUSE_S", 0)
    aside, failures = rig.store.write_aside, [StoreDown("no space")]

    def failing(rule: Any, done: Any) -> None:
        if failures:
            done(None, failures.pop())
        else:
            aside(rule, done)

    monkeypatch.setattr(rig.store, "write_aside", failing)
    sid = await crowd(rig)
    await rig.do(messages.send, actor(rig), sid, NewMessage(body="one"))
    with capture_logs() as logs:
        async with running(rig):
            await done(rig)
    assert [entry["event"] for entry in logs] == ["pushes.postponed"]
    assert len(await put(rig)) == PEOPLE


@pytest.mark.settings(push_url=URL)
async def test_node_that_does_not_lead_puts_nothing_and_takes_up_what_waits_once_it_does(rig: Rig) -> None:
    sid, leads = await crowd(rig), False
    async with running(rig, lambda: leads):
        await rig.do(messages.send, actor(rig), sid, NewMessage(body="one"))
        await rig.settled()
        assert (await waiting(rig), await put(rig)) == (1, [])
        leads = True
        rig.parts.pushes.look()
        await done(rig)
    assert len(await put(rig)) == PEOPLE
