"""The chat of `examples/chat` as people use it: two of them, each with a browser of its own."""

import json
import os
import re
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    FilePayload,
    Locator,
    ViewportSize,
    expect,
)
from twilio.rest import Client

from tests.interop.sdk import RUNNER
from tests.interop.server import Server, running
from tsock.helper_library import TwilioHttpClient

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "chat"
WINDOW: ViewportSize = {"width": 1280, "height": 720}
PATIENCE_MS = 30_000
"""How long something on a page is waited for; beyond the reconnect delays of the SDK."""
REPLY_MS = 60_000
"""The same for what was asked just before a connection went: the SDK waits 30 s for the reply."""

# In one go, so that nothing is drawn anew between scrolling and measuring, or the measuring of two messages.
PLACES = """top => {
    const scroller = document.getElementById("scroller");
    scroller.scrollTop = top ?? scroller.scrollTop;
    return Object.fromEntries([...scroller.querySelectorAll("[data-index]")].map(
        (message) => [message.dataset.index, message.getBoundingClientRect().top]));
}"""
# Words that are less than 4.5 times as bright, or dark, as what is behind them.
FAINT = """() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const parts = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return canvas.getImageData(0, 0, 1, 1).data;
    };
    const light = (colour) => [...parts(colour)].slice(0, 3)
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const behind = (element) => {
        const colour = getComputedStyle(element).backgroundColor;
        return parts(colour)[3] || !element.parentElement ? colour : behind(element.parentElement);
    };
    const contrast = (element) => {
        const both = [light(getComputedStyle(element).color), light(behind(element))];
        const [low, high] = both.sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    return [...document.body.querySelectorAll("*")]
        .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
        .filter((element) => element.checkVisibility({ visibilityProperty: true }) && contrast(element) < 4.5)
        .map((element) => `${element.textContent}: ${contrast(element)}`);
}"""
# A picture is pasted, given the bytes of its file.
PASTE = """(field, bytes) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""
# What is sent stays in the page until `release()`: all of it, or what has these words in it.
HOLD = """(words) => {
    const { send } = WebSocket.prototype;
    const held = [];
    WebSocket.prototype.send = function (data) {
        if (new TextDecoder().decode(data).includes(words ?? "")) {
            held.push([this, data]);
        } else {
            send.call(this, data);
        }
    };
    window.release = () => {
        WebSocket.prototype.send = send;
        held.forEach(([socket, data]) => socket.send(data));
    };
}"""
# From what is sent next on, nothing that the server says reaches the page.
DEAFEN = """() => {
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (data) {
        this.onmessage = null;
        send.call(this, data);
    };
}"""

expect.set_options(timeout=PATIENCE_MS)


def png(side_px: int) -> bytes:
    """A file with a red square."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\xd0\x40\x40" * side_px) * side_px
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


PICTURE_PX = 48
PICTURE: FilePayload = {"name": "kite.png", "mimeType": "image/png", "buffer": png(PICTURE_PX)}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the example's own little server."""
    environment = {**os.environ, "PORT": "0"}
    with subprocess.Popen(
        ["node", EXAMPLE / "server.mjs"], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        url = re.search(r"http://[\w.:]+", process.stdout.readline())
        assert url is not None
        yield url[0]
        process.kill()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    yield from running(tmp_path)


class Tab:
    """A tab of one person's browser, signed in. What the console complained of is kept."""

    def __init__(self, context: BrowserContext, url: str, identity: str) -> None:
        self.url, self.identity = url, identity
        self.complaints: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("dialog", self._answer)
        self.says = ""
        self.page.goto(url)
        self._sign_in()

    def _sign_in(self) -> None:
        self.page.get_by_label("Your name").fill(self.identity)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_title("Change your name")).to_have_text(self.identity)

    def reload(self) -> None:
        """Load the page again, and sign in again."""
        self.page.reload()
        self._sign_in()

    def beside(self) -> "Tab":
        """Another tab of the same browser, signed in as the same person."""
        return Tab(self.page.context, self.url, self.identity)

    def create(self, name: str) -> None:
        self.page.get_by_label("Name of a new conversation").fill(name)
        self.page.get_by_role("button", name="Create").click()
        expect(self.heading(name)).to_be_visible()

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", name=name)

    def row(self, name: str) -> Locator:
        """The conversation in the list."""
        return self.page.locator("#conversations .row", has_text=name)

    def open(self, name: str) -> None:
        self.row(name).click()
        expect(self.heading(name)).to_be_visible()

    def add(self, identity: str) -> None:
        self.page.get_by_role("button", name="Details").click()
        self.page.get_by_label("Name of a person").fill(identity)
        self.page.get_by_role("button", name="Add", exact=True).click()
        expect(self.page.locator("#people li", has_text=identity)).to_be_visible()
        self.page.get_by_role("button", name="Close").click()

    def write(self, text: str) -> None:
        self.page.get_by_label("Message", exact=True).fill(text)
        self.page.keyboard.press("Enter")

    def send(self, text: str) -> None:
        self.write(text)
        expect(self.message(text)).to_have_count(1)

    def message(self, text: str) -> Locator:
        """A message that has arrived."""
        return self.page.locator(".message[data-index]", has_text=text)

    def do(self, text: str, action: str) -> None:
        """Use one of a message's own buttons, by keyboard."""
        self.message(text).focus()
        self.message(text).get_by_role("button", name=action).press("Enter")

    def texts(self) -> list[str]:
        return self.page.locator(".message[data-index] .text").all_inner_texts()

    def places(self, scroll_to: int | None = None) -> dict[str, float]:
        """Where each message is on the screen, in pixels by its index, at once after scrolling there."""
        return self.page.evaluate(PLACES, scroll_to)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _answer(self, dialog: Dialog) -> None:
        dialog.accept(self.says) if dialog.type == "prompt" else dialog.accept()


