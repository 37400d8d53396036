"""The error dictionary over HTTP: what every error body's `more_info` points to."""

import msgspec

from tsock import dictionary
from tsock.api.request import Answer, Door, Read, Request, Response, answer
from tsock.api.router import Route
from tsock.clock import Clock
from tsock.debugger import alerts, denials
from tsock.debugger.alerts import Alert
from tsock.dictionary import Entry
from tsock.errors import not_found
from tsock.site.html import PRIVATE, page, see_other, sign_in, wants_page
from tsock.site.viewers import Viewers
from tsock.storage.store import Tx

SEARCH_CHARS_MAX = 100
"""So much of what is searched for is looked at."""
FOUND_MAX = 25
"""Entries that a search lists."""
LATEST_MAX = 10
"""Alerts that the page of a code lists."""
_HOUR_MS = 3_600_000


class Occurrences(msgspec.Struct, frozen=True):
    """How often an error came up here."""

    last_hour: int
    last_day: int
    last_week: int
    latest: list[Alert]
    has_denials: bool
    """Whether clients were refused with it, as far as is on record."""


class ErrorHandlers:
    """`/errors`, to search and to browse, and `/errors/CODE`, each as a page and as JSON.

    What is typed is understood as `tsock errors` does.
    """

    def __init__(self, viewers: Viewers, clock: Clock) -> None:
        self._viewers = viewers
        self._clock = clock

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.HTTP, "GET", "/errors", self.find),
            Route(Door.HTTP, "GET", "/errors/{code}", self.entry),
        ]

    def find(self, request: Request) -> Answer:
        """The entries that `q` may be about, else all; a code that is known leads a reader to its page."""
        asked = request.params.get("q", "").strip()[:SEARCH_CHARS_MAX]
        found = _found(asked)
        if not wants_page(request):
            return answer(found, headers=PRIVATE)
        entry = _lookup(asked)
        return see_other(f"/errors/{entry.code}") if entry else self._list(request, asked)

    def entry(self, request: Request, code: str) -> Answer:
        """What the error means, what causes it, how to fix it, and to an operator how often it came."""
        if not code:
            return self.find(request)
        entry = _lookup(code)
        if entry is None and wants_page(request):
            return self._list(request, code[:SEARCH_CHARS_MAX], status=404)
        if entry is None:
            raise not_found(f"no error {code[:16]} in the dictionary")
        if not wants_page(request):
            return answer(entry, headers=PRIVATE)
        viewer = self._viewers.known(request)
        if viewer is None:
            return page("error.html", entry=entry, here=None, sign_in=sign_in(f"/errors/{entry.code}"))
        now_ms = self._clock.now_ms()
        return Read(
            lambda tx: _occurrences(tx, entry.code, now_ms, viewer.accounts),
            lambda here: page("error.html", entry=entry, here=here, sign_in=None, viewer=viewer),
        )

    def _list(self, request: Request, asked: str, status: int = 200) -> Response:
        return page(
            "errors.html",
            status,
            asked=asked,
            found=_found(asked),
            is_guess=any(map(str.isdigit, asked)) and not _known(asked),
            chars_max=SEARCH_CHARS_MAX,
            viewer=self._viewers.known(request),
        )


def _occurrences(tx: Tx, code: int, now_ms: int, accounts: frozenset[str] | None) -> Occurrences:
    def within(hours: int) -> int:
        return alerts.count(tx, code, now_ms - hours * _HOUR_MS, accounts)

    latest = alerts.latest(tx, LATEST_MAX, accounts=accounts, code=code)
    return Occurrences(
        last_hour=within(1),
        last_day=within(24),
        last_week=within(7 * 24),
        latest=latest,
        has_denials=bool(denials.latest(tx, 1, accounts=accounts, code=code)),
    )


def _lookup(word: str) -> Entry | None:
    code = dictionary.code_in(word)
    return None if code is None else dictionary.lookup(code)


def _found(asked: str) -> list[Entry]:
    if not asked:
        return list(dictionary.entries().values())
    return _known(asked) or dictionary.suggest(asked, FOUND_MAX)


def _known(asked: str) -> list[Entry]:
    """The entries of all codes that are named and known."""
    named = dict.fromkeys(map(_lookup, dictionary.words_in(asked)))
    return [entry for entry in named if entry is not None]
