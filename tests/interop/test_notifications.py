"""Subscriptions on the wire: confirmations, replay and live events."""

from typing import Any

import pytest

from tests.interop.bare import Bare
from tests.interop.conftest import Connect
from tests.interop.server import Server

ABSENT = "0" * 31 + "f"


@pytest.fixture
def writer(connect: Connect) -> Bare:
    return connect.bare("writer")


@pytest.fixture
def reader(connect: Connect) -> Bare:
    return connect.bare("reader")


def _push_all(client: Bare, items: str, count: int) -> None:
    for outcome in [client.start("post", items, {}, {"data": {"n": n}}) for n in range(count)]:
        client.reply(outcome).ok(201)


def test_establish_announces_delivery(reader: Bare) -> None:
    body = {"event_protocol_version": 4, "action": "establish", "correlation_id": 1, "requests": []}

    answer = reader.post("/v4/Subscriptions", body).ok()

    assert answer["estimated_delivery_in_ms"] > 0
    assert answer["max_batch_size"] > 0


@pytest.mark.parametrize(
    ("kind", "last_event_id"), [("document", 0), ("list", -1), ("map", -1), ("stream", None)]
)
def test_new_object_is_established_at_its_first_counter(
    reader: Bare, kind: str, last_event_id: int | None
) -> None:
    sid = reader.post(f"/v3/{kind.title()}s", {"data": {}}).ok(201)["sid"]

    correlation_id = reader.establish((sid, kind, None))

    assert reader.notification() == (
        "twilio.sync.event",
        {
            "event_type": "subscription_established",
            "event_protocol_version": 4,
            "correlation_id": correlation_id,
            "events": [
                {
                    "object_sid": sid,
                    "object_type": kind,
                    "replay_status": "completed",
                    "last_event_id": last_event_id,
                }
            ],
        },
    )


def test_protocol_version_three_is_answered_one_by_one(reader: Bare) -> None:
    sids = [reader.post("/v3/Maps", {}).ok(201)["sid"] for _ in range(2)]

    reader.establish(*((sid, "map", None) for sid in sids), version=3)

    confirmed = [reader.notification()[1] for _ in sids]
    assert {payload["event"]["object_sid"] for payload in confirmed} == set(sids)
    assert all(payload["event_type"] == "subscription_established" for payload in confirmed)
    assert all("events" not in payload for payload in confirmed)


def test_missed_list_events_are_replayed_before_the_confirmation(writer: Bare, reader: Bare) -> None:
    """Item 0 is known; of the others the latest change counts, under its own id."""
    made = writer.post("/v3/Lists", {}).ok(201)
    items = made["links"]["items"]
    for n in range(4):
        writer.post(items, {"data": {"n": n}}).ok(201)
    writer.post(f"{items}/1", {"data": {"n": "changed"}}).ok()
    writer.delete(f"{items}/2").ok()

    correlation_id = reader.establish((made["sid"], "list", 0))

    heard = [reader.notification() for _ in range(4)]
    assert {message_type for message_type, _ in heard} == {"twilio.sync.event"}
    assert {payload["correlation_id"] for _, payload in heard} == {correlation_id}
    *replayed, confirmed = [payload for _, payload in heard]
    assert [
        (payload["event_type"], payload["event"]["id"], payload["event"]["item_index"])
        for payload in replayed
    ] == [("list_item_added", 3, 3), ("list_item_added", 4, 1), ("list_item_removed", 5, 2)]
    assert confirmed["events"][0]["last_event_id"] == 5


def test_item_known_before_it_changed_is_replayed_as_updated(writer: Bare, reader: Bare) -> None:
    made = writer.post("/v3/Lists", {}).ok(201)
    item = writer.post(made["links"]["items"], {"data": {"n": 0}}).ok(201)
    writer.post(item["url"], {"data": {"n": 1}}).ok()

    reader.establish((made["sid"], "list", 0))

    event = reader.event()
    assert (event["type"], event["id"], event["item_data"]) == ("list_item_updated", 1, {"n": 1})


