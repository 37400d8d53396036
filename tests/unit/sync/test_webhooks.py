"""What is put into the outbox with each change, and what is not."""

import contextlib
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.sync_world import ACCOUNT, ALICE, REST, SERVICE, World, json
from tsock.errors import ApiError
from tsock.events import Event
from tsock.storage.store import Tx
from tsock.sync import cleanup, documents, expiry, items, lists, maps, roots, streams, webhooks
from tsock.sync.kinds import DOCUMENT, KINDS, LIST, MAP, STREAM, Kind
from tsock.webhooks.outbox import Posted

URL = "https://hooks.example/sync?tenant=7#rc=2"
TOLD = replace(ALICE, webhook_url=URL, endpoint_id="phone")
COMMON = {"AccountSid": ACCOUNT, "ServiceSid": SERVICE, "Identity": "alice", "EndpointId": "phone"}
FIRST = json(n=1)
SECOND = json(text='ü "quoted"', n=2)


class Told(NamedTuple):
    """One row of the outbox."""

    event_type: str
    topic: str
    parameters: dict[str, str]


def told(world: World) -> list[Told]:
    """What was put into the outbox since the last look, in the order of being put."""
    found: list[Told] = []
    for fact in world.facts:
        if isinstance(fact, Posted):
            row = world.database.execute(
                "SELECT account_sid, service_sid, kind, url, event_type, topic, parameters "
                "FROM webhook_deliveries WHERE sid = :sid",
                {"sid": fact.sid},
            ).fetchone()
            assert row[:4] == (ACCOUNT, SERVICE, "sync", URL)
            parameters = msgspec.json.decode(row[6], type=dict[str, str])
            assert parameters["EventType"] == row[4]
            found.append(Told(row[4], row[5], parameters))
    world.facts = [fact for fact in world.facts if not isinstance(fact, Posted)]
    return found


def expected(event_type: str, topic: str, **own: str) -> Told:
    return Told(event_type, topic, {**COMMON, "EventType": event_type, **own})


def test_changes_of_a_document_are_told_with_its_data_while_it_is_there(world: World) -> None:
    sid = world(roots.create, TOLD, DOCUMENT, unique_name="board/é").sid
    world(documents.update, TOLD, sid, data=SECOND)
    world(documents.update, TOLD, sid, ttl=60)
    world(roots.remove, TOLD, DOCUMENT, sid)

    own = {"DocumentSid": sid, "DocumentUniqueName": "board/é"}
    assert told(world) == [
        expected("document_created", sid, **own, DocumentRevision="0", DocumentData="{}"),
        expected("document_updated", sid, **own, DocumentRevision="1", DocumentData=SECOND),
        expected("document_updated", sid, **own, DocumentRevision="2", DocumentData=SECOND),
        expected("document_removed", sid, **own, DocumentRevision="3"),
    ]


def test_changes_of_a_list_are_told_but_not_of_its_context_and_its_time_to_live(world: World) -> None:
    sid = world(roots.create, TOLD, LIST, unique_name="queue", data=FIRST).sid
    world(lists.push, TOLD, sid, FIRST)
    world(lists.set_context, TOLD, sid, FIRST)
    world(items.update, TOLD, LIST, sid, 0, data=SECOND)
    world(items.update, TOLD, LIST, sid, 0, ttl=60)
    world(roots.set_ttl, TOLD, LIST, sid, 3600)
    world(items.remove, TOLD, LIST, sid, 0)
    world(lists.push, REST, sid, FIRST)
    world(roots.remove, TOLD, LIST, sid)

    own = {"ListSid": sid, "ListUniqueName": "queue"}
    item = {**own, "ItemIndex": "0"}
    assert told(world) == [
        expected("list_created", sid, **own, ListRevision="0"),
        expected(
            "list_item_added", sid, **item, EventId="0", ListRevision="1", ItemRevision="0", ItemData=FIRST
        ),
        expected(
            "list_item_updated", sid, **item, EventId="2", ListRevision="3", ItemRevision="2", ItemData=SECOND
        ),
        expected(
            "list_item_updated", sid, **item, EventId="3", ListRevision="4", ItemRevision="3", ItemData=SECOND
        ),
        expected("list_item_removed", sid, **item, EventId="4", ListRevision="5", ItemRevision="4"),
        expected("list_removed", sid, **own, ListRevision="7"),
    ]


