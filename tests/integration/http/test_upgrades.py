"""WebSockets on the wrong path, and plain requests on that of WebSockets."""

import pytest
from structlog.testing import capture_logs

from tests.support.rig import BASE_URL, Rig
from tests.support.web import Page, Web

WEBSOCKET = [("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")]


@pytest.fixture
def web(rig: Rig) -> Web:
    return Web(rig)


def text(page: Page) -> str:
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    (line,) = page.body.decode().splitlines()
    return line


@pytest.mark.parametrize(
    "path", ["/", "/v2/wsconnect", "/v3/wsconnect2", "/sync/v1/Services", "/healthz", "/a%7Cb"]
)
async def test_websocket_on_another_path_is_told_the_right_one(rig: Rig, web: Web, path: str) -> None:
    rig.tail.here.after(0)  # somebody looks
    with capture_logs() as logs:
        page = await web("GET", path, headers=WEBSOCKET)
    assert page.status == 404
    line = text(page)
    assert BASE_URL.replace("http", "ws") + "/v3/wsconnect" in line
    assert path.replace("%7C", "|") in line
    (alert,) = await rig.alerts()
    assert (alert.code, alert.level, alert.text) == (20404, "warning", line)
    assert [log["event"] for log in logs] == ["request.lost"]
    assert [entry.kind for entry in rig.tail.here.after(0)] == ["alert"]


async def test_repeats_are_counted(rig: Rig, web: Web) -> None:
    with capture_logs() as logs:
        for _ in range(100):
            assert (await web("GET", "/", headers=WEBSOCKET)).status == 404
        rig.pass_s(2)
        await web("GET", "/", headers=WEBSOCKET)
    (log,) = logs
    assert log["client"].endswith(" at /")
    rig.pass_s(2)
    (alert,) = await rig.alerts()
    assert alert.repeats == 100


async def test_paths_without_end_make_no_alerts_without_end(rig: Rig, web: Web) -> None:
    for number in range(100):
        await web("GET", f"/{number}", headers=WEBSOCKET)
    assert len(await rig.alerts()) <= rig.settings.alerts_per_code_burst


@pytest.mark.parametrize("path", ["/v3/wsconnect", "/v3/wsconnect/", "/behind/a/proxy/v3/wsconnect"])
@pytest.mark.parametrize("upgrade", [[], [("connection", "Upgrade"), ("upgrade", "h2c")]])
async def test_plain_request_for_the_path_of_websockets_is_426(
    web: Web, path: str, upgrade: list[tuple[str, str]]
) -> None:
    page = await web("GET", path, headers=upgrade)
    assert page.status == 426
    assert page.headers["upgrade"] == "websocket"
    assert "proxy" in text(page)


async def test_offer_of_another_protocol_is_answered_as_if_it_were_none(web: Web) -> None:
    offer = [("connection", "Upgrade, HTTP2-Settings"), ("upgrade", "h2c"), ("http2-settings", "AAMAAABk")]
    assert (await web("GET", "/healthz", headers=offer)).status == 200
