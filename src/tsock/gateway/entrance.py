"""Where every TCP connection enters: one port for WebSockets and for HTTP.

uvicorn makes one `Entrance` per connection. It reads the request head; an upgrade to `…/v3/wsconnect`
becomes a `WebSocket`, all else goes, transport, bytes and running time-out, to an `HttpConnection`. So no
WebSocket pays for HTTP parsing or ASGI.
"""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from msgspec import Struct
from uvicorn.config import Config
from uvicorn.server import ServerState

from tsock.api.known_hosts import KnownHosts
from tsock.debugger.incident import Rejection
from tsock.errors import ApiError
from tsock.gateway.websocket import Outgoing, WebSocket
from tsock.http.connection import HEAD_BYTES_MAX, HttpConnection, Shared, begins_check_up, refusal, whole
from tsock.http.places import Places, http_places
from tsock.http.proxies import Proxies, forwarded_for
from tsock.http.reach import READ, Reach
from tsock.settings import Settings
from tsock.wire.handshake import HEAD_END, BadHandshake, Handshake, asks_for_websocket, read

_is_upgrade_path = re.compile(rb"GET [^ ?\n]*/v3/wsconnect/?(?:[ ?]|\r*\n)").match

MakeHttp = Callable[[asyncio.TimerHandle], asyncio.Protocol]
"""Takes the timer that aborts the connection unless its first head is completed, and is to cancel it."""
OpenSession = Callable[[WebSocket, str, str, Callable[[], None]], None]
"""Takes a WebSocket whose handshake is done, the address of its client, scheme, host and port by which that
reached the server, and what to call once it is let in or gone, whichever comes first: from then on it is not
counted here."""


class EntrancePlaces(Struct, frozen=True):
    """Those of connections that are not let in yet."""

    unadmitted: Places
    latecomers: Places
    """For those that find all of these taken; each new one ends the oldest."""


