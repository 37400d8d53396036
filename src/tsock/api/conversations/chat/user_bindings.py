"""The devices of one user; Conversations has those of a whole service alone."""

from tsock.api.conversations.chat.resources import USER_BINDING
from tsock.api.conversations.chat.route import IN_SERVICE, route
from tsock.api.conversations.chat.translation import translated
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest.bindings import asked_types
from tsock.api.conversations.rest.scope import Links, RestScope, links
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.router import Route
from tsock.conversations import bindings, users
from tsock.conversations.actor import ChatActor
from tsock.conversations.bindings import Binding
from tsock.conversations.tables import User
from tsock.errors import not_found
from tsock.storage.store import Tx


class UserBindingHandlers:
    """List, fetch, delete."""

    def __init__(self, scope: RestScope) -> None:
        self._scope = scope

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many = f"{IN_SERVICE}/Users/{{user}}/Bindings"
        one = f"{many}/{{binding}}"
        return [
            route("GET", many, translated(self.every, USER_BINDING), "user-bindings/list"),
            route("GET", one, translated(self.fetch, USER_BINDING), "user-bindings/read"),
            route("DELETE", one, self.delete, "user-bindings/delete"),
        ]

    def every(self, request: Request, service: str, name: str) -> Answer:
        """A page of them, the newest first; of some types, where these are given."""
        actor = self._scope.actor(request, service)
        query_fields = fields.of_query(request)
        types = asked_types(query_fields)
        asked = paging.asked(request, query_fields, rows_max=self._scope.limits.page_rows_max)
        place, shown = asked.place, links(request, actor, service)

        def query(tx: Tx) -> Response:
            user = users.find(tx, actor, name)
            found, rows = bindings.page(tx, actor, types, [user.identity], place, asked.size)
            return paging.page(asked, "bindings", [_body(shown, user, one) for one in found], rows)

        return Read(query)

    def fetch(self, request: Request, service: str, name: str, sid: str) -> Answer:
        """One of them."""
        actor = self._scope.actor(request, service)
        shown = links(request, actor, service)

        def query(tx: Tx) -> Response:
            user = users.find(tx, actor, name)
            return answer(_body(shown, user, _find(tx, actor, user, sid)))

        return Read(query)

    def delete(self, request: Request, service: str, name: str, sid: str) -> Answer:
        """Notify a device no more."""
        actor = self._scope.actor(request, service)

        def rule(tx: Tx) -> Response:
            bindings.remove(tx, actor, _find(tx, actor, users.find(tx, actor, name), sid).sid)
            return Response(204)

        return Write(rule, about=sid)


def _find(tx: Tx, actor: ChatActor, user: User, sid: str) -> Binding:
    found = bindings.find(tx, actor, sid)
    if found.identity != user.identity:
        raise not_found(f"no binding {sid[:64]} of this user")
    return found


def _body(shown: Links, user: User, found: Binding) -> bodies.Body:
    url = f"{shown.url}/Users/{user.sid}/Bindings/{found.sid}"
    return {**bodies.device(shown, found), "user_sid": user.sid, "url": url}
