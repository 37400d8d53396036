"""Requests over the socket: a `message` becomes a `Request`, its answer a reply with the same id.

The requests of one connection start in the order in which they arrived, and nothing is awaited between
reading a write and handing it to the store, so its writes commit in that order; but for what has to ask
outside first (`Ask`). Replies may overtake each other.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol

from tsock.api import problem
from tsock.api.live import LiveSession
from tsock.api.request import Answer, Ask, Door, Plain, Read, Request, Response, Write
from tsock.api.router import Router, decoded, segments
from tsock.debugger.incident import Rejection
from tsock.errors import ApiError, invalid, public
from tsock.gateway.context import Context
from tsock.rates import Rate, divided
from tsock.storage.store import Fetched, Seen, Store
from tsock.wire import packets
from tsock.wire.headers import Message, Values

NOTHING: Seen = MappingProxyType({})


class Telling(Protocol):
    """Who knows which events a connection was sent: the hub."""

    def is_telling(self, subscriber: "Requester", sids: Iterable[str], /) -> bool:
        """Whether events of any of these objects may still be on their way to a connection."""
        ...

    def owes(self, subscriber: "Requester", seen: Seen, /) -> bool:
        """Whether a reply would show a connection changes whose events it has not been sent."""
        ...

    def settle(self, subscriber: "Requester", seen: Seen, go_on: Callable[[], None], /) -> None:
        """Send what is owed, then call `go_on`; also where it cannot be had."""
        ...


class Reply(Protocol):
    """Answers one request."""

    def __call__(
        self,
        response: Response | None,
        error: Exception | None,
        seen: Seen = NOTHING,
        shown: Iterable[str] = (),
        /,
    ) -> None:
        """Send the response, or one that tells of the error.

        It goes when the events of what was `seen` were sent, and behind the client's work on those of the
        objects `shown`.
        """
        ...


_METHODS = ("DELETE", "GET", "POST", "PUT")
_WEIGHING_BYTES = 4096
"""A request with so much to be stored counts as one more of those in flight."""


class Requester(LiveSession, Protocol):
    """A connection that asks."""

    in_flight: int
    """The weight of its requests that wait for their reply."""

    reached: str
    """Scheme, host and port by which it reached this server."""

    def asked(self, weight: int) -> None:
        """A request has begun; beyond `requests_in_flight_max`, further ones wait unread."""
        ...

    def answered(self, weight: int) -> None:
        """A request has its reply."""
        ...

    def wait(self) -> None:
        """Nothing more is to be begun before something has been answered."""
        ...

    def reply(self, packet: bytes) -> None:
        """Send one packet."""
        ...

    def reply_behind_events(self, packet: bytes) -> None:
        """Send one packet when the client has worked through the events that were sent before."""
        ...


class Tunnel:
    """Routes what arrives in `message` packets; every failure is an `http_status`."""

    def __init__(
        self, router: Router, store: Store, context: Context, base_url: str, telling: Telling
    ) -> None:
        settings, clock = context.settings, context.clock
        self._router = router
        self._store = store
        self._settings = settings
        self._metrics = context.metrics
        self._debugger = context.debugger
        self._base_url = base_url
        self._telling = telling
        per_s = settings.requests_per_connection_per_s
        burst = per_s * settings.requests_per_connection_burst_s
        self._connection_rate = Rate(per_s, burst, clock.monotonic_s)
        per_s = settings.requests_per_account_per_s
        self._account_rate = Rate(per_s, per_s, clock.monotonic_s)
        self._asking: set[asyncio.Task[None]] = set()
        """What the loop alone would forget."""

    def request(self, session: Requester, message: Message, payload: bytes) -> None:
        """Carry out one request and reply to it, now or once the store has done its part."""
        weight = 1 + len(payload) // _WEIGHING_BYTES
        session.asked(weight)
        packet_id = message.id
        pattern = ""

        def send(response: Response | None, error: Exception | None, shown: Iterable[str]) -> None:
            session.answered(weight)
            if response is None:
                assert error is not None
                response = problem.response_to(error, self._base_url)
                self._tell(session, message, error)
            self._metrics.request(pattern, response.status)
            packet = packets.reply(
                packet_id, response.status, response.body, response.content_type, response.headers
            )
            if shown and self._telling.is_telling(session, shown):
                session.reply_behind_events(packet)
            else:
                session.reply(packet)

        # It must not name itself: only the collector of cycles would free it.
        def reply(
            response: Response | None,
            error: Exception | None,
            seen: Seen = NOTHING,
            shown: Iterable[str] = (),
            /,
        ) -> None:
            if seen and self._telling.owes(session, seen):
                self._telling.settle(session, seen, partial(send, response, error, shown))
            else:
                send(response, error, shown)

        try:
            request = self._read(session, message, payload)
            route, values = self._router.find(request)
            pattern = route.pattern
            answer = route.handler(request, *values)
            if isinstance(answer, Ask):
                self._ask(session, answer, weight, reply)
            else:
                self._carry_out(session, answer, reply)
        except Exception as error:  # noqa: BLE001 - one request fails, never its connection
            reply(None, error)

    def _carry_out(self, session: Requester, answer: Plain, reply: Reply) -> None:
        if isinstance(answer, Write):
            self._store.write(answer.rule, reply, lane=session.number, about=answer.about)
        elif isinstance(answer, Read):
            waiting = session.in_flight
            self._store.read(answer.query, _replying(answer, reply), lane=session.number)
            if session.in_flight == waiting and not self._store.spreads_queries:
                session.wait()  # a commit is under way, behind which all reads run at once
        else:
            assert isinstance(answer, Response), "what streams goes over HTTP only"
            reply(answer, None)

    def _ask(self, session: Requester, asks: Ask[Any], weight: int, reply: Reply) -> None:
        """Ask outside first; what that leads to is carried out then, behind what came meanwhile."""

        async def ask() -> None:
            answer: Answer = asks
            try:
                while isinstance(answer, Ask):
                    answer = answer.then(await _asked(session, answer, weight))
                self._carry_out(session, answer, reply)
            except Exception as error:  # noqa: BLE001 - one request fails, never its connection
                reply(None, error)

        task = asyncio.create_task(ask())
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    def forget(self, session: Requester) -> None:
        """Drop what was counted for a connection that is gone."""
        self._connection_rate.forget(session.number)

    def _tell(self, session: Requester, message: Message, error: Exception) -> None:
        """Have the debugger take note of a request that is answered with an error."""
        caller, asked = session.caller, message.http_request
        self._debugger.request_rejected(
            Rejection(
                error=public(error),
                account_sid=caller and caller.account_sid,
                identity=caller.identity if caller else "",
                method=asked.method if asked else "",
                url=asked.path if asked else "",
                parameters=[(name, _first(value)) for name, value in asked.params.items()] if asked else (),
            )
        )

    def _read(self, session: Requester, message: Message, payload: bytes) -> Request:
        caller = session.caller
        assert caller is not None  # the connection lets no message through before a token was accepted
        self._admit(session, caller.account_sid)
        asked = message.http_request
        if asked is None:
            raise invalid("expected http_request with host, path and method")
        if asked.method not in _METHODS:
            raise ApiError(405, 20004, f"Method not allowed: expected one of {', '.join(_METHODS)}")
        size_max = self._settings.request_body_bytes_max
        if len(payload) > size_max:
            raise ApiError(
                413, 20413, f"Request body too large: {len(payload)} bytes, at most {size_max} allowed"
            )
        if message.active_grant not in caller.products:
            raise ApiError(403, 20106, "Invalid Access Token grants: none for the product of this request")
        return Request(
            door=Door.TUNNEL,
            method=asked.method,
            path=segments(asked.path),
            params=_decoded(asked.params) if asked.params else {},
            headers={name.lower(): _first(value) for name, value in asked.headers.items()}
            | {"host": asked.host},
            body=payload,
            caller=caller,
            origin=session.reached,
            product=message.active_grant,
            session=session,
        )

    def _admit(self, session: Requester, account_sid: str) -> None:
        if not self._connection_rate.take(session.number):
            per_s = self._settings.requests_per_connection_per_s
            raise ApiError(429, 51128, f"Too many requests: at most {per_s:g} per second on one connection")
        nodes = self._metrics.nodes
        if not self._account_rate.take(account_sid, nodes):
            most = f"{self._settings.requests_per_account_per_s:g} per second in one account{divided(nodes)}"
            raise ApiError(429, 51129, f"Too many requests: at most {most}")


async def _asked(session: Requester, ask: Ask[Any], weight: int) -> Any:
    if not ask.leaves:
        return await ask.question()
    session.answered(weight)
    try:
        return await ask.question()
    finally:
        session.asked(weight)


def _replying(answer: Read, reply: Reply) -> Fetched:
    """What is done with the result of a query."""

    def done(result: Any, error: Exception | None, seen: Seen) -> None:
        if error is not None:
            if answer.failed is not None:
                answer.failed()
        elif answer.reply is not None:
            try:
                result = answer.reply(result)
            except Exception as failure:  # noqa: BLE001 - one request fails, never its connection
                result, error = None, failure
        reply(result, error, seen, seen if answer.behind_events else ())

    return done


def _decoded(params: Values) -> dict[str, str]:
    return {decoded(name): decoded(_first(value)) for name, value in params.items()}


def _first(value: str | list[str]) -> str:
    """JS writes a text, Kotlin an array of texts."""
    if isinstance(value, str):
        return value
    return value[0] if value else ""
