"""Who types: told to the other participants, stored nowhere."""

from urllib.parse import parse_qsl

import msgspec

from tsock.api.conversations.sdk.scope import ChatScope
from tsock.api.request import Answer, Door, Read, Request, answer
from tsock.api.router import Route
from tsock.conversations import conversations, refusals, tables
from tsock.errors import ApiError
from tsock.events import Notice
from tsock.storage.store import Tx
from tsock.storage.texts import NUL

TYPING = "twilio.ipmsg.typing_indicator"
"""Type of the notifications."""
LATENCY_S = 1
"""Receivers are told so much more than the typist, to cover the way."""


class TypingHandlers:
    """`POST links.typing`."""

    def __init__(self, scope: ChatScope, *, timeout_s: int) -> None:
        """Take what it is made of.

        Args:
            scope: names who asks.
            timeout_s: how long a typist counts as typing.
        """
        self._scope = scope
        self._timeout_s = timeout_s

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [Route(Door.TUNNEL, "POST", "/v1/typing", self.typing)]

    def typing(self, request: Request) -> Answer:
        """Tell every connection of the other participants that the caller types."""
        actor = self._scope.actor(request)
        timeout_s = actor.options.channels.typing_timeout_s or self._timeout_s
        try:
            sid = dict(parse_qsl(request.body.decode())).get("ChannelSid")
        except UnicodeDecodeError:
            sid = None
        if not sid:
            raise ApiError(400, 50351, "Conversation SID missing: expected ChannelSid in the form")
        if NUL in sid:  # no name has it, and none with it can be asked for
            raise refusals.conversation_not_found(sid)

        def query(tx: Tx) -> None:
            opened = conversations.fetch(tx, actor, sid)
            if opened.own is None:
                raise refusals.not_a_participant()
            there = [place.identity for place in tables.places(tx, opened.row.sid)]
            told = {
                "channel_sid": sid,
                "identity": actor.identity,
                "typing_timeout": timeout_s + LATENCY_S,
            }
            tx.emit(
                Notice(
                    account_sid=actor.account_sid,
                    service_sid=actor.service_sid,
                    identities=[each for each in there if each is not None and each != actor.identity],
                    message_type=TYPING,
                    payload=msgspec.json.encode(told),
                )
            )

        return Read(query, lambda _: answer({"typing_timeout": timeout_s}))
