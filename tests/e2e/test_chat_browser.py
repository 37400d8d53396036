"""The browser bundle of the chat SDK in Chromium: what no test under Node can see."""

import base64
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.e2e.chromium import launched
from tests.interop.sdk import RUNNER
from tests.interop.server import Server, running, until
from tests.support.certificates import Authority

BUNDLE = (
    RUNNER.parent / "node_modules" / "@twilio" / "conversations" / "builds" / "twilio-conversations.min.js"
)
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
NAMES = ("tsock.us1.twilio.com", "mcs.us1.twilio.com")
TLS = """
    const [file, port] = process.argv.slice(1);
    const pem = require("fs").readFileSync(file);
    const quiet = (socket) => socket.on("error", () => socket.destroy());
    require("tls").createServer({ key: pem, cert: pem }, (client) => {
      quiet(client).pipe(quiet(require("net").connect(port))).pipe(client);
    }).listen(0, "127.0.0.1", function () { console.log(this.address().port); });
"""
REFUSED = "Failed to load resource: the server responded with a status of 400"
CONNECT = """
    async ([token, ...options]) => {
      window.client = new Twilio.Conversations.Client(token, ...options);
      await new Promise((done, failed) => {
        client.on("initialized", done);
        client.on("initFailed", ({ error }) => failed(error));
      });
      client.on("conversationJoined", (conversation) => { window.conversation = conversation; });
      client.on("messageAdded", (message) => { window.message = message; });
    }
"""
FORM = """
    const bytes = Uint8Array.from(atob(pixel), (letter) => letter.charCodeAt(0));
    const form = new FormData();
    form.append("any field", new File([bytes], 'ü "p".png', { type: "image/png" }));
"""
FILE = """
    async () => {
      const [file] = message.attachedMedia;
      const url = await file.getContentTemporaryUrl();
      const answer = await fetch(url);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const image = await new Promise((done, failed) => {
        const image = new Image();
        image.onload = () => done(image.naturalWidth);
        image.onerror = () => failed(new Error("no image"));
        image.src = url;
      });
      return {
        name: file.filename, type: file.contentType, size: file.size, width: image, url,
        answered: answer.headers.get("content-type"), bytes: btoa(String.fromCharCode(...bytes)),
      };
    }
"""


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page that has loaded the bundle and nothing else; another origin than the server's."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text(
        '<!doctype html><link rel="icon" href="data:,"><script src="sdk.js"></script>'
    )
    (folder / "sdk.js").symlink_to(BUNDLE)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as site:
        Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{site.server_port}/"
        site.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from running(tmp_path_factory.mktemp("server"))


Open = Callable[..., Page]


@contextmanager
def opener(browser: Browser, site: str, server: Server) -> Iterator[Open]:
    """What opens a page of one user, connected; nothing may make its console complain."""
    complaints: list[str] = []

    def note(line: ConsoleMessage) -> None:
        if line.type == "error" and not line.text.startswith(REFUSED):
            complaints.append(line.text)

    def open_page(identity: str, *options: Any) -> Page:
        page = browser.new_context().new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", note)
        page.goto(site)
        page.evaluate(CONNECT, [server.account.chat_token(identity), *options])
        return page

    yield open_page
    for context in browser.contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def open_page(site: str, server: Server) -> Iterator[Open]:
    options = {"Twilsock": {"uri": server.uri}}
    with launched() as browser, opener(browser, site, server) as open_page:
        yield lambda identity: open_page(identity, options)


