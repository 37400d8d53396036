"""The questions by name, and how one is answered."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeAlias, cast

from tsock.bench import busy, chat, connect, fanout, growth, idle, reconnect, removal, requests, rest, writes
from tsock.bench.client import LoadError
from tsock.bench.crowd import disconnect
from tsock.bench.figures import Figure, Scale
from tsock.bench.server import GivenToken, Server

Question = Callable[[Server, Scale], Awaitable[list[Figure]]]
Name: TypeAlias = Literal[
    "idle",
    "connect",
    "requests",
    "rest",
    "fanout",
    "writes",
    "busy",
    "removal",
    "reconnect",
    "chat",
    "growth",
]

QUESTIONS: dict[Name, Question] = {
    "idle": idle.measure,  # first, as it wants a server that has seen few clients
    "connect": connect.measure,
    "requests": requests.measure,
    "rest": rest.measure,
    "fanout": fanout.measure,
    "writes": writes.measure,
    "busy": busy.measure,
    "removal": removal.measure,
    "reconnect": reconnect.measure,
    "chat": chat.measure,
    "growth": growth.measure,
}

FROM_INSIDE = frozenset[Name]({"idle", "busy", "removal"})
"""Those that look at the server's process and data, so that it must run on this machine."""


BY_KEY = frozenset[Name]({"rest", "chat", "growth"})
"""Those that one Access Token is not enough for."""


def beyond(server: Server) -> dict[Name, str]:
    """The questions that cannot be asked of this server, each with the reason."""
    found: dict[Name, str] = {}
    if server.host is None:
        where = "the server's process and data, which must be on this machine, under Linux, and yours to see"
        found |= dict.fromkeys(FROM_INSIDE, f"this looks at {where}")
    if isinstance(server.signer, GivenToken):
        found |= dict.fromkeys(BY_KEY, "this needs a key, so leave out --token")
    return found


async def answer(name: Name, server: Server, scale: Scale) -> list[Figure]:
    """Ask to the end, or to the first thing that goes wrong anywhere. Nobody is connected afterwards.

    Raises:
        LoadError: the server did not do what was asked of it.
    """
    loop = asyncio.get_running_loop()
    asking = asyncio.ensure_future(QUESTIONS[name](server, scale))
    failures: list[BaseException] = []

    def fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failures.append(context.get("exception") or LoadError(context["message"]))
        asking.cancel()

    former = loop.get_exception_handler()
    loop.set_exception_handler(fail)
    gc.disable()  # a pause of the load would look like one of the server
    try:
        return await asking
    except asyncio.CancelledError:
        if failures:
            raise failures[0] from None
        raise
    except ExceptionGroup as group:
        raise _first(group) from None
    finally:
        gc.enable()
        await disconnect(server.clients)
        server.clients.clear()
        loop.set_exception_handler(former)


def _first(error: BaseException) -> BaseException:
    """The first of the errors in a group of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error