def test_missed_document_changes_are_replayed_as_the_current_state(writer: Bare, reader: Bare) -> None:
    made = writer.post("/v3/Documents", {"data": {}}).ok(201)
    for n in range(3):
        writer.post(made["url"], {"data": {"n": n}}).ok()

    reader.establish((made["sid"], "document", 1))

    event = reader.event()
    assert (event["type"], event["id"], event["document_data"]) == ("document_updated", 3, {"n": 2})
    assert reader.outcomes()[made["sid"]]["last_event_id"] == 3


def test_nothing_is_replayed_to_a_client_that_is_up_to_date(writer: Bare, reader: Bare) -> None:
    """An id beyond the object's counter counts as up to date."""
    made = writer.post("/v3/Documents", {"data": {}}).ok(201)
    writer.post(made["url"], {"data": {"n": 1}}).ok()

    for known in (1, 99):
        assert reader.follow(made["sid"], "document", known)["last_event_id"] == 1


def test_unknown_position_replays_only_what_is_newer_than_the_endpoint(
    own_server: Server, writer: Bare, connect: Connect
) -> None:
    made = writer.post("/v3/Lists", {}).ok(201)
    writer.post(made["links"]["items"], {"data": {"n": "before"}}).ok(201)
    own_server.advance(
        60
    )  # where nodes share a database, what is a few seconds old may be newer than its date
    reader = connect.bare("reader")
    reader.get(made["url"]).ok()
    writer.post(made["links"]["items"], {"data": {"n": "after"}}).ok(201)

    reader.establish((made["sid"], "list", None))

    assert reader.event()["item_data"] == {"n": "after"}
    assert reader.outcomes()[made["sid"]]["last_event_id"] == 1


def test_long_replay_is_interrupted_and_continued(writer: Bare, reader: Bare) -> None:
    made = writer.post("/v3/Lists", {}).ok(201)
    _push_all(writer, made["links"]["items"], 1200)

    heard: list[int] = []
    statuses = []
    while "completed" not in statuses:
        reader.establish((made["sid"], "list", heard[-1] if heard else -1))
        while "event" in (payload := reader.notification()[1]):
            heard.append(payload["event"]["id"])
        [entry] = payload["events"]
        assert entry["last_event_id"] == heard[-1]
        statuses.append(entry["replay_status"])

    assert statuses == ["interrupted", "completed"]
    assert heard == list(range(1200))


@pytest.mark.parametrize(
    ("kind", "path", "message_type"),
    [
        ("document", None, "com.twilio.rtd.cds.document"),
        ("list", "items", "com.twilio.rtd.cds.list"),
        ("map", "items", "com.twilio.rtd.cds.map"),
        ("stream", "messages", "twilio.sync.event"),
    ],
)
def test_live_events_have_the_type_of_their_kind(
    writer: Bare, reader: Bare, kind: str, path: str | None, message_type: str
) -> None:
    made = writer.post(f"/v3/{kind.title()}s", {"data": {}}).ok(201)
    reader.follow(made["sid"], kind)

    writer.post(made["links"][path] if path else made["url"], {"key": "k", "data": {"n": 1}})

    arrived_type, payload = reader.notification()
    assert arrived_type == message_type
    assert payload["event_protocol_version"] == 4
    assert "correlation_id" not in payload
    assert "events" not in payload


def test_connections_without_registrations_get_notifications(writer: Bare, connect: Connect) -> None:
    reader = connect.bare("reader", types=[])
    made = writer.post("/v3/Documents", {"data": {}}).ok(201)
    reader.follow(made["sid"], "document")

    writer.post(made["url"], {"data": {"n": 1}}).ok()

    assert reader.event()["document_data"] == {"n": 1}


def test_thousand_objects_are_established_in_one_batch_and_too_many_refused(
    writer: Bare, reader: Bare
) -> None:
    made = [writer.start("post", "/v3/Streams", {}, {}) for _ in range(2001)]
    sids = [writer.reply(outcome).ok(201)["sid"] for outcome in made]

    established: dict[str, Any] = {}
    for batch in (sids[:1000], sids[1000:2000]):
        reader.establish(*((sid, "stream", None) for sid in batch))
        while not established.keys() >= set(batch):
            established |= reader.outcomes()
    reader.establish((sids[2000], "stream", None))

    assert all(entry["replay_status"] == "completed" for entry in established.values())
    assert reader.outcomes()[sids[2000]]["error"]["code"] == 54419


