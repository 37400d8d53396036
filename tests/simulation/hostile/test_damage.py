"""Spoilt pages of a database, and a database that is gone: told, and never taken for all being well."""

from pathlib import Path
from random import Random

import httpx2
import pytest

from tests.interop.server import Server
from tests.simulation.client import connected

PAGE_BYTES = 4096


def spoil(database: Path, mark: bytes) -> None:
    """Overwrite the pages that hold `mark`, as a failing disk may."""
    content = bytearray(database.read_bytes())
    pages = [
        at for at in range(PAGE_BYTES, len(content), PAGE_BYTES) if mark in content[at : at + PAGE_BYTES]
    ]
    assert pages
    for at in pages:
        content[at : at + PAGE_BYTES] = Random(1).randbytes(PAGE_BYTES)
    database.write_bytes(content)


async def test_reads_that_fail_make_the_server_not_ready_and_the_check_a_problem(server: Server) -> None:
    async with connected(server.uri, server.token()) as client:
        items = (await client.post("/v3/Lists", {})).ok(201)["sid"]
        for number in range(40):
            filler = f"spoil me {number} " * 40
            (await client.post(f"/v3/Lists/{items}/Items", {"data": {"filler": filler}})).ok(201)
    assert server.tsock("check").returncode == 0
    server.stop()
    spoil(server.data / "tsock.db", b"spoil me 20 ")
    server.start()
    assert httpx2.get(f"{server.url}/readyz").status_code == 200

    async with connected(server.uri, server.token()) as client:
        assert (await client.get(f"/v3/Lists/{items}/Items/20")).error == (503, 20503)
        assert (await client.post("/v3/Documents", {})).status == 201

    ready = httpx2.get(f"{server.url}/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "not_ready")
    assert "malformed" in ready.json()["reason"]
    checked = server.tsock("check")
    assert checked.returncode == 1
    assert "database" in checked.stdout
    assert "tsock restore" in checked.stdout
    assert server.log.read_text().count("store.unreadable") == 1


async def test_damaged_database_is_not_copied(server: Server, tmp_path: Path) -> None:
    async with connected(server.uri, server.token()) as client:
        (await client.post("/v3/Documents", {"data": {"filler": "spoil me " * 1000}})).ok(201)
    server.stop()
    spoil(server.data / "tsock.db", b"spoil me ")

    refused = server.tsock("backup", str(tmp_path / "copy"))

    assert refused.returncode == 2
    assert "is damaged" in refused.stderr
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("state", ["missing", "empty"])
def test_server_does_not_begin_empty_where_a_database_was(server: Server, state: str) -> None:
    server.stop()
    for path in server.data.glob("tsock.db*"):
        path.unlink()
    if state == "empty":
        (server.data / "tsock.db").touch()

    with pytest.raises(AssertionError, match=f"is {state}, but .*master.key is there.*tsock restore"):
        server.start()


def test_server_does_not_begin_empty_where_the_log_of_a_young_database_is_lost(server: Server) -> None:
    """Until the log is first worked into it, the database itself is a page without tables."""
    server.kill()
    for path in server.data.glob("tsock.db-*"):
        path.unlink()

    with pytest.raises(AssertionError, match=r"holds no tables .*tsock\.db-wal.*master\.key is there"):
        server.start()
    checked = server.tsock("check")

    assert checked.returncode == 2
    assert "holds no tables" in checked.stderr
    assert "tsock restore" in checked.stderr
