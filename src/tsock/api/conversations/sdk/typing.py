"""Who types: told to the other participants, stored nowhere."""

from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl

import msgspec

from tsock.api.conversations.sdk.scope import ChatScope
from tsock.api.live import LiveSession
from tsock.api.request import Answer, Door, Read, Request, Response, answer
from tsock.api.router import Route
from tsock.conversations import conversations, refusals, tables
from tsock.errors import ApiError
from tsock.storage.store import Tx
from tsock.storage.texts import NUL
from tsock.wire import packets
from tsock.wire.websocket import binary_frame

TYPING = "twilio.ipmsg.typing_indicator"
"""Type of the notifications."""
LATENCY_S = 1
"""Receivers are told so much more than the typist, to cover the way."""


class TypingHandlers:
    """`POST links.typing`."""

    def __init__(
        self,
        scope: ChatScope,
        *,
        timeout_s: int,
        packet_id: Callable[[], str],
        of_identity: Callable[[str, str], Iterable[LiveSession]],
    ) -> None:
        """Take what it is made of.

        Args:
            scope: names who asks.
            timeout_s: how long a typist counts as typing.
            packet_id: names notifications.
            of_identity: finds the connections that were let in.
        """
        self._scope = scope
        self._timeout_s = timeout_s
        self._packet_id = packet_id
        self._of_identity = of_identity

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

        def query(tx: Tx) -> list[str]:
            opened = conversations.fetch(tx, actor, sid)
            if opened.own is None:
                raise refusals.not_a_participant()
            found = tables.places(tx, opened.row.sid)
            return [place.identity for place in found if place.identity not in (None, actor.identity)]

        def reply(identities: list[str]) -> Response:
            told = {
                "channel_sid": sid,
                "identity": actor.identity,
                "typing_timeout": timeout_s + LATENCY_S,
            }
            payload = msgspec.json.encode(told)
            frame = binary_frame(packets.notification(self._packet_id(), TYPING, payload))
            for identity in identities:
                for session in self._of_identity(actor.account_sid, identity):
                    if session.wants(TYPING) and _is_in(session, actor.service_sid):
                        session.send(frame)
            return answer({"typing_timeout": timeout_s})

        return Read(query, reply)


def _is_in(session: LiveSession, service_sid: str) -> bool:
    return session.caller is not None and service_sid in session.caller.products.values()
