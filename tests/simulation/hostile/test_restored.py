"""Clients with numbers of before a backup was restored: nobody is told that all is well."""

import shutil
from pathlib import Path
from typing import Any

import msgspec

from tests.interop.server import Server
from tests.simulation.client import Connection, connected
from tests.simulation.follower import establish


async def told(client: Connection, *entries: tuple[str, str, int]) -> list[dict[str, Any]]:
    """What a client hears that establishes these."""
    await client.send("POST", "/v4/Subscriptions", establish(*entries))
    heard: list[dict[str, Any]] = []
    async for each in client:
        heard.append(msgspec.json.decode(each.payload))
        if sum(len(one.get("events", ())) for one in heard) == len(entries):
            return heard
    raise AssertionError("the connection was lost")


async def test_no_number_of_before_is_completed_in_silence(server: Server, tmp_path: Path) -> None:
    async with connected(server.uri, server.token()) as client:
        document = (await client.post("/v3/Documents", {"data": {}})).ok(201)["sid"]
        many = (await client.post("/v3/Lists", {})).ok(201)["sid"]
        named = (await client.post("/v3/Maps", {})).ok(201)["sid"]
    server.back_up(tmp_path / "copy")
    server.kill()
    shutil.rmtree(server.data)
    assert server.tsock("restore", str(tmp_path / "copy")).returncode == 0
    server.start()

    async with connected(server.uri, server.token()) as client:
        for number in (0, 1, 57, 2**40 - 2):
            entries = ((document, "document", number), (many, "list", number), (named, "map", number))
            heard = await told(client, *entries)
            assert [each["event_type"] for each in heard if "event" in each] == ["document_updated"]
            outcomes = {each["event_type"]: each["events"] for each in heard if "events" in each}
            assert [each["object_sid"] for each in outcomes["subscription_established"]] == [document]
            assert [each["error"]["status"] for each in outcomes["subscription_failed"]] == [404, 404]
