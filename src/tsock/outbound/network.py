"""Connections to webhook targets: to no address that was not checked, whatever a name resolves to next time.

A name is resolved once for each connection. Each address is checked, and one of these very addresses is
connected to, while the `Host` header and the name in the certificate stay those of the URL. Each way in which
this can fail has its own code (`protocol/webhooks.md`, Failure codes).
"""

import asyncio
import ipaddress
import ssl
from collections.abc import Iterable
from typing import Any, cast

import httpcore2

from tsock.outbound.resolving import Resolve
from tsock.outbound.unreachable import Unreachable
from tsock.webhooks.targets import PrivateTargets

HEAD_BYTES_MAX = 64 * 1024
"""What an answer may have before its body: its head, and the provisional ones before it (100 Continue)."""

_READ_BYTES = 2048
"""What is read at once. An HTTP parser works through it in one go, and it may be hundreds of tiny pieces."""

_CERTIFICATE_CODES = {62: 11235, 64: 11235, 10: 11236, 18: 11237, 19: 11237, 20: 11237, 21: 11237}
"""By OpenSSL's verification result: wrong name or address, expired, self-signed or unknown issuer."""


class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to permitted addresses only."""

    def __init__(self, private: PrivateTargets, resolve: Resolve) -> None:
        self._private = private
        self._resolve = resolve
        self._network = cast(httpcore2.AsyncNetworkBackend, httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface has it
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, check, connect; `timeout` bounds all of it.

        Raises:
            Unreachable: 11210, 11205, 11202 or 11201.
        """
        assert timeout is not None
        loop = asyncio.get_running_loop()
        end_s = loop.time() + timeout
        addresses = await self._addresses(host, port, timeout)
        for number, address in enumerate(addresses, 1):
            share_s = max(end_s - loop.time(), 0.0) / (len(addresses) - number + 1)
            try:
                return CheckedStream(await self._network.connect_tcp(address, port, timeout=share_s))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                if number == len(addresses):
                    raise _not_connected(error, host, port, timeout) from None
        raise AssertionError("a name that resolves has an address")

    async def _addresses(self, host: str, port: int, timeout_s: float) -> list[str]:
        """What `host` resolves to; all of it must be permitted, since chance decides which one is taken."""
        if _is_address(host):
            found = [host]
        else:
            try:
                async with asyncio.timeout(timeout_s):
                    found = await self._resolve(host, port)
            except TimeoutError:
                raise Unreachable(11210, f"{host} was not resolved within {timeout_s:g} s") from None
            except (OSError, UnicodeError) as error:
                raise Unreachable(11210, f"{host} does not resolve: {_words(error)}") from None
        if not all(self._private.permits(host, address) for address in found):
            raise Unreachable(
                11205,
                f"{host} is, or resolves to, an address outside the Internet, which webhooks may not go to "
                "unless webhook_private_targets allows it",
                is_final=True,
            )
        return found

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class CheckedStream(httpcore2.AsyncNetworkStream):
    """A connection that tells what ended it, and on which a target cannot hold up others."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._is_asked = False
        """Whether a request was sent of which no byte was answered yet."""
        self._head_room: int | None = None
        """How many bytes may come yet before the head of the answer is whole; None once it is."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Read some of it.

        Raises:
            Unreachable: 11205 or 11206.
        """
        data = await self._stream.read(min(max_bytes, _READ_BYTES), timeout)
        if not data and self._is_asked:
            raise Unreachable(11205, "the target closed the connection without an answer")
        self._is_asked = False
        if self._head_room is not None:
            self._head_room -= len(data)
            if self._head_room < 0:
                raise Unreachable(11206, f"the answer has more than {HEAD_BYTES_MAX} bytes before its body")
        await asyncio.sleep(0)  # what has arrived is read without a wait, so nobody else would have a turn
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._is_asked = True
        self._head_room = HEAD_BYTES_MAX
        await self._stream.write(buffer, timeout)

    def head_is_whole(self) -> None:
        """Let the body come: whoever reads it knows how much is wanted."""
        self._head_room = None

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        """Begin TLS.

        Raises:
            Unreachable: 11220, 11235, 11236 or 11237.
        """
        try:
            return CheckedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            raise _no_tls(error) from None

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _not_connected(error: Exception, host: str, port: int, timeout_s: float) -> Unreachable:
    if isinstance(error, httpcore2.ConnectTimeout):
        return Unreachable(11201, f"no connection to {host} port {port} within {timeout_s:g} s")
    cause = _cause(error, OSError)
    if isinstance(cause, ConnectionRefusedError):
        return Unreachable(11202, f"{host} refused the connection to port {port}")
    return Unreachable(11205, f"no connection to {host} port {port}: {_words(cause)}")


def _no_tls(error: Exception) -> Unreachable:
    cause = _cause(error, ssl.SSLError)
    if isinstance(cause, ssl.SSLCertVerificationError):
        code = _CERTIFICATE_CODES.get(cause.verify_code, 11220)
        return Unreachable(code, f"the certificate does not hold: {cause.verify_message}")
    reason = getattr(cause, "reason", None) or "the target broke it off, or let it take too long"
    return Unreachable(11220, f"no TLS handshake: {reason}")


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The innermost error of that kind which led to `error`."""
    found = None
    at: BaseException | None = error
    while at is not None:
        found = at if isinstance(at, kind) else found
        at = at.__cause__
    return found


def _words(error: BaseException | None) -> str:
    return str(getattr(error, "strerror", None) or type(error).__name__)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
