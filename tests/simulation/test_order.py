"""What one connection does and hears keeps its order, and is not told what it did itself."""

import asyncio

import msgspec

from tests.interop.server import Server
from tests.simulation.client import Connection, connected, outcome
from tests.simulation.follower import Follower, subscribe
from tests.simulation.views import History, View
from tsock.wire.headers import FromServer, Notification

PUSHES = 300


async def _types(connection: Connection, last: str) -> list[str]:
    """The types of the events that a connection hears, up to one that tells the end."""
    types: list[str] = []
    async for told in connection:
        types.append(msgspec.json.decode(told.payload)["event_type"])
        if types[-1] == last:
            break
    return types


async def test_writes_sent_without_waiting_are_carried_out_in_order(shared_server: Server) -> None:
    uri, token = shared_server.uri, shared_server.token()
    async with connected(uri, token) as writer, asyncio.TaskGroup() as group:
        document = (await writer.post("/v3/Documents", {})).ok(201)
        view = View(document["sid"], "document", History())
        follower = Follower(uri, token, [view])
        following = group.create_task(follower.follow())
        await follower.until(lambda: follower.live, "the document established")

        replies = [
            await writer.send("POST", document["url"], {"data": {"n": number}}) for number in range(1, 101)
        ]
        revisions = [(await outcome(reply)).ok()["revision"] for reply in replies]
        await follower.until(lambda: view.last_event_id == 100, "the last event")
        following.cancel()

        assert revisions == [f"{number:x}" for number in range(1, 101)]
        assert view.state == {None: (100, {"n": 100})}
        assert (await writer.get(document["url"])).ok()["data"] == {"n": 100}


async def test_page_never_shows_an_item_before_its_event(shared_server: Server) -> None:
    """An SDK that meets an item in a page first never reports it as added."""
    announced = -1
    shown: list[int] = []

    def tap(header: FromServer, payload: bytes) -> None:
        nonlocal announced
        if isinstance(header, Notification):
            event = msgspec.json.decode(payload).get("event", {})
            announced = max(announced, event.get("item_index", -1))
        elif payload.startswith(b'{"items":[{'):
            newest = msgspec.json.decode(payload)["items"][0]["index"]
            shown.append(newest)
            assert newest <= announced, f"item {newest} was shown while {announced} was the last announced"

    uri, token = shared_server.uri, shared_server.token()
    async with connected(uri, token) as writer, connected(uri, token, tap) as reader:
        made = (await writer.post("/v3/Lists", {})).ok(201)
        items = made["links"]["items"]
        await subscribe(reader, made["sid"], "list")

        async def push() -> None:
            for number in range(0, PUSHES, 3):
                replies = [await writer.send("POST", items, {"data": {"n": number}}) for _ in range(3)]
                for reply in replies:
                    (await outcome(reply)).ok(201)

        pushing = asyncio.create_task(push())
        while not pushing.done():
            pages = [await reader.send("GET", items, order="desc", page_size="3") for _ in range(4)]
            for page in pages:
                (await outcome(page)).ok()
        await pushing

    assert len(set(shown)) > 20  # the reader did look while the writer was at it


async def test_writer_hears_no_echo_but_its_identity_elsewhere_does(shared_server: Server) -> None:
    uri, token = shared_server.uri, shared_server.token()
    async with connected(uri, token) as one, connected(uri, token) as two:
        kinds = ("document", "list", "map", "stream")
        roots = {kind: (await one.post(f"/v3/{kind.title()}s", {})).ok(201) for kind in kinds}
        for connection in (one, two):
            for kind, root in roots.items():
                await subscribe(connection, root["sid"], kind)

        for connection in (one, two):
            await connection.post(roots["document"]["url"], {"data": {}})
            await connection.post(roots["list"]["links"]["items"], {"data": {}})
            await connection.put(f"{roots['map']['url']}/Items/{id(connection)}", {"data": {}})
            await connection.delete(f"{roots['map']['url']}/Items/{id(connection)}")
            await connection.post(roots["stream"]["links"]["messages"], {"data": {}})
        await one.delete(roots["document"]["url"])
        await two.delete(roots["stream"]["url"])

        changes = [
            "document_updated",
            "list_item_added",
            "map_item_added",
            "map_item_removed",
            "stream_message_published",
        ]
        assert await _types(one, "stream_removed") == [*changes, "stream_removed"]
        assert await _types(two, "document_removed") == [*changes, "document_removed"]
