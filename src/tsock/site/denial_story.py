"""The whole story of one refusal, for whoever may see the account concerned."""

from tsock.api.request import Access, Answer, Door, Read, Request, Response, answer
from tsock.api.router import Route
from tsock.debugger import denials
from tsock.site.html import PRIVATE, page, wants_page
from tsock.site.viewers import Viewers
from tsock.storage.store import Tx


class DenialHandlers:
    """`/denials/DN…`, as a page and as JSON."""

    def __init__(self, viewers: Viewers) -> None:
        self._viewers = viewers

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [Route(Door.HTTP, "GET", "/denials/{denial}", self.fetch, Access.VIEWER)]

    def fetch(self, request: Request, sid: str) -> Answer:
        """One refusal with its report; of an account that is not to be seen, it is unknown."""
        viewer = self._viewers.signed_in(request)

        def query(tx: Tx) -> Response:
            denial = denials.recorded(tx, sid)
            if not viewer.may_see(denial.account_sid):
                raise denials.unknown(sid)
            if wants_page(request):
                return page("denial.html", denial=denial, viewer=viewer)
            return answer(denials.story(denial), headers=PRIVATE)

        return Read(query)
