"""A store whose snapshots are older, or newer, than what was announced: clients cannot tell."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.chatter import Chatter
from tests.support.rig import Client, Rig
from tests.support.sync_world import json
from tests.support.transport import packets
from tsock.accounts.caller import CHAT, SYNC
from tsock.announcements import Announcements
from tsock.errors import StoreDown
from tsock.storage.store import Tx
from tsock.sync import maps, permissions, roots, tables
from tsock.sync.actor import Actor
from tsock.sync.kinds import MAP
from tsock.sync.services import ServiceOptions, update_service


class Late:
    """Has the store run each query at once, and answer it when the test says so."""

    def __init__(self, rig: Rig, patch: pytest.MonkeyPatch) -> None:
        self.answers: list[Callable[[], None]] = []
        self._read = rig.store.read
        self.is_on = False
        patch.setattr(rig.store, "read", self.read)

    def read(self, query: Callable[[Tx], Any], done: Any, **options: Any) -> None:
        def found(*result: Any) -> None:
            self.answers.append(lambda: done(*result))

        self._read(query, found if self.is_on else done, **options)

    def answer(self) -> None:
        self.is_on = False
        while self.answers:
            self.answers.pop(0)()


class Unheard:
    """What is committed meanwhile is announced to nobody here, as what another node commits."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig

    def __enter__(self) -> None:
        self._announcements = self._rig.announcements
        self._rig.announcements = Announcements(self._rig.directory.apply)

    def __exit__(self, *error: object) -> None:
        self._rig.announcements = self._announcements


@pytest.fixture
def late(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Late:
    return Late(rig, monkeypatch)


@pytest.fixture
def alice(rig: Rig) -> Client:
    return rig.connect("alice")


@pytest.fixture
def bob(rig: Rig) -> Client:
    return rig.connect("bob")


def actor(client: Client) -> Actor:
    """Whom rules see where a client asks that is not waited for."""
    caller = client.session.caller
    return Actor(caller.account_sid, caller.products[SYNC], caller.identity)


async def made(client: Client, place: str, **body: Any) -> str:
    reply = await client.request("POST", f"/v3/{place}", body)
    assert reply.status == 201
    return reply.body["sid"]


async def put(client: Client, sid: str, number: int) -> None:
    reply = await client.request("PUT", f"/v3/Maps/{sid}/Items/k{number}", {"data": {"n": number}})
    assert reply.status in (200, 201)


def subscription(*sids: str, after: int | None) -> dict[str, Any]:
    requests = [{"object_sid": sid, "object_type": "", "last_event_id": after} for sid in sids]
    return {"event_protocol_version": 4, "action": "establish", "correlation_id": 1, "requests": requests}


def ask(client: Client, *sids: str, after: int | None = None) -> str:
    return client.ask("POST", "/v4/Subscriptions", subscription(*sids, after=after))


async def subscribe(client: Client, sid: str, after: int | None = None) -> list[tuple[str, Any]]:
    await client.answered(ask(client, sid, after=after))
    return told(client)


def told(client: Client) -> list[tuple[str, Any]]:
    """Type of each notification, and of which item or outcome it tells."""
    found: list[tuple[str, Any]] = []
    for _, payload in client.notifications():
        if "event" in payload:
            found.append((payload["event_type"], payload["event"].get("item_key")))
        else:
            (entry,) = payload["events"]
            outcome = entry.get("replay_status") or entry["error"]["code"]
            found.append((payload["event_type"], outcome))
    return found


async def test_change_that_is_told_while_an_older_snapshot_is_on_its_way_is_not_lost(
    rig: Rig, late: Late, alice: Client, bob: Client
) -> None:
    sid = await made(bob, "Maps")
    await put(bob, sid, 0)
    late.is_on = True
    packet = ask(alice, sid, after=-1)
    await rig.do(maps.put, actor(bob), sid, "k1", json(n=1))
    late.answer()
    await alice.answered(packet)
    await put(bob, sid, 2)
    assert told(alice) == [
        ("map_item_added", "k0"),
        ("map_item_added", "k1"),
        ("subscription_established", "completed"),
        ("map_item_added", "k2"),
    ]


async def test_object_that_ends_meanwhile_is_asked_for_again_and_is_gone(
    rig: Rig, late: Late, alice: Client, bob: Client
) -> None:
    sid = await made(bob, "Maps")
    await put(bob, sid, 0)
    late.is_on = True
    packet = ask(alice, sid, after=-1)
    await rig.do(roots.remove, actor(bob), MAP, sid)
    late.answer()
    await alice.answered(packet)
    assert told(alice) == [("subscription_established", "interrupted")]
    assert await subscribe(alice, sid, -1) == [("subscription_failed", 54100)]


async def acl(rig: Rig) -> None:
    options = ServiceOptions(acl_enabled=True)
    await rig.do(update_service, rig.vault, rig.made.account_sid, SYNC, "default", options)


async def grant(rig: Rig, sid: str, *, read: bool) -> None:
    """To alice."""

    def rule(tx: Tx) -> None:
        root = tables.by_sid(tx.one, sid)
        assert root is not None
        permissions.grant(tx, root, "alice", read=read, write=False, manage=False)

    await rig.do(rule)


async def test_object_that_may_not_be_read_any_longer_is_asked_for_again_and_refused(
    rig: Rig, late: Late, alice: Client, bob: Client
) -> None:
    await acl(rig)
    sid = await made(bob, "Maps")
    await put(bob, sid, 0)
    await grant(rig, sid, read=True)
    late.is_on = True
    packet = ask(alice, sid, after=-1)
    await grant(rig, sid, read=False)
    late.answer()
    await alice.answered(packet)
    assert told(alice) == [("subscription_established", "interrupted")]
    await put(bob, sid, 1)
    assert told(alice) == []
    assert await subscribe(alice, sid, -1) == [("subscription_failed", 54007)]


async def test_permissions_switched_on_meanwhile_concern_what_is_asked_for(
    rig: Rig, late: Late, alice: Client, bob: Client
) -> None:
    sid = await made(bob, "Maps")
    late.is_on = True
    packet = ask(alice, sid, after=-1)
    switching = asyncio.ensure_future(acl(rig))
    while len(late.answers) < 2:  # noqa: ASYNC110 - the second asks what may be read
        await asyncio.sleep(0)
    late.answers.reverse()
    late.answer()
    await switching
    await alice.answered(packet)
    assert told(alice) == [("subscription_established", "interrupted")]
    assert await subscribe(alice, sid, -1) == [("subscription_failed", 54007)]


async def test_subscription_that_cannot_be_read_for_leaves_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, alice: Client, bob: Client
) -> None:
    sid = await made(bob, "Maps")

    def fail(query: Callable[[Tx], Any], done: Any, **options: Any) -> None:
        done(None, StoreDown("the store cannot be read"), {})

    with monkeypatch.context() as patch:
        patch.setattr(rig.store, "read", fail)
        assert (await alice.answered(ask(alice, sid))).status == 503
    assert alice.session.pending == []
    assert await subscribe(alice, sid) == [("subscription_established", "completed")]