@contextmanager
def proxied(server: Server, folder: Path) -> Iterator[int]:
    """The port of a proxy that ends TLS before the server."""
    Authority(folder).serve(*NAMES)
    command = ["node", "-e", TLS, str(folder / "server.pem"), str(server.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout is not None
        try:
            yield int(proxy.stdout.readline())
        finally:
            proxy.kill()


def share(alice: Page, bob: Page, other: str) -> None:
    """Have both in one conversation, which either page then calls `conversation`."""
    alice.evaluate(
        """async (other) => {
          window.conversation = await client.createConversation({ friendlyName: "Team" });
          await conversation.join();
          await conversation.add(other);
        }""",
        other,
    )
    bob.wait_for_function("window.conversation")
    bob.evaluate("conversation.getParticipants()")


def require_pixel(page: Page) -> dict[str, Any]:
    """What a page has of the file in its newest message."""
    page.wait_for_function("window.message?.attachedMedia?.length")
    found = page.evaluate(FILE)
    assert base64.b64decode(found["bytes"]) == PIXEL
    assert (found["type"], found["answered"], found["width"]) == ("image/png", "image/png", 1)
    assert found["size"] == len(PIXEL)
    return found


SENT = base64.b64encode(PIXEL).decode()


@pytest.mark.parametrize(
    "sending",
    [
        "return conversation.sendMessage(form);",
        "return conversation.prepareMessage().setBody('look').addMedia(form).build().send();",
    ],
)
def test_form_is_uploaded_and_shown_in_another_browser(open_page: Open, sending: str) -> None:
    """C-078, C-080."""
    alice, bob = open_page("alice"), open_page("bob")
    share(alice, bob, "bob")

    assert alice.evaluate(f"async (pixel) => {{ {FORM} {sending} }}", SENT) == 0

    for page in (alice, bob):
        assert require_pixel(page)["name"] == 'ü "p".png'


def test_blob_is_uploaded_with_the_name_that_the_app_gives(open_page: Open) -> None:
    alice, bob = open_page("carol"), open_page("dave")
    share(alice, bob, "dave")
    alice.evaluate(
        f"""async (pixel) => {{ {FORM}
          const media = new Blob([bytes]);
          await conversation.sendMessage({{ contentType: "image/png", filename: "b.png", media }});
        }}""",
        SENT,
    )
    assert require_pixel(bob)["name"] == "b.png"


def test_cancelled_upload_leaves_nothing(open_page: Open, server: Server) -> None:
    alice, bob = open_page("erin"), open_page("frank")
    share(alice, bob, "frank")
    before = set((server.data / "media").iterdir())
    outcome = alice.evaluate(
        """async () => {
          const form = new FormData();
          form.append("file", new File([new Uint8Array(100 << 20)], "large.mp4", { type: "video/mp4" }));
          const sending = conversation.prepareMessage().addMedia(form).build().send();
          setTimeout(() => sending.cancel(), 20);
          return sending.then(() => "sent", () => "cancelled");
        }"""
    )
    assert outcome == "cancelled"
    assert alice.evaluate("conversation.sendMessage('next')") == 0
    until(lambda: set((server.data / "media").iterdir()) == before, "the removal of what was cancelled")


def test_refusal_of_an_upload_reaches_the_app(open_page: Open) -> None:
    """C-082."""
    alice, bob = open_page("grace"), open_page("heidi")
    share(alice, bob, "heidi")
    refused = alice.evaluate(
        """async () => {
          const media = new Blob(["x"]);
          const file = { contentType: "image/png", filename: "x".repeat(300), media };
          return conversation.sendMessage(file).catch(({ code, body }) => [code, body.code]);
        }"""
    )
    assert refused == [400, 20422]


def test_app_without_any_option_runs_where_the_vendors_names_resolve_here(
    site: str, server: Server, tmp_path: Path
) -> None:
    """As the vendor's demo app is: TLS before the server, and names that lead to it."""
    with proxied(server, tmp_path) as port:
        rules = ", ".join(f"MAP {name}:443 127.0.0.1:{port}" for name in NAMES)
        flags = (f"--host-resolver-rules={rules}", "--ignore-certificate-errors")
        with launched(*flags) as browser, opener(browser, site, server) as open_page:
            alice, bob = open_page("ivan"), open_page("judy")
            share(alice, bob, "judy")
            alice.evaluate(f"async (pixel) => {{ {FORM} await conversation.sendMessage(form); }}", SENT)
            assert require_pixel(bob)["url"].startswith("https://mcs.us1.twilio.com/")
