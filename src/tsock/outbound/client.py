"""One attempt to deliver a webhook (`protocol/webhooks.md`, Request), and what became of it."""

import asyncio
import contextlib
import functools
import ssl
import uuid
from collections.abc import Callable
from urllib.parse import urlencode

import httpcore2
import httpx2
import msgspec

from tsock.outbound.network import CheckedNetwork, Resolve, Unreachable
from tsock.settings import Settings
from tsock.webhooks import signature
from tsock.webhooks.failure import Fault, Received, Sent
from tsock.webhooks.outbox import Delivery
from tsock.webhooks.targets import PrivateTargets, Target

ANSWER_BYTES_MAX = 16_384
"""Of the body of an answer so much is read, and of its headers so much kept."""
IDLE_S = 1.0
"""How long a connection is kept for the next delivery: less than any server waits, so that it is not closed
just when that one is sent."""


class WebhookClient:
    """Sends; keeps nothing of a delivery."""

    def __init__(
        self,
        settings: Settings,
        resolve: Resolve,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        """`tls` makes the context that judges certificates, when the first is needed.

        Raises:
            ConfigError: `webhook_private_targets` names what is neither host nor network.
        """
        self._settings = settings
        self._network = CheckedNetwork(PrivateTargets(settings.webhook_private_targets), resolve)
        self._tls = tls

    @functools.cached_property
    def _pool(self) -> httpcore2.AsyncConnectionPool:
        slots = self._settings.webhook_in_flight_max
        return httpcore2.AsyncConnectionPool(
            self._tls(), max_connections=slots, keepalive_expiry=IDLE_S, network_backend=self._network
        )

    async def close(self) -> None:
        """End every connection."""
        if "_pool" in vars(self):  # nothing was sent otherwise
            await self._pool.aclose()

    async def post(self, delivery: Delivery, auth_token: bytes) -> Fault | None:
        """Attempt `delivery` once, signed with `auth_token`; None once the target has accepted it."""
        try:
            target = Target.read(delivery.url)
        except ValueError as error:
            return Fault(11321, f"the webhook URL is malformed: {error}", is_final=True)
        exchange = _Exchange(self._pool, target, delivery, auth_token, self._settings)
        fault = await exchange.run()
        return fault and msgspec.structs.replace(fault, request=exchange.sent, response=exchange.received)


class _Exchange:
    """The requests and answers of one attempt."""

    def __init__(
        self,
        pool: httpcore2.AsyncConnectionPool,
        target: Target,
        delivery: Delivery,
        auth_token: bytes,
        settings: Settings,
    ) -> None:
        self._pool = pool
        self._target = target
        self._body = urlencode(delivery.parameters).encode()
        self._timeout_s = min(settings.webhook_timeout_s, _seconds(target.timeout_ms))
        self._times = {
            "connect": min(settings.webhook_connect_timeout_s, _seconds(target.connect_timeout_ms)),
            "read": min(settings.webhook_timeout_s, _seconds(target.read_timeout_ms)),
        }
        headers = {
            "Host": target.authority,
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "Content-Type": "application/x-www-form-urlencoded",
            "I-Twilio-Idempotency-Token": idempotency_token(delivery.sid),
            signature.HEADER: signature.sign(auth_token, target.url, delivery.parameters),
        }
        self.sent = Sent(target.public_url, "POST", headers, delivery.parameters)
        self.received: Received | None = None
        self._challenges: list[tuple[str, str]] = []

    async def run(self) -> Fault | None:
        """Ask; ask again with credentials where they are wanted and the URL has them."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._ask()
                authorization = self._authorization()
                if authorization is not None:
                    self.received = None
                    await self._ask(authorization)
        except Unreachable as error:
            fault = Fault(error.code, error.text, is_final=error.is_final)
        except (TimeoutError, httpcore2.TimeoutException):
            fault = Fault(11203, f"no complete answer within {self._timeout_s:g} s")
        except httpcore2.ProtocolError as error:
            fault = Fault(11206, f"the target does not speak HTTP as it should: {str(error)[:200]}")
        except httpcore2.NetworkError as error:
            fault = Fault(
                11205, f"the connection broke before the answer was complete ({type(error).__name__})"
            )
        else:
            fault = None
        # Once it has said what it thinks of the delivery, it may break off.
        return fault if self.received is None else _judged(self.received)

    async def _ask(self, authorization: str | None = None) -> None:
        target = self._target
        headers = [*self.sent.headers.items(), ("Content-Length", str(len(self._body)))]
        if authorization is not None:
            headers.append(("Authorization", authorization))
        url = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        times = {"timeout": self._times}
        async with self._pool.stream(
            "POST", url, headers=headers, content=self._body, extensions=times
        ) as answer:
            pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
            self._challenges = [pair for pair in pairs if pair[0].lower() == "www-authenticate"]
            self.received = Received(answer.status, _kept(pairs), "")
            body = await _beginning(answer)
            self.received = msgspec.structs.replace(self.received, body=body.decode("utf-8", "replace"))

    def _authorization(self) -> str | None:
        """The `Authorization` header that the answer asks for; None if none would help."""
        user, password = self._target.user, self._target.password
        if user is None or self.received is None or self.received.status != 401:
            return None
        request = httpx2.Request("POST", self._target.public_url)
        refusal = httpx2.Response(401, headers=self._challenges)
        digest = httpx2.DigestAuth(user, password).auth_flow(request)
        next(digest)
        with contextlib.suppress(StopIteration, ValueError, NotImplementedError, httpx2.ProtocolError):
            return digest.send(refusal).headers["Authorization"]
        if any(value.lower().startswith("basic") for _, value in self._challenges):
            return next(httpx2.BasicAuth(user, password).auth_flow(request)).headers["Authorization"]
        return None


def idempotency_token(sid: str) -> str:
    """The UUID of a delivery: the same at every attempt, by which a receiver knows a repeat."""
    return str(uuid.UUID(hex=sid[2:], version=4))


def _judged(received: Received) -> Fault | None:
    status = received.status
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return Fault(11216, f"the target answered {status}, and redirects are not followed", is_final=True)
    asked = next((value for name, value in received.headers.items() if name.lower() == "retry-after"), "")
    wait_s = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0
    is_final = status < 500 and status != 429
    return Fault(11217, f"the target answered {status}", is_final=is_final, retry_after_s=wait_s)


async def _beginning(answer: httpcore2.Response) -> bytes:
    """The body, as far as it is kept; the rest of a longer one is never read."""
    body = b""
    async for chunk in answer.aiter_stream():
        body += chunk
        if len(body) >= ANSWER_BYTES_MAX:
            break
    return body[:ANSWER_BYTES_MAX]


def _kept(headers: list[tuple[str, str]]) -> dict[str, str]:
    """The headers, as far as they are kept, without cookies."""
    kept: dict[str, str] = {}
    room = ANSWER_BYTES_MAX
    for name, value in headers:
        room -= len(name) + len(value)
        if room < 0:
            break
        if name.lower() != "set-cookie":
            kept[name] = f"{kept[name]}, {value}" if name in kept else value
    return kept


def _seconds(milliseconds: int | None) -> float:
    return float("inf") if milliseconds is None else milliseconds / 1000
