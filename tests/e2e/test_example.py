"""The code of `examples/shared-document`, run under Node with the SDK it names, against a server."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.interop.sdk import PATIENCE_S, RUNNER, Js, Node, SdkError
from tests.interop.server import Server

EXAMPLE = Path(__file__).parents[2] / "examples" / "shared-document"
SCRIPT = "text/javascript"
CONNECT = """
    const [example, sdk, url, identity, token] = %s;
    const { connect, fetchToken } = await import(example);
    const { SyncClient } = (await import("node:module")).createRequire(sdk)("twilio-sync");
    const client = await connect(
        SyncClient,
        url.replace("http", "ws") + "/v3/wsconnect",
        async () => token ?? fetchToken(url, identity),
        (what, detail = "") => client.emit("message", what, detail),
    );
    return client;
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def node() -> Iterator[Node]:
    node = Node()
    yield node
    node.end()
    assert node.uncaught == []


class Tab:
    """What the page holds: a client; what its connection tells arrives as events `message` of the client."""

    def __init__(self, node: Node, url: str, identity: str, token: str | None = None) -> None:
        """Connect as the page does; a `token` takes the place of those it would fetch."""
        names = [(EXAMPLE / "connection.mjs").as_uri(), RUNNER.as_uri(), url, identity, token]
        connect = Js("async function () {" + CONNECT % json.dumps(names) + "}")
        self.client = node.ask("run", on=None, source=connect.source).result(PATIENCE_S)

    def tells(self, what: str) -> str:
        """Wait until the connection tells this; the detail that goes with it."""
        while True:
            told, detail = self.client.next("message")
            if told == what:
                return detail

    def becomes(self, state: str) -> None:
        while self.tells("state") != state:
            pass


def test_two_tabs_share_a_document(server: Server, node: Node) -> None:
    alice, bob = Tab(node, server.url, "alice"), Tab(node, server.url, "bob")
    seen = bob.client.document("shared document").subscribed()

    alice.client.document("shared document").update({"text": "hello"})

    assert seen.next("updated")["data"] == {"text": "hello"}


def test_tab_replaces_its_token_before_it_expires(server: Server, node: Node) -> None:
    tab = Tab(node, server.url, "alice")
    tab.becomes("connected")

    for _ in range(2):
        server.advance(3600 - 100)
        tab.tells("about to expire")
        tab.tells("renewed")

    assert tab.client.document("shared document").sid.startswith("ET")
    assert tab.client.seen("tokenExpired") == []
    assert "disconnecting" not in tab.client.seen("connectionStateChanged")


def test_tab_whose_token_expired_comes_back_with_another(server: Server, node: Node) -> None:
    """As after a night in a drawer."""
    tab = Tab(node, server.url, "alice")
    tab.becomes("connected")

    server.advance(8 * 3600)

    tab.tells("expired")
    tab.becomes("connected")
    assert tab.client.document("shared document").sid.startswith("ET")


def test_denied_tab_tells_code_cause_and_fix(server: Server, node: Node) -> None:
    tab = Tab(node, server.url, "alice", json.dumps({"token": server.token("alice")}))

    tab.becomes("denied")

    trouble = tab.tells("trouble")
    assert trouble.startswith("20101 ")
    assert "JSON" in trouble
    assert re.search(r"\(DN[0-9a-f]{32}\)$", trouble)


def test_tab_without_a_server_says_where_it_looked(node: Node) -> None:
    with pytest.raises(SdkError, match=r"no answer from http://127\.0\.0\.1:9; is tsock running there"):
        Tab(node, "http://127.0.0.1:9", "alice")


@pytest.fixture
def site() -> Iterator[httpx2.Client]:
    """The example's own little server."""
    command = ["node", EXAMPLE / "server.mjs"]
    environment = {**os.environ, "PORT": "0"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        url = re.search(r"http://\S+", process.stdout.readline())
        assert url is not None
        with httpx2.Client(base_url=url[0]) as client:
            yield client
        process.kill()


def test_page_gets_its_scripts_and_nothing_else_is_served(site: httpx2.Client) -> None:
    page = site.get("/?server=http://127.0.0.1:9000")
    assert page.headers["content-type"].startswith("text/html")
    assert re.findall(r'<script[^>]* src="([^"]+)"', page.text) == ["/twilio-sync.min.js", "/page.mjs"]
    for path in ("/page.mjs", "/connection.mjs"):
        script = site.get(path)
        assert script.headers["content-type"].startswith(SCRIPT)
        assert script.text == (EXAMPLE / path[1:]).read_text()

    for path in ("/package.json", "/server.mjs", "/%2e%2e/%2e%2e/README.md", "/constructor"):
        assert site.get(path).status_code == 404


def test_example_runs_the_sdk_that_is_tested_here() -> None:
    def wanted(folder: Path) -> Any:
        return json.loads((folder / "package.json").read_text())["dependencies"]["twilio-sync"]

    assert wanted(EXAMPLE) == wanted(RUNNER.parent)
