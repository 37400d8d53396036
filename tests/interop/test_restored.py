"""A backup that is restored under clients which saw more than it holds."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import Js, SdkObject
from tests.interop.server import Server, until
from tests.interop.test_chat_edit import at_rest, both

pytestmark = pytest.mark.sqlite  # copies of PostgreSQL are made by its own tools

Put = Callable[[Server, Path], None]


def by_command(server: Server, copy: Path) -> None:
    """As the how-to says."""
    shutil.rmtree(server.data)
    assert server.tsock("restore", str(copy)).returncode == 0


def by_hand(server: Server, copy: Path) -> None:
    """The database alone, over the one that there was."""
    for path in server.data.glob("tsock.db*"):
        path.unlink()
    shutil.copyfile(copy / "tsock.db", server.data / "tsock.db")


def in_place(server: Server, copy: Path) -> None:
    """The same into the same file."""
    for path in server.data.glob("tsock.db-*"):
        path.unlink()
    shutil.copyfile(copy / "tsock.db", server.data / "tsock.db")


def as_a_whole(server: Server, copy: Path) -> None:
    """With its watermark, so that no start can see it and it has to be said."""
    by_hand(server, copy)
    (server.data / "watermark").write_text("1\n")
    assert server.tsock("epoch").returncode == 0


def restored(server: Server, copy: Path, put: Put, ending: str = "stop") -> None:
    getattr(server, ending)()
    put(server, copy)
    server.start()


def keys_of(found: SdkObject) -> list[str]:
    read = Js(
        "async function() { return (await this.getItems({limit: 100})).items.map(i => i.key ?? i.index); }"
    )
    return found.run(read).result(15)


@pytest.mark.parametrize("put", [by_command, by_hand, in_place, as_a_whole])
@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_open_client_is_brought_to_what_the_copy_holds_and_hears_every_change_behind_it(
    own_server: Server, connect: Connect, name: str, tmp_path: Path, put: Put, ending: str
) -> None:
    client = connect("alice")
    document = client.document(name).subscribed()
    items, entries = client.list(name).subscribed(), client.map(name).subscribed()
    writer = connect("writer")
    there = writer.document(name), writer.list(name), writer.map(name)
    there[0].set({"n": 1})
    there[1].push({"n": 1})
    there[2].set("kept", {"n": 1})
    copy = tmp_path / "copy"
    own_server.back_up(copy)
    for n in range(2, 6):
        there[0].set({"n": n})
        there[1].push({"n": n})
        there[2].set(f"lost-{n}", {"n": n})
    entries.set("own", {})  # no event tells its writer
    until(lambda: len(entries.seen("itemAdded")) == 6, "all that is going to be lost")
    assert [document.next("updated")["data"]["n"] for _ in range(5)] == [1, 2, 3, 4, 5]
    writer.shutdown()

    restored(own_server, copy, put, ending)

    assert document.next("updated")["data"] == {"n": 1}
    assert items.next("removed") == entries.next("removed") == {"isLocal": False}
    items, entries = client.list(name).subscribed(), client.map(name).subscribed()
    assert keys_of(items) == [0]
    assert keys_of(entries) == ["kept"]
    late = connect("late")
    there = late.document(name), late.list(name), late.map(name)
    for n in range(10, 13):
        there[0].set({"n": n})
        there[1].push({"n": n})
        there[2].set(f"lost-{n - 8}", {"n": n})
    assert [document.next("updated")["data"]["n"] for _ in range(3)] == [10, 11, 12]
    assert [items.next("itemAdded")["item"]["index"] for _ in range(3)] == [1, 2, 3]
    assert [entries.next("itemAdded")["item"]["key"] for _ in range(3)] == ["lost-2", "lost-3", "lost-4"]


def test_open_chat_is_brought_to_what_the_copy_holds_and_hears_every_message_behind_it(
    own_server: Server, connect: Connect, own: Callable[[str], str], tmp_path: Path
) -> None:
    _, bob, conversation, theirs = both(connect, own, friendlyName="Kept")
    for text in ("kept", "edited later"):
        conversation.sendMessage(text)
    _, edited = theirs.next("messageAdded"), theirs.next("messageAdded")
    mine = [conversation.next("messageAdded") for _ in range(2)]
    at_rest(conversation, theirs)
    own_server.back_up(tmp_path / "copy")
    mine[1].updateBody("edited")
    for n in range(3):
        conversation.sendMessage(f"lost {n}")
    conversation.updateFriendlyName("Lost")
    lost = [theirs.next("messageAdded") for _ in range(3)]
    until(lambda: theirs.now()["friendlyName"] == "Lost" and edited.now()["body"] == "edited", "the changes")

    restored(own_server, tmp_path / "copy", by_command, "kill")

    assert [theirs.next("messageRemoved").number for _ in range(3)] == [each.number for each in lost]
    until(lambda: theirs.now()["friendlyName"] == "Kept", "the name to be the copy's")
    until(lambda: edited.now()["body"] == "edited later", "the message to be the copy's")
    late = connect.chat(own("alice")).getConversationBySid(conversation.sid)
    for n in range(9):
        late.sendMessage(f"new {n}")
    heard = [theirs.next("messageAdded").now() for _ in range(9)]
    assert [(each["index"], each["body"]) for each in heard] == [(2 + n, f"new {n}") for n in range(9)]
    assert len(bob.seen("conversationAdded")) == len(bob.seen("conversationJoined")) == 1
    assert bob.seen("conversationRemoved") == theirs.seen("participantLeft") == []


def test_client_with_a_revision_of_before_does_not_overwrite_what_it_never_saw(
    own_server: Server, connect: Connect, name: str, tmp_path: Path
) -> None:
    client = connect("alice")
    document = client.document(name)
    document.set({"n": 1})
    own_server.back_up(tmp_path / "copy")
    document.set({"n": 2})
    known = document.now()["revision"]

    restored(own_server, tmp_path / "copy", by_hand)

    late = connect.bare("late")
    late.post(f"/v3/Documents/{name}", {"data": {"n": 7}}).ok()
    assert late.get(f"/v3/Documents/{name}").body["revision"] != known
    document.mutate(Js("data => ({...data, more: 1})"))
    assert late.get(f"/v3/Documents/{name}").body["data"] == {"n": 7, "more": 1}


def test_storage_and_endpoint_are_others_behind_a_restored_backup(
    own_server: Server, connect: Connect, tmp_path: Path
) -> None:
    first = connect.bare("alice").client.storageId()["id"]
    own_server.back_up(tmp_path / "copy")
    restored(own_server, tmp_path / "copy", by_command)
    assert connect.bare("alice").client.storageId()["id"] != first


def test_moving_the_data_and_restarting_begins_no_epoch(
    own_server: Server, connect: Connect, name: str, tmp_path: Path
) -> None:
    items = connect("alice").list(name).subscribed()
    items.push({"n": 1})
    own_server.stop()
    shutil.copytree(own_server.data, tmp_path / "moved")
    shutil.rmtree(own_server.data)
    shutil.copytree(tmp_path / "moved", own_server.data)
    own_server.start()
    late = connect("late").list(name)
    late.push({"n": 2})
    assert items.next("itemAdded")["item"]["index"] == 0
    assert items.next("itemAdded")["item"]["index"] == 1
    assert items.seen("removed") == []
