"""What happened: the record of refusals, and the live feed."""

from tsock.api.denial_story import recorded, story
from tsock.api.operator_body import answer, invalid
from tsock.api.request import Answer, Door, Read, Request
from tsock.api.router import Route
from tsock.debugger import denials
from tsock.telemetry.tail import Tail

DENIALS_MAX = 1000
"""Of one answer."""


class OperatorRecords:
    """Denials by id or the latest, and happenings as they come."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.OPERATOR, "GET", "/denials", self.latest),
            Route(Door.OPERATOR, "GET", "/denials/{denial}", self.fetch),
            Route(Door.OPERATOR, "GET", "/tail", self.happenings),
        ]

    def latest(self, request: Request) -> Answer:
        """The newest refusals first, of one `account` or of all."""
        account, limit = request.params.get("account"), _number(request, "limit", 20)
        if not 1 <= limit <= DENIALS_MAX:
            raise invalid(f"limit is 1 to {DENIALS_MAX}, not {limit}")
        return Read(
            lambda tx: answer({"denials": [story(denial) for denial in denials.latest(tx, account, limit)]})
        )

    def fetch(self, request: Request, sid: str) -> Answer:
        """One refusal with its report."""
        return Read(lambda tx: answer(story(recorded(tx, sid))))

    def happenings(self, request: Request) -> Answer:
        """What happened behind the number `after`; without one, where the feed begins now."""
        if "after" in request.params:
            found = self._tail.after(_number(request, "after", 0))
        else:
            self._tail.after(self._tail.latest)  # from here on somebody is watching
            found = []
        return answer({"latest": self._tail.latest, "happenings": found})


def _number(request: Request, name: str, default: int) -> int:
    text = request.params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise invalid(f"{name} is a whole number, not {text[:32]}")
    return int(text)
