"""A machine's clock that is wrong for a while, and then right again."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.interop.server import Server, running, until
from tests.simulation.client import connected
from tsock.clock import iso_ms

TWO_HOURS_S = 7200
PATCH = """
import pathlib, time
_right_ns, _off = time.time_ns, pathlib.Path({off!r})
time.time_ns = lambda: _right_ns() + int(_off.read_text()) * 10**9
"""
"""What a process does on a machine whose clock is off by so many seconds: only its wall clock shows that."""

Set = Callable[[int], None]


@pytest.fixture
def off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Set:
    """Sets the machine's clock, to so many seconds off."""
    file, draft = tmp_path / "off", tmp_path / "off.new"
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(PATCH.format(off=str(file)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"), prepend=os.pathsep)

    def set_to(seconds: int) -> None:
        draft.write_text(str(seconds))
        draft.replace(file)

    set_to(0)
    return set_to


@pytest.fixture
def server(off: Set, tmp_path: Path) -> Iterator[Server]:
    yield from running(tmp_path)


def clock_line(server: Server) -> str:
    return next(line["found"] for line in server.operator("GET", "/check")["checks"] if line["id"] == "clock")


def has_noticed(server: Server, way: str) -> Callable[[], bool]:
    return lambda: f"was set 7200 s {way}" in clock_line(server)


async def test_fresh_tokens_are_good_again_once_the_clock_is_right(server: Server, off: Set) -> None:
    off(TWO_HOURS_S)
    with pytest.raises(AssertionError, match="20104"):
        async with connected(server.uri, server.token()):
            pass
    until(has_noticed(server, "ahead"), "the step to be seen")
    off(0)
    async with connected(server.uri, server.token()) as client:
        assert (await client.post("/v3/Documents", {"data": {}})).status == 201


async def test_dates_keep_the_order_of_commits_and_time_to_live_follows_the_clock(
    server: Server, off: Set
) -> None:
    async with connected(server.uri, server.token(ttl_s=86_400)) as client:
        off(TWO_HOURS_S)
        ahead = (await client.post("/v3/Documents", {"data": {}})).ok(201)
        off(0)
        right = (await client.post("/v3/Documents", {"data": {}, "ttl": 60})).ok(201)
    assert right["date_created"] >= ahead["date_created"]
    assert right["date_expires"] < iso_ms(server.now_s() * 1000 + 120_000)


async def test_dates_keep_that_order_over_a_restart_too(server: Server, off: Set) -> None:
    off(TWO_HOURS_S)
    async with connected(server.uri, server.token(ttl_s=86_400)) as client:
        ahead = (await client.post("/v3/Documents", {"data": {}})).ok(201)
    server.kill()
    off(0)
    server.start()
    async with connected(server.uri, server.token()) as client:
        assert (await client.post("/v3/Documents", {"data": {}})).ok(201)["date_created"] >= ahead[
            "date_created"
        ]


def test_step_is_logged_and_shown_and_the_server_stays_ready(server: Server, off: Set) -> None:
    off(TWO_HOURS_S)
    until(has_noticed(server, "ahead"), "the step ahead to be seen")
    server.operator("POST", "/accounts", {})
    off(0)
    until(has_noticed(server, "back"), "the step back to be seen")
    found = server.operator("GET", "/check")
    assert found["verdict"] != "problem"
    ready = httpx2.get(f"{server.url}/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert "the machine's clock was set 7200 s back" in ready.json()["clock"]
    assert "until the clock has caught up" in ready.json()["clock"]
    assert server.log.read_text().count("clock.stepped") == 2
