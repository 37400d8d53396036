"""A large map goes at once, and its rows in chunks that let others write."""

import contextlib
import sqlite3

import pytest

from tests.interop.server import Server
from tests.simulation.client import connected, outcome

ITEMS = 20_000
AT_ONCE = 1000


@pytest.mark.settings(requests_per_connection_per_s=0)  # so that one connection may fill it as fast as it can
async def test_large_map_is_gone_at_once_and_emptied_while_others_write(server: Server) -> None:
    def rows_left() -> int:
        uri = f"file:{server.data / 'tsock.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as file:
            (count,) = file.execute(
                "SELECT count(*) FROM sync_map_items WHERE object_sid = ?", (sid,)
            ).fetchone()
        return count

    async with connected(server.uri, server.token()) as owner, connected(server.uri, server.token()) as other:
        made = (await owner.post("/v3/Maps", {"unique_name": "large"})).ok(201)
        sid, url = made["sid"], made["url"]
        for first in range(0, ITEMS, AT_ONCE):
            replies = [
                await owner.send("PUT", f"{url}/Items/{number}", {"data": {"n": number}})
                for number in range(first, first + AT_ONCE)
            ]
            for reply in replies:
                (await outcome(reply)).ok(201)
        document = (await other.post("/v3/Documents", {})).ok(201)
        assert rows_left() == ITEMS

        (await owner.delete(url)).ok()
        assert rows_left() > ITEMS / 2  # the answer did not wait for them
        assert (await owner.get(url)).error == (404, 54200)
        assert (await owner.get(f"{url}/Items/7")).error == (404, 54200)
        again = (await owner.post("/v3/Maps", {"unique_name": "large"})).ok(201)
        assert (await owner.get(again["links"]["items"])).ok()["items"] == []

        seen: set[int] = set()
        while left := rows_left():
            seen.add(left)
            (await other.post(document["url"], {"data": {"left": left}})).ok()
        assert len(seen) > 10  # as many chunks, and a write of somebody else in each of the gaps