class Entrance(asyncio.Protocol):
    """Reads one request head, then steps aside.

    It counts the connection, from the accepted socket until it is a plain HTTP one, or a WebSocket let in.
    Until its head is whole it makes room for others; where there is no place, it is heard out whether it has
    come for the server's health.
    """

    __slots__ = (
        "_address",
        "_full",
        "_head",
        "_http",
        "_latecomers",
        "_open",
        "_outgoing",
        "_peer",
        "_places",
        "_reach",
        "_reject",
        "_timeout",
        "_transport",
        "_unadmitted",
    )

    def __init__(
        self,
        http: MakeHttp,
        outgoing: Outgoing,
        open_session: OpenSession,
        handshake_timeout_s: float,
        loop: asyncio.AbstractEventLoop,
        *,
        places: EntrancePlaces,
        reach: Reach,
        reject: Callable[[Rejection], None],
    ) -> None:
        """Take over a connection that is accepted.

        Args:
            http: makes what takes over plain HTTP.
            outgoing: of WebSockets.
            open_session: takes a WebSocket.
            handshake_timeout_s: how long the head may take.
            loop: the event loop.
            places: where it takes one.
            reach: tells how the client reached this server.
            reject: hears of WebSockets that a page or a name may not have.
        """
        self._reach = reach
        self._reject = reject
        self._unadmitted = self._places = places.unadmitted
        self._latecomers = places.latecomers
        self._full = ""
        """Why there was no place."""
        self._peer = ""
        """Address at the other end of the socket."""
        self._address: str | None = None
        """Under which it is counted; empty for one of a proxy, whose client the head will name."""
        self._http = http
        self._outgoing = outgoing
        self._open = open_session
        self._head = b""
        self._timeout = loop.call_later(handshake_timeout_s, self._give_up)
        self._transport = cast(asyncio.Transport, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if peer:  # the operator's socket file has none
            self._peer = peer[0]
            address = self._unadmitted.address(self._peer)
            self._full = self._unadmitted.enter(address)
            if self._full:
                self._places, address = self._latecomers, ""
                self._places.enter(address)
            self._address = address
            self._places.rest(self, address)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timeout.cancel()
        self._leave()

    def make_room(self) -> None:
        self._leave()
        self._transport.close()

    def _name_client(self, forwarded: str) -> bool:
        """Count it for the client that its head names; whether there was a place."""
        self._leave()
        address = self._unadmitted.address(self._peer, forwarded)
        full = self._unadmitted.enter(address)
        if full:
            self._refuse_place(full)
            return False
        self._address = address
        return True

    def _leave(self) -> None:
        if self._address is not None:
            self._places.rise(self)
            self._places.leave(self._address)
            self._address = None

    def data_received(self, data: bytes) -> None:
        if self._full:
            if begins_check_up(data):
                self._to_http(data)
            else:
                self._refuse_place(self._full)
            return
        head = self._head = self._head + data if self._head else data
        end = head.find(HEAD_END)
        if not _may_be_upgrade(head):
            self._to_http(head)
        elif (len(head) if end < 0 else end + 4) > HEAD_BYTES_MAX:
            self._refuse("431 Request Header Fields Too Large", f"a head of at most {HEAD_BYTES_MAX} bytes")
        elif _has_bare_line_feed(head, len(head) if end < 0 else end):  # its end may never come
            self._refuse("400 Bad Request", "lines that end in CR LF")
        elif end >= 0:
            self._upgrade(head, end)

    def _upgrade(self, head: bytes, end: int) -> None:
        asked = head[:end]
        if not asks_for_websocket(asked):
            self._to_http(head)
            return
        try:
            handshake = read(asked)
            forwarded = forwarded_for(handshake.fields)
            client = self._unadmitted.client(self._peer, forwarded)
            reached = self._reached(handshake, client)
        except BadHandshake as bad:
            self._refuse(bad.status, bad.expected, bad.header)
        except ApiError as error:
            if error.status == 403:
                path = head.split(b" ", 2)[1].partition(b"?")[0].decode()
                self._reject(Rejection(error=error, account_sid=None, method="GET", url=path))
                self._end(refusal("403 Forbidden", error, self._reach.base_url))
            else:
                self._refuse("400 Bad Request", "a Host that is a name or address, and a port")
        else:
            if self._address != "" or self._name_client(forwarded):
                self._to_websocket(handshake.accept, client, reached, head[end + 4 :])

    def _reached(self, handshake: Handshake, client: str) -> str:
        """Scheme, host and port by which the client reaches the server."""
        headers = {READ[name]: value.decode("latin-1") for name, value in handshake.fields if name in READ}
        return self._reach.of(headers, self._peer, client, "http")

    def _to_websocket(self, accept: bytes, client: str, reached: str, rest: bytes) -> None:
        self._timeout.cancel()
        transport = self._transport
        socket = WebSocket(transport, self._outgoing)
        socket.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        transport.set_protocol(socket)
        self._unadmitted.rise(self)
        admitted = _nothing if self._address is None else partial(self._unadmitted.leave, self._address)
        self._open(socket, client, reached, admitted)
        if rest:
            socket.data_received(rest)

    def _to_http(self, head: bytes) -> None:
        self._leave()
        http = self._http(self._timeout)
        self._transport.set_protocol(http)
        http.connection_made(self._transport)
        http.data_received(head)

    def _refuse(self, status: str, expected: str, header: bytes = b"") -> None:
        text = f"This is a WebSocket endpoint; it expects {expected}.\n"
        self._end(whole(status, text.encode(), "text/plain", header))

    def _refuse_place(self, full: str) -> None:
        self._end(refusal("503 Service Unavailable", ApiError(503, 20503, full), self._reach.base_url))

    def _end(self, response: bytes) -> None:
        self._timeout.cancel()
        self._transport.write(response)
        self._transport.close()

    def _give_up(self) -> None:
        """The head did not arrive in time (`handshake_timeout_s`)."""
        self._transport.abort()


def _nothing() -> None:
    """A connection that is not counted was let in."""


def entrance_class(
    outgoing: Outgoing,
    open_session: OpenSession,
    settings: Settings,
    base_url: str,
    reject: Callable[[Rejection], None],
    known_hosts: KnownHosts | None = None,
) -> Any:
    """What `uvicorn.Config(http=…)` takes: makes an `Entrance` with an `HttpConnection` behind it.

    Args:
        outgoing: of WebSockets.
        open_session: takes a WebSocket.
        settings: the limits.
        base_url: where our pages are.
        reject: hears of what is no HTTP, and of WebSockets that a page or a name may not have.
        known_hosts: the names that the server answers to; None for any.
    """
    proxies = Proxies(settings.trusted_proxies)
    reach = Reach(proxies, base_url, known_hosts)
    places = EntrancePlaces(
        unadmitted=Places(
            proxies,
            "connections that are not let in yet",
            "unadmitted",
            settings.unadmitted_max,
            settings.unadmitted_per_address_max,
        ),
        latecomers=Places(proxies, "latecomers", "health_connections", settings.health_connections_max, 0),
    )
    shared = Shared(settings, base_url, http_places(proxies, settings), reject)

    def make(
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> Entrance:
        loop = _loop or asyncio.get_running_loop()

        def http(head_timeout: asyncio.TimerHandle) -> asyncio.Protocol:
            return HttpConnection(
                config,
                server_state,
                app_state,
                loop,
                shared=shared,
                head_timeout=head_timeout,
            )

        return Entrance(
            http,
            outgoing,
            open_session,
            settings.handshake_timeout_s,
            loop,
            places=places,
            reach=reach,
            reject=reject,
        )

    return make


def _may_be_upgrade(head: bytes) -> bool:
    """Whether the request line, as far as it has come, may ask for a path that ends in `/v3/wsconnect`."""
    if not head.startswith(b"GET "[: len(head)]):
        return False
    if b"\n" not in head:
        return len(head) < 2048
    return _is_upgrade_path(head) is not None


def _has_bare_line_feed(head: bytes, stop: int) -> bool:
    """Whether a line in front of `stop` ends in LF alone."""
    return head.count(b"\n", 0, stop) != head.count(b"\r\n", 0, stop)
