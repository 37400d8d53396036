"""What pages of other sites may not ask for in the name of whoever looks at them."""

import pytest

from tsock.api.cross_site import refuse_cross_site
from tsock.api.request import Access, Door, Request, Response
from tsock.api.router import Route
from tsock.errors import ApiError

REACHED, PUBLIC = "http://localhost:8080", "https://rt.example.com/base"


def never(request: object) -> Response:
    raise AssertionError


def refused(method: str = "POST", access: Access = Access.DATA, **headers: str) -> bool:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(Door.HTTP, method, ("x",), {}, named, b"", origin=REACHED)
    try:
        refuse_cross_site(request, Route(Door.HTTP, method, "/x", never, access), PUBLIC)
    except ApiError as error:
        return (error.status, error.code) == (403, 20403)
    return False


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "anything"])
def test_foreign_site_is_refused_even_with_an_origin_of_ours(site: str) -> None:
    assert refused(sec_fetch_site=site)
    assert refused(sec_fetch_site=site, origin=REACHED)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "https://localhost:8080",
        "http://localhost",
        "http://localhost:8080.evil.example",
        "http://rt.example.com",
        "https://rt.example.com:444",
        "https://a.rt.example.com",
    ],
)
def test_foreign_origin_is_refused_even_where_the_site_is_ours(origin: str) -> None:
    assert refused(origin=origin)
    assert refused(origin=origin, sec_fetch_site="same-origin")


@pytest.mark.parametrize("origin", [REACHED, "http://LOCALHOST:8080", "https://rt.example.com"])
def test_our_own_pages_may(origin: str) -> None:
    assert not refused(origin=origin)
    assert not refused(origin=origin, sec_fetch_site="same-origin")
    assert not refused(sec_fetch_site="none")


def test_programs_that_say_nothing_may() -> None:
    assert not refused(user_agent="curl/8")


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_whoever_only_reads_may(method: str) -> None:
    assert not refused(method, origin="https://evil.example", sec_fetch_site="cross-site")


@pytest.mark.parametrize("access", list(Access))
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_clients_with_a_token_of_their_own_are_exempt(access: Access, method: str) -> None:
    allowed = access is Access.CLIENT
    assert refused(method, access, origin="https://evil.example", sec_fetch_site="cross-site") != allowed
