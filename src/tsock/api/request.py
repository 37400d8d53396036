"""What every door hands to the router, and what it gets back.

A handler is a plain function from `Request` to one of three answers: a `Response`, a `Read` of the store or
a `Write` to it. It awaits nothing, so the writes of one connection reach the store in the order in which
its requests arrived, and no request costs a task.
"""

import enum
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tsock.accounts.caller import Caller
from tsock.accounts.principal import Principal
from tsock.api.live import LiveSession
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
    """Scheme, host and port by which the client reaches this server, over HTTP."""
    base: str = ""
    """What URLs in a REST answer begin with, as the caller began its own."""
    product: str = ""
    """The grant the request is made under (`active_grant`), where it came through the tunnel."""
    session: LiveSession | None = None
    """The connection it came over, where it came through the tunnel."""


class Response(msgspec.Struct, frozen=True, gc=False):
    """Status, body (JSON unless `content_type` says otherwise) and extra headers."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = {}


def answer(value: object, status: int = 200, headers: Mapping[str, str] = {}) -> Response:
    """`value` as JSON."""
    return Response(status, msgspec.json.encode(value), headers=headers)


class Read(msgspec.Struct, frozen=True, gc=False):
    """Answer with what `query` returns, run against the committed state.

    With `reply`, the query returns what that function makes a response of. It runs on the event loop, behind
    everything that was announced before the query was asked for.
    """

    query: Callable[[Tx], Any]
    reply: Callable[[Any], Response] | None = None


class Write(msgspec.Struct, frozen=True, gc=False):
    """Answer with what `rule` returns, once it is committed."""

    rule: Callable[[Tx], Response]
    about: str = ""
    """The object that it changes, as the caller named it (`Store.write`)."""


Answer = Response | Read | Write