SignIn = Callable[..., Tab]


@pytest.fixture
def sign_in(browser: Browser, site: str, server: Server) -> Iterator[SignIn]:
    tabs: list[Tab] = []

    def sign_in(identity: str, **context: Any) -> Tab:
        window = browser.new_context(**{"viewport": WINDOW, **context})
        tabs.append(Tab(window, f"{site}/?server={server.url}", identity))
        return tabs[-1]

    yield sign_in
    for tab in tabs:
        tab.page.context.close()


@pytest.fixture
def alice(sign_in: SignIn) -> Tab:
    return sign_in("alice")


@pytest.fixture
def bob(sign_in: SignIn) -> Tab:
    return sign_in("bob")


@pytest.fixture
def team(alice: Tab, bob: Tab) -> Iterator[str]:
    """A conversation of both, open in Alice's tab; nothing in it may make the console complain."""
    alice.create("Team")
    alice.add("bob")
    expect(bob.row("Team")).to_be_visible()
    yield "Team"
    assert alice.complaints == bob.complaints == []


def test_message_is_counted_then_read_and_the_author_sees_who_has_read_it(
    alice: Tab, bob: Tab, team: str
) -> None:
    """C-109."""
    alice.send("hello")
    expect(bob.row(team).locator(".badge")).to_have_text("1")
    expect(bob.page).to_have_title("(1) Chat")
    expect(alice.page.get_by_text("Seen by bob")).to_have_count(0)

    bob.open(team)

    expect(bob.message("hello")).to_be_visible()
    expect(bob.row(team).locator(".badge")).to_have_count(0)
    expect(bob.page).to_have_title("Chat")
    expect(alice.page.get_by_text("Seen by bob")).to_be_visible()


def test_new_message_is_announced_to_screen_readers(alice: Tab, bob: Tab, team: str) -> None:
    bob.open(team)
    alice.send("hello")
    expect(bob.page.locator("[aria-live=polite]")).to_have_text("alice: hello")


def test_typing_line_comes_and_ends_with_the_message(alice: Tab, bob: Tab, team: str) -> None:
    """C-109."""
    bob.open(team)
    alice.page.get_by_label("Message", exact=True).press_sequentially("hel")
    expect(bob.page.get_by_text("alice is typing")).to_be_visible()
    expect(alice.page.locator("#typing")).to_be_hidden()

    alice.send("hello")

    expect(bob.page.locator("#typing")).to_be_hidden()


def test_history_scrolls_back_and_keeps_the_place(alice: Tab, bob: Tab, team: str) -> None:
    """C-108."""
    for number in range(70):
        alice.write(f"message {number:03}")
    expect(alice.message("message 069")).to_be_visible()
    bob.open(team)
    expect(bob.message("message 069")).to_be_in_viewport()
    expect(bob.message("message 020")).to_have_count(0)

    before = bob.places(scroll_to=390)
    in_sight = {index: top for index, top in before.items() if 0 < top < WINDOW["height"]}
    expect(bob.message("message 020")).to_have_count(1)
    after = bob.places()
    assert len(in_sight) > 5
    assert {index: after[index] for index in in_sight} == pytest.approx(in_sight, abs=1)

    bob.places(scroll_to=0)
    expect(bob.message("message 000")).to_have_count(1)
    assert bob.texts() == [f"message {number:03}" for number in range(70)]