def test_changes_of_a_map_are_told_by_whichever_way_its_items_come(world: World) -> None:
    sid = world(roots.create, TOLD, MAP, unique_name="players").sid
    world(maps.add, TOLD, sid, "ann", FIRST)
    world(maps.put, TOLD, sid, "bea", FIRST)
    world(maps.put, TOLD, sid, "bea", SECOND)
    world(items.update, TOLD, MAP, sid, "ann", data=SECOND)
    world(items.remove, TOLD, MAP, sid, "ann")
    world(roots.remove, TOLD, MAP, sid)

    own = {"MapSid": sid, "MapUniqueName": "players"}

    def changed(change: str, number: int, key: str, **data: str) -> Told:
        numbers = {"EventId": str(number), "ItemRevision": str(number), "MapRevision": str(number + 1)}
        return expected(f"map_item_{change}", sid, **own, **numbers, ItemKey=key, **data)

    assert told(world) == [
        expected("map_created", sid, **own, MapRevision="0"),
        changed("added", 0, "ann", ItemData=FIRST),
        changed("added", 1, "bea", ItemData=FIRST),
        changed("updated", 2, "bea", ItemData=SECOND),
        changed("updated", 3, "ann", ItemData=SECOND),
        changed("removed", 4, "ann"),
        expected("map_removed", sid, **own, MapRevision="6"),
    ]


def test_event_numbers_are_decimal_and_revisions_hexadecimal(world: World) -> None:
    sid = world(roots.create, ALICE, MAP).sid
    for _ in range(15):
        world(maps.put, ALICE, sid, "k", FIRST)
    world(maps.put, TOLD, sid, "k", FIRST)

    ((_, _, parameters),) = told(world)
    assert (parameters["EventId"], parameters["ItemRevision"], parameters["MapRevision"]) == ("15", "f", "10")


def test_parameters_without_a_value_are_left_out(world: World) -> None:
    sid = world(roots.create, replace(REST, webhook_url=URL), DOCUMENT).sid

    assert told(world) == [
        Told(
            "document_created",
            sid,
            {
                "AccountSid": ACCOUNT,
                "ServiceSid": SERVICE,
                "EventType": "document_created",
                "Identity": "system",
                "DocumentSid": sid,
                "DocumentRevision": "0",
                "DocumentData": "{}",
            },
        )
    ]


@pytest.mark.parametrize("change", ["connected", "disconnected"])
def test_endpoint_is_told_by_identity_alone(world: World, change: Any) -> None:
    world(webhooks.of_endpoint, TOLD, change)

    assert told(world) == [expected(f"endpoint_{change}", f"{SERVICE}/alice")]


def test_nothing_is_told_of_streams(world: World) -> None:
    sid = world(roots.create, TOLD, STREAM).sid
    world(streams.publish, TOLD, sid, FIRST)
    world(roots.set_ttl, TOLD, STREAM, sid, 60)
    world(roots.remove, TOLD, STREAM, sid)

    assert told(world) == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_nothing_is_told_where_nobody_wants_to_hear(world: World, kind: Kind) -> None:
    sid = world(roots.create, ALICE, kind).sid
    if kind is DOCUMENT:
        world(documents.update, ALICE, sid, data=FIRST)
    if kind is MAP:
        world(maps.add, ALICE, sid, "k", FIRST)
        world(items.update, ALICE, MAP, sid, "k", data=SECOND)
        world(items.remove, ALICE, MAP, sid, "k")
    world(roots.remove, ALICE, kind, sid)
    world(webhooks.of_endpoint, ALICE, "connected")

    assert told(world) == []
    assert world.database.execute("SELECT count(*) FROM webhook_deliveries").fetchone() == (0,)


