"""What every door hands to the router, and what it gets back.

A handler is a plain function from `Request` to an answer: a `Response`, a `Read` of the store or a `Write` to
it. It awaits nothing, so the writes of one connection reach the store in the order in which its requests
arrived, and no request costs a task. What has to wait for something outside is an `Ask`. Over HTTP, what is
too large to be held in memory streams: in as `Request.upload`, out as `Streamed`.
"""

import enum
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from tsock.accounts.caller import Caller
from tsock.accounts.principal import Principal
from tsock.api.live import LiveSession
from tsock.errors import TsockError
from tsock.storage.store import Tx
from tsock.wire.packets import JSON_TYPE


class Door(enum.Enum):
    """Through which door a request came; each route is bound to one."""

    TUNNEL = "tunnel"
    """A Twilsock `message`: the routes the SDKs use."""
    HTTP = "http"
    """Plain HTTP: REST and pages."""
    OPERATOR = "operator"
    """The command line, in the process or over the socket file in the data directory."""


class Access(enum.Enum):
    """Whom a route is for; a request of anybody else never reaches its handler."""

    ANYBODY = "anybody"
    """Pages for everybody, health, and whatever the door itself guards."""
    VIEWER = "viewer"
    """Credentials that administer an account, for pages about it; under `tsock dev` anybody."""
    CLIENT = "client"
    """An Access Token, on a connection that was let in with it."""
    DATA = "data"
    """Credentials of an account: the Auth Token, a main or standard key, a restricted one as it permits."""
    MEDIA = "media"
    """An Access Token in `X-Twilio-Token`, or credentials as for `DATA`."""
    OWNER = "owner"
    """The Auth Token of an account, and no key."""
    ADMINISTRATION = "administration"
    """Credentials that administer the account: the Auth Token, a main key, a restricted one as it permits."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """One request, decoded as far as every handler needs it."""

    door: Door
    method: str
    path: tuple[str, ...]
    """Percent-decoded segments."""
    params: Mapping[str, str]
    """Percent-decoded query parameters; of a repeated one the first."""
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes
    query: tuple[tuple[str, str], ...] = ()
    """Every query parameter in its order, over HTTP."""
    caller: Caller | None = None
    """Who asks, where a token was examined."""
    principal: Principal | None = None
    """Who asks, over HTTP with credentials that hold."""
    address: str = ""
    """IP address of the client, over HTTP."""
    origin: str = ""
    """Scheme, host and port by which the client reaches this server; through the tunnel, those of its
    WebSocket."""
    base: str = ""
    """What URLs in a REST answer begin with, as the caller began its own."""
    product: str = ""
    """The grant the request is made under (`active_grant`), where it came through the tunnel."""
    session: LiveSession | None = None
    """The connection it came over, where it came through the tunnel."""
    upload: AsyncGenerator[bytes] | None = None
    """The body as it arrives, where the route has it stream in; the next piece is read when it is asked for.

    It raises 413/20413 beyond the route's limit, and `ClientGone`. Whoever does not want the rest leaves it.
    """


class ClientGone(TsockError):
    """The client went away before its body had arrived whole; the request must not be carried out."""


class Response(msgspec.Struct, frozen=True, gc=False):
    """Status, body (JSON unless `content_type` says otherwise) and extra headers."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = {}


def answer(value: object, status: int = 200, headers: Mapping[str, str] = {}) -> Response:
    """`value` as JSON."""
    return Response(status, msgspec.json.encode(value), headers=headers)


class Write(msgspec.Struct, frozen=True, gc=False):
    """Answer with what `rule` returns, once it is committed."""

    rule: Callable[[Tx], Response]
    about: str = ""
    """The object that it changes, as the caller named it (`Store.write`)."""
    aside: bool = False
    """Whether it may touch many rows, so that the loop goes on meanwhile (`Store.write_aside`); over HTTP
    only."""


class Streamed(msgspec.Struct, frozen=True):
    """A response whose body is made while it is sent, over HTTP only."""

    status: int
    chunks: AsyncGenerator[bytes]
    """The body. The next piece is asked for once the client has taken the one before, so it bounds what is
    held; at the end, or when the client has gone, it is closed. An error behind the first cuts the response
    off."""
    content_type: str
    size: int | None = None
    """Bytes of the whole body, if that is known."""
    headers: Mapping[str, str] = {}
    first: bytes = b""
    """The first piece: the shell asks for it before it sends the head, so that an error until then is
    answered as one."""


class Read(msgspec.Struct, frozen=True, gc=False):
    """Answer with what `query` returns, run against the committed state.

    With `reply`, the query returns what that function makes a response of. It runs on the event loop, behind
    everything that was announced before the query was asked for.
    """

    query: Callable[[Tx], Any]
    reply: "Callable[[Any], Response | Streamed] | None" = None
    behind_events: bool = False
    """Whether the SDKs must have worked through the events of what the query saw before they get the answer:
    of an item that they know from it they tell no event any more."""
    failed: "Callable[[], None] | None" = None
    """What happens in place of `reply` when the query failed; through the tunnel only."""


Plain = Response | Streamed | Read | Write
"""The answers that nothing has to be awaited for."""

T = TypeVar("T")


class Ask(msgspec.Struct, Generic[T], frozen=True):
    """Wait for something outside, then go on to another answer.

    Through the tunnel it is carried out in a task of its own: requests behind it do not wait, and writes that
    it leads to commit when they are made.
    """

    question: Callable[[], Awaitable[T]]
    """Has time-outs of its own. It goes on when the client has gone, as a `Write` does."""
    then: "Callable[[T], Answer]"
    """Makes the answer of what the question brought; what either raises is told as an error of a handler."""
    leaves: bool = False
    """Whether it takes no place among its connection's requests in flight meanwhile: it may take long, and
    whoever asks bounds how many there are."""


Answer = Plain | Ask[Any]


async def plain(answer: Answer) -> Plain:
    """What an answer comes to, once everything outside has been asked."""
    while isinstance(answer, Ask):
        answer = answer.then(await answer.question())
    return answer
