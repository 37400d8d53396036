"""Actions that somebody else is asked about first: pre-action hooks (`protocol/webhooks.md`).

With a hook, an action is carried out twice. The first time is a rehearsal, which goes as far as the place
where the rule would tell its webhooks, and is undone: so nobody is asked about what would be refused anyway,
and the hook is told what the action would make. Then the hooks are asked, each about the result of the one
before, and the action is carried out as they want it. Nothing is held meanwhile but the sender's place in the
conversation.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from tsock.accounts.directory import Directory
from tsock.api.conversations.hook_client import HookClient, Refusal
from tsock.api.conversations.lines import Lines, too_many
from tsock.api.request import Answer, Ask, Response, Write
from tsock.conversations import refusals, webhooks
from tsock.conversations.actor import ChatActor
from tsock.conversations.hooks import CHANGEABLE, PreEvent
from tsock.conversations.services import Hooks
from tsock.conversations.webhooks import Rehearsed
from tsock.errors import invalid
from tsock.ids import Ids
from tsock.in_flight import InFlight
from tsock.rates import divided
from tsock.settings import Settings
from tsock.storage.store import Store, Tx, written
from tsock.telemetry.metrics import Metrics
from tsock.webhooks.failure import Fault, HookFailure

V = TypeVar("V", bound=msgspec.Struct | None)
Rule = Callable[[Tx, ChatActor, V], Response]
"""Carries an action out, with what is to be set; None where nothing is."""


_ORDERED: tuple[PreEvent, ...] = ("onMessageAdd", "onMessageUpdate", "onMessageRemove")


class PreHooks:
    """Asks account and service about an action, in this order."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        client: HookClient,
        *,
        ids: Ids,
        settings: Settings,
        metrics: Metrics,
        report: Callable[[HookFailure], None],
    ) -> None:
        """`report` hears of every question that was not answered."""
        self._store = store
        self._directory = directory
        self._client = client
        self._ids = ids
        self._settings = settings
        self._metrics = metrics
        self._report = report
        self._lines = Lines(settings.pre_hook_waiting_max)
        most = settings.pre_hook_in_flight_max
        self._in_flight = InFlight(
            most,
            lambda: too_many(
                f"{-(-most // metrics.nodes)} of this account wait for pre-action hooks "
                f"(pre_hook_in_flight_max{divided(metrics.nodes)})"
            ),
            lambda: metrics.nodes,
        )
        """Actions that somebody is asked about, by account."""

    def answer(self, actor: ChatActor, event: PreEvent, about: str, value: V, rule: Rule[V]) -> Answer:
        """Carry an action out, once everybody who wants to be asked has let it pass.

        Args:
            actor: who wants it.
            event: what it is to hooks.
            about: the conversation or user, as the caller named it; there its messages keep their order.
            value: what is to be set, which hooks may change.
            rule: carries it out.
        """
        hooks = [] if actor.webhooks is None else actor.webhooks.before(event)
        if not hooks:
            return Write(lambda tx: rule(tx, actor, value), about=about)

        async def ask() -> Response:
            # Tasks begin in the order in which they were made, so places are taken in that of the requests.
            with self._in_flight.one(actor.account_sid):
                async with self._place(actor, event, about) as patience:
                    rehearsing = replace(actor, rehearses=event)
                    try:
                        return await written(self._store, lambda tx: rule(tx, rehearsing, value))
                    except Rehearsed as rehearsed:
                        changes = await self._ask(actor, event, hooks, rehearsed.told)
                    wanted = value if value is None else replace(value, **changes)
                    patience.reschedule(None)  # a commit that has begun is waited for
                    return await written(self._store, lambda tx: rule(tx, actor, wanted), about=about)

        return Ask(ask, _as_it_is, leaves=True)

    async def _ask(
        self, actor: ChatActor, event: PreEvent, hooks: list[Hooks], told: Mapping[str, str]
    ) -> dict[str, str]:
        """What the hooks set, in their own words.

        Raises:
            ApiError: 403/50056, one refuses the action; 400/20422, one sets what is no text.
        """
        account = self._directory.account(actor.account_sid)
        assert account is not None, "accounts are never deleted"
        auth_token, names = self._directory.auth_token(account), CHANGEABLE.get(event, {})
        outcomes = self._metrics.pre_hooks
        parameters, changes = {**webhooks.common(actor, event), **told}, dict[str, str]()
        for each in hooks:
            sid = self._ids.sid("WD")
            said = await self._client.ask(actor.account_sid, each, parameters, auth_token, sid)
            if isinstance(said, Fault):
                outcomes["failed"] += 1
                self._report(HookFailure(sid, actor.account_sid, actor.service_sid, event, fault=said))
            elif isinstance(said, Refusal):
                outcomes["refused"] += 1
                raise refusals.by_hook(event, said.status)
            else:
                outcomes["passed"] += 1
                asked_for = _changes(said.members, names)
                changes |= asked_for
                parameters |= {names[name]: text for name, text in asked_for.items()}
        return changes

    @asynccontextmanager
    async def _place(self, actor: ChatActor, event: PreEvent, about: str) -> AsyncGenerator[asyncio.Timeout]:
        """Have a place; what one sender does to the messages of one conversation is done in its order.

        Over REST requests have no order. The time-out is that of the whole.

        Raises:
            ApiError: 429/20429, too many wait there, or it took too long.
        """
        ordered = actor.is_bound and event in _ORDERED
        line = self._lines.turn((actor.service_sid, actor.identity, about)) if ordered else nullcontext()
        waiting_s = self._settings.pre_hook_waiting_s
        try:
            async with asyncio.timeout(waiting_s) as patience, line:
                yield patience
        except TimeoutError:
            raise too_many(
                f"pre-action hooks took {waiting_s:g} s (pre_hook_waiting_s), and nothing was done"
            ) from None


def _changes(members: Mapping[str, object], names: Collection[str]) -> dict[str, str]:
    """Those members of a hook's answer that may be set; null sets nothing. Attributes may be plain JSON."""
    changes: dict[str, str] = {}
    for name in names:
        value = members.get(name)
        if name == "attributes" and isinstance(value, dict | list):
            value = msgspec.json.encode(value).decode()
        if value is not None and not isinstance(value, str):
            raise invalid(f"the pre-action hook set {name}: expected a text")
        if value is not None:
            changes[name] = value
    return changes


def _as_it_is(response: Response) -> Response:
    return response