def test_expiry_is_not_told_whoever_notices_it(world: World) -> None:
    """Neither by the sweep nor by a create or an add that takes over what has expired."""
    world(roots.create, TOLD, DOCUMENT, unique_name="swept", ttl=1)
    world(roots.create, TOLD, DOCUMENT, unique_name="taken over", ttl=1)
    sid = world(roots.create, TOLD, MAP).sid
    world(maps.add, TOLD, sid, "swept", FIRST, ttl=1)
    world(maps.add, TOLD, sid, "taken over", FIRST, ttl=1)
    world.after(1)
    told(world)

    world(roots.create, TOLD, DOCUMENT, unique_name="taken over")
    world(maps.put, TOLD, sid, "taken over", SECOND)
    while world(expiry.expire_due, 1):
        pass

    kinds = [event.kind for event in world.facts if isinstance(event, Event)]
    assert kinds[-2:] == ["document_removed", "map_item_removed"]  # the sweep did its part
    assert [event_type for event_type, _, _ in told(world)] == ["document_created", "map_item_added"]


def test_end_of_a_service_is_not_told_object_by_object(world: World) -> None:
    world(roots.create, TOLD, MAP)
    told(world)

    world(cleanup.remove_content, SERVICE, 10)

    assert told(world) == []


def test_change_that_is_undone_is_not_told(world: World) -> None:
    sid = world(roots.create, ALICE, MAP, unique_name="players").sid

    def fails(tx: Tx) -> None:
        maps.add(tx, TOLD, sid, "k", FIRST)
        raise ApiError(400, 54006, "too late")

    assert world.refusal(fails)[1] == 54006  # which finds the database as it was
    assert world.refusal(roots.create, TOLD, MAP, unique_name="players")[1] == 54301
    assert told(world) == []


OPERATIONS = st.tuples(
    st.sampled_from(["create", "set", "update", "remove_item", "remove", "expire"]),
    st.sampled_from([DOCUMENT, LIST, MAP]),
    st.sampled_from([None, 1]),
)


@given(st.lists(OPERATIONS, min_size=10, max_size=40))
def test_posts_of_an_object_are_its_events_in_their_order(operations: list[Any]) -> None:
    """But for creations, which are no events, and for what nobody asked for."""
    world = World()
    for kind in (DOCUMENT, LIST, MAP):
        world(roots.create, TOLD, kind, unique_name="x")
    for name, kind, ttl in operations:
        if name == "expire":
            world.after(1)
        with contextlib.suppress(ApiError):
            world(_operation(name, kind, ttl))

    posts = [(post.topic, post.event_type, _number(post)) for post in told(world)]
    events = [(event.topic, event.kind, event.seq) for event in world.heard() if event.origin is not None]
    assert [post for post in posts if not post[1].endswith("_created")] == events
    for sid in {topic for topic, _, _ in posts}:
        numbers = [number for topic, _, number in posts if topic == sid]
        assert numbers == sorted(set(numbers))


def _operation(name: str, kind: Kind, ttl: int | None) -> Any:
    """One change of the object of a kind, or of its one item."""
    key = 0 if kind is LIST else "k"

    def rule(tx: Any) -> object:
        match name, kind.name:
            case "create", _:
                return roots.create(tx, TOLD, kind, unique_name="x", ttl=ttl)
            case "expire", _:
                return expiry.expire_due(tx, 2)
            case "remove", _:
                return roots.remove(tx, TOLD, kind, "x")
            case _, "document":
                return documents.update(tx, TOLD, "x", data=FIRST, ttl=ttl)
            case "set", "list":
                return lists.push(tx, TOLD, "x", FIRST, ttl=ttl)
            case "set", _:
                return maps.put(tx, TOLD, "x", "k", FIRST, ttl=ttl)
            case "update", _:
                return items.update(tx, TOLD, kind, "x", key, data=SECOND, ttl=ttl)
            case _:
                return items.remove(tx, TOLD, kind, "x", key)

    return rule


def _number(post: Told) -> int:
    """The counter of the object after the change, from whichever parameter tells it."""
    parameters = post.parameters
    if "EventId" in parameters:
        return int(parameters["EventId"])
    if "DocumentRevision" in parameters:
        return int(parameters["DocumentRevision"], 16)
    return int(parameters["ListRevision" if "ListRevision" in parameters else "MapRevision"], 16) - 1
