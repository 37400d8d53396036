"""From what ASGI tells of a request to a `Request`."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from tsock.accounts.principal import Principal
from tsock.api.addressing import address
from tsock.api.request import Door, Request
from tsock.api.rest.fields import check_percents, pairs
from tsock.api.router import segments
from tsock.debugger.incident import Rejection
from tsock.errors import ApiError, invalid
from tsock.http.proxies import forwarded_for
from tsock.http.reach import Reach
from tsock.http.upgrades import WrongUpgrade, check_upgrade

Scope = MutableMapping[str, Any]


class Reader:
    """Reads the heads of requests."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def read(self, scope: Scope) -> Request:
        """The request, without its body.

        Raises:
            ApiError: 404/20404, the path begins with no slash or its product cannot be told; 400/20422, path,
                query or host is malformed; 403/20403, see `Reach.of`; `WrongUpgrade`.
        """
        headers = _headers(scope["headers"])
        door = door_of(scope)
        raw_path = path_of(scope)
        check_percents(raw_path, "path")
        path = segments(raw_path)
        query = tuple(pairs(scope["query_string"].decode("latin-1"), "query"))
        peer, client_address = self._addresses(scope)
        base = reached = self._reach.base_url
        if door is Door.HTTP:
            reached = self._reach.of(headers, peer, client_address, scope["scheme"])
            check_upgrade(path, headers.get("upgrade", ""), reached, client_address)
            addressed = address(path, reached)
            path, base = addressed.path, addressed.base
        return Request(
            door=door,
            method="GET" if scope["method"] == "HEAD" else scope["method"],
            path=path,
            params=dict(reversed(query)),
            headers=headers,
            body=b"",
            query=query,
            address=client_address,
            origin=reached,
            base=base,
        )

    def head(self, scope: Scope) -> Request:
        """What tells who asks, of a request that cannot be read; of a header given twice neither."""
        headers: dict[str, str] = {}
        twice: set[str] = set()
        for name, value in scope["headers"]:
            field = name.decode("latin-1")
            twice |= {field} & headers.keys()
            headers[field] = value.decode("latin-1")
        return Request(
            door=door_of(scope),
            method=scope["method"],
            path=(),
            params={},
            headers={name: value for name, value in headers.items() if name not in twice},
            body=b"",
            address=self._addresses(scope)[1],
        )

    def _addresses(self, scope: Scope) -> tuple[str, str]:
        """That at the other end of the socket, and the client's own."""
        client = scope.get("client")
        peer = client[0] if client else ""
        return peer, self._reach.proxies.client(peer, forwarded_for(scope["headers"]))


def rejection(
    scope: Scope, request: Request | None, principal: Principal | None, error: ApiError, sid: str
) -> Rejection:
    """What the debugger is told of a request that was answered with an error, which may not even be one."""
    query = scope["query_string"].decode("latin-1")
    target = f"{path_of(scope)}?{query}" if query else path_of(scope)
    caller = request and request.caller
    return Rejection(
        error=error,
        account_sid=principal.account.sid if principal else caller and caller.account_sid,
        identity=caller.identity if caller else "",
        request_sid=sid,
        method=scope["method"],
        url=f"{request.origin}{target}" if request else target,
        headers=request.headers if request else {},
        body=request.body if request else b"",
        is_lasting=isinstance(error, WrongUpgrade),
    )


def door_of(scope: Scope) -> Door:
    """A socket file has no port; everything that has one is the public port."""
    server = scope.get("server")
    return Door.OPERATOR if server is not None and server[1] is None else Door.HTTP


def path_of(scope: Scope) -> str:
    """The path as it was sent, percent-encoded."""
    # The raw path keeps %2F apart from the slash that separates segments.
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")


def _headers(pairs: list[tuple[bytes, bytes]]) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for name, value in pairs:
        field = name.decode("latin-1")
        if field in headers and field in ("host", "origin", "authorization", "content-type", "if-match"):
            raise invalid(f"the header {field} was given more than once")
        headers[field] = value.decode("latin-1")
    return headers