def test_batch_separates_good_from_bad(reader: Bare) -> None:
    good = reader.post("/v3/Documents", {"data": {}}).ok(201)["sid"]
    absent = {"ET": "document", "ES": "list", "MP": "map", "TO": "stream"}

    correlation_id = reader.establish(
        (good, "document", 0), *((prefix + ABSENT, kind, None) for prefix, kind in absent.items())
    )

    outcomes: dict[str, Any] = {}
    while len(outcomes) < 5:
        outcomes |= reader.outcomes()
    assert outcomes[good]["replay_status"] == "completed"
    codes = {"ET": 54100, "ES": 54150, "MP": 54200, "TO": 54250}
    for prefix, code in codes.items():
        error = outcomes[prefix + ABSENT]["error"]
        assert (error["status"], error["code"]) == (404, code)
    assert outcomes["ET" + ABSENT]["error"]["message"] == f"Document not found: ET{ABSENT}"
    payloads = [payload for _, payload in reader.client.seen("message")]
    assert {payload["correlation_id"] for payload in payloads} == {correlation_id}


def test_malformed_sid_fails_like_an_absent_object(reader: Bare) -> None:
    reader.establish(("ET000", "document", None))

    error = reader.outcomes()["ET000"]["error"]
    assert (error["status"], error["code"], error["message"]) == (404, 54100, "Document not found: ET000")


def test_cancelled_object_is_heard_of_no_more(writer: Bare, reader: Bare) -> None:
    """A second object is the fence."""
    made, fence = (writer.post("/v3/Documents", {"data": {}}).ok(201) for _ in range(2))
    reader.follow(made["sid"], "document")
    reader.follow(fence["sid"], "document")

    reader.cancel((made["sid"], "document"), ("ET" + ABSENT, "document"))
    payload = reader.notification()[1]
    writer.post(made["url"], {"data": {"n": 1}}).ok()
    writer.post(fence["url"], {"data": {"n": 2}}).ok()

    assert payload["event_type"] == "subscription_canceled"
    assert {entry["object_sid"] for entry in payload["events"]} == {made["sid"], "ET" + ABSENT}
    assert reader.event()["document_sid"] == fence["sid"]


def test_object_established_twice_is_heard_of_once(writer: Bare, reader: Bare) -> None:
    made = writer.post("/v3/Documents", {"data": {}}).ok(201)
    reader.follow(made["sid"], "document")
    reader.follow(made["sid"], "document")

    for n in (1, 2):
        writer.post(made["url"], {"data": {"n": n}}).ok()

    assert [reader.event()["id"] for _ in range(2)] == [1, 2]


def test_writer_gets_no_echo_but_its_other_connection_does(connect: Connect) -> None:
    """What somebody else writes is the fence."""
    phone, laptop, somebody = connect.bare("dora"), connect.bare("dora"), connect.bare("erik")
    made = phone.post("/v3/Documents", {"data": {}}).ok(201)
    phone.follow(made["sid"], "document", 0)
    laptop.follow(made["sid"], "document", 0)

    phone.post(made["url"], {"data": {"by": "phone"}}).ok()
    somebody.post(made["url"], {"data": {"by": "somebody"}}).ok()

    assert [laptop.event()["document_data"]["by"] for _ in range(2)] == ["phone", "somebody"]
    assert phone.event()["document_data"] == {"by": "somebody"}


