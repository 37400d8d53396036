"""The bus over NATS core: one subject for an installation.

The client library connects once and is then done with; coming back is the bus's own (`link.py`), so that both
transports do it alike and what is told of the state is so. What a slow node misses, at the server or in the
library's queue, is a gap in the numbers.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error

from tsock.bus.transport import CONNECT_S, Hear, NotConnected, reason, secrets_in

CLOSE_S = 1.0
"""What the library does to end a connection is not waited for longer."""


class Nats:
    """A NATS server, or one of several in a cluster."""

    payload_max = 256 * 1024
    """A quarter of what servers take unless they are told otherwise."""

    def __init__(self, url: str, installation: str) -> None:
        """Publish on the subject of `installation` (letters, digits, `-` and `_`, up to 48).

        Args:
            url: `nats://USER:PASSWORD@HOST:PORT`, `nats://TOKEN@HOST`, or `tls://…`, which connects with TLS
                or not at all; several, with commas between them, where any will do.
            installation: whose nodes hear each other.

        Raises:
            ValueError: the URL is none.
        """
        self._urls = url.split(",")
        if not all(_is_url(each) for each in self._urls):
            raise ValueError("the bus's URL cannot be read; expected nats://HOST:PORT or tls://HOST:PORT")
        self._secrets = [secret for each in self._urls for secret in secrets_in(each)]
        self._subject = f"tsock.{installation}"

    @asynccontextmanager
    async def connect(self, hear: Hear) -> AsyncGenerator["Subscribed"]:
        """Subscribe."""
        subscribed = Subscribed(self._subject, self._secrets)
        secure = any(each.startswith("tls:") for each in self._urls)
        try:
            async with asyncio.timeout(CONNECT_S):
                await subscribed.open(self._urls, hear, ssl.create_default_context() if secure else None)
            if subscribed.client.max_payload < self.payload_max:
                raise NotConnected(
                    f"the NATS server takes {subscribed.client.max_payload} bytes in a message, at least "
                    f"{self.payload_max} are needed: raise its max_payload"
                )
            yield subscribed
        except (Error, OSError) as error:
            raise NotConnected(subscribed.trouble or reason(error, self._secrets)) from None
        finally:
            await subscribed.close()


class Subscribed:
    """A connection that is subscribed."""

    def __init__(self, subject: str, secrets: Sequence[str]) -> None:
        self.client = _Client()
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.trouble = ""
        """What the library told last; what it raises says less."""
        self._subject = subject
        self._secrets = secrets

    async def open(self, urls: list[str], hear: Hear, context: ssl.SSLContext | None) -> None:
        """Connect to one of the servers and subscribe."""

        async def heard(message: Msg) -> None:
            hear(message.data)

        self.client.must_encrypt = context is not None
        await self.client.connect(
            urls,
            name="tsock",
            tls=context,
            no_echo=True,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            error_cb=self._note,
            closed_cb=self._lose,
        )
        await self.client.subscribe(self._subject, cb=heard)  # pyright: ignore[reportUnknownMemberType]
        # The library's first ping overtakes the subscription, which waits for its next write.
        await self.client.flush()
        await self.client.flush()

    async def close(self) -> None:
        """Let go of the server."""
        # Behind a certificate that was refused, the library waits for ever for an end that has been.
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self.client.close()

    async def send(self, payloads: Sequence[bytes]) -> None:
        try:
            for payload in payloads:
                await self.client.publish(self._subject, payload)
        except Error as error:
            await self._note(error)
            await self._lose()

    async def probe(self) -> None:
        try:
            await self.client.flush()
        except Error as error:
            await self._note(error)
            await self._lose()

    async def _note(self, error: Exception) -> None:
        self.trouble = reason(error, self._secrets)
        # The server leaves the connection open then, deaf or mute.
        if "permissions violation" in str(error).lower():
            await self._lose()

    async def _lose(self) -> None:
        if not self.lost.done():
            self.lost.set_result(self.trouble or "the NATS server ended the connection")


class _Client(Client):
    """Never says a password in the clear where TLS was asked for: the library asks the server alone."""

    must_encrypt = False

    def _connect_command(self) -> bytes:
        if self.must_encrypt and not self._server_info.get("tls_required"):
            raise Error("the NATS server offers no TLS, which tls:// asks for")
        return super()._connect_command()


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("nats", "tls") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