# Newer.


@pytest.fixture
def unheard(rig: Rig) -> Unheard:
    return Unheard(rig)


async def test_reply_goes_behind_the_events_of_what_it_shows(
    unheard: Unheard, alice: Client, bob: Client
) -> None:
    sid = await made(bob, "Documents", data={"n": 0})
    await subscribe(alice, sid)
    with unheard:
        await bob.request("POST", f"/v3/Documents/{sid}", {"data": {"n": 1}})
        packet = alice.ask("GET", f"/v3/Documents/{sid}")
        await bob.request("GET", f"/v3/Documents/{sid}")
    event, reply = alice.take()
    assert event.payload["event"]["document_data"] == {"n": 1}
    assert (reply.header["id"], reply.payload["data"]) == (packet, {"n": 1})


async def test_page_goes_behind_the_clients_work_on_the_events_of_what_it_shows(
    rig: Rig, unheard: Unheard, alice: Client, bob: Client
) -> None:
    sid = await made(bob, "Maps")
    await subscribe(alice, sid)
    with unheard:
        await put(bob, sid, 0)
        alice.ask("GET", f"/v3/Maps/{sid}/Items")
        await bob.request("GET", f"/v3/Maps/{sid}")
    event, ping = alice.take()
    assert event.payload["event"]["item_key"] == "k0"
    assert ping.header["method"] == "ping"


async def test_refusal_goes_behind_the_events_of_what_it_is_about(
    unheard: Unheard, alice: Client, bob: Client
) -> None:
    sid = await made(bob, "Maps")
    await put(bob, sid, 0)
    await subscribe(alice, sid)
    with unheard:
        await bob.request("DELETE", f"/v3/Maps/{sid}/Items/k0")
        packet = alice.ask("GET", f"/v3/Maps/{sid}/Items/k0")
        await bob.request("GET", f"/v3/Maps/{sid}")
    event, reply = alice.take()
    assert event.payload["event_type"] == "map_item_removed"
    assert (reply.header["id"], reply.header["http_status"]["code"]) == (packet, 404)


