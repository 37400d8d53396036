"""The pages of `tsock dev` in Chromium: what their script adds, and that they need none."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.cli.process import Client, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"), "dev")
    client = Client(server.url)
    client.init("hello")
    client.close()
    yield server
    assert server.end() == 0


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []  # the policy of the pages forbids nothing that they do


def test_dictionary_filters_as_one_types(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/errors")
    entry, other = page.get_by_role("link", name="20104"), page.get_by_role("link", name="11200")
    expect(other).to_be_visible()

    page.get_by_role("searchbox").press_sequentially("token expired")

    expect(entry).to_be_visible()
    expect(other).to_be_hidden()
    expect(page.get_by_role("heading", name="Webhooks")).to_be_hidden()
    expect(page.get_by_role("status")).to_contain_text(" of ")
    page.get_by_role("searchbox").clear()
    expect(other).to_be_visible()


def test_dictionary_filters_as_its_search_finds(server: Server, page: Page) -> None:
    page.goto(f"{server.url}/errors")
    box, status = page.get_by_role("searchbox"), page.get_by_role("status")
    entries = page.locator("[data-group] li:visible .code")
    for typed, codes in (
        ("E51215", ["51215"]),
        ("51215,20104", ["51215", "20104"]),
        ("e20104 51215", ["51215", "20104"]),
    ):
        box.fill(typed)
        expect(entries).to_have_text(codes)
    box.fill("denied")
    expect(page.get_by_role("link", name="20104")).to_be_visible()
    expect(page.get_by_role("link", name="11200")).to_be_hidden()

    box.fill("51251")

    expect(status).to_contain_text("Enter searches")
    box.press("Enter")
    expect(page.get_by_role("link", name="51215")).to_be_visible()


def test_token_is_minted_and_copied_on_the_first_page(server: Server, page: Page) -> None:
    page.goto(server.url)
    page.get_by_label("For whom").fill("bob")

    page.get_by_role("button", name="Mint a token").click()

    minted = page.locator("#minted")
    expect(minted).to_contain_text("eyJ")
    page.get_by_role("button", name="Copy the token").click()
    expect(page.get_by_role("button", name="Copy the token")).to_have_text("Copied")
    token = page.evaluate("navigator.clipboard.readText()")
    client = Client(server.url)
    status = client.init(token).status
    client.close()
    assert status is not None
    assert status.code == 200


def test_credentials_are_copied(server: Server, page: Page) -> None:
    page.goto(server.url)
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_API_SECRET"):
        page.get_by_role("button", name=f"Copy {name}").click()
        expect(page.get_by_role("button", name=f"Copy {name}")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == server.credentials[name]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", ["/", "/doctor", "/denials", "/errors", "/errors/20101", "/nothing/here"])
def test_page_fits_its_window(server: Server, browser: Browser, path: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(server.url + path)
    for details in page.locator("details").all():
        details.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_without_scripts_the_forms_do(server: Server, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/errors")
    page.get_by_role("searchbox").fill("token expired")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="20104")).to_be_visible()
    expect(page.get_by_role("link", name="11200")).to_have_count(0)
    page.goto(server.url)
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    page.get_by_role("button", name="Mint a token").click()
    expect(page.locator("body")).to_contain_text("eyJ")
    context.close()
