"""The main job with older generations of the SDK: twilio-sync 0.12.4, 2.0.1 and 3.4.0."""

from typing import Any

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import Js
from tests.interop.server import Server

EVERY = pytest.mark.parametrize("sdk", [0, 2, 3])


def held(item: dict[str, Any]) -> Any:
    """What an item holds, by its first name or its later one."""
    return item["value"] if "value" in item else item["data"]


@EVERY
def test_majors_share_documents_lists_maps_and_streams(connect: Connect, name: str, sdk: int) -> None:
    old, new = connect("alice", sdk=sdk), connect("bob", sdk=4)
    document, seen_document = old.document(name), new.document(name).subscribed()
    items, seen_items = new.list(name), old.list(name).subscribed()
    pairs, seen_pairs = new.map(name), old.map(name).subscribed()
    stream, seen_stream = old.stream(name), new.stream(name).subscribed()

    document.mutate(Js("value => ({ n: (value.n ?? 0) + 1 })"))
    items.push({"n": 2})
    pairs.set("k", {"n": 3})
    pairs.remove("k")
    stream.publishMessage({"n": 4})

    assert seen_document.next("updated")["data"] == {"n": 1}
    assert held(seen_items.next("itemAdded")["item"]) == {"n": 2}
    assert seen_pairs.next("itemAdded")["item"]["key"] == "k"
    assert seen_pairs.next("itemRemoved")["key"] == "k"
    assert seen_stream.next("messagePublished")["message"]["data"] == {"n": 4}


@EVERY
def test_older_sdk_reads_pages(connect: Connect, name: str, sdk: int) -> None:
    items = connect("alice", sdk=sdk).list(name)
    for n in range(12):
        items.push({"n": n})
    page = connect("bob", sdk=sdk).list(name).getItems({"pageSize": 5})

    read = [item["index"] for item in page.properties["items"]]
    while page.properties["hasNextPage"]:
        page = page.nextPage()
        read += [item["index"] for item in page.properties["items"]]

    assert read == list(range(12))


@EVERY
def test_older_sdk_warns_refreshes_and_expires(server: Server, connect: Connect, name: str, sdk: int) -> None:
    client = connect(token=server.token(ttl_s=600), sdk=sdk)
    document = client.document(name)

    server.advance(421)
    client.next("tokenAboutToExpire")
    client.updateToken(server.token(ttl_s=600))
    server.advance(421)
    client.next("tokenAboutToExpire")
    document.set({"n": 1})
    assert client.seen("tokenExpired") == []
    server.advance(180)

    client.next("tokenExpired")
    client.becomes("disconnected")


@EVERY
def test_older_sdk_is_told_why_it_is_refused(connect: Connect, server: Server, sdk: int) -> None:
    client = connect(token=server.token(ttl_s=-60), sdk=sdk)

    client.becomes("denied")
    client.next("tokenExpired")
    error = client.next("connectionError")
    assert (error["terminal"], error["httpStatusCode"], error["errorCode"]) == (True, 401, 20104)


@EVERY
def test_older_sdk_comes_back_after_a_restart(
    own_server: Server, connect: Connect, name: str, sdk: int
) -> None:
    seen = connect("bob", sdk=sdk).list(name).subscribed()
    own_server.kill()
    own_server.start()
    connect.bare("late").post(f"/v3/Lists/{name}/Items", {"data": {"n": 1}}).ok(201)

    assert held(seen.next("itemAdded")["item"]) == {"n": 1}
