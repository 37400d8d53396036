"""An installation that moves from SQLite to PostgreSQL under its clients."""

import subprocess
import sys
from collections.abc import Callable

import httpx2
import pytest

from tests.interop.conftest import Connect, Room
from tests.interop.library import Api, Record, signature_holds_in_python
from tests.interop.receiver import Receiver
from tests.interop.server import Account, Server, until
from tests.interop.test_chat_edit import at_rest, both
from tests.interop.test_chat_media import PNG, send, url_of
from tests.interop.test_chat_reachability import Watched
from tests.interop.test_webhook_delivery import telling
from tests.support import postgres

pytestmark = pytest.mark.sqlite  # it begins there


def move(server: Server) -> None:
    """Stop it if it runs, copy its data, and start it on the copy."""
    if server.running:
        server.stop()
    url = postgres.create_bare()
    command = [sys.executable, "-m", "tsock", "copy", "--from", f"sqlite:{server.data}", "--to", url]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    (server.data / "tsock.db").rename(server.directory / "moved.db")  # as the how-to says
    server.environment["TSOCK_DATABASE_URL"] = url
    server.start()


def test_open_client_goes_on_with_what_it_has(own_server: Server, connect: Connect, name: str) -> None:
    client, writer = connect("alice"), connect("writer")
    document = client.document(name).subscribed()
    items, entries = client.list(name).subscribed(), client.map(name).subscribed()
    for n in range(3):
        writer.document(name).set({"n": n})
        writer.list(name).push({"n": n})
        writer.map(name).set(f"key {n} \U0001f600", {"n": n})
    assert [document.next("updated")["data"]["n"] for _ in range(3)] == [0, 1, 2]
    assert [items.next("itemAdded")["item"]["index"] for _ in range(3)] == [0, 1, 2]
    assert [entries.next("itemAdded")["item"]["key"][4] for _ in range(3)] == ["0", "1", "2"]
    revision, storage = document.now()["revision"], connect.bare().client.storageId()["id"]
    writer.shutdown()

    move(own_server)

    late = connect("late")
    late.document(name).set({"n": 7})
    late.list(name).push({"n": 7})
    late.map(name).set("new", {"n": 7})
    assert document.next("updated")["data"] == {"n": 7}
    assert items.next("itemAdded")["item"]["index"] == 3
    assert entries.next("itemAdded")["item"]["key"] == "new"
    assert int(document.now()["revision"], 16) == int(revision, 16) + 1
    assert items.seen("removed") == entries.seen("removed") == document.seen("removed") == []
    assert connect.bare().client.storageId()["id"] == storage


def test_client_that_was_away_is_told_what_it_missed_on_both_sides(
    own_server: Server, connect: Connect, name: str
) -> None:
    before = connect.bare("before")
    made = before.post("/v3/Lists", {"unique_name": name}).ok(201)
    items = f"/v3/Lists/{made['sid']}/Items"
    for n in range(3):
        before.post(items, {"data": {"n": n}}).ok(201)
    known = before.get(f"/v3/Lists/{made['sid']}").ok()["last_event_id"]
    before.delete(f"{items}/1").ok()
    before.post(items, {"data": {"n": 3}}).ok(201)

    move(own_server)

    after = connect.bare("after")
    after.post(items, {"data": {"n": 4}}).ok(201)
    after.establish((made["sid"], "list", known))
    events = [after.event() for _ in range(3)]
    assert [(each["type"], each["item_index"]) for each in events] == [
        ("list_item_removed", 1),
        ("list_item_added", 3),
        ("list_item_added", 4),
    ]
    assert [each["id"] for each in events] == [known + 1, known + 2, known + 3]


def test_open_chat_and_its_files_go_on(
    own_server: Server, connect: Connect, own: Callable[[str], str]
) -> None:
    _, bob, conversation, theirs = both(connect, own, friendlyName="Moving")
    conversation.sendMessage("before")
    send(conversation)
    theirs.next("messageAdded")
    file = theirs.next("messageAdded")
    at_rest(conversation, theirs)

    move(own_server)

    late = connect.chat(own("alice")).getConversationBySid(conversation.sid)
    late.sendMessage("behind")
    assert theirs.next("messageAdded").now()["index"] == 2
    assert httpx2.get(url_of(file)).content == PNG
    assert theirs.seen("messageRemoved") == bob.seen("conversationRemoved") == []


def test_user_whose_connection_ended_with_the_old_server_is_told_to_be_gone(
    own_server: Server, connect: Connect, account: Account, python_api: Api
) -> None:
    watched = Watched(own_server, account, python_api, connect)
    _, end = watched.chat_apart("bob")
    watched.becomes(online=True)
    own_server.kill()
    end()

    move(own_server)

    watched.becomes(online=False)
    watched.chat("bob")
    watched.becomes(online=True)


def pages(api: Api, room: Room) -> dict[str, list[Record]]:
    """What a back end is shown of an account."""
    sync, service = api.sync.v1.services, api.sync.v1.services("default")
    resources = {
        "services": sync,
        "documents": service.documents,
        "list items": service.sync_lists("l").sync_list_items,
        "map items": service.sync_maps("m").sync_map_items,
        "conversations": room.service.conversations,
        "participants": room.rest.participants,
        "messages": room.rest.messages,
        "users": room.service.users,
        "roles": room.service.roles,
        "hooks": room.rest.webhooks,
        "keys": api.keys,
        "alerts": api.monitor.v1.alerts,
        "events": api.monitor.v1.events,
    }
    return {name: resource.list() for name, resource in resources.items()}


def test_back_end_is_shown_the_same_and_goes_on(
    own_server: Server, python_api: Api, account: Account, room: Room, receiver: Receiver
) -> None:
    service, told = python_api.sync.v1.services("default"), telling(python_api, receiver.url)
    receiver.answers = [503]
    told.documents.create(unique_name="told")
    failed = receiver.next("document_created")
    document = service.documents.create(unique_name="d", data={"n": "\x00 \U0001f600"})
    service.sync_lists.create(unique_name="l")
    service.sync_maps.create(unique_name="m")
    for n in range(60):
        service.sync_lists("l").sync_list_items.create(data={"n": n})
        service.sync_maps("m").sync_map_items.create(key=f"k{n}", data={"n": n})
    room.rest.messages.create(author="alice", body="before")
    room.rest.webhooks.create(
        target="webhook",
        configuration_url="https://u:secret@example.com/a",
        configuration_filters=["onMessageAdded"],
    )
    room.role("sendMessage")
    python_api.new_keys.create(friendly_name="before")
    until(python_api.monitor.v1.alerts.list, "the alert of the webhook")
    before = pages(python_api, room)

    move(own_server)

    assert pages(python_api, room) == before
    own_server.advance(120)
    again = receiver.next("document_created")
    assert again.params == failed.params
    told.documents("told").update(data={"n": 1})
    receiver.next("document_updated")
    assert signature_holds_in_python(account.auth_token, again.signature, again.url, again.params)
    changed = service.documents("d").update(data={"n": 1})
    assert int(changed["revision"], 16) == int(document["revision"], 16) + 1
    assert service.sync_lists("l").sync_list_items.create(data={})["index"] == 60
    assert room.rest.messages.create(author="alice", body="new")["index"] == 1
    made = python_api.new_keys.create(friendly_name="behind")
    newest, *others = python_api.monitor.v1.events.list()
    assert (newest["resource_sid"], others) == (made["sid"], before["events"])
