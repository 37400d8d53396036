"""Documents, lists, maps and streams over REST (`protocol/rest.md`, Roots and items)."""

import msgspec

from tsock.api.request import Answer, Read, Request, Response, Write
from tsock.api.rest import fields, paging
from tsock.api.router import Route
from tsock.api.sync.kinds import of_kind
from tsock.api.sync.messages import publishing
from tsock.api.sync.rates import SyncRates
from tsock.api.sync.rest import bodies
from tsock.api.sync.rest import fields as given
from tsock.api.sync.rest.route import route
from tsock.api.sync.rest.scope import SyncRestScope, links
from tsock.storage.store import Tx
from tsock.sync import documents, roots
from tsock.sync.kinds import DOCUMENT, KINDS, STREAM, Kind


class SyncRestRoots:
    """Create, list, fetch, change, remove; and publish to a stream."""

    def __init__(self, scope: SyncRestScope, rates: SyncRates) -> None:
        self._scope = scope
        self._rates = rates
        self._limits = scope.limits

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        table = [route("POST", "/{service}/Streams/{object}/Messages", self.publish, "messages/create")]
        for kind in KINDS.values():
            many, name = f"/{{service}}/{kind.segment}", kind.segment.lower()
            one = f"{many}/{{object}}"
            table += [
                route("POST", many, of_kind(kind, self.create), f"{name}/create"),
                route("GET", many, of_kind(kind, self.every), f"{name}/list"),
                route("GET", one, of_kind(kind, self.fetch), f"{name}/read"),
                route("POST", one, of_kind(kind, self.change), f"{name}/update"),
                route("DELETE", one, of_kind(kind, self.remove), f"{name}/delete"),
            ]
        return table

    def create(self, request: Request, kind: Kind, service: str) -> Answer:
        """Make a root, under a name or without one; a document with its data."""
        actor = self._scope.actor(request, service)
        self._rates.create(actor)
        form = fields.of_form(request)
        name, ttl = form.text("UniqueName"), given.root_ttl(form, kind, self._limits)
        content = given.data(form, kind, self._limits) if kind is DOCUMENT else None
        shown = links(request, actor)

        def rule(tx: Tx) -> Response:
            root = roots.create(tx, actor, kind, unique_name=name, data=content, ttl=ttl)
            return bodies.with_etag(201, bodies.root(root, shown), root.revision)

        return Write(rule)

    def every(self, request: Request, kind: Kind, service: str) -> Answer:
        """A page of the service's roots of this kind, the oldest first."""
        actor = self._scope.actor(request, service)
        asked = paging.asked(
            request, fields.of_query(request), rows_max=self._limits.page_rows_max, codes=paging.SYNC
        )
        place, shown = asked.place, links(request, actor)

        def query(tx: Tx) -> Response:
            found, rows = roots.page(tx, actor, kind, place, asked.size)
            records = [msgspec.Raw(bodies.root(root, shown)) for root in found]
            return paging.page(asked, kind.segment.lower(), records, rows)

        return Read(query)

    def fetch(self, request: Request, kind: Kind, service: str, name: str) -> Answer:
        """One root, by SID or unique name."""
        actor = self._scope.actor(request, service)
        self._rates.read(actor, kind, name)
        shown = links(request, actor)

        def query(tx: Tx) -> Response:
            root = roots.fetch(tx, actor, kind, name)
            return bodies.with_etag(200, bodies.root(root, shown), root.revision)

        return Read(query)

    def change(self, request: Request, kind: Kind, service: str, name: str) -> Answer:
        """Set a document's data, or the time to live of any root."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        ttl, shown = given.root_ttl(form, kind, self._limits), links(request, actor)
        if kind is DOCUMENT:
            content, expected = given.data(form, kind, self._limits), given.if_match(request)
        else:
            content = expected = None
        self._rates.write(actor, kind, name, content)

        def rule(tx: Tx) -> Response:
            if kind is DOCUMENT:
                root = documents.update(tx, actor, name, data=content, ttl=ttl, if_match=expected)
            else:
                root = roots.set_ttl(tx, actor, kind, name, ttl)
            return bodies.with_etag(200, bodies.root(root, shown), root.revision)

        return Write(rule, about=name)

    def remove(self, request: Request, kind: Kind, service: str, name: str) -> Answer:
        """Remove a root with all that it holds."""
        actor = self._scope.actor(request, service)
        self._rates.write(actor, kind, name)

        def rule(tx: Tx) -> Response:
            roots.remove(tx, actor, kind, name)
            return Response(204)

        return Write(rule, about=name)

    def publish(self, request: Request, service: str, name: str) -> Answer:
        """Publish a stream message to whoever is subscribed now."""
        actor = self._scope.actor(request, service)
        self._rates.publish(actor, name)
        content = given.required_data(fields.of_form(request), STREAM, self._limits)
        return publishing(actor, name, content)