def test_end_stays_in_sight_when_somebody_types(alice: Tab, bob: Tab, team: str) -> None:
    bob.open(team)
    bob.page.get_by_label("Message", exact=True).focus()
    for number in range(20):
        bob.write(f"message {number:03}")
    expect(alice.page.locator(".message")).to_have_count(20)
    alice.page.get_by_label("Message", exact=True).press_sequentially("hel")
    expect(bob.page.locator("#typing")).to_be_visible()
    expect(bob.page.get_by_text("Seen by alice")).to_be_in_viewport(ratio=1)
    bob.page.get_by_label("Message", exact=True).fill("line\n" * 5)
    expect(bob.page.get_by_text("Seen by alice")).to_be_in_viewport(ratio=1)


def test_own_message_is_edited_and_deleted(alice: Tab, bob: Tab, team: str) -> None:
    """C-110."""
    bob.open(team)
    alice.send("helo")
    expect(bob.message("helo")).to_be_visible()
    bob.message("helo").focus()
    expect(bob.message("helo").get_by_role("button", name="Edit")).to_have_count(0)

    alice.do("helo", "Edit")
    alice.page.get_by_label("Edit message").fill("hello")
    alice.page.keyboard.press("Enter")
    expect(bob.message("hello")).to_be_visible()
    expect(alice.message("hello")).to_be_visible()

    alice.do("hello", "Delete")
    expect(bob.message("hello")).to_have_count(0)
    expect(alice.message("hello")).to_have_count(0)


def test_reaction_is_given_and_taken_back(alice: Tab, bob: Tab, team: str) -> None:
    """C-110."""
    bob.open(team)
    bob.send("done")
    expect(alice.message("done")).to_be_visible()

    alice.do("done", "React with 🎉")
    expect(bob.message("done").locator(".reactions")).to_have_text("🎉 1")
    bob.message("done").locator(".reactions button").click()
    expect(alice.message("done").locator(".reactions")).to_have_text("🎉 2")
    alice.message("done").locator(".reactions button").click()
    expect(bob.message("done").locator(".reactions")).to_have_text("🎉 1")


def test_edit_under_way_outlives_what_others_do(alice: Tab, bob: Tab, team: str) -> None:
    bob.open(team)
    bob.send("helo")
    bob.do("helo", "Edit")
    field = bob.page.get_by_label("Edit message")
    field.fill("hello")

    alice.do("helo", "React with 🎉")
    alice.send("what?")
    expect(bob.message("what?")).to_be_visible()
    alice.says = "Alice L."
    alice.page.get_by_title("Change your name").click()
    expect(bob.page.locator("#subtitle")).to_have_text("Alice L.")

    expect(field).to_be_focused()
    bob.page.keyboard.press("Enter")
    expect(alice.message("hello")).to_be_visible()
    expect(bob.message("hello").locator(".reactions")).to_have_text("🎉 1")


def test_picture_is_previewed_then_shown_to_everybody(alice: Tab, bob: Tab, team: str) -> None:
    """C-108."""
    bob.open(team)
    alice.page.get_by_label("Add a picture").set_input_files(PICTURE)
    preview = alice.page.locator("#preview")
    expect(preview).to_contain_text("kite.png")
    expect(preview.locator("img")).to_have_js_property("naturalWidth", PICTURE_PX)
    preview.get_by_role("button", name="Remove the picture").click()
    expect(preview).to_be_hidden()

    alice.page.get_by_label("Add a picture").set_input_files(PICTURE)
    alice.write("my kite")

    expect(preview).to_be_hidden()
    for tab in (alice, bob):
        picture = tab.message("my kite").get_by_role("img", name="kite.png")
        expect(picture).to_have_js_property("naturalWidth", PICTURE_PX)
    expect(alice.page.locator(".pending")).to_have_count(0)


