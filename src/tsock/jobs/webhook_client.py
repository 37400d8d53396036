"""One attempt to deliver a webhook (`protocol/webhooks.md`, Request), and what became of it."""

import ssl
from collections.abc import Callable

from tsock.accounts.secrets import Vault
from tsock.accounts.webhook_urls import opened
from tsock.errors import ConfigError
from tsock.outbound.answer import RequestLimits, TargetAnswer
from tsock.outbound.client import CheckedClient
from tsock.outbound.resolving import Resolve
from tsock.outbound.unreachable import Unreachable
from tsock.settings import Settings
from tsock.webhooks.failure import Fault, ReceivedAnswer, SentRequest
from tsock.webhooks.outbox import Delivery
from tsock.webhooks.signed import signed
from tsock.webhooks.targets import PrivateTargets, Target

ANSWER_BYTES_MAX = 16_384
"""Of the body of an answer so much is read, and of its headers so much kept."""


class WebhookClient:
    """Sends; keeps nothing of a delivery."""

    def __init__(
        self,
        settings: Settings,
        vault: Vault,
        resolve: Resolve,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        """`tls` makes the context that judges certificates, when the first is needed.

        Raises:
            ConfigError: `webhook_private_targets` names what is neither host nor network.
        """
        self._vault = vault
        self._limits = RequestLimits(
            settings.webhook_timeout_s, settings.webhook_connect_timeout_s, ANSWER_BYTES_MAX
        )
        self._client = CheckedClient(
            PrivateTargets(settings.webhook_private_targets),
            resolve,
            connections_max=settings.webhook_in_flight_max,
            tls=tls,
        )

    async def close(self) -> None:
        """End every connection."""
        await self._client.close()

    async def post(self, delivery: Delivery, auth_token: bytes) -> Fault | None:
        """Attempt `delivery` once, signed with `auth_token`; None once the target has accepted it."""
        try:
            target = Target.read(opened(self._vault, delivery.account_sid, delivery.url))
        except ConfigError as error:
            return Fault(11321, str(error), is_final=True)
        except ValueError as error:
            return Fault(11321, f"the webhook URL is malformed: {error}", is_final=True)
        made = signed(target, delivery.method, delivery.parameters, auth_token, delivery.sid)
        try:
            answer = await self._client.request(
                made.method, made.target, made.headers, made.body, self._limits
            )
        except Unreachable as error:
            return Fault(error.code, error.text, is_final=error.is_final, request=made.sent)
        return _judged(answer, made.sent)


def _judged(answer: TargetAnswer, sent: SentRequest) -> Fault | None:
    """By its status alone, whatever became of the body."""
    status = answer.status
    if 200 <= status < 300:
        return None
    received = ReceivedAnswer(status, answer.headers, answer.body.decode("utf-8", "replace"))
    if 300 <= status < 400:
        text = f"the target answered {status}, and redirects are not followed"
        return Fault(11216, text, is_final=True, request=sent, response=received)
    asked = next((value for name, value in answer.headers.items() if name.lower() == "retry-after"), "")
    return Fault(
        11217,
        f"the target answered {status}",
        is_final=status < 500 and status != 429,
        request=sent,
        response=received,
        retry_after_s=int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0,
    )
