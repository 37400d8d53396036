"""One route table for every door: a tree of path segments per door.

Which door a route may be reached through is part of the route, so an Access Token never opens a REST route
and plain HTTP never reaches what only the SDKs use (`protocol/twilsock.md`, Requests).
"""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote

import msgspec

from tsock.api.request import Access, Answer, Door, Request
from tsock.errors import ApiError, invalid
from tsock.storage.texts import refuse_nul

_ADDRESS = "path and parameters"

RouteHandler = Callable[..., Answer]
"""Called with the request and one text per placeholder of the pattern, in order."""


class Route(msgspec.Struct, frozen=True):
    """One entry of the table: through which door, and for whom."""

    door: Door
    method: str
    pattern: str
    """A path such as `/v3/Documents/{document}`; of a REST route with the product in front, such as
    `/sync/v1/Services/{service}`."""
    handler: RouteHandler
    access: Access = Access.ANYBODY
    permission: str = ""
    """What a restricted key's policy must list for it, such as `/twilio/sync/documents/read`."""
    upload: str = ""
    """The setting that bounds a body which streams in, in bytes; empty for one that is read whole before the
    handler is called."""
    framing_bytes_max: int = 0
    """How much more such a body may have, around what that setting bounds."""
    cross_origin: bool = False
    """Whether a page of any site may ask this, and read the answer (CORS)."""


class _Node:
    __slots__ = ("any_segment", "routes", "segments")

    def __init__(self) -> None:
        self.segments: dict[str, _Node] = {}
        self.any_segment: _Node | None = None
        self.routes: dict[str, Route] = {}


class Router:
    """Finds the handler of a request."""

    def __init__(self) -> None:
        self._roots = {door: _Node() for door in Door}
        self._routes: list[Route] = []

    def add(self, routes: Iterable[Route]) -> None:
        """Add `routes` to the table.

        Raises:
            ValueError: two routes of one door share method and pattern.
        """
        for route in routes:
            node = self._roots[route.door]
            for segment in segments(route.pattern):
                if segment.startswith("{"):
                    node.any_segment = node.any_segment or _Node()
                    node = node.any_segment
                else:
                    node = node.segments.setdefault(segment, _Node())
            if route.method in node.routes:
                raise ValueError(f"two routes for {route.door} {route.method} {route.pattern}")
            node.routes[route.method] = route
            self._routes.append(route)

    def routes(self) -> list[Route]:
        """The whole table, in the order of its making."""
        return list(self._routes)

    def find(self, request: Request) -> tuple[Route, list[str]]:
        """The request's route, and the text that stands for each placeholder of its pattern.

        Raises:
            ApiError: 404/20404 for a path no route of this door has, 405/20004 for another method.
        """
        node, values = self._node(request)
        route = node.routes.get(request.method)
        if route is None:
            allowed = ", ".join(sorted(node.routes))
            raise ApiError(
                405,
                20004,
                f"Method not allowed: this path takes {allowed}, not {request.method[:16]}",
                {"allow": allowed},
            )
        return route, values

    def at(self, request: Request) -> Mapping[str, Route]:
        """The routes of the request's path, by method.

        Raises:
            ApiError: 404/20404 for a path no route of this door has.
        """
        return self._node(request)[0].routes

    def _node(self, request: Request) -> tuple[_Node, list[str]]:
        node = self._roots[request.door]
        values: list[str] = []
        for segment in request.path:
            known = node.segments.get(segment)
            if known is not None:
                node = known
            elif node.any_segment is not None:
                values.append(segment)
                node = node.any_segment
            else:
                raise _not_found(request)
        if not node.routes:
            raise _not_found(request)
        return node, values


def segments(path: str) -> tuple[str, ...]:
    """The segments of a percent-encoded path, each decoded once, so that `%2F` stays inside one.

    An empty one counts: `/Items/` names the item with the empty key, not all items.

    Raises:
        ApiError: 404/20404 for a path that does not start with a slash; 400/20422 for U+0000 in it, and see
            `decoded`.
    """
    if not path.startswith("/"):
        raise ApiError(404, 20404, f"The requested resource {path[:200]} was not found: a path starts with /")
    refuse_nul(path, _ADDRESS)
    found = path[1:].split("/")
    return tuple(map(decoded, found)) if "%" in path else tuple(found)


def decoded(text: str) -> str:
    """A percent-encoded segment or parameter, which must be UTF-8: two that differ must not become one.

    Raises:
        ApiError: 400/20422 for other bytes, and for U+0000.
    """
    try:
        found = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise invalid(f"expected {_ADDRESS} to be percent-encoded UTF-8") from None
    refuse_nul(found, _ADDRESS)
    return found


def _not_found(request: Request) -> ApiError:
    path = repr(f"/{'/'.join(request.path)}"[:200])[1:-1]  # control characters escaped
    return ApiError(404, 20404, f"The requested resource {path} was not found")
