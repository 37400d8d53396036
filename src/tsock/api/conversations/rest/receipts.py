"""Delivery receipts over REST (`protocol/rest.md`, Messages)."""

from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest.route import in_service
from tsock.api.conversations.rest.scope import RestScope, links
from tsock.api.request import Answer, Read, Request, Response, answer
from tsock.api.rest import fields, paging
from tsock.api.router import Route
from tsock.conversations import receipts
from tsock.storage.store import Tx

ROWS_MAX = 50


class ReceiptHandlers:
    """List and fetch those of a message."""

    def __init__(self, scope: RestScope) -> None:
        self._scope = scope

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many = "/Conversations/{conversation}/Messages/{message}/Receipts"
        return [
            *in_service("GET", many, self.every, "receipts/list"),
            *in_service("GET", f"{many}/{{receipt}}", self.fetch, "receipts/read"),
        ]

    def every(self, request: Request, service: str | None, conversation: str, message: str) -> Answer:
        """A page of them, the oldest first."""
        actor = self._scope.actor(request, service)
        asked = paging.asked(request, fields.of_query(request), rows_max=ROWS_MAX)
        place, shown = asked.place, links(request, actor, service)

        def query(tx: Tx) -> Response:
            found, rows = receipts.page(tx, actor, conversation, message, place, asked.size)
            records = [bodies.receipt(shown, receipt) for receipt in found]
            return paging.page(asked, "delivery_receipts", records, rows)

        return Read(query)

    def fetch(
        self, request: Request, service: str | None, conversation: str, message: str, sid: str
    ) -> Answer:
        """One of them."""
        actor = self._scope.actor(request, service)
        shown = links(request, actor, service)

        def query(tx: Tx) -> Response:
            return answer(bodies.receipt(shown, receipts.fetch(tx, actor, conversation, message, sid)))

        return Read(query)
