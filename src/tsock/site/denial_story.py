"""Who was refused lately, and the whole story of each, for whoever may see the account concerned."""

from tsock.api.request import Access, Answer, Door, Read, Request, Response, answer
from tsock.api.router import Route
from tsock.debugger import denials
from tsock.errors import invalid
from tsock.ids import typed_sid
from tsock.site.html import PRIVATE, page, wants_page
from tsock.site.viewers import Viewers
from tsock.storage.store import Tx

LISTED_MAX = 100
"""Refusals that the page of the latest shows."""


class DenialHandlers:
    """`/denials` and `/denials/DN…`, each as a page and as JSON."""

    def __init__(self, viewers: Viewers) -> None:
        self._viewers = viewers

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.HTTP, "GET", "/denials", self.latest, Access.VIEWER),
            Route(Door.HTTP, "GET", "/denials/{denial}", self.fetch, Access.VIEWER),
        ]

    def latest(self, request: Request) -> Answer:
        """The newest refusals first, all or those with `code`."""
        viewer = self._viewers.signed_in(request)
        asked = request.params.get("code", "")
        code = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None
        if asked and code is None:
            raise invalid("code is a number of the error dictionary, such as 20104")

        def query(tx: Tx) -> Response:
            found = denials.latest(tx, LISTED_MAX, accounts=viewer.accounts, code=code)
            if wants_page(request):
                return page("denials.html", denials=found, code=code, most=LISTED_MAX, viewer=viewer)
            return answer({"denials": [denials.story(each) for each in found]}, headers=PRIVATE)

        return Read(query)

    def fetch(self, request: Request, sid: str) -> Answer:
        """One refusal with its report; of an account that is not to be seen, it is unknown."""
        if not sid:
            return self.latest(request)
        viewer = self._viewers.signed_in(request)
        sid = typed_sid(sid)

        def query(tx: Tx) -> Response:
            denial = denials.recorded(tx, sid)
            if not viewer.may_see(denial.account_sid):
                raise denials.unknown(sid)
            if wants_page(request):
                return page("denial.html", denial=denial, viewer=viewer)
            return answer(denials.story(denial), headers=PRIVATE)

        return Read(query)
