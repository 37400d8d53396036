"""What the SDKs ask of items through the socket (`protocol/sync.md`, Requests and Paging)."""

from tsock.api.request import Answer, Read, Request, Response, Write
from tsock.api.router import Route
from tsock.api.sync.kinds import of_kind
from tsock.api.sync.rates import SyncRates
from tsock.api.sync.sdk import bodies
from tsock.api.sync.sdk.request import RouteEntry, present, read_body, tunnelled
from tsock.api.sync.sdk.scope import SdkScope, links
from tsock.storage.store import Tx
from tsock.sync import data as json_data
from tsock.sync import items, lists, maps, pages, params, refusals
from tsock.sync.actor import Actor
from tsock.sync.kinds import LIST, MAP, Kind


class ItemHandlers:
    """Handlers of list and map items, and of a list's context."""

    def __init__(self, scope: SdkScope, rates: SyncRates) -> None:
        self._scope = scope
        self._rates = rates
        self._limits = scope.limits

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        table: list[RouteEntry] = [
            ("GET", "/Lists/{object}/Context", self.context),
            ("POST", "/Lists/{object}/Items", self.push),
            ("POST", "/Maps/{object}/Items", self.add),
            ("PUT", "/Maps/{object}/Items/{item}", self.put),
        ]
        for kind in (LIST, MAP):
            place = f"/{kind.segment}/{{object}}/Items"
            table += [
                ("GET", place, of_kind(kind, self.page)),
                ("GET", f"{place}/{{item}}", of_kind(kind, self.fetch)),
                ("POST", f"{place}/{{item}}", of_kind(kind, self.change)),
                ("DELETE", f"{place}/{{item}}", of_kind(kind, self.remove)),
            ]
        return tunnelled(table)

    def context(self, request: Request, name: str) -> Answer:
        """Read a list's context."""
        actor = self._reader(request, LIST, name)

        def query(tx: Tx) -> Response:
            root = lists.context(tx, actor, name)
            return Response(200, f'{{"data":{root.data},"last_event_id":{root.last_event_id}}}'.encode())

        return Read(query)

    def push(self, request: Request, name: str) -> Answer:
        """Append an item to a list."""
        actor = self._scope.actor(request)
        body = read_body(request)
        content = json_data.required(present(body.data), LIST, self._limits)
        ttl = params.ttl(body.ttl, self._limits)
        self._rates.write(actor, LIST, name, content)
        shown = links(request, actor)

        def rule(tx: Tx) -> Response:
            item = lists.push(tx, actor, name, content, ttl=ttl)
            return Response(201, bodies.item(item, LIST, shown, with_data=False))

        return Write(rule, about=name)

    def add(self, request: Request, name: str) -> Answer:
        """Make a map item that must not exist yet; what Kotlin clients do first."""
        actor = self._scope.actor(request)
        body = read_body(request)
        key = body.key
        if not isinstance(key, str):
            raise refusals.bad_key(key, self._limits.key_chars_max)
        content = json_data.required(present(body.data), MAP, self._limits)
        ttl = params.ttl(body.ttl, self._limits)
        self._rates.write(actor, MAP, name, content)
        shown = links(request, actor)

        def rule(tx: Tx) -> Response:
            item = maps.add(tx, actor, name, key, content, ttl=ttl)
            return Response(201, bodies.item(item, MAP, shown, with_data=False))

        return Write(rule, about=name)

    def put(self, request: Request, name: str, key: str) -> Answer:
        """Make or replace a map item; JS tells added from updated by 201 or 200."""
        actor = self._scope.actor(request)
        body = read_body(request)
        content = json_data.required(present(body.data), MAP, self._limits)
        ttl = params.ttl(body.ttl, self._limits)
        expected = params.if_match(request.headers.get("if-match"))
        self._rates.write(actor, MAP, name, content)
        shown = links(request, actor)

        def rule(tx: Tx) -> Response:
            item, is_new = maps.put(tx, actor, name, key, content, ttl=ttl, if_match=expected)
            return Response(201 if is_new else 200, bodies.item(item, MAP, shown, with_data=False))

        return Write(rule, about=name)

    def fetch(self, request: Request, kind: Kind, name: str, item_name: str) -> Answer:
        """Read one item by its URL."""
        actor = self._reader(request, kind, name)
        key = params.item_key(kind, item_name, self._limits)
        shown = links(request, actor)

        def query(tx: Tx) -> Response:
            item = items.fetch(tx, actor, kind, name, key)
            return Response(200, bodies.item(item, kind, shown, with_data=True))

        return Read(query)

    def change(self, request: Request, kind: Kind, name: str, item_name: str) -> Answer:
        """Change an item that exists: its data, its time to live, or both."""
        actor = self._scope.actor(request)
        body = read_body(request)
        key = params.item_key(kind, item_name, self._limits)
        content = json_data.optional(present(body.data), kind, self._limits)
        ttl = params.ttl(body.ttl, self._limits)
        expected = params.if_match(request.headers.get("if-match"))
        self._rates.write(actor, kind, name, content)
        shown = links(request, actor)

        def rule(tx: Tx) -> Response:
            item = items.update(tx, actor, kind, name, key, data=content, ttl=ttl, if_match=expected)
            return Response(200, bodies.item(item, kind, shown, with_data=False))

        return Write(rule, about=name)

    def remove(self, request: Request, kind: Kind, name: str, item_name: str) -> Answer:
        """Remove an item; the reply has a body, without which JS fails."""
        actor = self._scope.actor(request)
        key = params.item_key(kind, item_name, self._limits)
        expected = params.if_match(request.headers.get("if-match"))
        self._rates.write(actor, kind, name)
        shown = links(request, actor)

        def rule(tx: Tx) -> Response:
            item = items.remove(tx, actor, kind, name, key, if_match=expected)
            return Response(200, bodies.item(item, kind, shown, with_data=False))

        return Write(rule, about=name)

    def page(self, request: Request, kind: Kind, name: str) -> Answer:
        """Items in order; `Index` or `Key` ask for one, `PageToken` for a neighbouring page."""
        actor = self._reader(request, kind, name)
        asked = params.item_query(kind, request.params.get, self._limits)
        one = request.params.get("Index" if kind is LIST else "Key")
        one_key = None if one is None else params.item_key(kind, one, self._limits)
        shown = links(request, actor)

        def query(tx: Tx) -> Response:
            if one_key is not None:
                page = pages.of_one(tx, actor, kind, name, one_key, size=asked.size)
            else:
                page = pages.of_items(tx, actor, kind, name, asked)
            return Response(
                200, bodies.page(page.items, kind, shown, page.size, page.previous_token, page.next_token)
            )

        return Read(query, behind_events=True)

    def _reader(self, request: Request, kind: Kind, name: str) -> Actor:
        actor = self._scope.actor(request)
        self._rates.read(actor, kind, name)
        return actor
