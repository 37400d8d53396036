"""A conversation together with those who take part, over REST.

See `protocol/rest.md`, Conversations and their timers.
"""

from typing import Any

import msgspec

from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest import fields as given
from tsock.api.conversations.rest.route import in_service
from tsock.api.conversations.rest.scope import RestScope, links
from tsock.api.request import Answer, Request, Response, answer
from tsock.api.rest import fields
from tsock.api.rest.fields import Fields
from tsock.api.router import Route
from tsock.conversations import conversations, participants
from tsock.conversations.actor import ChatActor
from tsock.conversations.addresses import Binding
from tsock.conversations.conversations import ConversationChange
from tsock.conversations.participants import NewParticipant
from tsock.errors import ApiError
from tsock.misread import UNREADABLE, found_instead
from tsock.storage.store import Tx

PARTICIPANTS_MAX = 10


class _Binding(msgspec.Struct, frozen=True):
    address: str = ""
    proxy_address: str | None = None
    projected_address: str | None = None


class _Participant(msgspec.Struct, frozen=True):
    """What the JSON of one says."""

    identity: str | None = None
    attributes: str = "{}"
    role_sid: str | None = None
    messaging_binding: _Binding | None = None
    date_created: str | None = None
    date_updated: str | None = None


class ConversationWithParticipantsHandlers:
    """All or nothing: if somebody cannot be added, there is no conversation.

    Pre-action hooks are asked about the conversation alone.
    """

    def __init__(self, scope: RestScope, pre_hooks: PreHooks) -> None:
        self._scope = scope
        self._pre_hooks = pre_hooks

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return in_service(
            "POST",
            "/ConversationWithParticipants",
            self.create,
            "conversation-with-participants/create",
        )

    def create(self, request: Request, service: str | None) -> Answer:
        """A new conversation, which these take part in."""
        actor = self._scope.actor(request, service)
        form = fields.of_form(request)
        change, new = given.conversation(form), _participants(form)
        shown = links(request, actor, service)

        def rule(tx: Tx, actor: ChatActor, change: ConversationChange) -> Response:
            sid = conversations.create(tx, actor, change).row.sid
            try:
                participants.add_all(tx, actor, sid, new)
            except ApiError as error:
                if error.code != 50416:
                    raise
                raise ApiError(409, 50425, f"{error.message} (one or more participants)") from None
            opened = conversations.fetch(tx, actor, sid)
            return answer(bodies.conversation(shown, opened.row, opened.data), 201)

        return self._pre_hooks.answer(actor, "onConversationAdd", "", change, rule)


def _participants(form: Fields) -> list[NewParticipant]:
    texts = form.texts("Participant")
    if len(texts) > PARTICIPANTS_MAX:
        raise ApiError(
            400,
            50426,
            f"Request contains too many participants: {len(texts)}, at most {PARTICIPANTS_MAX} are allowed",
        )
    return [_participant(text) for text in texts]


def _participant(text: str) -> NewParticipant:
    try:
        told = msgspec.json.decode(text, type=_Participant)
    except UNREADABLE as error:
        raise ApiError(
            400,
            50424,
            "One of the JSON requests for participant creation is invalid: expected a JSON object, found "
            f"{found_instead(text.encode('utf-8', 'surrogatepass'), error)}",
        ) from None
    dates = [("DateCreated", told.date_created), ("DateUpdated", told.date_updated)]
    found: dict[str, Any] = given.dates(Fields((name, date) for name, date in dates if date is not None))
    binding = told.messaging_binding
    return NewParticipant(
        identity=told.identity,
        binding=None if binding is None else Binding(**msgspec.structs.asdict(binding)),
        attributes=told.attributes,
        role_sid=told.role_sid,
        **found,
    )
