"""Items of lists and maps over REST (`protocol/rest.md`, Roots and items)."""

import msgspec
from msgspec.structs import replace

from tsock.api.request import Answer, Read, Request, Response, Write
from tsock.api.rest import fields, paging
from tsock.api.router import Route
from tsock.api.sync.kinds import of_kind
from tsock.api.sync.rates import SyncRates
from tsock.api.sync.rest import bodies
from tsock.api.sync.rest import fields as given
from tsock.api.sync.rest.route import route
from tsock.api.sync.rest.scope import RestScope, links
from tsock.storage.store import Tx
from tsock.sync import items, lists, maps, pages, params, refusals, roots
from tsock.sync.actor import Actor
from tsock.sync.kinds import LIST, MAP, Kind


class ItemHandlers:
    """Add, list, fetch, change, remove. `CollectionTtl` sets the end of the list or map with the item."""

    def __init__(self, scope: RestScope, rates: SyncRates) -> None:
        self._scope = scope
        self._rates = rates
        self._limits = scope.limits

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        table = [
            route("POST", "/{service}/Lists/{object}/Items", self.push, "list-items/create"),
            route("POST", "/{service}/Maps/{object}/Items", self.add, "map-items/create"),
        ]
        for kind in (LIST, MAP):
            many, name = f"/{{service}}/{kind.segment}/{{object}}/Items", f"{kind.name}-items"
            one = f"{many}/{{item}}"
            table += [
                route("GET", many, of_kind(kind, self.page), f"{name}/list"),
                route("GET", one, of_kind(kind, self.fetch), f"{name}/read"),
                route("POST", one, of_kind(kind, self.change), f"{name}/update"),
                route("DELETE", one, of_kind(kind, self.remove), f"{name}/delete"),
            ]
        return table

    def push(self, request: Request, service: str, name: str) -> Answer:
        """Append an item to a list."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        content = given.required_data(form, LIST, self._limits)
        ttl, collection_ttl = given.item_ttl(form, self._limits), given.collection_ttl(form, self._limits)
        self._rates.write(actor, LIST, name, content)
        shown = links(request, actor)

        def rule(tx: Tx) -> Response:
            item = lists.push(tx, actor, name, content, ttl=ttl)
            _set_collection_ttl(tx, actor, LIST, name, collection_ttl)
            return bodies.with_etag(201, bodies.item(item, LIST, shown), item.revision)

        return Write(rule, about=name)

    def add(self, request: Request, service: str, name: str) -> Answer:
        """Make a map item that must not exist yet."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        key = form.text("Key")
        if key is None:
            raise refusals.bad_key(key, self._limits.key_chars_max)
        content = given.required_data(form, MAP, self._limits)
        ttl, collection_ttl = given.item_ttl(form, self._limits), given.collection_ttl(form, self._limits)
        self._rates.write(actor, MAP, name, content)
        shown = links(request, actor)

        def rule(tx: Tx) -> Response:
            item = maps.add(tx, actor, name, key, content, ttl=ttl)
            _set_collection_ttl(tx, actor, MAP, name, collection_ttl)
            return bodies.with_etag(201, bodies.item(item, MAP, shown), item.revision)

        return Write(rule, about=name)

    def page(self, request: Request, kind: Kind, service: str, name: str) -> Answer:
        """Items in the order of index or key, from anywhere on, in either direction."""
        actor = self._reader(request, kind, service, name)
        parameters = fields.of_query(request)
        query = params.item_query(kind, parameters.text, self._limits)
        asked = paging.asked(request, parameters, rows_max=self._limits.page_rows_max, codes=paging.SYNC)
        shown = links(request, actor)

        def read(tx: Tx) -> Response:
            page = pages.of_items(tx, actor, kind, name, query)
            records = [msgspec.Raw(bodies.item(item, kind, shown)) for item in page.items]
            # A token of an earlier page stands for the size of that one, too.
            of_size = replace(asked, size=page.size)
            return paging.token_page(of_size, "items", records, page.previous_token, page.next_token)

        return Read(read)

    def fetch(self, request: Request, kind: Kind, service: str, name: str, item_name: str) -> Answer:
        """One item by index or key."""
        actor = self._reader(request, kind, service, name)
        key = params.item_key(kind, item_name, self._limits)
        shown = links(request, actor)

        def query(tx: Tx) -> Response:
            item = items.fetch(tx, actor, kind, name, key)
            return bodies.with_etag(200, bodies.item(item, kind, shown), item.revision)

        return Read(query)

    def change(self, request: Request, kind: Kind, service: str, name: str, item_name: str) -> Answer:
        """Change an item that exists: its data, its time to live, or both."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        key = params.item_key(kind, item_name, self._limits)
        content, expected = given.data(form, kind, self._limits), given.if_match(request)
        ttl, collection_ttl = given.item_ttl(form, self._limits), given.collection_ttl(form, self._limits)
        self._rates.write(actor, kind, name, content)
        shown = links(request, actor)

        def rule(tx: Tx) -> Response:
            item = items.update(tx, actor, kind, name, key, data=content, ttl=ttl, if_match=expected)
            _set_collection_ttl(tx, actor, kind, name, collection_ttl)
            return bodies.with_etag(200, bodies.item(item, kind, shown), item.revision)

        return Write(rule, about=name)

    def remove(self, request: Request, kind: Kind, service: str, name: str, item_name: str) -> Answer:
        """Remove an item."""
        actor = self._scope.actor(request, service)
        key = params.item_key(kind, item_name, self._limits)
        expected = given.if_match(request)
        self._rates.write(actor, kind, name)

        def rule(tx: Tx) -> Response:
            items.remove(tx, actor, kind, name, key, if_match=expected)
            return Response(204)

        return Write(rule, about=name)

    def _reader(self, request: Request, kind: Kind, service: str, name: str) -> Actor:
        actor = self._scope.actor(request, service)
        self._rates.read(actor, kind, name)
        return actor


def _set_collection_ttl(tx: Tx, actor: Actor, kind: Kind, name: str, ttl: int | None) -> None:
    if ttl is not None:
        roots.set_ttl(tx, actor, kind, name, ttl)
