"""The HTTP shell: an ASGI request becomes a `Request`, and its answer a response.

The same application serves the public port and the operator's socket file; which one a request came
through decides its door.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from msgspec.structs import replace

from tsock.accounts.principal import Principal
from tsock.api import problem
from tsock.api.addressing import PRODUCTS
from tsock.api.cross_site import refuse_cross_site
from tsock.api.gatekeeper import Gatekeeper
from tsock.api.request import Access, Answer, Door, Read, Request, Response, Write
from tsock.api.router import Route, Router
from tsock.debugger.incident import Rejection
from tsock.errors import ApiError, public
from tsock.http.proxies import Proxies
from tsock.http.reading import Reader, Scope, door_of, rejection
from tsock.ids import Ids
from tsock.settings import Settings
from tsock.site.html import problem_page, wants_page
from tsock.storage.store import Store, fetched, written
from tsock.telemetry.metrics import Metrics

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


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
        base_url: str,
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
            base_url: where this server is reached, for what cannot tell it from the request.
            reject: hears of every request on the public port that is answered with an error.
        """
        self._router = router
        self._store = store
        self._gatekeeper = gatekeeper
        self._metrics = metrics
        self._ids = ids
        self._settings = settings
        self._base_url = base_url
        self._reject = reject
        self._reader = Reader(Proxies(settings.trusted_proxies), base_url)
        self._in_flight: Counter[str] = Counter()
        """Requests under way, by account."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the WebSocket of an unknown path; uvicorn answers 403
            await send({"type": "websocket.close", "code": 1000})
            return
        door = door_of(scope)
        sid = self._ids.sid("RQ") if door is Door.HTTP else ""
        pattern = ""
        request = principal = None
        try:
            request = self._reader.read(scope)
            if request.method == "OPTIONS":
                response = Response(204, headers={"allow": ", ".join(self._router.methods(request))})
            else:
                route, values = self._router.find(request)
                pattern = route.pattern
                refuse_cross_site(request, route, self._base_url)
                principal = self._gatekeeper.asker(request, route)
                if principal is not None:
                    self._gatekeeper.permit(principal, route)
                with self._counted(principal):
                    # Only now: a body is held in memory for nobody who may not send it.
                    body = await self._body(request, route, receive)
                    if body is None:
                        return
                    request = replace(request, principal=principal, body=body)
                    response = await self._settle(route.handler(request, *values))
        except Exception as error:  # noqa: BLE001 - one request fails, never the server
            show = problem.as_json
            if request is not None and _is_for_people(request):
                show = partial(problem_page, request)
            response = problem.response_to(error, self._pages(request), show)
            if door is Door.HTTP:
                principal = principal or self._gatekeeper.known(request)
                self._reject(rejection(scope, request, principal, public(error), sid))
            # It leads to the frames it came through, and they to it: nothing waits for the collector.
            error.__traceback__ = None
        self._metrics.request(pattern, response.status)
        if door is Door.HTTP:
            response = replace(response, headers={**response.headers, "twilio-request-id": sid})
        await _respond(send, response, head=scope["method"] == "HEAD")

    async def _settle(self, answer: Answer) -> Response:
        if isinstance(answer, Read):
            return await fetched(self._store, answer.run)
        if isinstance(answer, Write):
            return await written(self._store, answer.rule)
        return answer

    @contextmanager
    def _counted(self, principal: Principal | None) -> Generator[None]:
        """Hold a request's place among those of its account."""
        if principal is None:
            yield
            return
        sid, highest = principal.account.sid, self._settings.rest_requests_in_flight_max
        if self._in_flight[sid] >= highest:
            raise ApiError(
                429,
                20429,
                f"Too Many Requests: {highest} of this account are under way (rest_requests_in_flight_max)",
                {"twilio-concurrent-requests": str(self._in_flight[sid])},
            )
        self._in_flight[sid] += 1
        try:
            yield
        finally:
            self._in_flight[sid] -= 1
            if not self._in_flight[sid]:
                del self._in_flight[sid]

    def _pages(self, request: Request | None) -> str:
        """Where the caller finds our pages about errors."""
        if self._settings.public_url or request is None:
            return self._base_url
        return request.origin

    async def _body(self, request: Request, route: Route, receive: Receive) -> bytes | None:
        """All of it; None when the client went away before, and half a request must not be carried out.

        That of a GET means nothing and is not read.
        """
        if request.method == "GET":
            return b""
        name, bytes_max = self._body_limit(route)
        if _declared_bytes(request) > bytes_max:
            raise _too_large(name, bytes_max)
        parts: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > bytes_max:
                raise _too_large(name, bytes_max)
            more = message.get("more_body", False)
        return b"".join(parts)

    def _body_limit(self, route: Route) -> tuple[str, int]:
        """The setting that bounds the body of a request, and its value in bytes."""
        if route.access is Access.ANYBODY and route.door is Door.HTTP:
            return "http_anonymous_body_bytes_max", self._settings.http_anonymous_body_bytes_max
        return "http_body_bytes_max", self._settings.http_body_bytes_max


def _is_for_people(request: Request) -> bool:
    """Whether an error is to be a page; that of a REST request is always JSON (`rest.md` 1.8)."""
    return wants_page(request) and request.path[0] not in PRODUCTS


def _declared_bytes(request: Request) -> int:
    """The size of the body by the head; 0 where it does not tell."""
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else 0


def _too_large(name: str, bytes_max: int) -> ApiError:
    return ApiError(413, 20413, f"The request body must be at most {bytes_max} bytes ({name})")


async def _respond(send: Send, response: Response, *, head: bool) -> None:
    headers = [
        (b"content-length", str(len(response.body)).encode()),
        *((name.encode(), value.encode()) for name, value in response.headers.items()),
    ]
    if response.status == 204:
        headers = headers[1:]
    else:
        headers.append((b"content-type", response.content_type.encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else response.body})
