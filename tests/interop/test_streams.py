"""Streams and their messages (`protocol/sync.md`, Requests and Events)."""

import pytest

from tests.interop.bare import Bare
from tests.interop.sdk import SdkError, SdkObject


def test_messages_of_one_client_reach_the_other_in_order(alice: SdkObject, bob: SdkObject, name: str) -> None:
    mine = alice.stream(name)
    seen = bob.stream(name).subscribed()

    sent = [mine.publishMessage({"n": n}) for n in range(20)]

    arrived = [seen.next("messagePublished") for _ in range(20)]
    assert [each["message"]["data"]["n"] for each in arrived] == list(range(20))
    assert [each["message"]["sid"] for each in arrived] == [message["sid"] for message in sent]
    assert not any(each["isLocal"] for each in arrived)


def test_new_stream_has_no_counter(bare: Bare) -> None:
    made = bare.post("/v3/Streams", {}).ok(201)

    assert set(made["links"]) == {"messages"}
    assert not {"revision", "last_event_id"} & set(made)


def test_published_message_gets_a_sid(bare: Bare) -> None:
    messages = bare.post("/v3/Streams", {}).ok(201)["links"]["messages"]

    assert bare.post(messages, {"data": {"x": 1}}).ok(201)["sid"].startswith("TZ")


def test_message_over_four_kibibytes_is_refused(bare: Bare, alice: SdkObject) -> None:
    stream = bare.post("/v3/Streams", {}).ok(201)
    fits = {"x": "y" * (4096 - len('{"x":""}'))}
    bare.post(stream["links"]["messages"], {"data": fits}).ok(201)

    with pytest.raises(SdkError) as refused:
        alice.stream(stream["sid"]).publishMessage({"x": fits["x"] + "y"})

    assert (refused.value.status, refused.value.code) == (413, 54006)


def test_publishing_to_an_absent_stream_is_not_found(bare: Bare) -> None:
    absent = f"/v3/Streams/TO{'0' * 31}f/Messages"

    assert bare.post(absent, {"data": {}}).error == (404, 54250)


def test_late_subscriber_gets_no_earlier_message(alice: SdkObject, bob: SdkObject, name: str) -> None:
    mine = alice.stream(name)
    mine.publishMessage({"n": 1})
    seen = bob.stream(name).subscribed()
    mine.publishMessage({"n": 2})

    assert seen.next("messagePublished")["message"]["data"] == {"n": 2}
    assert len(seen.seen("messagePublished")) == 1
