"""One question to a pre-action hook, and what its answer means (`protocol/webhooks.md`, Pre-action hooks)."""

from collections.abc import Mapping

import msgspec

from tsock.accounts.secrets import Vault
from tsock.accounts.webhook_urls import opened
from tsock.conversations.services import Hooks
from tsock.errors import ConfigError
from tsock.misread import UNREADABLE
from tsock.outbound.answer import RequestLimits, TargetAnswer
from tsock.outbound.client import CheckedClient
from tsock.outbound.resolving import Resolve
from tsock.outbound.unreachable import Unreachable
from tsock.settings import Settings
from tsock.webhooks.failure import Fault, ReceivedAnswer, SentRequest
from tsock.webhooks.signed import signed
from tsock.webhooks.targets import PrivateTargets, Target

CONNECTIONS_MAX = 1000
"""To all hooks together; whoever waits for one does so within the time its hook has."""
_TIMED_OUT = (11201, 11203)


class Go(msgspec.Struct, frozen=True):
    """The action may be carried out."""

    members: Mapping[str, object]
    """Of the answer's JSON object: what is to be set first, and whatever else it has."""


class Refusal(msgspec.Struct, frozen=True):
    """It may not."""

    status: int


class HookClient:
    """Asks; keeps nothing of a question."""

    def __init__(self, settings: Settings, vault: Vault, resolve: Resolve) -> None:
        """`vault` opens the passwords of their URLs, `resolve` finds their addresses.

        Raises:
            ConfigError: `webhook_private_targets` names what is neither host nor network.
        """
        self._vault = vault
        timeout_s = settings.pre_hook_timeout_s
        self._limits = RequestLimits(timeout_s, timeout_s, settings.pre_hook_answer_bytes_max)
        self._client = CheckedClient(
            PrivateTargets(settings.webhook_private_targets), resolve, connections_max=CONNECTIONS_MAX
        )

    async def close(self) -> None:
        """End every connection."""
        await self._client.close()

    async def ask(
        self, account_sid: str, hooks: Hooks, parameters: Mapping[str, str], auth_token: bytes, sid: str
    ) -> Go | Refusal | Fault:
        """Ask once.

        Args:
            account_sid: the account whose hooks these are.
            hooks: whose `pre_url` is asked.
            parameters: what it is told.
            auth_token: of the account.
            sid: of the question.

        Returns:
            A fault where there is no answer that says anything: 50076 it took too long, 50057 all else.
        """
        assert hooks.pre_url is not None
        try:
            target = Target.read(opened(self._vault, account_sid, hooks.pre_url))
        except ConfigError as error:
            return Fault(50057, str(error))
        made = signed(target, hooks.method, parameters, auth_token, sid)
        try:
            answer = await self._client.request(
                made.method, made.target, made.headers, made.body, self._limits
            )
        except Unreachable as error:
            code = 50076 if error.code in _TIMED_OUT else 50057
            return Fault(code, f"{error.text} ({error.code})", request=made.sent)
        return _judged(answer, made.sent, self._limits.answer_bytes_max)


def _judged(answer: TargetAnswer, sent: SentRequest, bytes_max: int) -> Go | Refusal | Fault:
    if answer.status >= 400:
        return Refusal(answer.status)
    problem = _problem(answer, bytes_max)
    if problem is None:
        try:
            return Go(_members(answer.body) if answer.body.strip() else {})
        except UNREADABLE:
            problem = "the answer is neither empty nor a JSON object"
    shown = answer.body.decode("utf-8", "replace")
    return Fault(50057, problem, request=sent, response=ReceivedAnswer(answer.status, answer.headers, shown))


def _problem(answer: TargetAnswer, bytes_max: int) -> str | None:
    if answer.status >= 300:
        return f"the hook answered {answer.status}, and redirects are not followed"
    if answer.is_whole:
        return None
    return f"the answer broke off, or has more than {bytes_max} bytes (pre_hook_answer_bytes_max)"


_members = msgspec.json.Decoder(dict[str, object]).decode
