from pathlib import Path

from tests.support.rig import Rig
from tests.support.web import Web
from tsock.installation import layout


async def test_process_that_answers_is_alive_whatever_its_problem(rig: Rig, web: Web) -> None:
    rig.problem = "the disk is full"
    page = await web("GET", "/healthz")
    assert (page.status, page.json) == (200, {"status": "ok"})


async def test_server_is_ready_until_it_has_a_problem_which_it_names(rig: Rig, web: Web) -> None:
    page = await web("GET", "/readyz")
    assert (page.status, page.json) == (200, {"status": "ready"})
    rig.problem = "the server is stopping"
    page = await web("GET", "/readyz")
    assert (page.status, page.json) == (503, {"status": "not_ready", "reason": "the server is stopping"})


async def test_server_that_cannot_store_files_is_not_ready(rig: Rig, web: Web, tmp_path: Path) -> None:
    folder = rig.installed.data / layout.MEDIA
    folder.rename(tmp_path / "away")
    await rig.installed.blobs.probe()
    page = await web("GET", "/readyz")
    assert (page.status, page.json["status"]) == (503, "not_ready")
    assert "a file could not be stored" in page.json["reason"]
    (tmp_path / "away").rename(folder)
    await rig.installed.blobs.probe()
    assert (await web("GET", "/readyz")).status == 200


async def test_figures_are_a_prometheus_page_of_what_happened(rig: Rig, web: Web) -> None:
    client = rig.connect()
    await client.request("GET", "/v3/Documents/x")
    rig.open().init("bad")
    page = await web("GET", "/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = page.body.decode().splitlines()
    assert "tsock_connections 2.0" in lines
    assert 'tsock_denials_total{code="20101"} 1.0' in lines
    assert 'tsock_requests_total{route="/v3/Documents/{object}",status="404"} 1.0' in lines