def test_picture_without_words_is_announced_and_can_be_pasted(alice: Tab, bob: Tab, team: str) -> None:
    bob.open(team)
    alice.page.get_by_label("Message", exact=True).evaluate(PASTE, list(PICTURE["buffer"]))
    expect(alice.page.locator("#preview")).to_contain_text("pasted.png")
    alice.page.get_by_role("button", name="Send").click()

    picture = bob.page.locator(".message").get_by_role("img", name="pasted.png")
    expect(picture).to_have_js_property("naturalWidth", PICTURE_PX)
    expect(bob.page.locator("[aria-live=polite]")).to_have_text("alice: a picture")


def test_presence_of_people_comes_and_goes(sign_in: SignIn, server: Server) -> None:
    account = server.account
    api = Client(account.sid, account.auth_token, http_client=TwilioHttpClient(server.url)).conversations.v1
    service = api.configuration().fetch().default_chat_service_sid
    assert service is not None
    api.services(service).configuration().update(reachability_enabled=True)
    alice, bob = sign_in("alice"), sign_in("bob")
    alice.create("Team")
    alice.add("bob")

    def expect_bob(presence: str) -> None:
        expect(alice.page.locator("#subtitle").get_by_role("img", name=presence)).to_be_visible()
        alice.page.get_by_role("button", name="Details").click()
        person = alice.page.locator("#people li", has_text="bob")
        expect(person.get_by_role("img", name=presence)).to_be_visible()
        alice.page.get_by_role("button", name="Close").click()

    expect_bob("online")
    bob.page.context.close()
    expect_bob("away")
    sign_in("bob")
    expect_bob("online")


def test_conversation_is_renamed_and_muted(alice: Tab, bob: Tab, team: str) -> None:
    """C-109."""
    bob.open(team)
    alice.page.get_by_role("button", name="Details").click()
    alice.page.get_by_label("Name", exact=True).fill("Crew")
    alice.page.get_by_role("button", name="Rename").click()
    alice.page.get_by_label("Mute").check()

    expect(bob.heading("Crew")).to_be_visible()
    expect(bob.row("Crew")).to_be_visible()
    expect(alice.row("Crew")).to_contain_text("muted")
    expect(bob.row("Crew")).not_to_contain_text("muted")


def test_mute_stays_as_clicked_while_the_conversation_changes(alice: Tab, team: str) -> None:
    """C-109."""
    alice.page.get_by_role("button", name="Details").click()
    mute = alice.page.get_by_label("Mute")
    alice.page.evaluate(HOLD, "notification_level")
    mute.check()
    alice.page.get_by_label("Name of a person").fill("carol")
    alice.page.get_by_role("button", name="Add", exact=True).click()
    expect(alice.page.locator("#people li", has_text="carol")).to_be_visible()
    expect(mute).to_be_checked()

    alice.page.evaluate("release()")
    expect(alice.row(team)).to_contain_text("muted")
    expect(mute).to_be_checked()


def test_somebody_takes_another_name(alice: Tab, bob: Tab, team: str) -> None:
    """C-109."""
    alice.says = "Alice L."
    alice.page.get_by_title("Change your name").click()
    expect(alice.page.locator("#me")).to_have_text("Alice L.")

    bob.open(team)
    expect(bob.page.locator("#subtitle")).to_have_text("Alice L.")
    alice.says = "Alice"
    alice.page.get_by_title("Change your name").click()
    expect(bob.page.locator("#subtitle")).to_have_text("Alice")


def test_removed_left_and_deleted_conversations_go(alice: Tab, bob: Tab, team: str) -> None:
    """C-109, C-110."""
    bob.open(team)
    alice.page.get_by_role("button", name="Details").click()
    alice.page.get_by_role("button", name="Remove bob").click()
    expect(bob.row(team)).to_have_count(0)
    expect(bob.heading(team)).to_be_hidden()
    alice.page.get_by_role("button", name="Close").click()

    alice.add("bob")
    bob.open(team)
    bob.page.get_by_role("button", name="Details").click()
    bob.page.get_by_role("button", name="Leave").click()
    expect(bob.row(team)).to_have_count(0)
    expect(alice.page.locator("#subtitle")).to_have_text("Only you are here")

    alice.add("bob")
    bob.open(team)
    alice.page.get_by_role("button", name="Details").click()
    alice.page.get_by_role("button", name="Delete for everybody").click()
    expect(bob.row(team)).to_have_count(0)
    expect(alice.row(team)).to_have_count(0)


