"""The HTTP shell: an ASGI request becomes a `Request`, and its answer a response.

The same application serves the public port and the operator's socket file; which one a request came
through decides its door.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import aclosing, nullcontext
from functools import partial
from typing import Any, TypeVar

from msgspec.structs import replace

from tsock.api import problem
from tsock.api.addressing import PRODUCTS
from tsock.api.cross_site import refuse_cross_site
from tsock.api.gatekeeper import Gatekeeper
from tsock.api.request import (
    Access,
    Answer,
    Ask,
    ClientGone,
    Door,
    Read,
    Request,
    Response,
    Streamed,
    Write,
    plain,
)
from tsock.api.rest.lost_parts import refuse_empty, telling_path
from tsock.api.router import Route, Router, segments
from tsock.debugger.incident import Rejection
from tsock.errors import ApiError, public
from tsock.http.body import AsgiReceive, Body
from tsock.http.reach import Reach
from tsock.http.reading import Reader, Scope, door_of, path_of, rejection
from tsock.http.upgrades import WrongUpgrade, as_line
from tsock.ids import Ids
from tsock.in_flight import InFlight
from tsock.rates import divided
from tsock.settings import Settings
from tsock.site.html import problem_page, wants_page
from tsock.storage.store import Store, fetched, written, written_aside
from tsock.telemetry.metrics import Metrics

CROSS_ORIGIN = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "Accept-Ranges, Content-Disposition, Content-Range, ETag",
}
"""What lets the page of another site read an answer; a browser sends no credentials of its own for it."""

_PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
"""Unless a handler says otherwise: secrets and what belongs to an account are kept by nobody on the way."""

_BODILESS = (204, 304)

_UNKNOWN = (401, 403, 404)
"""How a request is refused whose account, key or service is not known, or was another way before."""

_LOSING = PRODUCTS | {""}
"""What the paths begin with that libraries build, and lose parts of."""

T = TypeVar("T")

AsgiSend = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class HttpShell:
    """An ASGI application over the route table."""

    def __init__(
        self,
        router: Router,
        store: Store,
        gatekeeper: Gatekeeper,
        metrics: Metrics,
        ids: Ids,
        *,
        settings: Settings,
        reach: Reach,
        reject: Callable[[Rejection], None],
    ) -> None:
        """Take the parts.

        Args:
            router: the route table.
            store: what answers read and write.
            gatekeeper: checks credentials.
            metrics: counts requests.
            ids: name requests.
            settings: the limits.
            reach: tells how requests reached this server.
            reject: hears of every request on the public port that is answered with an error.
        """
        self._router = router
        self._store = store
        self._gatekeeper = gatekeeper
        self._metrics = metrics
        self._ids = ids
        self._settings = settings
        self._base_url = reach.base_url
        self._reject = reject
        self._knows_hosts = reach.has_known_hosts
        self._reader = Reader(reach)
        self._in_flight = InFlight(
            settings.rest_requests_in_flight_max, self._too_many, lambda: metrics.nodes
        )
        """Requests by account."""

    async def __call__(self, scope: Scope, receive: AsgiReceive, send: AsgiSend) -> None:
        if scope["type"] != "http":  # the WebSocket of an unknown path; uvicorn answers 403
            await send({"type": "websocket.close", "code": 1000})
            return
        door = door_of(scope)
        sid = self._ids.sid("RQ") if door is Door.HTTP else ""
        pattern = ""
        request = route = principal = None
        try:
            request = self._reader.read(scope)
            if request.method == "OPTIONS":
                response = _options(self._router.at(request), self._to_pages(request))
            else:
                route, values = self._router.find(request)
                pattern = route.pattern
                refuse_cross_site(request, route, self._base_url)
                request = await self._by_the_newest(partial(self._admitted, request, route, scope))
                principal = request.principal
                with nullcontext() if principal is None else self._in_flight.one(principal.account.sid):
                    # Only now: a body is held in memory for nobody who may not send it.
                    if route.upload:
                        async with aclosing(self._body(request, route, receive).pieces()) as upload:
                            asked = replace(request, upload=upload)
                            found = await self._by_the_newest(partial(route.handler, asked, *values))
                            response = await self._settle(found)
                    else:
                        # That of a GET means nothing and is not read.
                        has_body = request.method != "GET"
                        body = await self._body(request, route, receive).whole() if has_body else b""
                        request = replace(request, body=body)
                        found = await self._by_the_newest(partial(route.handler, request, *values))
                        response = await self._settle(found)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - one request fails, never the server
            if request is not None and len(request.path) > 1 and request.path[0] in _LOSING:
                places = segments(pattern) if pattern else ()
                error = telling_path(error, path_of(scope), request.path, places)
            response = problem.response_to(error, self._pages(request), _manner(error, request))
            if door is Door.HTTP:
                principal = principal or self._gatekeeper.known(request or self._reader.head(scope))
                self._reject(rejection(scope, request, principal, public(error), sid))
            # It leads to the frames it came through, and they to it: nothing waits for the collector.
            error.__traceback__ = None
        if request is not None and route is not None and route.cross_origin:
            response = replace(response, headers={**response.headers, **self._to_pages(request)})
        self._metrics.request(pattern, response.status)
        if door is Door.HTTP:
            told = {"twilio-request-id": sid}
            response = replace(response, headers={**_PRIVATE, **response.headers, **told})
        await _respond(receive, send, response, head=scope["method"] == "HEAD")

    async def _by_the_newest(self, do: Callable[[], T]) -> T:
        """Do it; what is refused is tried again if another node has just made or changed what it is about."""
        known = self._gatekeeper.changes
        try:
            return do()
        except ApiError as error:
            if error.status not in _UNKNOWN:
                raise
            await self._gatekeeper.look()
            if self._gatekeeper.changes == known:
                raise
        return do()

    def _admitted(self, request: Request, route: Route, scope: Scope) -> Request:
        """The request with who asks, where the route is not for anybody.

        Refuses what is not for whoever asks, and a REST path that lost a part.
        """
        caller = self._gatekeeper.caller(request, route)
        principal = self._gatekeeper.asker(request, route) if caller is None else None
        if principal is not None:
            self._gatekeeper.permit(principal, route)
        if request.door is Door.HTTP and "" in request.path and request.path[0] in PRODUCTS:
            refuse_empty(path_of(scope), request.path, segments(route.pattern))
        return replace(request, caller=caller, principal=principal)

    def _too_many(self) -> ApiError:
        nodes = self._metrics.nodes
        most = -(-self._settings.rest_requests_in_flight_max // nodes)
        return ApiError(
            429,
            20429,
            f"Too Many Requests: {most} of this account are under way (rest_requests_in_flight_max"
            f"{divided(nodes)})",
            {"twilio-concurrent-requests": str(most)},
        )

    async def _settle(self, answer: Answer) -> Response | Streamed:
        response = await self._answered(answer)
        if isinstance(response, Streamed):
            return replace(response, first=await anext(response.chunks, b""))
        return response

    async def _answered(self, answer: Answer) -> Response | Streamed:
        if isinstance(answer, Ask):
            answer = await plain(answer)
        if isinstance(answer, Read):
            found = await fetched(self._store, answer.query)
            return found if answer.reply is None else answer.reply(found)
        if isinstance(answer, Write) and answer.aside:
            return await written_aside(self._store, answer.rule)
        if isinstance(answer, Write):
            return await written(self._store, answer.rule, about=answer.about)
        return answer

    def _to_pages(self, request: Request) -> Mapping[str, str]:
        """What lets pages read the answer: of any site, or where hosts are known of the one that asks."""
        if not self._knows_hosts:
            return CROSS_ORIGIN
        asking = request.headers.get("origin")
        if asking is None:
            return {"vary": "Origin"}
        return {**CROSS_ORIGIN, "access-control-allow-origin": asking, "vary": "Origin"}

    def _pages(self, request: Request | None) -> str:
        """Where the caller finds our pages about errors."""
        if self._settings.public_url or request is None:
            return self._base_url
        return request.origin

    def _body(self, request: Request, route: Route, receive: AsgiReceive) -> Body:
        """What follows the head, bounded by what the route is for."""
        settings = self._settings
        if route.upload:
            bytes_max = getattr(settings, route.upload) + route.framing_bytes_max
            return Body(request, receive, route.upload, bytes_max)
        if route.access is Access.ANYBODY and route.door is Door.HTTP:
            bytes_max = settings.http_anonymous_body_bytes_max
            return Body(request, receive, "http_anonymous_body_bytes_max", bytes_max)
        return Body(request, receive, "http_body_bytes_max", settings.http_body_bytes_max)


def _manner(error: Exception, request: Request | None) -> problem.Show:
    """How an error is told: a line to a handshake, a page to people, but in JSON whatever REST was asked."""
    if isinstance(error, WrongUpgrade):
        return as_line
    if request is not None and wants_page(request) and request.path[0] not in PRODUCTS:
        return partial(problem_page, request)
    return problem.as_json


def _options(routes: Mapping[str, Route], to_pages: Mapping[str, str]) -> Response:
    """Which methods a path takes; to a browser also what pages of other sites may ask of it."""
    headers = {"allow": ", ".join(sorted(routes))}
    open_to_pages = sorted(method for method, route in routes.items() if route.cross_origin)
    if open_to_pages:
        methods = ", ".join((*open_to_pages, "OPTIONS"))
        headers |= {
            **to_pages,
            "access-control-allow-methods": methods,
            "access-control-allow-headers": "X-Twilio-Token, Content-Type, Range",
            "access-control-max-age": "600",
        }
    return Response(204, headers=headers)


async def _respond(
    receive: AsgiReceive, send: AsgiSend, response: Response | Streamed, *, head: bool
) -> None:
    size = len(response.body) if isinstance(response, Response) else response.size
    headers = [(name.encode(), value.encode()) for name, value in response.headers.items()]
    if response.status not in _BODILESS:
        headers.append((b"content-type", response.content_type.encode()))
        if size is not None:
            headers.append((b"content-length", b"%d" % size))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if isinstance(response, Response):
        await send({"type": "http.response.body", "body": b"" if head else response.body})
        return
    async with aclosing(response.chunks):
        if not head:
            await _stream(receive, send, response)
    await send({"type": "http.response.body"})


async def _stream(receive: AsgiReceive, send: AsgiSend, response: Streamed) -> None:
    """Send each piece once the one before is taken, for as long as the client is there."""
    gone = asyncio.create_task(_gone(receive))
    try:
        chunk: bytes | None = response.first
        while chunk is not None:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            if gone.done():
                return
            chunk = await anext(response.chunks, None)
    finally:
        gone.cancel()


async def _gone(receive: AsgiReceive) -> None:
    """Wait until the client has gone; `send` does not tell."""
    while (await receive())["type"] != "http.disconnect":
        pass
