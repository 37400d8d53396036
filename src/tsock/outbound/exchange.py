"""The one or two requests that an answer takes. Only what sends one imports this, and httpcore with it."""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from typing import cast

import httpcore2
import httpx2
import msgspec

from tsock.outbound.answer import RequestLimits, TargetAnswer
from tsock.outbound.network import CheckedNetwork, CheckedStream
from tsock.outbound.resolving import Resolve
from tsock.outbound.unreachable import Unreachable
from tsock.webhooks.targets import PrivateTargets, Target

IDLE_S = 1.0
"""How long a connection is kept for the next request: less than any server waits, so that it is not closed
just when that one is sent."""

PIECES_MAX = 16_384
"""Pieces of a body, by its chunks and by what came at once: each costs work, however small. What is beyond it
is not read, so the answer counts as cut."""

_FAULTS = (httpcore2.TimeoutException, httpcore2.ProtocolError, httpcore2.NetworkError)


class Exchanges:
    """Those of one client, over its connections."""

    def __init__(
        self, private: PrivateTargets, resolve: Resolve, tls: ssl.SSLContext, connections_max: int
    ) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            tls,
            max_connections=connections_max,
            keepalive_expiry=IDLE_S,
            network_backend=CheckedNetwork(private, resolve),
        )

    async def close(self) -> None:
        """End every connection."""
        await self._pool.aclose()

    async def answered(
        self, method: str, target: Target, headers: Mapping[str, str], body: bytes, limits: RequestLimits
    ) -> TargetAnswer:
        """What the target says; for arguments and errors see `CheckedClient.request`."""
        exchange = _Exchange(self._pool, method, target, headers, body, limits)
        try:
            return await exchange.run()
        except (Unreachable, TimeoutError, *_FAULTS) as error:
            if exchange.answer is not None:  # once its status is here, it may break off
                return exchange.answer
            raise _unreachable(error, exchange.timeout_s) from None


class _Exchange:
    """The one or two requests, and the latest answer."""

    def __init__(
        self,
        pool: httpcore2.AsyncConnectionPool,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        body: bytes,
        limits: RequestLimits,
    ) -> None:
        self._pool = pool
        self._method = method
        self._target = target
        self._headers = [("Host", target.authority), *headers.items(), ("Content-Length", str(len(body)))]
        self._body = body
        self._bytes_max = limits.answer_bytes_max
        self.timeout_s = min(limits.timeout_s, _seconds(target.timeout_ms))
        self._times = {
            "connect": min(limits.connect_timeout_s, _seconds(target.connect_timeout_ms)),
            "read": min(limits.timeout_s, _seconds(target.read_timeout_ms)),
        }
        self._challenges: list[tuple[str, str]] = []
        self.answer: TargetAnswer | None = None

    async def run(self) -> TargetAnswer:
        async with asyncio.timeout(self.timeout_s):
            answer = await self._ask()
            authorization = self._authorization(answer.status)
            if authorization is not None:
                self.answer = None
                answer = await self._ask(("Authorization", authorization))
            return answer

    async def _ask(self, *credentials: tuple[str, str]) -> TargetAnswer:
        target = self._target
        url = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        async with self._pool.stream(
            self._method,
            url,
            headers=[*self._headers, *credentials],
            content=self._body,
            extensions={"timeout": self._times},
        ) as response:
            _let_body_come(response)
            pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
            self._challenges = [pair for pair in pairs if pair[0].lower() == "www-authenticate"]
            self.answer = TargetAnswer(response.status, _kept(pairs, self._bytes_max))
            body, is_whole = await _beginning(response, self._bytes_max)
            self.answer = msgspec.structs.replace(self.answer, body=body, is_whole=is_whole)
        return self.answer

    def _authorization(self, status: int) -> str | None:
        """The `Authorization` header that the answer asks for; None if none would help."""
        user, password = self._target.user, self._target.password
        if user is None or status != 401:
            return None
        request = httpx2.Request(self._method, self._target.public_url)
        refusal = httpx2.Response(401, headers=self._challenges)
        digest = httpx2.DigestAuth(user, password).auth_flow(request)
        next(digest)
        # It has no digest, a malformed one, or an algorithm that httpx does not know.
        with contextlib.suppress(StopIteration, ValueError, NotImplementedError, httpx2.ProtocolError):
            return digest.send(refusal).headers["Authorization"]
        if any(value.lower().startswith("basic") for _, value in self._challenges):
            return next(httpx2.BasicAuth(user, password).auth_flow(request)).headers["Authorization"]
        return None


def _unreachable(error: Exception, timeout_s: float) -> Unreachable:
    if isinstance(error, Unreachable):
        return error
    if isinstance(error, httpcore2.ProtocolError):
        return Unreachable(11206, f"the target does not speak HTTP as it should: {str(error)[:200]}")
    if isinstance(error, httpcore2.NetworkError):
        text = f"the connection broke before the answer was complete ({type(error).__name__})"
        return Unreachable(11205, text)
    return Unreachable(11203, f"no complete answer within {timeout_s:g} s")


def _let_body_come(response: httpcore2.Response) -> None:
    extensions = cast(Mapping[str, object], response.extensions)  # pyright: ignore[reportUnknownMemberType]
    stream = extensions["network_stream"]
    if isinstance(stream, CheckedStream):  # it is another one where the target switched protocols
        stream.head_is_whole()


async def _beginning(response: httpcore2.Response, bytes_max: int) -> tuple[bytes, bool]:
    """The body, and whether that is all of it; what goes beyond `bytes_max` or `PIECES_MAX` is never read."""
    body, pieces = bytearray(), 0
    async for piece in response.aiter_stream():
        body += piece
        pieces += 1
        if len(body) > bytes_max or pieces > PIECES_MAX:
            return bytes(body[:bytes_max]), False
    return bytes(body), True


def _kept(headers: list[tuple[str, str]], bytes_max: int) -> dict[str, str]:
    """The headers, as far as they are kept, without cookies."""
    kept: dict[str, str] = {}
    room = bytes_max
    for name, value in headers:
        room -= len(name) + len(value)
        if room < 0:
            break
        if name.lower() != "set-cookie":
            kept[name] = f"{kept[name]}, {value}" if name in kept else value
    return kept


def _seconds(milliseconds: int | None) -> float:
    return float("inf") if milliseconds is None else milliseconds / 1000
