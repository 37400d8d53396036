"""The error dictionary over HTTP: what every error body's `more_info` points to."""

from tsock import dictionary
from tsock.api.html import PRIVATE, page, see_other, sign_in, wants_page
from tsock.api.operator_body import answer
from tsock.api.request import Answer, Door, Request, Response
from tsock.api.router import Route
from tsock.api.viewers import Viewers
from tsock.dictionary import Entry
from tsock.errors import ApiError

SEARCH_CHARS_MAX = 100
"""So much of what is searched for is looked at."""
FOUND_MAX = 25


class ErrorEntries:
    """`/errors`, to search and to browse, and `/errors/CODE`, each as a page and as JSON."""

    def __init__(self, viewers: Viewers) -> None:
        self._viewers = viewers

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.HTTP, "GET", "/errors", self.find),
            Route(Door.HTTP, "GET", "/errors/{code}", self.entry),
        ]

    def find(self, request: Request) -> Answer:
        """The entries that `q` may be about, else all; a code that is known leads a reader to its page."""
        asked = request.params.get("q", "").strip()[:SEARCH_CHARS_MAX]
        entry = _lookup(asked)
        if not wants_page(request):
            return answer([entry] if entry else _found(asked), headers=PRIVATE)
        return see_other(f"/errors/{entry.code}") if entry else _list(asked)

    def entry(self, request: Request, code: str) -> Answer:
        """What the error means, what causes it, how to fix it, and to an operator how often it came."""
        entry = _lookup(code)
        if entry is None and wants_page(request):
            return _list(code[:SEARCH_CHARS_MAX], status=404)
        if entry is None:
            raise ApiError(
                404, 20404, f"The requested resource was not found: no error {code[:16]} in the dictionary"
            )
        if not wants_page(request):
            return answer(entry, headers=PRIVATE)
        is_known = self._viewers.known(request) is not None
        return page("error.html", entry=entry, sign_in=None if is_known else sign_in(f"/errors/{code}"))


def _lookup(text: str) -> Entry | None:
    is_code = text.isascii() and text.isdigit() and len(text) < 10
    return dictionary.lookup(int(text)) if is_code else None


def _found(asked: str) -> list[Entry]:
    return dictionary.suggest(asked, FOUND_MAX) if asked else list(dictionary.entries().values())


def _list(asked: str, status: int = 200) -> Response:
    return page(
        "errors.html",
        status,
        asked=asked,
        found=_found(asked),
        is_code=any(map(str.isdigit, asked)),
        chars_max=SEARCH_CHARS_MAX,
    )
