"""Spoilt pages of a database, one that is gone, lost files: told, and never taken for all being well."""

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


def test_lost_files_and_a_folder_that_is_gone_are_told(server: Server) -> None:
    own = server.credentials
    place = f"{server.url}/mcs/v1/Services/{own['TWILIO_CHAT_SERVICE_SID']}/Media"
    names = own["TWILIO_ACCOUNT_SID"], own["TWILIO_AUTH_TOKEN"]
    first, _ = (httpx2.post(place, content=b"x" * 9, auth=names).raise_for_status().json() for _ in range(2))
    folder, away = server.data / "media", server.directory / "away"
    checked = server.tsock("check")
    assert (checked.returncode, "all 2 of conversations are there" in checked.stdout) == (0, True)

    folder.rename(away)
    assert httpx2.post(place, content=b"x", auth=names).status_code == 503
    assert httpx2.get(f"{server.url}/readyz").status_code == 503
    checked = server.tsock("check")
    assert checked.returncode == 1
    assert "a file could not be stored" in checked.stdout
    assert "2 of 2 of conversations are gone" in checked.stdout

    away.rename(folder)
    lost, other = folder.glob("?" * 32)
    httpx2.post(place, content=b"x" * 9, auth=names).raise_for_status()
    lost.unlink()
    checked = server.tsock("check")
    assert checked.returncode == 1
    assert "files can be stored" in checked.stdout
    assert "1 of 3 of conversations are gone" in checked.stdout
    assert httpx2.get(f"{server.url}/readyz").status_code == 200
    other.write_bytes(b"short")
    told = server.tsock("check").stdout
    assert "2 of 3 of conversations are gone" in told
    assert first["sid"] in told
    assert httpx2.get(first["links"]["content_direct_temporary"]).status_code == 503
