"""Lists of what clients of the first generation show and do not follow: descriptors of channels and users."""

from collections.abc import Callable
from typing import Any

from tsock.api.conversations.sdk import bodies
from tsock.api.conversations.sdk.conversations import OF_FIRST_GENERATION, itself, whole
from tsock.api.conversations.sdk.paging import page, position
from tsock.api.conversations.sdk.scope import ChatScope, RouteEntry, in_service, service_url
from tsock.api.request import Answer, Read, Request, Response
from tsock.api.router import Route
from tsock.conversations import conversations, memberships, objects, participants, users
from tsock.conversations.models import ConversationData
from tsock.errors import ApiError
from tsock.storage.store import Tx


class DescriptorHandlers:
    """Pages in the order of SIDs."""

    def __init__(self, scope: ChatScope, page_size: int) -> None:
        self._scope = scope
        self._page_size = page_size

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        table: list[RouteEntry] = [
            ("GET", OF_FIRST_GENERATION, self.own),
            ("GET", "/Conversations", self.public),
            ("GET", "/Users", self.users),
        ]
        return in_service(table)

    def own(self, request: Request, user_sid: str) -> Answer:
        """The caller's conversations, those that it is invited to among them."""
        return self._channels(request, user_sid, lambda data: True)

    def public(self, request: Request) -> Answer:
        """Those of them that were made as public; a page may have fewer rows than were asked for.

        Nobody else's are shown: conversations are for those who take part, whatever their type.
        """
        return self._channels(request, None, lambda data: data.type == "public")

    def users(self, request: Request) -> Answer:
        """The users who take part in a conversation.

        Raises:
            ApiError: 50351, none is named.
        """
        actor = self._scope.actor(request)
        name = request.params.get("ConversationSid")
        if not name:
            raise ApiError(
                400, 50351, "Conversation SID not provided: expected the parameter ConversationSid"
            )
        after, size = position(request, "MB", self._page_size)
        place = service_url(request, actor)

        def query(tx: Tx) -> Response:
            found, last = participants.page_of_users(tx, actor, name, after, size)
            for each in found:
                objects.note(tx, each.info_sid)
            return page(
                "users", [bodies.user(actor, place, each, users.profile(tx, each)) for each in found], last
            )

        return Read(query)

    def _channels(
        self, request: Request, user_sid: str | None, shown: Callable[[ConversationData], bool]
    ) -> Answer:
        actor = self._scope.actor(request)
        after, size = position(request, "CH", self._page_size)
        place = service_url(request, actor)

        def query(tx: Tx) -> Response:
            user = itself(tx, actor, user_sid or actor.identity)
            objects.note(tx, user.conversations_sid)
            found, last = memberships.page_of_map(tx, user, after, size)
            rows: list[dict[str, Any]] = []
            for row, own in found:
                data = conversations.data_of(tx, row)
                if shown(data):
                    rows.append(whole(tx, actor, place, row, data, own))
            return page("conversations", rows, last)

        return Read(query)
