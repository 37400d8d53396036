from tests.support.rig import Rig
from tests.support.web import Web


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
