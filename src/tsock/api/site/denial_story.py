"""The whole story of one refusal, for whoever may see the account concerned."""

import msgspec

from tsock.api.request import Answer, Door, Read, Request, Response, answer
from tsock.api.router import Route
from tsock.api.site.html import PRIVATE, page, wants_page
from tsock.api.site.viewers import Viewers
from tsock.clock import iso_ms
from tsock.debugger import denials
from tsock.debugger.denials import Denial
from tsock.errors import ApiError, not_found
from tsock.storage.store import Tx


class DenialStory:
    """`/denials/DN…`, as a page and as JSON."""

    def __init__(self, viewers: Viewers) -> None:
        self._viewers = viewers

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [Route(Door.HTTP, "GET", "/denials/{denial}", self.fetch)]

    def fetch(self, request: Request, sid: str) -> Answer:
        """One refusal with its report; of an account that is not to be seen, it is unknown."""
        viewer = self._viewers.signed_in(request)

        def query(tx: Tx) -> Response:
            denial = recorded(tx, sid)
            if not viewer.may_see(denial.account_sid):
                raise _unknown(sid)
            if wants_page(request):
                return page("denial.html", denial=denial)
            return answer(story(denial), headers=PRIVATE)

        return Read(query)


def recorded(tx: Tx, sid: str) -> Denial:
    """The refusal with this id.

    Raises:
        ApiError: 404/20404, none is on record.
    """
    found = denials.find(tx, sid)
    if found is None:
        raise _unknown(sid)
    return found


def story(denial: Denial) -> dict[str, object]:
    """The record, its time as a date."""
    fields: dict[str, object] = msgspec.to_builtins(denial)
    del fields["at_ms"]
    return {"sid": fields.pop("sid"), "date": iso_ms(denial.at_ms), **fields}


def _unknown(sid: str) -> ApiError:
    return not_found(
        f"no denial {sid[:64]} is on record; old ones are forgotten (denials_max, denials_days)",
    )
