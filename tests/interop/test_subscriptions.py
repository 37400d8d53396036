"""Subscriptions as the SDK sees them: who hears of what, once and in order."""

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import SdkObject
from tests.interop.server import Server

KINDS = ["document", "list", "map", "stream"]


def _open(client: SdkObject, kind: str, name: str) -> SdkObject:
    return getattr(client, kind)(name)


def _remove(entity: SdkObject, kind: str) -> None:
    getattr(entity, f"remove{kind.title()}")()


def _remove_item(entity: SdkObject, kind: str) -> None:
    entity.remove("k" if kind == "map" else 0)


def _add(entity: SdkObject, kind: str, n: int) -> None:
    if kind == "map":
        entity.set("k", {"n": n})
    else:
        entity.push({"n": n})


@pytest.mark.parametrize("kind", KINDS)
def test_removed_object_is_reported_to_its_subscribers(
    alice: SdkObject, bob: SdkObject, name: str, kind: str
) -> None:
    mine = _open(alice, kind, name)
    seen = _open(bob, kind, name).subscribed()

    _remove(mine, kind)

    assert seen.next("removed")["isLocal"] is False
    assert mine.next("removed")["isLocal"] is True
    assert _open(bob, kind, name).sid != mine.sid


@pytest.mark.parametrize("kind", ["list", "map"])
def test_own_removal_of_an_item_is_raised_once(
    alice: SdkObject, bob: SdkObject, name: str, kind: str
) -> None:
    """The other client's change, which comes after, is the fence."""
    mine = _open(alice, kind, name).subscribed()
    theirs = _open(bob, kind, name).subscribed()
    _add(mine, kind, 1)
    theirs.next("itemAdded")

    _remove_item(mine, kind)
    theirs.next("itemRemoved")
    _add(theirs, kind, 2)
    assert mine.next("itemAdded")["isLocal"] is True
    assert mine.next("itemAdded")["isLocal"] is False

    assert [event["isLocal"] for event in mine.seen("itemRemoved")] == [True]


def test_own_message_is_raised_once(alice: SdkObject, bob: SdkObject, name: str) -> None:
    mine = alice.stream(name).subscribed()
    theirs = bob.stream(name).subscribed()

    mine.publishMessage({"n": 1})
    theirs.next("messagePublished")
    theirs.publishMessage({"n": 2})
    mine.next("messagePublished")
    mine.next("messagePublished")

    assert [event["isLocal"] for event in mine.seen("messagePublished")] == [True, False]


def test_other_connection_of_the_same_identity_gets_the_event(connect: Connect, name: str) -> None:
    phone, laptop = connect("dora"), connect("dora")
    on_phone = phone.document(name)
    on_laptop = laptop.document(name).subscribed()

    on_phone.set({"n": 1})

    assert on_laptop.next("updated") == {"data": {"n": 1}, "previousData": {}, "isLocal": False}


def test_object_opened_again_shows_what_happened_meanwhile(
    alice: SdkObject, bob: SdkObject, name: str
) -> None:
    mine = alice.document(name)
    bob.document(name).subscribed().close()
    mine.set({"n": 1})

    seen = bob.document(name).subscribed()
    mine.set({"n": 2})

    assert seen.properties["data"] == {"n": 1}
    assert seen.next("updated")["data"] == {"n": 2}


def test_item_pushed_by_many_clients_arrives_once_in_index_order(
    connect: Connect, bob: SdkObject, name: str
) -> None:
    seen = bob.list(name).subscribed()
    writers = [connect(f"user {n}").list(name) for n in range(5)]

    for outcome in [writer.push.start({"n": n}) for n in range(20) for writer in writers]:
        outcome.result()

    arrived = [seen.next("itemAdded") for _ in range(100)]
    assert [event["item"]["index"] for event in arrived] == list(range(100))


def test_object_opened_while_others_write_misses_nothing(connect: Connect, bob: SdkObject, name: str) -> None:
    """What the first page does not show arrives as an event."""
    writer = connect("writer").list(name)
    outcomes = [writer.push.start({"n": n}) for n in range(100)]

    seen = bob.list(name)
    shown = {item["index"] for item in seen.getItems({"pageSize": 100}).properties["items"]}
    for outcome in outcomes:
        outcome.result()
    writer.push({"last": True})
    while True:
        item = seen.next("itemAdded")["item"]
        if item["data"] == {"last": True}:
            break

    heard = [event["item"]["index"] for event in seen.seen("itemAdded")]
    assert heard == sorted(set(heard))
    assert shown | set(heard) == set(range(101))


def test_subscription_survives_a_new_token(
    connect: Connect, alice: SdkObject, server: Server, name: str
) -> None:
    bob = connect("bob")
    seen = bob.document(name).subscribed()

    bob.updateToken(server.token("bob", ttl_s=7200))
    alice.document(name).set({"n": 1})

    assert seen.next("updated")["data"] == {"n": 1}
    assert seen.seen("_subscriptionStateChanged")[-1] == "established"
    assert bob.seen("connectionStateChanged") == ["connecting", "connected"]
