"""What carries the messages of a bus: a server that hands each payload to every node that listens."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from urllib.parse import unquote, urlsplit

from tsock.telemetry.log import redacted

Hear = Callable[[bytes], None]
"""Takes one payload, on the event loop."""

CONNECT_S = 5.0
"""A connection that does not stand by then has failed; where several hosts are named, to each of them."""


class NotConnected(Exception):
    """The server cannot be reached; the text says why and holds no password."""


class Connection(Protocol):
    """One connection to the server, which hears already."""

    lost: asyncio.Future[str]
    """Has a result, which says why, once the connection is gone."""

    async def send(self, payloads: Sequence[bytes]) -> None:
        """Hand payloads over, in their order; it may never end once the connection is lost."""
        ...

    async def probe(self) -> None:
        """Wait until the server has answered, which it may never do."""
        ...


class Transport(Protocol):
    """One kind of server, at one address, for one installation."""

    payload_max: int
    """Bytes of the largest payload."""

    def connect(self, hear: Hear) -> AbstractAsyncContextManager[Connection]:
        """A connection that hands what others send to `hear`, and perhaps what it sends itself.

        Raises:
            NotConnected: none stands in time.
        """
        ...


def reason(error: BaseException, secrets: Sequence[str] = ()) -> str:
    """What `error` says, on one line and without `secrets`."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = " ".join(str(error).split()) or type(error).__name__
    for secret in secrets:
        text = text.replace(secret, "[redacted]")
    return str(redacted(text))


def secrets_in(url: str) -> list[str]:
    """The user's password of a URL, or the token in its place, as written and as meant."""
    parts = urlsplit(url)
    secret = parts.password or parts.username
    return [secret, unquote(secret)] if secret else []
