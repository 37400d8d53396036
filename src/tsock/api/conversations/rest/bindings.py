"""Devices that are notified, over REST (`protocol/rest.md`, Bindings and push credentials)."""

from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest.route import route
from tsock.api.conversations.rest.scope import RestScope, links
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.fields import Fields
from tsock.api.router import Route
from tsock.conversations import bindings
from tsock.storage.store import Tx

TWILSOCK = "twilsock"
"""A type that can be asked for, of which none exist: connections are not bindings here."""


class BindingHandlers:
    """List, fetch, delete; clients make them."""

    def __init__(self, scope: RestScope) -> None:
        self._scope = scope

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many = "/Services/{service}/Bindings"
        one = f"{many}/{{binding}}"
        return [
            route("GET", many, self.every, "bindings/list"),
            route("GET", one, self.fetch, "bindings/read"),
            route("DELETE", one, self.delete, "bindings/delete"),
        ]

    def every(self, request: Request, service: str) -> Answer:
        """A page of them, the newest first; of some types and identities, where these are given."""
        actor = self._scope.actor(request, service)
        query_fields = fields.of_query(request)
        types, identities = asked_types(query_fields), query_fields.texts("Identity")
        asked = paging.asked(request, query_fields, rows_max=self._scope.limits.page_rows_max)
        place, shown = asked.place, links(request, actor, service)

        def query(tx: Tx) -> Response:
            found, rows = bindings.page(tx, actor, types, identities, place, asked.size)
            return paging.page(asked, "bindings", [bodies.device(shown, one) for one in found], rows)

        return Read(query)

    def fetch(self, request: Request, service: str, sid: str) -> Answer:
        """One of them."""
        actor = self._scope.actor(request, service)
        shown = links(request, actor, service)

        def query(tx: Tx) -> Response:
            return answer(bodies.device(shown, bindings.find(tx, actor, sid)))

        return Read(query)

    def delete(self, request: Request, service: str, sid: str) -> Answer:
        """Notify a device no more."""
        actor = self._scope.actor(request, service)

        def rule(tx: Tx) -> Response:
            bindings.remove(tx, actor, sid)
            return Response(204)

        return Write(rule, about=sid)


def asked_types(form: Fields) -> list[str]:
    """Those that a list is asked for.

    Raises:
        ApiError: 50209 no such type.
    """
    types = form.texts("BindingType")
    for kind in types:
        if kind != TWILSOCK:
            bindings.check_type(kind)
    return types