async def followed(chatter: Chatter, kind: str, name: str) -> str:
    """Follow an object of Conversations from where it is; its SID."""
    found = (await chatter.ask("GET", f"/v3/{kind}/{name}")).body
    body = subscription(found["sid"], after=found["last_event_id"])
    assert (await chatter.ask("POST", "/v4/Subscriptions", body)).status == 200
    chatter.client.take()
    return found["sid"]


@pytest.mark.parametrize(
    ("kind", "part", "change", "asked"),
    [
        (
            "Documents",
            "{conversation}.channel",
            "/Conversations/{conversation}",
            "/Conversations/{conversation}",
        ),
        (
            "Lists",
            "{conversation}.messages",
            "/Conversations/{conversation}/Messages/{message}",
            "/Conversations/{conversation}/Messages/{message}",
        ),
        (
            "Maps",
            "{conversation}.roster",
            "/Conversations/{conversation}/Participants/ben",
            "/Conversations/{conversation}/Participants/ben",
        ),
        ("Maps", "{user}.info", "/Users/{user}", "/Users/{user}"),
        ("Maps", "{user}.info", "/Users/{user}", "/Users?ConversationSid={conversation}"),
        (
            "Maps",
            "{user}.channels",
            "/Users/{user}/Conversations/{conversation}",
            "/Users/{user}/Conversations/{conversation}",
        ),
        (
            "Maps",
            "{user}.channels",
            "/Users/{user}/Conversations/{conversation}",
            "/Users/{user}/Conversations",
        ),
        (
            "Maps",
            "{user}.channels",
            "/Users/{user}/Conversations/{conversation}",
            "/Conversations/{conversation}",
        ),
        ("Maps", "{user}.channels", "/Users/{user}/Conversations/{conversation}", "/Users/{user}/Channels"),
    ],
)
async def test_what_is_asked_of_conversations_goes_behind_the_events_of_what_it_shows(
    rig: Rig, unheard: Unheard, kind: str, part: str, change: str, asked: str
) -> None:
    ann, phone = await Chatter(rig, "ben").start(), await Chatter(rig, "ben").start()
    path = await ann.conversation()
    message = (await ann.say(path, "one"))["sid"]
    names = {
        "conversation": path.rpartition("/")[2],
        "message": message,
        "user": (await ann.get("/Users/ben")).body["sid"],
    }
    await followed(phone, kind, part.format(**names))
    place, _, query = asked.format(**names).partition("?")
    params = dict([query.split("=")]) if query else {}
    body = {"attributes": '{"n":1}', "last_read_message_index": 0}
    with unheard:
        assert (await ann.post(change.format(**names), body)).status == 200
        answered = phone.client.ask(
            "GET", phone.place + place, grant=CHAT, host="aim.us1.twilio.com", params=params
        )
        await ann.get("/Users/ben")
    event, reply = phone.client.take()
    assert event.header["method"] == "notification"
    assert (reply.header["id"], reply.header["http_status"]["code"]) == (answered, 200)


async def test_nothing_of_a_conversation_is_said_to_have_ended_before_the_list_tells_of_it(
    rig: Rig, late: Late
) -> None:
    ann, ben = await Chatter(rig, "ann").start(), await Chatter(rig, "ben").start()
    path = await ann.conversation("ben")
    listed = ben.configuration["sync_objects"]["my_conversations"]
    own = (await ben.ask("GET", f"/v3/Maps/{listed}")).body
    document = (await ben.ask("GET", f"/v3/Documents/{path.rpartition('/')[2]}.channel")).body
    body = subscription(own["sid"], document["sid"], after=own["last_event_id"])

    late.is_on = True
    packet = ben.client.ask("POST", "/v4/Subscriptions", body, grant=CHAT)
    deletion = ann.client.ask("DELETE", ann.place + path, {}, grant=CHAT, host="aim.us1.twilio.com")
    sent = ann.client.transport.sent
    while deletion not in {one.header["id"] for one in packets(bytes(sent))}:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0)
    late.answer()
    await ben.client.answered(packet)
    ((_, payload),) = ben.client.notifications()
    assert [entry["replay_status"] for entry in payload["events"]] == ["interrupted"] * 2
    await ben.ask("POST", "/v4/Subscriptions", body)
    assert [payload["event_type"] for _, payload in ben.client.notifications()] == [
        "map_item_removed",
        "subscription_established",
        "subscription_failed",
    ]
