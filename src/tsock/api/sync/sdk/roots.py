"""What the SDKs ask of Sync: documents, lists, maps and streams (`protocol/sync.md`, Requests).

A handler decodes, names the actor, and answers with the rule to run; what is allowed is the rules' business.
"""

from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.api.sync.kinds import of_kind
from tsock.api.sync.messages import publishing
from tsock.api.sync.rates import SyncRates
from tsock.api.sync.sdk import bodies
from tsock.api.sync.sdk.request import RouteEntry, present, read_body, tunnelled
from tsock.api.sync.sdk.scope import SdkScope, links
from tsock.errors import ApiError
from tsock.storage.store import Tx
from tsock.sync import data as json_data
from tsock.sync import documents, pages, params, refusals, roots
from tsock.sync.data import Json
from tsock.sync.kinds import DOCUMENT, KINDS, LIST, MAP, STREAM, Kind
from tsock.sync.pages import Query


class RootHandlers:
    """Handlers of the client API, under `/v3/…` and `/v3/Services/{service}/…` alike."""

    def __init__(self, scope: SdkScope, rates: SyncRates) -> None:
        self._scope = scope
        self._rates = rates
        self._limits = scope.limits

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        table: list[RouteEntry] = [
            ("GET", "/Configuration", self.configuration),
            ("POST", "/Streams/{object}/Messages", self.publish),
            ("POST", "/Insights/{index}/Items", self.query),
        ]
        for kind in KINDS.values():
            place = f"/{kind.segment}"
            table += [
                ("POST", place, of_kind(kind, self.create)),
                ("GET", f"{place}/{{object}}", of_kind(kind, self.fetch)),
                ("POST", f"{place}/{{object}}", of_kind(kind, self.change)),
                ("DELETE", f"{place}/{{object}}", of_kind(kind, self.remove)),
            ]
        return tunnelled(table)

    def configuration(self, request: Request) -> Answer:
        """Where a Kotlin client finds everything; it keeps the answer for good."""
        shown = links(request, self._scope.actor(request))
        root, base = shown.base, shown.service
        places = {
            "subscriptions": f"{root}/v4/Subscriptions",
            "documents": f"{root}/v3/Documents",
            "lists": f"{root}/v3/Lists",
            "list_items": f"{base}/Lists/{{listId}}/Items",
            "list_item": f"{base}/Lists/{{listId}}/Items/{{itemId}}",
            "maps": f"{root}/v3/Maps",
            "map_items": f"{base}/Maps/{{mapId}}/Items",
            "map_item": f"{base}/Maps/{{mapId}}/Items/{{itemId}}",
            "streams": f"{root}/v3/Streams",
            "stream_messages": f"{base}/Streams/{{streamId}}/Messages",
            "insights_items": f"{root}/v3/Insights/{{indexName}}/Items",
        }
        return answer({"links": places})

    def create(self, request: Request, kind: Kind) -> Answer:
        """Make a root, under a name or without one."""
        actor = self._scope.actor(request)
        self._rates.create(actor)
        body = read_body(request)
        name = body.unique_name
        if name is not None and not isinstance(name, str):
            raise refusals.bad_unique_name(name, self._limits.unique_name_chars_max)
        raw = body.context if kind is LIST else body.data
        content = json_data.optional(present(raw), kind, self._limits) if kind in (DOCUMENT, LIST) else None
        ttl = params.ttl(body.ttl, self._limits)
        shown = links(request, actor)

        def rule(tx: Tx) -> Response:
            root = roots.create(tx, actor, kind, unique_name=name, data=content, ttl=ttl)
            return Response(201, bodies.root(root, shown))

        return Write(rule)

    def fetch(self, request: Request, kind: Kind, name: str) -> Answer:
        """Open what exists; a map with its first items where `Include=items` asks for them."""
        actor = self._scope.actor(request)
        self._rates.read(actor, kind, name)
        shown = links(request, actor)
        with_items = kind is MAP and request.params.get("Include") == "items"

        def query(tx: Tx) -> Response:
            root = roots.fetch(tx, actor, kind, name)
            items = None
            if with_items:
                first = Query(size=self._limits.page_rows_max)
                items = pages.of_items(tx, actor, kind, root.sid, first).items
            return Response(200, bodies.root(root, shown, with_data=True, items=items))

        return Read(query)

    def change(self, request: Request, kind: Kind, name: str) -> Answer:
        """Set a document's data, or the time to live of any root."""
        actor = self._scope.actor(request)
        body = read_body(request)
        ttl = params.ttl(body.ttl, self._limits)
        shown = links(request, actor)
        content: Json | None = None
        expected: str | None = None
        if kind is DOCUMENT:
            content = json_data.optional(present(body.data), kind, self._limits)
            expected = params.if_match(request.headers.get("if-match"))
        self._rates.write(actor, kind, name, content)

        def rule(tx: Tx) -> Response:
            if kind is DOCUMENT:
                root = documents.update(tx, actor, name, data=content, ttl=ttl, if_match=expected)
            else:
                root = roots.set_ttl(tx, actor, kind, name, ttl)
            return Response(200, bodies.root(root, shown))

        return Write(rule, about=name)

    def remove(self, request: Request, kind: Kind, name: str) -> Answer:
        """Remove a root; the payload is junk and stays unread."""
        actor = self._scope.actor(request)
        self._rates.write(actor, kind, name)
        shown = links(request, actor)

        def rule(tx: Tx) -> Response:
            return Response(200, bodies.root(roots.remove(tx, actor, kind, name), shown))

        return Write(rule, about=name)

    def publish(self, request: Request, name: str) -> Answer:
        """Publish a stream message to whoever is subscribed now."""
        actor = self._scope.actor(request)
        self._rates.publish(actor, name)
        content = json_data.required(present(read_body(request).data), STREAM, self._limits)
        return publishing(actor, name, content)

    def query(self, request: Request, index: str) -> Answer:
        """Live and instant queries: this server keeps no index that they could ask."""
        self._scope.actor(request)
        raise ApiError(400, 54502, f"Query index not found: there is no index named {index[:64]}")
