"""`tsock bench`: loads a running server."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Annotated

import uvloop
from cyclopts import Parameter

from tsock.accounts.keys import SigningKey
from tsock.bench.client import LoadError
from tsock.bench.figures import COLUMNS, Figure, Scale, row
from tsock.bench.process import Process, allow_many_files
from tsock.bench.questions import QUESTIONS, Name, answer, beyond
from tsock.bench.server import Endpoint, GivenToken, Host, Server, Signer
from tsock.cli import output
from tsock.cli.exits import Gone
from tsock.cli.location import HERE, DataDirectory, InAccount, Location, locate
from tsock.cli.operator import Operator, operator
from tsock.cli.output import AsJson
from tsock.cli.pasted import pasted
from tsock.errors import ConfigError
from tsock.installation import layout

NAME = "tsock bench"
TTL_S = 3600
"""Life of what a load makes where nobody can delete it at once."""

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound
"""How a server that listens everywhere is reached from its own machine."""


def bench(
    *question: Name,
    share: float = 0.1,
    seconds: float = 3.0,
    url: Annotated[str | None, Parameter(metavar="ws://…")] = None,
    token: Annotated[str | None, Parameter(metavar="TOKEN|-", allow_leading_hyphen=True)] = None,
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Load a running server and print what it costs: rates, latencies, and its CPU time per operation.

    Clients get tokens of a key, and a Sync service, that are made for the purpose and removed at the end.
    With `--token` they all present that one to the server at `--url`, wherever it runs; what they make there
    expires within the hour, and what only the machine of the server can tell is left out.

    Args:
        question: What to find out; by default everything.
        share: Clients and items, as a share of those of the published figures.
        seconds: How long each case is measured.
        url: Where clients connect; by default where the server listens.
        token: An Access Token for every client, or `-` to read it from standard input.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    if not 0 < share <= 10:
        raise ConfigError(f"--share: expected a number above 0, at most 10, got {share:g}")
    if not 0 < seconds <= 3600:
        raise ConfigError(f"--seconds: expected a number above 0, at most 3600, got {seconds:g}")
    endpoint = None if url is None else Endpoint.read(url)
    if token is not None:
        if endpoint is None:
            raise ConfigError("--token: name the server that it is for, with --url ws://HOST:PORT")
        load = _by_token(endpoint, pasted(token).strip())
    else:
        load = _by_key(endpoint, account, location)
    allow_many_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(_ask(load, question, Scale(share, seconds)))
    if json:
        output.document(figures)
    else:
        output.table([row(figure) for figure in figures], COLUMNS)


async def _ask(
    load: AbstractAsyncContextManager[Server], questions: Sequence[Name], scale: Scale
) -> list[Figure]:
    async with load as server:
        unanswerable = beyond(server)
        for name in questions:
            if name in unanswerable:
                raise ConfigError(f"{name}: {unanswerable[name]}")
        figures: list[Figure] = []
        for name in questions or [each for each in QUESTIONS if each not in unanswerable]:
            output.line((f"{name} …", "dim"), errors=True)
            try:
                figures += await answer(name, server, scale)
            except LoadError as error:
                raise Gone(f"{name}: {error}") from None
        return figures


@asynccontextmanager
async def _by_token(endpoint: Endpoint, token: str) -> AsyncGenerator[Server]:
    yield Server(endpoint, GivenToken(token), ttl_s=TTL_S)


@asynccontextmanager
async def _by_key(
    endpoint: Endpoint | None, account: str | None, location: Location
) -> AsyncGenerator[Server]:
    """A key and a service for the load, for as long as it takes."""
    async with operator(location, live=True) as ask, AsyncExitStack() as at_end:
        sid = await ask.account(account)
        body = {"friendly_name": NAME}
        key = await ask.post("accounts", sid, "keys", body=body)
        at_end.push_async_callback(ask.delete, "accounts", sid, "keys", key["sid"])
        service = await ask.post("accounts", sid, "services", "sync", body=body)
        at_end.push_async_callback(ask.delete, "accounts", sid, "services", "sync", service["sid"])
        chat = await ask.post("accounts", sid, "services", "chat", body=body)
        at_end.push_async_callback(ask.delete, "accounts", sid, "services", "chat", chat["sid"])
        signer = Signer(SigningKey(sid, key["sid"], key["secret"]), service["sid"], chat["sid"])
        yield Server(endpoint or await _endpoint(ask), signer, _host(locate(location)))


async def _endpoint(ask: Operator) -> Endpoint:
    """Where the server listens."""
    settings = {each["name"]: each["value"] for each in (await ask.get("check"))["settings"]}
    port: int = settings["port"]
    if not port:
        raise ConfigError("the server took a free port; name it with --url ws://HOST:PORT")
    host: str = settings["host"]
    return Endpoint(EVERYWHERE.get(host, host), port)


def _host(place: DataDirectory) -> Host | None:
    """The server as seen from outside, where the system shows it."""
    try:
        return Host(Process(int((place.data / layout.LOCK).read_text())), place.data)
    except OSError:
        return None