def test_item_events_carry_what_clients_read(writer: Bare, reader: Bare) -> None:
    made = writer.post("/v3/Maps", {}).ok(201)
    items = made["links"]["items"]
    reader.follow(made["sid"], "map")
    writer.put(f"{items}/a%2Fb", {"data": {"n": 1}, "ttl": 3600}).ok(201)
    writer.put(f"{items}/a%2Fb", {"data": {"n": 2}}).ok(200)
    writer.delete(f"{items}/a%2Fb").ok()

    added, updated, removed = (reader.event() for _ in range(3))

    item = {"map_sid": made["sid"], "item_key": "a/b"}
    assert (
        added.items()
        >= {
            **item,
            "type": "map_item_added",
            "id": 0,
            "item_revision": "0",
            "map_revision": "1",
            "item_url": f"{items}/a%2Fb",
        }.items()
    )
    assert added["item_data"] == {"n": 1}
    assert added["date_expires"] > added["date_created"]
    assert updated["date_expires"] == added["date_expires"]
    assert (updated["type"], updated["id"], updated["item_revision"]) == ("map_item_updated", 1, "1")
    assert removed.items() >= {**item, "type": "map_item_removed", "id": 2, "map_revision": "3"}.items()
    assert removed["item_data"] == {"n": 2}


def test_ttl_of_a_document_reaches_subscribers(writer: Bare, reader: Bare) -> None:
    made = writer.post("/v3/Documents", {"data": {"n": 1}}).ok(201)
    reader.follow(made["sid"], "document")

    changed = writer.post(made["url"], {"ttl": 3600}).ok()

    event = reader.event()
    assert (event["id"], event["document_data"]) == (1, {"n": 1})
    assert event["date_expires"] == changed["date_expires"] > event["date_created"]


def test_ttl_of_other_objects_reaches_nobody(writer: Bare, reader: Bare) -> None:
    """A later item is the fence."""
    made = {kind: writer.post(f"/v3/{kind}", {}).ok(201) for kind in ("Lists", "Maps", "Streams")}
    for kind, each in made.items():
        reader.follow(each["sid"], kind[:-1].lower())

    changed = [writer.post(each["url"], {"ttl": 3600}).ok() for each in made.values()]
    writer.post(made["Lists"]["links"]["items"], {"data": {}}).ok(201)
    writer.put(made["Maps"]["links"]["items"] + "/k", {"data": {}}).ok(201)
    writer.post(made["Streams"]["links"]["messages"], {"data": {}}).ok(201)

    assert all(each["date_expires"] for each in changed)
    heard = [reader.event() for _ in range(3)]
    assert [event["type"] for event in heard] == [
        "list_item_added",
        "map_item_added",
        "stream_message_published",
    ]
    assert [event.get("id") for event in heard] == [0, 0, None]
    assert "id" not in heard[2]


def test_unknown_members_of_a_subscription_are_ignored(reader: Bare) -> None:
    sid = reader.post("/v3/Maps", {}).ok(201)["sid"]
    entry = {"object_sid": sid, "object_type": "map", "last_event_id": None, "type": "com.example.Request"}

    reader.post(
        "/v4/Subscriptions",
        {
            "event_protocol_version": 4,
            "action": "establish",
            "correlation_id": 5,
            "reason": "ttl",
            "requests": [entry],
        },
    ).ok()

    assert reader.outcomes()[sid]["replay_status"] == "completed"


def test_removed_root_is_announced_with_a_final_event(writer: Bare, reader: Bare) -> None:
    made = writer.post("/v3/Lists", {}).ok(201)
    reader.follow(made["sid"], "list")

    writer.delete(made["url"])

    event = reader.event()
    assert (event["type"], event["list_sid"], event["id"]) == ("list_removed", made["sid"], 0)
    reader.cancel((made["sid"], "list"))
    assert reader.notification()[1]["event_type"] == "subscription_canceled"


def test_events_between_replay_and_live_are_delivered_once(writer: Bare, connect: Connect) -> None:
    """Ten clients subscribe while somebody writes."""
    made = writer.post("/v3/Lists", {}).ok(201)
    outcomes = [writer.start("post", made["links"]["items"], {}, {"data": {"n": n}}) for n in range(300)]
    readers = [connect.bare(f"reader {n}") for n in range(10)]
    for reader in readers:
        reader.establish((made["sid"], "list", -1))
    for outcome in outcomes:
        writer.reply(outcome).ok(201)

    for reader in readers:
        heard: list[int] = []
        while heard[-1:] != [299]:
            payload = reader.notification()[1]
            heard += [payload["event"]["id"]] if "event" in payload else []
        assert heard == list(range(300))
