"""Requests to servers of others, and their answers as far as they are wanted."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tsock.outbound.answer import RequestLimits, TargetAnswer
from tsock.outbound.resolving import Resolve
from tsock.webhooks.targets import PrivateTargets, Target

if TYPE_CHECKING:
    from tsock.outbound.exchange import Exchanges


class CheckedClient:
    """Goes to permitted addresses only, and follows no redirect; keeps nothing of a request."""

    def __init__(
        self,
        private: PrivateTargets,
        resolve: Resolve,
        *,
        connections_max: int,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        """`tls` makes the context that judges certificates, when the first is needed."""
        self._private = private
        self._resolve = resolve
        self._connections_max = connections_max
        self._tls = tls

        self._opening = asyncio.Lock()
        self._exchanges: Exchanges | None = None

    async def _opened(self) -> "Exchanges":
        async with self._opening:
            if self._exchanges is None:  # a thread takes the time that the loop has not
                self._exchanges = await asyncio.to_thread(self._open)
            return self._exchanges

    def _open(self) -> "Exchanges":
        # Many a server never sends anything, and the HTTP client took an eighth of a start.
        from tsock.outbound.exchange import Exchanges  # noqa: PLC0415

        return Exchanges(self._private, self._resolve, self._tls(), self._connections_max)

    async def close(self) -> None:
        """End every connection."""
        if self._exchanges is not None:  # nothing was sent otherwise
            await self._exchanges.close()

    async def request(
        self, method: str, target: Target, headers: Mapping[str, str], body: bytes, limits: RequestLimits
    ) -> TargetAnswer:
        """Ask; ask again with credentials where they are wanted and the URL has them.

        Args:
            method: in capitals.
            target: the URL, taken apart.
            headers: all but `Host`, `Content-Length` and `Authorization`.
            body: what `headers` say it is.
            limits: for both requests together, where there are two.

        Raises:
            Unreachable: there is no answer; 11203, 11206, or what the network says.
        """
        exchanges = self._exchanges or await self._opened()
        return await exchanges.answered(method, target, headers, body, limits)
