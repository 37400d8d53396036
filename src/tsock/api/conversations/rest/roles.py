"""Roles over REST (`protocol/rest.md`, Roles)."""

from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest.route import in_service
from tsock.api.conversations.rest.scope import RestScope, links
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.router import Route
from tsock.conversations import roles
from tsock.storage.store import Tx

ROWS_MAX = 50


class RoleHandlers:
    """Create, list, fetch, change, delete."""

    def __init__(self, scope: RestScope) -> None:
        self._scope = scope

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many, one = "/Roles", "/Roles/{role}"
        return [
            *in_service("POST", many, self.create, "roles/create"),
            *in_service("GET", many, self.every, "roles/list"),
            *in_service("GET", one, self.fetch, "roles/read"),
            *in_service("POST", one, self.change, "roles/update"),
            *in_service("DELETE", one, self.delete, "roles/delete"),
        ]

    def create(self, request: Request, service: str | None) -> Answer:
        """A new role."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        name, kind, permissions = form.text("FriendlyName"), form.text("Type"), form.texts("Permission")
        shown = links(request, actor, service)

        def rule(tx: Tx) -> Response:
            made = roles.create(tx, actor.service_sid, name, kind, permissions)
            return answer(bodies.role(shown, made), 201)

        return Write(rule)

    def every(self, request: Request, service: str | None) -> Answer:
        """A page of the roles, the oldest first."""
        actor = self._scope.actor(request, service)
        asked = paging.asked(request, fields.of_query(request), rows_max=ROWS_MAX)
        place, shown = asked.place, links(request, actor, service)

        def rule(tx: Tx) -> Response:
            roles.built_in(tx, actor.service_sid, "service user")  # made now, where this is the first use
            found, rows = roles.page(tx, actor.service_sid, place, asked.size)
            return paging.page(asked, "roles", [bodies.role(shown, role) for role in found], rows)

        return Write(rule)

    def fetch(self, request: Request, service: str | None, sid: str) -> Answer:
        """One role."""
        actor = self._scope.actor(request, service)
        shown = links(request, actor, service)

        def query(tx: Tx) -> Response:
            return answer(bodies.role(shown, roles.named(tx, actor.service_sid, sid)))

        return Read(query)

    def change(self, request: Request, service: str | None, sid: str) -> Answer:
        """Replace the permissions."""
        actor = self._scope.actor(request, service)
        permissions = fields.of_form(request).texts("Permission")
        shown = links(request, actor, service)

        def rule(tx: Tx) -> Response:
            return answer(bodies.role(shown, roles.update(tx, actor.service_sid, sid, permissions)))

        return Write(rule, about=sid)

    def delete(self, request: Request, service: str | None, sid: str) -> Answer:
        """Remove a role that newcomers do not get."""
        actor = self._scope.actor(request, service)

        def rule(tx: Tx) -> Response:
            roles.delete(tx, actor.service_sid, sid)
            return Response(204)

        return Write(rule, about=sid)
