"""Permissions of documents, lists and maps over REST (`protocol/rest.md`, Permissions)."""

from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.fields import Fields
from tsock.api.router import Route
from tsock.api.sync.kinds import of_kind
from tsock.api.sync.rates import SyncRates
from tsock.api.sync.rest import bodies
from tsock.api.sync.rest.route import route
from tsock.api.sync.rest.scope import RestScope, links
from tsock.errors import invalid
from tsock.storage.store import Tx
from tsock.sync import permissions, roots
from tsock.sync.actor import Actor
from tsock.sync.kinds import DOCUMENT, LIST, MAP, Kind


class PermissionHandlers:
    """List, fetch, set, take back what an identity may do."""

    def __init__(self, scope: RestScope, rates: SyncRates) -> None:
        self._scope = scope
        self._rates = rates

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        table: list[Route] = []
        for kind in (DOCUMENT, LIST, MAP):
            many, name = f"/{{service}}/{kind.segment}/{{object}}/Permissions", f"{kind.name}-permissions"
            one = f"{many}/{{identity}}"
            table += [
                route("GET", many, of_kind(kind, self.every), f"{name}/list"),
                route("GET", one, of_kind(kind, self.fetch), f"{name}/read"),
                route("POST", one, of_kind(kind, self.grant), f"{name}/update"),
                route("DELETE", one, of_kind(kind, self.remove), f"{name}/delete"),
            ]
        return table

    def every(self, request: Request, kind: Kind, service: str, name: str) -> Answer:
        """What was set for every identity."""
        actor = self._scope.actor(request, service)
        self._rates.read(actor, kind, name)
        asked = paging.asked(
            request, fields.of_query(request), rows_max=self._scope.limits.page_rows_max, codes=paging.SYNC
        )
        place, shown = asked.place_by_name, links(request, actor)

        def query(tx: Tx) -> Response:
            found, rows = permissions.page(tx, roots.find(tx, actor, kind, name), place, asked.size)
            records = [bodies.permission(permission, kind, shown) for permission in found]
            return paging.page(asked, "permissions", records, rows)

        return Read(query)

    def fetch(self, request: Request, kind: Kind, service: str, name: str, identity: str) -> Answer:
        """What was set for one identity."""
        actor = self._actor(request, kind, service, name, identity)
        shown = links(request, actor)

        def query(tx: Tx) -> Response:
            root = roots.find(tx, actor, kind, name)
            return answer(bodies.permission(permissions.fetch(tx, root, identity), kind, shown))

        return Read(query)

    def grant(self, request: Request, kind: Kind, service: str, name: str, identity: str) -> Answer:
        """Set what an identity may do, over what was set before."""
        actor = self._actor(request, kind, service, name, identity)
        form = fields.of_form(request)
        read, write, manage = _flag(form, "Read"), _flag(form, "Write"), _flag(form, "Manage")
        shown = links(request, actor)

        def rule(tx: Tx) -> Response:
            root = roots.claim(tx, actor, kind, name)
            granted = permissions.grant(tx, root, identity, read=read, write=write, manage=manage)
            return answer(bodies.permission(granted, kind, shown))

        return Write(rule, about=name)

    def remove(self, request: Request, kind: Kind, service: str, name: str, identity: str) -> Answer:
        """Take back whatever was set."""
        actor = self._actor(request, kind, service, name, identity)

        def rule(tx: Tx) -> Response:
            permissions.remove(tx, roots.claim(tx, actor, kind, name), identity)
            return Response(204)

        return Write(rule, about=name)

    def _actor(self, request: Request, kind: Kind, service: str, name: str, identity: str) -> Actor:
        actor = self._scope.actor(request, service)
        self._rates.permission(actor, kind, name, identity)
        return actor


def _flag(form: Fields, name: str) -> bool:
    flag = form.flag(name)
    if flag is None:
        raise invalid(f"{name} is missing, expected true or false")
    return flag
