"""Services of Conversations over REST (`protocol/rest.md`, Services and configuration)."""

from tsock.accounts import services
from tsock.accounts.caller import CHAT
from tsock.accounts.services import NAME_CHARS_MAX, ServiceChange
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest.route import route
from tsock.api.conversations.rest.scope import RestScope
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.asker import asker
from tsock.api.router import Route
from tsock.conversations import refusals
from tsock.errors import ApiError
from tsock.storage.store import Tx
from tsock.storage.texts import refuse_nul


class ServiceHandlers:
    """Create, list, fetch, delete; of the account that asks."""

    def __init__(self, scope: RestScope) -> None:
        self._scope = scope

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        one = "/Services/{service}"
        return [
            route("POST", "/Services", self.create, "services/create"),
            route("GET", "/Services", self.every, "services/list"),
            route("GET", one, self.fetch, "services/read"),
            route("DELETE", one, self.delete, "services/delete"),
        ]

    def create(self, request: Request) -> Answer:
        """A new service."""
        principal, name = asker(request), checked_name(fields.of_form(request).text("FriendlyName"))

        def rule(tx: Tx) -> Response:
            change = ServiceChange(friendly_name=name)
            made = services.create_service(tx, principal.account.sid, CHAT, change, by=principal.author)
            return answer(bodies.service(made, request.base), 201)

        return Write(rule)

    def every(self, request: Request) -> Answer:
        """A page of the services, the newest first."""
        account_sid = asker(request).account.sid
        asked = paging.asked(request, fields.of_query(request), rows_max=self._scope.limits.page_rows_max)
        place = asked.place

        def query(tx: Tx) -> Response:
            found, rows = services.list_services(tx, account_sid, CHAT, place, asked.size)
            records = [bodies.service(service, request.base) for service in found]
            return paging.page(asked, "services", records, rows)

        return Read(query)

    def fetch(self, request: Request, name: str) -> Answer:
        """One service."""
        return answer(bodies.service(self._scope.service(request, name), request.base))

    def delete(self, request: Request, name: str) -> Answer:
        """End a service and all that it holds; a deleted default service is followed by an empty one."""
        principal = asker(request)

        def rule(tx: Tx) -> Response:
            services.delete_service(tx, principal.account.sid, CHAT, name, by=principal.author)
            return Response(204)

        return Write(rule)


def checked_name(text: str | None) -> str:
    """The name of a service.

    Raises:
        ApiError: 50000 none; 50003 too long; 20422, it has U+0000.
    """
    if not text:
        raise ApiError(400, 50000, "FriendlyName not provided: expected the name of the service")
    if len(text) > NAME_CHARS_MAX:
        raise refusals.name_too_long(50003, "Friendly name", len(text), NAME_CHARS_MAX)
    refuse_nul(text, "a friendly name")
    return text