def test_refusal_is_shown_as_the_server_words_it(alice: Tab, bob: Tab, team: str) -> None:
    bob.open(team)
    bob.page.get_by_role("button", name="Details").click()
    bob.page.get_by_label("Name", exact=True).fill("Mine")
    bob.page.get_by_role("button", name="Rename").click()

    expect(bob.page.get_by_role("alert")).to_contain_text("editConversationName")
    expect(bob.page.get_by_role("alert")).to_contain_text("50107")
    expect(alice.heading(team)).to_be_visible()


def test_message_that_the_server_refuses_can_be_discarded(alice: Tab, bob: Tab, team: str) -> None:
    alice.write("x" * 40_000)
    refused = alice.page.locator(".failed")
    expect(refused).to_contain_text("Not sent:")

    alice.send("short")
    refused.get_by_role("button", name="Try again").click()
    expect(refused).to_contain_text("Not sent:")
    refused.get_by_role("button", name="Discard").click()
    expect(refused).to_have_count(0)


def test_killed_server_loses_doubles_and_misplaces_nothing(alice: Tab, bob: Tab, server: Server) -> None:
    alice.create("Team")
    alice.add("bob")
    bob.open("Team")
    alice.send("message 00")

    for number in range(1, 10):
        alice.write(f"message {number:02}")
    server.kill()
    for number in range(10, 13):
        alice.write(f"message {number:02}")
    expect(alice.page.locator("#banner")).to_be_visible()
    expect(alice.page.locator(".pending").last).to_contain_text("message 12")

    server.start()

    expect(alice.page.locator(".pending")).to_have_count(0, timeout=REPLY_MS)
    expect(alice.page.locator("#banner")).to_be_hidden()
    expected = [f"message {number:02}" for number in range(13)]
    for tab in (alice, bob):
        expect(tab.page.locator(".message[data-index] .text")).to_have_text(expected)


def test_reload_sends_what_was_unsent_once(alice: Tab, bob: Tab, server: Server) -> None:
    alice.create("Team")
    alice.add("bob")
    bob.open("Team")
    alice.send("message 0")

    server.kill()
    for number in (1, 2):
        alice.write(f"message {number}")
    alice.page.get_by_label("Add a picture").set_input_files(PICTURE)
    alice.write("message 3")
    expect(alice.page.locator(".pending")).to_have_count(3)
    server.start()
    alice.reload()

    sent = [f"message {number}" for number in range(4)]
    expect(bob.page.locator(".message[data-index] .text")).to_have_text(sent)
    picture = bob.message("message 3").get_by_role("img", name="kite.png")
    expect(picture).to_have_js_property("naturalWidth", PICTURE_PX)
    alice.open("Team")
    expect(alice.page.locator(".message[data-index] .text")).to_have_text(sent)
    expect(alice.page.locator(".pending")).to_have_count(0)


def test_reload_does_not_send_again_what_the_server_has(alice: Tab, bob: Tab, team: str) -> None:
    """The answers to what was sent never come; then the page ends."""
    bob.open(team)
    alice.page.evaluate(DEAFEN)
    alice.write("message 0")
    expect(bob.message("message 0")).to_be_visible()
    alice.write("message 1")
    expect(alice.page.locator(".pending")).to_have_count(2)

    alice.reload()

    alice.open(team)
    for tab in (alice, bob):
        expect(tab.page.locator(".message[data-index] .text")).to_have_text(["message 0", "message 1"])
    alice.reload()
    alice.open(team)
    alice.send("message 2")
    assert bob.texts() == ["message 0", "message 1", "message 2"]


def test_two_tabs_of_one_person_send_what_was_unsent_once(alice: Tab, bob: Tab, team: str) -> None:
    bob.open(team)
    alice.page.evaluate(HOLD)
    alice.write("message 0")
    expect(alice.page.locator(".pending")).to_have_count(1)
    other = alice.beside()
    other.open(team)
    expect(other.page.locator(".pending")).to_have_count(1)

    alice.page.evaluate("release()")

    for tab in (alice, other):
        expect(tab.page.locator(".pending")).to_have_count(0)
    other.send("message 1")
    expect(bob.message("message 1")).to_be_visible()
    for tab in (alice, bob, other):
        expect(tab.page.locator(".message[data-index] .text")).to_have_text(["message 0", "message 1"])


