"""Where somebody takes part, over REST (`protocol/rest.md`, Conversations and their timers)."""

from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest.route import in_service
from tsock.api.conversations.rest.scope import RestScope, links
from tsock.api.request import Answer, Read, Request, Response
from tsock.api.rest import fields, paging
from tsock.api.router import Route
from tsock.conversations import conversations, participants, tables
from tsock.errors import ApiError
from tsock.storage.store import Tx

ROWS_MAX = 50


class ParticipantConversationHandlers:
    """Looks up the conversations of an identity or an address."""

    def __init__(self, scope: RestScope) -> None:
        self._scope = scope

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return in_service("GET", "/ParticipantConversations", self.every, "participant-conversations/list")

    def every(self, request: Request, service: str | None) -> Answer:
        """A page of the conversations, in the order of their SIDs."""
        actor = self._scope.actor(request, service)
        query = fields.of_query(request)
        identity, address = query.text("Identity"), query.text("Address")
        if bool(identity) == bool(address):
            raise ApiError(
                400,
                50451,
                "One user identifier parameter for lookup at a time is allowed: expected Identity or Address",
            )
        asked = paging.asked(request, query, rows_max=ROWS_MAX)
        place, shown = asked.place_by_name, links(request, actor, service)

        def read(tx: Tx) -> Response:
            found, rows = participants.page_of_person(
                tx, actor, place, asked.size, identity=identity, address=address
            )
            user = tables.user(tx, actor.service_sid, identity) if identity else None
            records = [
                bodies.participant_conversation(
                    shown, participant, conversations.data_of(tx, participant.row), user
                )
                for participant in found
            ]
            return paging.page(asked, "conversations", records, rows)

        return Read(read)
