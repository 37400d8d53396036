"""What clients see of a server that stops, dies, or sheds load."""

import shutil

import pytest

from tests.interop.conftest import Connect
from tests.interop.server import Server


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_clients_reconnect_to_a_restarted_server_and_miss_nothing(
    own_server: Server, connect: Connect, name: str, ending: str
) -> None:
    alice, bob = connect("alice"), connect("bob")
    document, items = alice.document(name), alice.list(name)
    seen_document, seen_items = bob.document(name).subscribed(), bob.list(name).subscribed()
    document.set({"n": 1})
    items.push({"n": 1})
    seen_document.next("updated")
    seen_items.next("itemAdded")

    getattr(own_server, ending)()
    own_server.start()
    late = connect.bare("late")
    late.post(f"/v3/Documents/{name}", {"data": {"n": 2}}).ok()
    late.post(f"/v3/Lists/{name}/Items", {"data": {"n": 2}}).ok(201)

    assert seen_document.next("updated")["data"] == {"n": 2}
    added = seen_items.next("itemAdded")["item"]
    assert (added["index"], added["lastEventId"], added["data"]) == (1, 1, {"n": 2})
    seen_items.subscribed()
    document.set({"n": 3})
    items.push({"n": 3})
    assert seen_document.next("updated")["data"] == {"n": 3}
    assert seen_items.next("itemAdded")["item"]["index"] == 2
    assert [event["item"]["index"] for event in seen_items.seen("itemAdded")] == [0, 1, 2]


def test_object_removed_while_a_client_was_away_is_reported(
    own_server: Server, connect: Connect, name: str
) -> None:
    bob = connect("bob")
    seen = bob.stream(name).subscribed()
    own_server.kill()
    own_server.start()
    url = f"/v3/Streams/{seen.sid}"
    connect.bare("late").delete(url)

    assert seen.next("removed")["isLocal"] is False


@pytest.mark.sqlite  # where the data go with their directory
def test_storage_id_is_that_of_the_user_and_of_the_data(own_server: Server, connect: Connect) -> None:
    def storage_id(identity: str) -> str:
        return connect.bare(identity).client.storageId()["id"]

    first = storage_id("alice")
    assert storage_id("alice") == first
    assert storage_id("bob") != first
    own_server.stop()
    own_server.start()
    assert storage_id("alice") == first
    own_server.stop()
    shutil.rmtree(own_server.data)
    own_server.start()
    assert storage_id("alice") != first
