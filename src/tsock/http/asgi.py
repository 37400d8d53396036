"""The HTTP shell: an ASGI request becomes a `Request`, and its answer a response.

The same application serves the public port and the operator's socket file; which one a request came
through decides its door.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from tsock.api import problem
from tsock.api.request import Answer, Door, Read, Request, Response, Write
from tsock.api.router import Router
from tsock.errors import ApiError
from tsock.storage.store import Store, fetched, written
from tsock.telemetry.metrics import Metrics

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class HttpShell:
    """An ASGI application over the route table."""

    def __init__(
        self, router: Router, store: Store, metrics: Metrics, *, base_url: str, body_bytes_max: int
    ) -> None:
        self._router = router
        self._store = store
        self._metrics = metrics
        self._base_url = base_url
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the WebSocket of an unknown path; uvicorn answers 403
            await send({"type": "websocket.close", "code": 1000})
            return
        pattern = ""
        try:
            body = await self._body(receive)
            if body is None:
                return
            request = _request(scope, body)
            route, values = self._router.find(request)
            pattern = route.pattern
            response = await self._settle(route.handler(request, *values))
        except Exception as error:  # noqa: BLE001 - one request fails, never the server
            response = problem.response_to(error, self._base_url)
        self._metrics.request(pattern, response.status)
        await _respond(send, response, head=scope["method"] == "HEAD")

    async def _settle(self, answer: Answer) -> Response:
        if isinstance(answer, Read):
            return await fetched(self._store, answer.run)
        if isinstance(answer, Write):
            return await written(self._store, answer.rule)
        return answer

    async def _body(self, receive: Receive) -> bytes | None:
        """All of it; None when the client went away before, and half a request must not be carried out."""
        parts: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._body_bytes_max:
                raise ApiError(
                    413,
                    20413,
                    f"The request body must be at most {self._body_bytes_max} bytes (http_body_bytes_max)",
                )
            more = message.get("more_body", False)
        return b"".join(parts)


def _door(scope: Scope) -> Door:
    """A socket file has no port; everything that has one is the public port."""
    server = scope.get("server")
    return Door.OPERATOR if server is not None and server[1] is None else Door.HTTP


def _request(scope: Scope, body: bytes) -> Request:
    # The raw path keeps %2F apart from the slash that separates segments.
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    query: bytes = scope["query_string"]
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return Request(
        door=_door(scope),
        method="GET" if scope["method"] == "HEAD" else scope["method"],
        path=tuple(unquote(segment) for segment in path.strip("/").split("/")),
        params=dict(reversed(pairs)),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def _respond(send: Send, response: Response, *, head: bool) -> None:
    headers = [
        (b"content-type", response.content_type.encode()),
        (b"content-length", str(len(response.body)).encode()),
        *((name.encode(), value.encode()) for name, value in response.headers.items()),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else response.body})
