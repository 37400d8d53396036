import pytest

from tests.support.visitor import BROWSER
from tsock.site.html import page, prefers_html


@pytest.mark.parametrize(
    "accept",
    [
        BROWSER,
        "text/html",
        "TEXT/HTML",
        "text/html, application/json;q=0.9",
        "application/json;q=0.5, text/html;level=1;q=0.8",
        "text/html;q=nonsense",
    ],
)
def test_client_that_names_html_first_gets_a_page(accept: str) -> None:
    assert prefers_html(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "application/json, text/plain, */*",
        "text/html;q=0.5, application/json",
        "text/html, application/json",
        "text/html;q=0",
        "text/htmlx",
        "text/*",
        ",;,=;q=",
    ],
)
def test_client_that_does_not_gets_json(accept: str) -> None:
    assert not prefers_html(accept)


def test_page_loads_only_what_all_pages_load_and_is_neither_framed_nor_kept() -> None:
    assert page("index.html", dev=None).headers == {
        "cache-control": "no-store",
        "vary": "Accept, Authorization, Cookie",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    }