def test_token_is_replaced_before_and_after_it_expires(
    alice: Tab, bob: Tab, team: str, server: Server
) -> None:
    bob.open(team)
    for _ in range(2):
        server.advance(3600 - 100)
        alice.send(f"after {server.ahead_s} s")
    server.advance(8 * 3600)
    alice.write("the next morning")
    expect(alice.message("the next morning")).to_have_count(1, timeout=REPLY_MS)
    expect(bob.message("the next morning")).to_be_visible()


def test_without_a_server_the_page_says_where_it_looked(browser: Browser, site: str) -> None:
    page = browser.new_page()
    page.goto(f"{site}/?server=http://127.0.0.1:9")
    page.get_by_label("Your name").fill("alice")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(
        "no answer from http://127.0.0.1:9; is tsock running there?"
    )
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_shows_list_and_conversation_one_at_a_time(sign_in: SignIn, scheme: str) -> None:
    alice = sign_in("alice", viewport={"width": 360, "height": 640}, has_touch=True, color_scheme=scheme)
    alice.create("Team")
    expect(alice.row("Team")).to_be_hidden()
    alice.send("hello " * 40)
    assert alice.page.evaluate("document.documentElement.scrollWidth") == 360

    alice.message("hello").tap()
    alice.message("hello").get_by_role("button", name="React with 🎉").tap()
    expect(alice.message("hello").locator(".reactions")).to_have_text("🎉 1")

    alice.page.get_by_role("button", name="Back to the list").tap()
    expect(alice.row("Team")).to_be_visible()
    expect(alice.heading("Team")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(sign_in: SignIn, scheme: str) -> None:
    """At least 4.5 to 1, as WCAG 2.2 asks of text."""
    alice, bob = sign_in("alice", color_scheme=scheme), sign_in("bob")
    bob.create("Team")
    bob.add("alice")
    bob.send("hello")
    alice.open("Team")
    alice.send("what?")
    alice.message("what?").focus()
    assert alice.page.evaluate(FAINT) == []
    alice.page.get_by_role("button", name="Details").click()
    assert alice.page.evaluate(FAINT) == []


def test_everything_is_done_by_keyboard(browser: Browser, site: str, server: Server) -> None:
    """From signing in to an edit and a reaction, without knowing where things are."""
    page = browser.new_context(viewport=WINDOW).new_page()
    press, tell = page.keyboard.press, page.keyboard.type
    page.goto(f"{site}/?server={server.url}")
    tell("alice")
    press("Enter")
    expect(page.get_by_label("Name of a new conversation")).to_be_visible()
    press("Tab")
    press("Tab")
    expect(page.get_by_label("Name of a new conversation")).to_be_focused()
    tell("Team")
    press("Enter")
    field = page.get_by_label("Message", exact=True)
    expect(field).to_be_focused()
    for text in ("helo", "second"):
        tell(text)
        press("Enter")
    messages = page.locator(".message[data-index]")
    expect(messages).to_have_count(2)

    press("Shift+Tab")
    press("Shift+Tab")
    expect(messages.last).to_be_focused()
    press("ArrowUp")
    expect(messages.first).to_be_focused()
    press("Tab")
    press("Enter")
    expect(messages.first.locator(".reactions")).to_have_text("👍 1")
    expect(messages.first).to_be_focused()
    for _ in range(6):
        press("Tab")
    press("Enter")
    expect(page.get_by_label("Edit message")).to_be_focused()
    press("ControlOrMeta+a")
    tell("hello")
    press("Enter")
    expect(messages.first).to_contain_text("hello")
    expect(messages.first).to_be_focused()
    press("ArrowDown")
    expect(messages.last).to_be_focused()
    page.context.close()


def test_page_gets_its_files_and_nothing_else_is_served(browser: Browser, site: str) -> None:
    page = browser.new_page()
    for file in sorted(EXAMPLE.glob("*.mjs")):
        answer = page.request.get(f"{site}/{file.name}")
        assert (answer.status == 200) == (file.name != "server.mjs"), file.name
    for path in ("/package.json", "/%2e%2e/%2e%2e/README.md", "/constructor"):
        assert page.request.get(f"{site}{path}").status == 404
    page.context.close()


def test_example_runs_the_sdk_that_is_tested_here() -> None:
    def wanted(folder: Path) -> Any:
        return json.loads((folder / "package.json").read_text())["dependencies"]["@twilio/conversations"]

    assert wanted(EXAMPLE) == wanted(RUNNER.parent)
